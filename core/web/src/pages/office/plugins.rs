//! Plugins: what is installed and how it stands, what each may in words, and every verb of its life by
//! plain forms; a package is sent as a file.
//! Not here: what the verbs do (`kernel::plugins::lifecycle`).

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::audit::Change;
use fondaco_kernel::permissions::{self, Office, Right};
use fondaco_kernel::plugins::lifecycle::{
    self, Grant, InstallPlan, Line, Need, Standing, State as Stands,
};
use fondaco_kernel::plugins::specimen;
use fondaco_kernel::plugins::telling::{self, CallLine, ShadowReport};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::AnyId;
use maud::{Markup, html};

use super::{Sheet, labelled};
use crate::App;
use crate::address::{Pairs, Sent, encoded};
use crate::multipart;
use crate::pages::go_saying;
use crate::plugins;
use crate::visitor::Visitor;
use crate::widgets::moment;

const SECTION: &str = "office-plugins";
const PLACE: &str = "/settings/plugins";
/// Calls and changes that the page of a plugin shows.
const SHOWN: usize = 12;

pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = list(&sheet).await.map(|list| sheet.show(list));
    visitor.answer(page)
}

async fn list(sheet: &Sheet<'_>) -> Result<Markup, Error> {
    let visitor = sheet.visitor;
    let all = lifecycle::list(&sheet.app.kernel, &visitor.ctx).await?;
    let say = |key: &str| visitor.words.say(key).into_owned();
    Ok(html! {
        @if all.is_empty() { p { (say("office-plugins-none")) } }
        @else { div.scroll.listing { table.list {
            thead { tr {
                th scope="col" { (say("office-plugin")) } th scope="col" { (say("office-version")) }
                th scope="col" { (say("office-state")) } th scope="col" { (say("office-shadow")) }
            } }
            tbody { @for one in &all {
                tr {
                    td { a.row href={ (PLACE) "/" (one.id) } { (one.name) } " " span.soft { (one.id) } }
                    td data-label=(say("office-version")) { (one.version) }
                    td data-label=(say("office-state")) { (state(visitor, one)) }
                    td data-label=(say("office-shadow")) { (one.shadow.as_deref().unwrap_or_default()) }
                }
            } }
        } } }
        section.panel {
            h2 { (say("office-plugins-new")) }
            p.soft { (say("office-plugins-new-lead")) }
            form.asking method="post" action=(PLACE) enctype="multipart/form-data" {
                (labelled(&say("office-package"), "p-file", html! { input type="file" id="p-file" name="file" accept=".plugin,.fondaco-plugin,application/octet-stream" required; }))
                p.deeds { button.primary { (say("office-plugins-install")) } }
            }
        }
    })
}

fn state(visitor: &Visitor, one: &Standing) -> Markup {
    let (key, tone) = match one.state {
        Stands::Installed => ("office-state-installed", "new"),
        Stands::Granted => ("office-state-granted", "busy"),
        Stands::Enabled => ("office-state-enabled", "good"),
        Stands::Disabled => ("office-state-disabled", "gone"),
        Stands::Uninstalled => ("office-state-uninstalled", "gone"),
    };
    html! {
        span.badge data-tone=(tone) { (visitor.words.say(key)) }
        @if one.unfit.is_some() { " " span.badge.bad { (visitor.words.say("office-unfit")) } }
    }
}

pub(crate) async fn install(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = match installed(&sheet, &headers, &body).await {
        Ok(plan) => {
            let args = [("name", Arg::Text(&plan.name)), ("version", Arg::Text(&plan.version))];
            let said = visitor.words.say_of("office-plugins-installed", &args);
            Ok(go_saying(&format!("{PLACE}/{}", plan.id), &said))
        }
        Err(error @ Error::Invalid(_)) => list(&sheet).await.map(|list| sheet.refuse(&error, list)),
        Err(error) => Err(error),
    };
    visitor.answer(page)
}

async fn installed(
    sheet: &Sheet<'_>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<InstallPlan, Error> {
    lifecycle::may_change(&sheet.visitor.ctx)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let parts = multipart::parts(kind.unwrap_or_default(), body)?;
    let file = parts.iter().find(|part| part.name == "file" && !part.content.is_empty());
    let file = file.ok_or_else(|| Error::problem("file", "required", "Choose a package."))?;
    lifecycle::install(&sheet.app.kernel, &sheet.visitor.ctx, file.content.to_vec()).await
}

/// Everything on the page of one plugin.
struct One {
    stands: Standing,
    /// What its newest version may; `None` after its versions are gone.
    plan: Option<InstallPlan>,
    shadow: ShadowReport,
    calls: Vec<CallLine>,
    history: Vec<Change>,
}

