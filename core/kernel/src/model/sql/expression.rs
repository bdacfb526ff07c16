//! An expression's tree as SQL: conditions, values and the joins they need. It gives what
//! `schema::expr::eval` gives: two-valued, exact, null where that is null (a property test compares
//! the two). What the databases do differently is a function of the house (`functions`).
//! Not here: whole statements (`select`), and which expression is asked (`query`, `permissions`).

use std::sync::Arc;

use fondaco_schema::expr::{ActorAttr, Aggregate, FieldRef, Fold, Func, Op};
use fondaco_schema::{Kind, Node, Type};
use fondaco_values::Value;

use super::super::catalog::{Catalog, Meta};
use super::super::cells;
use super::super::compute::Ambient;
use crate::db::{Cell, Sql};
use crate::permissions::{self, Right};
use crate::{Error, Result};

/// Above this many numbers a list is bound as one array, so that the statement's text stays the same.
const ARRAY_FROM: usize = 3;

/// How a value stands in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the column holds it: text, date, instant, link, truth as 0 and 1.
    Plain,
    /// A number as an integer with so many digits after the point.
    Scaled(u8),
    /// A number as the text of a decimal.
    Wide,
}

/// A part of a `from`: a table under an alias, with the tables joined to it by links.
struct From {
    meta: Arc<Meta>,
    alias: String,
    joins: Vec<Join>,
}

struct Join {
    field: String,
    sight: Sight,
    to: usize,
    sql: Sql,
}

/// Whether a link's path may look at records that the caller may not see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Rules and computed fields: the authority is the schema's.
    Whole,
    /// What a caller asks: beyond a record that he may not see, everything is null.
    Own,
}

/// Writes the parts of one statement.
pub(crate) struct Writer<'a> {
    catalog: &'a Catalog,
    ambient: &'a Ambient,
    sight: Sight,
    froms: Vec<From>,
    /// Indexes into `froms` of the records in sight, the innermost last.
    stack: Vec<usize>,
}

