//! What one says: that it is in order, what is wrong, what is to be done.

use fondaco_values::{Date, Decimal};

use crate::value::{Held, Id, exact};
use crate::wit::types;

/// The error is why the plugin cannot answer, for the administrator. What happens then is his choice.
pub type Answer<T> = Result<T, String>;

/// A value for a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field(pub(crate) types::Field);

impl Field {
    pub fn new(name: impl Into<String>, value: impl Held) -> Field {
        Field(types::Field { name: name.into(), value: value.give() })
    }
}

/// Something that the user can mend. An empty field means the whole record.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem(pub(crate) types::Problem);

impl Problem {
    pub fn new(
        field: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Problem {
        let (field, code, message) = (field.into(), code.into(), message.into());
        Problem(types::Problem { field, code, message, arguments: Vec::new() })
    }

    /// What the sentence speaks about, for translations.
    pub fn arg(mut self, name: impl Into<String>, value: impl ToString) -> Problem {
        let (name, value) = (name.into(), value.to_string());
        self.0.arguments.push(types::Argument { name, value });
        self
    }
}

/// What one says of a record before it is saved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    pub(crate) problems: Vec<Problem>,
}

impl Verdict {
    pub fn ok() -> Verdict {
        Verdict::default()
    }

    pub fn refuse(problem: Problem) -> Verdict {
        Verdict { problems: vec![problem] }
    }

    pub fn and(mut self, problem: Problem) -> Verdict {
        self.problems.push(problem);
        self
    }
}

/// What one says before an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    Proceed,
    Refuse(Vec<Problem>),
    /// It does not happen, and these effects do; the message is what the user reads.
    Hold {
        message: String,
        effects: Effects,
    },
}

impl Ruling {
    pub fn refuse(problem: Problem) -> Ruling {
        Ruling::Refuse(vec![problem])
    }

    pub fn hold(message: impl Into<String>, effects: Effects) -> Ruling {
        Ruling::Hold { message: message.into(), effects }
    }
}

/// What an action of the plugin's own comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    pub message: Option<String>,
    pub effects: Effects,
}

/// A step of a price of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub label: String,
    pub change: Decimal,
}

impl Step {
    pub fn new(label: impl Into<String>, change: Decimal) -> Step {
        Step { label: label.into(), change }
    }
}

/// The record that an effect is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Target(types::Target);

impl Target {
    pub fn record(model: impl Into<String>, id: Id) -> Target {
        Target(types::Target::Existing(types::RecordRef { model: model.into(), id: id.0 }))
    }
}

/// What is to be done, in this order: all of it or nothing. The kernel does it, with the plugin's rights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects(pub(crate) Vec<types::Effect>);

impl Effects {
    pub fn none() -> Effects {
        Effects::default()
    }

    pub fn create(
        mut self,
        model: impl Into<String>,
        fields: impl IntoIterator<Item = Field>,
    ) -> Effects {
        let new = types::Creation { model: model.into(), fields: plain(fields), lines: Vec::new() };
        self.0.push(types::Effect::Create(new));
        self
    }

    /// Lines of what was created last.
    pub fn with_lines<L: IntoIterator<Item = Field>>(
        mut self,
        field: impl Into<String>,
        rows: impl IntoIterator<Item = L>,
    ) -> Effects {
        if let Some(types::Effect::Create(new)) = self.0.last_mut() {
            let rows = rows.into_iter().map(plain).collect();
            new.lines.push(types::LineSet { field: field.into(), rows });
        }
        self
    }

    pub fn update(mut self, target: Target, fields: impl IntoIterator<Item = Field>) -> Effects {
        let change = types::Change { target: target.0, fields: plain(fields) };
        self.0.push(types::Effect::Update(change));
        self
    }

    pub fn act(
        mut self,
        target: Target,
        action: impl Into<String>,
        args: impl IntoIterator<Item = Field>,
    ) -> Effects {
        let deed = types::Deed { target: target.0, action: action.into(), arguments: plain(args) };
        self.0.push(types::Effect::Act(deed));
        self
    }

    /// An event of the plugin's own; the payload is JSON.
    pub fn emit(
        mut self,
        name: impl Into<String>,
        target: Target,
        payload: impl Into<String>,
    ) -> Effects {
        let notice = types::Notice { name: name.into(), target: target.0, payload: payload.into() };
        self.0.push(types::Effect::Emit(notice));
        self
    }

    /// One of the plugin's jobs, later; the payload is JSON.
    pub fn schedule(
        mut self,
        job: impl Into<String>,
        after_seconds: u32,
        payload: impl Into<String>,
    ) -> Effects {
        let errand = types::Errand { job: job.into(), after_seconds, payload: payload.into() };
        self.0.push(types::Effect::Schedule(errand));
        self
    }

    /// An entry in the books; the key posts once.
    pub fn post(mut self, entry: Entry) -> Effects {
        self.0.push(types::Effect::Post(entry.0));
        self
    }

    /// Keeps data of the plugin's own, or takes it away.
    pub fn keep(mut self, key: impl Into<String>, value: Option<String>) -> Effects {
        self.0.push(types::Effect::Keep(types::Pair { key: key.into(), value }));
        self
    }

    /// The record that the effect before last created, and so on: by its place, the first being 0.
    pub fn created(place: u32) -> Target {
        Target(types::Target::Created(place))
    }
}

/// An entry in the general book, in the company's currency: accounts and journal by their codes.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry(types::Posting);

impl Entry {
    pub fn new(journal: &str, day: Date, key: impl Into<String>, text: impl Into<String>) -> Entry {
        let day = match day.give() {
            types::Value::Date(day) => day,
            _ => 0,
        };
        let (journal, key, text) = (journal.to_owned(), key.into(), text.into());
        Entry(types::Posting { journal, day, key, text, lines: Vec::new() })
    }

    /// More than zero is debit, less is credit.
    ///
    /// # Errors
    /// For an amount with more digits than the contract carries.
    pub fn line(mut self, account: &str, amount: Decimal) -> Answer<Entry> {
        let (account, amount) = (account.to_owned(), exact(amount)?);
        self.0.lines.push(types::PostingLine { account, amount, party: None });
        Ok(self)
    }

    /// Whom the last line is for.
    pub fn of(mut self, party: Id) -> Entry {
        if let Some(line) = self.0.lines.last_mut() {
            line.party = Some(party.0);
        }
        self
    }
}

fn plain(fields: impl IntoIterator<Item = Field>) -> Vec<types::Field> {
    fields.into_iter().map(|field| field.0).collect()
}
