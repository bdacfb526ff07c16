//! What changes, as it changes: server-sent events. A listener hears of records that he may read,
//! by model and id; what they hold he reads himself.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::tx::Changed;
use fondaco_kernel::{Ctx, Kernel};
use serde_json::json;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};

use crate::App;
use crate::caller::Caller;

const KEEP_ALIVE: Duration = Duration::from_secs(20);

pub(crate) async fn events(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = BroadcastStream::new(app.kernel.changes());
    let kernel = app.kernel.clone();
    let mine = changes.filter_map(move |change| match change {
        Ok(changed) => concerns(&kernel, &ctx, &changed).then(|| Ok(tell(&changed))),
        // He fell behind: he reads his screen anew.
        Err(_) => Some(Ok(Event::default().event("missed").data("{}"))),
    });
    Sse::new(mine).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Of a company of his, and of a model that he has any right to read.
fn concerns(kernel: &Kernel, ctx: &Ctx, changed: &Changed) -> bool {
    let registry = kernel.registry();
    let Some(model) = registry.schema.model(&changed.model) else { return false };
    let his = model.shared || ctx.actor().companies().contains(&changed.company.cast());
    his && permissions::may(ctx, model, Right::Read)
}

fn tell(changed: &Changed) -> Event {
    let data = json!({
        "model": changed.model,
        "id": changed.id.to_string(),
        "event": changed.event,
    });
    Event::default().event("changed").data(data.to_string())
}
