//! SQL and memory agree: random expressions over random orders give the same in both, asked straight
//! and turned around, by what is found and by what is computed.

use std::collections::BTreeSet;

use fondaco_schema::expr::{compile, eval};
use fondaco_schema::{Expr, Node, Type};
use fondaco_values::{AnyId, Value};
use serde_json::{Value as Json, json};

use super::world::{World, draft};
use crate::model::compute::Ambient;
use crate::model::sql::{Form, Sight, Writer};
use crate::model::{Stage, cells};
use crate::records;
use crate::store;
use crate::testing::both;
use crate::{Ctx, Result, Tx};

both! {
    sql_and_memory_agree,
}

const ORDERS: usize = 40;
const EXPRESSIONS: usize = 700;
const DEPTH: usize = 3;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn maybe(&mut self, value: Json) -> Json {
        if self.below(4) == 0 { Json::Null } else { value }
    }
}

/// Texts of expressions by type. `line` is set inside of an aggregate over lines.
struct Maker<'c> {
    chance: &'c mut Chance,
    line: bool,
}

impl Maker<'_> {
    fn pick(&mut self, depth: usize, leaves: usize, all: usize) -> usize {
        self.chance.below(if depth == 0 { leaves } else { all })
    }

    fn number(&mut self, depth: usize) -> String {
        if self.line && self.chance.below(3) == 0 {
            return self
                .chance
                .of(&["l.quantity", "l.price", "l.amount", "l.count", "l.product.list_price"])
                .to_owned();
        }
        let d = depth.saturating_sub(1);
        match self.pick(depth, 4, 19) {
            0 => {
                self.chance.of(&["total", "discount", "margin", "customer.credit_limit"]).to_owned()
            }
            1 => self.chance.of(&["0", "1", "2", "-3", "100", "7"]).to_owned(),
            2 => self.chance.of(&["0.5", "2.50", "-1.25", "10.123456", "0.0001", "5.0"]).to_owned(),
            3 => self.chance.of(&["total", "size(tags)", "decimal(\"7.00\")", "5"]).to_owned(),
            4..=8 => {
                let (a, b) = (self.number(d), self.number(d));
                format!("({a} {} {b})", self.chance.of(&["+", "-", "*", "/", "%"]))
            }
            9 => format!("(-({}))", self.number(d)),
            10 => format!("abs({})", self.number(d)),
            11 => format!("round({}, {})", self.number(d), self.chance.of(&["0", "2", "5"])),
            12 => format!("{}({})", self.chance.of(&["floor", "ceil", "round"]), self.number(d)),
            13 => {
                let name = self.chance.of(&["min", "max", "coalesce"]);
                format!("{name}({}, {})", self.number(d), self.number(d))
            }
            14 => format!("({} ? {} : {})", self.truth(d), self.number(d), self.number(d)),
            15 => format!("size({})", self.text(d)),
            16 => format!("{}({})", self.chance.of(&["year", "month", "day"]), self.date(d)),
            _ if self.line => "l.quantity".to_owned(),
            17 => {
                let name = self.chance.of(&["sum", "min", "max"]);
                format!(
                    "{name}(lines.{})",
                    self.chance.of(&["quantity", "price", "amount", "count"])
                )
            }
            _ => {
                let name = self.chance.of(&["sum", "min", "max"]);
                let body = self.inside(d, Maker::number);
                format!("{name}(lines.map(l, {body}))")
            }
        }
    }

    fn inside(&mut self, depth: usize, make: fn(&mut Self, usize) -> String) -> String {
        self.line = true;
        let made = make(self, depth);
        self.line = false;
        made
    }

    fn text(&mut self, depth: usize) -> String {
        let d = depth.saturating_sub(1);
        match self.pick(depth, 3, 8) {
            0 => {
                self.chance.of(&["note", "reference", "customer.name", "place", "state"]).to_owned()
            }
            1 => self.chance.of(&["'a'", "'Ł'", "''", "' b '", "'draft'", "'ÁB'"]).to_owned(),
            2 if self.line => self.chance.of(&["l.text", "l.product.name"]).to_owned(),
            2 => "note".to_owned(),
            3 | 4 => format!("{}({})", self.chance.of(&["lower", "upper", "trim"]), self.text(d)),
            5 => format!("({} + {})", self.text(d), self.text(d)),
            6 => format!("coalesce({}, {})", self.text(d), self.text(d)),
            _ => format!("({} ? {} : {})", self.truth(d), self.text(d), self.text(d)),
        }
    }

    fn date(&mut self, depth: usize) -> String {
        let d = depth.saturating_sub(1);
        match self.pick(depth, 3, 7) {
            0 => self.chance.of(&["due", "ordered_on"]).to_owned(),
            1 => "today()".to_owned(),
            2 => self.chance.of(&["date('2026-02-28')", "date('1969-12-31')"]).to_owned(),
            3 | 4 => {
                let by = self.duration(d);
                format!("({} {} {by})", self.date(d), self.chance.of(&["+", "-"]))
            }
            _ => {
                let name = self.chance.of(&["min", "max", "coalesce"]);
                format!("{name}({}, {})", self.date(d), self.date(d))
            }
        }
    }

    fn time(&mut self, depth: usize) -> String {
        match self.pick(depth, 2, 4) {
            0 => "at".to_owned(),
            1 => "now()".to_owned(),
            _ => format!("({} + {})", self.time(depth - 1), self.duration(depth - 1)),
        }
    }

    fn duration(&mut self, depth: usize) -> String {
        match self.pick(depth, 1, 4) {
            0 => self.chance.of(&["days(1)", "days(-40)", "days(365)"]).to_owned(),
            1 => format!("({} - {})", self.date(depth - 1), self.date(depth - 1)),
            2 => format!("({} - {})", self.time(depth - 1), self.time(depth - 1)),
            _ => format!("({} * 2)", self.duration(depth - 1)),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        let d = depth.saturating_sub(1);
        let sign = self.chance.of(&["==", "!=", "<", "<=", ">", ">="]);
        match self.pick(depth, 3, 19) {
            0 => self.chance.of(&["urgent", "heavy", "customer.active", "true"]).to_owned(),
            1 => format!(
                "{} == null",
                self.chance.of(&["note", "due", "urgent", "customer.country"])
            ),
            2 => self
                .chance
                .of(&["'a' in tags", "customer in watchers", "seller == actor.user"])
                .to_owned(),
            3..=6 => format!("({} {sign} {})", self.number(d), self.number(d)),
            7 | 8 => format!("({} {sign} {})", self.text(d), self.text(d)),
            9 => format!("({} {sign} {})", self.date(d), self.date(d)),
            10 => format!("({} {sign} {})", self.time(d), self.time(d)),
            11 => format!("({} {sign} {})", self.duration(d), self.duration(d)),
            12 => format!("!({})", self.truth(d)),
            13 => format!("({} && {})", self.truth(d), self.truth(d)),
            14 => format!("({} || {})", self.truth(d), self.truth(d)),
            15 => {
                let name = self.chance.of(&["contains", "startsWith", "endsWith", "matches"]);
                format!("{name}({}, {})", self.text(d), self.text(d))
            }
            16 => format!(
                "({} in [{}, {}, {}])",
                self.number(d),
                self.number(0),
                self.number(0),
                self.number(d)
            ),
            17 => format!("({} ? {} : {})", self.truth(d), self.truth(d), self.truth(d)),
            _ if self.line => {
                format!("(l.text {} {})", self.chance.of(&["==", "!="]), self.text(d))
            }
            _ => {
                let name = self.chance.of(&["exists", "all"]);
                let body = self.inside(d, Maker::truth);
                format!("lines.{name}(l, {body})")
            }
        }
    }
}

