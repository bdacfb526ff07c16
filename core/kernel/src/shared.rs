//! Ready structs over the shared models, for kernel and modules. Each names the fields that Rust
//! code asks for; the whole model is its TOML in `models/`.

use fondaco_values::{AnyId, Date, Decimal, Id, Money, Quantity, Timestamp};

use crate::Record;

#[derive(Record, Clone, Debug)]
#[record("company")]
pub struct Company {
    pub id: Id<Company>,
    pub name: String,
    pub currency: Id<Currency>,
    pub country: Option<String>,
    pub fiscal_year_start: i64,
    pub calendar: Option<Id<Calendar>>,
}

#[derive(Record, Clone, Debug)]
#[record("currency")]
pub struct Currency {
    pub id: Id<Currency>,
    pub code: String,
    /// Decimals of the minor unit.
    pub exponent: i64,
}

impl Currency {
    /// Decimals of the minor unit, as amounts take it.
    pub fn decimals(&self) -> u8 {
        u8::try_from(self.exponent).unwrap_or(2)
    }
}

#[derive(Record, Clone, Debug)]
#[record("exchange_rate")]
pub struct ExchangeRate {
    pub id: Id<ExchangeRate>,
    pub date: Date,
    pub from_currency: Id<Currency>,
    pub to_currency: Id<Currency>,
    /// Units of the second currency for one of the first.
    pub rate: Decimal,
}

#[derive(Record, Clone, Debug)]
#[record("unit")]
pub struct Unit {
    pub id: Id<Unit>,
    pub name: String,
    pub category: AnyId,
    /// Base units in one of these.
    pub factor: Decimal,
    pub decimals: i64,
}

#[derive(Record, Clone, Debug)]
#[record("calendar")]
pub struct Calendar {
    pub id: Id<Calendar>,
    pub monday: bool,
    pub tuesday: bool,
    pub wednesday: bool,
    pub thursday: bool,
    pub friday: bool,
    pub saturday: bool,
    pub sunday: bool,
    pub hours_per_day: Decimal,
    pub holidays: Vec<Holiday>,
}

#[derive(Record, Clone, Debug)]
#[record("holiday")]
pub struct Holiday {
    pub id: Id<Holiday>,
    pub date: Date,
}

#[derive(Record, Clone, Debug)]
#[record("party")]
pub struct Party {
    pub id: Id<Party>,
    pub version: i64,
    pub name: String,
    pub code: Option<String>,
    /// `person` or `organisation`.
    pub kind: String,
    pub customer: bool,
    pub supplier: bool,
    pub employee: bool,
    pub prospect: bool,
    pub tax_number: Option<String>,
    pub country: Option<String>,
    pub currency: Option<Id<Currency>>,
    pub payment_term: Option<Id<PaymentTerm>>,
    /// In the company's currency; `None` = no limit.
    pub credit_limit: Option<Money>,
    pub active: bool,
}

#[derive(Record, Clone, Debug)]
#[record("address")]
pub struct Address {
    pub id: Id<Address>,
    pub party: Id<Party>,
    pub kind: String,
    pub street: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("contact_way")]
pub struct ContactWay {
    pub id: Id<ContactWay>,
    pub party: Id<Party>,
    /// `email`, `phone`, `mobile`, …
    pub kind: String,
    pub value: String,
}

#[derive(Record, Clone, Debug)]
#[record("contact")]
pub struct Contact {
    pub id: Id<Contact>,
    pub version: i64,
    pub name: String,
    pub party: Option<Id<Party>>,
    pub job_title: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("product")]
pub struct Product {
    pub id: Id<Product>,
    pub version: i64,
    pub code: String,
    pub name: String,
    /// `goods`, `service` or `configurable`.
    pub kind: String,
    pub category: Option<Id<ProductCategory>>,
    pub unit: Id<Unit>,
    /// `average` or `standard`.
    pub cost_method: String,
    /// `stock`, `make` or `buy`: what happens when it is short.
    pub supply: String,
    pub list_price: Money,
    pub standard_cost: Option<Money>,
    pub weight: Option<Decimal>,
    /// `none`, `lot` or `serial`.
    pub lot_policy: String,
    pub tax_code: Option<Id<TaxCode>>,
    pub purchase_tax_code: Option<Id<TaxCode>>,
    /// The configurable product that this one was configured from, and how.
    pub variant_of: Option<Id<Product>>,
    pub choice: Option<serde_json::Value>,
    pub active: bool,
}