impl<'a> Writer<'a> {
    /// For statements whose main table is the model's, under the alias `m`.
    pub(crate) fn new(catalog: &'a Catalog, ambient: &'a Ambient, meta: &Arc<Meta>) -> Writer<'a> {
        let root = From { meta: meta.clone(), alias: "m".to_owned(), joins: Vec::new() };
        Writer { catalog, ambient, sight: Sight::Whole, froms: vec![root], stack: vec![0] }
    }

    /// A condition for `where`: not true and null are alike.
    pub(crate) fn condition(&mut self, node: &Node, sight: Sight) -> Result<Sql> {
        self.sight = sight;
        self.loose(node)
    }

    /// The rows of the main table on which the caller has the right; of lines, those of documents
    /// on which he has.
    pub(crate) fn allowed(&mut self, right: Right<'_>) -> Result<Sql> {
        let meta = self.froms[0].meta.clone();
        let schema = self.catalog.schema();
        let document = permissions::document(schema, &meta.model);
        let rule = permissions::rows(&self.ambient.ctx, document, right);
        match &meta.model.owner {
            None => self.condition(&rule, Sight::Whole),
            Some(owner) => {
                let parent = self.catalog.meta(&owner.parent)?.clone();
                let among = self.ids_where(&parent, &rule)?;
                Ok(self.column(0, &owner.by).lit(" in ").append(among))
            }
        }
    }

    pub(crate) fn ctx(&self) -> &'a crate::Ctx {
        &self.ambient.ctx
    }

    /// The company one works in.
    pub(crate) fn company(&self) -> fondaco_values::AnyId {
        self.ambient.ctx.company().any()
    }

    /// A column of the main table.
    pub(crate) fn own(&self, field: &str) -> Sql {
        self.column(0, field)
    }

    /// `left join …` of all links that were followed from the main table.
    pub(crate) fn joins(&mut self) -> Sql {
        self.joins_of(0)
    }

    /// The value of a field of the main table or, over links, of another. The form follows the kind.
    pub(crate) fn path(&mut self, path: &[FieldRef], sight: Sight) -> Result<(Sql, Form)> {
        self.sight = sight;
        self.field_at(0, path)
    }

    /// The value of an expression over the main table.
    #[cfg(test)]
    pub(crate) fn written(&mut self, node: &Node) -> Result<(Sql, Form)> {
        self.value(node)
    }

    fn joins_of(&mut self, from: usize) -> Sql {
        let joins = std::mem::take(&mut self.froms[from].joins);
        let mut sql = Sql::new();
        for join in joins {
            sql = sql.append(join.sql).append(self.joins_of(join.to));
        }
        sql
    }

    fn column(&self, from: usize, field: &str) -> Sql {
        Sql::new().ident(&self.froms[from].alias).lit(".").ident(field)
    }

    /// `(select id from … where rule)`
    fn ids_where(&mut self, meta: &Arc<Meta>, rule: &Node) -> Result<Sql> {
        let from = self.open(meta);
        let condition = self.within(from, |writer| writer.loose(rule))?;
        let head = Sql::new().lit("(select ").append(self.column(from, "id"));
        Ok(self.close(head, from).lit(" where ").append(condition).lit(")"))
    }

    fn open(&mut self, meta: &Arc<Meta>) -> usize {
        let alias = format!("t{}", self.froms.len());
        self.froms.push(From { meta: meta.clone(), alias, joins: Vec::new() });
        self.froms.len() - 1
    }

    /// ` from table as alias joins`
    fn close(&mut self, head: Sql, from: usize) -> Sql {
        let (table, alias) = (self.froms[from].meta.table.clone(), self.froms[from].alias.clone());
        let joins = self.joins_of(from);
        head.lit(" from ").ident(&table).lit(" as ").ident(&alias).append(joins)
    }

    fn within<T>(&mut self, from: usize, write: impl FnOnce(&mut Self) -> T) -> T {
        self.stack.push(from);
        let written = write(self);
        self.stack.pop();
        written
    }
}

