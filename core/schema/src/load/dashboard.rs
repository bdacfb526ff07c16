//! `dashboard = …`: tiles, each checked against the model or the report that it shows. What is about a
//! module that is off rests with it.

use super::document::{Faults, Table, Text};
use super::{Loader, Part, PartKind, is_name, keys};
use crate::dashboard::{Dashboard, Period, Records, Shows, Tile};
use crate::expr::{Type, compile};
use crate::field::label_of;
use crate::{Kind, Model, Schema};
use indexmap::IndexMap;

/// Tiles of a dashboard: more than one sees at once is none.
const TILES_MAX: usize = 12;
/// Rows of a list on a tile.
const ROWS: usize = 5;
const ROWS_MAX: usize = 20;

impl Loader<'_> {
    /// Roles and reports that rest are taken out before the schema is made.
    pub(super) fn dashboards(&mut self, parts: &[Part<'_>]) -> IndexMap<String, Dashboard> {
        let mut found: IndexMap<String, Dashboard> = IndexMap::new();
        for part in parts.iter().filter(|part| part.kind == PartKind::Dashboard) {
            part.table.only(&keys::DASHBOARD, &mut self.faults);
            let prefix = part.document.origin.prefix();
            let words: Vec<&str> = part.name.split('.').collect();
            let own = prefix.as_deref().is_none_or(|own| words.len() == 2 && words[0] == own);
            if words.len() > 2 || !words.iter().all(|word| is_name(word)) || !own {
                let message = format!("`{}` is not a name of a dashboard here", part.name);
                self.faults.at(part.place, message);
            }
            let mut roles = part.table.texts("roles", &mut self.faults);
            roles.retain(|role| !self.absent.has_role(&role.text));
            roles.iter().for_each(|role| self.known_role(role));
            let last = words.last().copied().unwrap_or_default();
            let label = part.table.words("label", &mut self.faults);
            let dashboard = Dashboard {
                name: part.name.clone(),
                label: label.unwrap_or_else(|| label_of(last)),
                module: part.document.origin.to_string(),
                roles: roles.into_iter().map(|role| role.text).collect(),
                tiles: Vec::new(),
            };
            if found.insert(part.name.clone(), dashboard).is_some() {
                self.faults.at(part.place, format!("dashboard `{}` is there twice", part.name));
            }
        }
        found
    }

    /// Of each part the places of the tiles that are about what is off.
    pub(super) fn resting_tiles(&self, parts: &[Part<'_>]) -> Vec<Vec<usize>> {
        let of = |part: &Part<'_>| {
            let items = part.table.item("tiles").and_then(|item| item.items()).unwrap_or_default();
            let tables = items.iter().map(|item| item.as_table());
            let rests = |table: &Option<Table<'_>>| table.is_some_and(|table| self.rests(table));
            tables.enumerate().filter(|(_, table)| rests(table)).map(|(at, _)| at).collect()
        };
        parts.iter().map(of).collect()
    }

    /// Whether a tile is about what is off.
    fn rests(&self, table: Table<'_>) -> bool {
        let named = |key: &str| table.item(key).and_then(|item| item.as_text());
        named("model").is_some_and(|model| self.absent.has_model(model))
            || named("report").is_some_and(|report| self.absent.has_report(report))
    }
}

pub(super) fn read_all(
    schema: &mut Schema,
    parts: &[Part<'_>],
    resting: &[Vec<usize>],
    faults: &mut Faults<'_>,
) {
    for (part, resting) in parts.iter().zip(resting) {
        if part.kind == PartKind::Dashboard {
            let tiles = tiles(schema, part, resting, faults);
            if let Some(found) = schema.dashboards.get_mut(&part.name) {
                found.tiles = tiles;
            }
        }
    }
}

/// The tiles, once the schema is there to check their conditions against. `resting` are the places of
/// those that are left out.
fn tiles(
    schema: &Schema,
    part: &Part<'_>,
    resting: &[usize],
    faults: &mut Faults<'_>,
) -> Vec<Tile> {
    let items = part.table.items("tiles", faults);
    if items.is_empty() || items.len() > TILES_MAX {
        let message = format!("a dashboard has [[tiles]], {TILES_MAX} at most");
        faults.at(part.place, message);
    }
    let mut tiles = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(table) = item.table("tiles", faults).filter(|_| !resting.contains(&at)) else {
            continue;
        };
        let mut reader = Reader { schema, faults, table };
        tiles.extend(reader.tile());
    }
    tiles
}

struct Reader<'r, 't, 's> {
    schema: &'r Schema,
    faults: &'r mut Faults<'s>,
    table: Table<'t>,
}

impl<'r> Reader<'r, '_, '_> {
    fn tile(&mut self) -> Option<Tile> {
        let table = self.table;
        let Some(kind) = table.text("kind", self.faults) else {
            self.faults.at(table.place, format!("a tile has a `kind`: {}", keys::TILES.join(", ")));
            return None;
        };
        let Some(known) = keys::of_tile(&kind.text, table.has("report")) else {
            let message = format!("there is no tile `{}`", kind.text);
            self.faults.unknown(kind.place, message, &kind.text, keys::TILES);
            return None;
        };
        table.only(known, self.faults);
        let shows = match (kind.text.as_str(), table.has("report")) {
            ("chart", true) => self.report()?,
            ("figure", _) => self.figure()?,
            ("list", _) => self.list()?,
            _ => self.chart()?,
        };
        let label = table.words("label", self.faults).unwrap_or_default();
        if label.is_empty() {
            self.faults.at(table.place, "a tile has a `label`");
        }
        Some(Tile { label, wide: table.flag("wide", self.faults), shows })
    }

