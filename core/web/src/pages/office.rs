//! Settings: who is here and what they may, what is switched on, what runs by itself, what was done. A
//! page a section, and each only for whom the rights allow it; all of it is there over the API too.
//! Not here: what a browser shows and saved views (`pages::settings`).
//! Read on: `users`, `roles`, `explain`, `tokens`, `modules`, `fields`, `plugins`, `jobs`, `audit`, `ledger`.

pub(crate) mod users;
pub(crate) mod roles;
pub(crate) mod explain;
pub(crate) mod tokens;
pub(crate) mod modules;
pub(crate) mod fields;
pub(crate) mod plugins;
pub(crate) mod jobs;
pub(crate) mod audit;
pub(crate) mod ledger;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use fondaco_kernel::permissions::{self, Right, is_administrator};
use fondaco_kernel::schema::Model;
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Error, Scopes};
use maud::{Markup, html};

use super::shell::{self, Page};
use super::{good, menu};
use crate::App;
use crate::visitor::Visitor;
use crate::works::{End, Work};

/// A part of the settings: where it is, and the keys of its name and of what it is for.
#[derive(Clone, Debug)]
struct Section {
    address: String,
    name: &'static str,
    lead: &'static str,
}

/// The sections that are there for whoever looks.
fn sections(visitor: &Visitor, has_folder: bool) -> Vec<Section> {
    let administrator = is_administrator(&visitor.ctx);
    let may = |model: &str, right| {
        let model = visitor.schema().model(model);
        model.is_some_and(|model| permissions::may(&visitor.ctx, model, right))
    };
    let in_person = *visitor.ctx.actor().scopes() == Scopes::All;
    let company = format!("/company/{}", visitor.ctx.company());
    let all = [
        (administrator, "/settings/users", "office-users", "office-users-lead"),
        (administrator, "/settings/roles", "office-roles", "office-roles-lead"),
        (administrator, "/settings/explain", "office-explain", "office-explain-lead"),
        (in_person, "/settings/tokens", "office-tokens", "office-tokens-lead"),
        (may("company", Right::Write), company.as_str(), "office-company", "office-company-lead"),
        (administrator && has_folder, "/settings/modules", "office-modules", "office-modules-lead"),
        (administrator && has_folder, "/settings/fields", "office-fields", "office-fields-lead"),
        (administrator, "/settings/plugins", "office-plugins", "office-plugins-lead"),
        (administrator, "/settings/jobs", "office-jobs", "office-jobs-lead"),
        (administrator, "/settings/audit", "office-audit", "office-audit-lead"),
        (may("journal", Right::Read), "/settings/ledger", "office-ledger", "office-ledger-lead"),
    ];
    let open = all.into_iter().filter(|(is_open, ..)| *is_open);
    open.map(|(_, address, name, lead)| Section { address: address.to_owned(), name, lead })
        .collect()
}

/// `/settings`
pub(crate) async fn home(State(app): State<App>, visitor: Visitor) -> Response {
    let words = &visitor.words;
    let title = words.say("office");
    let body = html! {
        div.head { h1 { (title) } }
        ul.offices {
            @for section in sections(&visitor, app.folder.is_some()) {
                li.panel {
                    h2 { a href=(section.address) { (words.say(section.name)) } }
                    p.soft { (words.say(section.lead)) }
                }
            }
        }
    };
    let page = Page { title: &title, crumbs: Vec::new(), shows: None, body };
    visitor.answer(Ok(good(shell::page(&visitor, page))))
}

/// A page of one section, with the way to the others.
struct Sheet<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    /// The key of its name.
    section: &'static str,
}

impl Sheet<'_> {
    fn answer(&self, status: StatusCode, title: &str, body: Markup) -> Response {
        let words = &self.visitor.words;
        let all = sections(self.visitor, self.app.folder.is_some());
        let crumbs = vec![("/settings".to_owned(), words.say("office").into_owned())];
        let body = html! {
            div.office {
                nav.sections aria-label=(words.say("office")) {
                    @for section in all {
                        a.place href=(section.address) aria-current=[(section.name == self.section).then_some("page")] {
                            (words.say(section.name))
                        }
                    }
                }
                div.room { h1 { (title) } (body) }
            }
        };
        let page = Page { title, crumbs, shows: None, body };
        super::html(status, shell::page(self.visitor, page))
    }

    /// The first page of the section.
    fn show(&self, body: Markup) -> Response {
        let title = self.visitor.words.say(self.section);
        self.answer(StatusCode::OK, &title, body)
    }

    /// The same after something was refused, with the reasons.
    fn refuse(&self, error: &Error, body: Markup) -> Response {
        let title = self.visitor.words.say(self.section);
        let (status, _, _) = crate::problem::status(error);
        self.answer(status, &title, html! { (wrong(self.visitor, error)) (body) })
    }
}

