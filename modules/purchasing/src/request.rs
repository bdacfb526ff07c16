//! Purchase requests: what has to be bought, for which document, from whom. Ordering one takes all
//! that the same supplier serves into one order.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::model::Saving;
use fondaco_kernel::shared::{Currency, Party, Product};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::trade::PRICE_PLACES;
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx, permissions::Allowed};
use fondaco_values::{Date, Decimal, Id, Money, Quantity, Rounding, round};

use crate::order::{self, OrderLine, PurchaseOrder};
use crate::supplier_price::Market;
use fondaco_kernel::home::HomeMoney;

pub(crate) const MODEL: &str = "purchasing.request";

/// Quantities are in the product's unit.
#[derive(Record, Clone, Debug)]
#[record("purchasing.request")]
pub(crate) struct Request {
    pub(crate) id: Id<Request>,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) product: Id<Product>,
    pub(crate) quantity: Quantity,
    pub(crate) needed_by: Date,
    pub(crate) supplier: Option<Id<Party>>,
    /// What it should cost a unit, in `currency`.
    pub(crate) price: Option<Decimal>,
    pub(crate) currency: Option<Id<Currency>>,
    pub(crate) ready_on: Option<Date>,
    pub(crate) order: Option<Id<PurchaseOrder>>,
    pub(crate) source_model: Option<String>,
    pub(crate) source_id: Option<i64>,
    pub(crate) source_key: Option<i64>,
    pub(crate) round: i64,
}

/// Before a request is saved: who would get it, at what price, and when it would come.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let decisive = ["product", "quantity", "needed_by", "supplier"];
    let is_due = |saving: &&mut Saving| {
        let changed = saving.is_new() || decisive.iter().any(|field| saving.changes(field));
        changed && saving.text("state") == Some("open")
    };
    let mut due: Vec<&mut Saving> = batch.iter_mut().filter(is_due).collect();
    if due.is_empty() {
        return Ok(());
    }
    let products: Vec<Id<Product>> =
        due.iter().filter_map(|saving| saving.link("product")).collect();
    let market = Market::load(tx, products).await?;
    for saving in &mut due {
        let quantity = saving.decimal("quantity").and_then(Quantity::exact).unwrap_or_default();
        let (by, supplier) = (saving.date("needed_by"), saving.link("supplier"));
        let product = saving.link("product");
        let offer = product.and_then(|product| market.best(product, quantity, by, supplier));
        let draft = &mut saving.draft;
        draft.set("suggested", offer.map(|offer| offer.price.supplier));
        draft.set("price", offer.map(|offer| offer.price.price));
        draft.set("currency", offer.map(|offer| offer.price.currency));
        draft.set("ready_on", offer.map_or(market.usual_day(), |offer| offer.ready_on));
    }
    Ok(())
}

/// The action.
pub(crate) async fn order(tx: &mut Tx, request: Allowed<Request>, args: Args) -> Result<Outcome> {
    let mut request = request.into_inner();
    if let Some(order) = request.order.filter(|_| request.state == "ordered") {
        let document = DocRef::new(order::MODEL, order);
        return Ok(Outcome::says("This is ordered already.").opens(document));
    }
    request.supplier = args.link("supplier").or(request.supplier);
    let open = Filter::new().eq("state", "open").ne("id", request.id).sort("id");
    let mut open = store::find::<Request>(tx, open).await?;
    let products = open.iter().chain([&request]).map(|request| request.product);
    let market = Market::load(tx, products).await?;
    let supplier = market.supplier_of(&request).ok_or_else(|| nobody(&request))?;
    open.retain(|other| market.supplier_of(other) == Some(supplier));
    open.insert(0, request);
    let lines = needs(&open);
    let mut draft = draft(tx, supplier, &market, &lines).await?;
    let id = store::insert(tx, &mut draft).await?;
    take(tx, &mut open, &draft).await?;
    let count = open.len();
    let said = if count == 1 { "One request".to_owned() } else { format!("{count} requests") };
    let document = DocRef::new(order::MODEL, id);
    Ok(Outcome::says(format!("{said} went into a draft order; check and confirm it."))
        .opens(document))
}

