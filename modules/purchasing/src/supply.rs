//! The port `supply`, the way `buy`: a shortage becomes a purchase request. Asking again for the same
//! line of the same document makes no double.

use std::collections::{BTreeSet, HashMap};

use fondaco_kernel::ports::Supply;
use fondaco_kernel::ports::supply::{Covered, Need, Outlook, Taken};
use fondaco_kernel::shared::{Product, Unit};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::tx::Fut;
use fondaco_kernel::{DocRef, Result, Tx, rollout};
use fondaco_values::{AnyId, Date, Decimal, Id, Quantity, Rounding};

use crate::request::{self, Request};
use crate::supplier_price::Market;

pub(crate) struct Buying;

impl Supply for Buying {
    fn way(&self) -> &'static str {
        "buy"
    }

    fn cover<'t>(&'t self, tx: &'t mut Tx, needs: Vec<Need>) -> Fut<'t, Vec<Covered>> {
        Box::pin(cover(tx, needs))
    }

    fn withdraw<'t>(&'t self, tx: &'t mut Tx, source: &'t DocRef) -> Fut<'t, ()> {
        Box::pin(withdraw(tx, source))
    }

    fn outlook<'t>(&'t self, tx: &'t mut Tx, need: &'t Need, _: &'t mut Taken) -> Fut<'t, Outlook> {
        Box::pin(outlook(tx, need))
    }
}

async fn cover(tx: &mut Tx, needs: Vec<Need>) -> Result<Vec<Covered>> {
    let units = units(tx, needs.iter().map(|need| need.product)).await?;
    let mut requests = existing(tx, &needs).await?;
    let mut new = Vec::new();
    let mut changed = BTreeSet::new();
    for need in &needs {
        let wanted = wanted(need, units.get(&need.product));
        match plan(&requests, need, wanted) {
            Deed::Keep => {}
            Deed::Set(at, quantity) => {
                let request = &mut requests[at];
                request.state = "open".to_owned();
                request.quantity = quantity;
                request.needed_by = need.by;
                changed.insert(request.id);
            }
            Deed::Open(round, quantity) => new.push(open(need, quantity, round)),
        }
    }
    store::insert_many(tx, &mut new).await?;
    let mut written: Vec<Request> =
        requests.iter().filter(|request| changed.contains(&request.id)).cloned().collect();
    store::update_many(tx, &mut written).await?;
    requests.retain(|request| !changed.contains(&request.id));
    requests.extend(written);
    requests.extend(new);
    Ok(needs.iter().filter_map(|need| covered(&requests, need)).collect())
}

/// What has been asked for by the same documents.
async fn existing(tx: &mut Tx, needs: &[Need]) -> Result<Vec<Request>> {
    let models: BTreeSet<&str> = needs.iter().map(|need| need.source.model.as_str()).collect();
    let ids: BTreeSet<i64> = needs.iter().map(|need| need.source.id.raw()).collect();
    let filter = Filter::new().is_in("source_model", models).is_in("source_id", ids);
    store::find(tx, filter.sort("round")).await
}

/// What to do about a need.
#[derive(Debug, PartialEq)]
enum Deed {
    /// Enough is asked for.
    Keep,
    /// The request at this place, open or cancelled, is to be open for this quantity.
    Set(usize, Quantity),
    /// A new request, the so manieth of its line.
    Open(i64, Quantity),
}

fn is_for(request: &Request, need: &Need) -> bool {
    request.source_model.as_deref() == Some(need.source.model.as_str())
        && request.source_id == Some(need.source.id.raw())
        && request.source_key == Some(need.key.raw())
        && request.product == need.product
}

/// What is on order counts; what has come did not do, or there would be no need.
fn plan(requests: &[Request], need: &Need, wanted: Quantity) -> Deed {
    let own = || requests.iter().enumerate().filter(|(_, request)| is_for(request, need));
    let in_state = |state: &str| own().find(|(_, request)| request.state == state);
    let ordered = own().filter(|(_, request)| request.state == "ordered");
    let missing = wanted - ordered.map(|(_, request)| request.quantity).sum::<Quantity>();
    if let Some((at, request)) = in_state("open") {
        let keep = missing <= Quantity::ZERO || missing == request.quantity;
        return if keep { Deed::Keep } else { Deed::Set(at, missing) };
    }
    if missing <= Quantity::ZERO {
        return Deed::Keep;
    }
    match in_state("cancelled") {
        Some((at, _)) => Deed::Set(at, missing),
        None => Deed::Open(next_round(requests, need), missing),
    }
}