pub(crate) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = page_of(&sheet, &id, None).await;
    visitor.answer(page)
}

async fn page_of(sheet: &Sheet<'_>, id: &str, error: Option<&Error>) -> Result<Response, Error> {
    let one = read(sheet, id).await?;
    let body = html! {
        p.crumbs { a href=(PLACE) { (sheet.visitor.words.say(SECTION)) } }
        (body(sheet.visitor, &one))
    };
    Ok(match error {
        Some(error) => sheet.refuse(error, body),
        None => sheet.show(body),
    })
}

async fn read(sheet: &Sheet<'_>, id: &str) -> Result<One, Error> {
    let (kernel, ctx) = (&sheet.app.kernel, &sheet.visitor.ctx);
    permissions::administers(ctx, Office::Plugins, Right::Read)?;
    let stands = lifecycle::one(kernel, ctx, id).await?;
    let (name, has_versions) = (id.to_owned(), !stands.versions.is_empty());
    let work = kernel.read(ctx, move |tx| {
        let name = name.clone();
        Box::pin(async move {
            let plan = match has_versions {
                true => Some(lifecycle::plan(tx, &name, None).await?),
                false => None,
            };
            let shadow = telling::shadow_report(tx, &name).await?;
            let calls = telling::calls(tx, &name, None).await?;
            let history = lifecycle::history(tx, &name).await?;
            Ok((plan, shadow, calls, history))
        })
    });
    let (plan, shadow, calls, history) = work.await?;
    Ok(One { stands, plan, shadow, calls, history })
}

fn body(visitor: &Visitor, one: &One) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let stands = &one.stands;
    html! {
        div.head {
            h2 { (stands.name) " " span.soft { (stands.version) } }
            (state(visitor, stands))
            (deeds(visitor, stands))
        }
        @if let Some(unfit) = &stands.unfit { div.alert { p { (unfit) } } }
        @if let Some(plan) = &one.plan { (grants(visitor, plan, stands)) }
        (settings(visitor, one))
        (shadow(visitor, one))
        (calls(visitor, one))
        section.panel {
            h2 { (say("office-history")) }
            ul.events { @for change in one.history.iter().take(SHOWN) {
                li { p.soft { b { (change.actor) } " " code { (change.action) } " " (moment(visitor.words.locale.time(change.at), change.at)) } }
            } }
        }
    }
}

/// What can be done with it as it stands.
fn deeds(visitor: &Visitor, one: &Standing) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let place = format!("{PLACE}/{}", encoded(&one.id));
    let verb = |verb: &str, key: &str, sure: Option<&str>| {
        html! {
            form method="post" action={ (place) "/" (verb) } {
                button.small .danger[sure.is_some()] data-sure=[sure.map(&say)] { (say(key)) }
            }
        }
    };
    let newest = one.versions.first().map_or("", |version| version.version.as_str());
    let is_newest = one.version == newest;
    html! {
        div.ways {
            @if matches!(one.state, Stands::Granted | Stands::Disabled) { (verb("enable", "office-enable", None)) }
            @if one.state == Stands::Enabled && !is_newest { (verb("enable", "office-enable-newest", None)) }
            @if one.state == Stands::Enabled { (verb("disable", "office-disable", Some("office-disable-sure"))) }
            @if one.previous.is_some() { (verb("rollback", "office-rollback", Some("office-rollback-sure"))) }
            @if one.state != Stands::Enabled && one.state != Stands::Uninstalled {
                (verb("uninstall", "office-uninstall", Some("office-uninstall-sure")))
            }
        }
    }
}

/// What it may, beside what was granted before; and the form that accepts it.
fn grants(visitor: &Visitor, plan: &InstallPlan, stands: &Standing) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let granted = stands.versions.iter().find(|own| own.version == plan.version);
    let granted = granted.and_then(|version| version.granted_by.as_deref());
    html! {
        section.panel {
            h2 { (say("office-may")) " " span.soft { (plan.version) } }
            p.soft { (plan.help) }
            p.soft { (visitor.words.say_of("office-signed", &[("key", Arg::Text(&plan.key))])) }
            ul.may { @for line in &plan.lines { (may(visitor, line)) } }
            @match (plan.need, granted) {
                (_, Some(who)) => { p { span.badge data-tone="good" { (say("office-state-granted")) } " " (who) } }
                (Need::Nothing | Need::Grant, None) => {
                    form.asking method="post" action={ (PLACE) "/" (encoded(&plan.id)) "/grant" } {
                        input type="hidden" name="version" value=(plan.version);
                        p { (say("office-grant-lead")) }
                        p.deeds { button.primary { (say("office-grant")) } }
                    }
                }
            }
        }
    }
}

