//! What went wrong as a page that helps: what it is, what can be done, the way home.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fondaco_kernel::Error;
use maud::html;

use super::shell::{self, Page};
use crate::problem::{Refusal, status};
use crate::visitor::Visitor;

pub(crate) fn page(visitor: &Visitor, error: Error) -> Response {
    let (status, _, _) = status(&error);
    if status.is_server_error() {
        tracing::error!(%error, "a page failed");
    }
    let words = &visitor.words;
    let (title, lead) = match status {
        StatusCode::NOT_FOUND => ("error-404-title", Some("error-404-lead")),
        StatusCode::FORBIDDEN => ("error-403-title", None),
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => {
            ("error-409-title", Some("error-409-lead"))
        }
        StatusCode::UNPROCESSABLE_ENTITY => ("error-422-title", None),
        StatusCode::TOO_MANY_REQUESTS => ("error-429-title", None),
        StatusCode::SERVICE_UNAVAILABLE => ("error-503-title", Some("error-503-lead")),
        _ => ("error-500-title", Some("error-500-lead")),
    };
    let detail = match &error {
        Error::NotFound { .. } => None,
        Error::Invalid(problems) => {
            Some(problems.iter().map(|p| words.problem(p, &p.field)).collect::<Vec<_>>().join(" "))
        }
        other => Some(other.public()),
    };
    let title = words.say(title);
    let request = visitor.ctx.request();
    let body = html! {
        section.wrong {
            h1 { (title) }
            @if let Some(detail) = detail { p { (detail) } }
            @if let Some(lead) = lead { p.soft { (words.say(lead)) } }
            @if status.is_server_error() && !request.is_empty() {
                p.soft { (words.say_of("error-request", &[("id", fondaco_kernel::texts::Arg::Text(request))])) }
            }
            p {
                @if let Some(before) = &visitor.around.before { a.button href=(before) { (words.say("back")) } " " }
                a.button href="/" { (words.say("error-home")) }
            }
        }
    };
    let page = Page { title: &title, crumbs: Vec::new(), shows: None, body };
    super::html(status, shell::page(visitor, page))
}

/// An address that leads nowhere.
pub(crate) async fn nowhere(visitor: Result<Visitor, Response>, request: Request) -> Response {
    let error = Error::not_found("page", request.uri().path());
    match visitor {
        Ok(visitor) if visitor.around.html => page(&visitor, error),
        Ok(_) => Refusal(error).into_response(),
        // Who has not signed in learns nothing of which pages there are.
        Err(response) if response.status().is_redirection() => response,
        Err(_) => Refusal(error).into_response(),
    }
}
