//! Manufacturing: what goes into a product, and the orders that make it.
//! Bills of materials say what it takes, work centres what an hour costs; an order copies both when
//! it is released, and what has gone into it comes out with the finished goods.
//! Read on in this order: what goes into what, what an order takes, its life, what others ask.

mod work_centre;
mod graph;
mod bom;
mod takes;
mod schedule;

mod order;
mod release;
mod floor;
mod open;

mod supply;
mod report;

use std::sync::Arc;

use fondaco_kernel::{Module, act, locales};

pub use bom::{Bom, BomLine, BomOperation, Routing, RoutingStep};
pub use order::{Order, OrderComponent, OrderOperation};
pub use work_centre::WorkCentre;

macro_rules! files {
    ($($path:literal),+ $(,)?) => { &[$(($path, include_str!(concat!("../", $path)))),+] };
}

pub fn module() -> Module {
    let module = Module::new("manufacturing", include_str!("../module.toml"))
        .locales(locales!("manufacturing"))
        .models(files![
            "models/work_centre.toml",
            "models/routing.toml",
            "models/routing_step.toml",
            "models/bom.toml",
            "models/bom_line.toml",
            "models/bom_operation.toml",
            "models/order.toml",
            "models/order_component.toml",
            "models/order_operation.toml",
            "models/product.toml",
        ])
        .dashboards(files!["dashboards/shop.toml"])
        .reports(files![
            "reports/open_orders.toml",
            "reports/cost.toml",
            "reports/where_used.toml",
            "reports/explosion.toml",
            "reports/levels.toml",
        ])
        .record::<WorkCentre>()
        .record::<Routing>()
        .record::<RoutingStep>()
        .record::<Bom>()
        .record::<BomLine>()
        .record::<BomOperation>()
        .record::<bom::Head>()
        .record::<bom::Step>()
        .record::<Order>()
        .record::<OrderComponent>()
        .record::<OrderOperation>();
    behaviour(module)
}

fn behaviour(module: Module) -> Module {
    module
        .opening(|tx, opening| Box::pin(open::open(tx, opening)))
        .before_save("manufacturing.bom", |tx, batch| Box::pin(bom::prepare(tx, batch)))
        .action("manufacturing.order", "release", act!(release::release))
        .action("manufacturing.order", "check", act!(release::check_again))
        .action("manufacturing.order", "plan", act!(schedule::plan))
        .action("manufacturing.order", "start", act!(floor::start))
        .action("manufacturing.order", "issue", act!(floor::issue))
        .action("manufacturing.order", "report", act!(floor::report))
        .action("manufacturing.order", "finish", act!(floor::finish))
        .action("manufacturing.order", "abandon", act!(floor::abandon))
        .action("manufacturing.order", "cancel", act!(order::cancel))
        .inside("inventory.demand.ready", |tx, event| Box::pin(order::components_came(tx, event)))
        .report("manufacturing.open_orders", |tx, args| Box::pin(report::open_orders(tx, args)))
        .report("manufacturing.cost", |tx, args| Box::pin(report::cost(tx, args)))
        .report("manufacturing.where_used", |tx, args| Box::pin(report::where_used(tx, args)))
        .report("manufacturing.explosion", |tx, args| Box::pin(report::explosion(tx, args)))
        .report("manufacturing.levels", |tx, args| Box::pin(report::low_levels(tx, args)))
        .port(|ports| ports.supply.push(Arc::new(supply::Making)))
}