/// Conditions.
impl Writer<'_> {
    /// True, or else false or null.
    fn loose(&mut self, node: &Node) -> Result<Sql> {
        match node {
            Node::Literal { value, .. } => Ok(truth(value.as_bool() == Some(true))),
            Node::Not(of) => {
                let (of, sure) = self.test(of)?;
                let (open, close) = if sure { ("not (", ")") } else { ("not ((", ") is true)") };
                Ok(Sql::new().lit(open).append(of).lit(close))
            }
            Node::IsNull(of) if matches!(of.ty(), Type::List(_) | Type::Lines(_)) => {
                Ok(truth(false))
            }
            Node::IsNull(of) => Ok(self.value(of)?.0.lit(" is null")),
            Node::Binary { op: Op::And, left, right, .. } => self.both(" and ", left, right),
            Node::Binary { op: Op::Or, left, right, .. } => self.both(" or ", left, right),
            Node::Binary { op: Op::In, left, right, .. } => self.among(left, right),
            Node::Binary { op, left, right, .. } if comparison(*op).is_some() => {
                self.compared(*op, left, right)
            }
            Node::Aggregate(fold) if matches!(fold.fold, Fold::Exists | Fold::All) => {
                self.some_line(fold)
            }
            _ => Ok(self.value(node)?.0.lit(" = 1")),
        }
    }

    /// The condition, and whether it is never null.
    fn test(&mut self, node: &Node) -> Result<(Sql, bool)> {
        let sure = match node {
            Node::Literal { .. } | Node::Not(_) | Node::IsNull(_) => true,
            Node::Aggregate(fold) => matches!(fold.fold, Fold::Exists | Fold::All),
            _ => false,
        };
        Ok((self.loose(node)?, sure))
    }

    /// True or false, never null.
    fn exact(&mut self, node: &Node) -> Result<Sql> {
        let (sql, sure) = self.test(node)?;
        Ok(if sure { sql } else { Sql::new().lit("(").append(sql).lit(") is true") })
    }

    fn both(&mut self, word: &'static str, left: &Node, right: &Node) -> Result<Sql> {
        let left = self.loose(left)?;
        let right = self.loose(right)?;
        Ok(Sql::new().lit("(").append(left).lit(word).append(right).lit(")"))
    }

    fn compared(&mut self, op: Op, left: &Node, right: &Node) -> Result<Sql> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        let sign = comparison(op).unwrap_or(" = ");
        match alike(left, right) {
            (left, right, Form::Wide) if op == Op::Ne => {
                Ok(call("fo_differ(", vec![left, right]).lit(" = 1"))
            }
            (left, right, Form::Wide) => Ok(call("fo_cmp(", vec![left, right]).lit(sign).lit("0")),
            (left, right, _) => Ok(left.lit(sign).append(right)),
        }
    }

    fn among(&mut self, left: &Node, right: &Node) -> Result<Sql> {
        let items = match right {
            Node::List { items, .. } => items.clone(),
            Node::Literal { value: Value::List(items), ty } => literals(items, ty),
            Node::Actor(attr) => literals(self.actor(*attr).as_list().unwrap_or(&[]), &attr.ty()),
            Node::Field { .. } => {
                let (left, _) = self.value(left)?;
                let values = self.values_of(right)?;
                return Ok(left.lit(" in (select value").append(values).lit(")"));
            }
            _ => return Err(unaskable("such a list")),
        };
        if items.is_empty() {
            return Ok(truth(false));
        }
        let (left_sql, form) = self.value(left)?;
        let mut cells = Vec::with_capacity(items.len());
        for item in &items {
            match item {
                Node::Literal { value, ty } => cells.push(literal_cell(value, ty, form)),
                _ => cells.push(None),
            }
        }
        if form != Form::Wide && cells.iter().all(Option::is_some) {
            let ints: Option<Vec<i64>> = cells
                .iter()
                .map(|cell| match cell {
                    Some(Cell::Int(value)) => Some(*value),
                    _ => None,
                })
                .collect();
            if let Some(ints) = ints.filter(|ints| ints.len() > ARRAY_FROM) {
                let (open, close) = self.ambient.dialect.in_array();
                let array = serde_json::Value::from(ints).to_string();
                return Ok(left_sql.lit(open).arg(array).lit(close));
            }
            let mut sql = left_sql.lit(" in (");
            for (at, cell) in cells.into_iter().flatten().enumerate() {
                sql = sql.lit(if at == 0 { "" } else { ", " }).arg(cell);
            }
            return Ok(sql.lit(")"));
        }
        let mut sql = Sql::new().lit("(");
        for (at, item) in items.iter().enumerate() {
            sql = sql.lit(if at == 0 { "" } else { " or " });
            sql = sql.append(self.compared(Op::Eq, left, item)?);
        }
        Ok(sql.lit(")"))
    }

    /// ` from values where record = …` of a field of kind tags or links.
    fn values_of(&mut self, list: &Node) -> Result<Sql> {
        let Node::Field { level, path } = list else { return Err(unaskable("such a list")) };
        let Some((last, links)) = path.split_last() else { return Err(unaskable("no field")) };
        let from = self.follow(self.in_sight(*level), links)?;
        let table = fondaco_schema::tables::values_table(&self.froms[from].meta.model, &last.field);
        let id = self.column(from, "id");
        Ok(Sql::new().lit(" from ").ident(&table).lit(" where record = ").append(id))
    }

    fn some_line(&mut self, fold: &Aggregate) -> Result<Sql> {
        let (from, scoped) = self.open_lines(fold)?;
        let mut wanted = scoped;
        if let Some(body) = &fold.body {
            let body = self.within(from, |writer| match fold.fold {
                Fold::All => Ok(Sql::new().lit("not (").append(writer.exact(body)?).lit(")")),
                _ => writer.loose(body),
            })?;
            wanted = wanted.lit(" and ").append(body);
        }
        let word = if fold.fold == Fold::All { "not exists (select 1" } else { "exists (select 1" };
        Ok(self.close(Sql::new().lit(word), from).lit(" where ").append(wanted).lit(")"))
    }

    /// The table of the lines, and the condition that they are these lines.
    fn open_lines(&mut self, fold: &Aggregate) -> Result<(usize, Sql)> {
        let owner = self.in_sight(fold.level);
        let child = self.catalog.meta(&fold.child)?.clone();
        let from = self.open(&child);
        let owner = self.column(owner, "id");
        let mut wanted = self.column(from, &fold.by).lit(" = ").append(owner);
        if let Some(filter) = &fold.filter {
            let filter = self.within(from, |writer| writer.loose(filter))?;
            wanted = wanted.lit(" and ").append(filter);
        }
        Ok((from, wanted))
    }

    fn in_sight(&self, level: u8) -> usize {
        let place = self.stack.len().saturating_sub(1 + usize::from(level));
        self.stack.get(place).copied().unwrap_or(0)
    }
}