fn order(chance: &mut Chance, world: &World, n: usize) -> Json {
    let product = |chance: &mut Chance| if chance.below(2) == 0 { world.bolt } else { world.nut };
    let count = chance.below(4);
    let lines: Vec<Json> = (0..count)
        .map(|_| {
            let text = chance.of(&["a", "Łódź", "", "x y"]);
            let price = chance.of(&["2.50", "0.10", "-7.00", "0.00"]);
            json!({
                "product": product(chance).to_string(),
                "quantity": chance.of(&["1", "0.333333", "12.5", "100", "0"]),
                "price": chance.maybe(price.into()), "text": chance.maybe(text.into()),
                "count": chance.maybe(json!(chance.0 as i8)),
            })
        })
        .collect();
    let note = chance.of(&["a", "b", "Ł", " draft ", "Ábc"]);
    let discount = chance.of(&["0.5", "0.000001", "0", "1"]);
    let due = chance.of(&["2026-02-28", "2024-02-29", "1969-12-30"]);
    let at = chance.of(&["2026-01-01T10:00:00.5Z", "1969-12-31T23:59:59.25Z"]);
    json!({
        "customer": world.acme.to_string(), "reference": chance.maybe(format!("R{n}").into()),
        "note": chance.maybe(note.into()), "discount": chance.maybe(discount.into()),
        "margin": chance.maybe(json!("12.34")), "due": chance.maybe(due.into()),
        "at": chance.maybe(at.into()), "urgent": chance.maybe(json!(n.is_multiple_of(2))),
        "tags": if n.is_multiple_of(3) { json!(["a", "b"]) } else { json!([]) },
        "watchers": if n.is_multiple_of(5) { json!([world.acme.to_string()]) } else { json!([]) },
        "lines": lines,
    })
}

