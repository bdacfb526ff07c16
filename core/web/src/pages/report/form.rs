//! What a report asks for: its parameters, the period that it is held against, and as it was known
//! when. Sent by GET, so that an address says the whole question.

use fondaco_kernel::reports::Against;
use fondaco_kernel::schema::{Field, Kind, Model, Report};
use fondaco_kernel::values::{AnyId, Problem, Value};
use maud::{Markup, html};

use super::{Read, as_model};
use crate::visitor::Visitor;
use crate::widgets::{Entry, Shown, enter, held};

/// Parameters for those who look back: they stand apart.
const APART: &str = "known_at";

pub(super) fn form(visitor: &Visitor, report: &Report, read: &Read, fresh: bool) -> Markup {
    if report.params.is_empty() {
        return html! {};
    }
    let words = &visitor.words;
    let model = as_model(report);
    let problems: &[Problem] = match &read.answer {
        Err(problems) if !fresh => problems,
        _ => &[],
    };
    let of = |name: &str| problems.iter().find(|problem| problem.field == name);
    let elsewhere =
        problems.iter().filter(|p| !report.params.contains_key(&p.field) && p.field != "against");
    let asked = Asking { visitor, model: &model, read };
    let (apart, plain): (Vec<&Field>, Vec<&Field>) =
        model.fields.values().partition(|field| field.name == APART);
    html! {
        form.asking action={ "/report/" (report.name) } {
            @for problem in elsewhere { p.problem { (words.problem(problem, &problem.field)) } }
            div.asked {
                @for field in plain { (asked.field(field, of(&field.name))) }
                @if report.compare.is_some() { (against(visitor, read, of("against"))) }
                @for field in apart {
                    details.apart open[read.asked.get(&field.name).is_some()] {
                        summary { (words.say("report-more")) }
                        (asked.field(field, of(&field.name)))
                    }
                }
                button.primary { (words.say("report-show")) }
            }
        }
    }
}

fn against(visitor: &Visitor, read: &Read, problem: Option<&Problem>) -> Markup {
    let words = &visitor.words;
    let label = |against: Against| match against {
        Against::Period => words.say("report-previous-period"),
        Against::Year => words.say("report-previous-year"),
    };
    html! {
        div.ask {
            label for="p-against" { (words.say("report-against")) }
            select id="p-against" name="against" {
                option value="" { (words.say("report-against-none")) }
                @for (name, against) in Against::ALL {
                    option value=(name) selected[read.asked.against == name] { (label(against)) }
                }
            }
            @if let Some(problem) = problem { p.problem { (problem.message) } }
        }
    }
}

struct Asking<'a> {
    visitor: &'a Visitor,
    model: &'a Model,
    read: &'a Read,
}

impl Asking<'_> {
    fn field(&self, field: &Field, problem: Option<&Problem>) -> Markup {
        let words = &self.visitor.words;
        let id = format!("p-{}", field.name);
        let (title, help) =
            (words.field(&self.model.name, field), words.help(&self.model.name, field));
        let given = self.read.asked.get(&field.name).map(str::to_owned);
        let given = given.or_else(|| self.taken(field));
        let link = match &field.kind {
            Kind::Link { .. } => given.as_deref().and_then(|text| text.parse::<AnyId>().ok()),
            _ => None,
        };
        let value = link.map_or(Value::Null, Value::Link);
        let target = field.kind.target().unwrap_or_default().to_owned();
        let named = link.and_then(|id| self.read.names.get(&(target, id)));
        let said = problem.map(|problem| words.problem(problem, &title));
        let shown = Shown {
            visitor: self.visitor,
            model: self.model,
            field,
            value: &value,
            title: named.map(String::as_str),
            exponent: self.visitor.exponent(),
        };
        let entry = Entry {
            shown,
            name: &field.name,
            id: &id,
            problem: said.as_deref(),
            label: None,
            raw: given.as_deref(),
            typed: None,
        };
        html! {
            div.ask {
                label for=(id) title=[(!help.is_empty()).then_some(&help)] {
                    (title) @if field.required { span.must title=(words.say("form-required")) { " *" } }
                }
                (enter(entry))
                @if let Some(said) = &said { p.problem id={ (id) "-problem" } { (said) } }
            }
        }
    }

    /// What the report took where nothing was given.
    fn taken(&self, field: &Field) -> Option<String> {
        let answer = self.read.answer.as_ref().ok()?;
        answer.params.get(&field.name).map(|value| held(&field.kind, value))
    }
}
