//! Who is asking: users, passwords, sessions, API tokens. Credentials go in, a [`Ctx`] comes out; it
//! is made nowhere else, and nothing in a request can name another user.
//! Not here: what one may do (`permissions`), cookies and headers (`web`).
//! Architecture invariants: credentials stand in tables of their own (`0003_identity.sql`), outside
//! the reach of records; a token is stored as its digest only; every check of a password goes
//! through `password::verify`, and so through the guard; who somebody is and which roles he holds is
//! that of the snapshot that his unit of work sees, so a change of rights is in force at the next one.
//! Read on with `callers.rs` (credentials to callers), `session.rs`, `token.rs`, `bootstrap.rs`.

mod bootstrap;
mod callers;
mod guard;
mod password;
mod secret;
mod service;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod user;

pub use bootstrap::{first_administrator, first_code, has_users, password_code, redeem};
pub use callers::{Credential, caller, look_up};
pub use password::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, change_password, set_password};
pub use secret::Secret;
pub use service::{AsSystem, service};
pub use session::{
    SESSION_LIFE_S, SessionInfo, choose_company, revoke, sessions, sign_in, sign_out,
};
pub use token::{NewToken, TokenInfo, create_token, revoke_token, tokens};
pub use user::{NewUser, add_user};

pub(crate) use callers::{CHANGED, Known, Proof, again, changes_callers};
pub(crate) use service::{AsPlugin, kernel_itself};
pub(crate) use token::covers;
pub(crate) use user::{before_save, ctx_of};

/// The kernel's role that manages users, settings and shared master data. It bypasses no row rule.
pub const ADMINISTRATOR: &str = "administrator";
/// The kernel's role that every signed-in user holds without being given it.
pub const EVERYONE: &str = "everyone";
/// The kernel itself.
pub(crate) const KERNEL: &str = "kernel";
/// The service that acts for commands given on the server's own console.
pub const CONSOLE: &str = "console";
