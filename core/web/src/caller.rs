//! Credentials → `Ctx`: an API token in `Authorization`, or a session in a cookie. The actor never
//! comes from anything else in a request.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fondaco_kernel::identity::{self, Credential};
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Ctx, Error};

use crate::App;
use crate::problem::Refusal;

/// Name of the session's cookie. The prefix binds it to this host, the root path and TLS.
pub(crate) const COOKIE: &str = "__Host-fondaco";
/// The same on loopback without TLS, where a browser would drop the other.
pub(crate) const COOKIE_LOCAL: &str = "fondaco";

/// The caller of a request; a handler that takes it is not reached without one.
pub(crate) struct Caller(pub(crate) Ctx);

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Refusal> {
        let credential = match (bearer(&parts.headers), session(&parts.headers)) {
            (Some(token), _) => Credential::ApiToken(token),
            (None, Some(token)) => Credential::Session(token),
            (None, None) => {
                let how = "Send an API token (Authorization: Bearer …) or sign in at /api/session.";
                return Err(Error::Unauthenticated(how.to_owned()).into());
            }
        };
        let known = identity::caller(&app.kernel, credential).await?;
        let ctx = match in_wished_company(known, &parts.headers) {
            Ok(ctx) => ctx,
            // Perhaps it has become one of his since he was looked up.
            Err(_) => {
                let ctx = identity::look_up(&app.kernel, credential).await?;
                in_wished_company(ctx, &parts.headers)?
            }
        };
        let request = parts.headers.get("x-request-id").and_then(|id| id.to_str().ok());
        Ok(Caller(
            ctx.with_request(&request.unwrap_or_default().chars().take(64).collect::<String>()),
        ))
    }
}

/// `X-Company: <id>` works in another of the caller's companies.
fn in_wished_company(ctx: Ctx, headers: &HeaderMap) -> Result<Ctx, Refusal> {
    let Some(wish) = headers.get("x-company") else { return Ok(ctx) };
    let id = wish.to_str().ok().and_then(|id| id.parse::<AnyId>().ok());
    id.and_then(|id| ctx.in_company(id.cast()))
        .ok_or_else(|| Refusal(Error::not_found("company", wish.to_str().unwrap_or("?"))))
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

pub(crate) fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|c| c.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE || *name == COOKIE_LOCAL)
        .map(|(_, token)| token)
}

/// A request that changes something and comes with a cookie must come from this site: browsers say
/// so in `Sec-Fetch-Site`, older ones in `Origin`.
pub(crate) async fn guard_origin(State(_): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || bearer(request.headers()).is_some() || is_own_site(request.headers()) {
        return next.run(request).await;
    }
    let missing = "the request comes from another site".to_owned();
    Refusal(Error::Forbidden { what: "change anything from here".to_owned(), missing })
        .into_response()
}

fn is_own_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, origin_host)| origin_host == host)
        }
        // No browser: nothing sends a cookie by itself.
        (None, _) => true,
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_own_site_may_change_things_with_a_cookie() {
        for (pairs, own) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("origin", "https://a.example"), ("host", "a.example")], true),
            (vec![("origin", "https://b.example"), ("host", "a.example")], false),
            (vec![("origin", "null"), ("host", "a.example")], false),
            (vec![("host", "a.example")], true),
        ] {
            assert_eq!(is_own_site(&headers(&pairs)), own, "{pairs:?}");
        }
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let found = headers(&[("cookie", "a=1; __Host-fondaco=tok; b=2")]);
        assert_eq!(session(&found), Some("tok"));
        assert_eq!(session(&headers(&[("cookie", "fondaco2=x")])), None);
    }
}
