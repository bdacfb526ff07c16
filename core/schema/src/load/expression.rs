//! Expressions wait until all models are known; then each is compiled and put where it belongs.
//! Computed fields are brought into an order, and stored ones are held to what cannot go stale.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Loader;
use super::document::{Faults, Place, Text};
use crate::expr::{Expr, Node, Type, compile};
use crate::{Field, Grant, Kind, Model, Schema};

/// An expression that is not compiled yet.
pub(super) struct Pending {
    text: Text,
    /// The model it stands in; empty where there is none.
    model: String,
    slot: Slot,
    expect: Type,
}

/// Where a compiled expression goes.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Default {
        field: String,
    },
    Compute {
        field: String,
    },
    Require {
        action: String,
    },
    Arg {
        action: String,
        arg: String,
    },
    Grant {
        role: String,
        right: Right,
    },
    GrantAction {
        role: String,
        action: String,
    },
    Param {
        report: String,
        param: String,
    },
    /// Which records are the rows of a report.
    Rows {
        report: String,
    },
}

/// The rights besides actions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Right {
    Read,
    Create,
    Write,
    Delete,
}

impl Right {
    pub(super) const ALL: [(&'static str, Right); 4] = [
        ("read", Right::Read),
        ("create", Right::Create),
        ("write", Right::Write),
        ("delete", Right::Delete),
    ];

    fn of(self, grant: &mut Grant) -> &mut Option<Expr> {
        match self {
            Right::Read => &mut grant.read,
            Right::Create => &mut grant.create,
            Right::Write => &mut grant.write,
            Right::Delete => &mut grant.delete,
        }
    }
}

impl Loader<'_> {
    /// Keeps an expression for when all models are known.
    pub(super) fn later(&mut self, text: Option<Text>, model: &str, slot: Slot, expect: Type) {
        if let Some(text) = text {
            self.pending.push(Pending { text, model: model.to_owned(), slot, expect });
        }
    }
}

impl Loader<'_> {
    /// Takes back the condition of an action that waits.
    pub(super) fn take_pending(&mut self, model: &str, action: &str) -> Option<Text> {
        let is_it = |pending: &Pending| {
            let required = matches!(&pending.slot, Slot::Require { action: of } if of == action);
            required && pending.model == model
        };
        let at = self.pending.iter().position(is_it)?;
        Some(self.pending.remove(at).text)
    }
}

/// Compiles all and puts them into the schema.
pub(super) fn compile_all(schema: &mut Schema, pending: Vec<Pending>, faults: &mut Faults<'_>) {
    let nothing = nothing();
    let mut compiled = Vec::new();
    for Pending { text, model, slot, expect } in pending {
        let known = schema.models.get(&model).map_or(&nothing, Arc::as_ref);
        let expr = compile(&text.text, known, schema, Some(&expect));
        let expr = expr.and_then(|expr| match of_choice(schema, &model, &slot, &expr) {
            Some(message) => Err(message),
            None => Ok(expr),
        });
        match expr {
            Ok(expr) => compiled.push((model, slot, expr)),
            Err(message) => {
                faults.at(text.place, format!("expression `{}`: {message}", text.text));
            }
        }
    }
    for (model, slot, expr) in compiled {
        put(schema, &model, slot, expr);
    }
}

/// A model without fields, for expressions that stand in none.
fn nothing() -> Model {
    Model {
        name: "nothing".to_owned(),
        label: String::new(),
        plural: String::new(),
        module: String::new(),
        title: String::new(),
        number: None,
        shared: true,
        fields: IndexMap::new(),
        states: None,
        actions: IndexMap::new(),
        access: IndexMap::new(),
        views: serde_json::Value::Null,
        indexes: Vec::new(),
        owner: None,
        computed: Vec::new(),
        help: String::new(),
    }
}

/// The field that a slot fills, when it is one.
fn field_of<'a>(schema: &'a Schema, model: &str, slot: &Slot) -> Option<&'a Field> {
    let model = schema.models.get(model);
    match slot {
        Slot::Default { field } | Slot::Compute { field } => model?.field(field),
        Slot::Arg { action, arg } => model?.actions.get(action)?.args.get(arg),
        Slot::Param { report, param } => schema.reports.get(report)?.params.get(param),
        _ => None,
    }
}

/// A choice gets only what it can hold.
fn of_choice(schema: &Schema, model: &str, slot: &Slot, expr: &Expr) -> Option<String> {
    let Kind::Choice { values } = &field_of(schema, model, slot)?.kind else { return None };
    let known = || values.iter().map(|choice| choice.value.as_str());
    let mut ends = Vec::new();
    results(&expr.node, &mut ends);
    ends.into_iter().find(|text| !known().any(|value| value == *text)).map(|text| {
        let help = crate::suggest::did_you_mean(text, known());
        let known = known().collect::<Vec<_>>().join(", ");
        format!("'{text}' is none of the values {known}")
            + &help.map(|help| format!("; {help}")).unwrap_or_default()
    })
}

/// The literal texts that an expression may come out as.
fn results<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
    match node {
        Node::Literal { value, .. } => found.extend(value.as_text()),
        Node::If { then, otherwise, .. } => {
            results(then, found);
            results(otherwise, found);
        }
        Node::Call { func: crate::expr::Func::Coalesce, args, .. } => {
            args.iter().for_each(|arg| results(arg, found));
        }
        _ => {}
    }
}

