//! A report as a file: what the page shows, row for row.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::reports::{Answer, Part};

use super::{Format, Written, pdf, sent, written};
use crate::App;
use crate::address::{Asked, Pairs};
use crate::pages::report::{Terms, declared, read};
use crate::sheet::{Cell, Head, Rank, Sheet};
use crate::visitor::Visitor;

/// `GET /report/accounting.aging/xlsx?as_of=2026-12-31`
pub(crate) async fn file(
    State(app): State<App>,
    visitor: Visitor,
    Path((name, ending)): Path<(String, String)>,
    Asked(asked): Asked,
) -> Response {
    let file = made(&app, &visitor, (&name, &ending), &asked).await;
    visitor.answer(file)
}

async fn made(
    app: &App,
    visitor: &Visitor,
    (name, ending): (&str, &str),
    asked: &Pairs,
) -> Result<Response, Error> {
    let report = declared(visitor, name)?;
    let format = match ending {
        "csv" => Some(Format::Csv),
        "xlsx" => Some(Format::Xlsx),
        "pdf" => None,
        _ => return Err(Error::not_found("page", ending)),
    };
    let read = read(app, visitor, report, Terms::read(report, asked)).await?;
    let answer = read.answer.map_err(Error::Invalid)?;
    let sheet = Sheet::of(visitor, &answer);
    if let Some(format) = format {
        let bytes = table(visitor, &answer, &sheet, format)?;
        return Ok(format.answer(name, bytes));
    }
    let paper = pdf::Paper::of(app, visitor, &answer, &read.names, &sheet).await?;
    let app = app.clone();
    // Drawing is work for a processor, not for those who wait for others.
    let drawn = tokio::task::spawn_blocking(move || paper.print(&app)).await;
    let bytes = drawn.map_err(|error| Error::Internal(error.to_string()))??;
    let disposition = format!("inline; filename=\"{}.pdf\"", name.replace('.', "-"));
    Ok(sent(bytes, "application/pdf", &disposition))
}

fn table(
    visitor: &Visitor,
    answer: &Answer,
    sheet: &Sheet,
    format: Format,
) -> Result<Vec<u8>, Error> {
    let title = visitor.words.report(&answer.report);
    let mut rows = format.rows(&title, visitor.exponent());
    let heads: Vec<Written> =
        sheet.heads.iter().map(|head| Written::Text(heading(visitor, head))).collect();
    rows.strong(&heads);
    let cell =
        |(cell, head): (&Cell, &Head)| written(&head.kind, &cell.value, || cell.text.clone());
    let cells = |cells: &[Cell]| cells.iter().zip(&sheet.heads).map(cell).collect::<Vec<Written>>();
    for line in &sheet.lines {
        match line.rank {
            Rank::Group => {
                let said = line.cells.iter().map(|cell| Written::Text(cell.text.clone()));
                rows.strong(&said.collect::<Vec<_>>());
            }
            Rank::Sum => rows.strong(&cells(&line.cells)),
            Rank::Row => rows.row(&cells(&line.cells)),
        }
    }
    if let Some(totals) = &sheet.totals {
        rows.strong(&cells(totals));
    }
    rows.finish().map_err(|error| Error::Internal(error.to_string()))
}

/// A heading that says of itself which period it is of.
pub(super) fn heading(visitor: &Visitor, head: &Head) -> String {
    let part = match head.part {
        Part::Now => return head.label.clone(),
        Part::Before => visitor.words.say("report-before"),
        Part::Change => visitor.words.say("report-change"),
    };
    format!("{} · {part}", head.label)
}
