//! Blocks, one below the other, over as many sheets as they need.
//! Not here: tables (`table`), what is on each sheet (`frame`).

use std::rc::Rc;

use fondaco_schema::template::{Block, Fact, Said, Template};

use crate::data::{Data, Own, Words};
use crate::frame::Frame;
use crate::shape::{SOFT, Shaped, Shaper, Style, TINT, WARN};
use crate::sheet::{Mark, Role, Sheet, mm};
use crate::table;

/// The window of an envelope, from the upper edge and the width in millimetres (DIN 5008, form B).
const WINDOW_TOP: f32 = 45.0;
const WINDOW_WIDE: f32 = 85.0;
const WINDOW_HIGH: f32 = 38.0;
/// Room between two blocks, in millimetres.
const BETWEEN: f32 = 5.0;
/// Of the box with the totals.
const TOTALS_WIDE: f32 = 78.0;
/// Lines of a paragraph that stay together at the end and the beginning of a page.
const WIDOWS: usize = 2;

pub(crate) struct Flow<'f> {
    pub(crate) template: &'f Template,
    pub(crate) data: &'f Data,
    pub(crate) words: &'f dyn Words,
    pub(crate) frame: Frame,
    pub(crate) shaper: &'f mut Shaper,
    pub(crate) sheets: Vec<Sheet>,
    /// Where the next thing begins on the last sheet.
    pub(crate) y: f32,
    /// Tables so far, for those who have them read out.
    pub(crate) tables: usize,
}

/// Sheets that are ready to be painted.
pub(crate) struct Laid {
    pub(crate) sheets: Vec<Sheet>,
    pub(crate) size: (f32, f32),
    pub(crate) title: String,
}

