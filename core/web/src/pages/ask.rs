//! What a list is asked for, as it stands in its address: words, facets, a condition, order, columns,
//! groups. From it follow the kernel's question and the addresses of neighbouring lists.

use fondaco_kernel::Error;
use fondaco_kernel::permissions::may_read_field;
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::values::{AnyId, Date, Decimal};

use crate::address::{Pairs, query};
use crate::visitor::Visitor;
use crate::widgets::is_of_the_machine;

#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) words: String,
    /// A condition in the expression language.
    pub(crate) filter: String,
    /// Field and value; several values of one field mean any of them.
    pub(crate) facets: Vec<(String, String)>,
    pub(crate) sort: Vec<String>,
    /// Empty: those of the model.
    pub(crate) columns: Vec<String>,
    pub(crate) group: Option<String>,
    /// A second field to group by, of a pivot.
    pub(crate) across: Option<String>,
    /// What a pivot sums up.
    pub(crate) measure: Option<String>,
    /// Another way to show it: `chart` or `pivot`.
    pub(crate) show: Option<String>,
    pub(crate) after: Option<String>,
    /// Only the rows, for scripts that add them to what is there.
    pub(crate) part: bool,
}

impl Ask {
    pub(crate) fn read(asked: &Pairs) -> Ask {
        let mut ask = Ask::default();
        let words = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect()
        };
        for (name, value) in asked.0.iter().cloned() {
            match name.as_str() {
                "q" => ask.words = value.trim().to_owned(),
                "filter" => ask.filter = value.trim().to_owned(),
                "sort" => ask.sort = words(&value),
                "columns" => ask.columns.extend(words(&value)),
                "group" => ask.group = Some(value).filter(|group| !group.is_empty()),
                "across" => ask.across = Some(value).filter(|across| !across.is_empty()),
                "measure" => ask.measure = Some(value).filter(|measure| !measure.is_empty()),
                "show" => ask.show = Some(value).filter(|show| !show.is_empty()),
                "after" => ask.after = Some(value),
                "part" => ask.part = true,
                name => {
                    let facet = name.strip_prefix("f.").map(|field| (field.to_owned(), value));
                    // An untouched select of the form says nothing.
                    ask.facets.extend(facet.filter(|(_, value)| value != "*"));
                }
            }
        }
        ask
    }

    /// The address of this list without the place in it.
    pub(crate) fn query(&self) -> String {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                pairs.push((name.to_owned(), value.to_owned()));
            }
        };
        add("q", &self.words);
        add("filter", &self.filter);
        add("sort", &self.sort.join(","));
        add("columns", &self.columns.join(","));
        add("group", self.group.as_deref().unwrap_or_default());
        add("across", self.across.as_deref().unwrap_or_default());
        add("measure", self.measure.as_deref().unwrap_or_default());
        add("show", self.show.as_deref().unwrap_or_default());
        for (field, value) in &self.facets {
            pairs.push((format!("f.{field}"), value.clone()));
        }
        query(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    pub(crate) fn address(&self, model: &Model) -> String {
        let query = self.query();
        match query.is_empty() {
            true => format!("/{}", model.name),
            false => format!("/{}?{query}", model.name),
        }
    }

    /// Whether something narrows the list down.
    pub(crate) fn is_narrow(&self) -> bool {
        !self.words.is_empty() || !self.filter.is_empty() || !self.facets.is_empty()
    }

    pub(crate) fn with_facet(&self, field: &str, value: &str) -> Ask {
        let mut other = self.clone();
        other.facets.push((field.to_owned(), value.to_owned()));
        Ask { after: None, ..other }
    }

    pub(crate) fn without_facet(&self, facet: &(String, String)) -> Ask {
        let mut other = self.clone();
        other.facets.retain(|own| own != facet);
        Ask { after: None, ..other }
    }

    /// Sorted by this field; the other way round when it is already.
    pub(crate) fn sorted_by(&self, field: &str, now: &[String]) -> Ask {
        let turned = now.first().is_some_and(|first| first == field);
        let sort = if turned { format!("-{field}") } else { field.to_owned() };
        Ask { sort: vec![sort], after: None, ..self.clone() }
    }

    /// Facets and condition as one expression.
    ///
    /// # Errors
    /// Every facet that is none, at once.
    pub(crate) fn expression(
        &self,
        visitor: &Visitor,
        model: &Model,
    ) -> Result<Option<String>, Error> {
        let mut parts = Vec::new();
        let mut names: Vec<&str> = self.facets.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let unknown =
                || Error::problem(name, "unknown_field", format!("There is no field {name}."));
            let field = model.field(name).ok_or_else(unknown)?;
            if !may_read_field(&visitor.ctx, visitor.schema(), field) {
                return Err(unknown());
            }
            let values = self.facets.iter().filter(|(own, _)| own == name).map(|(_, value)| value);
            let any: Option<Vec<String>> = values.map(|value| holds(field, value)).collect();
            let any = any.ok_or_else(|| {
                Error::problem(name, "unreadable", format!("{} has no such value.", field.label))
            })?;
            parts.push(format!("({})", any.join(" || ")));
        }
        if !self.filter.is_empty() {
            parts.push(format!("({})", self.filter));
        }
        Ok((!parts.is_empty()).then(|| parts.join(" && ")))
    }
}

