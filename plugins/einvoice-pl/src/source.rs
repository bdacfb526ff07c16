//! What an e-invoice is written from: the invoice with its lines and taxes, seller and buyer, read with the
//! plugin's rights. All that stands in its way is said at once.

use fondaco_plugin::prelude::*;
use fondaco_plugin::{Entity, Part};

use crate::State;
use crate::nip::{self, Number};

/// Lines of one invoice; a question is answered with at most so many records.
const LINES_MAX: u32 = 500;

pub(crate) struct Source {
    pub(crate) now: Timestamp,
    pub(crate) number: String,
    pub(crate) on: Date,
    pub(crate) due: Option<Date>,
    pub(crate) currency: String,
    /// Złoty for one of the currency.
    pub(crate) rate: Decimal,
    pub(crate) total: Decimal,
    pub(crate) seller: Seller,
    pub(crate) buyer: Buyer,
    pub(crate) lines: Vec<Line>,
    pub(crate) taxes: Vec<Tax>,
    pub(crate) corrects: Option<Corrected>,
}

pub(crate) struct Seller {
    pub(crate) nip: String,
    pub(crate) name: String,
    pub(crate) address: Vec<String>,
}

pub(crate) struct Buyer {
    pub(crate) number: Number,
    pub(crate) name: String,
    pub(crate) country: String,
    pub(crate) address: Vec<String>,
}

pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) unit: Option<String>,
    pub(crate) quantity: Decimal,
    pub(crate) unit_price: Decimal,
    /// For one.
    pub(crate) discount: Decimal,
    pub(crate) amount: Decimal,
    pub(crate) rate: Decimal,
}

pub(crate) struct Tax {
    pub(crate) rate: Decimal,
    pub(crate) base: Decimal,
    pub(crate) amount: Decimal,
}

/// The invoice that a credit note takes back.
pub(crate) struct Corrected {
    pub(crate) number: String,
    pub(crate) on: Date,
    pub(crate) ksef: String,
    pub(crate) reason: String,
}

pub(crate) enum Found {
    Ready(Source),
    /// Not yet.
    Wait(String),
    Faulty(Vec<String>),
}

#[derive(Record)]
struct Invoice {
    number: Option<String>,
    kind: String,
    company: Id,
    party: Id,
    dated_on: Date,
    due_on: Option<Date>,
    currency: Id,
    rate: Option<Decimal>,
    corrects: Option<Id>,
    reason: Option<String>,
    total: Decimal,
}

const INVOICE: [&str; 11] = [
    "number", "kind", "company", "party", "dated_on", "due_on", "currency", "rate", "corrects",
    "reason", "total",
];

#[derive(Record)]
struct Company {
    name: String,
    tax_number: Option<String>,
    address: Option<String>,
    currency: Id,
}

#[derive(Record)]
struct Party {
    name: String,
    tax_number: Option<String>,
    country: Option<String>,
    kind: String,
}

#[derive(Record)]
struct Address {
    kind: String,
    street: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    country: Option<String>,
}

#[derive(Record)]
struct Code {
    code: String,
}

#[derive(Record)]
struct Rate {
    rate: Decimal,
}

#[derive(Record)]
struct Own {
    product: Option<Id>,
    description: String,
    quantity: Decimal,
    unit_price: Option<Decimal>,
    discount: Decimal,
    tax_code: Option<Id>,
    amount: Decimal,
}

#[derive(Record)]
struct OwnTax {
    tax_code: Id,
    base: Decimal,
    amount: Decimal,
}

#[derive(Record)]
struct Unit {
    unit: Id,
}

#[derive(Record)]
struct Symbol {
    name: String,
    symbol: Option<String>,
}

impl Source {
    pub(crate) fn read(cx: &Cx, id: Id) -> Answer<Found> {
        let invoice: Invoice = got(cx, "accounting.invoice", id, &INVOICE)?;
        let company: Company =
            got(cx, "company", invoice.company, &["name", "tax_number", "address", "currency"])?;
        let party: Party =
            got(cx, "party", invoice.party, &["name", "tax_number", "country", "kind"])?;
        let currency: Code = got(cx, "currency", invoice.currency, &["code"])?;
        let own: Code = got(cx, "currency", company.currency, &["code"])?;
        let mut faults = Vec::new();
        let corrects = match corrected(cx, &invoice)? {
            Ok(corrects) => corrects,
            Err(why) => return Ok(Found::Wait(why)),
        };
        if own.code != "PLN" {
            faults.push(format!("the books are kept in {}, not in PLN", own.code));
        }
        let seller = seller(&company, &mut faults);
        let buyer = buyer(cx, invoice.party, &party, &mut faults)?;
        if invoice.kind == "credit_note" && corrects.is_none() {
            faults.push("a credit note says which invoice it corrects".to_owned());
        }
        let (lines, taxes) = (lines(cx, id)?, taxes(cx, id)?);
        if lines.len() >= 500 {
            faults.push("it has more lines than are read at once".to_owned());
        }
        if !faults.is_empty() {
            return Ok(Found::Faulty(faults));
        }
        Ok(Found::Ready(Source {
            now: cx.now(),
            number: invoice.number.unwrap_or_default(),
            on: invoice.dated_on,
            due: invoice.due_on,
            currency: currency.code,
            rate: invoice.rate.unwrap_or(Decimal::ONE),
            total: invoice.total,
            seller,
            buyer,
            lines,
            taxes,
            corrects,
        }))
    }
}