fn nobody(request: &Request) -> Error {
    let message = "Nobody is known who sells this: enter a supplier price, or choose a supplier.";
    let field = if request.supplier.is_none() { "supplier" } else { "product" };
    Error::problem(field, "no_supplier", message)
}

/// What is needed of each product, and when the first of it.
fn needs(requests: &[Request]) -> BTreeMap<Id<Product>, (Quantity, Date)> {
    let mut needs: BTreeMap<Id<Product>, (Quantity, Date)> = BTreeMap::new();
    for request in requests {
        let need = needs.entry(request.product).or_insert((Quantity::ZERO, request.needed_by));
        need.0 += request.quantity;
        need.1 = need.1.min(request.needed_by);
    }
    needs
}

/// The order: a line for each product at the supplier's price for what has to be ordered. Where he
/// has no price it is left to saving to find one or to say that it is missing.
async fn draft(
    tx: &mut Tx,
    supplier: Id<Party>,
    market: &Market,
    needs: &BTreeMap<Id<Product>, (Quantity, Date)>,
) -> Result<PurchaseOrder> {
    let ids: Vec<Id<Product>> = needs.keys().copied().collect();
    let products = store::get_many::<Product>(tx, &ids).await?;
    let party = store::get(tx, supplier).await?;
    let offers: Vec<_> = needs
        .iter()
        .map(|(product, (quantity, by))| {
            market.best(*product, *quantity, Some(*by), Some(supplier))
        })
        .collect();
    let priced = offers.iter().flatten().next().map(|offer| offer.price.currency);
    let home = fondaco_kernel::home::home(tx).await?;
    let currency = priced.or(party.currency).unwrap_or(home.currency);
    let mut lines = Vec::with_capacity(products.len());
    for ((product, offer), (needed, _)) in products.iter().zip(&offers).zip(needs.values()) {
        let price = offer.and_then(|offer| market.converted(offer.price, currency));
        let standard = || product.standard_cost.map(Money::decimal);
        let unit_price = price.or_else(standard).ok_or_else(|| no_price(product, &party))?;
        let quantity = offer.map_or(*needed, |offer| offer.quantity);
        let code = offer.and_then(|offer| offer.price.supplier_code.clone());
        lines.push(line(product, quantity, unit_price, code));
    }
    Ok(order_of(supplier, currency, tx.today(), lines))
}

fn no_price(product: &Product, supplier: &Party) -> Error {
    let message = format!(
        "No price of {} from {} is known today: enter a supplier price.",
        product.name, supplier.name
    );
    Error::problem("product", "no_price", message)
}

fn line(
    product: &Product,
    quantity: Quantity,
    unit_price: Decimal,
    supplier_code: Option<String>,
) -> OrderLine {
    OrderLine {
        id: Id::default(),
        product: product.id,
        supplier_code,
        description: product.name.clone(),
        quantity,
        unit_price: round(unit_price, PRICE_PLACES, Rounding::HalfUp),
        tax_code: product.purchase_tax_code,
        amount: Money::ZERO,
        lead_days: None,
        factor: Decimal::ONE,
        goods: true,
        received: Quantity::ZERO,
        uncounted: Quantity::ZERO,
        received_value: HomeMoney::default(),
        billed: Quantity::ZERO,
        cleared_value: HomeMoney::default(),
    }
}