fn may(visitor: &Visitor, line: &Line) -> Markup {
    let kind = match line.kind.as_str() {
        "read" => Some("office-may-read"),
        "create" => Some("office-may-create"),
        "write" => Some("office-may-write"),
        "act" => Some("office-may-act"),
        "http" => Some("office-may-http"),
        "hook" => Some("office-may-hook"),
        "limit" => Some("office-may-limit"),
        "emit" => Some("office-may-emit"),
        "standing" => Some("office-may-standing"),
        "kv_bytes" => Some("office-may-keep"),
        "journal" => Some("office-may-post"),
        _ => None,
    };
    let kind = kind.map_or_else(|| line.kind.clone(), |key| visitor.words.say(key).into_owned());
    let (key, tone) = match line.change {
        "more" => ("office-more", "busy"),
        "less" => ("office-less", "gone"),
        _ => ("office-same", "new"),
    };
    html! {
        li {
            span.badge data-tone=(tone) { (visitor.words.say(key)) } " " b { (kind) } " " (line.what)
            @if !line.why.is_empty() { span.soft { " — " (line.why) } }
        }
    }
}

/// Its settings; what is empty goes back to the default.
fn settings(visitor: &Visitor, one: &One) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let told = one.plan.as_ref().map_or(&[][..], |plan| plan.settings.as_slice());
    let secrets = one.plan.as_ref().map_or(&[][..], |plan| plan.secrets.as_slice());
    // A line of the plan begins with the name.
    let names = told.iter().filter_map(|line| line.split_whitespace().next().map(|n| (n, line)));
    let is_plain = |(name, _): &(&str, &String)| secrets.iter().all(|secret| secret != name);
    let names: Vec<(&str, &String)> = names.filter(is_plain).collect();
    html! {
        @if !names.is_empty() {
            section.panel {
                h2 { (say("office-settings")) }
                form.asking method="post" action={ (PLACE) "/" (encoded(&one.stands.id)) "/settings" } {
                    @for (at, (name, line)) in names.iter().enumerate() {
                        (labelled(name, &format!("g-{at}"), html! {
                            input type="text" id={ "g-" (at) } name={ "s." (name) } value=(one.stands.settings.get(*name).map_or("", String::as_str)) autocomplete="off";
                            p.soft { (line) }
                        }))
                    }
                    p.deeds { button { (say("form-save")) } }
                }
            }
        }
        @for (at, name) in secrets.iter().enumerate() {
            section.panel {
                h2 { (say("office-secret")) " " code { (name) } }
                p.soft { (say("office-secret-lead")) }
                form.asking.inline method="post" action={ (PLACE) "/" (encoded(&one.stands.id)) "/secret" } {
                    input type="hidden" name="name" value=(name);
                    (labelled(name, &format!("k-{at}"), html! { input type="password" id={ "k-" (at) } name="value" autocomplete="off"; }))
                    p.deeds { button { (say("form-save")) } }
                }
            }
        }
    }
}

fn shadow(visitor: &Visitor, one: &One) -> Markup {
    let words = &visitor.words;
    let say = |key: &str| words.say(key).into_owned();
    let place = format!("{PLACE}/{}", encoded(&one.stands.id));
    let others = one.stands.versions.iter().filter(|own| own.version != one.stands.version);
    let others: Vec<&str> = others.map(|version| version.version.as_str()).collect();
    let in_force = one.stands.state == Stands::Enabled;
    html! {
        @if in_force && (!others.is_empty() || one.shadow.shadow.is_some()) {
            section.panel {
                h2 { (say("office-shadow")) }
                p.soft { (say("office-shadow-lead")) }
                @if !one.shadow.hooks.is_empty() {
                    table.list { thead { tr {
                        th scope="col" { (say("office-version")) } th scope="col" { (say("office-place")) }
                        th.n scope="col" { (say("office-shadow-same")) } th.n scope="col" { (say("office-shadow-different")) }
                        th.n scope="col" { (say("office-shadow-skipped")) }
                    } }
                    tbody { @for line in &one.shadow.hooks { tr {
                        td { (line.version) } td { code { (line.hook) } }
                        td.n { (words.locale.int(line.same)) } td.n { (words.locale.int(line.different)) } td.n { (words.locale.int(line.skipped)) }
                    } } } }
                }
                p.deeds {
                    @for version in &others {
                        @if one.shadow.shadow.as_deref() != Some(*version) {
                            form method="post" action={ (place) "/shadow" } {
                                button.small name="version" value=(version) { (words.say_of("office-shadow-begin", &[("version", Arg::Text(version))])) }
                            }
                        }
                    }
                    @if one.shadow.shadow.is_some() {
                        form method="post" action={ (place) "/shadow" } { button.small { (say("office-shadow-end")) } }
                    }
                }
            }
        }
    }
}

