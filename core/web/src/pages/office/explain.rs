//! Why can she see this? A user, a model or one of its records, a right: the chain from the roles that were
//! given to the rule that decided, in words.

use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::permissions::{self, Chain, Office, Right};
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, limits};
use maud::{Markup, html};

use super::{Sheet, choose, labelled, models, users};
use crate::App;
use crate::address::{Asked, Pairs};
use crate::desk;
use crate::visitor::Visitor;

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: "office-explain" };
    let page = page(&sheet, &asked).await;
    visitor.answer(page)
}

async fn page(sheet: &Sheet<'_>, asked: &Pairs) -> Result<Response, Error> {
    let visitor = sheet.visitor;
    permissions::administers(&visitor.ctx, Office::Rights, Right::Read)?;
    let question = question(sheet, asked).await?;
    let (Some(user), Some(model)) = (asked.filled("user"), asked.filled("model")) else {
        return Ok(sheet.show(question));
    };
    let explained = explained(sheet, user, (model, asked.filled("record")), asked).await;
    match explained {
        Ok(chain) => Ok(sheet.show(html! { (question) (told(visitor, &chain)) })),
        Err(error @ (Error::Invalid(_) | Error::NotFound { .. })) => {
            Ok(sheet.refuse(&error, question))
        }
        Err(error) => Err(error),
    }
}

async fn explained(
    sheet: &Sheet<'_>,
    user: &str,
    (model, record): (&str, Option<&str>),
    asked: &Pairs,
) -> Result<Chain, Error> {
    let user = user.parse::<AnyId>().map_err(|_| Error::not_found("user", user))?;
    // A record is named by its number, or by the address of its page.
    let record = record.map(|text| {
        let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or(text);
        last.parse::<AnyId>().map_err(|_| Error::not_found(model, text))
    });
    let record = record.transpose()?;
    let right = asked.filled("right").unwrap_or("read");
    desk::chain(sheet.app, &sheet.visitor.ctx, user, (model, record), right).await
}

async fn question(sheet: &Sheet<'_>, asked: &Pairs) -> Result<Markup, Error> {
    let visitor = sheet.visitor;
    let wanted = Query {
        sort: vec!["name".to_owned()],
        limit: Some(limits::PAGE_SIZE_MAX),
        show: Select { fields: ["name", "login"].map(str::to_owned).to_vec(), expand: Vec::new() },
        ..Query::default()
    };
    let work = sheet.app.kernel.read(&visitor.ctx, move |tx| {
        let wanted = wanted.clone();
        Box::pin(async move { records::list(tx, "user", &wanted).await })
    });
    let people: Vec<(String, String)> = work
        .await?
        .rows
        .iter()
        .map(|user| {
            let login = user.text("login").unwrap_or_default();
            (user.id.to_string(), format!("{} · {login}", user.title()))
        })
        .collect();
    let say = |key: &str| visitor.words.say(key).into_owned();
    let held = |name: &str| asked.get(name).unwrap_or_default().to_owned();
    let model = held("model");
    let rights = rights(visitor, &model);
    Ok(html! {
        form.asking.inline action="/settings/explain" {
            (labelled(&say("office-user"), "x-user", choose("user", "x-user", &people, &held("user"), None)))
            (labelled(&say("office-model"), "x-model", choose("model", "x-model", &models(visitor, |_| true), &model, None)))
            (labelled(&say("office-record"), "x-record", html! {
                input type="text" id="x-record" name="record" value=(held("record")) placeholder=(say("office-record-hint")) autocomplete="off";
            }))
            (labelled(&say("office-right"), "x-right", choose("right", "x-right", &rights, &held("right"), None)))
            p.deeds { button.primary { (say("office-explain-do")) } }
        }
    })
}

/// The rights of a model; of none, those that all have.
fn rights(visitor: &Visitor, model: &str) -> Vec<(String, String)> {
    let standard = [
        ("read", "office-right-read"),
        ("create", "office-right-create"),
        ("write", "office-right-write"),
        ("delete", "office-right-delete"),
    ];
    let standard =
        standard.map(|(name, key)| (name.to_owned(), visitor.words.say(key).into_owned()));
    let model = visitor.schema().model(model);
    let actions = model.iter().flat_map(|model| {
        let offered = model.actions.values().filter(|action| !action.internal);
        offered.map(|action| {
            (action.name.clone(), visitor.words.action(&model.name, action).into_owned())
        })
    });
    standard.into_iter().chain(actions).collect()
}

fn told(visitor: &Visitor, chain: &Chain) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let found = &chain.explanation;
    let model = visitor.schema().model(&found.model);
    let what = model.map_or_else(String::new, |model| visitor.words.model(model).into_owned());
    let rights = rights(visitor, &found.model);
    let right = rights.iter().find(|(name, _)| *name == found.right);
    let right = right.map_or(found.right.as_str(), |(_, label)| label.as_str());
    let args = [
        ("name", Arg::Text(&chain.name)),
        ("right", Arg::Text(right)),
        ("model", Arg::Text(&what)),
    ];
    let answer = match (found.allowed, chain.of_record) {
        (true, true) => "office-explain-yes",
        (true, false) => "office-explain-some",
        (false, _) => "office-explain-no",
    };
    html! {
        section.panel.told {
            h2 { (visitor.words.say_of(answer, &args)) }
            @if chain.of_record && !found.seen { p { (say("office-explain-unseen")) } }
            h3 { (say("office-explain-given")) }
            ul { @for given in &chain.given {
                li { (users::named(visitor, &given.role)) @if given.company.is_some() { span.soft { " (" (say("office-one-company")) ")" } } }
            } }
            h3 { (say("office-explain-grants")) }
            @if found.grants.is_empty() { p.soft { (say("office-explain-none")) } }
            ul.chain { @for grant in &found.grants {
                li {
                    @if let Some(held) = chain.held.iter().find(|held| held.role == grant.role) {
                        (held.through.iter().map(|role| users::named(visitor, role)).collect::<Vec<_>>().join(" → "))
                    } @else { (grant.role) }
                    ": " (rule(visitor, &grant.rule, chain.of_record.then_some(grant.holds)))
                }
            } }
            @if !found.restrictions.is_empty() {
                h3 { (say("office-explain-everybody")) }
                ul.chain { @for one in &found.restrictions { li { (rule(visitor, &one.rule, chain.of_record.then_some(one.holds))) } } }
            }
            @if !found.others.is_empty() {
                h3 { (say("office-explain-others")) }
                p { (found.others.iter().map(|role| users::named(visitor, role)).collect::<Vec<_>>().join(", ")) }
            }
            @if !chain.hidden_fields.is_empty() {
                h3 { (say("office-explain-hidden")) }
                p { (hidden(visitor, &found.model, &chain.hidden_fields)) }
            }
        }
    }
}

fn rule(visitor: &Visitor, rule: &str, holds: Option<bool>) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    html! {
        @if rule == "true" { (say("office-always")) } @else { code.rule { (rule) } }
        @match holds {
            Some(true) => { " " span.badge data-tone="good" { (say("office-holds")) } }
            Some(false) => { " " span.badge data-tone="gone" { (say("office-holds-not")) } }
            None => {}
        }
    }
}

fn hidden(visitor: &Visitor, model: &str, fields: &[String]) -> String {
    let model = visitor.schema().model(model);
    let label = |name: &String| {
        let field = model.and_then(|model| Some((model, model.field(name)?)));
        field.map_or_else(
            || name.clone(),
            |(model, field)| visitor.words.field(&model.name, field).into_owned(),
        )
    };
    fields.iter().map(label).collect::<Vec<_>>().join(", ")
}
