//! Users as identity knows them: who signs in with which login, and what he is as an actor, with
//! the roles and companies of this moment. Read by statements of its own, since a caller who is not
//! yet known can have no rights.
//! Not here: changing users (`records` on the model `user`); this room only keeps watch in
//! [`before_save`].

use std::collections::BTreeSet;

use fondaco_schema::Schema;
use fondaco_values::{Id, Problem, Value};

use super::{EVERYONE, password, session};
use crate::Ctx;
use crate::ctx::{Actor, ActorKind, Scopes};
use crate::db::{Row, Sql};
use crate::error::{Result, refuse_if_any};
use crate::kernel::Kernel;
use crate::model::Saving;
use crate::permissions;
use crate::shared::{Company, Party, User, UserRole};
use crate::store;
use crate::tx::{Fut, Tx};

/// One row of the table of users.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: Id<User>,
    pub(super) login: String,
    pub(super) name: String,
    party: Option<Id<Party>>,
    language: String,
    pub(super) active: bool,
}

/// A role that a user holds, in one company or in all of his.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    role: String,
    company: Option<Id<Company>>,
}

/// Logins are told apart without regard to case and to spaces around them.
pub(super) fn normal(login: &str) -> String {
    login.trim().to_lowercase()
}

pub(super) async fn by_id(tx: &mut Tx, user: Id<User>) -> Result<Option<Known>> {
    let sql =
        Sql::text("select id, login, name, party, language, active from \"user\" where id = $1");
    Ok(tx.row(sql.bind(user)).await?.as_ref().map(known))
}

fn known(row: &Row) -> Known {
    Known {
        id: row.id(0),
        login: row.str(1).to_owned(),
        name: row.str(2).to_owned(),
        party: row.opt_id(3),
        language: row.str(4).to_owned(),
        active: row.flag(5),
    }
}

pub(super) async fn any(tx: &mut Tx) -> Result<bool> {
    Ok(tx.row(Sql::text("select 1 from \"user\" limit 1")).await?.is_some())
}

/// The caller that this user is, in the company he wants or in the first of his; `None` when he is
/// switched off, or does not work in the company.
pub(crate) async fn ctx_of(
    tx: &mut Tx,
    user: Id<User>,
    wanted: Option<Id<Company>>,
    scopes: Scopes,
) -> Result<Option<Ctx>> {
    let Some(user) = by_id(tx, user).await?.filter(|user| user.active) else { return Ok(None) };
    let companies =
        Sql::text("select value from user__companies where record = $1 order by position");
    let companies = tx.rows(companies.bind(user.id)).await?;
    let companies: Vec<Id<Company>> = companies.iter().map(|row| row.id(0)).collect();
    let given = Sql::text("select role, company from user_role where \"user\" = $1");
    let given = tx.rows(given.bind(user.id)).await?;
    let given: Vec<Given> = given
        .iter()
        .map(|row| Given { role: row.str(0).to_owned(), company: row.opt_id(1) })
        .collect();
    let company = match wanted {
        Some(wanted) if !companies.contains(&wanted) => return Ok(None),
        Some(wanted) => wanted,
        // Somebody who works nowhere yet sees what is shared, and no company's rows.
        None => companies.first().copied().unwrap_or_default(),
    };
    let actor = Actor {
        kind: ActorKind::User,
        user: Some(user.id),
        name: user.login,
        party: user.party,
        roles: roles_in(tx.schema(), &given, company),
        companies: reach(tx.schema(), &given, &companies, company),
        scopes,
    };
    Ok(Some(Ctx::new(actor, company, &user.language)))
}

/// The roles held when working in this company, with those they include.
fn roles_in(schema: &Schema, given: &[Given], company: Id<Company>) -> Vec<String> {
    let here = given.iter().filter(|given| given.company.is_none_or(|only| only == company));
    let here = here.map(|given| given.role.as_str());
    permissions::held(schema, here.chain([EVERYONE]))
}

/// The companies whose rows the roles of the one worked in reach: those of the user's in which he
/// holds these roles too. So nobody uses a role that he has in one company on rows of another.
fn reach(
    schema: &Schema,
    given: &[Given],
    companies: &[Id<Company>],
    worked_in: Id<Company>,
) -> Vec<Id<Company>> {
    let here = roles_in(schema, given, worked_in);
    let reaches = |company: &Id<Company>| {
        let there = roles_in(schema, given, *company);
        here.iter().all(|role| there.binary_search(role).is_ok())
    };
    companies.iter().copied().filter(reaches).collect()
}

/// A user to be made by the console, by set-up or by a test.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    pub login: String,
    pub name: String,
    /// `en` when empty.
    pub language: String,
    /// Held in all of his companies.
    pub roles: Vec<String>,
    pub companies: Vec<Id<Company>>,
    pub party: Option<Id<Party>>,
    /// Without one he cannot sign in until a code gives him one (`password_code`).
    pub password: Option<String>,
}

/// Makes a user. Who may is not asked here: users are made through `records`, except by the
/// console, set-up and tests.
///
/// # Errors
/// Problems with the fields, the roles or the password, all at once where they can be.
pub async fn add_user(kernel: &Kernel, ctx: &Ctx, new: NewUser) -> Result<Id<User>> {
    let phc = match &new.password {
        Some(password) => Some(password::make(kernel, password, &[&new.name, &new.login]).await?),
        None => None,
    };
    kernel
        .run(ctx, move |tx| {
            let (new, phc) = (new.clone(), phc.clone());
            Box::pin(async move { insert(tx, new, phc).await })
        })
        .await
}

