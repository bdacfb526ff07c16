//! Reports: what is on hand and worth, where it lies, what is available, what has moved.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::module::{Args, Table};
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Result, Tx};
use fondaco_values::{Id, Money, Quantity, Value};

use crate::goods::{Coin, Goods};
use crate::level;
use crate::lot::Lot;
use crate::movement::StockMove;
use crate::place::Places;
use crate::port::incoming;
use crate::serve::{WaitingLine, wanted};

/// On hand and value by product, at the end of a day or now.
pub(crate) async fn stock(tx: &mut Tx, args: Args) -> Result<Table> {
    let places = Places::load(tx).await?;
    let coin = Coin::load(tx).await?;
    let only: Vec<Id<Product>> = args.link("product").into_iter().collect();
    let positions = level::positions_as_of(tx, &places, &only, args.date("as_of")).await?;
    let goods = Goods::load(tx, positions.keys().copied().collect()).await?;
    let mut total = Money::ZERO;
    let mut rows = Vec::with_capacity(positions.len());
    for (product, position) in sorted(&goods, positions) {
        let value = coin.money(position.value);
        total += value;
        rows.push(vec![
            product.into(),
            position.quantity.into(),
            position.unit_cost(coin.exponent).into(),
            value.into(),
        ]);
    }
    Ok(Table { rows, totals: vec![Value::Null, Value::Null, Value::Null, total.into()] })
}

/// On hand by place and lot.
pub(crate) async fn by_place(tx: &mut Tx, args: Args) -> Result<Table> {
    let places = Places::load(tx).await?;
    let only: Vec<Id<Product>> = args.link("product").into_iter().collect();
    let holdings = level::on_hand(tx, &places, &only, args.date("as_of")).await?;
    let location = args.link("location");
    let goods = Goods::load(tx, holdings.keys().copied().collect()).await?;
    let mut rows = Vec::new();
    for (product, held) in sorted(&goods, holdings) {
        let here = held.iter().filter(|h| location.is_none_or(|only| only == h.location));
        rows.extend(here.map(|held| {
            vec![product.into(), held.location.into(), held.lot.into(), held.on_hand.into()]
        }));
    }
    Ok(Table { rows, totals: Vec::new() })
}

/// What is there, promised, free, expected and still wanted, by product.
pub(crate) async fn availability(tx: &mut Tx, args: Args) -> Result<Table> {
    let places = Places::load(tx).await?;
    let only: Vec<Id<Product>> = args.link("product").into_iter().collect();
    let held = level::holdings(tx, &places, &only).await?;
    let incoming = incoming(tx, &only).await?;
    let mut waiting = Filter::new().eq("waiting", true);
    if !only.is_empty() {
        waiting = waiting.is_in("product", only.iter().copied());
    }
    let wanted = wanted(&store::find::<WaitingLine>(tx, waiting).await?);
    let mut products: BTreeSet<Id<Product>> = held.keys().copied().collect();
    products.extend(incoming.keys().chain(wanted.keys()));
    let goods = Goods::load(tx, products.clone()).await?;
    let all: BTreeMap<Id<Product>, ()> = products.into_iter().map(|id| (id, ())).collect();
    let mut rows = Vec::new();
    for (product, ()) in sorted(&goods, all) {
        let held = held.get(&product).map_or(&[][..], Vec::as_slice);
        let on_hand: Quantity = held.iter().map(|held| held.on_hand).sum();
        let reserved: Quantity = held.iter().map(|held| held.reserved).sum();
        let of =
            |map: &BTreeMap<Id<Product>, Quantity>| map.get(&product).copied().unwrap_or_default();
        let (coming, missing) = (of(&incoming), of(&wanted));
        rows.push(vec![
            product.into(),
            on_hand.into(),
            reserved.into(),
            (on_hand - reserved).into(),
            coming.into(),
            missing.into(),
            (on_hand - reserved + coming - missing).into(),
        ]);
    }
    Ok(Table { rows, totals: Vec::new() })
}

/// What has moved between two days, newest first.
pub(crate) async fn movements(tx: &mut Tx, args: Args) -> Result<Table> {
    let mut filter = Filter::new().sort("-date").sort("-id");
    if let Some(from) = args.date("from") {
        filter = filter.ge("date", from);
    }
    if let Some(to) = args.date("to") {
        filter = filter.le("date", to);
    }
    if let Some(product) = args.link::<Product>("product") {
        filter = filter.eq("product", product);
    }
    if let Some(lot) = args.link::<Lot>("lot") {
        filter = filter.eq("lot", lot);
    }
    let most = fondaco_values::limits::REPORT_ROWS_MAX;
    let moves = store::find::<StockMove>(tx, filter.limit(most)).await?;
    let rows = moves.into_iter().map(|moved| {
        vec![
            moved.date.into(),
            moved.product.into(),
            moved.quantity.into(),
            moved.from_location.into(),
            moved.to_location.into(),
            moved.lot.into(),
            moved.value.into(),
            moved.text.into(),
        ]
    });
    Ok(Table { rows: rows.collect(), totals: Vec::new() })
}

/// In the order of the products' codes.
fn sorted<T>(goods: &Goods, by_product: BTreeMap<Id<Product>, T>) -> Vec<(Id<Product>, T)> {
    let mut all: Vec<(Id<Product>, T)> = by_product.into_iter().collect();
    let code = |id: &Id<Product>| goods.get(*id).map(|product| product.code.clone()).ok();
    all.sort_by_cached_key(|(id, _)| code(id));
    all
}
