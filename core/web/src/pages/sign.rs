//! Signing in and out in the browser, the first administrator, a password by a one-time code.
//! Plain forms; the words are those of the browser until somebody is known.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use fondaco_kernel::identity::{self, NewUser};
use fondaco_kernel::values::Problem;
use fondaco_kernel::{Error, texts};
use maud::{Markup, html};

use super::{go_to, html, shell};
use crate::App;
use crate::address::{Asked, Pairs, Sent, encoded, on_this_site};
use crate::caller::session;
use crate::session::with_cookie;
use crate::visitor::{self, LOOK, Look};
use crate::words::Words;

/// A page before somebody is known.
struct Door {
    words: Words,
    look: Look,
    query: Pairs,
}

impl Door {
    fn of(app: &App, headers: &HeaderMap, query: Pairs) -> Door {
        let asked = query.get("language").unwrap_or_default();
        let known = texts::LANGUAGES.iter().find(|(tag, _)| *tag == asked);
        let language = known.map_or_else(|| visitor::wished_language(headers), |(tag, _)| tag);
        let look = visitor::cookie(headers, LOOK).map(|text| Look::read(&text));
        let look = look.unwrap_or_default();
        Door { words: app.words(language, look), look, query }
    }

    fn page(&self, status: StatusCode, title: &str, body: Markup) -> Response {
        let language = self.words.language();
        let body = html! {
            div.door {
                p.brand { span.mark aria-hidden="true" { "▟" } "Fondaco" }
                (body)
                (shell::languages(language))
            }
        };
        html(status, shell::bare(&self.words, self.look, title, body))
    }

