//! The variant: the product that stands for one choice of a configurable product in orders, stock
//! and production. Orders know products only.
//! INVARIANT: one variant for each product and choice (`choice_key`, unique in the database).

use fondaco_kernel::shared::Product;
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{Id, Money};
use fondaco_kernel::{Result, Tx, store};

use crate::choice::Choice;
use crate::item::Item;

/// The variant of a product for this choice, made when it is asked for first. A product without
/// options stands for itself.
pub(crate) async fn of(tx: &mut Tx, product: &Item, choice: &Choice<'_>) -> Result<Id<Product>> {
    if choice.picks().is_empty() && !product.is_configurable() {
        return Ok(product.product());
    }
    if let Some(known) = known(tx, product.product(), choice).await? {
        return Ok(known.product());
    }
    let siblings = Filter::new().eq("variant_of", product.product());
    let number = store::count::<Item>(tx, siblings).await? + 1;
    let mut variant = variant(product, choice, &free_code(tx, &product.code, number).await?);
    store::insert(tx, &mut variant).await?;
    Ok(variant.product())
}

/// The variant that there is already for this choice.
pub(crate) async fn known(
    tx: &mut Tx,
    product: Id<Product>,
    choice: &Choice<'_>,
) -> Result<Option<Item>> {
    let same = Filter::new().eq("variant_of", product).eq("choice_key", choice.key());
    store::first::<Item>(tx, same).await
}

/// The first code of the series `BIKE-1`, `BIKE-2`, … from `number` on that nothing else has.
async fn free_code(tx: &mut Tx, base: &str, number: usize) -> Result<String> {
    let mut number = number;
    loop {
        let code = format!("{base}-{number}");
        if store::first::<Item>(tx, Filter::new().eq("code", code.as_str())).await?.is_none() {
            return Ok(code);
        }
        number += 1;
    }
}

fn variant(product: &Item, choice: &Choice<'_>, code: &str) -> Item {
    let options: Money = choice.picks().iter().map(|pick| pick.option.price).sum();
    let words = choice.words();
    Item {
        id: Id::default(),
        code: code.to_owned(),
        name: if words.is_empty() {
            product.name.clone()
        } else {
            format!("{} ({words})", product.name)
        },
        kind: "goods".to_owned(),
        supply: product.way().to_owned(),
        list_price: product.list_price + options,
        variant_of: Some(product.product()),
        choice: Some(choice.json()),
        choice_key: Some(choice.key()),
        active: true,
        ..product.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{bike, item};

    #[test]
    fn a_variant_takes_over_the_product_and_its_choice() {
        let groups = bike();
        let json = json!({"frame": "carbon", "wheels": "carbon", "drivetrain": "electronic"});
        let (choice, _) = Choice::read(&json, &groups);
        let variant = variant(&item(), &choice, "VELOCE-1");
        assert_eq!(variant.list_price, "2700".parse().unwrap());
        assert_eq!(variant.name, "Veloce (Carbon frame, Carbon wheels, Electronic drivetrain)");
        assert_eq!((variant.kind.as_str(), variant.supply.as_str()), ("goods", "make"));
        assert_eq!(variant.variant_of, Some(Id::new(7)));
        let json = json!(["frame.carbon", "wheels.carbon", "drivetrain.electronic"]);
        assert_eq!(variant.choice, Some(json));
        let key = "drivetrain.electronic+frame.carbon+wheels.carbon";
        assert_eq!(variant.choice_key.as_deref(), Some(key));
    }
}