/// Rounds count over all products: a line may have another product than before.
fn next_round(requests: &[Request], need: &Need) -> i64 {
    let of_line = requests.iter().filter(|request| {
        request.source_model.as_deref() == Some(need.source.model.as_str())
            && request.source_id == Some(need.source.id.raw())
            && request.source_key == Some(need.key.raw())
    });
    of_line.map(|request| request.round + 1).max().unwrap_or(0)
}

fn open(need: &Need, quantity: Quantity, round: i64) -> Request {
    Request {
        id: Id::default(),
        version: 0,
        state: "open".to_owned(),
        product: need.product,
        quantity,
        needed_by: need.by,
        supplier: None,
        price: None,
        currency: None,
        ready_on: None,
        order: None,
        source_model: Some(need.source.model.clone()),
        source_id: Some(need.source.id.raw()),
        source_key: Some(need.key.raw()),
        round,
    }
}

/// The request that answers a need: the open one, else the last that is on order.
fn covered(requests: &[Request], need: &Need) -> Option<Covered> {
    let own = || requests.iter().filter(|request| is_for(request, need));
    let open = own().find(|request| request.state == "open");
    let request = open.or_else(|| own().rev().find(|request| request.state == "ordered"))?;
    let days = own().filter(|request| matches!(request.state.as_str(), "open" | "ordered"));
    let ready_on: Option<Date> = days.filter_map(|request| request.ready_on).max();
    Some(Covered {
        key: need.key,
        document: DocRef::new(request::MODEL, request.id),
        quantity: need.quantity,
        ready_on: ready_on.unwrap_or(need.by),
    })
}

/// Requests that nobody has ordered are withdrawn; what is ordered comes, and finds other use.
async fn withdraw(tx: &mut Tx, source: &DocRef) -> Result<()> {
    let filter = Filter::new()
        .eq("source_model", source.model.as_str())
        .eq("source_id", source.id.raw())
        .eq("state", "open");
    let mut requests = store::find::<Request>(tx, filter).await?;
    for request in &mut requests {
        request.state = "cancelled".to_owned();
    }
    store::update_many(tx, &mut requests).await
}

/// Withdraws what was asked for by documents that ended while nobody bought anything.
pub(crate) async fn let_go(tx: &mut Tx) -> Result<()> {
    let open = Filter::new().eq("state", "open").not_null("source_id").sort("id");
    for request in store::find::<Request>(tx, open).await? {
        let Some((model, id)) = request.source_model.zip(request.source_id) else { continue };
        let source = DocRef { model, id: AnyId::new(id) };
        if rollout::is_over(tx, &source).await? {
            withdraw(tx, &source).await?;
        }
    }
    Ok(())
}

async fn outlook(tx: &mut Tx, need: &Need) -> Result<Outlook> {
    let units = units(tx, std::iter::once(need.product)).await?;
    let unit = units.get(&need.product);
    let market = Market::load(tx, [need.product]).await?;
    let offer = market.best(need.product, wanted(need, unit), Some(need.by), None);
    let factor = unit.map_or(Decimal::ONE, |unit| unit.factor);
    Ok(Outlook {
        ready_on: Some(offer.map_or(market.usual_day(), |offer| offer.ready_on)),
        unit_cost: offer.and_then(|offer| offer.unit_cost.checked_div(factor)),
        parts: Vec::new(),
    })
}

/// The need in the product's unit, in as many whole parts of it as cover it.
fn wanted(need: &Need, unit: Option<&Unit>) -> Quantity {
    let Some(unit) = unit.filter(|unit| unit.factor != Decimal::ONE) else { return need.quantity };
    let places = u8::try_from(unit.decimals).unwrap_or(0);
    let own = need.quantity.decimal().checked_div(unit.factor);
    let own = own.and_then(|own| Quantity::round(own, places, Rounding::Up));
    own.unwrap_or(need.quantity)
}

