//! Between the kernel's values and those of one version of the contract. A macro, since each version has
//! types of its own that look alike as long as nothing about them changed; a version in which they
//! differ writes its own.

use fondaco_kernel::plugins::{Failed, Failure};
use fondaco_kernel::values::{Date, Decimal, Timestamp};

/// `None` when it has more digits than the contract carries.
pub(crate) fn parts(decimal: Decimal) -> Option<(i64, u8)> {
    let decimal =
        if i64::try_from(decimal.mantissa()).is_ok() { decimal } else { decimal.normalize() };
    Some((i64::try_from(decimal.mantissa()).ok()?, u8::try_from(decimal.scale()).ok()?))
}

pub(crate) fn decimal(mantissa: i64, scale: u8) -> Result<Decimal, Failure> {
    let decimal = Decimal::try_from_i128_with_scale(i128::from(mantissa), u32::from(scale));
    decimal.map_err(|_| wrong(format!("a number with {scale} decimals")))
}

/// Days since 1970.
pub(crate) fn days(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    date.since(epoch).map(|span| span.get_days()).unwrap_or_default()
}

pub(crate) fn date(days: i32) -> Result<Date, Failure> {
    let span = jiff::Span::new().try_days(days);
    let date = span.and_then(|span| Date::constant(1970, 1, 1).checked_add(span));
    date.map_err(|_| wrong(format!("a date {days} days from 1970")))
}

pub(crate) fn time(us: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_microsecond(us).map_err(|_| wrong(format!("a time {us} µs from 1970")))
}

pub(crate) fn json(text: &str) -> Result<serde_json::Value, Failure> {
    serde_json::from_str(text).map_err(|error| wrong(format!("text that is no JSON: {error}")))
}

pub(crate) fn wrong(what: String) -> Failure {
    Failure::new(Failed::Output, format!("its answer has {what}"))
}

/// What the kernel wants to say, and the contract cannot carry.
pub(crate) fn too_long(name: &str) -> Failure {
    Failure::new(Failed::Unfit, format!("{name} has more digits than the contract carries"))
}

