//! Tables of cases over one small schema: two companies, a sales order with lines, a salary.

use std::collections::HashMap;

use fondaco_schema::expr::{ActorAttr, FieldRef};
use fondaco_schema::{Origin, Schema, Scope, Source};
use fondaco_values::{AnyId, Date, Id, Timestamp, Value};

use super::*;
use crate::Ctx;
use crate::ctx::{Actor, ActorKind, Scopes};
use crate::error::Error;

const KERNEL: &str = r#"
model = "company"
label = "Company"
title = "name"
shared = true
[fields]
name = { type = "text", required = true }
---
model = "user"
label = "User"
title = "name"
shared = true
[fields]
name = { type = "text", required = true }
---
model = "party"
label = "Party"
title = "name"
shared = true
[fields]
name = { type = "text", required = true }
phone = { type = "phone", class = "personal" }
token = { type = "text", class = "secret" }
boss = { type = "link", to = "user", class = "internal" }
[access.clerk]
read = "true"
write = "true"
---
role = "administrator"
label = "Administrator"
---
role = "everyone"
label = "Everyone"
"#;

const SALES: &str = r#"
module = "sales"
title = "Sales"
version = "0.1.0"
kernel = ">=0.1, <0.2"
[roles.clerk]
label = "Clerk"
[roles.agent]
label = "Agent"
includes = ["clerk"]
classes = ["internal", "personal"]
[roles.boss]
label = "Boss"
includes = ["agent"]
classes = ["cost"]
write_classes = ["cost", "secret"]
[roles.payer]
label = "Payer"
[roles.approver]
label = "Approver"
[[separate]]
roles = ["payer", "approver"]
reason = "who approves a payment does not make it"
---
model = "sales.order"
label = "Sales order"
title = "name"
[fields]
name = { type = "text", required = true }
agent = { type = "link", to = "user" }
customer = { type = "link", to = "party" }
total = { type = "money" }
margin = { type = "money", class = "cost" }
lines = { type = "lines", of = "sales.line" }
[states]
initial = "draft"
values = ["draft", "confirmed"]
[actions.confirm]
label = "Confirm"
from = ["draft"]
to = "confirmed"
[actions.settle]
label = "Settle"
internal = true
[access.clerk]
read = "state == 'confirmed'"
[access.agent]
read = "agent == actor.user"
create = "agent == actor.user"
write = "agent == actor.user && state == 'draft'"
actions = { confirm = "total <= 1000.0", settle = "true" }
[access.boss]
read = "true"
write = "true"
delete = "state == 'draft'"
actions = { confirm = "created_by != actor.user" }
---
model = "sales.line"
label = "Sales line"
title = "text"
[fields]
order = { type = "link", to = "sales.order" }
text = { type = "text" }
"#;

/// The schema that the tables speak of; identity's tests use it too.
pub(crate) fn schema() -> Schema {
    let parts = |origin: Origin, text: &str| {
        let files = text.split("\n---\n").enumerate();
        let source = |(n, text): (usize, &str)| Source {
            origin: origin.clone(),
            path: format!("test/{n}.toml"),
            text: text.to_owned(),
        };
        files.map(source).collect::<Vec<_>>()
    };
    let kernel = parts(Origin::Kernel, KERNEL);
    let sales = parts(Origin::Module("sales".to_owned()), SALES);
    match fondaco_schema::load(&[kernel, sales].concat()) {
        Ok(schema) => schema,
        Err(faults) => panic!("{}", faults.iter().map(|f| format!("{f}\n")).collect::<String>()),
    }
}

/// User 7 in company 1, with these roles.
fn user(schema: &Schema, roles: &[&str]) -> Ctx {
    let actor = Actor {
        kind: ActorKind::User,
        user: Some(Id::new(7)),
        name: "ann@example.org".to_owned(),
        party: None,
        roles: held(schema, roles.iter().copied()),
        companies: vec![Id::new(1)],
        scopes: Scopes::All,
    };
    Ctx::new(actor, Id::new(1), "en")
}

fn token(schema: &Schema, roles: &[&str], scopes: &[&str]) -> Ctx {
    let ctx = user(schema, roles);
    let patterns = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let scopes = Scopes::Only { patterns, read_only: false };
    Ctx::new(Actor { scopes, ..ctx.actor().clone() }, ctx.company(), "en")
}

fn system(schema: &Schema) -> Ctx {
    let ctx = user(schema, &[]);
    Ctx::new(Actor { kind: ActorKind::System, ..ctx.actor().clone() }, ctx.company(), "en")
}

/// A record in memory.
struct Row<'a> {
    values: HashMap<&'a str, Value>,
    ctx: &'a Ctx,
}

