//! What somebody entered in a form, as the JSON that the API takes. A form carries what its inputs
//! held when it was made (`_was`), so only what was changed is wanted, and what is untouched stays
//! as it is, also when somebody else has changed it meanwhile.
//! Not here: whether it may be written and is right (`kernel::records`).

use std::collections::BTreeMap;

use fondaco_kernel::Error;
use fondaco_kernel::record::Rec;
use fondaco_kernel::schema::{ByLine, Field, Kind, Model, Schema};
use fondaco_kernel::values::{Decimal, Problem};
use serde_json::{Map, Value as Json, json};

use crate::address::Pairs;
use crate::visitor::Visitor;
use crate::widgets::{exponent_of, held_in, is_entered, shown_fields};

/// What each input of a form held when it was made.
pub(crate) type Was = BTreeMap<String, String>;

/// A posted form.
pub(crate) struct Form<'a> {
    pub(crate) visitor: &'a Visitor,
    pub(crate) model: &'a Model,
    pub(crate) pairs: &'a Pairs,
    was: Was,
}

/// Names typed into boxes of links that no id stands beside: input, model, name.
pub(crate) type Typed = Vec<(String, String, String)>;

impl<'a> Form<'a> {
    pub(crate) fn read(visitor: &'a Visitor, model: &'a Model, pairs: &'a Pairs) -> Form<'a> {
        let was = pairs.get("_was").and_then(|text| serde_json::from_str(text).ok());
        Form { visitor, model, pairs, was: was.unwrap_or_default() }
    }

    /// The version that the form was made of.
    pub(crate) fn version(&self) -> Option<i64> {
        self.pairs.get("_version").and_then(|text| text.parse().ok())
    }

    /// The fields that are wanted different from what they were.
    ///
    /// # Errors
    /// Every input that cannot be read, at once.
    pub(crate) fn wanted(&self) -> Result<Map<String, Json>, Error> {
        let mut problems = Vec::new();
        let mut wanted = Map::new();
        let point = self.visitor.words.locale.point();
        for field in self.model.fields.values() {
            if let Kind::Lines { of, .. } = &field.kind {
                if let Some(lines) = self.lines(field, of, &mut problems) {
                    wanted.insert(field.name.clone(), lines);
                }
                continue;
            }
            if let Some(text) = self.touched(&field.name) {
                match json_of(field, text, point) {
                    Ok(value) => drop(wanted.insert(field.name.clone(), value)),
                    Err(message) => problems.push(Problem::new(&field.name, "unreadable", message)),
                }
            }
        }
        if problems.is_empty() { Ok(wanted) } else { Err(Error::Invalid(problems)) }
    }

    /// What an input holds, if somebody has changed it.
    pub(crate) fn touched(&self, name: &str) -> Option<&str> {
        let now = self.pairs.get(name)?.trim();
        // Browsers send the line breaks of a text as two letters.
        let was = self.was.get(name).map_or("", |was| was.trim());
        (now.replace("\r\n", "\n") != was.replace("\r\n", "\n")).then_some(now)
    }

    /// All lines of a field, where one of them is another, or not the same ones are there.
    fn lines(&self, field: &Field, of: &str, problems: &mut Vec<Problem>) -> Option<Json> {
        let child = self.visitor.schema().model(of)?.clone();
        let places = self.places(&field.name);
        let ids = ids(self.pairs, &field.name, &places);
        let was = self.was.get(&field.name)?;
        let mut changed = *was != ids;
        let mut lines = Vec::new();
        for place in places {
            let start = format!("{}.{place}", field.name);
            let mut line = Map::new();
            for own in child.fields.values() {
                let name = format!("{start}.{}", own.name);
                let Some(text) = self.touched(&name) else { continue };
                let path = format!("{}[{}].{}", field.name, lines.len(), own.name);
                match json_of(own, text, self.visitor.words.locale.point()) {
                    Ok(value) => drop(line.insert(own.name.clone(), value)),
                    Err(message) => problems.push(Problem::new(path, "unreadable", message)),
                }
            }
            let id = self.pairs.filled(&format!("{start}.id"));
            changed |= !line.is_empty();
            match id {
                Some(id) => drop(line.insert("id".to_owned(), json!(id))),
                // A row that nobody has filled is none.
                None if line.is_empty() => continue,
                None => {}
            }
            lines.push(Json::Object(line));
        }
        changed.then_some(Json::Array(lines))
    }

    /// The numbers of the rows that the form has, in order.
    pub(crate) fn places(&self, field: &str) -> Vec<usize> {
        places(self.pairs, field)
    }

    /// Names in boxes of links which were typed without a script looking them up.
    pub(crate) fn typed(&self) -> Typed {
        let mut typed = Vec::new();
        for (input, name) in &self.pairs.0 {
            let Some(own) = input.strip_suffix('~') else { continue };
            let id = self.pairs.get(own).unwrap_or_default();
            let was_id = self.was.get(own).map_or("", String::as_str);
            let was_name = self.was.get(input).map_or("", String::as_str);
            let is_typed = id == was_id && name.trim() != was_name.trim();
            if let (true, Some(target)) = (is_typed, self.target(own)) {
                typed.push((own.to_owned(), target, name.trim().to_owned()));
            }
        }
        typed
    }

    /// The model that the link of an input leads to.
    fn target(&self, input: &str) -> Option<String> {
        let mut parts = input.split('.');
        let field = self.model.field(parts.next()?)?;
        let found = match (&field.kind, parts.next(), parts.next()) {
            (Kind::Lines { of, .. }, Some(_), Some(name)) => {
                self.visitor.schema().model(of)?.field(name)?.kind.target()
            }
            (kind, None, None) => kind.target(),
            _ => None,
        };
        found.map(str::to_owned)
    }
}

/// The numbers of the rows that inputs of a field are in (`lines.0.quantity`), in order.
fn places(pairs: &Pairs, field: &str) -> Vec<usize> {
    let mut places = Vec::new();
    for (name, _) in &pairs.0 {
        let place = name.strip_prefix(field).and_then(|rest| rest.strip_prefix('.'));
        let place = place.and_then(|rest| rest.split_once('.')?.0.parse().ok());
        if let Some(place) = place.filter(|place| !places.contains(place)) {
            places.push(place);
        }
    }
    places
}

/// What an action is told line by line; `None` where nobody filled a row. A row counts when its
/// first column is filled.
///
/// # Errors
/// Every input that cannot be read, under its path.
pub(crate) fn rows_of(
    (arg, rows, child): (&str, &ByLine, &Model),
    pairs: &Pairs,
    point: char,
) -> Result<Option<Json>, Vec<Problem>> {
    let (mut told, mut problems) = (Vec::new(), Vec::new());
    for place in places(pairs, arg) {
        let text = |name: &str| pairs.filled(&format!("{arg}.{place}.{name}"));
        let first = rows.columns.keys().next().and_then(|name| text(name));
        let (Some(line), Some(_)) = (text("line"), first) else { continue };
        let mut row = Map::from_iter([("line".to_owned(), json!(line))]);
        for field in rows.columns.keys().filter_map(|name| child.field(name)) {
            let Some(text) = text(&field.name) else { continue };
            match json_of(field, text, point) {
                Ok(value) => drop(row.insert(field.name.clone(), value)),
                Err(message) => {
                    let path = format!("{arg}[{}].{}", told.len(), field.name);
                    problems.push(Problem::new(path, "unreadable", message));
                }
            }
        }
        told.push(Json::Object(row));
    }
    match (problems.is_empty(), told.is_empty()) {
        (false, _) => Err(problems),
        (true, true) => Ok(None),
        (true, false) => Ok(Some(Json::Array(told))),
    }
}

fn ids(pairs: &Pairs, field: &str, places: &[usize]) -> String {
    let id = |place: &usize| pairs.filled(&format!("{field}.{place}.id")).unwrap_or("-").to_owned();
    let all: Vec<String> = places.iter().map(id).collect();
    all.iter().filter(|id| *id != "-").cloned().collect::<Vec<_>>().join(",")
}

/// What the inputs of a record hold: `name: text`, and of lines the ids of the rows.
pub(crate) fn was(visitor: &Visitor, schema: &Schema, rec: &Rec) -> Was {
    let mut was = Was::new();
    let exponent = exponent_of(visitor, rec);
    for (at, field) in rec.model.fields.values().enumerate() {
        if !is_entered(visitor, field) {
            continue;
        }
        let Kind::Lines { of, .. } = &field.kind else {
            keep(&mut was, &field.name, (rec, at), exponent);
            continue;
        };
        let Some(child) = schema.model(of) else { continue };
        let lines = rec.lines.iter().find(|(own, _)| *own == at).map_or(&[][..], |(_, l)| l);
        let saved = lines.iter().filter(|line| !line.id.is_new());
        let ids: Vec<String> = saved.map(|line| line.id.to_string()).collect();
        was.insert(field.name.clone(), ids.join(","));
        for (place, line) in lines.iter().enumerate() {
            let entered = shown_fields(visitor, child, true);
            for (own, field_of) in entered.into_iter().filter(|(_, f)| is_entered(visitor, f)) {
                let name = format!("{}.{place}.{}", field.name, field_of.name);
                keep(&mut was, &name, (line, own), exponent);
            }
        }
    }
    was
}

fn keep(was: &mut Was, name: &str, (rec, at): (&Rec, usize), exponent: u8) {
    let field = &rec.model.fields[at];
    let text = match (&field.kind, rec.values[at].is_null()) {
        (Kind::Bool, true) => "false".to_owned(),
        (_, true) => return,
        (kind, false) => held_in(kind, &rec.values[at], exponent),
    };
    if let Kind::Link { .. } = field.kind {
        let title = rec.titles.iter().find(|(link, _)| *link == at).map(|(_, title)| title.clone());
        was.insert(format!("{name}~"), title.unwrap_or_else(|| format!("#{text}")));
    }
    was.insert(name.to_owned(), text);
}

/// A text of an input as the JSON of its field.
pub(crate) fn json_of(field: &Field, text: &str, point: char) -> Result<Json, String> {
    if text.is_empty() {
        return Ok(Json::Null);
    }
    let words = || {
        let words = text.split(';').map(str::trim).filter(|word| !word.is_empty());
        words.map(Json::from).collect::<Json>()
    };
    Ok(match &field.kind {
        Kind::Bool => Json::Bool(text == "true"),
        Kind::Percent => {
            let share = number(text, point).map(|number| number / Decimal::ONE_HUNDRED);
            json!(share.ok_or_else(|| wrong(field, "12.5"))?.normalize().to_string())
        }
        Kind::Duration => json!(seconds(text).ok_or_else(|| wrong(field, "1:30"))?),
        Kind::DateTime => {
            let zone = if text.ends_with('Z') || text.contains('+') { "" } else { "Z" };
            let seconds = if text.len() == "2026-03-05T14:07".len() { ":00" } else { "" };
            json!(format!("{text}{seconds}{zone}"))
        }
        Kind::Tags | Kind::Links { .. } => words(),
        Kind::Options { .. } if !text.starts_with(['{', '[']) => words(),
        kind if kind.is_json() => serde_json::from_str(text)
            .map_err(|error| format!("{} is no JSON: {error}.", field.label))?,
        Kind::Integer | Kind::Decimal { .. } | Kind::Money => {
            let number = number(text, point).ok_or_else(|| wrong(field, "1234.5"))?;
            json!(number.to_string())
        }
        _ => json!(text),
    })
}

fn wrong(field: &Field, example: &str) -> String {
    format!("{} is a number, such as {example}.", field.label)
}

/// A decimal as people write it. An input shows a point; a comma is one too where the language has
/// it so, and parts thousands elsewhere. What could be either is refused.
fn number(text: &str, point: char) -> Option<Decimal> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut plain = plain.replace('−', "-");
    if plain.contains(['e', 'E']) {
        return None;
    }
    if point == ',' && plain.contains(',') {
        plain = plain.replace('.', "").replace(',', ".");
    } else if plain.contains(',') {
        let whole = plain.split('.').next().unwrap_or_default();
        let groups = whole.trim_start_matches('-').split(',').skip(1);
        if groups.into_iter().any(|group| group.len() != 3) {
            return None;
        }
        plain = plain.replace(',', "");
    }
    plain.parse().ok()
}