macro_rules! shared_types {
    // The last part are the effects that only this version has.
    ($types:path $(, $more:pat => $done:expr)*) => {
        mod shared {
            use fondaco_kernel::plugins::{Effect, Entity, Failure, Fields, Row, Target};
            use fondaco_kernel::values::{AnyId, Problem, Value};
            use $types as wit;

            use crate::convert::{date, days, decimal, json, parts, time, too_long, wrong};

            pub(crate) fn to_fields(fields: &Fields) -> Result<Vec<wit::Field>, Failure> {
                let one = |(name, value): &(String, Value)| {
                    Ok(wit::Field { name: name.clone(), value: to_value(name, value)? })
                };
                fields.iter().map(one).collect()
            }

            fn to_value(name: &str, value: &Value) -> Result<wit::Value, Failure> {
                Ok(match value {
                    Value::Null => wit::Value::Null,
                    Value::Bool(value) => wit::Value::Boolean(*value),
                    Value::Int(value) => wit::Value::Integer(*value),
                    Value::Decimal(value) => wit::Value::Number(to_decimal(name, *value)?),
                    Value::Text(text) => wit::Value::Text(text.clone()),
                    Value::Date(date) => wit::Value::Date(days(*date)),
                    Value::Time(time) => wit::Value::Timestamp(time.as_microsecond()),
                    Value::Link(id) => wit::Value::Link(id.raw()),
                    Value::Json(json) => wit::Value::Json(json.to_string()),
                    Value::List(items) if items.iter().any(|item| item.as_link().is_some()) => {
                        let ids = items.iter().filter_map(Value::as_link);
                        wit::Value::Links(ids.map(|id| id.raw()).collect())
                    }
                    Value::List(items) => {
                        let texts = items.iter().filter_map(Value::as_text);
                        wit::Value::Texts(texts.map(str::to_owned).collect())
                    }
                })
            }

            pub(crate) fn to_decimal(
                name: &str,
                value: fondaco_kernel::values::Decimal,
            ) -> Result<wit::Decimal, Failure> {
                let (mantissa, scale) = parts(value).ok_or_else(|| too_long(name))?;
                Ok(wit::Decimal { mantissa, scale })
            }

            pub(crate) fn to_entity(entity: &Entity) -> Result<wit::Entity, Failure> {
                let row =
                    |row: &Row| Ok(wit::Row { id: row.id.raw(), fields: to_fields(&row.fields)? });
                let lines = entity.lines.iter().map(|(field, rows)| {
                    let rows = rows.iter().map(row).collect::<Result<_, Failure>>()?;
                    Ok(wit::RowSet { field: field.clone(), rows })
                });
                Ok(wit::Entity {
                    model: entity.model.clone(),
                    id: entity.id.raw(),
                    version: entity.version,
                    fields: to_fields(&entity.fields)?,
                    lines: lines.collect::<Result<_, Failure>>()?,
                })
            }

            pub(crate) fn from_fields(fields: Vec<wit::Field>) -> Result<Fields, Failure> {
                fields.into_iter().map(|field| Ok((field.name, from_value(field.value)?))).collect()
            }

            fn from_value(value: wit::Value) -> Result<Value, Failure> {
                Ok(match value {
                    wit::Value::Null => Value::Null,
                    wit::Value::Boolean(value) => Value::Bool(value),
                    wit::Value::Integer(value) => Value::Int(value),
                    wit::Value::Number(value) => Value::Decimal(from_decimal(value)?),
                    wit::Value::Text(text) => Value::Text(text),
                    wit::Value::Date(days) => Value::Date(date(days)?),
                    wit::Value::Timestamp(us) => Value::Time(time(us)?),
                    wit::Value::Link(id) => Value::Link(AnyId::new(id)),
                    wit::Value::Texts(texts) => {
                        Value::List(texts.into_iter().map(Value::Text).collect())
                    }
                    wit::Value::Links(ids) => {
                        Value::List(ids.into_iter().map(|id| Value::Link(AnyId::new(id))).collect())
                    }
                    wit::Value::Json(text) => Value::Json(json(&text)?),
                })
            }

            pub(crate) fn from_decimal(
                value: wit::Decimal,
            ) -> Result<fondaco_kernel::values::Decimal, Failure> {
                decimal(value.mantissa, value.scale)
            }

            /// Sentences are shown to people: none is longer than a screen.
            pub(crate) fn from_problems(
                problems: Vec<wit::Problem>,
            ) -> Result<Vec<Problem>, Failure> {
                const PROBLEMS_MAX: usize = 500;
                const CHARS_MAX: usize = 2_000;
                if problems.len() > PROBLEMS_MAX {
                    return Err(wrong(format!("{} problems", problems.len())));
                }
                let short = |text: String| text.chars().take(CHARS_MAX).collect::<String>();
                let one = |problem: wit::Problem| {
                    let wit::Problem { field, code, message, arguments } = problem;
                    let mut own = Problem::new(short(field), short(code), short(message));
                    for argument in arguments {
                        own = own.arg(short(argument.name), short(argument.value));
                    }
                    own
                };
                Ok(problems.into_iter().map(one).collect())
            }

            pub(crate) fn from_effects(effects: Vec<wit::Effect>) -> Result<Vec<Effect>, Failure> {
                effects.into_iter().map(from_effect).collect()
            }

            pub(crate) fn from_effect(effect: wit::Effect) -> Result<Effect, Failure> {
                Ok(match effect {
                    wit::Effect::Create(new) => {
                        let lines = new.lines.into_iter().map(|set| {
                            let rows = set.rows.into_iter().map(from_fields);
                            Ok((set.field, rows.collect::<Result<_, Failure>>()?))
                        });
                        Effect::Create {
                            model: new.model,
                            fields: from_fields(new.fields)?,
                            lines: lines.collect::<Result<_, Failure>>()?,
                        }
                    }
                    wit::Effect::Update(change) => Effect::Update {
                        target: from_target(change.target),
                        fields: from_fields(change.fields)?,
                    },
                    wit::Effect::Act(deed) => Effect::Act {
                        target: from_target(deed.target),
                        action: deed.action,
                        args: from_fields(deed.arguments)?,
                    },
                    wit::Effect::Emit(notice) => Effect::Emit {
                        name: notice.name,
                        target: from_target(notice.target),
                        payload: json(&notice.payload)?,
                    },
                    wit::Effect::Schedule(errand) => Effect::Schedule {
                        job: errand.job,
                        after_s: errand.after_seconds,
                        payload: json(&errand.payload)?,
                    },
                    $($more => $done,)*
                })
            }

            fn from_target(target: wit::Target) -> Target {
                match target {
                    wit::Target::Existing(record) => {
                        Target::Record { model: record.model, id: AnyId::new(record.id) }
                    }
                    wit::Target::Created(place) => Target::Created(place),
                }
            }
        }
    };
}

