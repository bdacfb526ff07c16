//! Sales: orders of customers, from the price to the invoice, and goods that come back.
//! Not here: quotes and prices (module cpq), stock (inventory), invoices (accounting): they are met
//! through the kernel's ports and events, and each may be switched off.
//! Read on: `order.rs` and the deeds in `order/`, `returns.rs`.

mod head;
mod order;
mod overview;
mod picked;
mod place;
mod reports;
mod returns;

use std::sync::Arc;

use fondaco_kernel::{Module, act, locales};

/// Everything that the Rust of this module adds to its TOML.
pub fn module() -> Module {
    Module::new("sales", include_str!("../module.toml"))
        .locales(locales!("sales"))
        .models(MODELS)
        .dashboards(DASHBOARDS)
        .reports(REPORTS)
        .documents(DOCUMENTS)
        .record::<order::SalesOrder>()
        .record::<order::OrderLine>()
        .record::<head::OrderHead>()
        .record::<returns::Return>()
        .record::<returns::ReturnLine>()
        .opening(|tx, opening| Box::pin(order::open::open(tx, opening)))
        .before_save("sales.order", |tx, batch| Box::pin(order::prepare::prepare(tx, batch)))
        .action("sales.order", "confirm", act!(order::confirm::confirm))
        .action("sales.order", "invoice", act!(order::bill::invoice))
        .action("sales.order", "deliver", act!(order::deliver::by_hand))
        .action("sales.order", "plan", act!(order::provide::plan))
        .action("sales.order", "return", act!(returns::open))
        .action("sales.order", "cancel", act!(order::stop::cancel))
        .action("sales.order", "close", act!(order::stop::close))
        .action("sales.order", "reopen", act!(order::stop::reopen))
        .action("sales.return", "confirm", act!(returns::confirm))
        .action("sales.return", "credit", act!(returns::credit))
        .action("sales.return", "cancel", act!(returns::cancel))
        .inside("sales.return.waiting", |tx, event| Box::pin(returns::confirmed(tx, event)))
        .inside("inventory.delivery.done", |tx, event| {
            Box::pin(order::deliver::delivered(tx, event))
        })
        .inside("inventory.receipt.done", |tx, event| {
            Box::pin(order::deliver::came_back(tx, event))
        })
        .inside("inventory.receipt.done", |tx, event| Box::pin(returns::arrived(tx, event)))
        .inside("inventory.demand.ready", |tx, event| Box::pin(order::deliver::ready(tx, event)))
        .inside("accounting.invoice.posted", |tx, event| Box::pin(order::bill::posted(tx, event)))
        .report("sales.open_orders", |tx, args| Box::pin(reports::open_orders(tx, args)))
        .report("sales.by_customer", |tx, args| Box::pin(reports::by_customer(tx, args)))
        .report("sales.by_product", |tx, args| Box::pin(reports::by_product(tx, args)))
        .report("sales.margins", |tx, args| Box::pin(reports::margins(tx, args)))
        .port(|ports| ports.orders = Some(Arc::new(place::Placing)))
        .port(|ports| ports.overview.push(Arc::new(overview::Page)))
}

const MODELS: &[(&str, &str)] = &[
    ("models/order.toml", include_str!("../models/order.toml")),
    ("models/order_line.toml", include_str!("../models/order_line.toml")),
    ("models/order_tax.toml", include_str!("../models/order_tax.toml")),
    ("models/return.toml", include_str!("../models/return.toml")),
    ("models/return_line.toml", include_str!("../models/return_line.toml")),
    ("models/party.toml", include_str!("../models/party.toml")),
    ("models/contact.toml", include_str!("../models/contact.toml")),
    ("models/product.toml", include_str!("../models/product.toml")),
    ("models/price.toml", include_str!("../models/price.toml")),
];

const DASHBOARDS: &[(&str, &str)] = &[
    ("dashboards/desk.toml", include_str!("../dashboards/desk.toml")),
    ("dashboards/management.toml", include_str!("../dashboards/management.toml")),
];

const REPORTS: &[(&str, &str)] = &[
    ("reports/open_orders.toml", include_str!("../reports/open_orders.toml")),
    ("reports/by_customer.toml", include_str!("../reports/by_customer.toml")),
    ("reports/by_product.toml", include_str!("../reports/by_product.toml")),
    ("reports/margins.toml", include_str!("../reports/margins.toml")),
];

const DOCUMENTS: &[(&str, &str)] =
    &[("documents/order_confirmation.toml", include_str!("../documents/order_confirmation.toml"))];
