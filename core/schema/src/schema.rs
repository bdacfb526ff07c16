//! The whole schema: what the kernel, the modules, the company and the plugins declare together.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::expr::FieldRef;
use crate::suggest::did_you_mean;
use crate::template::Template;
use crate::{Class, Expr, Field, Kind, Model};

/// All models, modules, roles and reports, resolved and checked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Schema {
    #[serde(serialize_with = "models")]
    pub models: IndexMap<String, Arc<Model>>,
    pub modules: IndexMap<String, ModuleInfo>,
    pub roles: IndexMap<String, Role>,
    pub separations: Vec<Separation>,
    pub reports: IndexMap<String, Report>,
    pub dashboards: IndexMap<String, Dashboard>,
    pub documents: IndexMap<String, Template>,
}

fn models<S: serde::Serializer>(
    models: &IndexMap<String, Arc<Model>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(models.iter().map(|(name, model)| (name, model.as_ref())))
}

impl Schema {
    pub fn model(&self, name: &str) -> Option<&Arc<Model>> {
        self.models.get(name)
    }

    /// The model and one of its fields.
    pub fn field(&self, model: &str, field: &str) -> Option<(&Arc<Model>, &Field)> {
        let model = self.models.get(model)?;
        Some((model, model.fields.get(field)?))
    }

    /// The fields along a path such as `customer.name`: all but the last are links. The refusal names
    /// what is not there and what may be meant.
    pub fn path(&self, model: &str, path: &str) -> Result<Vec<FieldRef>, String> {
        const FIELDS_MAX: usize = 4;
        let mut at =
            self.models.get(model).ok_or_else(|| format!("there is no model `{model}`"))?;
        let names: Vec<&str> = path.split('.').collect();
        if names.len() > FIELDS_MAX {
            return Err(format!("`{path}` goes over more than {} links", FIELDS_MAX - 1));
        }
        let mut fields = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let Some(field) = at.field(name) else {
                let message = format!("`{}` has no field `{name}`", at.name);
                let help = did_you_mean(name, at.fields.keys().map(String::as_str));
                return Err(help.map_or(message.clone(), |help| format!("{message}; {help}")));
            };
            fields.push(FieldRef {
                model: at.name.clone(),
                field: field.name.clone(),
                ty: field.kind.ty(),
                scale: field.kind.scale(),
            });
            if place + 1 < names.len() {
                let Kind::Link { to } = &field.kind else {
                    return Err(format!(
                        "`{name}` is not a link; nothing can follow it in `{path}`"
                    ));
                };
                at = self.models.get(to).ok_or_else(|| format!("there is no model `{to}`"))?;
            }
        }
        Ok(fields)
    }

    /// `(model, field)` of all that a path reads: a field, one over links, or one of lines
    /// (`lines.product`).
    ///
    /// # Errors
    /// As [`Schema::path`].
    pub fn reading(&self, model: &str, path: &str) -> Result<Vec<(String, String)>, String> {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let lines = self.field(model, first).and_then(|(_, field)| match &field.kind {
            Kind::Lines { of, .. } => Some(of.as_str()),
            _ => None,
        });
        let own = |path: Vec<FieldRef>| path.into_iter().map(|at| (at.model, at.field)).collect();
        match lines {
            Some(_) if rest.is_empty() => {
                Err(format!("`{path}` is lines: name their fields, such as `{path}.…`"))
            }
            Some(of) => {
                let mut fields = vec![(model.to_owned(), first.to_owned())];
                fields.extend::<Vec<_>>(own(self.path(of, rest)?));
                Ok(fields)
            }
            None => self.path(model, path).map(own),
        }
    }

    /// The same for what a step of a price is told: paths from the `product` and from the `party`.
    ///
    /// # Errors
    /// As [`Schema::path`].
    pub fn reading_for_price(&self, path: &str) -> Result<Vec<(String, String)>, String> {
        match path.split_once('.') {
            Some((model @ ("product" | "party"), rest)) => self.reading(model, rest),
            _ => Err(format!("`{path}` begins with neither `product.` nor `party.`")),
        }
    }
}

/// What a `module.toml` says of a module.
#[derive(Clone, Debug, Serialize)]
pub struct ModuleInfo {
    pub name: String,
    pub title: String,
    pub help: String,
    pub version: semver::Version,
    /// The versions of the kernel that it works with.
    pub kernel: semver::VersionReq,
    /// Who declares it: a module's own name, `kernel`, or a plugin.
    pub by: String,
    pub menu: Vec<MenuItem>,
}

#[derive(Clone, Debug, Serialize)]
pub struct MenuItem {
    pub label: String,
    #[serde(flatten)]
    pub target: Target,
    /// Another way to look at the model than its list, such as `timeline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
}

/// Where a menu item leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Model(String),
    Report(String),
}

/// A named set of rights; the rights themselves stand in [`Model::access`].
#[derive(Clone, Debug, Serialize)]
pub struct Role {
    pub name: String,
    pub label: String,
    pub help: String,
    /// The module that declares it, or `kernel`, `company`, or a plugin's name.
    pub module: String,
    /// Roles whose rights it has too.
    pub includes: Vec<String>,
    /// Field classes it may read, besides public ones.
    pub classes: Vec<Class>,
    /// Field classes it may write, besides public ones.
    pub write_classes: Vec<Class>,
}

/// Two roles that one person must not hold.
#[derive(Clone, Debug, Serialize)]
pub struct Separation {
    pub roles: [String; 2],
    pub reason: String,
}

/// A report: its rows come from Rust, registered under the same name, or are records as it says itself.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub name: String,
    pub label: String,
    pub help: String,
    pub module: String,
    pub params: IndexMap<String, Field>,
    pub columns: Vec<Column>,
    /// Who may run it. Empty: nobody but the administrator.
    pub roles: Vec<String>,
    pub chart: Option<Chart>,
    /// A column whose value stands once above the rows that have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A column of whole numbers: how far in a row stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indent: Option<String>,
    /// Rows that have nothing in this column are sums of others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sums_without: Option<String>,
    /// Texts of the report's own that stand among its values, such as `Total assets`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// How two periods are put side by side; none where that says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<Comparison>,
    /// The records that are its rows, for a report without code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
}

/// The records that are the rows of a report: as far as whoever runs it may see them.
#[derive(Clone, Debug, Serialize)]
pub struct Rows {
    pub of: String,
    pub filter: Option<Expr>,
    /// Fields; `-` before one turns it around.
    pub sort: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Column {
    pub name: String,
    pub label: String,
    #[serde(flatten)]
    pub kind: Kind,
    /// Where a cell leads; that of a link leads to its record by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<Opens>,
    /// For programs and for what other cells open; no page shows it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// A choice, such as `account.kind`, whose values its texts are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_of: Option<[String; 2]>,
}

/// What a cell of a report opens. All names are those of columns, if not said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Opens {
    /// The entry of the ledger whose number stands in a column.
    Entry(String),
    /// The record that a link leads to.
    Record(String),
    /// The record whose model and id stand in two columns.
    Document { model: String, id: String },
    /// Another report; its parameters from columns and parameters of this one.
    Report { report: String, with: IndexMap<String, String> },
}

/// The columns that tell which rows of two periods belong together, the parameters that are moved,
/// and the columns that are compared.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    pub by: Vec<String>,
    /// A day, or the first and the last one.
    pub dates: Vec<String>,
    pub figures: Vec<String>,
}

impl Report {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// How a report is drawn: `kind` is bar, line, area or pie; `x` and `y` are columns.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    pub kind: String,
    pub x: String,
    pub y: Vec<String>,
}
