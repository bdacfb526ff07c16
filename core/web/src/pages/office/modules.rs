//! Modules on and off, and the plan of any change of the company folder: what becomes new, gone or another,
//! who gains or loses rights, what stands in the way; and the word to carry it out.
//! Not here: what a change is (`folder`), carrying it out (`configuration`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::plan::{Change, Granted, Heard, Moved, Plan};
use fondaco_kernel::rollout::{self, Status};
use fondaco_kernel::schema::Risk;
use fondaco_kernel::texts::Arg;
use maud::{Markup, html};

use super::{Sheet, owner, users};
use crate::App;
use crate::address::{Asked, Pairs, Sent, query};
use crate::configuration::{self, Agreed, Proposal};
use crate::folder::{Edit, EditedFile, Offer};
use crate::pages::go_to;
use crate::visitor::Visitor;
use crate::works::{self, End};

const SECTION: &str = "office-modules";

/// Users whose rights change that are named; of more it is said how many there are.
const NAMED: usize = 20;

pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = modules(&sheet).await.map(|body| sheet.show(body));
    visitor.answer(page)
}

async fn modules(sheet: &Sheet<'_>) -> Result<Markup, Error> {
    let visitor = sheet.visitor;
    let offers = configuration::offers(sheet.app, &visitor.ctx).await?;
    let status = rollout::status(&sheet.app.kernel).await?;
    let say = |key: &str| visitor.words.say(key).into_owned();
    Ok(html! {
        p.soft { (say("office-modules-help")) }
        div.scroll.listing { table.list {
            thead { tr {
                th scope="col" { (say("office-module")) } th scope="col" { (say("office-for")) }
                th scope="col" { (say("office-state")) } th scope="col" { span.away { (say("palette-act")) } }
            } }
            tbody { @for offer in &offers {
                (row(visitor, offer, status.iter().find(|status| status.module == offer.name)))
            } }
        } }
        section.panel {
            h2 { (say("office-folder")) }
            p.soft { (say("office-folder-lead")) }
            p.deeds { a.button href="/settings/plan?edit=folder" { (say("office-folder-do")) } }
        }
    })
}

fn row(visitor: &Visitor, offer: &Offer, status: Option<&Status>) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let (name, turn) =
        if offer.is_on { ("off", "office-turn-off") } else { ("on", "office-turn-on") };
    let address = query([("edit", "modules"), (name, &offer.name)]);
    let half_way = status.map_or(&[][..], |status| &status.half_way);
    html! {
        tr {
            td { b { (visitor.words.module(&offer.name, &offer.title)) } " " span.soft { (offer.version) } }
            td.many data-label=(say("office-for")) {
                (visitor.words.help_of_module(&offer.name, &offer.help))
                @if offer.is_on && !half_way.is_empty() {
                    p.soft { (say("office-half-way")) ": "
                        @for (place, one) in half_way.iter().enumerate() {
                            @if place > 0 { ", " } (one.count) " × " (one.label) " (" (one.state) ")"
                        }
                    }
                }
            }
            td data-label=(say("office-state")) {
                @match (offer.is_on, offer.is_piloted) {
                    (true, true) => { span.badge data-tone="busy" { (say("office-pilot")) } }
                    (true, false) => { span.badge data-tone="good" { (say("office-on")) } }
                    (false, _) => { span.badge data-tone="new" { (say("office-off")) } }
                }
            }
            td { a.button.small href={ "/settings/plan?" (address) } { (say(turn)) " …" } }
        }
    }
}

/// `/settings/plan?edit=…`: what a change would do. Changes nothing.
pub(crate) async fn plan(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let page = match Edit::read(&asked) {
        Some(edit) => planned(&app, &visitor, &edit).await,
        None => Err(Error::not_found("page", "/settings/plan")),
    };
    visitor.answer(page)
}

