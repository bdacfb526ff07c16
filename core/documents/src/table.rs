//! Tables: columns as wide as they must be, headings on each page, sums carried from page to page,
//! and a last row that stays with its total. A row is split only when it is higher than a page.

use std::rc::Rc;

use fondaco_schema::template::{Column, Shows, Table};
use fondaco_values::Decimal;

use crate::data::{Own, Row};
use crate::flow::Flow;
use crate::shape::{HAIR, Shaped, Style, TINT};
use crate::sheet::{Place, Role, mm, points};

const PAD_X: f32 = 1.5;
const PAD_Y: f32 = 1.05;
/// The narrowest column that takes what is left, in millimetres.
const LEFT_MIN: f32 = 30.0;

/// A heading that is longer than this, in millimetres, stands on two lines.
const LABEL_MAX: f32 = 22.0;

/// A column with its place on the sheet.
struct Laid<'t> {
    column: &'t Column,
    x: f32,
    width: f32,
    figure: bool,
}

/// A row, shaped.
struct Shape {
    cells: Vec<(Rc<Shaped>, Option<Rc<Shaped>>)>,
    height: f32,
    /// What its carried column is worth.
    carried: Decimal,
}

/// Puts a table below what is there. Its last row stays together with `after`, the height of what
/// follows.
pub(crate) fn place(flow: &mut Flow<'_>, table: &Table, after: f32) {
    let rows = rows_of(flow, table);
    if rows.is_empty() {
        return;
    }
    let (left, inner) = (flow.frame.left, flow.frame.inner);
    let columns = lay(flow, table, &rows, (left, inner));
    let shapes: Vec<Shape> =
        rows.iter().enumerate().map(|(n, row)| shape(flow, &columns, n, row)).collect();
    let number = flow.tables;
    flow.tables += 1;
    let carries = columns.iter().any(|laid| laid.column.carry);
    let line = line_height(flow);
    let heading = heading_height(flow, &columns);
    let title = if table.title.is_some() { line + mm(2.0) } else { 0.0 };
    flow.need(title + heading + shapes.first().map_or(0.0, |row| row.height));
    flow.heading(table.title.as_deref());
    headings(flow, &columns, number);
    let reserve = if carries { line + mm(PAD_Y * 2.0) } else { 0.0 };
    let mut sum = Decimal::ZERO;
    let last = shapes.len() - 1;
    for (n, row) in shapes.iter().enumerate() {
        let tail = if n == last { after } else { reserve };
        // What could not be together on an empty page either is not kept together.
        let page = flow.frame.end() - flow.frame.next_top() - heading - reserve;
        let wanted =
            if row.height + tail <= page { row.height + tail } else { row.height + reserve };
        let fresh = flow.y <= flow.frame.next_top() + heading + reserve + 0.5;
        if wanted > flow.room() && !(fresh && row.height > page) && (n > 0 || !fresh) {
            turn(flow, &columns, number, (carries && n > 0).then_some(sum));
        }
        draw(flow, &columns, row, (number, n + 1), reserve);
        sum += row.carried;
    }
    flow.y += mm(3.0);
}

/// The same in a narrow place and in one piece; answers where it ends.
pub(crate) fn whole(flow: &mut Flow<'_>, table: &Table, (x, y): (f32, f32), width: f32) -> f32 {
    let rows = rows_of(flow, table);
    if rows.is_empty() {
        return y;
    }
    let before = flow.y;
    flow.y = y;
    let columns = lay(flow, table, &rows, (x, width));
    let number = flow.tables;
    flow.tables += 1;
    headings(flow, &columns, number);
    for (n, row) in rows.iter().enumerate() {
        let row = shape(flow, &columns, n, row);
        draw(flow, &columns, &row, (number, n + 1), 0.0);
    }
    std::mem::replace(&mut flow.y, before)
}

