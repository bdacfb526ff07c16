//! The bicycle of the tests: base 900; carbon frame +700; carbon wheels +500, only with the carbon
//! frame; electronic drivetrain +600; custom colour +150.

use fondaco_kernel::values::{AnyId, Id, Money, Quantity};

use crate::item::Item;
use crate::option::{OptionGroup, ProductOption};
use crate::rule::Rule;

pub(crate) fn bike() -> Vec<OptionGroup> {
    vec![
        group(
            1,
            "frame",
            "Frame",
            vec![
                option("aluminium", "Aluminium frame", "0"),
                option("carbon", "Carbon frame", "700"),
                ProductOption { active: false, ..option("steel", "Steel frame", "-50") },
            ],
        ),
        group(
            2,
            "wheels",
            "Wheels",
            vec![
                option("standard", "Standard wheels", "0"),
                ProductOption {
                    component: Some(Id::new(71)),
                    quantity: Quantity::from_int(2),
                    ..option("carbon", "Carbon wheels", "500")
                },
            ],
        ),
        group(
            3,
            "drivetrain",
            "Drivetrain",
            vec![
                option("mechanical", "Mechanical drivetrain", "0"),
                option("electronic", "Electronic drivetrain", "600"),
            ],
        ),
        OptionGroup {
            min_options: 0,
            max_options: None,
            ..group(
                4,
                "extras",
                "Extras",
                vec![
                    ProductOption {
                        preselected: false,
                        operation: Some("Paint".into()),
                        work_centre: Some("PAINT".into()),
                        hours: Some("1.5".parse().unwrap()),
                        ..option("colour", "Custom colour", "150")
                    },
                    ProductOption { preselected: false, ..option("bell", "Bell", "9.90") },
                ],
            )
        },
    ]
}

fn group(id: i64, code: &str, name: &str, mut options: Vec<ProductOption>) -> OptionGroup {
    for (at, option) in options.iter_mut().enumerate() {
        option.id = Id::new(id * 10 + i64::try_from(at).unwrap());
        option.preselected = at == 0;
    }
    OptionGroup {
        id: Id::new(id),
        product: AnyId::new(7).cast(),
        code: code.into(),
        name: name.into(),
        sequence: id * 10,
        min_options: 1,
        max_options: Some(1),
        options,
        active: true,
    }
}

fn option(code: &str, name: &str, price: &str) -> ProductOption {
    ProductOption {
        id: Id::default(),
        code: code.into(),
        name: name.into(),
        price: price.parse::<Money>().unwrap(),
        preselected: false,
        component: None,
        quantity: Quantity::from_int(1),
        operation: None,
        work_centre: None,
        hours: None,
        active: true,
    }
}

pub(crate) fn rule(kind: &str, option: &str, others: &[&str], expression: &str) -> Rule {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Rule {
        id: Id::new(1),
        product: AnyId::new(7).cast(),
        name: "Rule".into(),
        kind: kind.into(),
        option: text(option),
        others: others.iter().map(|&other| other.to_owned()).collect(),
        expression: text(expression),
        message: None,
        sequence: 10,
        active: true,
    }
}

pub(crate) fn item() -> Item {
    Item {
        id: Id::new(7),
        code: "VELOCE".into(),
        name: "Veloce".into(),
        kind: "configurable".into(),
        category: None,
        unit: Id::new(1),
        cost_method: "average".into(),
        supply: "stock".into(),
        list_price: "900".parse().unwrap(),
        standard_cost: None,
        weight: None,
        lot_policy: "none".into(),
        tax_code: None,
        purchase_tax_code: None,
        variant_of: None,
        choice: None,
        choice_key: None,
        description: None,
        active: true,
    }
}