/// A field holds a value, as an expression.
fn holds(field: &Field, value: &str) -> Option<String> {
    let name = &field.name;
    if value.is_empty() {
        return Some(format!("{name} == null"));
    }
    Some(match &field.kind {
        Kind::Bool => format!("{name} == {}", value == "true"),
        Kind::Link { .. } => format!("{name} == {}", value.parse::<AnyId>().ok()?.raw()),
        Kind::Date => days(name, value)?,
        kind if kind.is_number() => {
            format!("{name} == decimal(\"{}\")", value.parse::<Decimal>().ok()?)
        }
        _ => format!("{name} == \"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    })
}

/// A year, a quarter (`2026-Q1`), a month (`2026-03`), or days from and to (`2026-03-01..2026-03-15`, either may be left out).
fn days(name: &str, value: &str) -> Option<String> {
    if let Some((from, to)) = value.split_once("..") {
        let part = |text: &str, op: &str| match text {
            "" => Some(String::new()),
            text => Some(format!("{name} {op} date(\"{}\")", text.parse::<Date>().ok()?)),
        };
        let parts = [part(from, ">=")?, part(to, "<=")?];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        return (!parts.is_empty()).then(|| parts.join(" && "));
    }
    let (from, to) = span(value)?;
    Some(format!("{name} >= date(\"{from}\") && {name} <= date(\"{to}\")"))
}

fn span(value: &str) -> Option<(Date, Date)> {
    let months = |from: String, count: i8| {
        let first = from.parse::<Date>().ok()?;
        let last = Date::new(first.year(), first.month() + count - 1, 1).ok()?;
        Some((first, last.last_of_month()))
    };
    if let Some((year, quarter)) = value.split_once("-Q") {
        let quarter = quarter.parse::<u8>().ok().filter(|quarter| (1..=4).contains(quarter))?;
        return months(format!("{year}-{:02}-01", quarter * 3 - 2), 3);
    }
    match value.len() {
        4 => months(format!("{value}-01-01"), 12),
        7 => months(format!("{value}-01"), 1),
        _ => value.parse::<Date>().ok().map(|day| (day, day)),
    }
}

/// The columns of a list: those that were asked for, else the model's own, as far as they may be
/// read.
pub(crate) fn columns<'m>(visitor: &Visitor, model: &'m Model, ask: &Ask) -> Vec<&'m Field> {
    let own = model.views["list"]["columns"].as_array();
    let listed: Vec<String> = match own {
        Some(names) => names.iter().filter_map(|n| n.as_str()).map(str::to_owned).collect(),
        None => {
            let fields = model.fields.values().filter(|f| !f.system || f.name == "state");
            let fields = fields.filter(|field| !field.kind.is_many());
            fields.map(|field| field.name.clone()).take(7).collect()
        }
    };
    let names = if ask.columns.is_empty() { &listed } else { &ask.columns };
    let mut found: Vec<&Field> = Vec::new();
    for field in names.iter().filter_map(|name| model.field(name)) {
        let twice = found.iter().any(|known| known.name == field.name);
        if !twice && is_column(visitor, field) {
            found.push(field);
        }
    }
    found
}

/// Whether a field can stand in a list.
pub(crate) fn is_column(visitor: &Visitor, field: &Field) -> bool {
    !field.kind.is_json()
        && !matches!(field.kind, Kind::Lines { .. })
        && !is_of_the_machine(field)
        && may_read_field(&visitor.ctx, visitor.schema(), field)
}

/// The fields by which a list is narrowed down with one click.
pub(crate) fn facets<'m>(
    visitor: &Visitor,
    model: &'m Model,
    columns: &[&Field],
) -> Vec<&'m Field> {
    let named = model.views["list"]["facets"].as_array();
    let is_named = |field: &Field| match named {
        Some(names) => names.iter().any(|name| name.as_str() == Some(&field.name)),
        None => match &field.kind {
            Kind::Choice { .. } => true,
            Kind::Bool => !field.readonly,
            Kind::Date => columns.iter().any(|column| column.name == field.name),
            Kind::Link { .. } => columns.iter().any(|c| c.name == field.name && c.name != "id"),
            _ => false,
        },
    };
    let fields =
        model.fields.values().filter(|field| field.has_column() && is_column(visitor, field));
    fields.filter(|field| is_named(field)).take(9).collect()
}

