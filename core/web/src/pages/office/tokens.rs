//! One's own API tokens: made with scopes and an end, shown once, ended at once.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::identity::{self, NewToken, TokenInfo};
use fondaco_kernel::values::{Date, Timestamp};
use maud::{Markup, html};

use super::{Sheet, labelled, shown_once};
use crate::App;
use crate::address::{Pairs, Sent};
use crate::api::id_of;
use crate::pages::go_saying;
use crate::visitor::Visitor;
use crate::widgets::moment;

const SECTION: &str = "office-tokens";
const PLACE: &str = "/settings/tokens";

pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = list(&sheet).await;
    visitor.answer(page.map(|list| sheet.show(html! { (list) (wish(&visitor, None)) })))
}

async fn list(sheet: &Sheet<'_>) -> Result<Markup, Error> {
    let visitor = sheet.visitor;
    let read = sheet.app.kernel.read(&visitor.ctx, |tx| {
        let today = tx.now();
        Box::pin(async move { Ok((identity::tokens(tx).await?, today)) })
    });
    let (tokens, now) = read.await?;
    let say = |key: &str| visitor.words.say(key).into_owned();
    Ok(html! {
        @if tokens.is_empty() { p.soft { (say("office-tokens-none")) } }
        @else { div.scroll.listing { table.list {
            thead { tr {
                th scope="col" { (say("office-name")) } th scope="col" { (say("office-scopes")) }
                th scope="col" { (say("office-expires")) } th scope="col" { (say("office-used")) }
                th scope="col" { span.away { (say("palette-act")) } }
            } }
            tbody { @for token in &tokens { (row(visitor, token, now)) } }
        } } }
    })
}

fn row(visitor: &Visitor, token: &TokenInfo, now: Timestamp) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let time = |at: Timestamp| moment(visitor.words.locale.time(at), at);
    html! {
        tr {
            td { b { (token.name) } }
            td.many data-label=(say("office-scopes")) {
                @for scope in &token.scopes { code.rule { (scope) } " " }
                @if token.read_only { span.badge data-tone="plain" { (say("office-read-only")) } }
            }
            td data-label=(say("office-expires")) {
                (time(token.expires_at))
                @if token.expires_at <= now { " " span.badge data-tone="gone" { (say("office-expired")) } }
            }
            td data-label=(say("office-used")) { @match token.used_at { Some(at) => { (time(at)) } None => { span.soft { (say("office-never")) } } } }
            td { form method="post" action={ (PLACE) "/" (token.id) "/end" } {
                button.small.danger data-sure=(say("office-tokens-end-sure")) { (say("office-tokens-end")) }
            } }
        }
    }
}

fn wish(visitor: &Visitor, sent: Option<&Pairs>) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let held = |name: &str| sent.and_then(|sent| sent.get(name)).unwrap_or_default().to_owned();
    let scopes = if sent.is_some() { held("scopes") } else { "read".to_owned() };
    html! {
        section.panel {
            h2 { (say("office-tokens-new")) }
            p.soft { (say("office-tokens-new-lead")) }
            form.asking method="post" action=(PLACE) {
                (labelled(&say("office-tokens-for"), "t-name", html! { input type="text" id="t-name" name="name" value=(held("name")) required maxlength="100" autocomplete="off"; }))
                (labelled(&say("office-scopes"), "t-scopes", html! {
                    textarea id="t-scopes" name="scopes" rows="3" required spellcheck="false" { (scopes) }
                    p.soft { (say("office-scopes-help")) }
                }))
                (labelled(&say("office-expires"), "t-expires", html! { input type="date" id="t-expires" name="expires" value=(held("expires")) required max="9999-12-31"; }))
                label.tick { input type="checkbox" name="read_only" value="true" checked[held("read_only") == "true"]; (say("office-read-only-help")) }
                p.deeds { button.primary { (say("office-tokens-do")) } }
            }
        }
    }
}

pub(crate) async fn make(State(app): State<App>, visitor: Visitor, Sent(form): Sent) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = match made(&sheet, &form).await {
        Ok(secret) => Ok(sheet.show(html! {
            (shown_once(&visitor, &visitor.words.say("office-tokens-made"), &secret))
            p.deeds { a.button href=(PLACE) { (visitor.words.say("back")) } }
        })),
        Err(error @ Error::Invalid(_)) => {
            let list = list(&sheet).await;
            list.map(|list| sheet.refuse(&error, html! { (wish(&visitor, Some(&form))) (list) }))
        }
        Err(error) => Err(error),
    };
    visitor.answer(page)
}

async fn made(sheet: &Sheet<'_>, form: &Pairs) -> Result<String, Error> {
    let scopes = form.get("scopes").unwrap_or_default();
    let scopes = scopes.split([' ', ',', ';', '\n', '\r']).map(str::trim);
    let day: Date = form.get("expires").unwrap_or_default().parse().map_err(|_| {
        Error::problem("expires_at", "unreadable", "Say when the token ends, such as 2027-01-31.")
    })?;
    let end = format!("{day}T23:59:59Z").parse::<Timestamp>();
    let new = NewToken {
        name: form.get("name").unwrap_or_default().trim().to_owned(),
        scopes: scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        read_only: form.get("read_only") == Some("true"),
        expires_at: end
            .map_err(|_| Error::problem("expires_at", "unreadable", "This day is none."))?,
    };
    let made = sheet.app.kernel.run(&sheet.visitor.ctx, move |tx| {
        let new = new.clone();
        Box::pin(async move { identity::create_token(tx, new).await })
    });
    Ok(made.await?.0.reveal().to_owned())
}

pub(crate) async fn end(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Response {
    let ended = match id_of("token", &token) {
        Ok(token) => {
            let work = app
                .kernel
                .run(&visitor.ctx, move |tx| Box::pin(identity::revoke_token(tx, token.cast())));
            work.await
        }
        Err(refusal) => Err(refusal.0),
    };
    let said = visitor.words.say("office-tokens-ended");
    visitor.answer(ended.map(|()| go_saying(PLACE, &said)))
}
