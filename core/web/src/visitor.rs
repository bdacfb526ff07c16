//! Whoever opens a page: a person with a session, his language, how he wants to see things, and the
//! names that stand around every page.
//! Not here: rights (each page asks the kernel, as the API does).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use fondaco_kernel::module::Registry;
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::schema::{Model, Schema};
use fondaco_kernel::values::Locale;
use fondaco_kernel::values::{AnyId, currency_exponent};
use fondaco_kernel::{Ctx, Error, Tx};

use crate::address::encoded;
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::words::Words;
use crate::{App, pages};

/// The cookie with how a browser shows pages.
pub(crate) const LOOK: &str = "fondaco-look";
/// The cookie with a sentence for the next page.
pub(crate) const SAID: &str = "fondaco-said";

pub(crate) struct Visitor {
    pub(crate) ctx: Ctx,
    pub(crate) registry: Arc<Registry>,
    pub(crate) words: Words,
    pub(crate) around: Around,
}

/// What stands around a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    pub(crate) look: Look,
    pub(crate) path: String,
    pub(crate) query: String,
    /// The page before, when it is one of this site.
    pub(crate) before: Option<String>,
    /// What the last deed had to say.
    pub(crate) said: Option<String>,
    pub(crate) name: String,
    /// The companies that he works in, with their names and the currency that they count in.
    pub(crate) companies: Vec<(AnyId, String, String)>,
    pub(crate) html: bool,
}

/// How somebody wants to see pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    pub(crate) compact: bool,
    /// Thai dates with the years of the rest of the world.
    pub(crate) common_years: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    Auto,
    Light,
    Dark,
}

impl Look {
    pub(crate) fn read(text: &str) -> Look {
        let has = |word: &str| text.split('.').any(|own| own == word);
        let theme = match (has("light"), has("dark")) {
            (true, _) => Theme::Light,
            (_, true) => Theme::Dark,
            _ => Theme::Auto,
        };
        Look { theme, compact: has("compact"), common_years: has("common") }
    }

    pub(crate) fn write(self) -> String {
        let theme = match self.theme {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let density = if self.compact { ".compact" } else { "" };
        let years = if self.common_years { ".common" } else { "" };
        format!("{theme}{density}{years}")
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Visitor, Response> {
        let html = accepts_html(&parts.headers);
        let asked = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let refused = |Refusal(error)| match error {
            Error::Unauthenticated(_) if html => {
                Redirect::to(&format!("/sign-in?next={}", encoded(&asked))).into_response()
            }
            error => Refusal(error).into_response(),
        };
        let Caller(ctx) = Caller::from_request_parts(parts, app).await.map_err(refused)?;
        let registry = app.kernel.seen_by(&ctx);
        let mut around = Around::of(parts, html);
        let names = app.kernel.read(&ctx, |tx| Box::pin(names(tx))).await;
        (around.name, around.companies) = names.map_err(|error| refused(Refusal(error)))?;
        let words = app.words(ctx.language(), around.look);
        Ok(Visitor { ctx, registry, words, around })
    }
}

impl Around {
    pub(crate) fn of(parts: &Parts, html: bool) -> Around {
        let headers = &parts.headers;
        Around {
            look: cookie(headers, LOOK).map(|text| Look::read(&text)).unwrap_or_default(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            before: referer(headers),
            said: cookie(headers, SAID).filter(|said| !said.is_empty()),
            html,
            ..Around::default()
        }
    }
}

impl Visitor {
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.registry.schema
    }

    /// A model that is there for him.
    ///
    /// # Errors
    /// `NotFound` as for a page that is none.
    pub(crate) fn model(&self, name: &str) -> Result<Arc<Model>, Error> {
        let found = self.schema().model(name).filter(|model| !model.is_line()).cloned();
        found.ok_or_else(|| Error::not_found("page", name))
    }

    /// How many decimals the company's own money has.
    pub(crate) fn exponent(&self) -> u8 {
        currency_exponent(self.currency()).unwrap_or(2)
    }

    /// The code of the currency that the company counts in.
    pub(crate) fn currency(&self) -> &str {
        let own = self.ctx.company().any();
        let found = self.around.companies.iter().find(|(id, _, _)| *id == own);
        found.map_or("", |(_, _, currency)| currency.as_str())
    }

    /// The page, or what went wrong as a page that helps.
    pub(crate) fn answer(&self, page: Result<Response, Error>) -> Response {
        match page {
            // A sentence is said once.
            Ok(response) if self.around.said.is_some() && response.status().is_success() => {
                pages::with_cookie(response, SAID, "", 0)
            }
            Ok(response) => response,
            Err(error) if self.around.html => pages::wrong::page(self, error),
            Err(error) => Refusal(error).into_response(),
        }
    }
}

/// The user's name, and his companies.
async fn names(tx: &mut Tx) -> fondaco_kernel::Result<(String, Vec<(AnyId, String, String)>)> {
    let ctx = tx.ctx().clone();
    let one = |field: &str| Select { fields: vec![field.to_owned()], expand: Vec::new() };
    let name = match ctx.actor().user() {
        Some(id) => records::get_many(tx, "user", &[id.any()], &one("name")).await?.pop(),
        None => None,
    };
    let name = name.and_then(|user| user.text("name").map(str::to_owned));
    let ids: Vec<AnyId> = ctx.actor().companies().iter().map(|id| id.any()).collect();
    let fields = ["name", "currency"].map(str::to_owned).to_vec();
    let show = Select { fields, expand: Vec::new() };
    let companies = records::get_many(tx, "company", &ids, &show).await?;
    let own = |company: &fondaco_kernel::record::Rec| {
        let currency = company.title_of("currency").unwrap_or_default().to_owned();
        (company.id, company.title(), currency)
    };
    let mut companies: Vec<_> = companies.iter().map(own).collect();
    companies.sort_by(|a, b| a.1.cmp(&b.1));
    Ok((name.unwrap_or_else(|| ctx.actor().name().to_owned()), companies))
}

pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The value of a cookie of ours, decoded.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|p| p.trim().split_once('='));
    let (_, value) = pairs.into_iter().find(|(own, _)| *own == name)?;
    let pairs = crate::address::Pairs::read(&format!("v={}", value.replace('+', "%2B")));
    pairs.get("v").map(str::to_owned)
}

fn referer(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (_, rest) = text(header::REFERER)?.split_once("://")?;
    let path = rest.strip_prefix(text(header::HOST)?)?;
    path.starts_with('/').then(|| path.to_owned())
}

/// The language of somebody who has not signed in, by what his browser asks for.
pub(crate) fn wished_language(headers: &HeaderMap) -> &'static str {
    let wish = headers.get(header::ACCEPT_LANGUAGE).and_then(|wish| wish.to_str().ok());
    let tags = wish.unwrap_or_default().split(',').map(|tag| tag.trim().get(..2).unwrap_or(""));
    let known = fondaco_kernel::texts::LANGUAGES.map(|(tag, _)| tag);
    let found = tags.into_iter().find_map(|tag| known.into_iter().find(|own| *own == tag));
    found.unwrap_or("en")
}

/// Figures and dates as a language has them, and as this browser wants them.
pub(crate) fn locale(language: &str, look: Look) -> Locale {
    let locale = Locale::of(language);
    if look.common_years { locale.with_common_years() } else { locale }
}
