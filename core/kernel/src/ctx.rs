//! Who is asking, for which company, in which language. A `Ctx` is made only by `identity`;
//! nothing in a request can name another user.

use std::sync::Arc;

use fondaco_values::Id;

use crate::identity::Proof;
use crate::shared::{Company, Party, User};

/// The caller of one unit of work.
#[derive(Clone, Debug)]
pub struct Ctx {
    pub(crate) actor: Arc<Actor>,
    pub(crate) company: Id<Company>,
    pub(crate) language: Arc<str>,
    pub(crate) request: Arc<str>,
    /// What he showed, of somebody who sends a request.
    pub(crate) proof: Option<Arc<Proof>>,
}

impl Ctx {
    pub(crate) fn new(actor: Actor, company: Id<Company>, language: &str) -> Ctx {
        let (actor, language) = (Arc::new(actor), language.into());
        Ctx { actor, company, language, request: "".into(), proof: None }
    }

    pub(crate) fn proven_by(self, proof: Proof) -> Ctx {
        Ctx { proof: Some(Arc::new(proof)), ..self }
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    pub fn company(&self) -> Id<Company> {
        self.company
    }

    pub fn language(&self) -> &str {
        &self.language
    }

    /// The id under which the request stands in log and audit.
    pub fn request(&self) -> &str {
        &self.request
    }

    pub fn with_request(mut self, request: &str) -> Ctx {
        self.request = request.into();
        self
    }

    /// The companies whose rows a unit of work of this caller may touch at all, with 0 for what is
    /// everybody's; `None` for the two who work across companies: the kernel on its own business
    /// (tables, seeds, sign-in, taking jobs, upkeep, export), and the console in no company, which
    /// commands the database anyway.
    pub(crate) fn walled_in(&self) -> Option<Vec<i64>> {
        let actor = &self.actor;
        let is_nowhere = self.company == Id::default();
        if actor.is_kernel() || (actor.is_console() && is_nowhere) {
            return None;
        }
        let mut companies: Vec<i64> = actor.companies.iter().map(|id| id.raw()).collect();
        companies.extend([self.company.raw(), 0]);
        companies.sort_unstable();
        companies.dedup();
        Some(companies)
    }

    /// The same caller working in another of his companies; `None` when it is not his.
    pub fn in_company(&self, company: Id<Company>) -> Option<Ctx> {
        self.actor.companies.contains(&company).then(|| Ctx { company, ..self.clone() })
    }
}

#[derive(Clone, Debug)]
pub struct Actor {
    pub(crate) kind: ActorKind,
    pub(crate) user: Option<Id<User>>,
    pub(crate) name: String,
    pub(crate) party: Option<Id<Party>>,
    /// Names of the roles held, with those they include, sorted.
    pub(crate) roles: Vec<String>,
    pub(crate) companies: Vec<Id<Company>>,
    pub(crate) scopes: Scopes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    User,
    /// Work without a user: a job, an importer; it has grants of its own.
    Service,
    /// `tx.as_system(reason)`: loud and audited.
    System,
}

/// What an API token leaves of its owner's rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    All,
    Only { patterns: Vec<String>, read_only: bool },
}

impl Actor {
    /// The kernel on its own business, which is everybody's.
    pub(crate) fn is_kernel(&self) -> bool {
        self.kind == ActorKind::Service && self.name == crate::identity::KERNEL
    }

    fn is_console(&self) -> bool {
        self.kind == ActorKind::Service && self.name == crate::identity::CONSOLE
    }

    pub fn kind(&self) -> ActorKind {
        self.kind
    }

    pub fn user(&self) -> Option<Id<User>> {
        self.user
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn party(&self) -> Option<Id<Party>> {
        self.party
    }

    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    pub fn companies(&self) -> &[Id<Company>] {
        &self.companies
    }

    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}
