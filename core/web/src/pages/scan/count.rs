//! One scan: whose code it is, and that line counts up. What was not scanned by then counts as none, so
//! that finishing takes what was counted and nothing else.

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Change, Select};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Decimal, Problem, Value};
use fondaco_kernel::{Error, Tx};
use serde_json::{Map, Value as Json, json};

use super::{Scan, tone_of};
use crate::App;
use crate::address::{Pairs, Sent, query};
use crate::pages::{act, go_saying};
use crate::visitor::Visitor;

/// The code of the refusal of what is not on the document.
const NOT_HERE: &str = "not_on_document";

/// Where codes stand, and what is written.
#[derive(Clone)]
struct Way {
    model: String,
    select: Select,
    lines: String,
    codes: Vec<(Option<String>, String)>,
    quantity: String,
    done: String,
    lot: Option<String>,
}

#[derive(Clone)]
struct Scanned {
    id: AnyId,
    code: String,
    times: Decimal,
    lot: Option<String>,
}

/// The line that counted up.
struct Counted {
    line: Rec,
    wanted: Decimal,
    done: Decimal,
}

pub(crate) async fn count(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Sent(form): Sent,
) -> Response {
    let scan = match Scan::of(&visitor, &model) {
        Ok(scan) => scan,
        Err(error) => return visitor.answer(Err(error)),
    };
    match scan.counted(&app, &form).await {
        Ok(counted) => scan.said(&form, &counted),
        Err(error) => scan.refused(&form, error),
    }
}

impl Scan<'_> {
    async fn counted(&self, app: &App, form: &Pairs) -> Result<Counted, Error> {
        let (way, scanned) = (self.way(), self.scanned(form)?);
        let work = app.kernel.run(&self.visitor.ctx, move |tx| {
            let (way, scanned) = (way.clone(), scanned.clone());
            Box::pin(async move { carry_out(tx, &way, &scanned).await })
        });
        work.await
    }

    fn way(&self) -> Way {
        Way {
            model: self.model.name.clone(),
            select: self.select(),
            lines: self.lines.clone(),
            codes: self.codes.clone(),
            quantity: self.quantity.name.clone(),
            done: self.done.name.clone(),
            lot: self.lot.as_ref().map(|lot| lot.name.clone()),
        }
    }

    fn scanned(&self, form: &Pairs) -> Result<Scanned, Error> {
        let none = || Error::not_found(&self.model.name, form.get("id").unwrap_or_default());
        let id = form.get("id").and_then(|id| id.parse().ok()).ok_or_else(none)?;
        let code = form.filled("code").map(str::to_owned);
        let code = code.ok_or_else(|| Error::problem("code", "required", "Scan a code."))?;
        let point = self.visitor.words.locale.point();
        let times = form.filled("quantity").unwrap_or("1").replace(point, ".");
        let unreadable = || Error::problem("quantity", "unreadable", "How many is a number.");
        let times = times.parse::<Decimal>().map_err(|_| unreadable())?;
        let lot = form.filled("lot").map(str::to_owned).filter(|_| self.lot.is_some());
        Ok(Scanned { id, code, times, lot })
    }

    /// What a line comes to: to a script as data, to a reader on the page.
    fn said(&self, form: &Pairs, counted: &Counted) -> Response {
        let words = &self.visitor.words;
        let (name, tone) =
            (self.called(&counted.line), tone_of(counted.wanted, Some(counted.done)));
        let (done, wanted) =
            (words.locale.decimal(counted.done, 0), words.locale.decimal(counted.wanted, 0));
        let args = [
            ("name", Arg::Text(&name)),
            ("done", Arg::Text(&done)),
            ("wanted", Arg::Text(&wanted)),
        ];
        let mut said = words.say_of("scan-said", &args).into_owned();
        let told = self.told(counted.wanted, Some(counted.done));
        if tone != "part" && !told.is_empty() {
            said = format!("{said} {told}");
        }
        let line = counted.line.id.to_string();
        if !self.visitor.around.html {
            let answer =
                json!({ "said": said, "tone": tone, "line": line, "done": done, "told": told });
            return Answer(answer).into_response();
        }
        go_saying(&self.back(form, &[("heard", tone), ("at", &line)]), &said)
    }

    /// What is not on the document is said in the reader's language, to scripts as well.
    fn translated(&self, error: Error) -> Error {
        let Error::Invalid(mut problems) = error else { return error };
        for problem in problems.iter_mut().filter(|problem| problem.code == NOT_HERE) {
            let arg = |name: &str| problem.args.get(name).map_or("", String::as_str);
            let args = [("code", Arg::Text(arg("code"))), ("document", Arg::Text(arg("document")))];
            let said = self.visitor.words.say_of("scan-not-here", &args).into_owned();
            problem.message = said;
        }
        Error::Invalid(problems)
    }

    fn refused(&self, form: &Pairs, error: Error) -> Response {
        let back = self.back(form, &[("heard", "bad")]);
        act::refused(self.visitor, &back, self.translated(error))
    }

    fn back(&self, form: &Pairs, more: &[(&str, &str)]) -> String {
        let id = form.get("id").and_then(|id| id.parse::<AnyId>().ok());
        let query = query(more.iter().copied());
        match id {
            Some(id) => format!("/{}/{id}/scan?{query}", self.model.name),
            None => format!("/{}/scan", self.model.name),
        }
    }
}

