//! Roles and what they may: the roles there are, one role over all models, one model over all roles. All of
//! it is read from the schema; a change of a right is a change of the TOML.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::permissions::{self, Office, Right};
use fondaco_kernel::schema::{Model, Role};
use maud::{Markup, html};

use super::{Sheet, choose, models, users};
use crate::App;
use crate::address::{Asked, Pairs};
use crate::visitor::Visitor;

/// The rights that every model has; the actions come after them.
const STANDARD: [(&str, &str); 4] = [
    ("read", "office-right-read"),
    ("create", "office-right-create"),
    ("write", "office-right-write"),
    ("delete", "office-right-delete"),
];

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: "office-roles" };
    let page = body(&visitor, &asked).map(|body| sheet.show(body));
    visitor.answer(page)
}

fn body(visitor: &Visitor, asked: &Pairs) -> Result<Markup, Error> {
    permissions::administers(&visitor.ctx, Office::Rights, Right::Read)?;
    let schema = visitor.schema();
    let say = |key: &str| visitor.words.say(key).into_owned();
    let with_access = models(visitor, |model| !model.access.is_empty());
    let chosen = asked.filled("model").unwrap_or_default();
    let roles: Vec<(String, String)> = schema
        .roles
        .values()
        .map(|role| (role.name.clone(), visitor.words.role(role).into_owned()))
        .collect();
    let role = asked.filled("role").unwrap_or_default();
    Ok(html! {
        form.tools action="/settings/roles" {
            label.away for="r-role" { (say("office-role")) }
            (choose("role", "r-role", &roles, role, Some(&say("office-roles-any"))))
            label.away for="r-model" { (say("office-model")) }
            (choose("model", "r-model", &with_access, chosen, Some(&say("office-models-any"))))
            button { (say("office-show")) }
        }
        @match (schema.roles.get(role), schema.model(chosen).filter(|model| !model.is_line())) {
            (Some(role), None) => (of_role(visitor, role)),
            (role, Some(model)) => (of_model(visitor, model, role)),
            (None, None) => (all(visitor)),
        }
    })
}

/// The roles, each with what it is for.
fn all(visitor: &Visitor) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let schema = visitor.schema();
    html! {
        div.scroll.listing { table.list {
            thead { tr {
                th scope="col" { (say("office-role")) } th scope="col" { (say("office-for")) }
                th scope="col" { (say("office-includes")) } th scope="col" { (say("office-classes")) }
            } }
            tbody { @for role in schema.roles.values() {
                tr {
                    td { a.row href={ "/settings/roles?role=" (role.name) } { (visitor.words.role(role)) } }
                    td.many data-label=(say("office-for")) { (visitor.words.help_of_role(role)) }
                    td.many data-label=(say("office-includes")) { (included(visitor, role)) }
                    td.many data-label=(say("office-classes")) {
                        (role.classes.iter().map(|class| class.name()).collect::<Vec<_>>().join(", "))
                    }
                }
            } }
        } }
        @if !schema.separations.is_empty() {
            section.panel {
                h2 { (say("office-separations")) }
                ul { @for pair in &schema.separations {
                    li { (users::named(visitor, &pair.roles[0])) " ≠ " (users::named(visitor, &pair.roles[1])) ": " (pair.reason) }
                } }
            }
        }
    }
}

fn included(visitor: &Visitor, role: &Role) -> String {
    let names = role.includes.iter().map(|name| users::named(visitor, name));
    names.collect::<Vec<_>>().join(", ")
}

/// What one role may, model by model, with what it has of the roles that it includes.
fn of_role(visitor: &Visitor, role: &Role) -> Markup {
    let schema = visitor.schema();
    let held = permissions::held(schema, [role.name.as_str()]);
    let may = |model: &Model| model.access.keys().any(|name| held.contains(name));
    let rows = schema.models.values().filter(|model| may(model));
    html! {
        h2 { (visitor.words.role(role)) }
        p.soft { (visitor.words.help_of_role(role)) }
        @if !role.includes.is_empty() { p { (visitor.words.say("office-includes")) ": " (included(visitor, role)) } }
        (matrix(visitor, &visitor.words.say("office-model"), rows.map(|model| {
            let address = format!("/settings/roles?model={}", model.name);
            (visitor.words.model(model).into_owned(), address, cells(visitor, model, &held))
        })))
    }
}

/// What all roles may with one model.
fn of_model(visitor: &Visitor, model: &Model, only: Option<&Role>) -> Markup {
    let schema = visitor.schema();
    let roles = schema.roles.values().filter(|role| only.is_none_or(|own| own.name == role.name));
    let rows = roles.filter_map(|role| {
        let held = permissions::held(schema, [role.name.as_str()]);
        let any = model.access.keys().any(|name| held.contains(name));
        let address = format!("/settings/roles?role={}", role.name);
        any.then(|| (visitor.words.role(role).into_owned(), address, cells(visitor, model, &held)))
    });
    html! {
        h2 { (visitor.words.model(model)) }
        p.soft { (visitor.words.help_of_model(model)) }
        (matrix(visitor, &visitor.words.say("office-role"), rows))
    }
}

/// Conditions by right; an empty list says always.
type Cells = BTreeMap<String, Vec<String>>;

fn cells(visitor: &Visitor, model: &Model, held: &[String]) -> Cells {
    let mut cells = Cells::new();
    for role in held {
        for (right, condition) in permissions::granted(model, role) {
            let label = match model.actions.get(right).filter(|_| !is_standard(right)) {
                Some(action) => visitor.words.action(&model.name, action).into_owned(),
                None => right.to_owned(),
            };
            cells.entry(label).or_default().push(condition.to_owned());
        }
    }
    for conditions in cells.values_mut() {
        if conditions.iter().any(|condition| condition == "true") {
            conditions.clear();
        }
        conditions.sort();
        conditions.dedup();
    }
    cells
}

fn is_standard(right: &str) -> bool {
    STANDARD.iter().any(|(name, _)| *name == right)
}

fn matrix(
    visitor: &Visitor,
    head: &str,
    rows: impl Iterator<Item = (String, String, Cells)>,
) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    html! {
        div.scroll.listing { table.list.matrix {
            thead { tr {
                th scope="col" { (head) }
                @for (_, key) in STANDARD { th scope="col" { (say(key)) } }
                th scope="col" { (say("office-actions")) }
            } }
            tbody { @for (name, address, cells) in rows {
                tr {
                    th scope="row" { a.row href=(address) { (name) } }
                    @for (right, key) in STANDARD {
                        td data-label=(say(key)) {
                            @match cells.get(right).map(Vec::as_slice) {
                                None => { span.soft aria-hidden="true" { "–" } span.away { (say("no")) } }
                                Some([]) => { span.yes { span aria-hidden="true" { "✓" } span.away { (say("yes")) } } }
                                Some(conditions) => { @for condition in conditions { code.rule { (condition) } } }
                            }
                        }
                    }
                    td.many data-label=(say("office-actions")) {
                        @for (name, conditions) in cells.iter().filter(|(right, _)| !is_standard(right)) {
                            span.badge data-tone="plain" title=(conditions.join(" || ")) {
                                (name) @if !conditions.is_empty() { " *" }
                            } " "
                        }
                    }
                }
            } }
        } }
        p.soft { (say("office-matrix-help")) }
    }
}
