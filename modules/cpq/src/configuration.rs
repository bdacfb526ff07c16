//! What a configurable product offers, and the port `configuration`: whether a choice is possible,
//! what it takes to make it, and the variant that stands for it.
//! Not here: reading a choice (`choice`), rules (`rule`), making the variant (`variant`), what it
//! costs (`pricing`).

use std::collections::HashMap;

use fondaco_kernel::model::{Draft, Line, Saving};
use fondaco_kernel::ports;
use fondaco_kernel::ports::configuration::{Component, Offered, Operation, Recipe};
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{Id, Money, Problem, Quantity};
use fondaco_kernel::{Error, Fut, Record, Result, Tx, store};
use serde_json::Value as Json;

use crate::choice::Choice;
use crate::item::Item;
use crate::offered;
use crate::option::OptionGroup;
use crate::rule::{self, Ready, Rule};
use crate::variant;

/// Groups and rules of one product, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offer {
    pub(crate) groups: Vec<OptionGroup>,
    pub(crate) rules: Vec<Ready>,
}

impl Offer {
    /// The choice as it can be read, and everything that is wrong with it.
    pub(crate) fn judge(&self, json: &Json) -> (Choice<'_>, Vec<Problem>) {
        let (choice, mut problems) = Choice::read(json, &self.groups);
        problems.extend(choice.problems(&self.groups));
        problems.extend(rule::judge(&self.rules, &choice, &self.groups));
        (choice, problems)
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        let of_group = |group: &OptionGroup| -> Vec<String> {
            group.options.iter().map(|option| group.code_of(option)).collect()
        };
        self.groups.iter().flat_map(of_group).collect()
    }

    pub(crate) fn has(&self, code: &str) -> bool {
        self.codes().iter().any(|own| own == code)
    }
}

/// What the products offer: two statements, however many there are. A product without groups has an
/// empty offer.
pub(crate) async fn offers(
    tx: &mut Tx,
    products: &[Id<Product>],
) -> Result<HashMap<Id<Product>, Offer>> {
    let mut offers: HashMap<Id<Product>, Offer> =
        products.iter().map(|&product| (product, Offer::default())).collect();
    if products.is_empty() {
        return Ok(offers);
    }
    let of = || Filter::new().is_in("product", products.to_vec());
    for group in store::find::<OptionGroup>(tx, of().sort("sequence")).await? {
        offers.entry(group.product).or_default().groups.push(group);
    }
    let mut rules: HashMap<Id<Product>, Vec<Rule>> = HashMap::new();
    for rule in store::find::<Rule>(tx, of().sort("sequence")).await? {
        rules.entry(rule.product).or_default().push(rule);
    }
    for (product, rules) in rules {
        offers.entry(product).or_default().rules = rule::ready(rules, tx.schema());
    }
    Ok(offers)
}

/// The product whose options count, what it offers, and the choice that holds: of a variant it is
/// the one that it was made from.
async fn of_product(
    tx: &mut Tx,
    product: Id<Product>,
    choice: &Json,
) -> Result<(Item, Offer, Json)> {
    let mut item = store::get::<Item>(tx, product.cast()).await?;
    let mut choice = choice.clone();
    if let Some(root) = item.variant_of {
        choice = item.choice.clone().unwrap_or(choice);
        item = store::get::<Item>(tx, root.cast()).await?;
    }
    let offer = offers(tx, &[item.product()]).await?.remove(&item.product()).unwrap_or_default();
    Ok((item, offer, choice))
}

/// What one of the product takes beyond its own bill of materials.
pub(crate) fn recipe(choice: &Choice<'_>) -> Recipe {
    let mut components: Vec<Component> = Vec::new();
    let mut operations = Vec::new();
    for pick in choice.picks() {
        let option = pick.option;
        if let Some(product) = option.component {
            match components.iter_mut().find(|component| component.product == product) {
                Some(known) => known.quantity += option.quantity,
                None => components.push(Component { product, quantity: option.quantity }),
            }
        }
        if let Some(work_centre) = &option.work_centre {
            let hours = option.hours.unwrap_or(Quantity::ZERO);
            let name = option.operation.clone().unwrap_or_else(|| option.name.clone());
            operations.push(Operation { name, work_centre: work_centre.clone(), hours });
        }
    }
    Recipe { options: choice.codes(), components, operations, description: choice.words() }
}

/// The port.
pub(crate) struct Configurator;