/// The order of a list: as asked for, else as the model's view says.
pub(crate) fn order(model: &Model, ask: &Ask) -> Vec<String> {
    if !ask.sort.is_empty() {
        return ask.sort.clone();
    }
    let sort = &model.views["list"]["sort"];
    match (sort.as_str(), sort.as_array()) {
        (Some(one), _) => vec![one.to_owned()],
        (_, Some(many)) => many.iter().filter_map(|s| s.as_str()).map(str::to_owned).collect(),
        _ => vec!["-id".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back() {
        let text =
            "q=two%20words&sort=-date&columns=a,b&group=state&f.state=draft&f.state=done&f.x=";
        let ask = Ask::read(&Pairs::read(text));
        assert_eq!(Ask::read(&Pairs::read(&ask.query())).query(), ask.query());
        assert_eq!(ask.facets.len(), 3);
        assert_eq!(ask.columns, ["a", "b"]);
        let less = ask.without_facet(&("state".to_owned(), "done".to_owned()));
        assert!(!less.query().contains("done") && less.query().contains("draft"));
        assert_eq!(ask.sorted_by("date", &["date".to_owned()]).sort, ["-date"]);
    }

    #[test]
    fn a_facet_cannot_leave_its_quotes() {
        let field = |kind| Field::new("f", kind, fondaco_kernel::schema::Origin::Kernel);
        let text = holds(&field(Kind::Text), r#"" || true || ""#).unwrap();
        assert_eq!(text, r#"f == "\" || true || \"""#);
        assert_eq!(holds(&field(Kind::Link { to: "party".into() }), "1 || true"), None);
        assert_eq!(holds(&field(Kind::Money), "1 || true"), None);
        assert_eq!(
            holds(&field(Kind::Date), "2026-02").unwrap(),
            "f >= date(\"2026-02-01\") && f <= date(\"2026-02-28\")"
        );
        assert_eq!(holds(&field(Kind::Date), "..2026-02-03").unwrap(), "f <= date(\"2026-02-03\")");
        assert_eq!(holds(&field(Kind::Date), "x..y"), None);
        assert_eq!(holds(&field(Kind::Text), "").unwrap(), "f == null");
    }
}
