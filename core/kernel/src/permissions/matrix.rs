//! The matrix role × model × action as text, for a snapshot that a reviewer reads: a changed right
//! is a changed line.
//! Not here: what one person may do with one record (`explain`).

use std::fmt::Write;

use fondaco_schema::{Model, Schema};

use super::{Right, roles::rule};

/// One paragraph a model, one line a role, `right` or `right if expression`; first the roles
/// themselves with what they include and the field classes they open.
pub fn matrix(schema: &Schema) -> String {
    let mut out = String::new();
    for role in schema.roles.values() {
        let classes = |of: &[fondaco_schema::Class]| {
            of.iter().map(|class| class.name()).collect::<Vec<_>>().join(" ")
        };
        let parts = [
            ("includes", role.includes.join(" ")),
            ("reads", classes(&role.classes)),
            ("writes", classes(&role.write_classes)),
        ];
        line(&mut out, &format!("role {} ({})", role.name, role.module), &parts);
    }
    for pair in &schema.separations {
        let [one, other] = &pair.roles;
        line(
            &mut out,
            &format!("never both {one} and {other}"),
            &[("because", pair.reason.clone())],
        );
    }
    for model in schema.models.values() {
        describe(&mut out, model);
    }
    out
}

fn describe(out: &mut String, model: &Model) {
    if let Some(owner) = &model.owner {
        line(out, &format!("\n{} — as its {}", model.name, owner.parent), &[]);
        return;
    }
    let whose = if model.shared { "shared" } else { "of a company" };
    line(out, &format!("\n{} — {whose}", model.name), &[]);
    for role in model.access.keys() {
        let granted = granted(model, role).map(|(right, condition)| match condition {
            "true" => right.to_owned(),
            condition => format!("{right} if {condition}"),
        });
        line(out, &format!("  {role}: {}", granted.collect::<Vec<_>>().join("; ")), &[]);
    }
    let internal = model.actions.values().filter(|action| action.internal);
    let internal = internal.map(|action| action.name.as_str()).collect::<Vec<_>>();
    if !internal.is_empty() {
        line(out, &format!("  (nobody: {})", internal.join("; ")), &[]);
    }
}

/// The rights that a role has on a model, each with its condition, which is `true` when it is always.
pub fn granted<'m>(model: &'m Model, role: &'m str) -> impl Iterator<Item = (&'m str, &'m str)> {
    let standard = [Right::Read, Right::Create, Right::Write, Right::Delete];
    let rights = standard.into_iter().chain(model.actions.keys().map(|name| Right::Act(name)));
    rights.filter_map(move |right| Some((right.name(), rule(model, role, right)?.source())))
}

fn line(out: &mut String, head: &str, parts: &[(&str, String)]) {
    out.push_str(head);
    for (name, what) in parts.iter().filter(|(_, what)| !what.is_empty()) {
        // Writing to a String cannot fail.
        let _ = write!(out, ", {name} {what}");
    }
    out.push('\n');
}