/// How high that is.
pub(crate) fn height(flow: &mut Flow<'_>, table: &Table, width: f32) -> f32 {
    let rows = rows_of(flow, table);
    if rows.is_empty() {
        return 0.0;
    }
    let columns = lay(flow, table, &rows, (0.0, width));
    let own: f32 =
        rows.iter().enumerate().map(|(n, row)| shape(flow, &columns, n, row).height).sum();
    heading_height(flow, &columns) + own
}

fn rows_of(flow: &Flow<'_>, table: &Table) -> Vec<Row> {
    flow.data.lines.get(&table.lines).cloned().unwrap_or_default()
}

fn line_height(flow: &Flow<'_>) -> f32 {
    flow.size() * 1.4
}

/// What stands in a cell.
fn text_of(column: &Column, number: usize, row: &Row) -> String {
    let path = match &column.shows {
        Shows::Count => return (number + 1).to_string(),
        Shows::Value(path) => path,
    };
    let cell = row.get(path).map(|cell| cell.text.as_str()).unwrap_or_default();
    let unit = column.unit.as_ref().and_then(|unit| row.get(unit)).map(|cell| cell.text.as_str());
    match unit.filter(|unit| !unit.is_empty() && !cell.is_empty()) {
        Some(unit) => format!("{cell}\u{a0}{unit}"),
        None => cell.to_owned(),
    }
}

/// Which columns there are and how wide they become: figures are never broken, what is left goes to
/// those without a width.
fn lay<'t>(
    flow: &mut Flow<'_>,
    table: &'t Table,
    rows: &[Row],
    (left, width): (f32, f32),
) -> Vec<Laid<'t>> {
    let says = |column: &&Column| match (&column.shows, column.optional) {
        (Shows::Value(path), true) => {
            rows.iter().any(|row| row.get(path).is_some_and(|cell| !cell.blank))
        }
        _ => true,
    };
    let columns: Vec<&Column> = table.columns.iter().filter(says).collect();
    let style = Style::of(flow.size());
    let head = heading_style(flow);
    let mut laid: Vec<(bool, Option<f32>)> = Vec::new();
    for column in &columns {
        let figure = match &column.shows {
            Shows::Count => true,
            Shows::Value(path) => rows.iter().any(|row| row.get(path).is_some_and(|c| c.figure)),
        };
        let wanted = column.width.map(points);
        let mut own = wanted;
        if figure || wanted.is_some() {
            let label = flow.words.say(&column.label);
            let words = label.split_whitespace();
            let longest = words.map(|word| flow.shaper.shape(word, head, None).measure());
            let longest = longest.fold(0.0, f32::max);
            // On one line where it is not too long for that.
            let whole = flow.shaper.shape(&label, head, None).measure().min(mm(LABEL_MAX));
            let mut least = longest.max(whole) + 0.5;
            if figure {
                // Digits are equally wide: the longest text is the widest, but for a letter or two.
                let texts = rows.iter().enumerate().map(|(n, row)| text_of(column, n, row));
                let longest = texts.max_by_key(|text| text.chars().count()).unwrap_or_default();
                let strong = rows.iter().any(|row| is_strong(column, row));
                let style = if strong { style.bold() } else { style };
                least = least.max(flow.shaper.shape(&longest, style, None).measure() + 1.0);
            }
            if column.carry {
                // What is carried is wider than any amount of it.
                let sum = flow.data.money(total(column, rows));
                least = least.max(flow.shaper.shape(&sum, style.bold(), None).measure() + 1.0);
            }
            own = Some(wanted.unwrap_or(0.0).max(least + mm(PAD_X * 2.0)));
        }
        laid.push((figure, own));
    }
    let open = laid.iter().filter(|(_, own)| own.is_none()).count();
    let taken: f32 = laid.iter().filter_map(|(_, own)| *own).sum();
    let least = mm(LEFT_MIN) * open as f32;
    // Too much for the sheet: what has a width gives of it.
    let squeeze = if taken + least > width && taken > 0.0 { (width - least) / taken } else { 1.0 };
    let rest = width - taken * squeeze;
    let spread = if open == 0 && taken > 0.0 { width / (taken * squeeze) } else { 1.0 };
    let mut x = left;
    let place = |(column, (figure, own)): (&&'t Column, (bool, Option<f32>))| {
        let width = own.map_or(rest / open.max(1) as f32, |own| own * squeeze * spread);
        let laid = Laid { column, x, width, figure };
        x += width;
        laid
    };
    columns.iter().zip(laid).map(place).collect()
}