/// `agent=7 state=draft total=1000 company=1 created_by=7`; what is left out is null.
fn row<'a>(ctx: &'a Ctx, text: &'a str) -> Row<'a> {
    let values =
        text.split_whitespace().filter_map(|part| part.split_once('=')).map(|(name, value)| {
            let value = match (name, value.parse::<i64>()) {
                ("total", Ok(n)) => Value::Decimal(n.into()),
                (_, Ok(n)) => Value::Link(AnyId::new(n)),
                _ => Value::Text(value.to_owned()),
            };
            (name, value)
        });
    Row { values: values.collect(), ctx }
}

impl Scope for Row<'_> {
    fn field(&self, path: &[FieldRef]) -> Value {
        assert_eq!(path.len(), 1, "the rules of this schema read own fields only");
        self.values.get(path[0].field.as_str()).cloned().unwrap_or_default()
    }

    fn lines(&self, _: &str) -> Vec<Box<dyn Scope + '_>> {
        Vec::new()
    }

    fn actor(&self, attr: ActorAttr) -> Value {
        let actor = self.ctx.actor();
        match attr {
            ActorAttr::User => actor.user().map_or(Value::Null, |id| Value::Link(id.any())),
            ActorAttr::Party => Value::Null,
            ActorAttr::Company => Value::Link(self.ctx.company().any()),
            ActorAttr::Companies => {
                Value::List(actor.companies().iter().map(|id| Value::Link(id.any())).collect())
            }
            ActorAttr::Roles => {
                Value::List(actor.roles().iter().cloned().map(Value::Text).collect())
            }
        }
    }

    fn company(&self, _: &str) -> Value {
        Value::Null
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn today(&self) -> Date {
        Date::constant(2026, 1, 31)
    }
}

fn right(name: &str) -> Right<'_> {
    match name {
        "read" => Right::Read,
        "create" => Right::Create,
        "write" => Right::Write,
        "delete" => Right::Delete,
        action => Right::Act(action),
    }
}

fn answer(result: crate::Result<()>) -> &'static str {
    match result {
        Ok(()) => "yes",
        Err(Error::NotFound { .. }) => "404",
        Err(Error::Forbidden { .. }) => "403",
        Err(other) => panic!("{other}"),
    }
}

const MINE: &str = "company=1 agent=7 state=draft total=1000 created_by=7";
const OTHERS: &str = "company=1 agent=8 state=draft total=1001 created_by=8";
const CONFIRMED: &str = "company=1 agent=8 state=confirmed total=5 created_by=8";
const ELSEWHERE: &str = "company=2 agent=7 state=confirmed total=5 created_by=7";
const NOWHERE: &str = "agent=7 state=confirmed total=5 created_by=7";

/// roles, record, right → answer: default deny, grants ORed, includes, restriction ANDed, 404 for
/// what one may not see.
#[test]
fn decisions() {
    let schema = schema();
    let order = schema.model("sales.order").unwrap();
    let cases: &[(&[&str], &str, &str, &str)] = &[
        (&[], MINE, "read", "404"),
        (&[], MINE, "confirm", "404"),
        (&["administrator"], CONFIRMED, "read", "404"),
        (&["nonsense"], CONFIRMED, "read", "404"),
        // one grant
        (&["clerk"], CONFIRMED, "read", "yes"),
        (&["clerk"], OTHERS, "read", "404"),
        (&["clerk"], CONFIRMED, "write", "403"),
        (&["clerk"], OTHERS, "write", "404"),
        (&["clerk"], CONFIRMED, "confirm", "403"),
        // two grants, one of them through an included role
        (&["agent"], MINE, "read", "yes"),
        (&["agent"], CONFIRMED, "read", "yes"),
        (&["agent"], OTHERS, "read", "404"),
        (&["agent"], MINE, "write", "yes"),
        (&["agent"], CONFIRMED, "write", "403"),
        (&["agent"], MINE, "delete", "403"),
        // limits of an action
        (&["agent"], MINE, "confirm", "yes"),
        (&["agent"], "company=1 agent=7 state=draft total=1001", "confirm", "403"),
        (&["agent"], "company=1 agent=7 state=draft", "confirm", "403"),
        // approver ≠ creator
        (&["boss"], OTHERS, "confirm", "yes"),
        (&["boss"], "company=1 agent=8 state=draft total=1001 created_by=7", "confirm", "403"),
        (&["boss"], MINE, "delete", "yes"),
        (&["boss"], CONFIRMED, "delete", "403"),
        // internal and unknown actions are nobody's
        (&["boss"], MINE, "settle", "403"),
        (&["boss"], MINE, "nonsense", "403"),
        // another company's, and none's, for everybody
        (&["agent"], ELSEWHERE, "read", "404"),
        (&["boss"], ELSEWHERE, "read", "404"),
        (&["boss"], ELSEWHERE, "delete", "404"),
        (&["boss"], NOWHERE, "read", "404"),
    ];
    for (roles, record, what, expected) in cases {
        let ctx = user(&schema, roles);
        let found = check(&ctx, order, AnyId::new(1), right(what), &row(&ctx, record));
        assert_eq!(answer(found), *expected, "{roles:?} {what} {record}");
    }
}

