//! What must come of a fixture, out of an answer that came.

use fondaco_schema::fixture::{Fixture, Names, Question, spelled};
use fondaco_schema::plugin::Point;
use fondaco_values::Problem;

use crate::plugins::talk::{Answer, Effect, Page, Ruling, Verdict, Word};

/// A place for it, before it is known.
pub(super) fn anything(point: Point) -> &'static str {
    match point {
        Point::Guard => "\n[then]\nproceed = true\n",
        _ => "\n[then]\n",
    }
}

pub(super) fn text(fixture: &Fixture, outcome: &Word<Answer>, done: &[Effect]) -> String {
    let names = fixture.names();
    let mut out = "\n[then]\n".to_owned();
    match outcome {
        Err(failure) => out.push_str(&format!("error = {}\n", spelled::text(&failure.message))),
        Ok(Answer::Verdicts(verdicts)) => saved(&mut out, fixture, verdicts),
        Ok(Answer::Ruling(ruling)) => ruled(&mut out, ruling, &names),
        Ok(Answer::Effects(own)) => effects(&mut out, "effects", own, &names),
        Ok(Answer::Done { message, effects: own }) => {
            if let Some(message) = message {
                out.push_str(&format!("message = {}\n", spelled::text(message)));
            }
            effects(&mut out, "effects", own, &names);
        }
        Ok(Answer::Steps(offers)) => {
            let step = |step: &crate::plugins::Step| {
                let (label, change) = (spelled::text(&step.label), spelled::number(step.change));
                format!("{{ label = {label}, change = {change} }}")
            };
            let offer = |steps: &Vec<crate::plugins::Step>| {
                format!("[{}]", steps.iter().map(step).collect::<Vec<_>>().join(", "))
            };
            let offers: Vec<String> = offers.iter().map(offer).collect();
            out.push_str(&format!("steps = [{}]\n", offers.join(", ")));
        }
        Ok(Answer::Page(Page { status, body, effects: own, .. })) => {
            let body = spelled::text(&String::from_utf8_lossy(body));
            out.push_str(&format!("status = {status}\nbody = {body}\n"));
            effects(&mut out, "effects", own, &names);
        }
    }
    effects(&mut out, "done", done, &names);
    out
}

fn saved(out: &mut String, fixture: &Fixture, verdicts: &[Verdict]) {
    let Question::Save { records, .. } = &fixture.question else { return };
    let names = fixture.names();
    for (name, verdict) in records.iter().zip(verdicts) {
        if !verdict.changes.is_empty() {
            let fields = spelled::inside(&verdict.changes, &names);
            out.push_str(&format!("changes.{} = {{ {fields} }}\n", spelled::key(name)));
        }
    }
    for (name, verdict) in records.iter().zip(verdicts) {
        problems(out, Some(name), &verdict.problems);
    }
}

fn ruled(out: &mut String, ruling: &Ruling, names: &Names) {
    match ruling {
        Ruling::Proceed => out.push_str("proceed = true\n"),
        Ruling::Refuse(found) => problems(out, None, found),
        Ruling::Hold { message, effects: own } => {
            out.push_str(&format!("held = {}\n", spelled::text(message)));
            effects(out, "effects", own, names);
        }
    }
}

fn problems(out: &mut String, record: Option<&String>, problems: &[Problem]) {
    for Problem { field, code, message, args } in problems {
        out.push_str("\n[[then.problems]]\n");
        if let Some(record) = record {
            out.push_str(&format!("record = {}\n", spelled::text(record)));
        }
        for (name, value) in [("field", field), ("code", code), ("message", message)] {
            out.push_str(&format!("{name} = {}\n", spelled::text(value)));
        }
        if !args.is_empty() {
            let arg = |(name, value): (&String, &String)| {
                format!("{} = {}", spelled::key(name), spelled::text(value))
            };
            let args: Vec<String> = args.iter().map(arg).collect();
            out.push_str(&format!("arguments = {{ {} }}\n", args.join(", ")));
        }
    }
}

fn effects(out: &mut String, place: &str, effects: &[Effect], names: &Names) {
    for effect in effects {
        let text = spelled::wanted(&effect.wanted(), names);
        out.push_str(&format!("\n[[then.{place}]]\n{text}"));
    }
}
