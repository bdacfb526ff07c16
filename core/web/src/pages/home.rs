//! The page one begins with: the dashboards of one's roles, what is due, what was open last, where one
//! can go.

use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query};
use fondaco_kernel::texts::Arg;
use maud::{Markup, html};

use super::menu::{self, Section};
use super::shell::{self, Page};
use super::{dashboard, good};
use crate::App;
use crate::address::Asked;
use crate::visitor::Visitor;

/// Activities on the page: a day's.
const ACTIVITIES: usize = 12;

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let page = page(&app, &visitor, asked.filled("dashboard")).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, asked: Option<&str>) -> Result<Response, Error> {
    let asked = asked.map(str::to_owned);
    let query = Query {
        filter: Some("!done && assigned == actor.user".to_owned()),
        sort: vec!["due".to_owned()],
        limit: Some(ACTIVITIES),
        ..Query::default()
    };
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (query, asked) = (query.clone(), asked.clone());
        Box::pin(async move {
            let page = records::list(tx, "activity", &query).await?;
            let board = dashboard::read(tx, asked.as_deref()).await?;
            Ok((page.rows, tx.today(), board))
        })
    });
    let (activities, today, board) = work.await?;
    let words = &visitor.words;
    let sections = menu::sections(visitor);
    let name = visitor.around.name.split_whitespace().next().unwrap_or_default();
    let title = words.say_of("home-title", &[("name", Arg::Text(name))]);
    let body = html! {
        h1 { (title) }
        @if let Some(board) = &board { (board.page(visitor)) }
        div.home {
            section.panel {
                h2 { (words.say("home-activities")) }
                @if activities.is_empty() { p.soft { (words.say("home-activities-none")) } }
                @else { ul.due { @for one in &activities { (activity(visitor, one, today)) } } }
            }
            section.panel.scripted id="recent" data-none=(words.say("recent-none")) {
                h2 { (words.say("recent")) }
            }
            section.panel.wide {
                h2 { (words.say("home-start")) }
                @if sections.is_empty() { p.soft { (words.say("home-nothing")) } }
                div.places { @for section in &sections { (places(section)) } }
            }
        }
    };
    let page = Page { title: &words.say("home"), crumbs: Vec::new(), shows: None, body };
    Ok(good(shell::page(visitor, page)))
}

fn activity(visitor: &Visitor, one: &Rec, today: fondaco_kernel::values::Date) -> Markup {
    let words = &visitor.words;
    let due = one.date("due");
    let place = match (one.text("model"), one.int("record")) {
        (Some(model), Some(record)) => format!("/{model}/{record}"),
        _ => format!("/activity/{}", one.id),
    };
    let tone = due.map(|due| {
        if due < today {
            "late"
        } else if due == today {
            "today"
        } else {
            "later"
        }
    });
    html! {
        li {
            a href=(place) { (one.title()) }
            @if let (Some(due), Some(tone)) = (due, tone) {
                span.when data-tone=(tone) {
                    (words.locale.date(due))
                    @if tone == "late" { " · " (words.say("home-overdue")) }
                    @if tone == "today" { " · " (words.say("home-today")) }
                }
            }
        }
    }
}

fn places(section: &Section) -> Markup {
    html! {
        section {
            h3 { (section.name) }
            ul { @for place in &section.places { li { a href=(place.address) { (place.label) } } } }
        }
    }
}
