//! The expression language: row rules, guards, computed fields, defaults and filters. A subset of
//! CEL (the crate `cel` parses it), type-checked against the schema, total and without side effects.
//!
//! Two-valued: a comparison with null is false, `x != y` is true when exactly one is null,
//! `x == null` asks; a null condition is false; arithmetic and functions with null give null.
//! SQL is not written here: the kernel writes it from [`Node`]. Next: [`Node`], then `eval`.

mod node;
mod scope;
mod ty;

pub use node::{ActorAttr, Aggregate, FieldRef, Fold, Func, Node, Op};
pub use scope::Scope;
pub use ty::Type;

/// A checked expression with the text it was written as.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub source: String,
    pub node: Node,
    pub ty: Type,
}

impl serde::Serialize for Expr {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.source)
    }
}
