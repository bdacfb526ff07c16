//! Documents of records as PDF: what the caller may see of a record, written as the language of its
//! reader wants it, on paper. The language is that which is asked for, else the customer's, else the
//! caller's.
//! Not here: what is read (`kernel::papers`), the sheet (`fondaco-documents`).

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use fondaco_documents::{self as documents, Cell, Data, Own, Picture, Row};
use fondaco_kernel::Error;
use fondaco_kernel::papers::{self, Paper};
use fondaco_kernel::record::Rec;
use fondaco_kernel::schema::template::{Column, Shows, Table};
use fondaco_kernel::schema::{Field, Kind};
use fondaco_kernel::texts::{Arg, Args, LANGUAGES, Texts, keys};
use fondaco_kernel::values::{Locale, Timestamp, Value, currency_exponent};

use crate::App;
use crate::api::id_of;
use crate::caller::Caller;
use crate::problem::Refusal;

/// `GET /api/accounting.invoice/42/document/accounting.invoice.pdf?language=pl`
pub(crate) async fn pdf(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((model, id, file)): Path<(String, String, String)>,
    Query(given): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let id = id_of(&model, &id)?;
    let name = file.strip_suffix(".pdf").map(str::to_owned);
    let name = name.ok_or_else(|| Error::not_found("document", &file))?;
    let asked = asked_language(&given)?;
    let work = app.kernel.read(&ctx, move |tx| {
        let (model, name) = (model.clone(), name.clone());
        Box::pin(async move {
            let paper = papers::read(tx, &model, id, &name).await?;
            Ok((paper, tx.now()))
        })
    });
    let (paper, now) = work.await?;
    let filename = filename(&paper);
    let language = asked.unwrap_or_else(|| language_of(&paper, ctx.language()));
    let app = app.clone();
    // Drawing is work for a processor, not for those who wait for others.
    let drawn = tokio::task::spawn_blocking(move || print(&app, &paper, language, now));
    let printed = drawn.await.map_err(|e| Error::Internal(e.to_string()))??;
    let mut response = printed.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    let shown = HeaderValue::from_str(&format!("inline; filename=\"{filename}\""));
    let shown = shown.unwrap_or(HeaderValue::from_static("inline"));
    headers.insert(header::CONTENT_DISPOSITION, shown);
    Ok(response)
}

fn asked_language(given: &HashMap<String, String>) -> Result<Option<&'static str>, Refusal> {
    if let Some(key) = given.keys().find(|key| *key != "language") {
        let message = format!("There is no parameter {key}; only language.");
        return Err(Refusal::bad(key, "unknown", message));
    }
    let Some(asked) = given.get("language") else { return Ok(None) };
    let known = LANGUAGES.iter().find(|(tag, _)| tag == asked).map(|(tag, _)| *tag);
    if known.is_none() {
        let tags: Vec<&str> = LANGUAGES.iter().map(|(tag, _)| *tag).collect();
        let message = format!("A document is written in one of {}.", tags.join(", "));
        return Err(Refusal::bad("language", "unknown", message));
    }
    Ok(known)
}

fn language_of(paper: &Paper, callers: &str) -> &'static str {
    let path = paper.template.language.as_deref();
    let own = path.and_then(|path| find(&paper.rec, path));
    let own = own.and_then(|(rec, at)| rec.values[at].as_text());
    let known = |tag: &str| LANGUAGES.iter().find(|(own, _)| *own == tag).map(|(own, _)| *own);
    own.and_then(known).or_else(|| known(callers)).unwrap_or("en")
}

/// `invoice-INV-2026-00012.pdf`, in plain letters.
fn filename(paper: &Paper) -> String {
    let last = paper.template.name.rsplit('.').next().unwrap_or_default();
    let number = paper.template.number.as_deref().and_then(|path| find(&paper.rec, path));
    let number = number.and_then(|(rec, at)| rec.values[at].as_text());
    let number = number.map_or_else(|| paper.rec.id.to_string(), str::to_owned);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let whole = format!("{last}-{number}").replace('_', "-");
    format!("{}.pdf", whole.chars().map(|c| if plain(c) { c } else { '-' }).collect::<String>())
}