async fn planned(app: &App, visitor: &Visitor, edit: &Edit) -> Result<Response, Error> {
    let section = match edit {
        Edit::Field { .. } | Edit::State { .. } => "office-fields",
        Edit::Modules { .. } | Edit::Folder {} => SECTION,
    };
    let sheet = Sheet { app, visitor, section };
    match configuration::propose(app, &visitor.ctx, edit).await {
        Ok(proposal) => Ok(sheet.show(whole(visitor, edit, &proposal))),
        Err(error @ (Error::Invalid(_) | Error::Conflict { .. })) => {
            let back = visitor.around.before.as_deref().unwrap_or("/settings/modules");
            Ok(sheet.refuse(
                &error,
                html! {
                    p.deeds { a.button href=(back) { (visitor.words.say("back")) } }
                },
            ))
        }
        Err(error) => Err(error),
    }
}

fn whole(visitor: &Visitor, edit: &Edit, proposal: &Proposal) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let plan = &proposal.plan;
    let hides = plan.changes.iter().any(|change| change.risk == Risk::Destructive);
    let stopped = !plan.drift.is_empty() || plan.changes.iter().any(Change::is_blocked);
    html! {
        h2 { (say("office-plan")) }
        @if plan.is_empty() && proposal.edited.files.is_empty() {
            p.note { (say("office-plan-nothing")) }
        } @else {
            (changes(visitor, plan))
            (people(visitor, plan))
            @for drift in &plan.drift { div.alert { p { (say("office-plan-drift")) " " (drift) } } }
            (files(visitor, proposal))
            form.asking method="post" action="/settings/apply" {
                @for (name, value) in edit.pairs() { input type="hidden" name=(name) value=(value); }
                input type="hidden" name="to" value=(plan.to);
                @if hides { label.tick { input type="checkbox" name="destructive" value="true" required; (say("office-plan-agree")) } }
                @if stopped { p.problem { (say("office-plan-stopped")) } }
                p.deeds {
                    @if !stopped { button.primary { (say("office-plan-do")) } }
                    a.button href="/settings/modules" { (say("cancel")) }
                }
            }
        }
    }
}

/// Everything that becomes new, gone or another, by what it risks.
fn changes(visitor: &Visitor, plan: &Plan) -> Markup {
    let heads = [
        (Risk::Safe, "office-plan-safe"),
        (Risk::Checked, "office-plan-checked"),
        (Risk::Destructive, "office-plan-destructive"),
    ];
    html! {
        @for (risk, key) in heads {
            @let own = plan.changes.iter().filter(|change| change.risk == risk).collect::<Vec<_>>();
            @if !own.is_empty() {
                details.panel.plan open[own.len() <= 40 || risk != Risk::Safe] {
                    summary { (visitor.words.say_of(key, &[("count", Arg::Count(own.len()))])) }
                    ul.changes { @for change in own { li .problem[change.is_blocked()] { code { (change) } } } }
                }
            }
        }
    }
}

/// Who gains or loses what.
fn people(visitor: &Visitor, plan: &Plan) -> Markup {
    let words = &visitor.words;
    html! {
        @if !plan.roles.is_empty() {
            details.panel.plan {
                summary { (words.say_of("office-plan-roles", &[("count", Arg::Count(plan.roles.len()))])) }
                ul { @for role in &plan.roles { li { b { (users::named(visitor, &role.role)) } (moved(visitor, &role.moved)) } } }
            }
        }
        @if !plan.users.is_empty() {
            details.panel.plan {
                summary { (words.say_of("office-plan-users", &[("count", Arg::Count(plan.users.len()))])) }
                ul { @for user in plan.users.iter().take(NAMED) {
                    li { b { (user.name) } " " span.soft { (user.login) } (moved(visitor, &user.moved)) }
                } }
            }
        }
    }
}

fn moved(visitor: &Visitor, moved: &Moved) -> Markup {
    let parts = [
        ("office-gains", &moved.gains),
        ("office-loses", &moved.loses),
        ("office-otherwise", &moved.other_condition),
    ];
    let one = |granted: &Granted| format!("{}: {}", granted.on, granted.rights.join(", "));
    html! {
        ul.soft { @for (key, granted) in parts {
            @if !granted.is_empty() {
                li { (visitor.words.say(key)) " " (granted.iter().map(one).collect::<Vec<_>>().join("; ")) }
            }
        } }
    }
}