#[test]
fn tokens_narrow_and_the_system_passes_grants_but_no_restriction() {
    let schema = schema();
    let order = schema.model("sales.order").unwrap();
    let cases: &[(Ctx, &str, &str, &str)] = &[
        (token(&schema, &["agent"], &["sales.order:confirm"]), MINE, "confirm", "yes"),
        (token(&schema, &["agent"], &["sales.order:confirm"]), MINE, "read", "403"),
        (token(&schema, &["agent"], &["sales.order:confirm"]), OTHERS, "confirm", "404"),
        (token(&schema, &["agent"], &["read"]), MINE, "read", "yes"),
        (token(&schema, &["agent"], &["read"]), MINE, "write", "403"),
        (token(&schema, &["clerk"], &["*:*"]), CONFIRMED, "write", "403"),
        (system(&schema), OTHERS, "write", "yes"),
        (system(&schema), OTHERS, "confirm", "yes"),
        (system(&schema), OTHERS, "settle", "403"),
        (system(&schema), ELSEWHERE, "read", "404"),
    ];
    for (ctx, record, what, expected) in cases {
        let found = check(ctx, order, AnyId::new(1), right(what), &row(ctx, record));
        assert_eq!(answer(found), *expected, "{:?} {what} {record}", ctx.actor().scopes());
    }
}

/// What the SQL is made of says the same as the decision in memory, for every combination.
#[test]
fn rows_agree_with_decisions() {
    let schema = schema();
    let callers = [
        user(&schema, &[]),
        user(&schema, &["clerk"]),
        user(&schema, &["agent"]),
        user(&schema, &["boss"]),
        token(&schema, &["boss"], &["read", "sales.order:confirm"]),
        system(&schema),
    ];
    let mut true_ones = 0;
    for ctx in &callers {
        for model in schema.models.values() {
            for what in ["read", "create", "write", "delete", "confirm", "settle"] {
                let node = rows(ctx, model, right(what));
                for record in [MINE, OTHERS, CONFIRMED, ELSEWHERE, NOWHERE] {
                    let record = row(ctx, record);
                    let in_rows = super::rows::is_true(&node, &record);
                    let held = still_allowed(ctx, model, right(what), &record).is_ok();
                    assert_eq!(in_rows, held, "{} {what}", model.name);
                    assert!(!in_rows || may(ctx, model, right(what)));
                    true_ones += usize::from(in_rows);
                }
            }
        }
    }
    assert!(true_ones > 50, "the table says yes to {true_ones} only");
}

#[test]
fn a_new_or_changed_record_stays_within_the_grant() {
    let schema = schema();
    let order = schema.model("sales.order").unwrap();
    let ctx = user(&schema, &["agent"]);
    assert_eq!(answer(allow_create(&ctx, order, &row(&ctx, MINE))), "yes");
    assert_eq!(answer(allow_create(&ctx, order, &row(&ctx, OTHERS))), "403");
    assert_eq!(answer(allow_create(&ctx, order, &row(&ctx, ELSEWHERE))), "403");
    // Handing a record out of one's own reach is no right of one who only has his own.
    assert_eq!(answer(still_allowed(&ctx, order, Right::Write, &row(&ctx, OTHERS))), "403");
    assert_eq!(answer(still_allowed(&ctx, order, Right::Write, &row(&ctx, MINE))), "yes");
}

#[test]
fn lines_have_no_rights_of_their_own() {
    let schema = schema();
    let line = schema.model("sales.line").unwrap();
    assert_eq!(document(&schema, line).name, "sales.order");
    for ctx in [user(&schema, &["boss"]), system(&schema)] {
        assert!(!may(&ctx, line, Right::Read));
        assert!(require(&ctx, line, Right::Create).is_err());
    }
}

