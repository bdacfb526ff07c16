//! The bell: what somebody should look at, read and unread; as a page, and as JSON for programs and for the
//! count beside the bell.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use fondaco_kernel::notices::{self, Kind, Notice};
use fondaco_kernel::{Ctx, Error};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::shell::{self, Page};
use super::{go_to, good};
use crate::App;
use crate::address::encoded;
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::visitor::Visitor;
use crate::widgets::moment;

async fn found(app: &App, ctx: &Ctx) -> Result<Vec<Notice>, Error> {
    app.kernel.read(ctx, |tx| Box::pin(notices::of_caller(tx))).await
}

/// `GET /api/notifications`
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Result<Json<Value>, Refusal> {
    let all = found(&app, &ctx).await?;
    let unread = all.iter().filter(|notice| notice.unread).count();
    Ok(Json(json!({ "items": all, "unread": unread })))
}

/// `POST /api/notifications/read`: all that is there by now was read.
pub(crate) async fn read(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Result<StatusCode, Refusal> {
    app.kernel.run(&ctx, |tx| Box::pin(notices::read_all(tx))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `/notifications`
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Response {
    let page = found(&app, &visitor.ctx).await.map(|all| page(&visitor, &all));
    visitor.answer(page)
}

fn page(visitor: &Visitor, all: &[Notice]) -> Response {
    let words = &visitor.words;
    let title = words.say("notices");
    let any = all.iter().any(|notice| notice.unread);
    let body = html! {
        div.head {
            h1 { (title) }
            @if any {
                div.ways { form method="post" action="/notifications" { button { (words.say("notices-read")) } } }
            }
        }
        @if all.is_empty() { section.empty { h2 { (words.say("notices-none")) } } }
        ul.notices { @for notice in all { (item(visitor, notice)) } }
    };
    good(shell::page(visitor, Page { title: &title, crumbs: Vec::new(), shows: None, body }))
}

fn item(visitor: &Visitor, notice: &Notice) -> Markup {
    let words = &visitor.words;
    let (key, place) = match (notice.kind, &notice.on, &notice.plugin) {
        (Kind::Activity, Some((model, id)), _) => ("notices-activity", format!("/{model}/{id}")),
        (Kind::Plugin, _, Some(id)) => {
            ("notices-plugin", format!("/settings/plugins/{}", encoded(id)))
        }
        (Kind::Job, _, _) => ("notices-job", "/settings/jobs?which=given_up".to_owned()),
        _ => ("notices-activity", "/".to_owned()),
    };
    html! {
        li.panel .unread[notice.unread] {
            @if notice.unread { span.dot { span.away { (words.say("notices-unread")) } } }
            div {
                p.soft { (words.say(key)) " · " (moment(words.locale.time(notice.at), notice.at)) }
                a href=(place) { (notice.title) }
            }
        }
    }
}

/// All of them were read.
pub(crate) async fn done(State(app): State<App>, visitor: Visitor) -> Response {
    let done = app.kernel.run(&visitor.ctx, |tx| Box::pin(notices::read_all(tx))).await;
    visitor.answer(done.map(|()| go_to("/notifications")))
}