    fn status_of(error: &Error) -> StatusCode {
        match error {
            Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What is wrong, above the fields.
    fn wrong(&self, error: Option<&Error>) -> Markup {
        let Some(error) = error else { return html! {} };
        let one = |problem: &Problem| self.words.problem(problem, &problem.field);
        let said = match error {
            Error::Invalid(problems) => problems.iter().map(one).collect(),
            other => vec![other.public()],
        };
        html! { div.alert role="alert" { @for line in said { p { (line) } } } }
    }
}

pub(crate) async fn door(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(asked): Asked,
) -> Response {
    let door = Door::of(&app, &headers, asked);
    match identity::has_users(&app.kernel).await {
        Ok(true) => sign_in_page(&door, StatusCode::OK, None, ""),
        Ok(false) => first_page(&door, StatusCode::OK, None, &Pairs::default()),
        Err(error) => sign_in_page(&door, Door::status_of(&error), Some(&error), ""),
    }
}

pub(crate) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Asked(asked): Asked,
    Sent(form): Sent,
) -> Response {
    let door = Door::of(&app, &headers, asked);
    let (login, password) = (form.get("login").unwrap_or_default(), form.get("password"));
    let source = from.ip().to_string();
    let signed = identity::sign_in(&app.kernel, login, password.unwrap_or_default(), &source).await;
    match signed {
        Ok((token, _)) => {
            let next = form.get("next").and_then(on_this_site).unwrap_or("/");
            with_cookie(go_to(next), token.reveal(), from.ip().is_loopback(), 24 * 60 * 60)
        }
        Err(error) => sign_in_page(&door, Door::status_of(&error), Some(&error), login),
    }
}

fn sign_in_page(door: &Door, status: StatusCode, error: Option<&Error>, login: &str) -> Response {
    let words = &door.words;
    let next = door.query.get("next").and_then(on_this_site).unwrap_or("/");
    let said = door.query.get("said").and_then(|said| match said {
        "code-done" => Some(words.say("code-done")),
        "first-done" => Some(words.say("first-done")),
        _ => None,
    });
    let over = next != "/" && error.is_none();
    let body = html! {
        h1 { (words.say("sign-in")) }
        p.soft { (words.say("sign-in-lead")) }
        (door.wrong(error))
        @if let Some(said) = said { p.note role="status" { (said) } }
        @else if over { p.note role="status" { (words.say("sign-in-over")) } }
        form method="post" action={ "/sign-in?next=" (encoded(next)) } {
            input type="hidden" name="next" value=(next);
            label for="login" { (words.say("sign-in-login")) }
            input type="email" id="login" name="login" value=(login) autocomplete="username" required autofocus;
            label for="password" { (words.say("sign-in-password")) }
            input type="password" id="password" name="password" autocomplete="current-password" required;
            button.primary { (words.say("sign-in")) }
        }
        p { a href="/code" { (words.say("sign-in-code-link")) } }
    };
    door.page(status, &words.say("sign-in"), body)
}

pub(crate) async fn sign_out(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = session(&headers) {
        // One that is over already is out as well.
        let _ = identity::sign_out(&app.kernel, token).await;
    }
    with_cookie(go_to("/sign-in"), "", from.ip().is_loopback(), 0)
}

pub(crate) async fn first(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(asked): Asked,
    Sent(form): Sent,
) -> Response {
    let door = Door::of(&app, &headers, asked);
    let text = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let new = NewUser {
        login: text("login"),
        name: text("name"),
        password: form.get("password").map(str::to_owned),
        ..NewUser::default()
    };
    match identity::first_administrator(&app.kernel, &text("code"), new).await {
        Ok(_) => go_to("/sign-in?said=first-done"),
        Err(error) => first_page(&door, Door::status_of(&error), Some(&error), &form),
    }
}

fn first_page(door: &Door, status: StatusCode, error: Option<&Error>, form: &Pairs) -> Response {
    let words = &door.words;
    let value = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let body = html! {
        h1 { (words.say("first-title")) }
        p.soft { (words.say("first-lead")) }
        (door.wrong(error))
        form method="post" action="/first" {
            label for="code" { (words.say("first-code")) }
            input.mono type="text" id="code" name="code" value=(value("code")) autocomplete="one-time-code" required autofocus;
            label for="name" { (words.say("first-name")) }
            input type="text" id="name" name="name" value=(value("name")) autocomplete="name" required;
            label for="login" { (words.say("sign-in-login")) }
            input type="email" id="login" name="login" value=(value("login")) autocomplete="username" required;
            label for="password" { (words.say("sign-in-password")) }
            input type="password" id="password" name="password" autocomplete="new-password" required aria-describedby="help";
            p.soft id="help" { (words.say("first-password-help")) }
            button.primary { (words.say("first-do")) }
        }
    };
    door.page(status, &words.say("first-title"), body)
}

pub(crate) async fn code(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(asked): Asked,
) -> Response {
    let door = Door::of(&app, &headers, asked);
    code_page(&door, StatusCode::OK, None)
}

pub(crate) async fn redeem(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(asked): Asked,
    Sent(form): Sent,
) -> Response {
    let door = Door::of(&app, &headers, asked);
    let code = form.get("code").unwrap_or_default().trim();
    let password = form.get("password").unwrap_or_default();
    match identity::redeem(&app.kernel, code, password).await {
        Ok(()) => go_to("/sign-in?said=code-done"),
        Err(error) => code_page(&door, Door::status_of(&error), Some(&error)),
    }
}

fn code_page(door: &Door, status: StatusCode, error: Option<&Error>) -> Response {
    let words = &door.words;
    let body = html! {
        h1 { (words.say("code-title")) }
        p.soft { (words.say("code-lead")) }
        (door.wrong(error))
        form method="post" action="/code" {
            label for="code" { (words.say("first-code")) }
            input.mono type="text" id="code" name="code" autocomplete="one-time-code" required autofocus;
            label for="password" { (words.say("code-new-password")) }
            input type="password" id="password" name="password" autocomplete="new-password" required aria-describedby="help";
            p.soft id="help" { (words.say("first-password-help")) }
            button.primary { (words.say("code-do")) }
        }
        p { a href="/sign-in" { (words.say("sign-in")) } }
    };
    door.page(status, &words.say("code-title"), body)
}
