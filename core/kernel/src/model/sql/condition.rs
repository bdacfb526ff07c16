//! Conditions of the expression language in SQL: two-valued, as in memory. Where null and false are
//! alike nothing is said about null, so that indexes serve. Not here: values (`expression`).

use fondaco_schema::expr::{Aggregate, Fold, Op};
use fondaco_schema::{Node, Type};
use fondaco_values::Value;

use super::form::{Form, alike, call, literal_cell, typed};
use super::writer::{Writer, unaskable};
use crate::Result;
use crate::db::{Cell, Sql};

/// Above this many numbers a list is bound as one array, so that the statement's text stays the same.
const ARRAY_FROM: usize = 3;

/// Conditions.
impl Writer<'_> {
    /// True, or else false or null.
    pub(super) fn loose(&mut self, node: &Node) -> Result<Sql> {
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
    pub(super) fn exact(&mut self, node: &Node) -> Result<Sql> {
        let (sql, sure) = self.test(node)?;
        Ok(if sure { sql } else { Sql::new().lit("(").append(sql).lit(") is true") })
    }

    fn both(&mut self, word: &'static str, left: &Node, right: &Node) -> Result<Sql> {
        let left = self.loose(left)?;
        let right = self.loose(right)?;
        Ok(Sql::new().lit("(").append(left).lit(word).append(right).lit(")"))
    }

    pub(super) fn compared(&mut self, op: Op, left: &Node, right: &Node) -> Result<Sql> {
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
        let left_sql = typed(left_sql);
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
                return Ok(left_sql.lit(open).arg(ints).lit(close));
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
    pub(super) fn values_of(&mut self, list: &Node) -> Result<Sql> {
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
    pub(super) fn open_lines(&mut self, fold: &Aggregate) -> Result<(usize, Sql)> {
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

    pub(super) fn in_sight(&self, level: u8) -> usize {
        let place = self.stack.len().saturating_sub(1 + usize::from(level));
        self.stack.get(place).copied().unwrap_or(0)
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

fn truth(holds: bool) -> Sql {
    Sql::new().lit(if holds { "1 = 1" } else { "1 = 0" })
}

fn literals(items: &[Value], list: &Type) -> Vec<Node> {
    let ty = if let Type::List(of) = list { of.as_ref().clone() } else { Type::Null };
    items.iter().map(|value| Node::Literal { value: value.clone(), ty: ty.clone() }).collect()
}