/// The unit of each product.
async fn units(
    tx: &mut Tx,
    products: impl Iterator<Item = Id<Product>>,
) -> Result<HashMap<Id<Product>, Unit>> {
    let ids: BTreeSet<Id<Product>> = products.collect();
    let products = store::find::<Product>(tx, Filter::new().is_in("id", ids)).await?;
    let units: BTreeSet<Id<Unit>> = products.iter().map(|product| product.unit).collect();
    let units = store::find::<Unit>(tx, Filter::new().is_in("id", units)).await?;
    let unit = |product: &Product| {
        let own = units.iter().find(|unit| unit.id == product.unit)?;
        Some((product.id, own.clone()))
    };
    Ok(products.iter().filter_map(unit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::quantity;

    fn need(wanted: &str) -> Need {
        Need {
            product: Id::new(1),
            quantity: quantity(wanted),
            by: "2026-03-20".parse().unwrap(),
            source: DocRef { model: "sales.order".to_owned(), id: AnyId::new(5) },
            key: AnyId::new(6),
            choice: None,
        }
    }

    fn asked(state: &str, wanted: &str, round: i64) -> Request {
        Request { state: state.to_owned(), ..open(&need("1"), quantity(wanted), round) }
    }

    #[test]
    fn asking_again_makes_no_double() {
        for (there, wanted, deed) in [
            (vec![], "2", Deed::Open(0, quantity("2"))),
            (vec![asked("open", "2", 0)], "2", Deed::Keep),
            (vec![asked("open", "2", 0)], "3", Deed::Set(0, quantity("3"))),
            (vec![asked("open", "2", 0)], "1", Deed::Set(0, quantity("1"))),
            (vec![asked("ordered", "2", 0)], "2", Deed::Keep),
            (vec![asked("ordered", "2", 0)], "1", Deed::Keep),
            (vec![asked("ordered", "2", 0)], "5", Deed::Open(1, quantity("3"))),
            (vec![asked("ordered", "2", 0), asked("open", "3", 1)], "5", Deed::Keep),
            (vec![asked("ordered", "2", 0), asked("open", "3", 1)], "2", Deed::Keep),
            (vec![asked("cancelled", "2", 0)], "4", Deed::Set(0, quantity("4"))),
            // What has come did not do.
            (vec![asked("done", "2", 0)], "2", Deed::Open(1, quantity("2"))),
        ] {
            assert_eq!(plan(&there, &need("1"), quantity(wanted)), deed, "{there:?} {wanted}");
        }
    }

    #[test]
    fn needs_are_bought_in_whole_units() {
        let dozen = |decimals| Unit {
            id: Id::new(1),
            name: "Dozen".to_owned(),
            category: AnyId::new(1),
            factor: Decimal::from(12),
            decimals,
        };
        assert_eq!(wanted(&need("7"), Some(&dozen(0))), quantity("1"));
        assert_eq!(wanted(&need("30"), Some(&dozen(0))), quantity("3"));
        assert_eq!(wanted(&need("30"), Some(&dozen(1))), quantity("2.5"));
        assert_eq!(wanted(&need("7"), None), quantity("7"));
    }

    #[test]
    fn other_lines_are_other_needs() {
        let mut other = asked("open", "2", 0);
        other.source_key = Some(7);
        let mut product = asked("open", "2", 0);
        product.product = Id::new(2);
        let there = [other, product];
        assert_eq!(plan(&there, &need("1"), quantity("2")), Deed::Open(1, quantity("2")));
    }

    #[test]
    fn the_last_to_come_decides() {
        let mut ordered = asked("ordered", "2", 0);
        ordered.ready_on = Some("2026-03-11".parse().unwrap());
        let mut open = asked("open", "3", 1);
        open.ready_on = Some("2026-03-30".parse().unwrap());
        let covered = covered(&[ordered, open], &need("5")).unwrap();
        assert_eq!(covered.ready_on.to_string(), "2026-03-30");
        assert_eq!(covered.quantity, quantity("5"));
    }
}
