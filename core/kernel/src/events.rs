//! What has happened, told to those who asked to hear it: inside the transaction (they may refuse),
//! and after it (from the outbox, at least once). The list of events is each model's states; a
//! module adds few of its own.

use fondaco_schema::Model;
use fondaco_values::AnyId;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::error::Result;
use crate::tx::{Changed, Tx};
use crate::{jobs, plugins, rollout};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// `{model}.{state entered}`, such as `sales.order.confirmed`, or a module's own name.
    pub name: String,
    pub model: String,
    pub id: AnyId,
    pub company: AnyId,
    pub payload: Json,
}

impl Event {
    pub fn new(name: impl Into<String>, model: &str, id: AnyId, payload: Json) -> Event {
        Event { name: name.into(), model: model.to_owned(), id, company: AnyId::default(), payload }
    }

    /// Reads one entry of the payload.
    ///
    /// # Errors
    /// `Internal` when sender and hearer disagree about its shape.
    pub fn read<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<T> {
        let value = self.payload.get(key).cloned().unwrap_or(Json::Null);
        serde_json::from_value(value)
            .map_err(|e| crate::Error::internal(format!("{}: {key}: {e}", self.name)))
    }

    /// One entry of the payload; `None` when the event has none, such as one of a delivery that
    /// nobody asked for.
    ///
    /// # Errors
    /// As [`Event::read`].
    pub fn find<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.read::<Option<T>>(key)
    }
}

/// Tells those inside at once, and writes down the rest for after the commit.
pub async fn emit(tx: &mut Tx, mut event: Event) -> Result<()> {
    event.company = tx.ctx().company().cast();
    tx.tell(Changed {
        model: event.model.clone(),
        id: event.id,
        company: event.company,
        event: event.name.clone(),
        gone: None,
    });
    let registry = tx.registry().clone();
    for hear in registry.inside(&event.name) {
        hear(tx, &event).await?;
    }
    rollout::remember(tx, &event).await?;
    for (job, _) in registry.after(&event.name) {
        let payload = serde_json::to_value(&event).unwrap_or_default();
        jobs::enqueue(tx, job, payload, tx.now()).await?;
    }
    plugins::later::remember(tx, &event).await
}

/// The event of a record that has entered a state.
pub(crate) async fn entered(
    tx: &mut Tx,
    model: &Model,
    id: AnyId,
    state: &str,
    payload: serde_json::Map<String, Json>,
) -> Result<()> {
    let name = format!("{}.{state}", model.name);
    emit(tx, Event::new(name, &model.name, id, Json::Object(payload))).await
}

impl Tx {
    pub async fn emit(&mut self, event: Event) -> Result<()> {
        emit(self, event).await
    }
}