/// The codes of a line, its own and those of what it leads to.
pub(super) fn codes_of(codes: &[(Option<String>, String)], line: &Rec) -> Vec<String> {
    let one = |(link, field): &(Option<String>, String)| {
        let rec = match link {
            None => Some(line),
            Some(link) => {
                let at = line.model.field_index(link)?;
                let found = line.expanded.iter().find(|(own, _)| *own == at);
                found.and_then(|(_, recs)| recs.first())
            }
        }?;
        let at = rec.model.field_index(field)?;
        match rec.values.get(at)? {
            Value::Text(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    };
    let mut found: Vec<String> = codes.iter().filter_map(one).collect();
    found.dedup();
    found
}

async fn carry_out(tx: &mut Tx, way: &Way, scanned: &Scanned) -> Result<Counted, Error> {
    let rec = records::get(tx, &way.model, scanned.id, &way.select).await?;
    let lines = rec.lines(&way.lines);
    let wanted = |line: &Rec| line.decimal(&way.quantity).unwrap_or_default();
    let done = |line: &Rec| line.decimal(&way.done);
    let is_meant = |line: &&Rec| {
        let codes = codes_of(&way.codes, line);
        codes.iter().any(|code| code.to_lowercase() == scanned.code.to_lowercase())
    };
    let meant: Vec<&Rec> = lines.iter().filter(is_meant).collect();
    // Of several lines of the same, the first that is not full.
    let open = meant.iter().find(|line| done(line).unwrap_or_default() < wanted(line));
    let Some(line) = open.or(meant.last()).copied() else {
        let message = format!("{} is not on {}.", scanned.code, rec.title());
        let problem = Problem::new("code", NOT_HERE, message).arg("code", &scanned.code);
        return Err(Error::Invalid(vec![problem.arg("document", rec.title())]));
    };
    let counted = done(line).unwrap_or_default() + scanned.times;
    if counted.is_sign_negative() && !counted.is_zero() {
        let message = format!("Only {} are counted.", done(line).unwrap_or_default());
        return Err(Error::problem("quantity", "range", message));
    }
    let lot = lot(way, scanned, line)?;
    let one = |own: &Rec| {
        let mut said = Map::new();
        said.insert("id".to_owned(), json!(own.id));
        if own.id == line.id {
            said.insert(way.done.clone(), json!(counted.normalize().to_string()));
            said.extend(lot.clone());
        } else if done(own).is_none() {
            said.insert(way.done.clone(), json!("0"));
        }
        Json::Object(said)
    };
    let all: Vec<Json> = lines.iter().map(one).collect();
    let wanted_of = wanted(line);
    let line = line.clone();
    let changes: Map<String, Json> = [(way.lines.clone(), json!(all))].into_iter().collect();
    let draft = records::draft_of(tx, &way.model, &changes)?;
    let change = Change { id: rec.id, version: Some(rec.version), draft };
    records::update(tx, &way.model, vec![change]).await?;
    Ok(Counted { line, wanted: wanted_of, done: counted })
}

/// The lot that a line is of now; one line is of one.
fn lot(way: &Way, scanned: &Scanned, line: &Rec) -> Result<Option<(String, Json)>, Error> {
    let (Some(field), Some(lot)) = (&way.lot, &scanned.lot) else { return Ok(None) };
    match line.text(field).filter(|own| !own.is_empty()) {
        Some(own) if own != lot => {
            let message = format!("This line is of lot {own}: give {lot} a line of its own.");
            Err(Error::problem("lot", "other_lot", message))
        }
        _ => Ok(Some((field.clone(), json!(lot)))),
    }
}