/// What would be written to the company folder.
fn files(visitor: &Visitor, proposal: &Proposal) -> Markup {
    html! {
        @for (path, file) in &proposal.edited.files {
            details.panel.plan {
                summary { (visitor.words.say("office-plan-file")) " " code { (path) } }
                pre { @for (sign, line) in difference(file) {
                    span .added[sign == '+'] .removed[sign == '-'] { (sign) " " (line) "\n" }
                } }
            }
        }
    }
}

/// The lines of a file that are new or gone, with those that stay: what begins and ends alike is the same.
fn difference(file: &EditedFile) -> Vec<(char, &str)> {
    let before: Vec<&str> = file.before.as_deref().unwrap_or_default().lines().collect();
    let after: Vec<&str> = file.after.lines().collect();
    let head = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let rest = before.len().min(after.len()) - head;
    let tails = before.iter().rev().zip(after.iter().rev()).take(rest);
    let tail = tails.take_while(|(a, b)| a == b).count();
    let stays = before[..head].iter().map(|line| (' ', *line));
    let gone = before[head..before.len() - tail].iter().map(|line| ('-', *line));
    let new = after[head..after.len() - tail].iter().map(|line| ('+', *line));
    let ends = after[after.len() - tail..].iter().map(|line| (' ', *line));
    stays.chain(gone).chain(new).chain(ends).collect()
}

/// `/settings/apply`: carries out what was agreed to, beside the page about it.
pub(crate) async fn apply(State(app): State<App>, visitor: Visitor, Sent(form): Sent) -> Response {
    let begun = begin(&app, &visitor, &form);
    visitor.answer(begun)
}

fn begin(app: &App, visitor: &Visitor, form: &Pairs) -> Result<Response, Error> {
    use fondaco_kernel::permissions::{Office, Right, administers};
    administers(&visitor.ctx, Office::Modules, Right::Write)?;
    let change = Edit::read(form).ok_or_else(|| Error::not_found("page", "/settings/apply"))?;
    let next = match &change {
        Edit::Field { model, .. } | Edit::State { model, .. } => {
            format!("/settings/fields?{}", query([("model", model.as_str())]))
        }
        Edit::Modules { .. } | Edit::Folder {} => "/settings/modules".to_owned(),
    };
    let agreed = Agreed {
        change,
        to: form.get("to").unwrap_or_default().to_owned(),
        destructive: form.get("destructive") == Some("true"),
    };
    let hold = app.works.begin(owner(visitor), "office-applying", &next);
    let place = format!("/settings/works/{}", hold.id);
    let (app, ctx, words) = (app.clone(), visitor.ctx.clone(), visitor.words.clone());
    works::beside(async move {
        let told = hold.clone();
        let heard: Heard = Arc::new(move |done, total| told.at(done, total));
        let outcome = configuration::carry_out(&app, &ctx, &agreed, &heard).await;
        hold.end(match outcome {
            Ok(_) => End::Well(vec![words.say("office-applied").into_owned()]),
            Err(Error::Invalid(problems)) => {
                End::Badly(problems.iter().map(|p| words.problem(p, &p.field)).collect())
            }
            Err(error) => {
                tracing::warn!(%error, "a change was not carried out");
                End::Badly(vec![error.public()])
            }
        });
    });
    Ok(go_to(&place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_gains_is_marked() {
        let file = |before: Option<&str>, after: &str| EditedFile {
            before: before.map(str::to_owned),
            after: after.to_owned(),
        };
        let told = |file: &EditedFile| {
            let lines = difference(file).into_iter().map(|(sign, line)| format!("{sign}{line}"));
            lines.collect::<Vec<_>>().join("|")
        };
        assert_eq!(told(&file(None, "a\nb\n")), "+a|+b");
        assert_eq!(told(&file(Some("a\nc\n"), "a\nb\nc\n")), " a|+b| c");
        assert_eq!(told(&file(Some("a\nx\nc\n"), "a\ny\nc\n")), " a|-x|+y| c");
        assert_eq!(told(&file(Some("a\na\n"), "a\na\na\n")), " a| a|+a");
        assert_eq!(told(&file(Some("a\n"), "a\n")), " a");
    }
}
