//! The type check of names, literals and paths. Operators, functions and aggregates have files of
//! their own; all share the [`Checker`], which knows the records in sight.

use std::str::FromStr;

use cel::common::ast::{Expr as Parsed, LiteralValue};
use cel::parser::Expression;
use fondaco_values::{Decimal, Value, limits::EXPRESSION_DEPTH_MAX};

use super::{ActorAttr, FieldRef, Node, Type};
use crate::suggest::did_you_mean;
use crate::{Class, Kind, Model, Schema};

/// A link path may lead over so many links: each is a join, or one more record to load.
const PATH_LINKS_MAX: usize = 3;

/// Checks one expression. `frames` are the records in sight, the innermost last.
pub(super) struct Checker<'a> {
    pub(super) schema: &'a Schema,
    pub(super) frames: Vec<Frame<'a>>,
    depth: usize,
}

/// A record in sight: the record itself, or the line an aggregate looks at, with its variable.
pub(super) struct Frame<'a> {
    pub(super) variable: Option<String>,
    pub(super) model: &'a Model,
}

/// What a chain of names leads to.
pub(super) enum Named<'a> {
    Value(Node),
    /// Lines, and what is asked of each of them (empty when the lines are meant).
    Lines {
        level: u8,
        field: FieldRef,
        by: &'a str,
        child: &'a Model,
        rest: Vec<String>,
    },
}

impl<'a> Checker<'a> {
    pub(super) fn new(schema: &'a Schema, model: &'a Model) -> Checker<'a> {
        Checker { schema, frames: vec![Frame { variable: None, model }], depth: 0 }
    }

    /// Checks a part that stands for one value.
    pub(super) fn value(&mut self, part: &Expression) -> Result<Node, String> {
        if self.depth >= EXPRESSION_DEPTH_MAX {
            return Err(format!("has more than {EXPRESSION_DEPTH_MAX} levels"));
        }
        self.depth += 1;
        let node = self.any(part);
        self.depth -= 1;
        node
    }

    fn any(&mut self, part: &Expression) -> Result<Node, String> {
        match &part.expr {
            Parsed::Literal(value) => literal(value),
            Parsed::Ident(_) | Parsed::Select(_) => {
                let names = chain(part)
                    .ok_or("only a field can stand before a dot, such as customer.name")?;
                match self.named(&names)? {
                    Named::Value(node) => Ok(node),
                    Named::Lines { field, .. } => Err(several(&field)),
                }
            }
            Parsed::List(list) => {
                let items: Result<Vec<Node>, String> =
                    list.elements.iter().map(|item| self.value(item)).collect();
                super::operator::list(items?)
            }
            Parsed::Call(call) => self.call(call),
            Parsed::Map(_) | Parsed::Struct(_) => Err("braces are not part of the language".into()),
            Parsed::Comprehension(_) | Parsed::Unspecified => Err("cannot be read".to_owned()),
        }
    }

    /// Finds what a chain of names such as `customer.name` means here.
    pub(super) fn named(&self, names: &[String]) -> Result<Named<'a>, String> {
        let (first, rest) = names.split_first().ok_or("cannot be read")?;
        let innermost = self.frames.len() - 1;
        let of_variable =
            self.frames.iter().rposition(|frame| frame.variable.as_ref() == Some(first));
        if let Some(at) = of_variable {
            if rest.is_empty() {
                return Err(format!("`{first}` is a whole line; name a field of it: `{first}.…`"));
            }
            return self.path(innermost - at, self.frames[at].model, rest);
        }
        let model = self.frames[0].model;
        match first.as_str() {
            "actor" => return actor(rest).map(|attr| Named::Value(Node::Actor(attr))),
            "company" if !rest.is_empty() => return self.company(rest),
            "company" if !model.fields.contains_key("company") => {
                return Ok(Named::Value(Node::Actor(ActorAttr::Company)));
            }
            _ => {}
        }
        self.path(innermost, model, names)
    }

    fn company(&self, rest: &[String]) -> Result<Named<'a>, String> {
        let company = self.schema.models.get("company").ok_or("there is no model `company`")?;
        let [name] = rest else {
            return Err("only `company.field` is known, without further dots".to_owned());
        };
        match self.path(0, company, std::slice::from_ref(name))? {
            Named::Value(Node::Field { mut path, .. }) => match path.pop() {
                Some(field) => Ok(Named::Value(Node::Company(field))),
                None => Err(format!("model `company` has no field `{name}`")),
            },
            _ => Err(format!("`company.{name}` holds several values")),
        }
    }

    /// Follows links from `model`; stops at lines.
    fn path(&self, level: usize, model: &'a Model, names: &[String]) -> Result<Named<'a>, String> {
        let level = u8::try_from(level).map_err(|_| "has too many levels")?;
        let mut path: Vec<FieldRef> = Vec::new();
        let mut at = model;
        for (place, name) in names.iter().enumerate() {
            let (field, is_last) = (self.field(at, name)?, place + 1 == names.len());
            if let Some(Kind::Lines { of, by }) = at.field(name).map(|field| &field.kind) {
                if place > 0 {
                    return Err(format!("`{name}` are lines of another record, out of reach"));
                }
                let child = self.schema.models.get(of).ok_or(format!("no model `{of}`"))?;
                let rest = names[1..].to_vec();
                return Ok(Named::Lines { level, field, by, child, rest });
            }
            if !is_last {
                let Type::Link(to) = &field.ty else { return Err(no_further(&field)) };
                if place >= PATH_LINKS_MAX {
                    return Err(format!("a path goes over {PATH_LINKS_MAX} links at most"));
                }
                at = self.schema.models.get(to).ok_or(format!("there is no model `{to}`"))?;
            }
            path.push(field);
        }
        Ok(Named::Value(Node::Field { level, path }))
    }

    fn field(&self, model: &Model, name: &str) -> Result<FieldRef, String> {
        let Some(field) = model.field(name) else { return Err(self.unknown(model, name)) };
        if field.class == Class::Secret {
            return Err(format!("`{name}` is secret; no expression reads it"));
        }
        Ok(FieldRef {
            model: model.name.clone(),
            field: name.to_owned(),
            ty: field.kind.ty(),
            scale: field.kind.scale(),
        })
    }

    fn unknown(&self, model: &Model, name: &str) -> String {
        let variables = self.frames.iter().filter_map(|frame| frame.variable.as_deref());
        let known = model.fields.keys().map(String::as_str).chain(variables).chain(["actor"]);
        let is_choice = model.fields.values().any(|field| match &field.kind {
            Kind::Choice { values } => values.iter().any(|choice| choice.value == name),
            _ => false,
        });
        if is_choice {
            return format!("`{name}` is not a field; a text is quoted: '{name}'");
        }
        let message = format!("`{}` has no field `{name}`", model.name);
        match did_you_mean(name, known) {
            Some(help) => format!("{message}; {help}"),
            None => message,
        }
    }
}

