//! All modules that come with the program, by hand, on one screen.

use anyhow::{Result, bail};
use fondaco_kernel::Module;

/// Every module, in the order in which they are switched on together.
pub fn all() -> Vec<Module> {
    vec![
        fondaco_crm::module(),
        fondaco_cpq::module(),
        fondaco_sales::module(),
        fondaco_purchasing::module(),
        fondaco_inventory::module(),
        fondaco_manufacturing::module(),
        fondaco_accounting::module(),
        fondaco_hr::module(),
    ]
}

/// The modules of these names, in the order of [`all`].
///
/// # Errors
/// Names what does not exist, and what does.
pub fn named(names: &[String]) -> Result<Vec<Module>> {
    let known: Vec<&str> = all().iter().map(Module::name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no module {unknown:?}; there are {}", known.join(", "));
    }
    Ok(all().into_iter().filter(|m| names.iter().any(|name| name == m.name())).collect())
}
