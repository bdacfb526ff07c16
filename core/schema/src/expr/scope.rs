//! What an expression sees when it is evaluated in memory: one record and who acts.

use fondaco_values::{Date, Timestamp, Value};

use super::{ActorAttr, FieldRef};

/// One record in its surroundings. What is not known is null.
pub trait Scope {
    /// The value at the end of `path`, whose first part is a field of this record.
    fn field(&self, path: &[FieldRef]) -> Value;
    /// The lines of this record's field of kind lines, in order.
    fn lines(&self, field: &str) -> Vec<Box<dyn Scope + '_>>;
    fn actor(&self, attr: ActorAttr) -> Value;
    /// A field of the company one works in.
    fn company(&self, field: &str) -> Value;
    fn now(&self) -> Timestamp;
    fn today(&self) -> Date;
}