fn is_strong(column: &Column, row: &Row) -> bool {
    let Shows::Value(path) = &column.shows else { return false };
    row.get(path).is_some_and(|cell| cell.strong)
}

/// What a column comes to.
fn total(column: &Column, rows: &[Row]) -> Decimal {
    let Shows::Value(path) = &column.shows else { return Decimal::ZERO };
    rows.iter().filter_map(|row| row.get(path).and_then(|cell| cell.amount)).sum()
}

fn heading_style(flow: &Flow<'_>) -> Style {
    Style::of(flow.size() * 0.88).bold().colour(flow.template.page.colour)
}

fn heading_shapes(flow: &mut Flow<'_>, columns: &[Laid<'_>]) -> Vec<Rc<Shaped>> {
    let style = heading_style(flow);
    let mut shapes = Vec::new();
    for laid in columns {
        let label = flow.words.say(&laid.column.label);
        let style = if laid.figure { style.right() } else { style };
        shapes.push(flow.shaper.shape(&label, style, Some(laid.width - mm(PAD_X * 2.0))));
    }
    shapes
}

fn heading_height(flow: &mut Flow<'_>, columns: &[Laid<'_>]) -> f32 {
    let shapes = heading_shapes(flow, columns);
    shapes.iter().map(|own| own.height()).fold(0.0, f32::max) + mm(PAD_Y * 2.0)
}

fn headings(flow: &mut Flow<'_>, columns: &[Laid<'_>], table: usize) {
    let shapes = heading_shapes(flow, columns);
    let high = shapes.iter().map(|own| own.height()).fold(0.0, f32::max) + mm(PAD_Y * 2.0);
    let y = flow.y;
    let colour = flow.template.page.colour;
    let (x, width) = extent(columns);
    flow.sheet().fill((x, y), (width, high), TINT);
    for (column, (laid, shaped)) in columns.iter().zip(&shapes).enumerate() {
        let role = Role::Cell(Place { table, row: 0, column });
        // Of two lines or one, they stand on the rule.
        let lower = y + high - mm(PAD_Y) - shaped.height();
        flow.sheet().text((laid.x + mm(PAD_X), lower), shaped, role);
    }
    flow.sheet().rule((x, y + high), width, 0.9, colour);
    flow.y = y + high + 0.9;
}

fn extent(columns: &[Laid<'_>]) -> (f32, f32) {
    let x = columns.first().map_or(0.0, |laid| laid.x);
    (x, columns.iter().map(|laid| laid.width).sum())
}

fn shape(flow: &mut Flow<'_>, columns: &[Laid<'_>], number: usize, row: &Row) -> Shape {
    let size = flow.size();
    let mut cells = Vec::new();
    let (mut height, mut carried) = (0.0, Decimal::ZERO);
    for laid in columns {
        let style = if laid.figure { Style::of(size).right() } else { Style::of(size) };
        let style = if is_strong(laid.column, row) { style.bold() } else { style };
        let width = laid.width - mm(PAD_X * 2.0);
        let text = text_of(laid.column, number, row);
        let own = flow.shaper.shape(&text, style, Some(width));
        let below = laid.column.below.as_ref().and_then(|path| row.get(path));
        let below = below.filter(|cell| !cell.text.is_empty() && cell.text != text);
        let below = below.map(|cell| {
            let style = Style { size: size * 0.85, ..style.soft() };
            flow.shaper.shape(&cell.text, style, Some(width))
        });
        height = f32::max(height, own.height() + below.as_ref().map_or(0.0, |own| own.height()));
        if let (true, Shows::Value(path)) = (laid.column.carry, &laid.column.shows) {
            carried = row.get(path).and_then(|cell| cell.amount).unwrap_or_default();
        }
        cells.push((own, below));
    }
    Shape { cells, height: height + mm(PAD_Y * 2.0), carried }
}

