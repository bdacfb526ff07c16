//! A sheet as a table: figures at the right, sums strong, what rows have in common above them.

use std::cmp::Ordering;

use fondaco_kernel::reports::Part;
use fondaco_kernel::values::Decimal;
use maud::{Markup, html};

use crate::sheet::{Cell, Head, Line, Rank, Sheet};
use crate::visitor::Visitor;

pub(crate) fn table(visitor: &Visitor, sheet: &Sheet) -> Markup {
    let words = &visitor.words;
    html! {
        div.scroll.listing.report tabindex="0" {
            table.list.figures {
                thead { tr { @for head in &sheet.heads { (heading(visitor, head)) } } }
                tbody { @for line in &sheet.lines { (row(sheet, line)) } }
                @if let Some(totals) = &sheet.totals {
                    tfoot { tr {
                        @for (at, (cell, head)) in totals.iter().zip(&sheet.heads).enumerate() {
                            // A report that does not name its last row itself.
                            @let bare = at == 0 && totals.iter().zip(&sheet.heads).all(|(c, h)| h.is_figure() || c.text.is_empty());
                            td .n[head.is_figure()] { @if bare && cell.text.is_empty() { (words.say("list-total")) } @else { (cell.text) } }
                        }
                    } }
                }
            }
        }
    }
}

fn heading(visitor: &Visitor, head: &Head) -> Markup {
    let part = match head.part {
        Part::Now => None,
        Part::Before => Some(visitor.words.say("report-before")),
        Part::Change => Some(visitor.words.say("report-change")),
    };
    html! {
        th scope="col" .n[head.is_figure()] {
            @match part {
                Some(part) => { span.away { (head.label) " " } (part) },
                None => (head.label),
            }
        }
    }
}

fn row(sheet: &Sheet, line: &Line) -> Markup {
    if line.rank == Rank::Group {
        return html! {
            tr.above { th scope="rowgroup" colspan=(sheet.heads.len()) { @for cell in &line.cells { (inside(cell)) } } }
        };
    }
    html! {
        tr .sums[line.rank == Rank::Sum] {
            @for (at, (cell, head)) in line.cells.iter().zip(&sheet.heads).enumerate() {
                td .n[head.is_figure()] data-label=(head.label)
                    data-in=[(at == 0 && line.indent > 0).then_some(line.indent)]
                    data-sign=[sign(cell, head)] { (inside(cell)) }
            }
        }
    }
}

fn inside(cell: &Cell) -> Markup {
    html! {
        @match &cell.href {
            Some(href) => a href=(href) { (cell.text) },
            None => (cell.text),
        }
    }
}

/// Amounts below zero are seen to be, and nothing stands back.
fn sign(cell: &Cell, head: &Head) -> Option<&'static str> {
    let number = cell.value.as_decimal().filter(|_| head.is_figure())?;
    match number.cmp(&Decimal::ZERO) {
        Ordering::Less => Some("less"),
        Ordering::Equal => Some("nil"),
        Ordering::Greater => None,
    }
}
