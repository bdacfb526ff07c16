//! A list as a file: the columns that are shown, the rows that it has, page by page from the kernel.
//! Not here: how files are written (`files`).

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query};
use fondaco_kernel::schema::{Field, Kind};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{Value, limits};

use super::ask::Ask;
use super::list::List;
use crate::App;
use crate::address::{Asked, Pairs};
use crate::files::{Format, Written, written};
use crate::visitor::Visitor;
use crate::widgets::{exponent_of, held, label};

/// Rows of one file: what spreadsheets open without trouble.
const ROWS_MAX: usize = 100_000;

/// `GET /{model}/csv?…`
pub(crate) async fn csv(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Asked(asked): Asked,
) -> Response {
    visitor.answer(file(&app, &visitor, (&model, Format::Csv), &asked).await)
}

/// `GET /{model}/xlsx?…`
pub(crate) async fn xlsx(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Asked(asked): Asked,
) -> Response {
    visitor.answer(file(&app, &visitor, (&model, Format::Xlsx), &asked).await)
}

async fn file(
    app: &App,
    visitor: &Visitor,
    (model, format): (&str, Format),
    asked: &Pairs,
) -> Result<Response, Error> {
    let model = visitor.model(model)?;
    let ask = Ask { after: None, ..Ask::read(asked) };
    let list = List::of(visitor, &model, &ask);
    let mut query = Query { limit: Some(limits::PAGE_SIZE_MAX), ..list.question()? };
    let words = &visitor.words;
    let mut rows = format.rows(&words.plural(&model), visitor.exponent());
    let heads = list.columns.iter().map(|field| words.field(&model.name, field).into_owned());
    rows.strong(&heads.map(Written::Text).collect::<Vec<_>>());
    let mut count = 0;
    loop {
        let (name, asked) = (model.name.clone(), query.clone());
        let page = app.kernel.read(&visitor.ctx, move |tx| {
            let (name, asked) = (name.clone(), asked.clone());
            Box::pin(async move { records::list(tx, &name, &asked).await })
        });
        let page = page.await?;
        for rec in &page.rows {
            let cells = list.columns.iter().map(|field| cell(visitor, rec, field));
            rows.row(&cells.collect::<Vec<_>>());
        }
        count += page.rows.len();
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
        if count >= ROWS_MAX {
            let said = words.say_of("export-limited", &[("count", Arg::Count(count))]);
            rows.strong(&[Written::Text(said.into_owned())]);
            break;
        }
    }
    let bytes = rows.finish().map_err(|error| Error::Internal(error.to_string()))?;
    Ok(format.answer(&model.name, bytes))
}

/// A value for a spreadsheet: names of links, labels of choices. An amount of another currency than
/// the company's is a number, for a column has one format.
fn cell(visitor: &Visitor, rec: &Rec, field: &Field) -> Written {
    let at = rec.model.field_index(&field.name).unwrap_or_default();
    let value = &rec.values[at];
    let said = || match (&field.kind, value) {
        (Kind::Link { .. } | Kind::File, Value::Link(id)) => {
            let title = rec.titles.iter().find(|(link, _)| *link == at);
            title.map_or_else(|| format!("#{id}"), |(_, title)| title.clone())
        }
        (Kind::Choice { .. }, Value::Text(choice)) => {
            label(visitor, &rec.model.name, field, choice)
        }
        (kind, value) => held(kind, value),
    };
    match written(&field.kind, value, said) {
        Written::Money(amount) if exponent_of(visitor, rec) != visitor.exponent() => {
            Written::Number(amount)
        }
        written => written,
    }
}