impl Product {
    /// Whether it is counted in stock.
    pub fn is_goods(&self) -> bool {
        self.kind == "goods"
    }
}

#[derive(Record, Clone, Debug)]
#[record("product_category")]
pub struct ProductCategory {
    pub id: Id<ProductCategory>,
    pub name: String,
    pub parent: Option<Id<ProductCategory>>,
    pub stock_account: Option<AnyId>,
    pub cost_of_sales_account: Option<AnyId>,
    pub revenue_account: Option<AnyId>,
    pub expense_account: Option<AnyId>,
    pub wip_account: Option<AnyId>,
    pub price_difference_account: Option<AnyId>,
}

#[derive(Record, Clone, Debug)]
#[record("price")]
pub struct Price {
    pub id: Id<Price>,
    pub product: Id<Product>,
    pub currency: Id<Currency>,
    pub min_quantity: Quantity,
    pub price: Money,
    pub valid_from: Option<Date>,
    pub valid_until: Option<Date>,
}

#[derive(Record, Clone, Debug)]
#[record("tax_code")]
pub struct TaxCode {
    pub id: Id<TaxCode>,
    pub code: String,
    pub name: String,
    /// `sales` or `purchase`.
    pub kind: String,
    /// 0.2 for 20 %.
    pub rate: Decimal,
    pub account: Option<AnyId>,
}

#[derive(Record, Clone, Debug)]
#[record("payment_term")]
pub struct PaymentTerm {
    pub id: Id<PaymentTerm>,
    pub name: String,
    pub lines: Vec<PaymentTermLine>,
}

#[derive(Record, Clone, Debug)]
#[record("payment_term_line")]
pub struct PaymentTermLine {
    pub id: Id<PaymentTermLine>,
    /// Of the invoice; the last line takes what is left.
    pub share: Decimal,
    pub days: i64,
    pub end_of_month: bool,
}

#[derive(Record, Clone, Debug, Default)]
#[record("user")]
pub struct User {
    pub id: Id<User>,
    pub version: i64,
    pub login: String,
    pub name: String,
    pub party: Option<Id<Party>>,
    pub language: String,
    pub active: bool,
    pub companies: Vec<Id<Company>>,
    pub roles: Vec<UserRole>,
}

#[derive(Record, Clone, Debug, Default)]
#[record("user_role")]
pub struct UserRole {
    pub id: Id<UserRole>,
    /// The name of a role of the schema.
    pub role: String,
    /// Only when working in this company.
    pub company: Option<Id<Company>>,
}

#[derive(Record, Clone, Debug)]
#[record("activity")]
pub struct Activity {
    pub id: Id<Activity>,
    pub version: i64,
    /// The record that it belongs to.
    pub model: Option<String>,
    pub record: Option<i64>,
    /// `task`, `call`, `meeting` or `email`.
    pub kind: String,
    pub title: String,
    pub note: Option<String>,
    pub due: Option<Date>,
    pub assigned: Option<Id<User>>,
    pub done: bool,
}

#[derive(Record, Clone, Debug)]
#[record("note")]
pub struct Note {
    pub id: Id<Note>,
    pub model: String,
    pub record: i64,
    pub text: String,
    pub created_at: Option<Timestamp>,
    pub created_by: Option<Id<User>>,
}

#[derive(Record, Clone, Debug, Default)]
#[record("attachment")]
pub struct Attachment {
    pub id: Id<Attachment>,
    pub name: String,
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// Digest of the content in the file store.
    pub hash: Option<String>,
    /// The record that it belongs to.
    pub model: Option<String>,
    pub record: Option<i64>,
    pub created_at: Option<Timestamp>,
    pub created_by: Option<Id<User>>,
}
