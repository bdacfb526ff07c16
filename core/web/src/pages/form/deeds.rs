//! What can be done with a record: its actions as buttons, with what they ask for; why one is not
//! possible now; duplicate, delete.

use fondaco_kernel::offers::WhyNot;
use fondaco_kernel::papers;
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::record::Rec;
use fondaco_kernel::schema::template::Template;
use fondaco_kernel::schema::{Action, ByLine, Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{Decimal, Value};
use maud::{Markup, html};

use super::Form;
use crate::pages::act::lines_of;
use crate::widgets::{Entry, Shown, enter, exponent_of, label};

impl Form<'_> {
    pub(super) fn deeds(&self) -> Markup {
        let words = &self.visitor.words;
        let known = |name: &str| self.model.actions.get(name);
        let all = self.offers.actions.iter().filter_map(|(name, why)| Some((known(name)?, *why)));
        let (mut now, later): (Vec<_>, Vec<_>) =
            all.partition(|(_, why)| *why != Some(WhyNot::State));
        now.sort_by_key(|(_, why)| why.is_some());
        let creates = permissions::may(&self.visitor.ctx, &self.model, Right::Create);
        let mut leading = true;
        html! {
            div.deeds {
                @for (action, why) in &now {
                    // What brings the record on comes first.
                    @let first = why.is_none() && action.to.is_some() && std::mem::take(&mut leading);
                    (self.deed(action, *why, first))
                }
                (self.papers())
                details.menu.more {
                    summary.button aria-label=(words.say("form-more")) { "⋯" }
                    div.sheet {
                        @if creates {
                            a.item href={ "/" (self.model.name) "/new?from=" (self.rec.id) } { (words.say("form-duplicate")) }
                        }
                        @if self.offers.delete { (self.removal()) }
                        @for (action, _) in &later { (self.not_now(action)) }
                    }
                }
            }
        }
    }

    /// What can be printed of it, as PDF in a tab of its own.
    fn papers(&self) -> Markup {
        let words = &self.visitor.words;
        let papers = papers::of_record(self.visitor.schema(), &self.rec);
        let address = |paper: &Template| self.address(&format!("document/{}.pdf", paper.name));
        html! {
            @if let [paper] = papers.as_slice() {
                a.button href={ "/api" (address(paper)) } target="_blank" title=(words.paper(paper)) {
                    (words.say("form-print"))
                }
            } @else if !papers.is_empty() {
                details.menu {
                    summary.button { (words.say("form-print")) }
                    div.sheet {
                        @for paper in &papers {
                            a.item href={ "/api" (address(paper)) } target="_blank" { (words.paper(paper)) }
                        }
                    }
                }
            }
        }
    }

    fn address(&self, action: &str) -> String {
        format!("/{}/{}/{action}", self.model.name, self.rec.id)
    }

    fn deed(&self, action: &Action, why: Option<WhyNot>, leading: bool) -> Markup {
        let words = &self.visitor.words;
        let name = words.action(&self.model.name, action);
        let help = words.help_of_action(&self.model.name, action);
        if why.is_some() {
            let refusal = words.refusal(&self.model.name, action).unwrap_or_default();
            return html! {
                details.menu.why {
                    summary.button.off { (name) }
                    div.sheet { p { (words.say_of("form-not-now", &[("why", Arg::Text(&refusal))])) } }
                }
            };
        }
        let asked: Vec<&Field> = action.args.values().filter(|arg| is_asked(arg)).collect();
        if asked.is_empty() {
            return html! {
                form.deed method="post" action=(self.address(&action.name)) {
                    button .primary[leading] title=(help) { (name) }
                }
            };
        }
        html! {
            details.menu.asks {
                summary.button .primary[leading] { (name) " …" }
                form.sheet method="post" action=(self.address(&action.name)) {
                    @if !help.is_empty() { p.soft { (help) } }
                    @for arg in &asked { (self.asked(action, arg)) }
                    p.deeds { button.primary { (name) } }
                }
            }
        }
    }

    fn asked(&self, action: &Action, arg: &Field) -> Markup {
        let words = &self.visitor.words;
        let (title, help) = words.arg((&self.model.name, &action.name), arg);
        if let Some((rows, child)) = lines_of(self.visitor.schema(), &self.model, arg) {
            return html! {
                fieldset.rows {
                    legend { (title) }
                    @if !help.is_empty() { p.soft { (help) } }
                    (self.by_line(arg, rows, child))
                }
            };
        }
        let id = format!("a-{}-{}", action.name, arg.name);
        let exponent = exponent_of(self.visitor, &self.rec);
        let entry =
            Entry::new(Shown::blank(self.visitor, &self.model, arg, exponent), &arg.name, &id);
        html! {
            div.field {
                label for=(id) { (title) @if arg.required { span.must title=(words.say("form-required")) { " *" } } }
                div.entry { (enter(entry)) @if !help.is_empty() { p.help { (help) } } }
            }
        }
    }

    /// The lines of the record, each with what the action is told of it.
    fn by_line(&self, arg: &Field, rows: &ByLine, child: &Model) -> Markup {
        let words = &self.visitor.words;
        let columns: Vec<(&Field, Option<usize>)> = rows
            .columns
            .iter()
            .filter_map(|(name, start)| Some((child.field(name)?, child.field_index(start))))
            .collect();
        let lines = self.rec.lines(&rows.of);
        html! {
            table.lines {
                thead { tr {
                    th scope="col" { (words.model(child)) }
                    @for (field, _) in &columns { th.n scope="col" { (words.field(&child.name, field)) } }
                } }
                tbody { @for (place, line) in lines.iter().enumerate() {
                    tr {
                        th scope="row" {
                            (line.title())
                            input type="hidden" name={ (arg.name) "." (place) ".line" } value=(line.id);
                        }
                        @for (field, start) in &columns {
                            td.n { (self.told((arg, place), (child, field), (line, *start))) }
                        }
                    }
                } }
            }
        }
    }

    fn told(
        &self,
        (arg, place): (&Field, usize),
        (child, field): (&Model, &Field),
        (line, start): (&Rec, Option<usize>),
    ) -> Markup {
        let seen = |at: &usize| line.shows(*at);
        let value = start.filter(seen).map_or(&Value::Null, |at| &line.values[at]);
        // Of what there is none, nothing is said.
        let nothing = value.as_decimal().is_some_and(|number| number <= Decimal::ZERO);
        let shown = Shown {
            visitor: self.visitor,
            model: child,
            field,
            value: if nothing { &Value::Null } else { value },
            title: None,
            exponent: exponent_of(self.visitor, &self.rec),
        };
        let label = format!("{}, {}", line.title(), self.visitor.words.field(&child.name, field));
        let name = format!("{}.{place}.{}", arg.name, field.name);
        let id = format!("a-{name}");
        enter(Entry { label: Some(&label), ..Entry::new(shown, &name, &id) })
    }

    fn removal(&self) -> Markup {
        let words = &self.visitor.words;
        html! {
            form.remove method="post" action=(self.address("delete")) data-sure=(words.say("form-delete-sure")) {
                input type="hidden" name="_version" value=(self.rec.version);
                button.item.danger { (words.say("form-delete")) }
            }
        }
    }

    /// An action that the record's state does not allow.
    fn not_now(&self, action: &Action) -> Markup {
        let words = &self.visitor.words;
        let field = self.model.field("state");
        let named = |state: &String| {
            field.map_or_else(|| state.clone(), |f| label(self.visitor, &self.model.name, f, state))
        };
        let states = action.from.iter().map(named).collect::<Vec<_>>().join(", ");
        html! {
            p.off {
                span { (words.action(&self.model.name, action)) }
                small { (words.say_of("form-wrong-state", &[("states", Arg::Text(&states))])) }
            }
        }
    }
}

/// What is written as JSON is for programs, unless an action is nothing without it.
fn is_asked(arg: &Field) -> bool {
    !matches!(arg.kind, Kind::Json) || arg.required || arg.rows.is_some()
}