fn order_of(
    supplier: Id<Party>,
    currency: Id<Currency>,
    ordered_on: Date,
    lines: Vec<OrderLine>,
) -> PurchaseOrder {
    PurchaseOrder {
        id: Id::default(),
        version: 0,
        number: None,
        state: "draft".to_owned(),
        supplier,
        currency,
        rate: Decimal::ONE,
        ordered_on,
        expected_on: None,
        payment_term: None,
        lines,
        net: Money::ZERO,
        total: Money::ZERO,
        receipt_state: None,
        bill_state: None,
        billed_total: Money::ZERO,
        reason: None,
    }
}

/// The requests are in this order.
async fn take(tx: &mut Tx, requests: &mut [Request], order: &PurchaseOrder) -> Result<()> {
    for request in requests.iter_mut() {
        let line = order.lines.iter().find(|line| line.product == request.product);
        request.state = "ordered".to_owned();
        request.order = Some(order.id);
        request.supplier = Some(order.supplier);
        request.price = line.map(|line| line.unit_price);
        request.currency = Some(order.currency);
    }
    store::update_many(tx, requests).await
}

/// Products of an order are here: the requests for them are done.
pub(crate) async fn arrived(
    tx: &mut Tx,
    order: Id<PurchaseOrder>,
    products: &BTreeSet<Id<Product>>,
) -> Result<()> {
    if products.is_empty() {
        return Ok(());
    }
    let filter = Filter::new().eq("order", order).eq("state", "ordered");
    let mut requests =
        store::find::<Request>(tx, filter.is_in("product", products.iter().copied())).await?;
    for request in &mut requests {
        request.state = "done".to_owned();
    }
    store::update_many(tx, &mut requests).await
}

/// Requests for products that were taken out of their order are open again.
pub(crate) async fn left_out(tx: &mut Tx, order: &PurchaseOrder) -> Result<()> {
    let filter = Filter::new().eq("order", order.id).eq("state", "ordered");
    let mut requests = store::find::<Request>(tx, filter).await?;
    requests.retain(|request| order.lines.iter().all(|line| line.product != request.product));
    open_again(tx, &mut requests).await
}

/// What an order will not bring has to be bought elsewhere. Answers how many requests are open again.
pub(crate) async fn give_back(tx: &mut Tx, order: Id<PurchaseOrder>) -> Result<usize> {
    let filter = Filter::new().eq("order", order).eq("state", "ordered");
    let mut requests = store::find::<Request>(tx, filter).await?;
    open_again(tx, &mut requests).await?;
    Ok(requests.len())
}

async fn open_again(tx: &mut Tx, requests: &mut [Request]) -> Result<()> {
    for request in requests.iter_mut() {
        request.state = "open".to_owned();
        request.order = None;
    }
    store::update_many(tx, requests).await
}

impl Market {
    /// Who would get the order: the one that was chosen, else the one with the best offer.
    fn supplier_of(&self, request: &Request) -> Option<Id<Party>> {
        request.supplier.or_else(|| {
            let by = Some(request.needed_by);
            Some(self.best(request.product, request.quantity, by, None)?.price.supplier)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::quantity;

    fn request(product: i64, wanted: &str, by: &str) -> Request {
        Request {
            id: Id::new(1),
            version: 1,
            state: "open".to_owned(),
            product: Id::new(product),
            quantity: quantity(wanted),
            needed_by: by.parse().unwrap(),
            supplier: None,
            price: None,
            currency: None,
            ready_on: None,
            order: None,
            source_model: None,
            source_id: None,
            source_key: None,
            round: 0,
        }
    }

    #[test]
    fn one_line_for_each_product() {
        let needs = needs(&[
            request(1, "2", "2026-03-20"),
            request(2, "1", "2026-03-20"),
            request(1, "3", "2026-03-10"),
        ]);
        let figures: Vec<(i64, String, String)> = needs
            .iter()
            .map(|(product, (quantity, by))| (product.raw(), quantity.to_string(), by.to_string()))
            .collect();
        assert_eq!(
            figures,
            [(1, "5".into(), "2026-03-10".into()), (2, "1".into(), "2026-03-20".into())]
        );
    }
}
