//! A call that was kept without what is not for everybody: only fields of the class `public` keep their values.
//! The others keep their kind, and what was the same stays the same: two fields with one name in them have one
//! made-up name, and so do a filter and an address that the plugin made of it. So a plugin mostly does with it
//! what it did.
//! Not here: what administrators are shown of a call (`telling`), where values are covered altogether.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_schema::{Class, Schema};
use fondaco_values::{Date, Decimal, Timestamp, Value};
use serde_json::Value as Json;

use super::recorder::{Content, Heard};
use super::talk::{Ask, Entity, Fetched, Fields, Reply, Request, Row, Visit};

/// Shorter texts are not looked for inside of others.
const PART_CHARS_MIN: usize = 3;
/// Headers that say nothing of anybody.
const OPEN_HEADERS: [&str; 2] = ["accept", "content-type"];

/// Takes out of a call what is not for everybody; answers how many values that were.
pub(super) fn redact(content: &mut Content, schema: &Schema) -> usize {
    let mut redaction = Redaction { schema, ids: BTreeSet::new(), made: BTreeMap::new(), count: 0 };
    // Fields first: from them follows what is looked for in other texts.
    redaction.ask(&mut content.call.ask);
    for (_, reply) in content.heard.iter_mut().flatten() {
        if let Ok(Reply::Entities(found)) = reply {
            found.iter_mut().flatten().for_each(|entity| redaction.entity(entity));
        } else if let Ok(Reply::Page(found)) = reply {
            found.iter_mut().for_each(|entity| redaction.entity(entity));
        }
    }
    redaction.loose(&mut content.call.ask);
    content.heard.iter_mut().flatten().for_each(|heard| redaction.heard(heard));
    redaction.count
}

struct Redaction<'s> {
    schema: &'s Schema,
    /// Of the records that are spoken of.
    ids: BTreeSet<i64>,
    /// What stands for a text.
    made: BTreeMap<String, String>,
    count: usize,
}

