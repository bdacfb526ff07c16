//! The contract 0.2, `sdk/wit/0.2`, as it was released: types are changed here, and nothing is decided.

use fondaco_kernel::plugins::{
    Answer, Ask, Borrowed, Effect, Entity, Failed, Failure, Fetch, Fetched, Fields, Page, Posting,
    PostingLine, PriceOf, Reply, Request, Ruling, Step, Told, Unfetched, Verdict, Visit, Word,
};
use fondaco_kernel::values::AnyId;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::call::Guest;
use crate::convert::{self, shared_exports, shared_imports, shared_types};
use crate::state::State;

pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/0.2",
        world: "plugin",
        imports: {
            "fondaco:plugin/data": async | trappable,
            "fondaco:plugin/kv": async | trappable,
            "fondaco:plugin/http": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

use bindings::exports::fondaco::plugin as exported;
use bindings::fondaco::plugin as wit;

shared_types!(
    super::wit::types,
    wit::Effect::Post(posting) => super::posting(posting)?,
    wit::Effect::Keep(pair) => Effect::Keep { key: pair.key, value: pair.value }
);
shared_imports!(wit);
shared_exports!();
use shared::{
    from_decimal, from_effect, from_effects, from_fields, from_problems, to_decimal, to_entity,
    to_fields,
};

/// A component and the extension points that it has.
pub(crate) struct Component {
    pre: InstancePre<State>,
    records: Option<exported::records::GuestIndices>,
    guards: Option<exported::guards::GuestIndices>,
    effects: Option<exported::effects::GuestIndices>,
    pricing: Option<exported::pricing::GuestIndices>,
    events: Option<exported::events::GuestIndices>,
    jobs: Option<exported::jobs::GuestIndices>,
    actions: Option<exported::actions::GuestIndices>,
    requests: Option<exported::requests::GuestIndices>,
}

fn posting(posting: wit::types::Posting) -> Result<Effect, Failure> {
    let line = |line: wit::types::PostingLine| {
        Ok(PostingLine {
            account: line.account,
            amount: from_decimal(line.amount)?,
            party: line.party.map(AnyId::new),
        })
    };
    Ok(Effect::Post(Posting {
        journal: posting.journal,
        on: convert::date(posting.day)?,
        key: posting.key,
        text: posting.text,
        lines: posting.lines.into_iter().map(line).collect::<Result<_, Failure>>()?,
    }))
}

impl Component {
    pub(crate) fn new(pre: InstancePre<State>) -> Component {
        Component {
            records: indices(exported::records::GuestIndices::new(&pre)),
            guards: indices(exported::guards::GuestIndices::new(&pre)),
            effects: indices(exported::effects::GuestIndices::new(&pre)),
            pricing: indices(exported::pricing::GuestIndices::new(&pre)),
            events: indices(exported::events::GuestIndices::new(&pre)),
            jobs: indices(exported::jobs::GuestIndices::new(&pre)),
            actions: indices(exported::actions::GuestIndices::new(&pre)),
            requests: indices(exported::requests::GuestIndices::new(&pre)),
            pre,
        }
    }

    async fn save(
        &self,
        (store, instance): (&mut Store<State>, &Instance),
        hook: &str,
        batch: &[Told],
    ) -> wasmtime::Result<Word<Answer>> {
        let records = self.records.as_ref().ok_or_else(|| absent("records"))?;
        let records = records.load(&mut *store, instance)?;
        let saving = |told: &Told| {
            let before = told.before.as_ref().map(to_entity).transpose()?;
            Ok(exported::records::Saving { before, after: to_entity(&told.after)? })
        };
        let batch = match batch.iter().map(saving).collect::<Result<Vec<_>, Failure>>() {
            Ok(batch) => batch,
            Err(failure) => return Ok(Err(failure)),
        };
        let said = records.call_before_save(&mut *store, hook, &batch).await?;
        let verdict = |verdict: exported::records::Verdict| {
            let problems = from_problems(verdict.problems)?;
            Ok(Verdict { changes: from_fields(verdict.changes)?, problems })
        };
        Ok(gave(said).and_then(|said| {
            let all = said.into_iter().map(verdict).collect::<Result<_, Failure>>()?;
            Ok(Answer::Verdicts(all))
        }))
    }

    async fn act(
        &self,
        (store, instance): (&mut Store<State>, &Instance),
        hook: &str,
        (action, record, args): (&str, &Entity, &Fields),
    ) -> wasmtime::Result<Word<Answer>> {
        let actions = self.actions.as_ref().ok_or_else(|| absent("actions"))?;
        let actions = actions.load(&mut *store, instance)?;
        let (record, args) = match (to_entity(record), to_fields(args)) {
            (Ok(record), Ok(args)) => (record, args),
            (Err(failure), _) | (_, Err(failure)) => return Ok(Err(failure)),
        };
        let said = actions.call_perform(&mut *store, hook, action, &record, &args).await?;
        Ok(gave(said).and_then(|said| {
            let message = said.message.map(|text| text.chars().take(2_000).collect());
            Ok(Answer::Done { message, effects: from_effects(said.effects)? })
        }))
    }

    async fn request(
        &self,
        (store, instance): (&mut Store<State>, &Instance),
        hook: &str,
        visit: Visit,
    ) -> wasmtime::Result<Word<Answer>> {
        use exported::requests::{Header, Request};
        let requests = self.requests.as_ref().ok_or_else(|| absent("requests"))?;
        let requests = requests.load(&mut *store, instance)?;
        let Visit { method, path, query, headers, body, user } = visit;
        let headers = headers.into_iter().map(|(name, value)| Header { name, value }).collect();
        let request = Request { method, path, query, headers, body, user };
        let said = requests.call_handle(&mut *store, hook, &request).await?;
        Ok(gave(said).and_then(|said| {
            let headers = said.headers.into_iter().map(|Header { name, value }| (name, value));
            Ok(Answer::Page(Page {
                status: said.status,
                headers: headers.collect(),
                body: said.body,
                effects: from_effects(said.effects)?,
            }))
        }))
    }
}

impl wit::context::Host for State {
    fn now(&mut self) -> wasmtime::Result<i64> {
        State::now(self)
    }

    fn random(&mut self) -> wasmtime::Result<u64> {
        State::random(self)
    }

    fn language(&mut self) -> wasmtime::Result<String> {
        State::language(self)
    }

    fn key(&mut self) -> wasmtime::Result<String> {
        State::key(self)
    }
}

impl wit::kv::Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, String>> {
        let reply = self.ask(Request::Kept(key)).await?;
        Ok(reply.and_then(|reply| match reply {
            Reply::Kept(value) => Ok(value),
            _ => Err("no value".to_owned()),
        }))
    }

    async fn keys(
        &mut self,
        prefix: String,
        after: Option<String>,
    ) -> wasmtime::Result<Result<Vec<String>, String>> {
        let reply = self.ask(Request::Keys { prefix, after }).await?;
        Ok(reply.and_then(|reply| match reply {
            Reply::Keys(keys) => Ok(keys),
            _ => Err("no keys".to_owned()),
        }))
    }

    async fn set(
        &mut self,
        key: String,
        value: Option<String>,
    ) -> wasmtime::Result<Result<(), String>> {
        let reply = self.ask(Request::Do(Effect::Keep { key, value })).await?;
        Ok(reply.map(drop))
    }
}

