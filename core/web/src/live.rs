//! What changes, as it changes: server-sent events. A listener hears of records that he may read,
//! by model and id; what they hold he reads himself.
//! INVARIANT: no stream outlives the server's wish to end, nor by long the rights it began with.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use fondaco_kernel::hearing::Heard;
use fondaco_kernel::permissions::{self, Sight};
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::tx::{Changed, Gone};
use fondaco_kernel::{Ctx, Kernel};
use serde_json::json;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};

use crate::App;
use crate::caller::Caller;
use crate::problem::Refusal;

const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Then the listener comes back by itself, as browsers do, and with the rights he has by then.
const LIFE: Duration = Duration::from_secs(15 * 60);

pub(crate) async fn events(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let mut closing = app.closing();
    let changes = BroadcastStream::new(app.kernel.listen().await?);
    let kernel = app.kernel.clone();
    let mine = changes.then(move |change| {
        let (kernel, ctx) = (kernel.clone(), ctx.clone());
        async move {
            match change {
                Ok(Heard::Changed(changed)) => match concerns(&kernel, &ctx, &changed).await {
                    Concern::None => None,
                    Concern::His => Some(tell(&changed)),
                    Concern::Perhaps => Some(missed()),
                },
                // He fell behind: he reads his screen anew.
                Ok(Heard::Much) | Err(_) => Some(missed()),
            }
        }
    });
    let end = async move {
        // An error says that the server is gone, which is an end too.
        let _ = tokio::time::timeout(LIFE, closing.wait_for(|closing| *closing)).await;
    };
    let told =
        Until { stream: Box::pin(mine.filter_map(|event| event.map(Ok))), end: Box::pin(end) };
    Ok(Sse::new(told).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Whether a change is one that a listener hears of.
enum Concern {
    None,
    His,
    /// It cannot be found out any more; he is told that something was.
    Perhaps,
}

impl Concern {
    fn if_seen(seen: bool) -> Concern {
        if seen { Concern::His } else { Concern::None }
    }
}

/// Of a company of his, and a record that he may read. Where not all of a model are his to read, it
/// is looked up; one that is gone is judged by what it held last, where that is known.
async fn concerns(kernel: &Kernel, ctx: &Ctx, changed: &Changed) -> Concern {
    let registry = kernel.seen_by(ctx);
    let Some(model) = registry.schema.model(&changed.model) else { return Concern::None };
    let company = match model.shared {
        true => Some(ctx.clone()),
        false => ctx.in_company(changed.company.cast()),
    };
    let Some(ctx) = company else { return Concern::None };
    match (permissions::sight(&ctx, model), &changed.gone) {
        (Sight::None, _) => Concern::None,
        (Sight::All, _) => Concern::His,
        (Sight::Some, Some(Gone::Elsewhere)) => Concern::Perhaps,
        (Sight::Some, _) => Concern::if_seen(is_seen(kernel, &ctx, changed).await),
    }
}

async fn is_seen(kernel: &Kernel, ctx: &Ctx, changed: &Changed) -> bool {
    let changed = changed.clone();
    let seen = kernel.read(ctx, move |tx| {
        let changed = changed.clone();
        Box::pin(async move {
            if let Some(Gone::Here(gone)) = &changed.gone {
                return records::could_see(tx, gone).await;
            }
            let select = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
            let seen = records::get(tx, &changed.model, changed.id, &select).await;
            Ok(seen.is_ok())
        })
    });
    seen.await.unwrap_or(false)
}

fn missed() -> Event {
    Event::default().event("missed").data("{}")
}

fn tell(changed: &Changed) -> Event {
    let data = json!({
        "model": changed.model,
        "id": changed.id.to_string(),
        "event": changed.event,
    });
    Event::default().event("changed").data(data.to_string())
}

/// A stream that ends when something else does.
struct Until<S, E> {
    stream: Pin<Box<S>>,
    end: Pin<Box<E>>,
}

impl<S: Stream, E: Future> Stream for Until<S, E> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        self.stream.as_mut().poll_next(cx)
    }
}
