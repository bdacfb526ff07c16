//! From lead to ledger at Veloce Cycles, with the figures that an accountant would get by hand.

use std::process::{Command, Output, Stdio};

use fondaco_kernel::{Clock, Database};
use fondaco_server::authoring::house::{self, Packed};
use fondaco_server::commands::demo;
use fondaco_server::story::{self, People, Scene};
use fondaco_tests::program::binary;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::{PASSWORD, Shop};
use fondaco_tests::{both, guests};

both! {
    every_figure_of_the_story_comes_out,
    a_large_order_waits_for_an_approval_and_every_figure_comes_out,
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

async fn told(plugins: Vec<Packed>) -> Vec<Scene> {
    let setup = demo::setup(Database::Memory, Clock::system());
    let shop = Shop::of(guests::with(setup, &guests::host())).await;
    demo::put_in_force(&shop.admin, plugins).await.unwrap();
    let people = People::hire(&shop.admin, PASSWORD).await.unwrap();
    story::tell(&shop.kernel, &shop.clock, &people, |_| {}).await.unwrap()
}

async fn every_figure_of_the_story_comes_out() {
    hold(&told(Vec::new()).await);
}

/// With the plugins of the demo; one more figure says what the order waited for.
async fn a_large_order_waits_for_an_approval_and_every_figure_comes_out() {
    let key = guests::key();
    let mut plugins = Vec::new();
    for (name, id) in
        [("approval-matrix", "fondaco.approval-matrix"), ("credit-guard", "fondaco.credit-guard")]
    {
        let Some(package) = guests::package_of_house(name, &key) else { return };
        plugins.push(Packed { id, package });
    }
    let scenes = told(plugins).await;
    hold(&scenes);
    let order = scenes.iter().find(|scene| scene.title.starts_with("Accepted")).unwrap();
    let waited = "It waits for an approval. Large orders: 15390.00 is above 10000.00. Chiara may approve it.";
    assert_eq!(order.figure("Marco confirms it"), Some(waited));
    assert_eq!(order.figure("Approved and confirmed by"), Some("Chiara"));
}

fn hold(scenes: &[Scene]) {
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

/// The program itself, telling the story and no more.
fn demo(change: impl FnOnce(&mut Command)) -> Output {
    let mut command = Command::new(binary());
    command.args(["demo", "--no-serve", "--customers", "0"]).stdin(Stdio::null());
    change(&mut command);
    command.output().unwrap()
}

fn said(done: &Output) -> String {
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

const LOUD: &str = "THE DEMO GOES WITHOUT ITS PLUGINS";

#[test]
fn the_demo_builds_its_plugins_where_it_can() {
    if guests::of_house("credit-guard").is_none() {
        return;
    }
    let page = said(&demo(|_| {}));
    assert!(!page.contains(LOUD), "{page}");
    for line in ["Marco confirms it", "It waits for an approval.", "Approved and confirmed by"] {
        assert!(page.contains(line), "{line}: {page}");
    }
    assert!(page.contains("15,390.00") && page.contains("44,734.00"), "{page}");
}

#[test]
fn the_demo_says_loudly_that_it_goes_without_them() {
    let nothing = Scratch::new("no-tools");
    let page = said(&demo(|command| {
        command.env("PATH", nothing.path()).env("XDG_CACHE_HOME", nothing.path());
    }));
    assert!(page.contains(LOUD) && page.contains("rustup.rs"), "{page}");
    assert!(!page.contains("It waits for an approval"), "{page}");
    assert!(page.contains("15,390.00") && page.contains("44,734.00"), "{page}");
}

#[test]
fn the_program_carries_all_files_of_the_plugins_of_the_demo() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let carried: Vec<&str> = house::carried().map(|(path, _)| path).collect();
    for name in ["approval-matrix", "credit-guard"] {
        for below in ["", "src", "schema", "locales", "fixtures"] {
            let folder = root.join(name).join(below);
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let file = entry.file_name().into_string().unwrap();
                if !entry.path().is_file() || file == "plugin.wasm" {
                    continue;
                }
                let path = [name, below, &file].into_iter().filter(|part| !part.is_empty());
                let path = path.collect::<Vec<_>>().join("/");
                assert!(carried.contains(&path.as_str()), "authoring/house.rs lacks {path}");
            }
        }
    }
}
