//! What roles and users may do before and after a change.
//! Not here: whether somebody may do something now (`permissions`).

use std::collections::{BTreeMap, BTreeSet};

use fondaco_schema::Schema;
use serde::Serialize;

use crate::db::Sql;
use crate::error::Result;
use crate::identity::EVERYONE;
use crate::permissions;
use crate::tx::Tx;

/// What a role or a user gains, loses and has under other conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gains: Vec<Granted>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<Granted>,
    /// The right remains, for other records than before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_condition: Vec<Granted>,
}

/// Rights on one model, or on reports, or on a class of fields: `read`, `write if state == 'open'`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Granted {
    pub on: String,
    pub rights: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleMoved {
    pub role: String,
    #[serde(flatten)]
    pub moved: Moved,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserMoved {
    pub login: String,
    pub name: String,
    pub roles: Vec<String>,
    #[serde(flatten)]
    pub moved: Moved,
}

/// Conditions by what and right; `true` when there is none.
type Rights = BTreeMap<(String, String), BTreeSet<String>>;

/// The roles whose rights are others after the change.
pub(super) fn of_roles(old: &Schema, new: &Schema) -> Vec<RoleMoved> {
    let names: BTreeSet<&String> = old.roles.keys().chain(new.roles.keys()).collect();
    let moved = names.into_iter().map(|role| {
        let moved = between(&effective(old, &[role]), &effective(new, &[role]));
        RoleMoved { role: role.clone(), moved }
    });
    moved.filter(|role| role.moved != Moved::default()).collect()
}

/// The active users whose rights are others after the change.
pub(super) async fn of_users(tx: &mut Tx, old: &Schema, new: &Schema) -> Result<Vec<UserMoved>> {
    let sql = Sql::text(
        "select u.login, u.name, r.role from \"user\" as u \
         left join user_role as r on r.\"user\" = u.id where u.active = 1 order by u.id, r.role",
    );
    let mut users: Vec<(String, String, Vec<String>)> = Vec::new();
    for row in tx.rows(sql).await? {
        if users.last().is_none_or(|(login, ..)| login != row.str(0)) {
            users.push((row.str(0).to_owned(), row.str(1).to_owned(), Vec::new()));
        }
        if let (Some(role), Some((.., roles))) = (row.opt_str(2), users.last_mut()) {
            roles.push(role.to_owned());
        }
    }
    let mut known: BTreeMap<Vec<String>, Moved> = BTreeMap::new();
    let mut moved = Vec::new();
    for (login, name, mut roles) in users {
        roles.dedup();
        let what = known.entry(roles.clone()).or_insert_with_key(|roles| {
            let held: Vec<&str> = roles.iter().map(String::as_str).chain([EVERYONE]).collect();
            between(&effective(old, &held), &effective(new, &held))
        });
        if *what != Moved::default() {
            moved.push(UserMoved { login, name, roles, moved: what.clone() });
        }
    }
    Ok(moved)
}

fn effective(schema: &Schema, roles: &[&str]) -> Rights {
    let held = permissions::held(schema, roles.iter().copied());
    let mut rights = Rights::new();
    let mut put = |on: &str, right: &str, condition: &str| {
        let key = (on.to_owned(), right.to_owned());
        rights.entry(key).or_default().insert(condition.to_owned());
    };
    for model in schema.models.values() {
        for role in &held {
            for (right, condition) in permissions::granted(model, role) {
                put(&model.name, right, condition);
            }
        }
    }
    for role in held.iter().filter_map(|name| schema.roles.get(name)) {
        role.classes
            .iter()
            .for_each(|class| put("fields", &format!("read {}", class.name()), TRUE));
        let write = role.write_classes.iter();
        write.for_each(|class| put("fields", &format!("write {}", class.name()), TRUE));
    }
    for report in schema.reports.values() {
        if report.roles.iter().any(|role| held.contains(role)) {
            put("reports", &report.name, TRUE);
        }
    }
    for conditions in rights.values_mut().filter(|conditions| conditions.contains(TRUE)) {
        conditions.retain(|condition| condition == TRUE);
    }
    rights
}

const TRUE: &str = "true";

fn between(old: &Rights, new: &Rights) -> Moved {
    let (mut gains, mut loses, mut other) = (Vec::new(), Vec::new(), Vec::new());
    for ((on, right), after) in new {
        let key = (on.clone(), right.clone());
        match old.get(&key) {
            None => add(&mut gains, on, said(right, after)),
            Some(before) if before == after => {}
            Some(before) if after.contains(TRUE) => {
                add(&mut gains, on, format!("{right} (till now {})", condition(before)));
            }
            Some(before) if before.contains(TRUE) => {
                add(&mut loses, on, format!("{right}, but {}", condition(after)));
            }
            Some(before) => {
                let text = format!("{right} {} (till now {})", condition(after), condition(before));
                add(&mut other, on, text);
            }
        }
    }
    for ((on, right), before) in old {
        if !new.contains_key(&(on.clone(), right.clone())) {
            add(&mut loses, on, said(right, before));
        }
    }
    Moved { gains, loses, other_condition: other }
}

fn said(right: &str, conditions: &BTreeSet<String>) -> String {
    if conditions.contains(TRUE) {
        right.to_owned()
    } else {
        format!("{right} {}", condition(conditions))
    }
}

fn condition(any_of: &BTreeSet<String>) -> String {
    let all: Vec<&str> = any_of.iter().map(String::as_str).collect();
    match all.as_slice() {
        [TRUE] => "always".to_owned(),
        all => format!("if {}", all.join(" || ")),
    }
}

fn add(to: &mut Vec<Granted>, on: &str, right: String) {
    match to.last_mut().filter(|granted| granted.on == on) {
        Some(granted) => granted.rights.push(right),
        None => to.push(Granted { on: on.to_owned(), rights: vec![right] }),
    }
}