/// Values.
impl Writer<'_> {
    fn value(&mut self, node: &Node) -> Result<(Sql, Form)> {
        match node {
            Node::Literal { value, ty } => Ok(literal(value, ty)),
            Node::Field { level, path } => self.field_at(self.in_sight(*level), path),
            Node::Actor(attr) => Ok(literal(&self.actor(*attr), &attr.ty())),
            Node::Company(field) => {
                let value = self.ambient.company_field(&field.field);
                Ok(literal(&value, &field.ty))
            }
            Node::Now => Ok((Sql::new().arg(self.ambient.now), Form::Plain)),
            Node::Today => Ok((Sql::new().arg(self.ambient.today), Form::Plain)),
            Node::List { .. } => Err(unaskable("a list")),
            Node::Negate(of) => {
                let of = self.value(of)?;
                Ok(if whole(&node.ty()) {
                    int_call("fo_int_neg(", vec![of.0])
                } else {
                    wide("fo_neg(", vec![of])
                })
            }
            Node::Not(_) | Node::IsNull(_) => self.as_number(node),
            Node::Binary { op, ty, left, right } => match op {
                Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => {
                    self.arithmetic(*op, ty, left, right)
                }
                _ => self.as_number(node),
            },
            Node::If { test, then, otherwise, .. } => {
                let test = self.loose(test)?;
                let (then, otherwise) = (self.value(then)?, self.value(otherwise)?);
                let (then, otherwise, form) = alike(then, otherwise);
                let sql = Sql::new().lit("case when ").append(test).lit(" then ").append(then);
                Ok((sql.lit(" else ").append(otherwise).lit(" end"), form))
            }
            Node::Call { func, ty, args } => self.function(*func, ty, args),
            Node::Aggregate(fold) => self.folded(fold),
        }
    }

    /// A condition as 0 and 1.
    fn as_number(&mut self, node: &Node) -> Result<(Sql, Form)> {
        let test = self.loose(node)?;
        let sql = Sql::new().lit("case when ").append(test).lit(" then 1 else 0 end");
        Ok((sql, Form::Plain))
    }

    fn field_at(&mut self, from: usize, path: &[FieldRef]) -> Result<(Sql, Form)> {
        let Some((last, links)) = path.split_last() else { return Err(unaskable("no field")) };
        let from = self.follow(from, links)?;
        let meta = self.froms[from].meta.clone();
        let field = meta.model.field(&last.field);
        let field = field.ok_or_else(|| Error::not_found("field", &last.field))?;
        if field.has_column() {
            return Ok((self.column(from, &field.name), form_of(&field.kind)));
        }
        match &field.compute {
            Some(compute) => {
                // What a computed field reads is the schema's affair, not the caller's.
                let sight = std::mem::replace(&mut self.sight, Sight::Whole);
                let written = self.within(from, |writer| writer.value(&compute.node));
                self.sight = sight;
                let written = written?;
                Ok(kept(written, &field.kind))
            }
            None if matches!(field.kind, Kind::Tags | Kind::Links { .. }) => {
                Err(unaskable("a list of values"))
            }
            None => Err(unaskable("lines")),
        }
    }

    /// Follows links from one table to the next, joining each once.
    fn follow(&mut self, from: usize, links: &[FieldRef]) -> Result<usize> {
        let mut from = from;
        for link in links {
            let sight = self.sight;
            let same = |join: &&Join| join.field == link.field && join.sight == sight;
            let known = self.froms[from].joins.iter().find(same);
            from = match known {
                Some(join) => join.to,
                None => self.join(from, link)?,
            };
        }
        Ok(from)
    }

    fn join(&mut self, from: usize, link: &FieldRef) -> Result<usize> {
        let Type::Link(target) = &link.ty else { return Err(unaskable("a path over no link")) };
        let meta = self.catalog.meta(target)?.clone();
        let to = self.open(&meta);
        let own = self.field_at(from, std::slice::from_ref(link))?.0;
        let mut on = self.column(to, "id").lit(" = ").append(own);
        if self.sight == Sight::Own {
            on = on.lit(" and ").append(self.seen(to, &meta)?);
        }
        let alias = self.froms[to].alias.clone();
        let sql = Sql::new().lit(" left join ").ident(&meta.table).lit(" as ").ident(&alias);
        let sql = sql.lit(" on ").append(on);
        let (field, sight) = (link.field.clone(), self.sight);
        self.froms[from].joins.push(Join { field, sight, to, sql });
        Ok(to)
    }

    /// The caller may see the joined record.
    fn seen(&mut self, to: usize, meta: &Arc<Meta>) -> Result<Sql> {
        let document = permissions::document(self.catalog.schema(), &meta.model).clone();
        let rule = permissions::rows(&self.ambient.ctx, &document, Right::Read);
        self.sight = Sight::Whole;
        let seen = match &meta.model.owner {
            None if follows_links(&rule) => {
                let among = self.ids_where(meta, &rule);
                among.map(|among| self.column(to, "id").lit(" in ").append(among))
            }
            None => self.within(to, |writer| writer.loose(&rule)),
            Some(owner) => {
                let parent = self.catalog.meta(&owner.parent)?.clone();
                let among = self.ids_where(&parent, &rule);
                among.map(|among| self.column(to, &owner.by).lit(" in ").append(among))
            }
        };
        self.sight = Sight::Own;
        seen
    }

    fn arithmetic(&mut self, op: Op, ty: &Type, left: &Node, right: &Node) -> Result<(Sql, Form)> {
        let (left_ty, right_ty) = (left.ty(), right.ty());
        let (left, right) = (self.value(left)?, self.value(right)?);
        match (op, left_ty, right_ty) {
            (_, Type::Text, _) => Ok((
                Sql::new().lit("(").append(left.0).lit(" || ").append(right.0).lit(")"),
                Form::Plain,
            )),
            (Op::Sub, Type::Date, Type::Date) => {
                Ok(int_call("fo_date_sub(", vec![left.0, right.0]))
            }
            (Op::Sub, Type::Time, Type::Time) => {
                let sql = Sql::new().lit("((").append(left.0).lit(" - ").append(right.0);
                Ok((sql.lit(") / 1000000)"), Form::Scaled(0)))
            }
            (_, Type::Date | Type::Time, _) => {
                let by = if op == Op::Sub { call("fo_int_neg(", vec![right.0]) } else { right.0 };
                let name = if *ty == Type::Date { "fo_date_add(" } else { "fo_time_add(" };
                Ok((call(name, vec![left.0, by]), Form::Plain))
            }
            _ if whole(ty) => {
                let name = match op {
                    Op::Add => "fo_int_add(",
                    Op::Sub => "fo_int_sub(",
                    Op::Mul => "fo_int_mul(",
                    _ => "fo_int_rem(",
                };
                Ok(int_call(name, vec![left.0, right.0]))
            }
            _ => {
                let name = match op {
                    Op::Add => "fo_add(",
                    Op::Sub => "fo_sub(",
                    Op::Mul => "fo_mul(",
                    Op::Div => "fo_div(",
                    _ => "fo_rem(",
                };
                Ok(wide(name, vec![left, right]))
            }
        }
    }

    fn function(&mut self, func: Func, ty: &Type, args: &[Node]) -> Result<(Sql, Form)> {
        if let (Func::Size, [list @ Node::Field { .. }]) = (func, args)
            && matches!(list.ty(), Type::List(_))
        {
            let values = self.values_of(list)?;
            return Ok((
                Sql::new().lit("(select count(*)").append(values).lit(")"),
                Form::Scaled(0),
            ));
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.value(arg)?);
        }
        let plain = |name, values: Vec<(Sql, Form)>| {
            call(name, values.into_iter().map(|(sql, _)| sql).collect())
        };
        let whole_of = |how: i64, mut values: Vec<(Sql, Form)>| {
            values.truncate(1);
            let number = values.pop().map_or_else(Sql::new, to_wide);
            int_call("fo_whole(", vec![number, Sql::new().arg(how)])
        };
        let number = ty.is_number() || *ty == Type::Duration;
        Ok(match func {
            Func::Size => (plain("length(", values), Form::Scaled(0)),
            Func::Contains => (plain("fo_contains(", values), Form::Plain),
            Func::StartsWith => (plain("fo_starts(", values), Form::Plain),
            Func::EndsWith => (plain("fo_ends(", values), Form::Plain),
            Func::Matches => (plain("fo_matches(", values), Form::Plain),
            Func::Lower => (plain("fo_lower(", values), Form::Plain),
            Func::Upper => (plain("fo_upper(", values), Form::Plain),
            Func::Trim => (plain("fo_trim(", values), Form::Plain),
            Func::Year => (plain("fo_year(", values), Form::Scaled(0)),
            Func::Month => (plain("fo_month(", values), Form::Scaled(0)),
            Func::Day => (plain("fo_day(", values), Form::Scaled(0)),
            Func::Days => {
                values.push((Sql::new().arg(86_400_i64), Form::Scaled(0)));
                (plain("fo_int_mul(", values), Form::Scaled(0))
            }
            Func::Abs if whole(ty) => (plain("fo_int_abs(", values), Form::Scaled(0)),
            Func::Abs => wide("fo_abs(", values),
            Func::Floor => whole_of(-1, values),
            Func::Ceil => whole_of(1, values),
            Func::Round if values.len() == 1 => whole_of(0, values),
            Func::Round => {
                let places = values.pop().map_or_else(Sql::new, |(sql, _)| sql);
                let number = values.pop().map_or_else(Sql::new, to_wide);
                (call("fo_round(", vec![number, places]), Form::Wide)
            }
            Func::Min if number => wide("fo_dec_min(", values),
            Func::Max if number => wide("fo_dec_max(", values),
            Func::Min => (plain("fo_min(", values), Form::Plain),
            Func::Max => (plain("fo_max(", values), Form::Plain),
            Func::Coalesce => {
                let (values, form) = all_alike(values);
                (call("coalesce(", values), form)
            }
        })
    }

    fn folded(&mut self, fold: &Aggregate) -> Result<(Sql, Form)> {
        if matches!(fold.fold, Fold::Exists | Fold::All) {
            return self.as_number(&Node::Aggregate(fold.clone()));
        }
        let (from, wanted) = self.open_lines(fold)?;
        let (body, form) = match &fold.body {
            Some(body) => self.within(from, |writer| writer.value(body))?,
            None => (Sql::new().lit("1"), Form::Scaled(0)),
        };
        let (open, close, form) = match (fold.fold, form) {
            (Fold::Count, _) => ("(select count(line)", ")", Form::Scaled(0)),
            (Fold::Sum, Form::Wide) => ("fo_list_sum((select json_group_array(line)", "))", form),
            (Fold::Min, Form::Wide) => ("fo_list_min((select json_group_array(line)", "))", form),
            (_, Form::Wide) => ("fo_list_max((select json_group_array(line)", "))", form),
            (Fold::Sum, _) => ("(select cast(coalesce(sum(line), 0) as bigint)", ")", form),
            (Fold::Min, _) => ("(select min(line)", ")", form),
            _ => ("(select max(line)", ")", form),
        };
        // Two levels, since a fold over nothing but the document's own fields would else fold the
        // documents.
        let lines = self.close(Sql::new().lit("select ").append(body).lit(" as line"), from);
        let lines = lines.lit(" where ").append(wanted);
        let sql = Sql::new().lit(open).lit(" from (").append(lines).lit(") as folded");
        Ok((sql.lit(close), form))
    }

    fn actor(&self, attr: ActorAttr) -> Value {
        self.ambient.actor(attr)
    }
}

