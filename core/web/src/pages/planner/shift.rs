//! Moving a bar: to other days, to another row. By the fields of the record, of a line by its
//! document, or by the action that the view names; as somebody saw it, or not at all.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Change, Select};
use fondaco_kernel::values::{AnyId, Date};
use fondaco_kernel::{Error, Tx};
use serde_json::{Map, Value as Json, json};

use super::Planner;
use crate::App;
use crate::address::{Pairs, Sent, on_this_site};
use crate::pages::act::refused;
use crate::pages::{calendar, go_saying};
use crate::visitor::Visitor;

/// Where a bar goes to.
#[derive(Clone, Debug)]
struct Wish {
    id: AnyId,
    version: Option<i64>,
    start: Date,
    /// `None`: as many days as before.
    end: Option<Date>,
    /// `None`: where it is.
    row: Option<Option<AnyId>>,
}

/// What is written, and where.
#[derive(Clone, Debug)]
struct Way {
    model: String,
    document: String,
    /// The document's field of lines, and the link back.
    lines: Option<(String, String)>,
    /// An action, and its argument for the number of the line.
    action: Option<(String, Option<String>)>,
    start: String,
    end: Option<String>,
    rows: Option<String>,
}

pub(crate) async fn shift(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Sent(form): Sent,
) -> Response {
    let back = form.get("back").and_then(on_this_site).map(str::to_owned);
    let back = back.unwrap_or_else(|| format!("/{model}/timeline"));
    match shifted(&app, &visitor, &model, &form).await {
        Ok(()) => go_saying(&back, &visitor.words.say("planner-moved")),
        Err(error) => refused(&visitor, &back, error),
    }
}

async fn shifted(app: &App, visitor: &Visitor, model: &str, form: &Pairs) -> Result<(), Error> {
    let work = app.kernel.read(&visitor.ctx, |tx| {
        let today = tx.today();
        Box::pin(async move { Ok(today) })
    });
    let planner = Planner::of(visitor, model, &Pairs::default(), work.await?)?;
    let (way, wish) = (planner.way(), wish(model, form)?);
    let work = app.kernel.run(&visitor.ctx, move |tx| {
        let (way, wish) = (way.clone(), wish.clone());
        Box::pin(async move { carry_out(tx, &way, &wish).await })
    });
    work.await
}

fn wish(model: &str, form: &Pairs) -> Result<Wish, Error> {
    let none = || Error::not_found(model, form.get("id").unwrap_or_default());
    let day = |name: &str| match form.filled(name).map(str::parse::<Date>) {
        None => Ok(None),
        Some(Ok(day)) => Ok(Some(day)),
        Some(Err(_)) => Err(Error::problem(name, "unreadable", "A day is like 2026-03-31.")),
    };
    let row = match form.get("row") {
        None => None,
        Some("") => Some(None),
        Some(id) => Some(Some(id.parse::<AnyId>().map_err(|_| none())?)),
    };
    let missing = || Error::problem("start", "required", "Say from which day.");
    Ok(Wish {
        id: form.get("id").and_then(|id| id.parse().ok()).ok_or_else(none)?,
        version: form.filled("version").and_then(|version| version.parse().ok()),
        start: day("start")?.ok_or_else(missing)?,
        end: day("end")?,
        row,
    })
}

impl Planner<'_> {
    fn way(&self) -> Way {
        let owner = self.model.owner.as_ref();
        let line = self.view("line");
        let end = self.end.as_ref().filter(|end| self.changes(end));
        let rows = Some(&self.rows).filter(|rows| self.changes(rows));
        Way {
            model: self.model.name.clone(),
            document: self.document.name.clone(),
            lines: owner.map(|owner| (owner.lines.clone(), owner.by.clone())),
            action: self.action.as_ref().map(|action| (action.name.clone(), line)),
            start: self.start.name.clone(),
            end: end.map(|end| end.name.clone()),
            rows: rows.map(|rows| rows.name.clone()),
        }
    }
}

async fn carry_out(tx: &mut Tx, way: &Way, wish: &Wish) -> Result<(), Error> {
    let rec = records::get(tx, &way.model, wish.id, &Select::default()).await?;
    let mut wanted = wanted(way, wish, &rec);
    let Some((field, by)) = &way.lines else {
        return write(tx, way, (rec.id, wish.version), wanted).await;
    };
    let none = || Error::not_found(&way.model, wish.id);
    let id = rec.link::<()>(by).ok_or_else(none)?.any();
    let document = records::get(tx, &way.document, id, &Select::default()).await?;
    let lines = document.lines(field);
    match &way.action {
        Some((_, Some(arg))) => {
            let at = lines.iter().position(|line| line.id == wish.id).ok_or_else(none)?;
            wanted.insert(arg.clone(), json!(at + 1));
        }
        Some((_, None)) => {}
        // The lines that are named stay; what is said of one is all that changes.
        None => {
            let one = |line: &Rec| {
                let mut own = if line.id == wish.id { wanted.clone() } else { Map::new() };
                own.insert("id".to_owned(), json!(line.id));
                Json::Object(own)
            };
            let lines = lines.iter().map(one).collect();
            wanted = [(field.clone(), Json::Array(lines))].into_iter().collect();
        }
    }
    write(tx, way, (id, wish.version), wanted).await
}

/// The fields or arguments that a wish comes to. An end goes with its start.
fn wanted(way: &Way, wish: &Wish, rec: &Rec) -> Map<String, Json> {
    let mut wanted = Map::new();
    wanted.insert(way.start.clone(), json!(wish.start.to_string()));
    if let Some(end) = &way.end {
        let kept = || Some(moved(rec.date(&way.start)?, rec.date(end)?, wish.start));
        if let Some(day) = wish.end.or_else(kept) {
            wanted.insert(end.clone(), json!(day.to_string()));
        }
    }
    if let (Some(rows), Some(row)) = (&way.rows, wish.row) {
        wanted.insert(rows.clone(), json!(row));
    }
    wanted
}

/// The end of a span that begins on another day.
fn moved(start: Date, end: Date, to: Date) -> Date {
    let days = start.until(end).map_or(0, |span| span.get_days());
    calendar::days_after(to, usize::try_from(days).unwrap_or_default())
}

async fn write(
    tx: &mut Tx,
    way: &Way,
    (id, version): (AnyId, Option<i64>),
    wanted: Map<String, Json>,
) -> Result<(), Error> {
    let Some((action, _)) = &way.action else {
        let draft = records::draft_of(tx, &way.document, &wanted)?;
        return records::update(tx, &way.document, vec![Change { id, version, draft }])
            .await
            .map(drop);
    };
    if let Some(version) = version {
        records::still(tx, &way.document, id, version).await?;
    }
    let args = records::arguments(tx, &way.document, action, &wanted)?;
    records::act(tx, &way.document, id, action, args).await?;
    tx.draw_numbers().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_keeps_its_days() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (start, end, to, found) in [
            ("2026-03-02", "2026-03-04", "2026-03-30", "2026-04-01"),
            ("2026-03-02", "2026-03-02", "2026-02-28", "2026-02-28"),
            ("2026-03-04", "2026-03-02", "2026-03-10", "2026-03-10"),
        ] {
            assert_eq!(moved(day(start), day(end), day(to)), day(found));
        }
    }
}
