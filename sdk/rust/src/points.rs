//! Where a plugin is asked: one trait a point, exported by [`export!`]. A plugin writes those that its
//! manifest names.

use fondaco_values::{Date, Decimal};

use crate::answer::{Answer, Done, Effects, Field, Problem, Ruling, Step, Verdict};
use crate::cx::Cx;
use crate::record::{Part, Record};
use crate::value::{self, Held, Id, Value};
use crate::web::{Page, Visit};
use crate::wit::types;

/// `on = "save"`: one record of the batch. What is changed in `after` is changed in the record.
pub trait OnSave {
    type Record: Record + Clone;
    fn on_save(cx: &Cx, saving: Saving<'_, Self::Record>) -> Answer<Verdict>;
}

/// A record as it is (`None` when it is new) and as it will be.
#[derive(Debug)]
pub struct Saving<'s, R> {
    pub before: Option<R>,
    pub after: &'s mut R,
}

/// `on = "guard"`: before the work of an action.
pub trait Guard {
    type Record: Record;
    fn before_action(cx: &Cx, deed: &Deed<Self::Record>) -> Answer<Ruling>;
}

/// `on = "effect"`: after the work of an action.
pub trait AfterAction {
    type Record: Record;
    fn after_action(cx: &Cx, deed: &Deed<Self::Record>) -> Answer<Effects>;
}

/// `on = "action"`: the work of an action that the plugin adds.
pub trait Action {
    type Record: Record;
    fn perform(cx: &Cx, deed: &Deed<Self::Record>) -> Answer<Done>;
}

/// An action and the record that it is done with.
#[derive(Clone, Debug)]
pub struct Deed<R> {
    pub action: String,
    pub model: String,
    pub id: Id,
    pub record: R,
    args: Vec<types::Field>,
}

impl<R> Deed<R> {
    /// An argument of the action; those that were not given are empty.
    pub fn arg<T: Held>(&self, name: &str) -> Answer<T> {
        let found = self.args.iter().find(|field| field.name == name);
        let value = found.map_or(&Value::Null, |field| &field.value);
        T::take(value).ok_or_else(|| format!("the argument `{name}` is of another kind"))
    }
}

/// `on = "price"`: the steps of one price.
pub trait OnPrice {
    type Record: Record;
    fn on_price(cx: &Cx, offer: &Offer<Self::Record>) -> Answer<Vec<Step>>;
}

/// A price of one unit as it is so far; `record` holds the paths that the hook selects.
#[derive(Clone, Debug)]
pub struct Offer<R> {
    pub product: Id,
    pub party: Option<Id>,
    pub currency: Id,
    pub quantity: Decimal,
    pub on: Date,
    pub list: Decimal,
    pub net: Decimal,
    pub record: R,
}

/// `on = "event"`: after the commit, at least once.
pub trait OnEvent {
    fn on_event(cx: &Cx, event: &Event) -> Answer<Effects>;
}

/// Something that has happened to a record; the payload is JSON.
#[derive(Clone, Debug)]
pub struct Event {
    pub name: String,
    pub model: String,
    pub id: Id,
    pub payload: String,
}

/// `on = "job"`: what the plugin has scheduled; the payload is JSON.
pub trait Job {
    fn run(cx: &Cx, payload: &str) -> Answer<Effects>;
}

/// `on = "request"`: over HTTP, under `/x/{plugin}/{path}`.
pub trait OnRequest {
    fn handle(cx: &Cx, visit: &Visit) -> Answer<Page>;
}