#[test]
fn refusals_name_what_is_missing() {
    let schema = schema();
    let order = schema.model("sales.order").unwrap();
    let cases = [
        (
            user(&schema, &["clerk"]),
            "confirm",
            "You may not confirm sales order: none of your roles grants it, only agent, boss.",
        ),
        (
            user(&schema, &["agent"]),
            "confirm",
            "You may not confirm sales order: it does not hold that agent may if total <= 1000.0, \
             company in actor.companies.",
        ),
        (user(&schema, &["boss"]), "settle", "You may not settle sales order: no role grants it."),
        (
            token(&schema, &["boss"], &["read"]),
            "delete",
            "You may not delete sales order: the token has no scope sales.order:delete.",
        ),
    ];
    for (ctx, what, message) in cases {
        let refused = still_allowed(&ctx, order, right(what), &row(&ctx, ""));
        assert_eq!(refused.unwrap_err().to_string(), message);
    }
}

#[test]
fn field_classes() {
    let schema = schema();
    // role, model.field → read, write
    let cases = [
        ("clerk", "party", "name", true, true),
        ("clerk", "party", "phone", false, false),
        ("clerk", "party", "boss", false, false),
        ("clerk", "party", "token", false, false),
        ("agent", "party", "phone", true, false),
        ("agent", "party", "boss", true, false),
        ("agent", "sales.order", "margin", false, false),
        ("boss", "sales.order", "margin", true, true),
        ("boss", "party", "phone", true, false),
        ("boss", "party", "token", false, true),
    ];
    for (role, model, field, read, write) in cases {
        let ctx = user(&schema, &[role]);
        let (_, found) = schema.field(model, field).unwrap();
        let may = (may_read_field(&ctx, &schema, found), may_write_field(&ctx, &schema, found));
        assert_eq!(may, (read, write), "{role} {model}.{field}");
    }
    let (_, secret) = schema.field("party", "token").unwrap();
    assert!(!may_read_field(&system(&schema), &schema, secret));
}

#[test]
fn paths_pass_through_what_one_may_read_only() {
    let schema = schema();
    let order = schema.model("sales.order").unwrap();
    let cases: &[(&str, &[&str], bool)] = &[
        ("clerk", &["name"], true),
        ("clerk", &["margin"], false),
        ("clerk", &["customer", "name"], true),
        ("clerk", &["customer", "phone"], false),
        ("clerk", &["customer", "nonsense"], false),
        ("clerk", &["name", "name"], false),
        ("clerk", &[], false),
        ("agent", &["customer", "phone"], true),
        // nobody has a grant to read users here
        ("boss", &["agent", "name"], false),
        ("boss", &["customer", "boss", "name"], false),
    ];
    for (role, path, may) in cases {
        let ctx = user(&schema, &[role]);
        assert_eq!(may_read_path(&ctx, &schema, order, path), *may, "{role} {path:?}");
    }
}

#[test]
fn separation_of_duties() {
    let schema = schema();
    let found = |roles: &[&str]| conflicts(&schema, roles.iter().copied()).len();
    assert_eq!(found(&["payer", "boss"]), 0);
    assert_eq!(found(&["payer", "approver"]), 1);
    assert_eq!(found(&["approver", "boss", "payer"]), 1);
}

#[test]
fn explanations_name_grants_and_restriction() {
    let schema = schema();
    let order = schema.model("sales.order").unwrap();
    let cases = [
        (
            user(&schema, &["agent"]),
            CONFIRMED,
            "read",
            "may read sales.order
  agent: agent == actor.user (does not hold)
  clerk: state == 'confirmed' (holds)
  everybody: company in actor.companies (holds)
  granted by: boss",
        ),
        (
            user(&schema, &["boss"]),
            ELSEWHERE,
            "delete",
            "may not delete sales.order
  boss: state == 'draft' (does not hold)
  everybody: company in actor.companies (does not hold)
  may not see the record",
        ),
        (
            token(&schema, &["boss"], &["read"]),
            OTHERS,
            "confirm",
            "may not confirm sales.order
  agent: total <= 1000.0 (does not hold)
  boss: created_by != actor.user (holds)
  everybody: company in actor.companies (holds)
  outside the scopes of the token",
        ),
    ];
    for (ctx, record, what, text) in cases {
        let record = row(&ctx, record);
        let explained = why(&ctx, order, right(what), &record);
        assert_eq!(explained.to_string(), text);
        let checked = check(&ctx, order, AnyId::new(1), right(what), &record).is_ok();
        assert_eq!(explained.allowed, checked, "the explanation agrees with the decision");
    }
}

#[test]
fn the_matrix_is_readable() {
    let text = matrix(&schema());
    for line in [
        "role boss (sales), includes agent, reads cost, writes cost secret",
        "never both payer and approver, because who approves a payment does not make it",
        "sales.order — of a company",
        "  clerk: read if state == 'confirmed'",
        "  boss: read; write; delete if state == 'draft'; confirm if created_by != actor.user",
        "  (nobody: settle)",
        "sales.line — as its sales.order",
        "party — shared",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
    }
}
