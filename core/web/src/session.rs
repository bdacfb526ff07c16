//! Signing in and out, the first administrator, one-time codes, API tokens.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::identity::{self, NewToken, NewUser};
use fondaco_kernel::values::Timestamp;
use fondaco_kernel::{Ctx, Error};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;

use crate::App;
use crate::caller::{COOKIE, COOKIE_LOCAL, Caller, session};
use crate::problem::Refusal;
use crate::respond::read_body;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    login: String,
    password: String,
}

pub(crate) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let given: SignIn = read_body(&body)?;
    let source = from.ip().to_string();
    let (token, ctx) =
        identity::sign_in(&app.kernel, &given.login, &given.password, &source).await?;
    let local = from.ip().is_loopback();
    Ok(with_cookie(Json(about(&ctx)).into_response(), token.reveal(), local, 24 * 60 * 60))
}

/// Who the caller is, and where he works.
pub(crate) async fn who(Caller(ctx): Caller) -> Json<Value> {
    Json(about(&ctx))
}

pub(crate) async fn sign_out(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Some(token) = session(&headers) {
        identity::sign_out(&app.kernel, token).await?;
    }
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), "", from.ip().is_loopback(), 0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct First {
    code: String,
    login: String,
    name: String,
    password: String,
}

/// Makes the first administrator, for whoever reads the code on the console.
pub(crate) async fn first_administrator(
    State(app): State<App>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let given: First = read_body(&body)?;
    let new = NewUser {
        login: given.login,
        name: given.name,
        password: Some(given.password),
        ..NewUser::default()
    };
    identity::first_administrator(&app.kernel, &given.code, new).await?;
    Ok(StatusCode::CREATED)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redeem {
    code: String,
    password: String,
}

/// A one-time code gives its owner a password.
pub(crate) async fn redeem_code(
    State(app): State<App>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let given: Redeem = read_body(&body)?;
    identity::redeem(&app.kernel, &given.code, &given.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    name: String,
    scopes: Vec<String>,
    #[serde(default)]
    read_only: bool,
    expires_at: String,
}

/// The token is in this answer and never again.
pub(crate) async fn create_token(
    State(app): State<App>,
    Caller(ctx): Caller,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wish: Wish = read_body(&body)?;
    let expires_at: Timestamp = wish.expires_at.parse().map_err(|_| {
        let message = "Write a time such as 2027-01-31T00:00:00Z.";
        Refusal::bad("expires_at", "unreadable", message)
    })?;
    let new =
        NewToken { name: wish.name, scopes: wish.scopes, read_only: wish.read_only, expires_at };
    let made = app.kernel.run(&ctx, move |tx| {
        let new = new.clone();
        Box::pin(async move { identity::create_token(tx, new).await })
    });
    let (secret, id) = made.await?;
    let body = json!({ "id": id.to_string(), "token": secret.reveal() });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

pub(crate) async fn tokens(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Result<Json<Value>, Refusal> {
    let tokens = app.kernel.read(&ctx, |tx| Box::pin(identity::tokens(tx))).await?;
    let items: Vec<Value> = tokens
        .iter()
        .map(|token| {
            json!({
                "id": token.id.to_string(),
                "name": token.name,
                "scopes": token.scopes,
                "read_only": token.read_only,
                "created_at": token.created_at.to_string(),
                "expires_at": token.expires_at.to_string(),
                "used_at": token.used_at.map(|at| at.to_string()),
            })
        })
        .collect();
    Ok(Json(json!({ "items": items })))
}

fn about(ctx: &Ctx) -> Value {
    let actor = ctx.actor();
    let companies: Vec<String> = actor.companies().iter().map(ToString::to_string).collect();
    json!({
        "user": actor.user().map(|id| id.to_string()),
        "name": actor.name(),
        "roles": actor.roles(),
        "company": ctx.company().to_string(),
        "companies": companies,
        "language": ctx.language(),
    })
}

/// Only this site sends it back, no script reads it, and off loopback it travels by TLS alone.
pub(crate) fn with_cookie(
    mut response: Response,
    token: &str,
    local: bool,
    life_s: u32,
) -> Response {
    let (name, secure) = if local { (COOKIE_LOCAL, "") } else { (COOKIE, "; Secure") };
    let cookie =
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life_s}{secure}");
    match HeaderValue::from_str(&cookie) {
        Ok(value) => {
            response.headers_mut().append(header::SET_COOKIE, value);
            response
        }
        Err(_) => {
            Refusal(Error::Internal("a session token has odd letters".into())).into_response()
        }
    }
}
