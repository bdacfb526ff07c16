//! The lines of a document: a table to read, or one to be worked in by keyboard. A row holds what is
//! entered; what is computed stands beside it as output, which the server fills in as one types.

use fondaco_kernel::permissions;
use fondaco_kernel::record::Rec;
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use maud::{Markup, html};

use super::{Entry, Shown, enter, is_figure, show};
use crate::visitor::Visitor;

/// What a table of lines is made of.
pub(crate) struct Table<'a> {
    pub(crate) visitor: &'a Visitor,
    /// The field of the document.
    pub(crate) field: &'a Field,
    pub(crate) child: &'a Model,
    /// The rows: the number in the names of their inputs, and the line.
    pub(crate) lines: &'a [(usize, Rec)],
    /// Those that the view names; else those of the list of the lines' model.
    pub(crate) columns: Option<Vec<&'a str>>,
    pub(crate) exponent: u8,
    pub(crate) edits: bool,
    /// What is wrong with an input of a row, by its path such as `lines[0].product`.
    pub(crate) problem: &'a dyn Fn(&str) -> Option<String>,
    /// What somebody has typed into an input, by its name.
    pub(crate) raw: &'a dyn Fn(&str) -> Option<String>,
}

/// The fields of a line that stand in its row: all that the reader may see, less what every line
/// has of its document.
pub(crate) fn shown_fields<'m>(
    visitor: &Visitor,
    child: &'m Model,
    edits: bool,
) -> Vec<(usize, &'m Field)> {
    let by = child.owner.as_ref().map(|owner| owner.by.as_str());
    let listed = child.views["list"]["columns"].as_array();
    let is_listed = |field: &Field| {
        listed.is_none_or(|names| names.iter().any(|name| name.as_str() == Some(&field.name)))
    };
    let fields = child.fields.iter().enumerate();
    fields
        .filter(|(_, (name, field))| {
            !field.system
                && Some(name.as_str()) != by
                && !matches!(field.kind, Kind::Lines { .. } | Kind::Json)
                && permissions::may_read_field(&visitor.ctx, visitor.schema(), field)
                && (is_listed(field) || (edits && is_entered(visitor, field)))
                && !is_of_the_machine(field)
        })
        .map(|(at, (_, field))| (at, field))
        .collect()
}

/// Whether somebody enters it: nobody computes it, and he may.
pub(crate) fn is_entered(visitor: &Visitor, field: &Field) -> bool {
    !field.readonly
        && !field.system
        && field.compute.is_none()
        && permissions::may_write_field(&visitor.ctx, visitor.schema(), field)
}

/// Names of models and ids of records, as documents keep what they came from: nobody reads them.
pub(crate) fn is_of_the_machine(field: &Field) -> bool {
    let name = field.name.as_str();
    (name.ends_with("_model") && field.kind == Kind::Text)
        || (name.ends_with("_id") && field.kind == Kind::Integer)
}

pub(crate) fn table(table: &Table<'_>) -> Markup {
    let words = &table.visitor.words;
    let mut left = shown_fields(table.visitor, table.child, table.edits);
    if let Some(columns) = &table.columns {
        let is_named = |field: &Field| columns.contains(&field.name.as_str());
        let works = |field: &Field| table.edits && is_entered(table.visitor, field);
        left.retain(|(_, field)| is_named(field) || works(field));
        left.sort_by_key(|(_, field)| {
            columns.iter().position(|name| *name == field.name).unwrap_or(columns.len())
        });
    }
    // What no line has is no column, unless it is entered there or follows from what is.
    left.retain(|(at, field)| {
        let has = table.lines.iter().any(|(_, line)| !is_nothing(&line.values[*at]));
        let works = is_entered(table.visitor, field) || matches!(field.kind, Kind::Money);
        has || (table.edits && works)
    });
    if table.lines.is_empty() && !table.edits {
        return html! { p.soft { (words.say("lines-none")) } };
    }
    html! {
        line-table data-field=(table.field.name) {
            div.scroll {
                table.lines {
                    thead { tr {
                        @for (_, field) in &left {
                            th scope="col" .n[is_figure(field)] data-kind=(field.kind.name()) {
                                (words.field(&table.child.name, field))
                            }
                        }
                        @if table.edits { th.act { span.away { (words.say("form-delete")) } } }
                    } }
                    tbody {
                        @for (at, (place, line)) in table.lines.iter().enumerate() {
                            (row(table, &left, line, Some((at, *place))))
                        }
                    }
                }
            }
            @if table.edits {
                template { (row(table, &left, &blank(table.child), None)) }
                button.link.add type="submit" formnovalidate name="_add" value=(table.field.name) {
                    "+ " (words.say("lines-add"))
                }
            }
        }
    }
}

fn is_nothing(value: &fondaco_kernel::values::Value) -> bool {
    value.is_null() || value.as_decimal().is_some_and(|number| number.is_zero())
}

/// A line that is not there yet.
pub(crate) fn blank(child: &Model) -> Rec {
    let model = std::sync::Arc::new(child.clone());
    let values = vec![fondaco_kernel::values::Value::Null; model.fields.len()];
    Rec {
        id: Default::default(),
        version: 0,
        values,
        lines: Vec::new(),
        titles: Vec::new(),
        expanded: Vec::new(),
        shown: None,
        model,
    }
}

/// A row; of the template `place` is a mark that scripts replace by the number.
fn row(
    table: &Table<'_>,
    fields: &[(usize, &Field)],
    line: &Rec,
    place: Option<(usize, usize)>,
) -> Markup {
    let number = place.map_or_else(|| "§".to_owned(), |(_, place)| place.to_string());
    let order = place.map_or(usize::MAX, |(order, _)| order);
    let start = format!("{}.{number}", table.field.name);
    let saved = !line.id.is_new();
    html! {
        tr {
            @for (at, field) in fields {
                @let shown = Shown::of(table.visitor, line, *at, table.exponent);
                td .n[is_figure(field)] data-label=(table.visitor.words.field(&table.child.name, field)) {
                    (cell(table, shown, &start, order))
                    @if let (true, true, Some((first, _))) = (saved, table.edits, fields.first())
                        && first == at {
                        input type="hidden" name={ (start) ".id" } value=(line.id);
                    }
                }
            }
            @if table.edits { td.act { (remove(table, &start, &number)) } }
        }
    }
}

fn cell(table: &Table<'_>, shown: Shown<'_>, start: &str, order: usize) -> Markup {
    if !table.edits {
        return show(shown);
    }
    let name = format!("{start}.{}", shown.field.name);
    if !is_entered(table.visitor, shown.field) {
        return html! { output data-of=(name) { (show(shown)) } };
    }
    let label = table.visitor.words.field(&table.child.name, shown.field);
    let path = format!("{}[{order}].{}", table.field.name, shown.field.name);
    let problem = (table.problem)(&path);
    let (raw, typed) = ((table.raw)(&name), (table.raw)(&format!("{name}~")));
    let entry = Entry {
        raw: raw.as_deref(),
        typed: typed.as_deref(),
        shown,
        name: &name,
        id: &format!("f-{name}"),
        problem: problem.as_deref(),
        label: Some(&label),
    };
    html! {
        (enter(entry))
        @if let Some(problem) = &problem { span.problem id={ (entry.id) "-problem" } { (problem) } }
    }
}

fn remove(table: &Table<'_>, start: &str, number: &str) -> Markup {
    let args = [("number", Arg::Text(number))];
    html! {
        button.icon.remove type="submit" formnovalidate name="_remove" value=(start)
            aria-label=(table.visitor.words.say_of("lines-remove", &args)) { "×" }
    }
}
