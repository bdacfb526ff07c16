//! Values of the expression language in SQL. They are what `schema::expr::eval` gives: exact, and
//! null where that is null (a property test compares the two). What databases do differently is a
//! function of the house (`functions`). Not here: conditions (`condition`), forms (`form`).

use fondaco_schema::expr::{ActorAttr, Aggregate, FieldRef, Fold, Func, Op};
use fondaco_schema::{Kind, Node, Type};
use fondaco_values::Value;

use super::form::{Form, alike, all_alike, call, form_of, int_call, kept, literal};
use super::form::{to_whole, to_wide, typed, wide};
use super::writer::{Writer, unaskable};
use crate::db::Sql;
use crate::{Error, Result};

/// Values.
impl Writer<'_> {
    pub(super) fn value(&mut self, node: &Node) -> Result<(Sql, Form)> {
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
                    int_call("fo_int_neg(", vec![to_whole(of)])
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

    pub(super) fn field_at(&mut self, from: usize, path: &[FieldRef]) -> Result<(Sql, Form)> {
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
                let written = self.within(from, |writer| writer.value(&compute.node))?;
                Ok(kept(written, &field.kind))
            }
            None if matches!(field.kind, Kind::Tags | Kind::Links { .. }) => {
                Err(unaskable("a list of values"))
            }
            None => Err(unaskable("lines")),
        }
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
                let sql = Sql::new().lit("((").append(typed(left.0)).lit(" - ").append(right.0);
                Ok((sql.lit(") / 1000000)"), Form::Scaled(0)))
            }
            (_, Type::Date | Type::Time, _) => {
                let right = to_whole(right);
                let by = if op == Op::Sub { call("fo_int_neg(", vec![right]) } else { right };
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
                Ok(int_call(name, vec![to_whole(left), to_whole(right)]))
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
        let wholes = |name, values: Vec<(Sql, Form)>| {
            int_call(name, values.into_iter().map(to_whole).collect())
        };
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
                wholes("fo_int_mul(", values)
            }
            Func::Abs if whole(ty) => wholes("fo_int_abs(", values),
            Func::Abs => wide("fo_abs(", values),
            Func::Floor => whole_of(-1, values),
            Func::Ceil => whole_of(1, values),
            Func::Round if values.len() == 1 => whole_of(0, values),
            Func::Round => {
                let places = values.pop().map_or_else(Sql::new, to_whole);
                let number = values.pop().map_or_else(Sql::new, to_wide);
                (call("fo_round(", vec![number, places]), Form::Wide)
            }
            Func::Min if whole(ty) => wholes("fo_min(", values),
            Func::Max if whole(ty) => wholes("fo_max(", values),
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

    pub(super) fn actor(&self, attr: ActorAttr) -> Value {
        self.ambient.actor(attr)
    }
}
/// Integers and durations are counted as such, everything else as decimals.
fn whole(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Duration)
}