fn print(
    app: &App,
    paper: &Paper,
    language: &'static str,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let texts = app.texts();
    let writer = Writer::new(&texts, paper, language);
    let data = writer.data(now);
    match documents::print(&paper.template, &data, &writer, app.fonts()) {
        Ok(printed) => {
            if !printed.missing.is_empty() {
                let letters: String = printed.missing.iter().collect();
                tracing::warn!(document = %paper.template.name, %letters, "no font has them");
            }
            Ok(printed.pdf)
        }
        Err(documents::Error::Logo(why)) => {
            let message = format!("The company's logo cannot be printed: {why}.");
            Err(Error::problem("logo", "unreadable", message))
        }
        Err(none @ documents::Error::NoFonts) => {
            Err(Error::problem("document", "no_fonts", format!("It cannot be printed: {none}.")))
        }
        Err(other) => Err(Error::Internal(other.to_string())),
    }
}

/// Writes values as the reader of the document reads them.
struct Writer<'p> {
    texts: &'p Arc<Texts>,
    paper: &'p Paper,
    language: &'static str,
    locale: Locale,
    currency: String,
    exponent: u8,
}

impl<'p> Writer<'p> {
    fn new(texts: &'p Arc<Texts>, paper: &'p Paper, language: &'static str) -> Writer<'p> {
        let path = paper.template.currency.as_deref();
        let own = path.and_then(|path| find(&paper.rec, path));
        let own = own.and_then(|(rec, at)| title(rec, at));
        let company = paper.company.model.field_index("currency");
        let home = || company.and_then(|at| title(&paper.company, at));
        let currency = own.or_else(home).unwrap_or_default();
        let exponent = currency_exponent(&currency).unwrap_or(2);
        Writer { texts, paper, language, locale: Locale::of(language), currency, exponent }
    }

    fn data(&self, now: Timestamp) -> Data {
        let template = &self.paper.template;
        let mut values = HashMap::new();
        let sender = ["company.name", "company.address"];
        for path in template.paths().into_iter().chain(sender) {
            if let Some((rec, at)) = self.find(path)
                && let Some(text) = self.write(rec, at, false)
            {
                values.insert(path.to_owned(), text);
            }
        }
        let lines = template.tables().map(|table| (table.lines.clone(), self.rows(table)));
        Data {
            language: self.language.to_owned(),
            locale: self.locale,
            exponent: self.exponent,
            currency: self.currency.clone(),
            address: self.address(),
            lines: lines.collect(),
            logo: self.paper.logo.clone().map(Picture),
            draft: self.paper.is_draft(),
            printed_at: now,
            values,
        }
    }

    fn find(&self, path: &str) -> Option<(&Rec, usize)> {
        match path.strip_prefix("company.") {
            Some(rest) => find(&self.paper.company, rest),
            None => find(&self.paper.rec, path),
        }
    }

    fn rows(&self, table: &Table) -> Vec<Row> {
        let at = self.paper.rec.model.field_index(&table.lines);
        let lines = self.paper.rec.lines.iter().find(|(field, _)| Some(*field) == at);
        let lines = lines.map(|(_, lines)| lines.as_slice()).unwrap_or_default();
        lines.iter().map(|line| self.row(table, line)).collect()
    }

    fn row(&self, table: &Table, line: &Rec) -> Row {
        let price = |path: &str| {
            let shows =
                |column: &&Column| matches!(&column.shows, Shows::Value(own) if own == path);
            table.columns.iter().find(shows).is_some_and(|column| column.price)
        };
        let cell = |path: &str| {
            let Some((rec, at)) = find(line, path) else {
                return Cell { blank: true, ..Cell::default() };
            };
            let (field, value) = (&rec.model.fields[at], &rec.values[at]);
            let amount = value.as_decimal();
            Cell {
                text: self.write(rec, at, price(path)).unwrap_or_default(),
                figure: field.kind.is_number(),
                amount: amount.filter(|_| matches!(field.kind, Kind::Money)),
                blank: value.is_null() || amount.is_some_and(|amount| amount.is_zero()),
            }
        };
        table.paths().map(|path| (path.to_owned(), cell(path))).collect()
    }

    /// Name and address of whom it goes to.
    fn address(&self) -> Vec<String> {
        let Some(address) = &self.paper.template.address else { return Vec::new() };
        let link = find(&self.paper.rec, &address.party);
        let Some((rec, at)) = link else { return Vec::new() };
        let Some(party) = expanded(rec, at) else {
            return title(rec, at).into_iter().collect();
        };
        let text = |rec: &Rec, field: &str| {
            let at = rec.model.field_index(field)?;
            rec.values[at].as_text().map(str::to_owned).filter(|text| !text.trim().is_empty())
        };
        let all = party.model.field_index("addresses");
        let all = party.lines.iter().find(|(field, _)| Some(*field) == all);
        let all = all.map(|(_, lines)| lines.as_slice()).unwrap_or_default();
        let of_kind =
            |kind: &String| all.iter().find(|own| text(own, "kind").as_ref() == Some(kind));
        let chosen = address.kinds.iter().find_map(of_kind).or_else(|| all.first());
        let mut lines: Vec<String> = text(party, "name").into_iter().collect();
        let Some(chosen) = chosen else { return lines };
        lines.extend(text(chosen, "name"));
        lines.extend(text(chosen, "street"));
        let place = [text(chosen, "postal_code"), text(chosen, "city")];
        lines.push(place.into_iter().flatten().collect::<Vec<_>>().join(" "));
        lines.extend(text(chosen, "region"));
        let abroad = text(chosen, "country")
            .filter(|own| Some(own) != text(&self.paper.company, "country").as_ref());
        lines.extend(abroad);
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// A value as one reads it; `None` for nothing.
    fn write(&self, rec: &Rec, at: usize, price: bool) -> Option<String> {
        let (field, value) = (&rec.model.fields[at], &rec.values[at]);
        if value.is_null() {
            return None;
        }
        let locale = &self.locale;
        let least = if price { u32::from(self.exponent) } else { 0 };
        Some(match (&field.kind, value) {
            (Kind::Choice { .. }, Value::Text(text)) => self.choice(rec, field, text),
            (Kind::Link { .. } | Kind::File, _) => title(rec, at)?,
            (Kind::Money, value) => locale.money(value.as_decimal()?, self.exponent),
            (Kind::Percent, value) => locale.percent(value.as_decimal()?),
            (Kind::Decimal { .. }, value) => locale.decimal(value.as_decimal()?, least),
            (Kind::Duration, Value::Int(seconds)) => locale.duration(*seconds),
            (Kind::Integer, Value::Int(number)) => locale.int(*number),
            (_, Value::Date(date)) => locale.date(*date),
            (_, Value::Time(time)) => locale.time(*time),
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Bool(yes)) => self.shell(if *yes { "yes" } else { "no" }, &[]),
            (Kind::Tags, Value::List(items)) => {
                items.iter().filter_map(Value::as_text).collect::<Vec<_>>().join(", ")
            }
            (Kind::Links { .. }, _) => {
                let found = rec.expanded.iter().find(|(link, _)| *link == at);
                let recs = found.map(|(_, recs)| recs.as_slice()).unwrap_or_default();
                recs.iter().map(Rec::title).collect::<Vec<_>>().join(", ")
            }
            _ => return None,
        })
    }

    fn choice(&self, rec: &Rec, field: &Field, value: &str) -> String {
        let Kind::Choice { values } = &field.kind else { return value.to_owned() };
        let english = values.iter().find(|choice| choice.value == value);
        let english = english.map_or(value, |choice| choice.label.as_str());
        let key = keys::choice(&rec.model.name, &field.name, value);
        self.texts.label(self.language, &key, english).into_owned()
    }

    /// A text of the shell in the language of the document.
    fn shell(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let own = self.texts.find(self.language, key, Args(args));
        let said = own.or_else(|| self.texts.find("en", key, Args(args)));
        said.map_or_else(|| key.to_owned(), |text| text.into_owned())
    }
}

impl documents::Words for Writer<'_> {
    fn say(&self, english: &str) -> String {
        self.texts.label(self.language, &keys::paper(english), english).into_owned()
    }

    fn own(&self, word: Own) -> String {
        match word {
            Own::Page { page, pages } => {
                let args = [("page", Arg::Count(page)), ("pages", Arg::Count(pages))];
                self.shell("printed-page", &args)
            }
            Own::CarriedForward => self.shell("printed-carried", &[]),
            Own::BroughtForward => self.shell("printed-brought", &[]),
            Own::Draft => self.shell("printed-draft", &[]),
        }
    }
}

/// The record and the field at the end of a path, over links that were read.
fn find<'r>(rec: &'r Rec, path: &str) -> Option<(&'r Rec, usize)> {
    match path.split_once('.') {
        None => Some((rec, rec.model.field_index(path)?)),
        Some((link, rest)) => find(expanded(rec, rec.model.field_index(link)?)?, rest),
    }
}

fn expanded(rec: &Rec, at: usize) -> Option<&Rec> {
    rec.expanded.iter().find(|(link, _)| *link == at).and_then(|(_, recs)| recs.first())
}

/// The name of what a link leads to.
fn title(rec: &Rec, at: usize) -> Option<String> {
    let own = rec.titles.iter().find(|(link, _)| *link == at).map(|(_, title)| title.clone());
    own.or_else(|| expanded(rec, at).map(Rec::title))
}