fn got<T: Record>(cx: &Cx, model: &str, id: Id, fields: &[&str]) -> Answer<T> {
    let found = cx.get(model, id, fields)?;
    found.ok_or_else(|| format!("it may not see {model} {}", id.0))
}

fn each<T: Record>(cx: &Cx, model: &str, filter: &str, fields: &[&str]) -> Answer<Vec<T>> {
    let found: Vec<Entity> = cx.sorted(model, filter, &["position"], (fields, LINES_MAX))?;
    found.iter().map(|entity| T::read(&Part::of(entity))).collect()
}

fn seller(company: &Company, faults: &mut Vec<String>) -> Seller {
    let number = company.tax_number.as_deref().unwrap_or_default();
    let nip = nip::nip(number).unwrap_or_else(|| {
        faults.push(format!("`{number}`, the company's tax number, is no NIP"));
        String::new()
    });
    let lines = company.address.as_deref().unwrap_or_default().lines();
    let address: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    if address.iter().all(String::is_empty) {
        faults.push("the company has no address".to_owned());
    }
    Seller { nip, name: company.name.clone(), address }
}

fn buyer(cx: &Cx, id: Id, party: &Party, faults: &mut Vec<String>) -> Answer<Buyer> {
    let fields = ["kind", "street", "postal_code", "city", "country"];
    let all: Vec<Address> = each(cx, "address", &format!("party == {}", id.0), &fields)?;
    let of = |kind: &str| all.iter().find(|address| address.kind == kind);
    let address = of("invoice").or_else(|| of("main")).or_else(|| all.first());
    let own = address.and_then(|address| address.country.clone());
    let country = party.country.clone().or(own).unwrap_or_else(|| "PL".to_owned());
    let number = party.tax_number.as_deref().unwrap_or_default();
    let number = nip::of_buyer(&country, number).unwrap_or_else(|why| {
        faults.push(format!("the buyer's tax number: {why}"));
        Number::None
    });
    if number == Number::None && country == "PL" && party.kind == "organisation" {
        faults.push("the buyer is an organisation in Poland and has no tax number".to_owned());
    }
    let lines = address.map_or_else(Vec::new, |address| {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let place = format!("{} {}", part(&address.postal_code), part(&address.city));
        vec![part(&address.street), place.trim().to_owned()]
    });
    Ok(Buyer { number, name: party.name.clone(), country, address: lines })
}

fn lines(cx: &Cx, invoice: Id) -> Answer<Vec<Line>> {
    let fields =
        ["product", "description", "quantity", "unit_price", "discount", "tax_code", "amount"];
    let filter = format!("invoice == {}", invoice.0);
    let own: Vec<Own> = each(cx, "accounting.invoice_line", &filter, &fields)?;
    own.into_iter().map(|own| line(cx, own)).collect()
}

fn line(cx: &Cx, own: Own) -> Answer<Line> {
    let unit = match own.product {
        Some(product) => {
            let Unit { unit } = got(cx, "product", product, &["unit"])?;
            let Symbol { name, symbol } = got(cx, "unit", unit, &["name", "symbol"])?;
            Some(symbol.unwrap_or(name))
        }
        None => None,
    };
    Ok(Line {
        name: own.description,
        unit,
        quantity: own.quantity,
        unit_price: own.unit_price.unwrap_or_default(),
        discount: own.discount,
        amount: own.amount,
        rate: own.tax_code.map_or(Ok(Decimal::MAX), |code| rate(cx, code))?,
    })
}

fn taxes(cx: &Cx, invoice: Id) -> Answer<Vec<Tax>> {
    let filter = format!("invoice == {}", invoice.0);
    let fields = ["tax_code", "base", "amount"];
    let own: Vec<OwnTax> = each(cx, "accounting.invoice_tax", &filter, &fields)?;
    let one =
        |own: OwnTax| Ok(Tax { rate: rate(cx, own.tax_code)?, base: own.base, amount: own.amount });
    own.into_iter().map(one).collect()
}

fn rate(cx: &Cx, code: Id) -> Answer<Decimal> {
    let Rate { rate } = got(cx, "tax_code", code, &["rate"])?;
    Ok(rate)
}

/// The invoice that this one corrects, when KSeF has it.
fn corrected(cx: &Cx, invoice: &Invoice) -> Answer<Result<Option<Corrected>, String>> {
    let Some(id) = invoice.corrects else { return Ok(Ok(None)) };
    let first: Invoice = got(cx, "accounting.invoice", id, &INVOICE)?;
    let number = first.number.unwrap_or_default();
    let kept = State::of(cx.kept(&crate::key(id))?.as_deref());
    let Some(ksef) = kept.number else {
        return Ok(Err(format!("{number}, which it corrects, has no number of KSeF yet")));
    };
    Ok(Ok(Some(Corrected {
        number,
        on: first.dated_on,
        ksef,
        reason: invoice.reason.clone().unwrap_or_default(),
    })))
}
