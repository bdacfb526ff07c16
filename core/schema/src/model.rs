//! A model: fields, states, actions, access, views and indexes of one kind of record, resolved.
//! What belongs to no single model (roles, reports, modules) is in `schema`.

use indexmap::IndexMap;
use serde::Serialize;

use crate::{Expr, Field, Kind};

/// One kind of record.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    /// `sales.order`; the kernel's own have no dot.
    pub name: String,
    pub label: String,
    pub plural: String,
    /// `sales`, `kernel`, `company` or the name of a plugin.
    pub module: String,
    /// The field shown as the record's name.
    pub title: String,
    pub number: Option<Numbering>,
    /// One set of records for all companies; otherwise each belongs to one company.
    pub shared: bool,
    /// System fields included.
    pub fields: IndexMap<String, Field>,
    pub states: Option<States>,
    pub actions: IndexMap<String, Action>,
    /// By name of role. A right that is not here is not given.
    pub access: IndexMap<String, Grant>,
    /// Checked (each name is a field), kept as it was written for the pages.
    pub views: serde_json::Value,
    pub indexes: Vec<Index>,
    /// Set when its records are the lines of another model's.
    pub owner: Option<Owner>,
    /// Computed fields, each after those that it reads.
    pub computed: Vec<String>,
    pub help: String,
}

impl Model {
    /// The name of its table: `sales.order` → `sales_order`.
    pub fn table(&self) -> String {
        self.name.replace('.', "_")
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.get_index_of(name)
    }

    /// Its fields of kind lines: the field, the child model and the child's link back.
    pub fn lines(&self) -> impl Iterator<Item = (&Field, &str, &str)> {
        self.fields.values().filter_map(|field| match &field.kind {
            Kind::Lines { of, by } => Some((field, of.as_str(), by.as_str())),
            _ => None,
        })
    }

    /// The fields that full-text search looks into.
    pub fn searchable(&self) -> impl Iterator<Item = &Field> {
        self.fields.values().filter(|field| field.search)
    }

    /// The link of the child model `of` that leads back to this model's records.
    pub fn link_of_child(&self, of: &str) -> Option<&str> {
        self.lines().find(|(_, child, _)| *child == of).map(|(_, _, by)| by)
    }

    pub fn is_line(&self) -> bool {
        self.owner.is_some()
    }
}

/// How the documents of a model are numbered. Each template is a series of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Numbering {
    /// All by one template, such as `SO-{year}-{seq:5}`.
    One(String),
    /// By the value of a required choice field.
    ByChoice { field: String, templates: IndexMap<String, String> },
}

/// The states a record goes through; they are the choices of the system field `state`.
#[derive(Clone, Debug, Serialize)]
pub struct States {
    pub initial: String,
    pub values: Vec<String>,
    pub labels: IndexMap<String, String>,
    /// Those in which something is begun and not at its end: others count on it.
    pub open: Vec<String>,
}

/// A deed on one record: a button, a route and a right.
#[derive(Clone, Debug, Serialize)]
pub struct Action {
    pub name: String,
    pub label: String,
    pub help: String,
    /// States it may start from; empty means any.
    pub from: Vec<String>,
    /// The state it leads to; `None` leaves it.
    pub to: Option<String>,
    /// Must be true of the record; otherwise `refusal` is the answer.
    pub require: Option<Expr>,
    pub refusal: Option<String>,
    pub args: IndexMap<String, Field>,
    /// Draws the document number.
    pub number: bool,
    /// Only for Rust: not offered by the API or the pages.
    pub internal: bool,
}

/// What a role may do with a model's records. `None` is no right; an expression limits it to the
/// records of which it is true.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Grant {
    pub read: Option<Expr>,
    pub create: Option<Expr>,
    pub write: Option<Expr>,
    pub delete: Option<Expr>,
    /// By name of action; `None` as condition means always.
    pub actions: IndexMap<String, Option<Expr>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Index {
    pub name: String,
    pub fields: Vec<String>,
    pub unique: bool,
}

/// Whose lines the records of a line model are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// The parent model.
    pub parent: String,
    /// The parent's field of kind lines.
    pub lines: String,
    /// The own link that leads to the parent.
    pub by: String,
}