/// `a.b.c` as its names; `None` when something else stands before a dot.
pub(super) fn chain(part: &Expression) -> Option<Vec<String>> {
    match &part.expr {
        Parsed::Ident(name) => Some(vec![name.clone()]),
        Parsed::Select(select) if !select.test => {
            let mut names = chain(&select.operand)?;
            names.push(select.field.clone());
            Some(names)
        }
        _ => None,
    }
}

fn actor(rest: &[String]) -> Result<ActorAttr, String> {
    let known = || ActorAttr::ALL.into_iter().map(ActorAttr::name);
    let [name] = rest else {
        return Err(format!("of `actor` only these are known: {}", words(known())));
    };
    ActorAttr::ALL.into_iter().find(|attr| attr.name() == name).ok_or_else(|| {
        let message = format!("`actor` has no `{name}`, only {}", words(known()));
        did_you_mean(name, known()).map_or(message.clone(), |help| format!("{message}; {help}"))
    })
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

pub(super) fn several(field: &FieldRef) -> String {
    let name = &field.field;
    format!(
        "`{name}` holds several lines; make one value of them: size({name}), sum({name}.x), \
         {name}.exists(l, l.x > 0)"
    )
}

fn no_further(field: &FieldRef) -> String {
    let (name, ty) = (&field.field, &field.ty);
    match ty {
        Type::List(_) => format!("`{name}` holds several values; ask `x in {name}`"),
        _ => format!("`{name}` is {ty}; only a link can stand before a dot"),
    }
}

fn literal(value: &LiteralValue) -> Result<Node, String> {
    let (value, ty) = match value {
        LiteralValue::Null => (Value::Null, Type::Null),
        LiteralValue::Boolean(value) => (Value::Bool(*value.inner()), Type::Bool),
        LiteralValue::Int(value) => (Value::Int(*value.inner()), Type::Int),
        LiteralValue::String(value) => (Value::from(value.inner()), Type::Text),
        // The shortest text that reads back as the same number: up to 15 digits it is what was
        // written.
        LiteralValue::Double(value) => match Decimal::from_str(&value.inner().to_string()) {
            Ok(decimal) => (Value::Decimal(decimal), Type::Decimal),
            Err(_) => return Err(format!("the number {} is out of range", value.inner())),
        },
        LiteralValue::UInt(_) => return Err("integers have no u at their end".to_owned()),
        LiteralValue::Bytes(_) => return Err("bytes are not part of the language".to_owned()),
    };
    Ok(Node::Literal { value, ty })
}