fn comparison(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Eq => " = ",
        Op::Ne => " is distinct from ",
        Op::Lt => " < ",
        Op::Le => " <= ",
        Op::Gt => " > ",
        Op::Ge => " >= ",
        _ => return None,
    })
}

/// Integers and durations are counted as such, everything else as decimals.
fn whole(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Duration)
}

fn truth(holds: bool) -> Sql {
    Sql::new().lit(if holds { "1 = 1" } else { "1 = 0" })
}

fn call(name: &'static str, args: Vec<Sql>) -> Sql {
    let mut sql = Sql::new().lit(name);
    for (at, arg) in args.into_iter().enumerate() {
        sql = sql.lit(if at == 0 { "" } else { ", " }).append(arg);
    }
    sql.lit(")")
}

fn int_call(name: &'static str, args: Vec<Sql>) -> (Sql, Form) {
    (call(name, args), Form::Scaled(0))
}

fn wide(name: &'static str, args: Vec<(Sql, Form)>) -> (Sql, Form) {
    (call(name, args.into_iter().map(to_wide).collect()), Form::Wide)
}

fn to_wide((sql, form): (Sql, Form)) -> Sql {
    match form {
        Form::Scaled(0) | Form::Plain | Form::Wide => sql,
        Form::Scaled(scale) => call("fo_dec(", vec![sql, Sql::new().arg(i64::from(scale))]),
    }
}

