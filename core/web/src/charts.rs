//! Charts as SVG that the server draws: bars, stacked bars, lines. Widths are shares of the room that
//! there is, so letters keep their size on any screen; colours are classes of the style sheet. What a
//! chart shows stands in a table beside it too; a bar leads to what it is made of.
//! Not here: what is drawn (a report, the groups of a list, a tile).

use fondaco_kernel::reports::{Answer, Part};
use fondaco_kernel::values::{Decimal, Value};
use maud::{Markup, html};

use crate::sheet::{Rank, Sheet, figure};
use crate::visitor::Visitor;

/// Categories that are drawn; more are not told apart.
const CATEGORIES_MAX: usize = 24;
/// On a tile among others.
const CATEGORIES_OF_TILE: usize = 8;
/// Series that have colours of their own.
const SERIES_MAX: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bar,
    Stacked,
    Line,
}

impl Kind {
    /// As the TOML says it. Shares of a whole are read better off bars than off slices.
    pub(crate) fn read(word: &str) -> Kind {
        match word {
            "stacked" => Kind::Stacked,
            "line" | "area" => Kind::Line,
            _ => Kind::Bar,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) series: Vec<String>,
    pub(crate) points: Vec<Point>,
}

/// One category: its name, where it leads, and for each series the amount and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) label: String,
    pub(crate) href: Option<String>,
    pub(crate) values: Vec<(Decimal, String)>,
}

/// Pixels from the top of one thing to the next.
const LABEL_HIGH: usize = 20;
const BAR_HIGH: usize = 14;
const GAP: usize = 10;
/// The share of the room that the longest bar has, in tenths of a percent; its figure stands behind.
const BARS_WIDE: i64 = 780;
/// The height of the lines in pixels, and the room above and below them.
const LINES_HIGH: i64 = 180;
const LINES_TOP: i64 = 28;
/// Names below a line that fit beside each other on a telephone.
const NAMES: usize = 4;

/// The chart that a report declares, where its rows have something to draw.
pub(crate) fn of_report(visitor: &Visitor, answer: &Answer, sheet: &Sheet) -> Option<Chart> {
    let declared = answer.report.chart.as_ref()?;
    let at = |name: &String| sheet.heads.iter().position(|head| head.name == *name);
    let x = at(&declared.x)?;
    let mut drawn: Vec<usize> = declared.y.iter().filter_map(at).collect();
    let before = |at: &usize| {
        let next = at + 1;
        sheet.heads.get(next).is_some_and(|head| head.part == Part::Before).then_some(next)
    };
    if let [only] = drawn.as_slice() {
        // One figure is drawn beside what it was before.
        drawn = std::iter::once(*only).chain(before(only)).collect();
    }
    let rows = sheet.lines.iter().filter(|line| line.rank == Rank::Row);
    let point = |line: &crate::sheet::Line| {
        let value = |at: &usize| {
            let cell = &line.cells[*at];
            (cell.value.as_decimal().unwrap_or_default(), cell.text.clone())
        };
        let label = &line.cells[x];
        Point {
            label: label.text.clone(),
            href: label.href.clone(),
            values: drawn.iter().map(value).collect(),
        }
    };
    let series = drawn.iter().map(|at| {
        let head = &sheet.heads[*at];
        match head.part {
            Part::Before => visitor.words.say("report-before").into_owned(),
            _ => head.label.clone(),
        }
    });
    Some(Chart {
        kind: Kind::read(&declared.kind),
        title: visitor.words.report(&answer.report).into_owned(),
        series: series.collect(),
        points: rows.map(point).collect(),
    })
}

impl Chart {
    /// `None` where there is nothing to draw.
    pub(crate) fn draw(self, visitor: &Visitor) -> Option<Markup> {
        self.of_at_most(CATEGORIES_MAX, visitor)
    }

    /// The same on a tile.
    pub(crate) fn draw_small(self, visitor: &Visitor) -> Option<Markup> {
        let most = if self.kind == Kind::Line { CATEGORIES_MAX } else { CATEGORIES_OF_TILE };
        self.of_at_most(most, visitor)
    }

    fn of_at_most(mut self, most: usize, visitor: &Visitor) -> Option<Markup> {
        self.series.truncate(SERIES_MAX);
        let is_drawn = |point: &Point| point.values.iter().any(|(value, _)| !value.is_zero());
        if self.series.is_empty() || !self.points.iter().any(is_drawn) {
            return None;
        }
        let all = self.points.len();
        match self.kind {
            // Of days the last ones.
            Kind::Line => drop(self.points.drain(..all.saturating_sub(most))),
            _ => self.points.truncate(most),
        }
        let drawing = match self.kind {
            Kind::Bar => self.bars(),
            Kind::Stacked => self.stacked(visitor),
            Kind::Line => self.lines(),
        };
        Some(html! {
            figure.chart {
                @if self.series.len() > 1 { (self.legend()) }
                (drawing)
                @if all > self.points.len() {
                    figcaption.soft { (visitor.words.say_of("chart-some", &[
                        ("shown", fondaco_kernel::texts::Arg::Count(self.points.len())),
                        ("all", fondaco_kernel::texts::Arg::Count(all))])) }
                }
            }
        })
    }

