//! The contract 0.1, `sdk/wit/0.1`, as it was released: types are changed here, and nothing is decided.

use fondaco_kernel::plugins::{
    Answer, Ask, Borrowed, Entity, Failed, Failure, Fields, PriceOf, Ruling, Step, Told, Verdict,
    Visit, Word,
};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::call::Guest;
use crate::convert::{self, shared_exports, shared_imports, shared_types};
use crate::state::State;

pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/0.1",
        world: "plugin",
        imports: { default: trappable },
        exports: { default: async },
    });
}

use bindings::exports::fondaco::plugin as exported;
use bindings::fondaco::plugin as wit;

shared_types!(super::wit::types);
shared_imports!(wit);

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
}

shared_exports!();
use shared::{
    from_decimal, from_effects, from_fields, from_problems, to_decimal, to_entity, to_fields,
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
            pre,
        }
    }

    /// This version knows one record at a time: a batch is as many questions to one instance.
    async fn save(
        &self,
        (store, instance): (&mut Store<State>, &Instance),
        hook: &str,
        batch: &[Told],
    ) -> wasmtime::Result<Word<Answer>> {
        let records = self.records.as_ref().ok_or_else(|| absent("records"))?;
        let records = records.load(&mut *store, instance)?;
        let mut verdicts = Vec::with_capacity(batch.len());
        for told in batch {
            let before = told.before.as_ref().map(to_entity).transpose();
            let (before, after) = match (before, to_entity(&told.after)) {
                (Ok(before), Ok(after)) => (before, after),
                (Err(failure), _) | (_, Err(failure)) => return Ok(Err(failure)),
            };
            let said = records.call_before_save(&mut *store, hook, before.as_ref(), &after).await?;
            let verdict = gave(said).and_then(|said| {
                let problems = from_problems(said.problems)?;
                Ok(Verdict { changes: from_fields(said.changes)?, problems })
            });
            match verdict {
                Ok(verdict) => verdicts.push(verdict),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(Answer::Verdicts(verdicts)))
    }

    async fn act(
        &self,
        _: (&mut Store<State>, &Instance),
        _: &str,
        _: (&str, &Entity, &Fields),
    ) -> wasmtime::Result<Word<Answer>> {
        Err(absent("actions, which came with 0.2"))
    }

    async fn request(
        &self,
        _: (&mut Store<State>, &Instance),
        _: &str,
        _: Visit,
    ) -> wasmtime::Result<Word<Answer>> {
        Err(absent("requests, which came with 0.2"))
    }
}
