//! What a quote would meet with: what is in stock, which parts are short, when it can be ready, what
//! it costs, and how the customer stands. Asked of whichever modules are on; nothing is reserved.
//! Not here: costs in the quote (`sheet`), since not everybody who sees the outlook may see them.

use std::collections::HashMap;

use fondaco_kernel::ports::stock::Availability;
use fondaco_kernel::ports::supply::{self, Need, Taken};
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{AnyId, Date, Decimal, Id, Money, Quantity, Rounding, round};
use fondaco_kernel::{DocRef, Result, Tx, store};
use serde::Serialize;

use super::sheet::{Sheet, SheetLine};
use crate::item::Item;
use crate::waterfall::PLACES;

/// As it is kept with the quote.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Outlook {
    pub(super) lines: Vec<LineOutlook>,
    /// When everything is there; `None` when that is not known.
    pub(super) promise_on: Option<Date>,
    /// Whether that is in time.
    pub(super) in_time: Option<bool>,
    pub(super) standing: Option<Standing>,
    /// What could not be told, and why.
    pub(super) notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct LineOutlook {
    product: Id<Product>,
    name: String,
    wanted: Quantity,
    /// `None` where goods are not counted.
    free: Option<Quantity>,
    ready_on: Option<Date>,
    parts: Vec<Part>,
}

/// A component that it takes.
#[derive(Clone, Debug, Serialize)]
struct Part {
    #[serde(flatten)]
    of: supply::Part,
    short: Quantity,
}

impl From<supply::Part> for Part {
    fn from(of: supply::Part) -> Part {
        let short = of.short();
        Part { of: supply::Part { free: of.free.max(Quantity::ZERO), ..of }, short }
    }
}

/// How the customer stands, in the company's currency.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Standing {
    limit: Option<Money>,
    receivable: Money,
    overdue: Money,
    held: Money,
    /// What may still be ordered; `None` = without limit.
    free: Option<Money>,
    /// Whether this quote is within it; `None` when its amount is not known in that currency.
    enough: Option<bool>,
}

/// How the customer stands, if somebody keeps the books. `owed`: the quote with tax, in the
/// company's currency.
pub(super) async fn standing(
    tx: &mut Tx,
    customer: Id<Party>,
    owed: Option<Decimal>,
) -> Result<Option<Standing>> {
    let Some(credit) = tx.ports().credit else { return Ok(None) };
    let found = credit.standing(tx, customer).await?;
    let free = found.free();
    let enough = match free {
        None => Some(true),
        Some(free) => owed.map(|owed| owed <= free.decimal()),
    };
    let (limit, receivable, overdue, held) =
        (found.limit, found.receivable, found.overdue, found.held);
    Ok(Some(Standing { limit, receivable, overdue, held, free, enough }))
}

/// Looks at every line; writes `ready_on` and `unit_cost` into them.
pub(super) async fn look(tx: &mut Tx, sheet: &mut Sheet, document: DocRef) -> Result<Outlook> {
    let ground = Ground::gather(tx, sheet).await?;
    let mut look = Outlook { notes: ground.notes(tx), ..Outlook::default() };
    let mut taken = Taken::default();
    let due = sheet.requested_on.unwrap_or(tx.today());
    for line in &mut sheet.lines {
        let Some(item) = line.item.clone() else { continue };
        let one = Asked { item: &item, due, document: &document, ground: &ground };
        let seen = one.look(tx, line, &mut taken).await?;
        line.unit_cost = seen.unit_cost;
        line.ready_on = seen.line.ready_on;
        look.notes.extend(seen.note);
        look.lines.push(seen.line);
    }
    look.promise_on = promise(sheet);
    look.in_time = look.promise_on.zip(sheet.requested_on).map(|(ready, wanted)| ready <= wanted);
    Ok(look)
}

/// The day on which the last of the goods is there; services are always.
fn promise(sheet: &Sheet) -> Option<Date> {
    let counted = |line: &&SheetLine| line.item.as_ref().is_some_and(Item::is_counted);
    let days: Option<Vec<Date>> =
        sheet.lines.iter().filter(counted).map(|line| line.ready_on).collect();
    days.and_then(|days| days.into_iter().max())
}

/// What is asked once for all lines.
struct Ground {
    counted: bool,
    availability: HashMap<Id<Product>, Availability>,
    /// Components that options bring, by id.
    components: HashMap<Id<Product>, Item>,
    /// The variant of a line, where there is one already, by product and choice.
    variants: HashMap<(Id<Product>, String), Id<Product>>,
}