    fn report(&mut self) -> Option<Shows> {
        let name = self.table.text("report", self.faults)?;
        match self.schema.reports.get(&name.text) {
            Some(found) if found.chart.is_some() => Some(Shows::Report { report: name.text }),
            Some(_) => {
                self.faults.at(name.place, format!("`{}` has no chart", name.text));
                None
            }
            None => {
                let known = self.schema.reports.keys().map(String::as_str);
                let message = format!("there is no report `{}`", name.text);
                self.faults.unknown(name.place, message, &name.text, known);
                None
            }
        }
    }

    fn figure(&mut self) -> Option<Shows> {
        let (model, of) = self.records()?;
        let sum = self.field(model, "sum", &|kind| kind.is_number(), "number");
        let date = self.field(model, "date", &|kind| *kind == Kind::Date, "date");
        let period = match self.table.text("period", self.faults) {
            None => Period::default(),
            Some(word) => match Period::ALL.iter().find(|(name, _)| *name == word.text) {
                Some((_, period)) => *period,
                None => {
                    let known = Period::ALL.map(|(name, _)| name);
                    let message = format!("there is no period `{}`", word.text);
                    self.faults.unknown(word.place, message, &word.text, known);
                    Period::default()
                }
            },
        };
        Some(Shows::Figure { of, sum, date, period })
    }

    fn list(&mut self) -> Option<Shows> {
        let (model, of) = self.records()?;
        let columns = self.table.texts("columns", self.faults);
        let sort = self.table.texts("sort", self.faults);
        for name in columns.iter().chain(&sort) {
            let path = name.text.strip_prefix('-').unwrap_or(&name.text);
            self.known(model, &Text { text: path.to_owned(), ..name.clone() }, &|_| true, "field");
        }
        if columns.is_empty() {
            self.faults.at(self.table.place, "a list has `columns`");
        }
        let limit = match self.table.number("limit", self.faults) {
            None => ROWS,
            Some(number) => match usize::try_from(number) {
                Ok(limit @ 1..=ROWS_MAX) => limit,
                _ => {
                    let message = format!("a list has 1 to {ROWS_MAX} rows");
                    self.faults.at(self.table.place, message);
                    ROWS
                }
            },
        };
        let plain = |texts: Vec<Text>| texts.into_iter().map(|text| text.text).collect();
        Some(Shows::List { of, sort: plain(sort), columns: plain(columns), limit })
    }

    fn chart(&mut self) -> Option<Shows> {
        let (model, of) = self.records()?;
        let sum = self.field(model, "sum", &|kind| kind.is_number(), "number");
        let Some(group) = self.table.text("group", self.faults) else {
            self.faults.at(self.table.place, "a chart has a `group`, or is that of a `report`");
            return None;
        };
        let name = match group.text.split_once('.') {
            Some((name, word)) if Period::ALL.iter().any(|(own, _)| *own == word) => name,
            _ => &group.text,
        };
        let groups = |kind: &Kind| {
            matches!(kind, Kind::Choice { .. } | Kind::Link { .. } | Kind::Date | Kind::Bool)
        };
        let named = Text { text: name.to_owned(), place: group.place };
        self.known(model, &named, &groups, "field to group by");
        Some(Shows::Chart { of, group: group.text, sum })
    }

    fn records(&mut self) -> Option<(&'r Model, Records)> {
        let name = self.table.text("model", self.faults)?;
        let Some(model) = self.schema.models.get(&name.text) else {
            let known = self.schema.models.keys().map(String::as_str);
            let message = format!("there is no model `{}`", name.text);
            self.faults.unknown(name.place, message, &name.text, known);
            return None;
        };
        let filter = self.table.text("filter", self.faults);
        if let Some(filter) = &filter
            && let Err(message) = compile(&filter.text, model, self.schema, Some(&Type::Bool))
        {
            self.faults.at(filter.place, format!("expression `{}`: {message}", filter.text));
        }
        let filter = filter.map(|filter| filter.text);
        Some((model, Records { model: name.text, filter }))
    }

    fn field(
        &mut self,
        model: &Model,
        key: &str,
        fits: &dyn Fn(&Kind) -> bool,
        what: &str,
    ) -> Option<String> {
        let name = self.table.text(key, self.faults)?;
        self.known(model, &name, fits, what).then_some(name.text)
    }

    fn known(
        &mut self,
        model: &Model,
        name: &Text,
        fits: &dyn Fn(&Kind) -> bool,
        what: &str,
    ) -> bool {
        let found = model.field(&name.text).filter(|field| field.has_column());
        let known = found.is_some_and(|field| fits(&field.kind));
        if !known {
            let message = format!("`{}` has no {what} `{}`", model.name, name.text);
            let all = model.fields.values().filter(|field| fits(&field.kind));
            let all = all.map(|field| field.name.as_str());
            self.faults.unknown(name.place, message, &name.text, all);
        }
        known
    }
}
