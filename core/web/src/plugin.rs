//! Requests that plugins answer, under `/x/{plugin}/`. What a plugin says is shown to people and programs, and
//! trusted as little as anything from outside: of its headers those pass that say what the body is, a page of
//! its cannot run anything, ask for anything or know who looks at it, and no cookie comes or goes.
//! Not here: which hook, and with whose rights (`kernel::plugins::request`).

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use fondaco_kernel::plugins::request::door;
use fondaco_kernel::plugins::{Page, Visit};
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Ctx, Error};

use crate::App;
use crate::caller::{self, Caller};
use crate::problem::Refusal;

const BODY_BYTES_MAX: usize = 1 << 20;
const HEADERS_MAX: usize = 64;
/// Of a request: whoever carries these is known, and it is none of the plugin's business how.
const KEPT_BACK: [&str; 6] =
    ["cookie", "authorization", "proxy-authorization", "x-company", "connection", "upgrade"];
/// Of an answer.
const PASSED_ON: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CONTENT_LANGUAGE, header::ETAG];
/// The page is of no site, so it has no cookies, and may do nothing but be looked at.
const POLICY: &str = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) async fn root(
    state: State<App>,
    Path(plugin): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    answer(state, Path((plugin, String::new())), request).await
}

pub(crate) async fn answer(
    State(app): State<App>,
    Path((plugin, path)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let door = door(&app.kernel, &plugin, parts.method.as_str(), &path)?;
    let ctx = match door.is_for_strangers() {
        true => {
            let bearer = caller::bearer(&parts.headers);
            door.stranger(&app.kernel, bearer, company(&parts)).await?
        }
        false => user(&mut parts, &app).await?,
    };
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        let message = format!("A plugin takes at most {BODY_BYTES_MAX} bytes.");
        Refusal::bad("", "too_large", message)
    })?;
    let visit = Visit {
        method: parts.method.as_str().to_owned(),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: told(&parts.headers),
        body: body.to_vec(),
        user: None,
    };
    Ok(shown(door.answer(&app.kernel, &ctx, visit).await?)?)
}

async fn user(parts: &mut Parts, app: &App) -> Result<Ctx, Refusal> {
    Caller::from_request_parts(parts, app).await.map(|Caller(ctx)| ctx)
}

/// `?company=` and an id.
fn company(parts: &Parts) -> Option<AnyId> {
    let mut pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == "company")?.1.parse().ok()
}

fn told(headers: &HeaderMap) -> Vec<(String, String)> {
    let own = headers.iter().filter(|(name, _)| !KEPT_BACK.contains(&name.as_str()));
    let own = own.filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    own.take(HEADERS_MAX).collect()
}

fn shown(page: Page) -> Result<Response, Error> {
    let wrong = |what: &str| {
        let message = format!("The plugin's answer {what}.");
        Error::Conflict { code: "plugin_failed", message }
    };
    let status = StatusCode::from_u16(page.status).ok();
    // Neither half an answer nor a way to somewhere else.
    let status = status.filter(|s| s.is_success() || s.is_client_error() || s.is_server_error());
    let status = status.ok_or_else(|| wrong("has a status that no plugin gives"))?;
    if page.body.len() > BODY_BYTES_MAX {
        return Err(wrong("is too large"));
    }
    let mut response = Response::new(Body::from(page.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in &page.headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| wrong("has a header that is none"))?;
        let value = HeaderValue::from_str(value).map_err(|_| wrong("has a header that is none"))?;
        if PASSED_ON.contains(&name) {
            headers.insert(name, value);
        }
    }
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.entry(header::CONTENT_TYPE).or_insert(plain);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