/// What stands in the way, above a form.
pub(super) fn wrong(visitor: &Visitor, error: &Error) -> Markup {
    let said: Vec<String> = match error {
        Error::Invalid(problems) => {
            problems.iter().map(|p| visitor.words.problem(p, &p.field)).collect()
        }
        other => vec![other.public()],
    };
    html! {
        div.alert role="alert" tabindex="-1" {
            p { strong { (visitor.words.say_of("form-problems", &[("count", Arg::Count(said.len()))])) } }
            ul { @for line in said { li { (line) } } }
        }
    }
}

/// A label with its input below.
pub(super) fn labelled(label: &str, id: &str, input: Markup) -> Markup {
    html! { div.asked { label for=(id) { (label) } (input) } }
}

/// A value that is shown only now.
fn shown_once(visitor: &Visitor, lead: &str, secret: &str) -> Markup {
    html! {
        div.once role="status" {
            p { strong { (lead) } }
            p { code.mono { (secret) } }
            p.soft { (visitor.words.say("office-once")) }
        }
    }
}

/// The link to the next page of a list that goes on.
fn further(visitor: &Visitor, address: &str, query: &str, next: Option<&str>) -> Markup {
    let joint = if query.is_empty() { "" } else { "&" };
    html! {
        @if let Some(next) = next {
            p.next { a.button href={ (address) "?" (query) (joint) "after=" (next) } {
                (visitor.words.say("list-next"))
            } }
        }
    }
}

/// `/settings/works/{id}`: how far long work has come; the page comes again by itself until it is done.
pub(crate) async fn work(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let owner = visitor.ctx.actor().user().map(|id| id.any()).unwrap_or_default();
    let found = id.parse().ok().and_then(|id| app.works.of(owner, id));
    let page = match found {
        Some(work) => Ok(work_page(&visitor, &work)),
        None => Err(Error::not_found("page", id)),
    };
    visitor.answer(page)
}

fn work_page(visitor: &Visitor, work: &Work) -> Response {
    let words = &visitor.words;
    let title = words.say(work.title);
    let body = html! {
        h1 { (title) }
        @match &work.end {
            None => {
                progress max=[(work.total > 0).then_some(work.total)] value=[(work.total > 0).then_some(work.done)] aria-label=(title) {}
                p role="status" { (words.say("office-working")) }
            }
            Some(End::Well(said)) => {
                div.note role="status" { @for line in said { p { (line) } } }
            }
            Some(End::Badly(said)) => {
                div.alert role="alert" tabindex="-1" { ul { @for line in said { li { (line) } } } }
            }
        }
        @if work.end.is_some() { p.deeds { a.button.primary href=(work.next) { (words.say("office-go-on")) } } }
    };
    let crumbs = vec![("/settings".to_owned(), words.say("office").into_owned())];
    let page = shell::page(visitor, Page { title: &title, crumbs, shows: None, body });
    let mut response = good(page);
    if work.end.is_none() {
        // A header, so that it needs neither a script nor a mark in the head.
        response.headers_mut().insert("refresh", axum::http::HeaderValue::from_static("1"));
    }
    response
}

/// Whoever began something; only people begin long work.
fn owner(visitor: &Visitor) -> AnyId {
    visitor.ctx.actor().user().map(|id| id.any()).unwrap_or_default()
}

/// Models by their labels, for choosing one.
pub(super) fn models(visitor: &Visitor, wanted: impl Fn(&Model) -> bool) -> Vec<(String, String)> {
    let all = visitor.schema().models.values().filter(|model| !model.is_line() && wanted(model));
    let mut named: Vec<(String, String)> =
        all.map(|model| (model.name.clone(), visitor.words.model(model).into_owned())).collect();
    named.sort_by(|a, b| a.1.cmp(&b.1));
    named
}

/// A select over pairs of value and label.
pub(super) fn choose(
    name: &str,
    id: &str,
    all: &[(String, String)],
    now: &str,
    none: Option<&str>,
) -> Markup {
    html! {
        select name=(name) id=(id) {
            @if let Some(none) = none { option value="" { (none) } }
            @for (value, label) in all { option value=(value) selected[value == now] { (label) } }
        }
    }
}

/// Whether a place of the menu leads to a model that is open to the reader.
fn open_model(visitor: &Visitor, name: &str) -> bool {
    visitor.schema().model(name).is_some_and(|model| menu::is_open(visitor, model))
}
