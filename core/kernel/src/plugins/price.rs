//! Steps of plugins in the waterfall of a price: after all others, before anything given by hand.
//! INVARIANT: the changes add up, no price is below zero, and none has more than six decimals.

use fondaco_schema::plugin::Point;
use fondaco_values::{AnyId, Decimal};

use super::policy::{Manner, ask, bear};
use super::talk::{Answer, Ask, Failed, Failure, PriceOf, Step, Word};
use super::{Asked, asked, input};
use crate::ports::pricing::{Price, PriceAsk, PriceStep, StepKind};
use crate::{Result, Tx};

/// Digits after the point of a price of one.
const PLACES: u32 = 6;
const LABEL_CHARS_MAX: usize = 200;

/// Adds the steps of plugins to the prices, one call of each plugin for all of them.
pub(crate) async fn steps(tx: &mut Tx, asks: &[PriceAsk], prices: &mut [Price]) -> Result<()> {
    let hooks = asked(tx.shared().plugins.as_ref(), Point::Price, |_| true);
    if hooks.is_empty() || asks.is_empty() {
        return Ok(());
    }
    for one in hooks {
        let failure = match answer(tx, &one, asks, prices).await? {
            Ok(stepped) => {
                prices.clone_from_slice(&stepped);
                continue;
            }
            Err(failure) => failure,
        };
        let Some(product) = tx.schema().model("product").cloned() else { continue };
        let ids: Vec<AnyId> = asks.iter().map(|ask| ask.product.any()).collect();
        bear(tx, &one, (&product, &ids), failure)?;
    }
    Ok(())
}

async fn answer(
    tx: &mut Tx,
    one: &Asked,
    asks: &[PriceAsk],
    prices: &[Price],
) -> Result<Word<Vec<Price>>> {
    let Some(hook) = one.hook() else {
        return Ok(Err(Failure::new(Failed::Unfit, "its manifest has no such hook")));
    };
    let mut tx = one.rights(tx);
    let ids: Vec<_> =
        asks.iter().map(|ask| (ask.product.any(), ask.party.map(|p| p.any()))).collect();
    let fields = match input::of_prices(&mut tx, &one.plugin, hook, &ids).await? {
        Ok(fields) => fields,
        Err(failure) => return Ok(Err(failure)),
    };
    let all = asks.iter().zip(prices).zip(fields);
    let told = all.map(|((ask, price), fields)| PriceOf {
        product: ask.product.any(),
        party: ask.party.map(|party| party.any()),
        currency: ask.currency.any(),
        quantity: ask.quantity.decimal(),
        on: ask.on,
        list: price.list,
        net: price.net,
        fields,
    });
    let told = told.collect();
    match ask(&mut tx, one, Ask::Price(told), Manner::Pure).await? {
        Ok(Answer::Steps(steps)) => {
            let name = &one.plugin.manifest.name;
            Ok(prices.iter().zip(steps).map(|(price, steps)| stepped(name, price, steps)).collect())
        }
        Ok(_) => Ok(Err(Failure::new(Failed::Output, "no steps"))),
        Err(failure) => Ok(Err(failure)),
    }
}

fn stepped(plugin: &str, price: &Price, steps: Vec<Step>) -> Word<Price> {
    let mut price = price.clone();
    for Step { label, change } in steps {
        let wrong =
            |what: &str| Err(Failure::new(Failed::Output, format!("its step `{label}` {what}")));
        if label.trim().is_empty() || label.chars().count() > LABEL_CHARS_MAX {
            return wrong("has no label, or one that is too long");
        }
        if change.normalize().scale() > PLACES {
            return wrong("has more than six decimals");
        }
        price.net = match price.net.checked_add(change) {
            Some(net) if net >= Decimal::ZERO => net,
            _ => return wrong("leads to a price below zero, or beyond all prices"),
        };
        let label = format!("{plugin}: {label}");
        price.steps.push(PriceStep {
            label,
            kind: StepKind::Plugin,
            change,
            unit_price: price.net,
        });
    }
    Ok(price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up_or_are_refused() {
        let price = Price { list: Decimal::from(100), net: Decimal::from(90), steps: Vec::new() };
        for (steps, net) in [
            (vec![("a", "5")], Some("95")),
            (vec![("a", "-10.5"), ("b", "0.000001")], Some("79.500001")),
            (vec![("a", "-90")], Some("0")),
            (vec![("a", "-90.01")], None),
            (vec![("a", "0.0000001")], None),
            (vec![(" ", "1")], None),
            (vec![("a", "79228162514264337593543950335")], None),
        ] {
            let given = steps.iter().map(|(label, change)| Step {
                label: (*label).to_owned(),
                change: change.parse().unwrap(),
            });
            let stepped = stepped("P", &price, given.collect());
            assert_eq!(
                stepped.as_ref().ok().map(|p| p.net.to_string()).as_deref(),
                net,
                "{steps:?}"
            );
        }
    }
}