fn put(schema: &mut Schema, model: &str, slot: Slot, expr: Expr) {
    let target = match slot {
        Slot::Param { report, param } => {
            let params = schema.reports.get_mut(&report).map(|report| &mut report.params);
            params.and_then(|params| params.get_mut(&param)).map(|param| &mut param.default)
        }
        Slot::Rows { report } => {
            let rows = schema.reports.get_mut(&report).and_then(|report| report.rows.as_mut());
            rows.map(|rows| &mut rows.filter)
        }
        slot => schema.models.get_mut(model).map(Arc::make_mut).and_then(|model| match slot {
            Slot::Default { field } => model.fields.get_mut(&field).map(|field| &mut field.default),
            Slot::Compute { field } => model.fields.get_mut(&field).map(|field| &mut field.compute),
            Slot::Require { action } => {
                model.actions.get_mut(&action).map(|action| &mut action.require)
            }
            Slot::Arg { action, arg } => {
                let args = model.actions.get_mut(&action).map(|action| &mut action.args);
                args.and_then(|args| args.get_mut(&arg)).map(|arg| &mut arg.default)
            }
            Slot::Grant { role, right } => model.access.get_mut(&role).map(|grant| right.of(grant)),
            Slot::GrantAction { role, action } => {
                model.access.get_mut(&role).and_then(|grant| grant.actions.get_mut(&action))
            }
            Slot::Param { .. } | Slot::Rows { .. } => None,
        }),
    };
    if let Some(target) = target {
        *target = Some(expr);
    }
}

type Name = (String, String);

/// Brings the computed fields of each model into the order they are to be computed in; circles are
/// faults, over several models too.
pub(super) fn order_computed(
    schema: &mut Schema,
    places: &HashMap<Name, Place>,
    faults: &mut Faults<'_>,
) {
    let mut reads: IndexMap<Name, Vec<Name>> = IndexMap::new();
    for model in schema.models.values() {
        for field in model.fields.values() {
            let Some(compute) = &field.compute else { continue };
            let read = compute.reads();
            let names = read.iter().map(|read| (read.model.clone(), read.field.clone()));
            reads.insert((model.name.clone(), field.name.clone()), names.collect());
        }
    }
    let mut ordered: Vec<Name> = Vec::new();
    let mut circles: Vec<Vec<Name>> = Vec::new();
    for name in reads.keys() {
        visit(name, &reads, &mut Vec::new(), &mut ordered, &mut circles);
    }
    for circle in circles {
        let names: Vec<String> =
            circle.iter().map(|(model, field)| format!("{model}.{field}")).collect();
        let place = circle.first().and_then(|name| places.get(name));
        if let Some(place) = place {
            faults.at(*place, format!("is computed from itself: {}", names.join(" ← ")));
        }
    }
    for (model, field) in ordered {
        if let Some(model) = schema.models.get_mut(&model) {
            Arc::make_mut(model).computed.push(field);
        }
    }
}

fn visit(
    name: &Name,
    reads: &IndexMap<Name, Vec<Name>>,
    above: &mut Vec<Name>,
    ordered: &mut Vec<Name>,
    circles: &mut Vec<Vec<Name>>,
) {
    let Some(next) = reads.get(name) else { return };
    if ordered.contains(name) {
        return;
    }
    if let Some(at) = above.iter().position(|other| other == name) {
        let circle: Vec<Name> = above[at..].iter().chain([name]).cloned().collect();
        circles.push(circle);
        return;
    }
    above.push(name.clone());
    for next in next {
        visit(next, reads, above, ordered, circles);
    }
    above.pop();
    ordered.push(name.clone());
}

/// A stored field is computed when its record is saved: what changes elsewhere or with time would
/// leave it stale.
pub(super) fn check_stored(
    schema: &Schema,
    places: &HashMap<Name, Place>,
    faults: &mut Faults<'_>,
) {
    for model in schema.models.values() {
        for field in model.fields.values().filter(|field| field.stored) {
            let Some(compute) = &field.compute else { continue };
            let mut found = None;
            compute.node.walk(&mut |node| {
                if found.is_none() {
                    found = stale(schema, node);
                }
            });
            let place = places.get(&(model.name.clone(), field.name.clone()));
            if let (Some(what), Some(place)) = (found, place) {
                let message = format!("stored `{}` would go stale: it reads {what}", field.name);
                let help = "leave out stored, or let an action set the field".to_owned();
                faults.with_help(*place, message, Some(help));
            }
        }
    }
}

fn stale(schema: &Schema, node: &Node) -> Option<String> {
    match node {
        Node::Field { path, .. } if path.len() > 1 => {
            let names: Vec<&str> = path.iter().map(|part| part.field.as_str()).collect();
            Some(format!("`{}`, of another record", names.join(".")))
        }
        Node::Field { path, .. } => path.first().and_then(|read| {
            let (_, field) = schema.field(&read.model, &read.field)?;
            let fleeting = field.compute.is_some() && !field.stored;
            fleeting.then(|| format!("`{}`, which is not stored", read.field))
        }),
        Node::Actor(_) => Some("`actor`".to_owned()),
        Node::Company(_) => Some("`company`".to_owned()),
        Node::Now => Some("now()".to_owned()),
        Node::Today => Some("today()".to_owned()),
        _ => None,
    }
}
