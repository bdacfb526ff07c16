//! Small deeds of the shell: how a browser shows pages, in which company one works, saved views.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Error, identity, records};
use serde_json::{Map, json};

use super::{go_to, with_cookie};
use crate::App;
use crate::address::{Sent, on_this_site};
use crate::caller::session;
use crate::visitor::{LOOK, Look, Visitor};

const YEAR_S: u32 = 365 * 24 * 60 * 60;

pub(crate) async fn look(visitor: Visitor, Sent(form): Sent) -> Response {
    let look = Look::read(form.get("look").unwrap_or_default());
    with_cookie(go_to(back(&visitor)), LOOK, &look.write(), YEAR_S)
}

/// What is open belongs to the company that one leaves.
pub(crate) async fn company(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Sent(form): Sent,
) -> Response {
    let wish = form.get("company").and_then(|id| id.parse::<AnyId>().ok());
    let (Some(token), Some(wish)) = (session(&headers), wish) else {
        return visitor.answer(Err(Error::not_found("company", "")));
    };
    match identity::choose_company(&app.kernel, token, wish.cast()).await {
        Ok(_) => go_to("/"),
        Err(error) => visitor.answer(Err(error)),
    }
}

/// Keeps the query of a list under a name.
pub(crate) async fn save_view(
    State(app): State<App>,
    visitor: Visitor,
    Sent(form): Sent,
) -> Response {
    let text = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let (model, query) = (text("model"), text("query"));
    let view = json!({
        "name": text("name"), "model": model, "query": query,
        "everybody": form.get("everybody") == Some("true"),
    });
    let view: Map<_, _> = view.as_object().cloned().unwrap_or_default();
    let kept = app.kernel.run(&visitor.ctx, move |tx| {
        let view = view.clone();
        Box::pin(async move {
            let draft = records::draft_of(tx, "saved_view", &view)?;
            records::create(tx, "saved_view", vec![draft]).await
        })
    });
    let address = format!("/{model}?{query}");
    match kept.await {
        Ok(_) => go_to(on_this_site(&address).unwrap_or("/")),
        Err(error) => visitor.answer(Err(error)),
    }
}

pub(crate) async fn forget_view(
    State(app): State<App>,
    visitor: Visitor,
    Sent(form): Sent,
) -> Response {
    let Some(id) = form.get("view").and_then(|id| id.parse::<AnyId>().ok()) else {
        return visitor.answer(Err(Error::not_found("saved_view", "")));
    };
    let gone = app.kernel.run(&visitor.ctx, move |tx| {
        Box::pin(async move { records::delete(tx, "saved_view", &[(id, None)]).await })
    });
    let gone = gone.await.map(|()| go_to(back(&visitor)).into_response());
    visitor.answer(gone)
}

/// The page that one came from.
pub(crate) fn back(visitor: &Visitor) -> &str {
    visitor.around.before.as_deref().and_then(on_this_site).unwrap_or("/")
}