/// Exports a type for the points that it is written for:
/// `export!(Plugin: save, guard, effect, action, price, event, job, request);`
#[macro_export]
macro_rules! export {
    ($plugin:ident: $($point:ident),+ $(,)?) => {
        $($crate::export!(@$point $plugin);)+
    };
    (@save $plugin:ident) => {
        impl $crate::wit::records::Guest for $plugin {
            fn before_save(
                hook: String,
                batch: Vec<$crate::wit::records::Saving>,
            ) -> Result<Vec<$crate::wit::records::Verdict>, String> {
                $crate::guest::save::<$plugin>(hook, batch)
            }
        }
        $crate::wit::with_records::export_records!($plugin with_types_in $crate::wit::with_records);
    };
    (@guard $plugin:ident) => {
        impl $crate::wit::guards::Guest for $plugin {
            fn before_action(
                hook: String,
                action: String,
                subject: $crate::wit::types::Entity,
                arguments: Vec<$crate::wit::types::Field>,
            ) -> Result<$crate::wit::guards::Ruling, String> {
                $crate::guest::guard::<$plugin>(hook, action, subject, arguments)
            }
        }
        $crate::wit::with_guards::export_guards!($plugin with_types_in $crate::wit::with_guards);
    };
    (@effect $plugin:ident) => {
        impl $crate::wit::effects::Guest for $plugin {
            fn after_action(
                hook: String,
                action: String,
                subject: $crate::wit::types::Entity,
                arguments: Vec<$crate::wit::types::Field>,
            ) -> Result<Vec<$crate::wit::types::Effect>, String> {
                $crate::guest::effect::<$plugin>(hook, action, subject, arguments)
            }
        }
        $crate::wit::with_effects::export_effects!($plugin with_types_in $crate::wit::with_effects);
    };
    (@action $plugin:ident) => {
        impl $crate::wit::actions::Guest for $plugin {
            fn perform(
                hook: String,
                action: String,
                subject: $crate::wit::types::Entity,
                arguments: Vec<$crate::wit::types::Field>,
            ) -> Result<$crate::wit::actions::Done, String> {
                $crate::guest::action::<$plugin>(hook, action, subject, arguments)
            }
        }
        $crate::wit::with_actions::export_actions!($plugin with_types_in $crate::wit::with_actions);
    };
    (@price $plugin:ident) => {
        impl $crate::wit::pricing::Guest for $plugin {
            fn price(
                hook: String,
                offers: Vec<$crate::wit::pricing::Offer>,
            ) -> Result<Vec<Vec<$crate::wit::pricing::Step>>, String> {
                $crate::guest::price::<$plugin>(hook, offers)
            }
        }
        $crate::wit::with_pricing::export_pricing!($plugin with_types_in $crate::wit::with_pricing);
    };
    (@event $plugin:ident) => {
        impl $crate::wit::events::Guest for $plugin {
            fn on_event(
                hook: String,
                event: $crate::wit::events::Event,
            ) -> Result<Vec<$crate::wit::types::Effect>, String> {
                $crate::guest::event::<$plugin>(hook, event)
            }
        }
        $crate::wit::with_events::export_events!($plugin with_types_in $crate::wit::with_events);
    };
    (@job $plugin:ident) => {
        impl $crate::wit::jobs::Guest for $plugin {
            fn run(
                hook: String,
                payload: String,
            ) -> Result<Vec<$crate::wit::types::Effect>, String> {
                $crate::guest::job::<$plugin>(hook, payload)
            }
        }
        $crate::wit::with_jobs::export_jobs!($plugin with_types_in $crate::wit::with_jobs);
    };
    (@request $plugin:ident) => {
        impl $crate::wit::requests::Guest for $plugin {
            fn handle(
                hook: String,
                request: $crate::wit::requests::Request,
            ) -> Result<$crate::wit::requests::Response, String> {
                $crate::guest::request::<$plugin>(hook, request)
            }
        }
        $crate::wit::with_requests::export_requests!($plugin with_types_in $crate::wit::with_requests);
    };
}

#[doc(hidden)]
pub mod guest {
    //! What [`export!`] calls: from the contract to the traits and back.

    use super::*;
    use crate::value::exact;
    use crate::wit::{actions, events, guards, pricing, records, requests};

    pub fn save<P: OnSave>(
        hook: String,
        batch: Vec<records::Saving>,
    ) -> Answer<Vec<records::Verdict>> {
        let cx = Cx { hook };
        let one = |saving: &records::Saving| {
            let before = saving.before.as_ref().map(|entity| P::Record::read(&Part::of(entity)));
            let told = P::Record::read(&Part::of(&saving.after))?;
            let mut after = told.clone();
            let saving = Saving { before: before.transpose()?, after: &mut after };
            let verdict = P::on_save(&cx, saving)?;
            let changes = after.changes(&told);
            Ok(records::Verdict { changes: plain(changes), problems: problems(verdict.problems) })
        };
        batch.iter().map(one).collect()
    }

