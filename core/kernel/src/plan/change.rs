//! One change of a plan, and all of them together as people read them.

use std::fmt;

use fondaco_schema::{Detail, Difference, Risk, Subject, What};
use serde::Serialize;

use super::rights::{Granted, Moved};
use super::{Plan, RoleMoved, UserMoved};

/// Roles and users told in full before the rest is only counted; the JSON has them all.
const TOLD_MAX: usize = 40;
/// Characters of a value in a line.
const VALUE_CHARS_MAX: usize = 60;

/// One thing that becomes new, gone or another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub subject: Subject,
    pub name: String,
    pub what: What,
    pub risk: Risk,
    /// Of a checked change the rows that forbid it, of a destructive one those that it puts out of
    /// sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

impl Change {
    pub(super) fn safe(subject: Subject, name: &str, what: What) -> Change {
        Change {
            subject,
            name: name.to_owned(),
            what,
            risk: Risk::Safe,
            rows: None,
            note: None,
            details: Vec::new(),
        }
    }

    pub(super) fn of(difference: Difference) -> Change {
        let Difference { subject, name, what, details } = difference;
        Change { details, ..Change::safe(subject, &name, what) }
    }

    pub(super) fn with(self, risk: Risk, rows: i64) -> Change {
        Change { risk, rows: Some(rows), ..self }
    }

    pub(super) fn note(self, note: String) -> Change {
        Change { note: Some(note), ..self }
    }

    /// It puts so many rows out of sight; none is no loss.
    pub(super) fn hides(self, rows: i64, note: String) -> Change {
        match rows {
            0 => self.note("it holds nothing".to_owned()),
            rows => self.with(Risk::Destructive, rows).note(note),
        }
    }

    /// Rows stand in its way.
    pub fn is_blocked(&self) -> bool {
        self.risk == Risk::Checked && self.rows.is_some_and(|rows| rows > 0)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.what {
            What::Added => '+',
            What::Removed => '-',
            What::Changed => '~',
        };
        write!(f, "{sign} {} {}", self.subject.name(), self.name)?;
        if let Some(note) = &self.note {
            write!(f, ": {note}")?;
        }
        for (at, detail) in self.details.iter().enumerate() {
            write!(f, "{}", if at == 0 { ": " } else { ", " })?;
            tell(f, detail)?;
        }
        match (self.risk, self.rows) {
            (Risk::Checked, Some(0)) => write!(f, " (checked: no record is in the way)"),
            (Risk::Checked, Some(rows)) => write!(f, " (CHECKED: {rows} records are in the way)"),
            (Risk::Destructive, _) => write!(f, " (DESTRUCTIVE)"),
            _ => Ok(()),
        }
    }
}

fn tell(f: &mut fmt::Formatter<'_>, detail: &Detail) -> fmt::Result {
    let (before, after) = (short(&detail.before), short(&detail.after));
    match (before.len() + after.len()) > 2 * VALUE_CHARS_MAX {
        true => write!(f, "{}", detail.property),
        false => write!(f, "{} {before} → {after}", detail.property),
    }
}

fn short(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

impl fmt::Display for Plan {
    /// For people: what changes, who gains or loses what, and what stands in the way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "Nothing to change: the database is as the folder says.");
        }
        for risk in [Risk::Safe, Risk::Checked, Risk::Destructive] {
            let of_risk: Vec<&Change> = self.changes.iter().filter(|c| c.risk == risk).collect();
            if !of_risk.is_empty() {
                writeln!(f, "{}:", heading(risk))?;
            }
            for change in of_risk {
                writeln!(f, "  {change}")?;
            }
        }
        self.people(f)?;
        if self.from.is_none() && !self.fresh {
            writeln!(
                f,
                "An earlier version of the program did not write down what it applied: other \
                 changes of rights, workflows and screens cannot be told this time."
            )?;
        }
        for index in &self.unbuilt {
            writeln!(f, "Still to be built, beside the work that goes on: the index {index}")?;
        }
        for drift in &self.drift {
            writeln!(f, "CHANGED BEHIND THE PROGRAM'S BACK: {drift}")?;
        }
        writeln!(f, "{}", self.summary())
    }
}

fn heading(risk: Risk) -> &'static str {
    match risk {
        Risk::Safe => "Safe, loses nothing",
        Risk::Checked => "Checked against the data that is there",
        Risk::Destructive => "Destructive, only with consent: data is put out of sight and kept",
    }
}

impl Plan {
    fn people(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.roles.is_empty() {
            writeln!(f, "Roles:")?;
        }
        for RoleMoved { role, moved } in self.roles.iter().take(TOLD_MAX) {
            writeln!(f, "  {role}")?;
            tell_moved(f, moved)?;
        }
        more(f, self.roles.len())?;
        if !self.users.is_empty() {
            writeln!(f, "Users:")?;
        }
        for UserMoved { login, name, roles, moved } in self.users.iter().take(TOLD_MAX) {
            writeln!(f, "  {name} <{login}> ({})", roles.join(", "))?;
            tell_moved(f, moved)?;
        }
        more(f, self.users.len())
    }

    /// The plan in a sentence.
    pub fn summary(&self) -> String {
        let count = |risk| self.changes.iter().filter(|change| change.risk == risk).count();
        let blocked = self.changes.iter().filter(|change| change.is_blocked()).count();
        format!(
            "{} safe, {} checked ({blocked} in the way of data), {} destructive; {} roles and {} \
             users with other rights.",
            count(Risk::Safe),
            count(Risk::Checked),
            count(Risk::Destructive),
            self.roles.len(),
            self.users.len()
        )
    }
}

fn more(f: &mut fmt::Formatter<'_>, all: usize) -> fmt::Result {
    match all.saturating_sub(TOLD_MAX) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}

fn tell_moved(f: &mut fmt::Formatter<'_>, moved: &Moved) -> fmt::Result {
    let parts = [
        ("gains", &moved.gains),
        ("loses", &moved.loses),
        ("other records", &moved.other_condition),
    ];
    for (word, granted) in parts {
        for Granted { on, rights } in granted {
            writeln!(f, "    {word} {on}: {}", rights.join(", "))?;
        }
    }
    Ok(())
}