    fn legend(&self) -> Markup {
        html! {
            ul.legend aria-hidden="true" {
                @for (at, series) in self.series.iter().enumerate() {
                    li { svg width="12" height="12" { rect width="12" height="12" rx="3" class={ "s" (at) } {} } (series) }
                }
            }
        }
    }

    /// What somebody hears who does not see it.
    fn told(&self) -> String {
        let point = |point: &Point| {
            let values: Vec<&str> = point.values.iter().map(|(_, text)| text.as_str()).collect();
            format!("{}: {}", point.label, values.join(", "))
        };
        self.points.iter().map(point).collect::<Vec<_>>().join("; ")
    }

    fn frame(&self, height: usize, inside: Markup) -> Markup {
        html! {
            svg.drawn role="img" width="100%" height=(height) aria-label=(self.title) {
                title { (self.title) }
                desc { (self.told()) }
                (inside)
            }
        }
    }

    fn bars(&self) -> Markup {
        let values = self.points.iter().flat_map(|point| &point.values).map(|(value, _)| *value);
        let scale = Scale::of(values);
        let step = LABEL_HIGH + self.series.len() * (BAR_HIGH + 2) + GAP;
        self.frame(self.points.len() * step, html! {
            @for (row, point) in self.points.iter().enumerate() {
                (named(point, html! {
                    text.name x="0" y=(row * step + LABEL_HIGH - 6) { (point.label) }
                    @for (at, (value, text)) in point.values.iter().enumerate().take(SERIES_MAX) {
                        @let (x, width) = scale.bar(*value);
                        @let y = row * step + LABEL_HIGH + at * (BAR_HIGH + 2);
                        rect x=(share(x)) y=(y) width=(share(width)) height=(BAR_HIGH) rx="2" class={ "s" (at) } {}
                        text.amount x=(share(x + width)) y=(y + BAR_HIGH - 3) dx="6" { (text) }
                    }
                }))
            }
        })
    }

    /// What is below zero has no part in a stack.
    fn stacked(&self, visitor: &Visitor) -> Markup {
        let sum = |point: &Point| -> Decimal {
            point.values.iter().map(|(value, _)| (*value).max(Decimal::ZERO)).sum()
        };
        let scale = Scale::of(self.points.iter().map(sum));
        let step = LABEL_HIGH + BAR_HIGH + 2 + GAP;
        self.frame(self.points.len() * step, html! {
            @for (row, point) in self.points.iter().enumerate() {
                @let y = row * step + LABEL_HIGH;
                (named(point, html! {
                    text.name x="0" y=(y - 6) { (point.label) }
                    @for (at, x, width) in parts(point, &scale) {
                        rect x=(share(x)) y=(y) width=(share(width)) height=(BAR_HIGH) class={ "s" (at) } {}
                    }
                    @let all = sum(point);
                    text.amount x=(share(scale.bar(all).1)) y=(y + BAR_HIGH - 3) dx="6" {
                        (figure(visitor, &fondaco_kernel::schema::Kind::Money, &Value::Decimal(all)))
                    }
                }))
            }
        })
    }

    fn lines(&self) -> Markup {
        let values = self.points.iter().flat_map(|point| &point.values).map(|(value, _)| *value);
        let scale = Scale::of(values);
        let last = i64::try_from(self.points.len().saturating_sub(1)).unwrap_or(1).max(1);
        // From two to ninety-eight percent of the room.
        let x = |at: usize| 20 + 960 * i64::try_from(at).unwrap_or(0) / last;
        let y = |value: Decimal| LINES_TOP + LINES_HIGH - scale.high(value);
        let every = self.points.len().div_ceil(NAMES).max(1);
        let bottom = LINES_TOP + LINES_HIGH;
        self.frame(usize::try_from(bottom + 28).unwrap_or_default(), html! {
            line.axis x1="0" x2="100%" y1=(y(Decimal::ZERO)) y2=(y(Decimal::ZERO)) {}
            @for at in 0..self.series.len() {
                @for (n, pair) in self.points.windows(2).enumerate() {
                    @let ends = (pair[0].values.get(at), pair[1].values.get(at));
                    @if let (Some((from, _)), Some((to, _))) = ends {
                        line x1=(share(x(n))) y1=(y(*from)) x2=(share(x(n + 1))) y2=(y(*to)) class={ "l" (at) } {}
                    }
                }
                @for (n, point) in self.points.iter().enumerate() {
                    @if let Some((value, text)) = point.values.get(at) {
                        (named(point, html! {
                            circle cx=(share(x(n))) cy=(y(*value)) r="4" class={ "s" (at) } {
                                title { (point.label) ": " (text) }
                            }
                        }))
                    }
                }
            }
            @if let Some((n, value, text)) = self.highest() {
                text.amount x=(share(x(n).clamp(60, 940))) y=(y(value) - 10) text-anchor="middle" { (text) }
            }
            @for (n, point) in self.points.iter().enumerate().step_by(every) {
                @let anchor = if n == 0 { "start" } else { "middle" };
                text.name x=(share(x(n))) y=(bottom + 20) text-anchor=(anchor) { (point.label) }
            }
        })
    }