impl Ground {
    async fn gather(tx: &mut Tx, sheet: &Sheet) -> Result<Ground> {
        let variants = variants(tx, sheet).await?;
        let mut components: Vec<Id<Item>> = Vec::new();
        for line in &sheet.lines {
            let recipe = line.priced.as_ref().map(|priced| &priced.recipe);
            let of_line = recipe.map(|recipe| recipe.components.as_slice()).unwrap_or_default();
            components.extend(of_line.iter().map(|component| component.product.cast::<Item>()));
        }
        components.sort_unstable();
        components.dedup();
        let components = store::get_many::<Item>(tx, &components).await?;
        let mut goods: Vec<Id<Product>> = components.iter().map(Item::product).collect();
        goods.extend(variants.values());
        let items = sheet.lines.iter().filter_map(|line| line.item.as_ref());
        let items = items.filter(|item| item.is_counted() && !item.is_configurable());
        goods.extend(items.map(Item::product));
        goods.sort_unstable();
        goods.dedup();
        let stock = tx.ports().stock;
        let found = match &stock {
            Some(stock) if !goods.is_empty() => stock.availability(tx, &goods).await?,
            _ => Vec::new(),
        };
        Ok(Ground {
            counted: stock.is_some(),
            availability: found.into_iter().map(|one| (one.product, one)).collect(),
            components: components.into_iter().map(|item| (item.product(), item)).collect(),
            variants,
        })
    }

    fn notes(&self, tx: &Tx) -> Vec<String> {
        let ports = tx.ports();
        let mut notes = Vec::new();
        if !self.counted {
            notes.push("Goods are not counted here (module inventory is off).".to_owned());
        }
        if ports.credit.is_none() {
            let note = "How the customer stands is not known here (module accounting is off).";
            notes.push(note.to_owned());
        }
        notes
    }

    fn unit_cost(&self, product: Id<Product>, standard: Option<Money>) -> Option<Decimal> {
        let average = self.availability.get(&product).and_then(|one| one.unit_cost);
        average.or(standard.map(Money::decimal))
    }

    /// The product under which a line would lie in stock.
    fn stocked(&self, item: &Item, line: &SheetLine) -> Option<Id<Product>> {
        if !item.is_counted() {
            return None;
        }
        if !item.is_configurable() {
            return Some(item.product());
        }
        let key = line.priced.as_ref().map(|priced| priced.key.clone())?;
        self.variants.get(&(item.product(), key)).copied()
    }
}

async fn variants(
    tx: &mut Tx,
    sheet: &Sheet,
) -> Result<HashMap<(Id<Product>, String), Id<Product>>> {
    let configured = |line: &&SheetLine| line.item.as_ref().is_some_and(Item::is_configurable);
    let lines = sheet.lines.iter().filter(configured);
    let keys: Vec<(Id<Product>, String)> =
        lines.filter_map(|line| Some((line.product, line.priced.as_ref()?.key.clone()))).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let filter = Filter::new().is_in("variant_of", keys.iter().map(|(product, _)| *product));
    let filter = filter.is_in("choice_key", keys.iter().map(|(_, key)| key.as_str()));
    let found = store::find::<Item>(tx, filter).await?;
    let entry = |item: Item| Some(((item.variant_of?, item.choice_key.clone()?), item.product()));
    Ok(found.into_iter().filter_map(entry).collect())
}

/// One line to look at.
struct Asked<'a> {
    item: &'a Item,
    due: Date,
    document: &'a DocRef,
    ground: &'a Ground,
}

struct Seen {
    line: LineOutlook,
    unit_cost: Option<Decimal>,
    note: Option<String>,
}

