//! What surrounds a call: settings, the hour, the language, the log; and records, for what works after the
//! commit.

use std::str::FromStr;

use fondaco_values::Timestamp;

use crate::answer::{Answer, Effects};
use crate::record::{Entity, Part, Record};
use crate::value::Id;
use crate::web::{Failure, Outgoing, Response};
use crate::wit::{context, data, http, kv, log, settings};

/// One call.
#[derive(Clone, Debug)]
pub struct Cx {
    /// The name of the hook in `plugin.toml`.
    pub hook: String,
}

impl Cx {
    /// A setting of `plugin.toml`, as the administrator has it.
    pub fn setting<T: FromStr>(&self, name: &str) -> Answer<T> {
        let text =
            settings::get(name).ok_or_else(|| format!("the setting `{name}` has no value"))?;
        text.parse().map_err(|_| format!("the setting `{name}` cannot be read"))
    }

    /// The hour of the transaction.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(context::now()).unwrap_or_default()
    }

    /// The next of a row of numbers that follows from the call.
    pub fn random(&self) -> u64 {
        context::random()
    }

    pub fn language(&self) -> String {
        context::language()
    }

    /// A name of this piece of work: a job that is tried again has the one that it had.
    pub fn key(&self) -> String {
        context::key()
    }

    /// What the plugin keeps under a key.
    pub fn kept(&self, key: &str) -> Answer<Option<String>> {
        kv::get(key)
    }

    /// Keeps it at once, or takes it away.
    pub fn keep(&self, key: &str, value: Option<&str>) -> Answer<()> {
        kv::set(key, value)
    }

    /// Keys that begin so.
    pub fn keys(&self, prefix: &str) -> Answer<Vec<String>> {
        kv::keys(prefix, None)
    }

    /// Asks somebody outside: from events and jobs only.
    pub fn fetch(&self, request: Outgoing) -> Result<Response, Failure> {
        let answer = http::fetch(&request.0).map_err(Failure::of)?;
        let headers = answer.headers.into_iter().map(|header| (header.name, header.value));
        Ok(Response { status: answer.status, headers: headers.collect(), body: answer.body })
    }

    pub fn info(&self, message: &str) {
        log::write(log::Level::Info, message);
    }

    pub fn warn(&self, message: &str) {
        log::write(log::Level::Warn, message);
    }

    /// A record; `None` where there is none that the plugin may see.
    pub fn get<T: Record>(&self, model: &str, id: Id, fields: &[&str]) -> Answer<Option<T>> {
        let found = data::get(model, &[id.0], &owned(fields))?;
        let found = found.into_iter().next().flatten();
        found.map(|entity| T::read(&Part::of(&entity))).transpose()
    }

    /// The records for which a condition holds, at most `limit`.
    pub fn find(
        &self,
        model: &str,
        filter: &str,
        fields: &[&str],
        limit: u32,
    ) -> Answer<Vec<Entity>> {
        self.sorted(model, filter, &[], (fields, limit))
    }

    /// The same in an order: of fields or paths, `-` before one turns it around.
    pub fn sorted(
        &self,
        model: &str,
        filter: &str,
        sort: &[&str],
        (fields, limit): (&[&str], u32),
    ) -> Answer<Vec<Entity>> {
        let (model, filter) = (model.to_owned(), filter.to_owned());
        let (sort, fields) = (owned(sort), owned(fields));
        data::find(&data::Question { model, filter, sort, fields, limit })
    }

    /// Does it at once; answers the ids of what was created.
    pub fn apply(&self, effects: Effects) -> Answer<Vec<Id>> {
        let mut created = Vec::new();
        for effect in &effects.0 {
            created.extend(data::apply(effect)?.map(Id));
        }
        Ok(created)
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