/// The parts of a version that are the same in all: what a plugin may always ask.
macro_rules! shared_imports {
    ($package:path) => {
        const _: () = {
            use $package as wit;

            impl wit::types::Host for State {}

            impl wit::log::Host for State {
                fn write(
                    &mut self,
                    level: wit::log::Level,
                    message: String,
                ) -> wasmtime::Result<()> {
                    let level = match level {
                        wit::log::Level::Debug => tracing::Level::DEBUG,
                        wit::log::Level::Info => tracing::Level::INFO,
                        wit::log::Level::Warn => tracing::Level::WARN,
                        wit::log::Level::Error => tracing::Level::ERROR,
                    };
                    self.log(level, &message)
                }
            }

            impl wit::settings::Host for State {
                fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
                    self.setting(&name)
                }
            }
        };
    };
}

/// The extension points that are the same in all versions.
macro_rules! shared_exports {
    () => {
        /// The interfaces that a component exports; the others are not its business.
        fn indices<T>(found: wasmtime::Result<T>) -> Option<T> {
            found.ok()
        }

        fn gave<T>(said: Result<T, String>) -> Result<T, Failure> {
            const CHARS_MAX: usize = 2_000;
            said.map_err(|why| {
                Failure::new(Failed::Gave, why.chars().take(CHARS_MAX).collect::<String>())
            })
        }

        fn absent(interface: &str) -> wasmtime::Error {
            let message = format!("it does not export {interface}");
            crate::state::Stop::new(Failed::Unfit, message).into()
        }

        impl Component {
            async fn guard(
                &self,
                (store, instance): (&mut Store<State>, &Instance),
                hook: &str,
                (action, record, args): (&str, &Entity, &Fields),
            ) -> wasmtime::Result<Word<Answer>> {
                use exported::guards::Ruling as Said;
                let guards = self.guards.as_ref().ok_or_else(|| absent("guards"))?;
                let guards = guards.load(&mut *store, instance)?;
                let (record, args) = match (to_entity(record), to_fields(args)) {
                    (Ok(record), Ok(args)) => (record, args),
                    (Err(failure), _) | (_, Err(failure)) => return Ok(Err(failure)),
                };
                let said =
                    guards.call_before_action(&mut *store, hook, action, &record, &args).await?;
                Ok(gave(said).and_then(|said| {
                    Ok(Answer::Ruling(match said {
                        Said::Proceed => Ruling::Proceed,
                        Said::Refuse(problems) => Ruling::Refuse(from_problems(problems)?),
                        Said::Hold(hold) => Ruling::Hold {
                            message: hold.message.chars().take(2_000).collect(),
                            effects: from_effects(hold.effects)?,
                        },
                    }))
                }))
            }

            async fn after(
                &self,
                (store, instance): (&mut Store<State>, &Instance),
                hook: &str,
                (action, record, args): (&str, &Entity, &Fields),
            ) -> wasmtime::Result<Word<Answer>> {
                let effects = self.effects.as_ref().ok_or_else(|| absent("effects"))?;
                let effects = effects.load(&mut *store, instance)?;
                let (record, args) = match (to_entity(record), to_fields(args)) {
                    (Ok(record), Ok(args)) => (record, args),
                    (Err(failure), _) | (_, Err(failure)) => return Ok(Err(failure)),
                };
                let said =
                    effects.call_after_action(&mut *store, hook, action, &record, &args).await?;
                Ok(gave(said).and_then(|said| Ok(Answer::Effects(from_effects(said)?))))
            }

            async fn price(
                &self,
                (store, instance): (&mut Store<State>, &Instance),
                hook: &str,
                prices: &[PriceOf],
            ) -> wasmtime::Result<Word<Answer>> {
                let pricing = self.pricing.as_ref().ok_or_else(|| absent("pricing"))?;
                let pricing = pricing.load(&mut *store, instance)?;
                let offer = |price: &PriceOf| {
                    Ok(exported::pricing::Offer {
                        product: price.product.raw(),
                        party: price.party.map(|party| party.raw()),
                        currency: price.currency.raw(),
                        quantity: to_decimal("the quantity", price.quantity)?,
                        day: convert::days(price.on),
                        list_price: to_decimal("the list price", price.list)?,
                        net_price: to_decimal("the price", price.net)?,
                        fields: to_fields(&price.fields)?,
                    })
                };
                let offers = match prices.iter().map(offer).collect::<Result<Vec<_>, Failure>>() {
                    Ok(offers) => offers,
                    Err(failure) => return Ok(Err(failure)),
                };
                let said = pricing.call_price(&mut *store, hook, &offers).await?;
                let step = |step: exported::pricing::Step| {
                    Ok(Step { label: step.label, change: from_decimal(step.change)? })
                };
                Ok(gave(said).and_then(|said| {
                    let all = said.into_iter().map(|steps| steps.into_iter().map(step).collect());
                    Ok(Answer::Steps(all.collect::<Result<_, Failure>>()?))
                }))
            }

            async fn event(
                &self,
                (store, instance): (&mut Store<State>, &Instance),
                hook: &str,
                event: exported::events::Event,
            ) -> wasmtime::Result<Word<Answer>> {
                let events = self.events.as_ref().ok_or_else(|| absent("events"))?;
                let events = events.load(&mut *store, instance)?;
                let said = events.call_on_event(&mut *store, hook, &event).await?;
                Ok(gave(said).and_then(|said| Ok(Answer::Effects(from_effects(said)?))))
            }

            async fn job(
                &self,
                (store, instance): (&mut Store<State>, &Instance),
                hook: &str,
                payload: &str,
            ) -> wasmtime::Result<Word<Answer>> {
                let jobs = self.jobs.as_ref().ok_or_else(|| absent("jobs"))?;
                let jobs = jobs.load(&mut *store, instance)?;
                let said = jobs.call_run(&mut *store, hook, payload).await?;
                Ok(gave(said).and_then(|said| Ok(Answer::Effects(from_effects(said)?))))
            }

            async fn ask(
                &self,
                store: &mut Store<State>,
                hook: &str,
                ask: &Ask,
            ) -> wasmtime::Result<Word<Answer>> {
                let instance = self.pre.instantiate_async(&mut *store).await?;
                let place = (store, &instance);
                match ask {
                    Ask::Save(told) => self.save(place, hook, told).await,
                    Ask::Guard { action, record, args } => {
                        self.guard(place, hook, (action, record, args)).await
                    }
                    Ask::After { action, record, args } => {
                        self.after(place, hook, (action, record, args)).await
                    }
                    Ask::Act { action, record, args } => {
                        self.act(place, hook, (action, record, args)).await
                    }
                    Ask::Price(prices) => self.price(place, hook, prices).await,
                    Ask::Event { name, model, id, payload } => {
                        let subject = wit::types::RecordRef { model: model.clone(), id: id.raw() };
                        let (name, payload) = (name.clone(), payload.to_string());
                        let event = exported::events::Event { name, subject, payload };
                        self.event(place, hook, event).await
                    }
                    Ask::Job { payload } => self.job(place, hook, &payload.to_string()).await,
                    Ask::Request(visit) => self.request(place, hook, visit.clone()).await,
                }
            }
        }

        impl Guest for Component {
            fn call<'c>(
                &'c self,
                store: &'c mut Store<State>,
                hook: &'c str,
                ask: &'c Ask,
            ) -> Borrowed<'c, wasmtime::Result<Word<Answer>>> {
                Box::pin(self.ask(store, hook, ask))
            }
        }
    };
}

pub(crate) use {shared_exports, shared_imports, shared_types};
