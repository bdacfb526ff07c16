//! Plugins of the house that the demo company works with: carried as source, and built, packed and signed
//! where the program runs, since what is compiled is never carried. Where that cannot be done, one is told
//! why, and the demo goes without them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use fondaco_plugin_host::package::{self, Keys, SecretKey};

use super::{Place, build, sdk};
use crate::config::cache;

macro_rules! carried {
    ($plugin:literal: $($path:literal)+) => {
        &[$((
            concat!($plugin, "/", $path),
            include_str!(concat!("../../../../plugins/", $plugin, "/", $path)),
        )),+]
    };
}

const APPROVAL: &[(&str, &str)] = carried! { "approval-matrix":
    "Cargo.toml"
    "README.md"
    "plugin.toml"
    "src/lib.rs"
    "src/matrix.rs"
    "schema/approval_manager.toml"
    "schema/module.toml"
    "schema/order_approver.toml"
    "schema/product_category.toml"
    "schema/purchasing_order.toml"
    "schema/rule.toml"
    "schema/sales_order.toml"
    "schema/waiting.toml"
    "locales/pl.ftl"
    "locales/th.ftl"
    "locales/vi.ftl"
    "locales/zh.ftl"
    "fixtures/approve-own.toml"
    "fixtures/approve-small.toml"
    "fixtures/approve-stranger.toml"
    "fixtures/approve.toml"
    "fixtures/asked-once.toml"
    "fixtures/large-sale.toml"
    "fixtures/nobody-left.toml"
    "fixtures/not-the-maker.toml"
    "fixtures/purchase.toml"
    "fixtures/small-sale.toml"
    "fixtures/two-rules.toml"
};

const CREDIT: &[(&str, &str)] = carried! { "credit-guard":
    "Cargo.toml"
    "README.md"
    "plugin.toml"
    "src/lib.rs"
    "fixtures/late-payer.toml"
    "fixtures/no-books.toml"
    "fixtures/over-the-limit-held.toml"
    "fixtures/over-the-limit.toml"
    "fixtures/unreadable-setting.toml"
    "fixtures/within-the-limit.toml"
    "fixtures/within-tolerance.toml"
};

/// The workspace of the plugins, and the versions of what they stand on.
const WORKSPACE: &str = include_str!("../../../../plugins/Cargo.toml");
const LOCK: &str = include_str!("../../../../plugins/Cargo.lock");

/// Name, files, and id.
type Plugin = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const PLUGINS: [Plugin; 2] = [
    ("approval-matrix", APPROVAL, "fondaco.approval-matrix"),
    ("credit-guard", CREDIT, "fondaco.credit-guard"),
];

/// A plugin of the house, packed and signed.
pub struct Packed {
    pub id: &'static str,
    pub package: Vec<u8>,
}

/// All files, for the test that holds this list against the folders.
pub fn carried() -> impl Iterator<Item = (&'static str, &'static str)> {
    PLUGINS.into_iter().flat_map(|(_, files, _)| files.iter().copied())
}

/// Builds them in the user's cache and packs them. What is there already is built in a second.
///
/// # Errors
/// Why they cannot be built here.
pub fn packed() -> Result<Vec<Packed>> {
    let root = laid(&cache().join("demo-plugins"))?;
    let keys = Keys::make(None).map_err(|why| anyhow!("{why}"))?;
    let key = SecretKey::read(&keys.secret, || Err("it has no password".to_owned()));
    let key = key.map_err(|why| anyhow!("{why}"))?;
    PLUGINS.into_iter().map(|(name, _, id)| one(&root.join(name), id, &key)).collect()
}

fn one(folder: &Path, id: &'static str, key: &SecretKey) -> Result<Packed> {
    let folder = folder.to_owned();
    let place = Place { folder: folder.clone(), company: None, component: None, tools: None };
    let component = build::component(&place)?;
    let component = std::fs::read(&component).context("reading the component")?;
    let package = package::pack(&folder, Some(component));
    let package = package.and_then(|package| package::sign(&package, key));
    let package = package.map_err(|problems| {
        let told: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        anyhow!("{id}: {}", told.join(" "))
    })?;
    Ok(Packed { id, package })
}

/// The same folders as in the repository: the SDK, what it stands on, the plugins.
fn laid(root: &Path) -> Result<PathBuf> {
    sdk::rust_into(root)?;
    let plugins = root.join("plugins");
    for (path, text) in carried() {
        sdk::renew(&plugins.join(path), text)?;
    }
    let mut workspace: toml_edit::DocumentMut = WORKSPACE.parse().context("the workspace")?;
    let names = PLUGINS.map(|(name, ..)| name);
    workspace["workspace"]["members"] = toml_edit::value(toml_edit::Array::from_iter(names));
    sdk::renew(&plugins.join("Cargo.toml"), &workspace.to_string())?;
    let lock = plugins.join("Cargo.lock");
    if !lock.exists() {
        sdk::renew(&lock, LOCK)?;
    }
    Ok(plugins)
}