impl Asked<'_> {
    async fn look(&self, tx: &mut Tx, line: &SheetLine, taken: &mut Taken) -> Result<Seen> {
        let (item, ground) = (self.item, self.ground);
        let stocked = ground.stocked(item, line);
        let free = stocked.and_then(|product| Some((product, ground.availability.get(&product)?)));
        let there = free
            .map_or(Quantity::ZERO, |(product, one)| taken.take(product, line.quantity, one.free));
        let mut seen = Seen {
            line: LineOutlook {
                product: item.product(),
                name: item.name.clone(),
                wanted: line.quantity,
                free: (ground.counted && item.is_counted()).then_some(there),
                ready_on: None,
                parts: Vec::new(),
            },
            unit_cost: stocked.and_then(|product| ground.unit_cost(product, None)),
            note: None,
        };
        let missing = line.quantity - there;
        if !item.is_counted() {
            seen.unit_cost = Some(item.standard_cost.map(Money::decimal).unwrap_or_default());
        } else if ground.counted && missing.is_zero() {
            seen.line.ready_on = Some(tx.today());
        } else {
            self.shortage(tx, (line, missing), taken, &mut seen).await?;
        }
        Ok(seen)
    }

    /// What is not there: made or bought, when, at what cost, of which parts.
    async fn shortage(
        &self,
        tx: &mut Tx,
        (line, missing): (&SheetLine, Quantity),
        taken: &mut Taken,
        seen: &mut Seen,
    ) -> Result<()> {
        let item = self.item;
        let provider = tx.ports().supply.into_iter().find(|one| one.way() == item.way());
        let Some(provider) = provider else {
            seen.line.parts = self.parts(line, missing, taken);
            let cost = self.fallback_cost(line);
            seen.unit_cost = seen.unit_cost.or(cost);
            if self.ground.counted {
                seen.note = Some(format!(
                    "{}: {missing} are missing, and nobody here makes or buys them.",
                    item.name
                ));
            }
            return Ok(());
        };
        let need = Need {
            product: item.product(),
            quantity: missing,
            by: self.due,
            source: self.document.clone(),
            key: AnyId::default(),
            choice: line.priced.as_ref().and_then(|priced| priced.choice.clone()),
        };
        let found = provider.outlook(tx, &need, taken).await?;
        seen.line.ready_on = found.ready_on;
        seen.line.parts = found.parts.into_iter().map(Part::from).collect();
        let cost = found.unit_cost.or_else(|| self.fallback_cost(line));
        seen.unit_cost = mixed(line.quantity, missing, seen.unit_cost, cost);
        Ok(())
    }

    /// Without anybody who knows how it is made: what the options bring.
    fn parts(&self, line: &SheetLine, missing: Quantity, taken: &mut Taken) -> Vec<Part> {
        let recipe = line.priced.as_ref().map(|priced| &priced.recipe);
        let components = recipe.map(|recipe| recipe.components.as_slice()).unwrap_or_default();
        if !self.ground.counted {
            return Vec::new();
        }
        let mut part = |product: Id<Product>, one: Quantity| {
            let item = self.ground.components.get(&product)?;
            let free = self.ground.availability.get(&product).map(|one| one.free)?;
            let wanted = one.decimal().checked_mul(missing.decimal())?;
            let wanted = Quantity::round(wanted, 6, Rounding::HalfUp)?;
            let left = taken.left(product, free);
            taken.take(product, wanted, free);
            let of = supply::Part { product, name: item.name.clone(), wanted, free: left };
            Some(Part::from(of))
        };
        components.iter().filter_map(|one| part(one.product, one.quantity)).collect()
    }

    /// What it costs as far as it is written down: the product's own cost and that of the components
    /// of its options; `None` when neither is.
    fn fallback_cost(&self, line: &SheetLine) -> Option<Decimal> {
        let ground = self.ground;
        let own = ground.unit_cost(self.item.product(), self.item.standard_cost);
        let recipe = line.priced.as_ref().map(|priced| &priced.recipe);
        let components = recipe.map(|recipe| recipe.components.as_slice()).unwrap_or_default();
        if components.is_empty() {
            return own;
        }
        let mut cost = own.unwrap_or_default();
        for component in components {
            let item = ground.components.get(&component.product)?;
            let one = ground.unit_cost(component.product, item.standard_cost)?;
            cost += one.checked_mul(component.quantity.decimal())?;
        }
        Some(cost)
    }
}

/// The cost of one when some are there and the rest must still be got.
fn mixed(
    wanted: Quantity,
    missing: Quantity,
    there: Option<Decimal>,
    got: Option<Decimal>,
) -> Option<Decimal> {
    if missing == wanted {
        return got.or(there);
    }
    let (there, got) = (there.or(got)?, got.or(there)?);
    let total = there * (wanted - missing).decimal() + got * missing.decimal();
    total.checked_div(wanted.decimal()).map(|cost| round(cost, PLACES, Rounding::HalfUp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_what_is_there_and_of_what_is_not() {
        let decimal = |text: &str| Some(text.parse::<Decimal>().unwrap());
        for (wanted, missing, there, got, expected) in [
            ("5", "2", decimal("420"), decimal("430"), decimal("424")),
            ("5", "5", decimal("420"), decimal("430"), decimal("430")),
            ("5", "5", decimal("420"), None, decimal("420")),
            ("5", "2", None, decimal("430"), decimal("430")),
            ("5", "2", decimal("420"), None, decimal("420")),
            ("3", "1", decimal("1"), decimal("2"), decimal("1.333333")),
            ("5", "2", None, None, None),
        ] {
            let cost = mixed(wanted.parse().unwrap(), missing.parse().unwrap(), there, got);
            assert_eq!(cost, expected, "{wanted} {missing}");
        }
    }

    #[test]
    fn a_part_is_short_by_what_is_not_free() {
        let part = |free: &str| {
            let (wanted, free) = (Quantity::from_int(5), free.parse().unwrap());
            Part::from(supply::Part { product: Id::new(1), name: "Frame".into(), wanted, free })
                .short
        };
        assert_eq!(part("3"), Quantity::from_int(2));
        assert_eq!(part("7"), Quantity::ZERO);
        assert_eq!(part("-1"), Quantity::from_int(5));
    }
}