/// `1:30`, `0:01:30`, or a number of seconds.
fn seconds(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix(['-', '−']).map_or((1, text), |rest| (-1, rest));
    let parts: Option<Vec<i64>> = text.split(':').map(|part| part.trim().parse().ok()).collect();
    let seconds = match parts?.as_slice() {
        [seconds] => *seconds,
        [hours, minutes] => hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?,
        [hours, minutes, seconds] => {
            let rest = minutes.checked_mul(60)?.checked_add(*seconds)?;
            hours.checked_mul(3600)?.checked_add(rest)?
        }
        _ => return None,
    };
    Some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, point, read) in [
            ("1234.5", '.', Some("1234.5")),
            ("1234.5", ',', Some("1234.5")),
            ("1,5", ',', Some("1.5")),
            ("1,5", '.', None),
            ("1.234,50", ',', Some("1234.50")),
            ("1,234.50", '.', Some("1234.50")),
            ("1 234,5", ',', Some("1234.5")),
            ("1,234,567", '.', Some("1234567")),
            ("−3", '.', Some("-3")),
            ("1.234.567", '.', None),
            ("abc", '.', None),
            ("1e5", '.', None),
        ] {
            assert_eq!(number(text, point), read.map(|read| read.parse().unwrap()), "{text}");
        }
        for (text, read) in [
            ("1:30", Some(5400)),
            ("0:01:30", Some(90)),
            ("90", Some(90)),
            ("-1:00", Some(-3600)),
            ("x", None),
        ] {
            assert_eq!(seconds(text), read, "{text}");
        }
    }
}