/// Two values that can be compared or stand for each other.
fn alike(left: (Sql, Form), right: (Sql, Form)) -> (Sql, Sql, Form) {
    let (mut both, form) = all_alike(vec![left, right]);
    let right = both.pop().unwrap_or_else(Sql::new);
    (both.pop().unwrap_or_else(Sql::new), right, form)
}

fn all_alike(values: Vec<(Sql, Form)>) -> (Vec<Sql>, Form) {
    let first = values.first().map_or(Form::Plain, |(_, form)| *form);
    if values.iter().all(|(_, form)| *form == first) {
        return (values.into_iter().map(|(sql, _)| sql).collect(), first);
    }
    // A literal takes the scale of the column that it meets, so that an index can serve.
    let column =
        values.iter().map(|(_, form)| *form).find(|form| matches!(form, Form::Scaled(s) if *s > 0));
    if let Some(Form::Scaled(scale)) = column {
        let fitted: Option<Vec<Sql>> = values.iter().map(|value| fitted(value, scale)).collect();
        if let Some(fitted) = fitted {
            return (fitted, Form::Scaled(scale));
        }
    }
    (values.into_iter().map(to_wide).collect(), Form::Wide)
}

/// The same number with another scale: of a column only its own, of a literal any that holds it.
fn fitted((sql, form): &(Sql, Form), scale: u8) -> Option<Sql> {
    match (form, sql.binds()) {
        (Form::Scaled(own), _) if *own == scale => Some(sql.clone()),
        (Form::Scaled(own), [Cell::Int(value)]) if *own < scale && sql.as_str() == "$1" => {
            let factor = 10_i64.checked_pow(u32::from(scale - own))?;
            Some(Sql::new().arg(value.checked_mul(factor)?))
        }
        (Form::Plain, []) if sql.as_str() == "null" => Some(sql.clone()),
        _ => None,
    }
}