/// What is found in SQL, and the value that SQL computes for each order.
async fn in_sql(tx: &mut Tx, expr: &Expr) -> Result<(BTreeSet<AnyId>, Vec<(AnyId, Value)>)> {
    let registry = tx.registry().clone();
    let meta = registry.catalog.meta("kernel_orders.order")?;
    let ambient = Ambient::of(tx, &[&expr.node]).await?;
    let mut found = BTreeSet::new();
    let mut values = Vec::new();
    let mut writer = Writer::new(&registry.catalog, &ambient, meta);
    if expr.ty == Type::Bool {
        let condition = writer.condition(&expr.node, Sight::Whole)?;
        let sql = crate::db::Sql::new().lit("select m.id from ").ident(&meta.table).lit(" as m");
        let sql = sql.append(writer.joins()).lit(" where ").append(condition);
        found.extend(tx.rows(sql).await?.iter().map(|row| row.id::<fondaco_values::Any>(0)));
    } else {
        let (value, form) = writer.written(&expr.node)?;
        let sql = crate::db::Sql::new().lit("select m.id, ").append(value);
        let sql = sql.lit(" from ").ident(&meta.table).lit(" as m").append(writer.joins());
        for row in tx.rows(sql).await? {
            values.push((row.id(0), read(&row.0[1], form, &expr.ty)));
        }
    }
    Ok((found, values))
}

fn read(cell: &crate::db::Cell, form: Form, ty: &Type) -> Value {
    use crate::db::Cell;
    match (cell, form, ty) {
        (Cell::Null, ..) => Value::Null,
        (Cell::Int(n), Form::Scaled(scale), _) => {
            cells::to_value(&fondaco_schema::Kind::Decimal { scale }, Cell::Int(*n).held())
        }
        (Cell::Int(n), Form::Wide, _) => Value::Int(*n),
        (Cell::Text(text), Form::Wide, _) => Value::Decimal(text.parse().unwrap()),
        (Cell::Text(text), _, Type::Date) => Value::Date(text.parse().unwrap()),
        (Cell::Text(text), ..) => Value::Text(text.clone()),
        (Cell::Int(n), _, _) => Value::Int(*n),
        (Cell::Bytes(_) | Cell::Ids(_) | Cell::Texts(_), ..) => unreachable!(),
    }
}

async fn compare(tx: &mut Tx, ids: &[AnyId], expr: &Expr) -> Result<Option<String>> {
    let registry = tx.registry().clone();
    let meta = registry.catalog.meta("kernel_orders.order")?;
    let recs = store::whole(tx, meta, ids).await?;
    let mut stage = Stage::new(tx, &[&expr.node]).await?;
    stage.reach(tx, &recs.iter().collect::<Vec<_>>(), &[&expr.node]).await?;
    let (found, values) = in_sql(tx, expr).await?;
    for rec in &recs {
        let here = eval(&expr.node, &stage.scope(rec));
        if expr.ty == Type::Bool {
            let there = found.contains(&rec.id);
            if (here == Value::Bool(true)) != there {
                return Ok(Some(format!("memory {here:?}, SQL {there}: {}\n{rec:?}", expr.source)));
            }
            continue;
        }
        let there = values.iter().find(|(id, _)| *id == rec.id).map(|(_, value)| value.clone());
        if Some(&here) != there.as_ref() {
            return Ok(Some(format!("memory {here:?}, SQL {there:?}: {}\n{rec:?}", expr.source)));
        }
    }
    Ok(None)
}

async fn differs(world: &World, ctx: &Ctx, ids: &[AnyId], expr: Expr) -> Option<String> {
    let (ids, source) = (ids.to_vec(), expr.source.clone());
    let compared = world.run(ctx, move |tx| {
        let (ids, expr) = (ids.clone(), expr.clone());
        Box::pin(async move { compare(tx, &ids, &expr).await })
    });
    compared.await.unwrap_or_else(|error| Some(format!("{source}: {error:?}")))
}

async fn sql_and_memory_agree() {
    let world = World::new().await;
    let chief = world.ann(&["chief", "seller", "employee", "everyone"]);
    let mut chance = Chance(20_261_121);
    let orders: Vec<Json> = (0..ORDERS).map(|n| order(&mut chance, &world, n)).collect();
    let made = world.run(&chief, move |tx| {
        let orders = orders.clone();
        Box::pin(async move {
            let drafts = orders.iter().map(|json| draft(tx, json)).collect::<Result<_>>()?;
            records::create(tx, "kernel_orders.order", drafts).await
        })
    });
    let ids = made.await.unwrap();
    let registry = world.kernel.registry();
    let model = registry.schema.model("kernel_orders.order").unwrap();
    let mut asked = 0;
    for n in 0..EXPRESSIONS {
        let mut maker = Maker { chance: &mut chance, line: false };
        let source = if n % 3 == 0 { maker.number(DEPTH) } else { maker.truth(DEPTH) };
        let Ok(expr) = compile(&source, model, &registry.schema, None) else { continue };
        let turned = Expr {
            source: format!("!({source})"),
            node: Node::Not(Box::new(expr.node.clone())),
            ty: Type::Bool,
        };
        asked += 1;
        let both = if expr.ty == Type::Bool { vec![expr, turned] } else { vec![expr] };
        for expr in both {
            if let Some(difference) = differs(&world, &chief, &ids, expr).await {
                panic!("{difference}");
            }
        }
    }
    assert!(asked > EXPRESSIONS / 2, "only {asked} of the expressions have a type");
}
