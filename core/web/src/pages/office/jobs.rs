//! Jobs that wait, that fail, that were given up; and the word to try one again.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::jobs::{self, Waiting, Which};
use maud::{Markup, html};

use super::{Sheet, further};
use crate::App;
use crate::address::{Asked, Pairs, query};
use crate::api::id_of;
use crate::desk;
use crate::pages::{go_saying, settings};
use crate::visitor::Visitor;
use crate::widgets::moment;

const PLACE: &str = "/settings/jobs";

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: "office-jobs" };
    let page = body(&sheet, &asked).await.map(|body| sheet.show(body));
    visitor.answer(page)
}

async fn body(sheet: &Sheet<'_>, asked: &Pairs) -> Result<Markup, Error> {
    let visitor = sheet.visitor;
    let which = desk::which(asked.get("which"))?;
    let after = asked.filled("after").and_then(|after| after.parse().ok());
    let read = sheet.app.kernel.read(&visitor.ctx, move |tx| {
        Box::pin(async move { jobs::waiting(tx, which, after).await })
    });
    let (waiting, next) = read.await?;
    let say = |key: &str| visitor.words.say(key).into_owned();
    let tabs = [
        ("open", "office-jobs-open", which == Which::Open),
        ("failing", "office-jobs-failing", which == Which::Failing),
        ("given_up", "office-jobs-given-up", which == Which::GivenUp),
    ];
    let name = asked.filled("which").unwrap_or("open");
    Ok(html! {
        nav.tabs aria-label=(say("office-jobs")) {
            @for (which, key, here) in tabs {
                a.chip href={ (PLACE) "?which=" (which) } aria-current=[here.then_some("page")] { (say(key)) }
            }
        }
        @if waiting.is_empty() { p { (say("office-jobs-none")) } }
        @else { div.scroll.listing { table.list {
            thead { tr {
                th scope="col" { (say("office-job")) } th scope="col" { (say("office-when")) }
                th.n scope="col" { (say("office-attempts")) } th scope="col" { (say("office-reason")) }
                th scope="col" { span.away { (say("palette-act")) } }
            } }
            tbody { @for job in &waiting { (row(visitor, job)) } }
        } } }
        (further(visitor, PLACE, &query([("which", name)]), next.map(|next| next.to_string()).as_deref()))
    })
}

fn row(visitor: &Visitor, job: &Waiting) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    html! {
        tr {
            td { code { (job.name) } }
            td data-label=(say("office-when")) {
                @match job.given_up_at {
                    Some(at) => { span.badge data-tone="gone" { (say("office-given-up")) } " " (moment(visitor.words.locale.time(at), at)) }
                    None => { (moment(visitor.words.locale.time(job.run_at), job.run_at)) }
                }
            }
            td.n data-label=(say("office-attempts")) { (job.attempts) }
            td.many data-label=(say("office-reason")) { (job.error.as_deref().unwrap_or_default()) }
            td { @if job.error.is_some() || job.given_up_at.is_some() {
                form method="post" action={ (PLACE) "/" (job.id) "/again" } { button.small { (say("office-jobs-again")) } }
            } }
        }
    }
}

pub(crate) async fn again(
    State(app): State<App>,
    visitor: Visitor,
    Path(job): Path<String>,
) -> Response {
    let done = match id_of("job", &job) {
        Ok(job) => app.kernel.run(&visitor.ctx, move |tx| Box::pin(jobs::again(tx, job))).await,
        Err(refusal) => Err(refusal.0),
    };
    let said = visitor.words.say("office-jobs-soon");
    visitor.answer(done.map(|()| go_saying(settings::back(&visitor), &said)))
}