/// A computed value as a column of this kind would keep it.
fn kept((sql, form): (Sql, Form), kind: &Kind) -> (Sql, Form) {
    match (form_of(kind), form) {
        (Form::Plain, _) => (sql, Form::Plain),
        (wanted, have) if wanted == have => (sql, wanted),
        (Form::Scaled(scale), have) => {
            let args = vec![to_wide((sql, have)), Sql::new().arg(i64::from(scale))];
            (call("fo_scaled(", args), Form::Scaled(scale))
        }
        (Form::Wide, have) => (sql, have),
    }
}

pub(crate) fn form_of(kind: &Kind) -> Form {
    match kind {
        Kind::Integer | Kind::Duration => Form::Scaled(0),
        kind => kind.scale().map_or(Form::Plain, Form::Scaled),
    }
}

fn literal(value: &Value, ty: &Type) -> (Sql, Form) {
    if value.is_null() {
        return (Sql::new().lit("null"), Form::Plain);
    }
    let form = match value {
        Value::Int(_) => Form::Scaled(0),
        Value::Decimal(decimal) => {
            let decimal = decimal.normalize();
            let scale = decimal.scale();
            return match (cells::scaled(decimal, scale), u8::try_from(scale)) {
                (Some(scaled), Ok(places)) => (Sql::new().arg(scaled), Form::Scaled(places)),
                _ => (Sql::new().arg(decimal.to_string()), Form::Wide),
            };
        }
        _ => Form::Plain,
    };
    let cell = literal_cell(value, ty, form).unwrap_or(Cell::Null);
    (Sql::new().arg(cell), form)
}

