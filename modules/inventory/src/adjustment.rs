//! Adjustments: stock that was there before the books were opened, was found, lost or scrapped.

use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::Product;
use fondaco_kernel::store;
use fondaco_kernel::{DocRef, Record, Result, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Problem, Quantity};

use crate::count::give_up;
use crate::goods::Goods;
use crate::incoming::{Arrival, InLot, arrivals};
use crate::level;
use crate::lot::{self, Named};
use crate::pick::{Only, pick, total};
use crate::place::{Location, Places};
use crate::posting::{self, Movement, Paper};
use crate::serve;
use crate::worth::Cost;

pub(crate) const MODEL: &str = "inventory.adjustment";

#[derive(Record, Clone, Debug)]
#[record("inventory.adjustment")]
pub struct Adjustment {
    pub id: Id<Adjustment>,
    pub version: i64,
    /// `opening`, `correction` or `scrap`.
    pub kind: String,
    pub location: Option<Id<Location>>,
    pub done_on: Option<Date>,
    pub lines: Vec<AdjustmentLine>,
}

#[derive(Record, Clone, Debug)]
#[record("inventory.adjustment_line")]
pub struct AdjustmentLine {
    pub id: Id<AdjustmentLine>,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub unit_cost: Option<Decimal>,
    pub lot_number: Option<String>,
    pub expires_on: Option<Date>,
    pub value: Money,
}

impl Adjustment {
    /// How much comes in (+) or goes out (−) by a line.
    fn change(&self, line: &AdjustmentLine) -> Quantity {
        if self.kind == "scrap" { -line.quantity } else { line.quantity }
    }

    fn text(&self) -> &'static str {
        match self.kind.as_str() {
            "opening" => "Opening stock",
            "scrap" => "Scrapped",
            _ => "Stock adjustment",
        }
    }
}

/// Books an adjustment, in one entry.
pub(crate) async fn done(tx: &mut Tx, sheet: Allowed<Adjustment>, args: Args) -> Result<Outcome> {
    let mut sheet = sheet.into_inner();
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let places = Places::load(tx).await?;
    let here = places.own_or_main(sheet.location, "location")?.id;
    let outside = match sheet.kind.as_str() {
        "opening" => places.outside("opening")?.id,
        _ => places.outside("adjustment")?.id,
    };
    let goods = Goods::load(tx, sheet.lines.iter().map(|line| line.product).collect()).await?;
    check(&sheet, &goods)?;
    let mut movements = coming(tx, &places, &goods, &sheet, (outside, here)).await?;
    movements.extend(going(tx, &places, &goods, &sheet, (here, outside)).await?);
    let gone: Vec<&Movement> = movements.iter().filter(|m| m.from == here).collect();
    give_up(tx, &places, &gone).await?;
    let at: Vec<(usize, bool)> = movements.iter().map(|m| (m.line, m.from == here)).collect();
    let document = DocRef::new(MODEL, sheet.id);
    let paper = Paper {
        source: document.clone(),
        document,
        date: on,
        text: sheet.text().to_owned(),
        party: None,
        movements,
        promise: None,
    };
    let values = posting::post(tx, &places, paper).await?;
    for ((line, lost), value) in at.into_iter().zip(values) {
        sheet.lines[line].value += if lost { -value } else { value };
    }
    sheet.location = Some(here);
    sheet.done_on = Some(on);
    store::update(tx, &mut sheet).await?;
    serve::waiting(tx, &goods.ids()).await?;
    Ok(Outcome::done())
}

fn check(sheet: &Adjustment, goods: &Goods) -> Result<()> {
    let mut problems = Vec::new();
    for (n, line) in sheet.lines.iter().enumerate() {
        let signed = match sheet.kind.as_str() {
            "correction" => line.quantity.abs(),
            _ => line.quantity,
        };
        problems.extend(goods.faults(n, line.product, signed));
        if sheet.kind == "opening" && line.unit_cost.is_none() {
            let name = goods.name(line.product);
            let message =
                format!("What has one {name} cost? Opening stock brings its value along.");
            problems.push(Problem::new(format!("lines[{n}].unit_cost"), "required", message));
        }
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

/// From outside to here: lots are made where they are new.
async fn coming(
    tx: &mut Tx,
    places: &Places,
    goods: &Goods,
    sheet: &Adjustment,
    (from, to): (Id<Location>, Id<Location>),
) -> Result<Vec<Movement>> {
    let lines = sheet.lines.iter().enumerate();
    let brings = lines.map(|(n, line)| Arrival {
        line: n,
        product: line.product,
        quantity: sheet.change(line),
        lot_number: line.lot_number.clone(),
        expires_on: line.expires_on,
    });
    let brings = brings.filter(|arrival| arrival.quantity > Quantity::ZERO).collect();
    let lots = arrivals(tx, places, goods, brings).await?;
    let movement = |part: InLot| {
        let line = &sheet.lines[part.line];
        Movement {
            key: Some(line.id.raw()),
            line: part.line,
            product: line.product,
            quantity: part.quantity,
            from,
            to,
            lot: part.lot,
            cost: line.unit_cost.map_or(Cost::Own, Cost::Unit),
        }
    };
    Ok(lots.into_iter().map(movement).collect())
}

/// From here to outside: of the lots that are named; what was promised of them is given up.
async fn going(
    tx: &mut Tx,
    places: &Places,
    goods: &Goods,
    sheet: &Adjustment,
    (from, to): (Id<Location>, Id<Location>),
) -> Result<Vec<Movement>> {
    let out: Vec<(usize, &AdjustmentLine)> =
        sheet.lines.iter().enumerate().filter(|(_, l)| sheet.change(l).is_negative()).collect();
    if out.is_empty() {
        return Ok(Vec::new());
    }
    let products: Vec<Id<Product>> = out.iter().map(|(_, line)| line.product).collect();
    // All that is there counts, promised or not: what is lost is lost.
    let mut there = level::all(tx, places, &products).await?;
    let mut named = Vec::new();
    let mut problems = Vec::new();
    for (n, line) in &out {
        let (product, quantity) = (goods.get(line.product)?, sheet.change(line).abs());
        match lot::parts(product, quantity, line.lot_number.as_deref(), *n) {
            Ok(parts) => named.extend(parts.into_iter().map(|part| (*n, line.product, part))),
            Err(problem) => problems.push(problem),
        }
    }
    let lots: Vec<Named> =
        named.iter().filter_map(|(_, product, part)| part.named(*product)).collect();
    let known = lot::find(tx, &lots).await?;
    let mut movements = Vec::new();
    for (n, product, part) in named {
        let lot = part.number.and_then(|number| known.get(&(product, number))).copied();
        let only = Only { location: Some(from), lot };
        let picks = pick(there.entry(product).or_default(), part.quantity, only);
        if total(&picks) < part.quantity {
            let (name, found) = (goods.name(product), total(&picks));
            let message = format!("Only {found} of {name} are there.");
            problems.push(Problem::new(format!("lines[{n}].quantity"), "short", message));
        }
        movements.extend(picks.into_iter().map(|pick| Movement {
            key: Some(sheet.lines[n].id.raw()),
            line: n,
            product,
            quantity: pick.quantity,
            from,
            to,
            lot: pick.lot,
            cost: Cost::Own,
        }));
    }
    fondaco_kernel::error::refuse_if_any(problems)?;
    Ok(movements)
}
