//! Plugins in a company at work: one of the house, built from source; then what is asked where, with which
//! rights, and what becomes of a deed when a plugin fails.

mod added;
mod approval;
mod authors;
mod credit;
mod einvoice;
mod errand;
mod hostile;
mod life;
mod lifecycle;
mod points;
mod random;
mod recorder;
mod scripts;
mod versions;
mod wished;

use std::sync::Arc;

use fondaco_kernel::schema::{Origin, Source};
use fondaco_kernel::{Database, Setup};
use fondaco_plugin_host::Host;
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::{Shop, guests};
use fondaco_values::AnyId;

/// A company with these modules and this data, whose kernel asks the plugins of a host.
async fn shop(modules: &[&str], data: &[&str], host: &Arc<Host>) -> Shop {
    shop_of(modules, data, &[], host).await
}

/// The same with TOML of the company's own.
async fn shop_of(
    modules: &[&str],
    data: &[&str],
    company: &[(&str, &str)],
    host: &Arc<Host>,
) -> Shop {
    let names: Vec<String> = modules.iter().map(|name| (*name).to_owned()).collect();
    let mut setup = Setup::new(Database::Memory, modules::named(&names).unwrap());
    setup.data.push(("company.toml".to_owned(), fondaco_tests::shop::COMPANY.to_owned()));
    let named = |(n, text): (usize, &&str)| (format!("data/{n}.toml"), (*text).to_owned());
    setup.data.extend(data.iter().enumerate().map(named));
    let source = |(path, text): &(&str, &str)| Source::new(Origin::Company, *path, *text);
    setup.company.extend(company.iter().map(source));
    Shop::of(guests::with(setup, host)).await
}

/// What the audit says of plugins at a record: `action failure: reason`.
async fn audit(desk: &Desk, model: &'static str, id: AnyId) -> Vec<String> {
    let changes = desk
        .kernel
        .read(&desk.ctx, move |tx| {
            Box::pin(fondaco_kernel::audit::of_record(tx, model, id, 100, |_| true))
        })
        .await
        .unwrap();
    let said = changes.iter().filter(|change| change.action.starts_with("plugin_"));
    let word = |change: &fondaco_kernel::audit::Change, name: &str| {
        change.changes[name][1].as_str().unwrap_or_default().to_owned()
    };
    said.map(|c| format!("{} {}: {}", c.action, word(c, "failure"), word(c, "reason"))).collect()
}