/// What was kept of its calls, each as a fixture for whoever writes it.
fn calls(visitor: &Visitor, one: &One) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let (stands, recording) = (&one.stands, one.stands.recording);
    let (on, key) =
        if recording { ("false", "office-record-end") } else { ("true", "office-record-begin") };
    html! {
        section.panel {
            h2 { (say("office-calls")) @if recording { " " span.badge data-tone="busy" { (say("office-recording")) } } }
            p.soft { (say("office-calls-lead")) " " (say("office-fixture-lead")) }
            @if one.calls.is_empty() { p { (say("office-calls-none")) } }
            @else { div.scroll { table.list { tbody {
                @for call in one.calls.iter().take(SHOWN) { (called(visitor, &stands.id, call)) }
            } } } }
            @if stands.state == Stands::Enabled || recording {
                form.deeds method="post" action={ (PLACE) "/" (encoded(&stands.id)) "/record" } {
                    button.small name="on" value=(on) { (say(key)) }
                }
            }
        }
    }
}

fn called(visitor: &Visitor, plugin: &str, call: &CallLine) -> Markup {
    let good = call.outcome == "answered";
    let place = format!("{PLACE}/{}/calls/{}/fixture", encoded(plugin), call.id);
    html! {
        tr {
            td { (moment(visitor.words.locale.time(call.at), call.at)) }
            td { code { (call.hook) } }
            td { span.badge data-tone=(if good { "good" } else { "busy" }) { (call.outcome) } }
            td.many { (call.reason) }
            td { a href=(place) download { (visitor.words.say("office-fixture")) } }
        }
    }
}

/// A call as a fixture, to be sent to whoever writes the plugin.
pub(crate) async fn fixture(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, call)): Path<(String, String)>,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let call: AnyId = match call.parse() {
        Ok(call) => call,
        Err(_) => return visitor.answer(Err(Error::not_found("call of a plugin", call))),
    };
    let page = match specimen::fixture_of(&app.kernel, &visitor.ctx, &id, call).await {
        Ok(text) => Ok(plugins::as_file(call, text)),
        Err(error @ Error::Conflict { .. }) => page_of(&sheet, &id, Some(&error)).await,
        Err(error) => Err(error),
    };
    visitor.answer(page)
}

/// One verb: `POST /settings/plugins/{id}/{verb}`.
pub(crate) async fn act(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, verb)): Path<(String, String)>,
    Sent(form): Sent,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = match done(&sheet, &id, &verb, &form).await {
        Ok(()) => {
            let place = format!("{PLACE}/{}", encoded(&id));
            Ok(go_saying(&place, &visitor.words.say("form-saved")))
        }
        Err(error @ (Error::Invalid(_) | Error::Conflict { .. })) => {
            page_of(&sheet, &id, Some(&error)).await
        }
        Err(error) => Err(error),
    };
    visitor.answer(page)
}

async fn done(sheet: &Sheet<'_>, id: &str, verb: &str, form: &Pairs) -> Result<(), Error> {
    let (kernel, ctx) = (&sheet.app.kernel, &sheet.visitor.ctx);
    lifecycle::may_change(ctx)?;
    let version = form.filled("version").map(str::to_owned);
    match verb {
        "grant" => {
            let grant = Grant { version, ..Grant::default() };
            lifecycle::grant(kernel, ctx, id, grant).await.map(drop)
        }
        "settings" => {
            let own = form.0.iter().filter_map(|(name, value)| {
                let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
                Some((name.strip_prefix("s.")?.to_owned(), value))
            });
            let own: BTreeMap<String, Option<String>> = own.collect();
            lifecycle::set(kernel, ctx, id, own).await.map(drop)
        }
        "secret" => {
            let secret = form.get("name").unwrap_or_default().to_owned();
            let value = form.filled("value").map(str::to_owned);
            lifecycle::secret(kernel, ctx, id, (secret, value)).await
        }
        "record" => {
            let on = form.get("on") == Some("true");
            lifecycle::record(kernel, ctx, id, on).await.map(drop)
        }
        "enable" => lifecycle::enable(kernel, ctx, id, version).await.map(drop),
        "disable" => lifecycle::disable(kernel, ctx, id).await.map(drop),
        "rollback" => lifecycle::rollback(kernel, ctx, id).await.map(drop),
        "shadow" => lifecycle::shadow(kernel, ctx, id, version).await.map(drop),
        "uninstall" => lifecycle::uninstall(kernel, ctx, id, false).await,
        verb => Err(Error::not_found("verb", verb)),
    }
}
