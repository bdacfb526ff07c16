//! Pages: HTML that the server writes from the schema, complete without scripts as far as plain forms
//! can be. Each asks the kernel by the functions that the API asks, and can do nothing more.
//! Read on: `shell` (what stands around), `list`, `form`, `board`; a value of each type: `widgets`.

pub(crate) mod shell;
pub(crate) mod menu;
pub(crate) mod sign;
pub(crate) mod home;
pub(crate) mod search;
pub(crate) mod list;
pub(crate) mod ask;
pub(crate) mod export;
pub(crate) mod report;
pub(crate) mod entry;
mod dashboard;
pub(crate) mod board;
pub(crate) mod calendar;
pub(crate) mod planner;
pub(crate) mod tree;
pub(crate) mod scan;
pub(crate) mod floor;
pub(crate) mod form;
pub(crate) mod save;
pub(crate) mod conflict;
pub(crate) mod act;
pub(crate) mod configure;
pub(crate) mod related;
pub(crate) mod timeline;
pub(crate) mod bulk;
pub(crate) mod settings;
pub(crate) mod office;
pub(crate) mod import;
pub(crate) mod notices;
pub(crate) mod worklist;
pub(crate) mod wrong;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::Markup;

use crate::address::encoded;
use crate::visitor::SAID;

/// Nothing runs and nothing is loaded but what this server sends.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page as an answer.
pub(crate) fn html(status: StatusCode, page: Markup) -> Response {
    let mut response = (status, page.into_string()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(crate) fn good(page: Markup) -> Response {
    html(StatusCode::OK, page)
}

/// Goes on to a page of this site after a deed.
pub(crate) fn go_to(address: &str) -> Response {
    let place = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, place);
    response
}

/// The same with a sentence for the next page.
pub(crate) fn go_saying(address: &str, said: &str) -> Response {
    with_cookie(go_to(address), SAID, said, 60)
}

/// A cookie that is no secret; scripts do not read it.
pub(crate) fn with_cookie(
    mut response: Response,
    name: &str,
    value: &str,
    life_s: u32,
) -> Response {
    let few: String = value.chars().take(600).collect();
    let value = encoded(&few);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life_s}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
