//! The expression language: row rules, guards, computed fields, defaults and filters. A subset of
//! CEL (the crate `cel` parses it), type-checked against the schema, total and without side effects.
//!
//! Two-valued: a comparison with null is false, `x != y` is true when exactly one is null,
//! `x == null` asks; a null condition is false; arithmetic and functions with null give null.
//! SQL is not written here: the kernel writes it from [`Node`]. Next: [`Node`], then `eval`.

mod aggregate;
mod call;
mod check;
mod compile;
mod eval;
mod node;
mod operator;
mod scope;
mod ty;

pub use compile::compile;
pub use eval::eval;

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

impl Expr {
    /// The paths over links that it reads, seen from the record; those of lines begin with the field
    /// of lines. What must be loaded before it is evaluated.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        paths(&self.node, &mut vec![Vec::new()], &mut found);
        found.retain(|path| path.len() > 1);
        found.sort();
        found.dedup();
        found
    }

    /// All fields that it reads, of whatever record: who may not read them may not ask by them.
    pub fn reads(&self) -> Vec<&FieldRef> {
        let mut found = Vec::new();
        self.node.walk(&mut |node| match node {
            Node::Field { path, .. } => found.extend(path),
            Node::Company(field) => found.push(field),
            Node::Aggregate(aggregate) => found.push(&aggregate.lines),
            _ => {}
        });
        found
    }
}

/// `places` are where the records in sight are found from the record itself, the innermost last.
fn paths(node: &Node, places: &mut Vec<Vec<String>>, found: &mut Vec<Vec<String>>) {
    let place = |places: &[Vec<String>], level: u8| {
        let at = places.len().checked_sub(1 + usize::from(level));
        at.and_then(|at| places.get(at).cloned()).unwrap_or_default()
    };
    match node {
        Node::Field { level, path } => {
            let mut names = place(places, *level);
            names.extend(path.iter().map(|part| part.field.clone()));
            found.push(names);
        }
        Node::Aggregate(aggregate) => {
            let mut lines = place(places, aggregate.level);
            lines.push(aggregate.lines.field.clone());
            places.push(lines);
            for child in node.children() {
                paths(child, places, found);
            }
            places.pop();
        }
        node => {
            for child in node.children() {
                paths(child, places, found);
            }
        }
    }
}