/// A literal as a column of this form holds it; `None` when it cannot.
fn literal_cell(value: &Value, _ty: &Type, form: Form) -> Option<Cell> {
    match (value, form) {
        (Value::Int(_) | Value::Decimal(_), Form::Scaled(scale)) => {
            cells::scaled(value.as_decimal()?, u32::from(scale)).map(Cell::Int)
        }
        (Value::Bool(b), _) => Some(Cell::from(*b)),
        (Value::Text(text), _) => Some(Cell::from(text)),
        (Value::Date(date), _) => Some(Cell::from(*date)),
        (Value::Time(time), _) => Some(Cell::from(*time)),
        (Value::Link(id), _) => Some(Cell::from(*id)),
        _ => None,
    }
}

fn literals(items: &[Value], list: &Type) -> Vec<Node> {
    let ty = if let Type::List(of) = list { of.as_ref().clone() } else { Type::Null };
    items.iter().map(|value| Node::Literal { value: value.clone(), ty: ty.clone() }).collect()
}

/// Whether the expression reads anything but the record's own columns.
fn follows_links(node: &Node) -> bool {
    let mut follows = false;
    node.walk(&mut |node| match node {
        Node::Field { path, .. } => follows |= path.len() > 1,
        Node::Aggregate(_) => follows = true,
        _ => {}
    });
    follows
}

fn unaskable(what: &str) -> Error {
    Error::problem("filter", "expression", format!("One cannot ask for {what} here."))
}