pub(super) async fn insert(tx: &mut Tx, new: NewUser, phc: Option<String>) -> Result<Id<User>> {
    let role = |role: String| UserRole { role, ..UserRole::default() };
    let mut user = User {
        login: new.login,
        name: new.name,
        language: if new.language.is_empty() { "en".to_owned() } else { new.language },
        active: true,
        party: new.party,
        companies: new.companies,
        roles: new.roles.into_iter().map(role).collect(),
        ..User::default()
    };
    let id = store::insert(tx, &mut user).await?;
    if let Some(phc) = phc {
        password::put(tx, id, &phc).await?;
    }
    Ok(id)
}

/// Watches over every change of a user, by whatever way it comes: logins are normal, roles exist and
/// do not exclude each other, and sessions end when the user is switched off or gets other roles
/// or companies.
pub(crate) fn before_save<'t>(tx: &'t mut Tx, batch: &'t mut [Saving]) -> Fut<'t, ()> {
    Box::pin(watch(tx, batch))
}

async fn watch(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let mut problems = Vec::new();
    let mut ended = Vec::new();
    for saving in batch {
        if let Some(login) = saving.draft.text("login").map(normal) {
            saving.draft.set("login", login);
        }
        // Roles of a pilot are given by administrators who are not in it, too.
        problems.extend(role_problems(&tx.registry().whole_schema(), &given_in(saving)));
        let rights = saving.draft.has("roles") || saving.changes("companies");
        let off = saving.changes("active") && *saving.value("active") != Value::Bool(true);
        if !saving.is_new() && (rights || off) {
            ended.push(saving.id.cast());
        }
    }
    refuse_if_any(problems)?;
    for user in ended {
        session::end_all(tx, user).await?;
    }
    Ok(())
}

/// The roles as they will be.
fn given_in(saving: &Saving) -> Vec<Given> {
    let of = |role: Option<&str>, company: Option<Id<Company>>| Given {
        role: role.unwrap_or_default().to_owned(),
        company,
    };
    let old = saving.old.as_ref().map_or(&[][..], |old| old.lines("roles"));
    if !saving.draft.has("roles") {
        return old.iter().map(|line| of(line.text("role"), line.link("company"))).collect();
    }
    let wanted = saving.draft.lines("roles").iter();
    let kept = |line: &crate::model::Line| old.iter().find(|old| Some(old.id) == line.id);
    wanted
        .map(|line| {
            let (old, new) = (kept(line), &line.draft);
            let role = new.has("role").then(|| new.text("role"));
            let company = new.has("company").then(|| new.link("company"));
            of(
                role.unwrap_or_else(|| old.and_then(|old| old.text("role"))),
                company.unwrap_or_else(|| old.and_then(|old| old.link("company"))),
            )
        })
        .collect()
}

/// Roles that the schema does not have, and pairs that exclude each other in some company.
fn role_problems(schema: &Schema, given: &[Given]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, given) in given.iter().enumerate() {
        if !schema.roles.contains_key(&given.role) && !given.role.is_empty() {
            let message = format!("There is no role {}.", given.role);
            let problem = Problem::new(format!("roles[{at}].role"), "unknown_role", message);
            problems.push(problem.arg("role", &given.role));
        }
    }
    let mut places: BTreeSet<Option<Id<Company>>> =
        given.iter().map(|given| given.company).collect();
    places.insert(None);
    let mut told = BTreeSet::new();
    for place in places {
        let here = given.iter().filter(|given| given.company.is_none() || given.company == place);
        for conflict in permissions::conflicts(schema, here.map(|given| given.role.as_str())) {
            let [one, other] = &conflict.roles;
            let message =
                format!("One person must not be both {one} and {other}: {}.", conflict.reason);
            if told.insert(conflict.roles.clone()) {
                let problem = Problem::new("roles", "separation", message);
                problems.push(problem.arg("one", one).arg("other", other));
            }
        }
    }
    problems
}

#[cfg(test)]
pub(super) mod testing {
    //! Doors for `identity::tests`, which has the schema to try them on.
    use super::*;

    fn given(roles: &[(&str, i64)]) -> Vec<Given> {
        let company = |id: i64| (id != 0).then(|| Id::new(id));
        let roles = roles.iter();
        roles.map(|(role, at)| Given { role: (*role).to_owned(), company: company(*at) }).collect()
    }

    /// Codes of the problems with roles given as `(role, company or 0)`.
    pub(crate) fn codes(schema: &Schema, roles: &[(&str, i64)]) -> Vec<String> {
        role_problems(schema, &given(roles)).into_iter().map(|problem| problem.code).collect()
    }

    /// Roles and reach of somebody who works in `worked_in`, of companies 1, 2 and 3.
    pub(crate) fn standing(
        schema: &Schema,
        roles: &[(&str, i64)],
        worked_in: i64,
    ) -> (Vec<String>, Vec<i64>) {
        let (given, here) = (given(roles), Id::new(worked_in));
        let companies = [Id::new(1), Id::new(2), Id::new(3)];
        let reached = reach(schema, &given, &companies, here);
        (roles_in(schema, &given, here), reached.into_iter().map(Id::raw).collect())
    }
}