/// Goes on with the next page, with what the table came to so far.
fn turn(flow: &mut Flow<'_>, columns: &[Laid<'_>], table: usize, sum: Option<Decimal>) {
    if let Some(sum) = sum {
        carried(flow, columns, Own::CarriedForward, sum);
    }
    flow.new_sheet();
    headings(flow, columns, table);
    if let Some(sum) = sum {
        carried(flow, columns, Own::BroughtForward, sum);
    }
}

fn carried(flow: &mut Flow<'_>, columns: &[Laid<'_>], word: Own, sum: Decimal) {
    let Some(laid) = columns.iter().find(|laid| laid.column.carry) else { return };
    let (x, width) = extent(columns);
    let style = Style::of(flow.size()).bold();
    let inner = laid.width - mm(PAD_X * 2.0);
    let amount = flow.data.money(sum);
    let amount = flow.shaper.shape(&amount, style.right(), Some(inner));
    let label = flow.words.own(word);
    let before = (laid.x - x - mm(PAD_X * 2.0)).max(mm(20.0));
    let label = flow.shaper.shape(&label, style.soft().right(), Some(before));
    let high = label.height().max(amount.height()) + mm(PAD_Y * 2.0);
    let y = flow.y;
    let lower = y + mm(PAD_Y);
    flow.sheet().text((x, lower), &label, Role::Frame);
    flow.sheet().text((laid.x + mm(PAD_X), lower), &amount, Role::Frame);
    flow.sheet().rule((x, y + high), width, 0.4, HAIR);
    flow.y = y + high;
}

/// Draws a row; one that is higher than a page goes on with the next.
fn draw(
    flow: &mut Flow<'_>,
    columns: &[Laid<'_>],
    row: &Shape,
    (table, number): (usize, usize),
    reserve: f32,
) {
    let mut from = vec![0_usize; row.cells.len()];
    loop {
        let room = flow.room() - reserve - mm(PAD_Y * 2.0);
        let top = flow.y + mm(PAD_Y);
        let mut to: Vec<usize> =
            row.cells.iter().zip(&from).map(|((own, _), from)| fitting(own, *from, room)).collect();
        if to == from {
            // Not even a line fits on a whole page: then one stands over its edge.
            for ((own, _), to) in row.cells.iter().zip(&mut to) {
                *to = (*to + 1).min(own.lines());
            }
        }
        let mut used = 0.0_f32;
        for (at, (laid, (own, below))) in columns.iter().zip(&row.cells).enumerate() {
            if from[at] == to[at] {
                continue;
            }
            let role = Role::Cell(Place { table, row: number, column: at });
            let x = laid.x + mm(PAD_X);
            flow.sheet().text_lines((x, top), own, from[at]..to[at], role);
            let mut high = own.height_of(from[at]..to[at]);
            if let Some(below) = below.as_ref().filter(|_| to[at] == own.lines()) {
                flow.sheet().text((x, top + high), below, role);
                high += below.height();
            }
            used = used.max(high);
        }
        let (x, width) = extent(columns);
        flow.y = top + used + mm(PAD_Y);
        let y = flow.y;
        flow.sheet().rule((x, y), width, 0.35, HAIR);
        from = to;
        if row.cells.iter().zip(&from).all(|((own, _), from)| *from >= own.lines()) {
            return;
        }
        turn(flow, columns, table, None);
    }
}

/// Up to which line of a cell there is room.
fn fitting(own: &Shaped, from: usize, room: f32) -> usize {
    let fits = |to: &usize| own.height_of(from..*to) <= room.max(0.0) + 0.01;
    (from + 1..=own.lines()).take_while(fits).last().unwrap_or(from)
}
