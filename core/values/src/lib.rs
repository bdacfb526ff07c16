//! The values everything else speaks in: ids, money, quantities, `Value`, problems and limits.
//! Not here: what a field is (crate `schema`), and whatever reads a clock, a file or a database.
//! Architecture invariants: pure; no floating point anywhere.
//! Go on with `value.rs` for what a field can hold, `money.rs` and `rounding.rs` for arithmetic.

mod currency;
mod id;
pub mod limits;
mod locale;
mod money;
mod problem;
mod quantity;
mod rounding;
mod scaled;
mod value;

pub use currency::{currencies, currency_exponent};
pub use id::{Any, AnyId, Id};
pub use locale::Locale;
pub use money::Money;
pub use problem::{Problem, Unreadable};
pub use quantity::Quantity;
pub use rounding::{Rounding, allocate, quotient, round, share};
pub use value::Value;

pub use jiff::{Timestamp, civil::Date};
pub use rust_decimal::Decimal;