impl<'f> Flow<'f> {
    pub(crate) fn new(
        template: &'f Template,
        data: &'f Data,
        words: &'f dyn Words,
        frame: Frame,
        shaper: &'f mut Shaper,
    ) -> Flow<'f> {
        let sheets = vec![Sheet::default()];
        Flow { template, data, words, y: frame.top, frame, shaper, sheets, tables: 0 }
    }

    pub(crate) fn fill(&mut self) {
        let mut first = Sheet::default();
        self.y = self.frame.letterhead(&mut first) + mm(6.0);
        self.sheets[0].marks.extend(first.marks);
        self.address();
        self.title();
        let blocks = &self.template.blocks;
        let is_table = |block: &Block| matches!(block, Block::Table(_) | Block::Totals { .. });
        let tail = blocks.iter().rposition(is_table).map_or(0, |last| last + 1);
        for (at, block) in blocks[..tail].iter().enumerate() {
            self.block(block, blocks.get(at + 1));
        }
        self.tail(&blocks[tail..]);
    }

    fn block(&mut self, block: &Block, next: Option<&Block>) {
        match block {
            Block::Text { title, text, soft } => self.text(title.as_deref(), text, *soft),
            Block::Facts { title, rows } => self.facts(title.as_deref(), rows),
            Block::Table(own) => {
                // The last row stays with what it comes to.
                let after = match next {
                    Some(next @ Block::Totals { .. }) => self.height_of_totals(next),
                    _ => 0.0,
                };
                table::place(self, own, after);
            }
            Block::Totals { .. } => self.totals(block),
            Block::Signatures { labels } => self.signatures(labels),
        }
    }

    /// What comes after the last table. Nobody signs an empty sheet: with signatures at its end it
    /// goes to the next sheet as a whole when it does not fit on this one.
    fn tail(&mut self, blocks: &[Block]) {
        let (sheets, marks, y) = (self.sheets.len(), self.sheet().marks.len(), self.y);
        blocks.iter().for_each(|block| self.block(block, None));
        let signed = blocks.iter().any(|block| matches!(block, Block::Signatures { .. }));
        let began = y > self.frame.next_top() + 0.5;
        if signed && began && self.sheets.len() > sheets {
            self.sheets.truncate(sheets);
            self.sheet().marks.truncate(marks);
            self.new_sheet();
            blocks.iter().for_each(|block| self.block(block, None));
        }
    }

    pub(crate) fn finish(mut self) -> Laid {
        let title = self.title_text();
        self.frame.finish(&mut self.sheets, &title, self.words, self.shaper);
        let size = (self.frame.width, self.frame.height);
        Laid { sheets: self.sheets, size, title }
    }

    pub(crate) fn sheet(&mut self) -> &mut Sheet {
        if self.sheets.is_empty() {
            self.sheets.push(Sheet::default());
        }
        let last = self.sheets.len() - 1;
        &mut self.sheets[last]
    }

    pub(crate) fn size(&self) -> f32 {
        self.frame.size
    }

    pub(crate) fn new_sheet(&mut self) {
        self.sheets.push(Sheet::default());
        self.y = self.frame.next_top();
    }

    /// What is left of this sheet.
    pub(crate) fn room(&self) -> f32 {
        self.frame.end() - self.y
    }

    /// Begins a new sheet when so much does not fit on this one.
    pub(crate) fn need(&mut self, height: f32) {
        if height > self.room() && self.y > self.frame.next_top() + 0.5 {
            self.new_sheet();
        }
    }

    fn title_text(&self) -> String {
        let label = self.words.say(&self.template.label);
        let number = self.template.number.as_deref().and_then(|path| self.data.value(path));
        match number {
            Some(number) => format!("{label} {number}"),
            None => label,
        }
    }

    fn title(&mut self) {
        let colour = self.template.page.colour;
        let style = Style::of(self.size() * 1.8).bold().colour(colour);
        let text = self.title_text();
        let (left, inner) = (self.frame.left, self.frame.inner);
        let shaped = self.shaper.shape(&text, style, Some(inner * 0.75));
        let y = self.y;
        self.sheet().text((left, y), &shaped, Role::Title);
        if self.data.draft {
            let draft = self.words.own(Own::Draft).to_uppercase();
            let style = Style::of(self.size() * 1.2).bold().colour(WARN).right();
            let draft = self.shaper.shape(&draft, style, Some(inner * 0.25));
            let lower = y + shaped.style.size * 0.45;
            self.sheet().text((left + inner * 0.75, lower), &draft, Role::Text);
        }
        self.y += shaped.height() + mm(3.0);
    }

    fn address(&mut self) {
        let Some(address) = &self.template.address else { return };
        let top = self.y.max(mm(WINDOW_TOP));
        let (left, inner, size) = (self.frame.left, self.frame.inner, self.size());
        let width = mm(WINDOW_WIDE).min(inner * 0.55);
        let mut y = top;
        let sender = self.sender();
        if !sender.is_empty() {
            let shaped = self.shaper.shape(&sender, Style::of(size * 0.72).soft(), Some(width));
            self.sheet().text((left, y), &shaped, Role::Frame);
            y += shaped.height();
            self.sheet().rule((left, y), width, 0.3, SOFT);
        }
        y += mm(2.5);
        for line in &self.data.address {
            let shaped = self.shaper.shape(line, Style::of(size * 1.1), Some(width));
            self.sheet().text((left, y), &shaped, Role::Text);
            y += shaped.height();
        }
        let beside = left + width + mm(8.0);
        let end = self.pairs(&address.facts, (beside, top), left + inner - beside);
        self.y = y.max(end).max(top + mm(WINDOW_HIGH)) + mm(6.0);
    }

    /// The company on one line, above the address.
    fn sender(&self) -> String {
        let own = ["company.name", "company.address"];
        let texts = own.into_iter().filter_map(|path| self.data.value(path));
        let lines: Vec<String> =
            texts.map(|text| text.lines().map(str::trim).collect::<Vec<_>>().join(", ")).collect();
        lines.join(" · ")
    }

    /// Labels and values below one another; answers where they end.
    fn pairs(&mut self, facts: &[Fact], (x, top): (f32, f32), width: f32) -> f32 {
        let size = self.size();
        let shown: Vec<(String, String)> =
            facts.iter().filter_map(|fact| self.pair(fact)).collect();
        let labels: Vec<Rc<Shaped>> = shown
            .iter()
            .map(|(label, _)| self.shaper.shape(label, Style::of(size).soft(), Some(width * 0.55)))
            .collect();
        let widest = labels.iter().map(|own| own.measure()).fold(0.0, f32::max);
        let label_wide = (widest + mm(4.0)).max(mm(26.0)).min(width * 0.6);
        let mut y = top;
        for ((_, value), label) in shown.iter().zip(labels) {
            let value = self.shaper.shape(value, Style::of(size), Some(width - label_wide));
            self.sheet().text((x, y), &label, Role::Text);
            self.sheet().text((x + label_wide, y), &value, Role::Text);
            y += label.height().max(value.height()) + mm(0.6);
        }
        y
    }

    fn pair(&self, fact: &Fact) -> Option<(String, String)> {
        let value = self.data.value(&fact.value)?.to_owned();
        let label = fact.label.as_deref().map(|label| self.words.say(label)).unwrap_or_default();
        let value = match fact.currency {
            true => format!("{value}\u{a0}{}", self.data.currency),
            false => value,
        };
        Some((label, value))
    }

    pub(crate) fn heading(&mut self, title: Option<&str>) -> f32 {
        let Some(title) = title else { return 0.0 };
        let title = self.words.say(title);
        let style = Style::of(self.size()).bold().colour(self.template.page.colour);
        let shaped = self.shaper.shape(&title, style, Some(self.frame.inner));
        let (left, y) = (self.frame.left, self.y);
        self.sheet().text((left, y), &shaped, Role::Heading);
        self.y += shaped.height() + mm(0.8);
        shaped.height()
    }

    fn text(&mut self, title: Option<&str>, text: &Said, soft: bool) {
        let text = match text {
            Said::Words(words) => self.words.say(words),
            Said::Value(path) => match self.data.value(path) {
                Some(text) => text.to_owned(),
                None => return,
            },
        };
        let size = self.size();
        let style = if soft { Style::of(size * 0.88).soft() } else { Style::of(size) };
        let inner = self.frame.inner;
        let shaped = self.shaper.shape(&text, style, Some(inner));
        let first = shaped.height_of(0..shaped.lines().min(WIDOWS));
        self.need(first + if title.is_some() { size * 2.0 } else { 0.0 });
        self.heading(title);
        let mut from = 0;
        while from < shaped.lines() {
            let room = self.room();
            let mut to = from;
            while to < shaped.lines() && shaped.height_of(from..to + 1) <= room {
                to += 1;
            }
            let rest = shaped.lines() - to;
            if rest > 0 && rest < WIDOWS && to > from + WIDOWS {
                to -= WIDOWS - rest;
            }
            let to = to.max(from + 1);
            let (left, y) = (self.frame.left, self.y);
            self.sheet().text_lines((left, y), &shaped, from..to, Role::Text);
            self.y += shaped.height_of(from..to);
            from = to;
            if from < shaped.lines() {
                self.new_sheet();
            }
        }
        self.y += mm(BETWEEN);
    }

    fn facts(&mut self, title: Option<&str>, rows: &[Fact]) {
        let any = rows.iter().any(|fact| self.data.value(&fact.value).is_some());
        if !any {
            return;
        }
        // All of it on one sheet: measured on a sheet that is thrown away.
        let (top, sheets) = (self.y, self.sheets.len());
        let marks = self.sheet().marks.len();
        self.heading(title);
        let (left, inner, y) = (self.frame.left, self.frame.inner, self.y);
        let mut end = self.pairs(rows, (left, y), inner);
        if end > self.frame.end() && top > self.frame.next_top() + 0.5 {
            self.sheets[sheets - 1].marks.truncate(marks);
            self.new_sheet();
            self.heading(title);
            let y = self.y;
            end = self.pairs(rows, (left, y), inner);
        }
        self.y = end + mm(BETWEEN);
    }

    fn totals_rows(&mut self, rows: &[Fact]) -> Vec<(Rc<Shaped>, Rc<Shaped>, bool)> {
        let width = mm(TOTALS_WIDE).min(self.frame.inner);
        let mut shaped = Vec::new();
        for fact in rows {
            let Some((label, value)) = self.pair(fact) else { continue };
            let size = self.size() * if fact.strong { 1.2 } else { 1.0 };
            let style = if fact.strong { Style::of(size).bold() } else { Style::of(size) };
            let pad = mm(2.0);
            let value = self.shaper.shape(&value, style.right(), None);
            let left = (width - pad * 3.0 - value.measure()).max(width * 0.3);
            let style = if fact.strong { style } else { style.soft() };
            let label = self.shaper.shape(&label, style, Some(left));
            shaped.push((label, value, fact.strong));
        }
        shaped
    }

    fn height_of_totals(&mut self, block: &Block) -> f32 {
        let Block::Totals { rows, summary } = block else { return 0.0 };
        let own: f32 = self.totals_rows(rows).iter().map(row_height).sum();
        let beside = summary.as_ref().map_or(0.0, |table| {
            table::height(self, table, self.frame.inner - mm(TOTALS_WIDE) - mm(8.0))
        });
        own.max(beside) + mm(2.0)
    }

    fn totals(&mut self, block: &Block) {
        let Block::Totals { rows, summary } = block else { return };
        let height = self.height_of_totals(block);
        self.need(height);
        let top = self.y;
        let width = mm(TOTALS_WIDE).min(self.frame.inner);
        let x = self.frame.left + self.frame.inner - width;
        let pad = mm(2.0);
        let colour = self.template.page.colour;
        let mut y = top;
        for row in self.totals_rows(rows) {
            let high = row_height(&row);
            let (label, value, strong) = row;
            if strong {
                self.sheet().fill((x, y), (width, high), TINT);
                self.sheet().rule((x, y), width, 0.9, colour);
            }
            let inset = (high - label.height()) * 0.5;
            let at = x + width - pad - value.measure();
            self.sheet().text((x + pad, y + inset), &label, Role::Text);
            self.sheet().text((at, y + (high - value.height()) * 0.5), &value, Role::Text);
            y += high;
        }
        if let Some(table) = summary {
            let left = self.frame.left;
            let room = self.frame.inner - width - mm(8.0);
            let end = table::whole(self, table, (left, top), room);
            y = y.max(end);
        }
        self.y = y + mm(BETWEEN + 1.0);
    }

    fn signatures(&mut self, labels: &[String]) {
        let high = mm(18.0);
        self.need(high + mm(4.0));
        let gap = mm(10.0);
        let count = labels.len().max(1) as f32;
        // One who signs does so on the left, with room for two.
        let width = (self.frame.inner - gap * (count.max(2.0) - 1.0)) / count.max(2.0);
        let size = self.size();
        let y = self.y + mm(12.0);
        for (at, label) in labels.iter().enumerate() {
            let x = self.frame.left + (width + gap) * at as f32;
            self.sheet().rule((x, y), width, 0.5, SOFT);
            let label = self.words.say(label);
            let shaped = self.shaper.shape(&label, Style::of(size * 0.85).soft(), Some(width));
            self.sheet().text((x, y + mm(0.8)), &shaped, Role::Text);
        }
        self.y = y + mm(6.0 + BETWEEN);
    }
}

fn row_height((label, value, strong): &(Rc<Shaped>, Rc<Shaped>, bool)) -> f32 {
    let pad = if *strong { mm(2.6) } else { mm(1.0) };
    label.height().max(value.height()) + pad
}

impl Laid {
    /// Every text that is on the sheets.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Rc<Shaped>> {
        let marks = self.sheets.iter().flat_map(|sheet| &sheet.marks);
        marks.filter_map(|mark| match mark {
            Mark::Text { shaped, .. } => Some(shaped),
            _ => None,
        })
    }
}