impl ports::Configuration for Configurator {
    fn offer<'t>(
        &'t self,
        tx: &'t mut Tx,
        product: Id<Product>,
        choice: &'t Json,
    ) -> Fut<'t, Offered> {
        Box::pin(async move {
            let (_, offer, choice) = of_product(tx, product, choice).await?;
            Ok(offered::of(&offer, &choice))
        })
    }

    fn recipe<'t>(
        &'t self,
        tx: &'t mut Tx,
        product: Id<Product>,
        choice: &'t Json,
    ) -> Fut<'t, Recipe> {
        Box::pin(async move {
            let (_, offer, choice) = of_product(tx, product, choice).await?;
            // What was once sold is still made, though it may no longer be offered.
            let (choice, unreadable) = Choice::read(&choice, &offer.groups);
            if unreadable.is_empty() {
                Ok(recipe(&choice))
            } else {
                Err(Error::Invalid(unreadable))
            }
        })
    }

    fn variant<'t>(
        &'t self,
        tx: &'t mut Tx,
        product: Id<Product>,
        choice: &'t Json,
    ) -> Fut<'t, Id<Product>> {
        Box::pin(async move {
            let (item, offer, json) = of_product(tx, product, choice).await?;
            if item.product() != product {
                return Ok(product);
            }
            let (choice, unreadable) = Choice::read(&json, &offer.groups);
            if unreadable.is_empty() {
                variant::of(tx, &item, &choice).await
            } else {
                Err(Error::Invalid(unreadable))
            }
        })
    }
}

/// A saved configuration, as quotes take it up.
#[derive(Record, Clone, Debug)]
#[record("cpq.configuration")]
pub(crate) struct Configuration {
    pub(crate) id: Id<Configuration>,
    pub(crate) product: Id<Product>,
    pub(crate) choice: Option<Json>,
}

/// Before configurations are saved: what comes of their choice, and what is wrong with it.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let mut ids: Vec<Id<Product>> =
        batch.iter().filter_map(|saving| saving.link("product")).collect();
    ids.sort_unstable();
    ids.dedup();
    let offers = offers(tx, &ids).await?;
    let casts: Vec<Id<Item>> = ids.iter().map(|id| id.cast()).collect();
    let items = store::get_many::<Item>(tx, &casts).await?;
    for saving in batch {
        let product = saving.link::<Product>("product");
        let Some(item) = items.iter().find(|item| Some(item.product()) == product) else {
            continue;
        };
        let Some(offer) = offers.get(&item.product()) else { continue };
        let json = saving.value("choice").as_json().cloned().unwrap_or(Json::Null);
        let (choice, problems) = offer.judge(&json);
        describe(&mut saving.draft, item, &choice, &problems);
    }
    Ok(())
}

fn describe(draft: &mut Draft, item: &Item, choice: &Choice<'_>, problems: &[Problem]) {
    let options: Money = choice.picks().iter().map(|pick| pick.option.price).sum();
    let told: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    draft.set("options", choice.codes());
    draft.set("description", choice.words());
    draft.set("list_price", item.list_price + options);
    draft.set("valid", problems.is_empty());
    draft.set("problems", (!told.is_empty()).then(|| told.join("\n")));
    let blank = draft.new_line("chosen");
    let lines = choice.picks().iter().map(|pick| {
        let line = blank.clone();
        let line = line.with("group", pick.group.code.as_str()).with("option", pick.code());
        let line = line.with("name", pick.option.name.as_str());
        Line { id: None, draft: line.with("price", pick.option.price) }
    });
    let lines: Vec<Line> = lines.collect();
    *draft.lines_mut("chosen") = lines;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::bike;

    #[test]
    fn a_recipe_holds_what_the_options_take() {
        let groups = bike();
        let json = json!({"frame": "carbon", "wheels": "carbon", "extras": "colour"});
        let (choice, _) = Choice::read(&json, &groups);
        let recipe = recipe(&choice);
        let options = ["frame.carbon", "wheels.carbon", "drivetrain.mechanical", "extras.colour"];
        assert_eq!(recipe.options, options);
        let wheels = Component { product: Id::new(71), quantity: Quantity::from_int(2) };
        assert_eq!(recipe.components, [wheels]);
        let hours = "1.5".parse().unwrap();
        let paint = Operation { name: "Paint".into(), work_centre: "PAINT".into(), hours };
        assert_eq!(recipe.operations, [paint]);
        let words = "Carbon frame, Carbon wheels, Mechanical drivetrain, Custom colour";
        assert_eq!(recipe.description, words);
    }
}