    fn deed<R: Record>(
        action: String,
        subject: types::Entity,
        args: Vec<types::Field>,
    ) -> Answer<Deed<R>> {
        let record = R::read(&Part::of(&subject))?;
        Ok(Deed { action, model: subject.model, id: Id(subject.id), record, args })
    }

    pub fn guard<P: Guard>(
        hook: String,
        action: String,
        subject: types::Entity,
        args: Vec<types::Field>,
    ) -> Answer<guards::Ruling> {
        Ok(match P::before_action(&Cx { hook }, &deed(action, subject, args)?)? {
            Ruling::Proceed => guards::Ruling::Proceed,
            Ruling::Refuse(found) => guards::Ruling::Refuse(problems(found)),
            Ruling::Hold { message, effects } => {
                guards::Ruling::Hold(guards::Hold { message, effects: effects.0 })
            }
        })
    }

    pub fn effect<P: AfterAction>(
        hook: String,
        action: String,
        subject: types::Entity,
        args: Vec<types::Field>,
    ) -> Answer<Vec<types::Effect>> {
        Ok(P::after_action(&Cx { hook }, &deed(action, subject, args)?)?.0)
    }

    pub fn action<P: Action>(
        hook: String,
        action: String,
        subject: types::Entity,
        args: Vec<types::Field>,
    ) -> Answer<actions::Done> {
        let done = P::perform(&Cx { hook }, &deed(action, subject, args)?)?;
        Ok(actions::Done { message: done.message, effects: done.effects.0 })
    }

    pub fn price<P: OnPrice>(
        hook: String,
        offers: Vec<pricing::Offer>,
    ) -> Answer<Vec<Vec<pricing::Step>>> {
        let cx = Cx { hook };
        let read = |number: &types::Decimal| {
            value::decimal(number).ok_or_else(|| "a number that cannot be read".to_owned())
        };
        let one = |offer: &pricing::Offer| {
            let none = [];
            let told = types::Entity {
                model: String::new(),
                id: 0,
                version: 0,
                fields: offer.fields.clone(),
                lines: none.into(),
            };
            let own = Offer {
                product: Id(offer.product),
                party: offer.party.map(Id),
                currency: Id(offer.currency),
                quantity: read(&offer.quantity)?,
                on: Date::take(&Value::Date(offer.day)).unwrap_or_default(),
                list: read(&offer.list_price)?,
                net: read(&offer.net_price)?,
                record: P::Record::read(&Part::of(&told))?,
            };
            let steps = P::on_price(&cx, &own)?.into_iter();
            let step =
                |step: Step| Ok(pricing::Step { label: step.label, change: exact(step.change)? });
            steps.map(step).collect()
        };
        offers.iter().map(one).collect()
    }

    pub fn event<P: OnEvent>(hook: String, event: events::Event) -> Answer<Vec<types::Effect>> {
        let events::Event { name, subject, payload } = event;
        let own = Event { name, model: subject.model, id: Id(subject.id), payload };
        Ok(P::on_event(&Cx { hook }, &own)?.0)
    }

    pub fn job<P: Job>(hook: String, payload: String) -> Answer<Vec<types::Effect>> {
        Ok(P::run(&Cx { hook }, &payload)?.0)
    }

    pub fn request<P: OnRequest>(
        hook: String,
        request: requests::Request,
    ) -> Answer<requests::Response> {
        let headers = request.headers.into_iter().map(|header| (header.name, header.value));
        let visit = Visit {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: headers.collect(),
            body: request.body,
            user: request.user,
        };
        let page = P::handle(&Cx { hook }, &visit)?;
        let header = |(name, value)| requests::Header { name, value };
        Ok(requests::Response {
            status: page.status,
            headers: page.headers.into_iter().map(header).collect(),
            body: page.body,
            effects: page.effects.0,
        })
    }

    fn plain(fields: Vec<Field>) -> Vec<types::Field> {
        fields.into_iter().map(|field| field.0).collect()
    }

    fn problems(found: Vec<Problem>) -> Vec<types::Problem> {
        found.into_iter().map(|problem| problem.0).collect()
    }
}
