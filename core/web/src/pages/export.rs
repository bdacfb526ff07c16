//! A list as CSV: the columns that are shown, all rows that it has, page by page from the kernel. A
//! cell that a spreadsheet would take for a formula is quoted by an apostrophe.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::Error;
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query};
use fondaco_kernel::schema::{Field, Kind};
use fondaco_kernel::values::{Value, limits};

use super::ask::Ask;
use super::list::List;
use crate::App;
use crate::visitor::Visitor;
use crate::widgets::{held, label};

/// Rows of one file: what spreadsheets open without trouble.
const ROWS_MAX: usize = 100_000;

pub(crate) async fn csv(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let file = file(&app, &visitor, &model, query.as_deref().unwrap_or_default()).await;
    visitor.answer(file)
}

async fn file(app: &App, visitor: &Visitor, model: &str, query: &str) -> Result<Response, Error> {
    let model = visitor.model(model)?;
    let ask = Ask { after: None, ..Ask::read(query) };
    let list = List::of(visitor, &model, &ask);
    let mut query = Query { limit: Some(limits::PAGE_SIZE_MAX), ..list.question()? };
    // What a spreadsheet shows first tells it how the letters are written.
    let mut text = String::from('\u{feff}');
    let heads = list.columns.iter().map(|field| visitor.words.field(&model.name, field));
    line(&mut text, heads.map(|head| head.into_owned()));
    let mut rows = 0;
    loop {
        let (name, asked) = (model.name.clone(), query.clone());
        let page = app.kernel.read(&visitor.ctx, move |tx| {
            let (name, asked) = (name.clone(), asked.clone());
            Box::pin(async move { records::list(tx, &name, &asked).await })
        });
        let page = page.await?;
        for rec in &page.rows {
            line(&mut text, list.columns.iter().map(|field| cell(visitor, rec, field)));
        }
        rows += page.rows.len();
        query.after = page.next;
        if query.after.is_none() || rows >= ROWS_MAX {
            break;
        }
    }
    let mut response = Body::from(text).into_response();
    let name = format!("attachment; filename=\"{}.csv\"", model.name.replace('.', "-"));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// A value for a spreadsheet: names of links, labels of choices, plain numbers and ISO dates.
fn cell(visitor: &Visitor, rec: &Rec, field: &Field) -> String {
    let at = rec.model.field_index(&field.name).unwrap_or_default();
    let value = &rec.values[at];
    match (&field.kind, value) {
        (Kind::Link { .. } | Kind::File, Value::Link(id)) => {
            let title = rec.titles.iter().find(|(link, _)| *link == at);
            plain(&title.map_or_else(|| format!("#{id}"), |(_, title)| title.clone()))
        }
        (Kind::Choice { .. }, Value::Text(choice)) => {
            plain(&label(visitor, &rec.model.name, field, choice))
        }
        (kind, value) if kind.is_number() => match value.as_decimal() {
            Some(number) => number.normalize().to_string(),
            None => String::new(),
        },
        (kind, value) => plain(&held(kind, value)),
    }
}

/// A text that no spreadsheet computes.
fn plain(text: &str) -> String {
    let starts =
        text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    if starts { format!("'{text}") } else { text.to_owned() }
}

fn line(into: &mut String, cells: impl Iterator<Item = String>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            into.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            into.push('"');
            into.push_str(&cell.replace('"', "\"\""));
            into.push('"');
        } else {
            into.push_str(&cell);
        }
    }
    into.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("=1+2", "'=1+2"),
            ("+48 600", "'+48 600"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =cmd|' /C calc'!A0", "'  =cmd|' /C calc'!A0"),
            ("\t=1", "'\t=1"),
            ("plain", "plain"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(plain(text), written);
        }
    }

    #[test]
    fn cells_are_quoted() {
        let mut text = String::new();
        line(&mut text, ["a", "b,c", "say \"so\"", "two\nlines"].map(str::to_owned).into_iter());
        assert_eq!(text, "a,\"b,c\",\"say \"\"so\"\"\",\"two\nlines\"\r\n");
    }
}