impl wit::http::Host for State {
    async fn fetch(
        &mut self,
        request: wit::http::Request,
    ) -> wasmtime::Result<Result<wit::http::Response, wit::http::Failure>> {
        use wit::http::{Failure as Said, Header, Response};
        let wit::http::Request { method, url, headers, body, timeout_seconds } = request;
        let headers = headers.into_iter().map(|Header { name, value }| (name, value)).collect();
        let fetch = Fetch { method, url, headers, body, timeout_s: timeout_seconds };
        Ok(match self.ask(Request::Fetch(fetch)).await? {
            Ok(Reply::Fetched(Ok(Fetched { status, headers, body }))) => {
                let headers = headers.into_iter().map(|(name, value)| Header { name, value });
                Ok(Response { status, headers: headers.collect(), body })
            }
            Ok(Reply::Fetched(Err(Unfetched::Refused(why)))) => Err(Said::Refused(why)),
            Ok(Reply::Fetched(Err(Unfetched::Unreachable(why)))) => Err(Said::Unreachable(why)),
            Ok(Reply::Fetched(Err(Unfetched::Lost(why)))) => Err(Said::Lost(why)),
            Ok(_) => Err(Said::Refused("no answer to a request".to_owned())),
            Err(why) => Err(Said::Refused(why)),
        })
    }
}

impl wit::data::Host for State {
    async fn get(
        &mut self,
        model: String,
        ids: Vec<i64>,
        fields: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Option<wit::types::Entity>>, String>> {
        let ids = ids.into_iter().map(AnyId::new).collect();
        let reply = self.ask(Request::Get { model, ids, fields }).await?;
        Ok(reply.and_then(|reply| match reply {
            Reply::Entities(found) => {
                let one = |entity: &Option<Entity>| entity.as_ref().map(to_entity).transpose();
                found.iter().map(one).collect::<Result<_, Failure>>().map_err(|f| f.message)
            }
            _ => Err("no records".to_owned()),
        }))
    }

    async fn find(
        &mut self,
        question: wit::data::Question,
    ) -> wasmtime::Result<Result<Vec<wit::types::Entity>, String>> {
        let wit::data::Question { model, filter, sort, fields, limit } = question;
        let reply = self.ask(Request::Find { model, filter, sort, fields, limit }).await?;
        Ok(reply.and_then(|reply| match reply {
            Reply::Page(found) => {
                found.iter().map(to_entity).collect::<Result<_, Failure>>().map_err(|f| f.message)
            }
            _ => Err("no records".to_owned()),
        }))
    }

    async fn apply(
        &mut self,
        effect: wit::types::Effect,
    ) -> wasmtime::Result<Result<Option<i64>, String>> {
        let effect = match from_effect(effect) {
            Ok(effect) => effect,
            Err(failure) => return Ok(Err(failure.message)),
        };
        let reply = self.ask(Request::Do(effect)).await?;
        Ok(reply.map(|reply| match reply {
            Reply::Id(id) => Some(id.raw()),
            _ => None,
        }))
    }
}
