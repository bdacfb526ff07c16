//! Standard cost: when it changes, what is in stock is worth the new cost at once; the difference
//! is a gain or a loss.

use fondaco_kernel::model::Saving;
use fondaco_kernel::ports::books::Place;
use fondaco_kernel::shared::Product;
use fondaco_kernel::{DocRef, Result, Tx};
use fondaco_values::{Decimal, Id, Problem};

use crate::goods::Coin;
use crate::level;
use crate::place::Places;
use crate::posting;
use crate::valuation::worth;
use crate::worth::Flow;

/// Before products are saved.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let standard = |saving: &&Saving| saving.text("cost_method") == Some("standard");
    let missing = batch.iter().filter(standard).filter(|s| s.decimal("standard_cost").is_none());
    let problems = missing.map(|_| {
        let message = "Say the standard cost, or value the product at average cost.";
        Problem::new("standard_cost", "required", message)
    });
    fondaco_kernel::error::refuse_if_any(problems.collect())?;
    let changed: Vec<(Id<Product>, Decimal)> = batch
        .iter()
        .filter(|saving| !saving.is_new())
        .filter(standard)
        .filter(|saving| saving.changes("standard_cost") || saving.changes("cost_method"))
        .filter_map(|saving| Some((saving.id.cast(), saving.decimal("standard_cost")?)))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    revalue(tx, &changed).await
}

/// One entry for each product, so that it can be found by it.
async fn revalue(tx: &mut Tx, changed: &[(Id<Product>, Decimal)]) -> Result<()> {
    let places = Places::load(tx).await?;
    let coin = Coin::load(tx).await?;
    let products: Vec<Id<Product>> = changed.iter().map(|(product, _)| *product).collect();
    let positions = level::positions(tx, &places, &products).await?;
    let today = tx.today();
    for (product, unit_cost) in changed {
        let Some(position) = positions.get(product) else { continue };
        let now = worth(position.quantity, *unit_cost, coin.exponent);
        let flow = match now - position.value {
            0 => continue,
            gain if gain > 0 => Flow { from: Place::Adjustment, to: Place::Stock, minor: gain },
            loss => Flow { from: Place::Stock, to: Place::Adjustment, minor: -loss },
        };
        let document = DocRef::new("product", *product);
        let text = "New standard cost".to_owned();
        posting::revalue(tx, document, today, text, vec![(*product, flow)]).await?;
    }
    Ok(())
}
