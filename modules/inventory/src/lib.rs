//! Inventory: warehouses, goods in and out, reservations, counts, and what stock is worth.
//! Quantities and values stand in the ledger's stock book alone; documents say what moves.
//! Read on in this order: what there is, how it is promised, how it moves, what others ask.

mod place;
mod goods;
mod lot;
mod valuation;
mod worth;
mod level;
mod pick;

mod reserve;
mod serve;

mod posting;
mod movement;
mod incoming;
mod delivery;
mod receipt;
mod transfer;
mod count;
mod adjustment;
mod guard;
mod standard;
mod opening;

mod port;
mod overview;
mod report;

use std::sync::Arc;

use fondaco_kernel::{Module, act, locales};

pub use adjustment::{Adjustment, AdjustmentLine};
pub use count::{Count, CountLine};
pub use delivery::{Delivery, DeliveryLine, Reservation};
pub use lot::Lot;
pub use movement::StockMove;
pub use place::{Location, StockAccount, Warehouse};
pub use receipt::{Receipt, ReceiptLine};
pub use transfer::{Transfer, TransferLine};

macro_rules! files {
    ($($path:literal),+ $(,)?) => { &[$(($path, include_str!(concat!("../", $path)))),+] };
}

pub fn module() -> Module {
    let module = Module::new("inventory", include_str!("../module.toml"))
        .locales(locales!("inventory"))
        .models(files![
            "models/warehouse.toml",
            "models/location.toml",
            "models/lot.toml",
            "models/delivery.toml",
            "models/delivery_line.toml",
            "models/reservation.toml",
            "models/receipt.toml",
            "models/receipt_line.toml",
            "models/transfer.toml",
            "models/transfer_line.toml",
            "models/count.toml",
            "models/count_line.toml",
            "models/adjustment.toml",
            "models/adjustment_line.toml",
            "models/move.toml",
            "models/product.toml",
            "models/company.toml",
        ])
        .documents(files!["documents/delivery_note.toml"])
        .dashboards(files!["dashboards/warehouse.toml"])
        .reports(files![
            "reports/stock.toml",
            "reports/places.toml",
            "reports/availability.toml",
            "reports/movements.toml",
        ])
        .data(files!["data/stock_book.toml", "data/places.toml"]);
    behaviour(records(module))
}

fn records(module: Module) -> Module {
    module
        .record::<Location>()
        .record::<Warehouse>()
        .record::<StockAccount>()
        .record::<Lot>()
        .record::<Delivery>()
        .record::<DeliveryLine>()
        .record::<Reservation>()
        .record::<serve::WaitingLine>()
        .record::<serve::Claim>()
        .record::<serve::Head>()
        .record::<Receipt>()
        .record::<ReceiptLine>()
        .record::<receipt::Terms>()
        .record::<port::OpenLine>()
        .record::<Transfer>()
        .record::<TransferLine>()
        .record::<Count>()
        .record::<CountLine>()
        .record::<Adjustment>()
        .record::<AdjustmentLine>()
        .record::<StockMove>()
        .record::<overview::Shown>()
}

fn behaviour(module: Module) -> Module {
    module
        .opening(|tx, opening| Box::pin(opening::open(tx, opening)))
        .before_save("inventory.warehouse", |tx, batch| {
            Box::pin(place::prepare_warehouses(tx, batch))
        })
        .before_save("inventory.location", |tx, batch| {
            Box::pin(place::prepare_locations(tx, batch))
        })
        .before_save("inventory.delivery", |tx, batch| Box::pin(guard::deliveries(tx, batch)))
        .before_save("inventory.receipt", |tx, batch| Box::pin(guard::receipts(tx, batch)))
        .before_save("inventory.count", |tx, batch| Box::pin(count::prepare(tx, batch)))
        .before_save("product", |tx, batch| Box::pin(standard::prepare(tx, batch)))
        .action("inventory.delivery", "confirm", act!(delivery::confirm))
        .action("inventory.delivery", "reserve", act!(delivery::look_again))
        .action("inventory.delivery", "done", act!(delivery::done))
        .action("inventory.delivery", "cancel", act!(delivery::cancel))
        .action("inventory.delivery", "complete", act!(delivery::complete))
        .action("inventory.delivery", "bring_back", act!(delivery::bring_back))
        .action("inventory.receipt", "confirm", act!(receipt::confirm))
        .action("inventory.receipt", "done", act!(receipt::done))
        .action("inventory.receipt", "cancel", act!(receipt::cancel))
        .action("inventory.receipt", "send_back", act!(receipt::send_back))
        .action("inventory.transfer", "done", act!(transfer::done))
        .action("inventory.count", "fill", act!(count::fill))
        .action("inventory.count", "done", act!(count::done))
        .action("inventory.adjustment", "done", act!(adjustment::done))
        .report("inventory.stock", |tx, args| Box::pin(report::stock(tx, args)))
        .report("inventory.places", |tx, args| Box::pin(report::by_place(tx, args)))
        .report("inventory.availability", |tx, args| Box::pin(report::availability(tx, args)))
        .report("inventory.movements", |tx, args| Box::pin(report::movements(tx, args)))
        .port(|ports| ports.stock = Some(Arc::new(port::Inventory)))
        .port(|ports| ports.overview.push(Arc::new(overview::Deliveries)))
}
