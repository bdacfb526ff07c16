//! The kernel's own TOML: shared models and roles, listed by hand.

use fondaco_schema::{Origin, Source};

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$((
            concat!("core/kernel/models/", $name, ".toml"),
            include_str!(concat!("../../models/", $name, ".toml")),
        )),+]
    };
}

const FILES: &[(&str, &str)] = files![
    "role_everyone",
    "role_employee",
    "role_administrator",
    "role_console",
    "company",
    "currency",
    "exchange_rate",
    "user",
    "user_role",
    "unit_category",
    "unit",
    "calendar",
    "holiday",
    "party",
    "address",
    "contact_way",
    "contact",
    "payment_term",
    "payment_term_line",
    "account",
    "journal",
    "tax_code",
    "product_category",
    "product",
    "price",
    "attachment",
    "note",
    "activity",
    "saved_view",
];

/// Path and text of each file, for `fondaco_schema::load`.
pub(crate) fn sources() -> Vec<Source> {
    let source = |(path, text): &(&str, &str)| Source {
        origin: Origin::Kernel,
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    };
    FILES.iter().map(source).collect()
}
