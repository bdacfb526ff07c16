//! From lead to ledger at Veloce Cycles, with the figures that an accountant would get by hand.

use fondaco_kernel::{Clock, Database};
use fondaco_server::commands::demo;
use fondaco_server::story::{self, People, Scene};
use fondaco_tests::both;
use fondaco_tests::shop::{PASSWORD, Shop};

both! {
    every_figure_of_the_story_comes_out,
}

/// By scene: what is told, and the figure.
const FIGURES: &[(&str, &[(&str, &str)])] = &[
    (
        "The books open",
        &[("Stock: 3 carbon frames, 8 carbon wheel sets, 8 drivetrains", "6,780.00")],
    ),
    (
        "A quote is configured and sent",
        &[
            ("Carbon wheels on an aluminium frame", "Carbon wheels fit only the carbon frame."),
            ("List price of one", "2,700.00"),
            ("Net price of one", "2,565.00"),
            ("Before tax", "12,825.00"),
            ("VAT", "2,565.00"),
            ("Total", "15,390.00"),
            ("Carbon frames there", "3 of 5"),
        ],
    ),
    (
        "Accepted: the order is confirmed",
        &[
            ("Total", "15,390.00"),
            ("Carbon frames set aside", "3"),
            ("Frames requested", "2"),
            ("Bicycles to make", "5"),
            ("Production", "waiting"),
        ],
    ),
    (
        "Frames are bought, received and billed",
        &[
            ("Carbon frames ordered", "4"),
            ("Price", "430.00"),
            ("Received value", "1,720.00"),
            ("Bill before tax", "1,720.00"),
            ("Input VAT", "344.00"),
        ],
    ),
    (
        "Production runs",
        &[
            ("Carbon frame", "2,128.57"),
            ("Carbon wheel set", "1,550.00"),
            ("Electronic drivetrain", "1,900.00"),
            ("Work", "500.00"),
            ("Finished", "6,078.57"),
        ],
    ),
    (
        "3 bicycles are delivered, invoiced and paid",
        &[
            ("Cost of what was delivered", "3,647.14"),
            ("Invoice before tax", "7,695.00"),
            ("VAT", "1,539.00"),
            ("Still open", "0.00"),
        ],
    ),
    (
        "2 bicycles are delivered, invoiced and paid",
        &[
            ("Cost of what was delivered", "2,431.43"),
            ("Invoice before tax", "5,130.00"),
            ("VAT", "1,026.00"),
            ("Still open", "3,156.00"),
        ],
    ),
    (
        "What is left in stock",
        &[
            ("Carbon frame", "2 worth 851.43"),
            ("Carbon wheel set", "3 worth 930.00"),
            ("Electronic drivetrain", "3 worth 1,140.00"),
        ],
    ),
    (
        "Trial balance",
        &[
            ("1000", "32,234.00 Dr"),
            ("1200", "3,156.00 Dr"),
            ("1300", "2,921.43 Dr"),
            ("1350", "0.00 Dr"),
            ("1400", "344.00 Dr"),
            ("2000", "2,064.00 Cr"),
            ("2050", "0.00 Dr"),
            ("2100", "2,565.00 Cr"),
            ("3000", "26,780.00 Cr"),
            ("4000", "12,825.00 Cr"),
            ("4200", "500.00 Cr"),
            ("5000", "6,078.57 Dr"),
        ],
    ),
];

async fn told() -> Vec<Scene> {
    let setup = demo::setup(Database::Memory, Clock::system());
    let shop = Shop::of(setup).await;
    let people = People::hire(&shop.admin, PASSWORD).await.unwrap();
    story::tell(&shop.kernel, &shop.clock, &people, |_| {}).await.unwrap()
}

async fn every_figure_of_the_story_comes_out() {
    let scenes = told().await;
    for (title, expected) in FIGURES {
        let scene = scenes.iter().find(|scene| scene.title == *title);
        let scene = scene.unwrap_or_else(|| panic!("no scene {title:?}"));
        for (what, figure) in *expected {
            assert_eq!(scene.figure(what), Some(*figure), "{title}: {what}\n{scene:#?}");
        }
    }
    let books = scenes.last().unwrap();
    let sides = books.figures.iter().find(|(_, line)| line.contains("Both sides")).unwrap();
    assert_eq!(sides.1.matches("44,734.00").count(), 2, "{}", sides.1);
    assert_eq!(books.figures.iter().filter(|(code, _)| !code.is_empty()).count(), 12);
}