impl Redaction<'_> {
    fn ask(&mut self, ask: &mut Ask) {
        match ask {
            Ask::Save(told) => {
                for told in told {
                    told.before.iter_mut().for_each(|entity| self.entity(entity));
                    self.entity(&mut told.after);
                }
            }
            Ask::Guard { action, record, args }
            | Ask::After { action, record, args }
            | Ask::Act { action, record, args } => {
                self.entity(record);
                let schema = self.schema;
                let action = schema
                    .model(&record.model)
                    .and_then(|model| model.actions.get(action.as_str()));
                let is_open = |name: &str| {
                    let field = action.and_then(|action| action.args.get(name));
                    field.is_some_and(|field| field.class == Class::Public)
                };
                self.fields(args, is_open);
            }
            Ask::Price(prices) => {
                for price in prices {
                    let schema = self.schema;
                    self.fields(&mut price.fields, |path| {
                        let found = schema.reading_for_price(path);
                        found.is_ok_and(|fields| all_open(schema, &fields))
                    });
                }
            }
            Ask::Event { id, .. } => drop(self.ids.insert(id.raw())),
            Ask::Job { .. } | Ask::Request(_) => {}
        }
    }

    fn entity(&mut self, entity: &mut Entity) {
        let schema = self.schema;
        let model = entity.model.clone();
        self.ids.insert(entity.id.raw());
        self.fields(&mut entity.fields, |path| is_open(schema, &model, path));
        for (of, rows) in &mut entity.lines {
            // All records of a model of the plugin's own stand beside, under its name.
            let beside = schema.field(&model, of).is_none();
            for Row { id, fields } in rows {
                self.ids.insert(id.raw());
                self.fields(fields, |path| match beside {
                    true => is_open(schema, of, path),
                    false => is_open(schema, &model, &format!("{of}.{path}")),
                });
            }
        }
    }

    fn fields(&mut self, fields: &mut Fields, is_open: impl Fn(&str) -> bool) {
        for (name, value) in fields {
            if !is_open(name) {
                self.value(value);
            }
        }
    }

    /// Another value of the same kind; signs, emptiness and where links lead stay.
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) | Value::Link(_) => return,
            Value::Int(number) => *number = number.signum(),
            Value::Decimal(number) if number.is_zero() => {}
            Value::Decimal(number) => {
                let scale = number.scale();
                let mut one = Decimal::ONE;
                one.rescale(scale);
                one.set_sign_negative(number.is_sign_negative());
                *number = one;
            }
            Value::Text(text) => *text = self.text(text),
            Value::Date(date) => *date = Date::constant(2000, 1, 1),
            Value::Time(time) => *time = Timestamp::constant(946_684_800, 0),
            Value::Json(json) => self.json(json),
            Value::List(items) => items.iter_mut().for_each(|item| self.value(item)),
        }
        self.count += 1;
    }

    /// The same for the same.
    fn text(&mut self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let next = self.made.len() + 1;
        self.made.entry(text.to_owned()).or_insert_with(|| format!("redacted {next}")).clone()
    }

    fn json(&mut self, json: &mut Json) {
        match json {
            Json::Null | Json::Bool(_) => {}
            Json::Number(number) => {
                let is_id = number.as_i64().is_some_and(|id| self.ids.contains(&id));
                if !is_id {
                    *number = 0.into();
                    self.count += 1;
                }
            }
            Json::String(text) => {
                *text = self.text(text);
                self.count += 1;
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Json::Object(own) => own.values_mut().for_each(|value| self.json(value)),
        }
    }

    /// A text of no field: JSON keeps its shape, anything else goes.
    fn document(&mut self, text: &str) -> String {
        match serde_json::from_str::<Json>(text) {
            Ok(mut json) => {
                self.json(&mut json);
                json.to_string()
            }
            Err(_) => {
                self.count += 1;
                self.text(text)
            }
        }
    }

    /// What the plugin made of fields: the fields in it are taken out.
    fn within(&self, text: &str) -> String {
        let mut made: Vec<(&String, &String)> = self.made.iter().collect();
        made.retain(|(own, _)| own.chars().count() >= PART_CHARS_MIN);
        made.sort_by_key(|(own, _)| std::cmp::Reverse(own.len()));
        made.into_iter().fold(text.to_owned(), |text, (own, other)| text.replace(own, other))
    }

    /// What no field says of a question.
    fn loose(&mut self, ask: &mut Ask) {
        match ask {
            Ask::Event { payload, .. } | Ask::Job { payload } => self.json(payload),
            Ask::Request(visit) => self.visit(visit),
            _ => {}
        }
    }

    fn visit(&mut self, visit: &mut Visit) {
        let part = |part: &str, redaction: &mut Self| match part.split_once('=') {
            Some((name, value)) => format!("{name}={}", redaction.text(value).replace(' ', "+")),
            None => part.to_owned(),
        };
        let parts: Vec<String> = visit.query.split('&').map(|own| part(own, self)).collect();
        visit.query = parts.join("&");
        visit.path = self.within(&visit.path);
        visit.headers.retain(|(name, _)| OPEN_HEADERS.contains(&name.to_lowercase().as_str()));
        visit.body = self.body(&visit.body);
        visit.user = visit.user.as_deref().map(|user| self.text(user));
    }

    fn body(&mut self, body: &[u8]) -> Vec<u8> {
        self.document(&String::from_utf8_lossy(body)).into_bytes()
    }

    fn heard(&mut self, (request, reply): &mut Heard) {
        match request {
            Request::Find { filter, .. } => *filter = self.within(filter),
            Request::Kept(key) => *key = self.within(key),
            Request::Keys { prefix, .. } => *prefix = self.within(prefix),
            Request::Fetch(fetch) => fetch.url = self.within(&fetch.url),
            Request::Get { .. } | Request::Do(_) => {}
        }
        match reply {
            Ok(Reply::Kept(Some(value))) => *value = self.document(value),
            Ok(Reply::Keys(keys)) => {
                keys.iter_mut().for_each(|key| *key = self.within(key));
            }
            Ok(Reply::Fetched(Ok(Fetched { body, .. }))) => *body = self.body(body),
            _ => {}
        }
    }
}

/// Whether everybody may know what stands at the end of a path.
pub(super) fn is_open(schema: &Schema, model: &str, path: &str) -> bool {
    schema.reading(model, path).is_ok_and(|fields| all_open(schema, &fields))
}

fn all_open(schema: &Schema, fields: &[(String, String)]) -> bool {
    let open = |(model, name): &(String, String)| {
        schema.field(model, name).is_some_and(|(_, field)| field.class == Class::Public)
    };
    !fields.is_empty() && fields.iter().all(open)
}
