//! What can go wrong, by who can mend it: the user (`Invalid`, `NotFound`, `Forbidden`, `Conflict`, …),
//! the operator (`Schema`, `Startup`, `Storage`, `Closed`), the programmer (`Internal`).
//! Not here: how an error looks over HTTP (`web::problem`).

use fondaco_schema::Fault;
use fondaco_values::Problem;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Input that the user can mend; every problem at once.
    #[error("{}", .0.iter().map(|p| p.message.as_str()).collect::<Vec<_>>().join(" "))]
    Invalid(Vec<Problem>),
    /// There is no such record, or the actor may not see it: the two answer alike.
    #[error("There is no {model} {id}.")]
    NotFound { model: String, id: String },
    /// The actor sees the thing but may not do this; `missing` names what is lacking.
    #[error("You may not {what}: {missing}.")]
    Forbidden { what: String, missing: String },
    /// Somebody else was first (version, idempotency key); reading again mends it.
    #[error("{message}")]
    Conflict { code: &'static str, message: String },
    #[error("{0}")]
    Unauthenticated(String),
    #[error("Too many attempts; try again in {retry_after_s} s.")]
    TooMany { retry_after_s: i64 },
    /// The TOML of a module, a company or a plugin is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Schema(Vec<Fault>),
    #[error("{0}")]
    Startup(String),
    #[error("the database refused: {message}")]
    Storage { kind: StorageKind, message: String },
    #[error("the server is stopping; try again")]
    Closed,
    #[error("{0}")]
    Internal(String),
}

/// What the database objected to, as far as the kernel acts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageKind {
    /// A unique index; names `table.column` pairs or the index.
    Unique(String),
    ForeignKey,
    /// A CHECK or a trigger.
    Refused,
    /// Another transaction was in the way; running again mends it.
    Retry,
    /// The connection broke; nothing of the unit of work is kept.
    Lost,
    /// The connection broke while the unit of work was being committed: it is kept as a whole or
    /// not at all, and nobody knows which.
    Unknown,
    /// No room on the disk; nothing of the unit of work is kept, and reading goes on.
    Full,
    /// A table or a column is not there (any more): the schema has changed meanwhile.
    Outdated,
    /// The statement took more steps than it was given.
    GivenUp,
    Other,
}

impl Error {
    /// One problem with one field.
    pub fn problem(
        field: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Error {
        Error::Invalid(vec![Problem::new(field, code, message)])
    }

    pub fn not_found(model: &str, id: impl ToString) -> Error {
        Error::NotFound { model: model.to_owned(), id: id.to_string() }
    }

    /// What a client may read. Internal causes go to the log, never to the client.
    pub fn public(&self) -> String {
        match self {
            Error::Storage { kind: StorageKind::Unknown, .. } => {
                "The connection to the database broke at the last moment; look whether it was saved \
                 before you do it again."
                    .to_owned()
            }
            Error::Storage { kind: StorageKind::Full, .. } => {
                "The disk of the database is full; nothing was changed. Reading goes on, and writing \
                 too as soon as there is room."
                    .to_owned()
            }
            Error::Storage { kind: StorageKind::Lost | StorageKind::Retry, .. } => {
                "The database did not answer, or was too busy; nothing was changed. Try again."
                    .to_owned()
            }
            Error::Storage { .. } | Error::Internal(_) | Error::Startup(_) => {
                "Something went wrong on the server; nothing was changed.".to_owned()
            }
            Error::Schema(_) => "The configuration of the server is wrong.".to_owned(),
            other => other.to_string(),
        }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Error {
        Error::Internal(message.into())
    }
}

/// `Err` with all problems, or `Ok` when there are none.
pub fn refuse_if_any(problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}
