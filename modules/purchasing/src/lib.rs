//! Purchasing: what is short, what suppliers ask for it, orders to them, and their bills.
//! Not here: stock (module inventory), the books (accounting): they are met through the kernel's
//! ports and events, and each may be switched off.
//! Read on: `request.rs`, `supplier_price.rs`, `order.rs` and the deeds in `order/`.

mod head;
mod order;
mod overview;
mod picked;
mod reports;
mod request;
mod settings;
mod supplier_price;
mod supply;

use std::sync::Arc;

use fondaco_kernel::{Module, act, locales};

/// Everything that the Rust of this module adds to its TOML.
pub fn module() -> Module {
    Module::new("purchasing", include_str!("../module.toml"))
        .locales(locales!("purchasing"))
        .models(MODELS)
        .dashboards(DASHBOARDS)
        .reports(REPORTS)
        .documents(DOCUMENTS)
        .record::<request::Request>()
        .record::<supplier_price::SupplierPrice>()
        .record::<order::PurchaseOrder>()
        .record::<order::OrderLine>()
        .record::<head::OrderHead>()
        .record::<settings::Terms>()
        .opening(|tx, opening| Box::pin(order::open::open(tx, opening)))
        .before_save("purchasing.request", |tx, batch| Box::pin(request::prepare(tx, batch)))
        .before_save("purchasing.supplier_price", |tx, batch| {
            Box::pin(supplier_price::prepare(tx, batch))
        })
        .before_save("purchasing.order", |tx, batch| Box::pin(order::prepare::prepare(tx, batch)))
        .action("purchasing.request", "order", act!(request::order))
        .action("purchasing.order", "confirm", act!(order::confirm::confirm))
        .action("purchasing.order", "receive", act!(order::receive::by_hand))
        .action("purchasing.order", "bill", act!(order::bill::bill))
        .action("purchasing.order", "accept_bill", act!(order::bill::accept))
        .action("purchasing.order", "cancel", act!(order::stop::cancel))
        .action("purchasing.order", "close", act!(order::stop::close))
        .action("purchasing.order", "reopen", act!(order::stop::reopen))
        .inside("inventory.receipt.done", |tx, event| Box::pin(order::receive::received(tx, event)))
        .inside("inventory.delivery.done", |tx, event| {
            Box::pin(order::receive::sent_back(tx, event))
        })
        .inside("accounting.bill.posted", |tx, event| Box::pin(order::bill::posted(tx, event)))
        .report("purchasing.open_orders", |tx, args| Box::pin(reports::open_orders(tx, args)))
        .report("purchasing.by_supplier", |tx, args| Box::pin(reports::by_supplier(tx, args)))
        .port(|ports| ports.supply.push(Arc::new(supply::Buying)))
        .port(|ports| ports.overview.push(Arc::new(overview::Page)))
}

const MODELS: &[(&str, &str)] = &[
    ("models/request.toml", include_str!("../models/request.toml")),
    ("models/supplier_price.toml", include_str!("../models/supplier_price.toml")),
    ("models/order.toml", include_str!("../models/order.toml")),
    ("models/order_line.toml", include_str!("../models/order_line.toml")),
    ("models/order_tax.toml", include_str!("../models/order_tax.toml")),
    ("models/company.toml", include_str!("../models/company.toml")),
    ("models/party.toml", include_str!("../models/party.toml")),
    ("models/contact.toml", include_str!("../models/contact.toml")),
    ("models/product.toml", include_str!("../models/product.toml")),
];

const DASHBOARDS: &[(&str, &str)] =
    &[("dashboards/desk.toml", include_str!("../dashboards/desk.toml"))];

const REPORTS: &[(&str, &str)] = &[
    ("reports/open_orders.toml", include_str!("../reports/open_orders.toml")),
    ("reports/by_supplier.toml", include_str!("../reports/by_supplier.toml")),
];

const DOCUMENTS: &[(&str, &str)] =
    &[("documents/order.toml", include_str!("../documents/order.toml"))];