    /// Where the largest amount stands, which the axis is measured by.
    fn highest(&self) -> Option<(usize, Decimal, &str)> {
        let all = self.points.iter().enumerate();
        let all = all.flat_map(|(n, point)| point.values.iter().map(move |own| (n, own)));
        let (n, (value, text)) = all.max_by_key(|(_, (value, _))| *value)?;
        Some((n, *value, text))
    }
}

/// A category leads to what it is made of.
fn named(point: &Point, inside: Markup) -> Markup {
    html! {
        @match &point.href {
            Some(href) => a href=(href) aria-label=(point.label) { (inside) },
            None => (inside),
        }
    }
}

/// The parts of a stack: which series, where it begins, how wide it is.
fn parts(point: &Point, scale: &Scale) -> Vec<(usize, i64, i64)> {
    let mut parts = Vec::new();
    let mut x = scale.bar(Decimal::ZERO).0;
    for (at, (value, _)) in point.values.iter().enumerate().take(SERIES_MAX) {
        let width = scale.bar((*value).max(Decimal::ZERO)).1;
        parts.push((at, x, width));
        x += width;
    }
    parts
}

/// Amounts as lengths.
struct Scale {
    least: Decimal,
    span: Decimal,
}

impl Scale {
    fn of(values: impl Iterator<Item = Decimal> + Clone) -> Scale {
        let least = values.clone().min().unwrap_or_default().min(Decimal::ZERO);
        let most = values.max().unwrap_or_default().max(Decimal::ZERO);
        let span = most - least;
        Scale { least, span: if span.is_zero() { Decimal::ONE } else { span } }
    }

    /// Where a bar begins and how wide it is, in tenths of a percent.
    fn bar(&self, value: Decimal) -> (i64, i64) {
        let from = self.part(value.min(Decimal::ZERO) - self.least, BARS_WIDE);
        let to = self.part(value.max(Decimal::ZERO) - self.least, BARS_WIDE);
        // Something is seen to be there, however small.
        let wide = if value.is_zero() { 0 } else { (to - from).max(2) };
        (from, wide)
    }

    fn high(&self, value: Decimal) -> i64 {
        self.part(value - self.least, LINES_HIGH)
    }

    fn part(&self, length: Decimal, of: i64) -> i64 {
        let part = length.checked_div(self.span).unwrap_or_default() * Decimal::from(of);
        i64::try_from(part.round()).unwrap_or_default()
    }
}

/// Tenths of a percent as an attribute has them.
fn share(tenths: i64) -> String {
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(values: &[i64]) -> impl Iterator<Item = Decimal> + Clone {
        values.iter().map(|value| Decimal::from(*value)).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn bars_are_as_long_as_their_amounts() {
        let scale = Scale::of(amounts(&[50, 100, 25]));
        assert_eq!(scale.bar(Decimal::from(100)), (0, 780));
        assert_eq!(scale.bar(Decimal::from(50)), (0, 390));
        assert_eq!(scale.bar(Decimal::ZERO), (0, 0));
        // Below zero they go to the left of where nothing would be.
        let scale = Scale::of(amounts(&[300, -100]));
        assert_eq!(scale.bar(Decimal::from(-100)), (0, 195));
        assert_eq!(scale.bar(Decimal::from(300)), (195, 585));
        assert_eq!(share(195), "19.5%");
    }

    #[test]
    fn stacks_stand_one_behind_the_other() {
        let value = |number: i64| (Decimal::from(number), String::new());
        let values = vec![value(60), value(0), value(40)];
        let point = Point { label: "A".into(), href: None, values };
        let scale = Scale::of(amounts(&[100]));
        assert_eq!(parts(&point, &scale), [(0, 0, 468), (1, 468, 0), (2, 468, 312)]);
    }
}
