//! Plugins for Fondaco in Rust: a struct over what a hook selects, a trait for each point where a plugin is
//! asked, one macro that exports what was written. Nothing of the machine is there: no clock, no files, no
//! sockets, no chance (a `HashMap` of the standard library ends the call: use a `BTreeMap`). What a plugin may
//! know it is told, and what it wants done it answers.
//!
//! In reading order: `points` (where one is asked), `answer` (what one says), `record` and `value` (what
//! one is told), `cx` (settings, the hour, the log; records, data of one's own and others over HTTP while
//! one works after the commit), `web` (requests, both ways).
//! The contract itself is `sdk/wit/0.2`, where each function says what it means.

extern crate self as fondaco_plugin;

mod answer;
mod cx;
mod points;
mod record;
mod value;
mod web;
#[doc(hidden)]
pub mod wit;

pub use answer::{Answer, Done, Effects, Entry, Field, Problem, Ruling, Step, Target, Verdict};
pub use cx::Cx;
pub use fondaco_plugin_derive::Record;
pub use fondaco_values::{Date, Decimal, Rounding, Timestamp, round};
pub use points::{
    Action, AfterAction, Deed, Event, Guard, Job, Offer, OnEvent, OnPrice, OnRequest, OnSave,
    Saving, guest,
};
pub use record::{Entity, Part, Record};
pub use value::{Held, Id, Value};
pub use web::{Failure, Outgoing, Page, Response, Visit};

pub mod prelude {
    //! What a plugin uses.
    pub use crate::{
        Action, AfterAction, Answer, Cx, Date, Decimal, Deed, Done, Effects, Entry, Event, Failure,
        Field, Guard, Id, Job, Offer, OnEvent, OnPrice, OnRequest, OnSave, Outgoing, Page, Problem,
        Record, Response, Ruling, Saving, Step, Target, Timestamp, Verdict, Visit, export,
    };
}
