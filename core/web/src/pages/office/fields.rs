//! Fields and states of the company's own, by form: what a model has of them, and one more. They are written
//! into the company folder by a plan (`modules`); what people wrote there by hand stays.

use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::permissions::{self, Office, Right};
use fondaco_kernel::schema::{Kind, Model, Origin};
use maud::{Markup, html};

use super::{Sheet, choose, labelled, models};
use crate::App;
use crate::address::{Asked, Pairs};
use crate::visitor::Visitor;

/// Types of fields that are made by form; what needs a formula is written by hand.
const KINDS: [(&str, &str); 13] = [
    ("text", "office-kind-text"),
    ("long_text", "office-kind-long_text"),
    ("integer", "office-kind-integer"),
    ("decimal", "office-kind-decimal"),
    ("money", "office-kind-money"),
    ("percent", "office-kind-percent"),
    ("bool", "office-kind-bool"),
    ("date", "office-kind-date"),
    ("date_time", "office-kind-date_time"),
    ("choice", "office-kind-choice"),
    ("link", "office-kind-link"),
    ("email", "office-kind-email"),
    ("url", "office-kind-url"),
];

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: "office-fields" };
    let page = body(&sheet, &asked).map(|body| sheet.show(body));
    visitor.answer(page)
}

fn body(sheet: &Sheet<'_>, asked: &Pairs) -> Result<Markup, Error> {
    let visitor = sheet.visitor;
    permissions::administers(&visitor.ctx, Office::Modules, Right::Read)?;
    crate::configuration::folder_of(sheet.app)?;
    let say = |key: &str| visitor.words.say(key).into_owned();
    let all = models(visitor, |_| true);
    let chosen = asked.filled("model").unwrap_or_default();
    let model = visitor.schema().model(chosen).filter(|model| !model.is_line());
    Ok(html! {
        p.soft { (say("office-fields-help")) }
        form.tools action="/settings/fields" {
            label.away for="f-model" { (say("office-model")) }
            (choose("model", "f-model", &all, chosen, None))
            button { (say("office-show")) }
        }
        @if let Some(model) = model {
            (own(visitor, model))
            (new_field(visitor, model))
            @if model.states.is_some() { (new_state(visitor, model)) }
        }
    })
}

/// The fields that the company has given it.
fn own(visitor: &Visitor, model: &Model) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let fields =
        model.fields.values().filter(|field| field.origin == Origin::Company && !field.system);
    let fields: Vec<_> = fields.collect();
    html! {
        @if fields.is_empty() { p { (say("office-fields-none")) } }
        @else { div.scroll.listing { table.list {
            thead { tr { th scope="col" { (say("office-label")) } th scope="col" { (say("office-name")) } th scope="col" { (say("office-type")) } } }
            tbody { @for field in fields {
                tr {
                    td { b { (visitor.words.field(&model.name, field)) } }
                    td data-label=(say("office-name")) { code.rule { (field.name) } }
                    td data-label=(say("office-type")) { (type_of(visitor, &field.kind)) }
                }
            } }
        } } }
    }
}

fn type_of(visitor: &Visitor, kind: &Kind) -> String {
    let name = kind.name();
    let known = KINDS.iter().find(|(own, _)| *own == name);
    known.map_or_else(|| name.to_owned(), |(_, key)| visitor.words.say(key).into_owned())
}

fn new_field(visitor: &Visitor, model: &Model) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let kinds: Vec<(String, String)> =
        KINDS.iter().map(|(name, key)| ((*name).to_owned(), say(key))).collect();
    html! {
        section.panel {
            h2 { (say("office-fields-new")) }
            form.asking action="/settings/plan" {
                input type="hidden" name="edit" value="field";
                input type="hidden" name="model" value=(model.name);
                (labelled(&say("office-label"), "n-label", html! { input type="text" id="n-label" name="label" required maxlength="80" autocomplete="off"; }))
                (labelled(&say("office-name"), "n-name", html! {
                    input type="text" id="n-name" name="name" required pattern="[a-z][a-z0-9_]*" maxlength="40" autocomplete="off" spellcheck="false";
                    p.soft { (say("office-name-help")) }
                }))
                (labelled(&say("office-type"), "n-kind", choose("kind", "n-kind", &kinds, "text", None)))
                (labelled(&say("office-values"), "n-values", html! {
                    textarea id="n-values" name="values" rows="2" {}
                    p.soft { (say("office-values-help")) }
                }))
                (labelled(&say("office-to"), "n-to", choose("to", "n-to", &models(visitor, |_| true), "", Some(""))))
                (labelled(&say("office-help"), "n-help", html! { input type="text" id="n-help" name="help" maxlength="200" autocomplete="off"; }))
                label.tick { input type="checkbox" name="search" value="true"; (say("office-search")) }
                label.tick { input type="checkbox" name="required" value="true"; (say("office-required")) }
                p.deeds { button.primary { (say("office-plan-see")) } }
            }
        }
    }
}

fn new_state(visitor: &Visitor, model: &Model) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let Some(states) = &model.states else { return html! {} };
    let field = model.field("state");
    let named = |state: &str| {
        field.map_or_else(
            || state.to_owned(),
            |field| crate::widgets::label(visitor, &model.name, field, state),
        )
    };
    // Rights of a module's role are the module's; a company gives its own roles more.
    let all = visitor.schema().roles.values();
    let own: Vec<_> = all.clone().filter(|role| role.module == "company").collect();
    let bases: Vec<(String, String)> = all
        .filter(|role| role.module != "company" && model.access.contains_key(&role.name))
        .map(|role| (role.name.clone(), visitor.words.role(role).into_owned()))
        .collect();
    html! {
        section.panel {
            h2 { (say("office-states-new")) }
            p.soft { (say("office-states-lead")) }
            form.asking action="/settings/plan" {
                input type="hidden" name="edit" value="state";
                input type="hidden" name="model" value=(model.name);
                (labelled(&say("office-label"), "s-label", html! { input type="text" id="s-label" name="label" required maxlength="80" autocomplete="off"; }))
                (labelled(&say("office-name"), "s-state", html! { input type="text" id="s-state" name="state" required pattern="[a-z][a-z0-9_]*" maxlength="40" autocomplete="off" spellcheck="false"; }))
                (labelled(&say("office-action-label"), "s-action-label", html! { input type="text" id="s-action-label" name="action_label" required maxlength="80" autocomplete="off"; }))
                (labelled(&say("office-action-name"), "s-action", html! { input type="text" id="s-action" name="action" required pattern="[a-z][a-z0-9_]*" maxlength="40" autocomplete="off" spellcheck="false"; }))
                fieldset.ticks { legend { (say("office-from")) }
                    @for state in &states.values {
                        label.tick { input type="checkbox" name="from" value=(state); (named(state)) }
                    }
                }
                @if !own.is_empty() {
                    fieldset.ticks { legend { (say("office-who")) }
                        @for role in own {
                            label.tick { input type="checkbox" name="roles" value=(role.name); (visitor.words.role(role)) }
                        }
                    }
                }
                (labelled(&say("office-role-new"), "s-role", html! {
                    input type="text" id="s-role" name="new_role" maxlength="60" autocomplete="off";
                    p.soft { (say("office-role-new-help")) }
                }))
                (labelled(&say("office-role-base"), "s-base", choose("includes", "s-base", &bases, "", Some("–"))))
                p.deeds { button.primary { (say("office-plan-see")) } }
            }
        }
    }
}
