//! The type check of what makes one value of many lines: `sum(lines.amount)`, `size(lines)`,
//! `sum(lines.map(l, l.price * l.quantity))`, `lines.filter(l, …).exists(l, …)`.

use cel::common::ast::Expr as Parsed;
use cel::parser::Expression;

use super::check::{Checker, Frame, Named, chain};
use super::operator::truth;
use super::{Aggregate, FieldRef, Fold, Node, Op, Type};
use crate::Model;

/// Lines, which of them, and what of each.
struct Range<'a> {
    level: u8,
    lines: FieldRef,
    by: &'a str,
    child: &'a Model,
    filter: Option<Node>,
    body: Option<Node>,
}

impl<'a> Checker<'a> {
    /// Checks an aggregate; `None` when the function is not one, or not of lines.
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        given: &[&Expression],
    ) -> Result<Option<Node>, String> {
        let fold = match (name, given) {
            ("exists" | "all", [of, variable, condition]) => {
                let fold = if name == "all" { Fold::All } else { Fold::Exists };
                return self.quantified(fold, of, variable, condition).map(Some);
            }
            ("exists" | "all", _) => {
                return Err(format!("`{name}` is asked of lines: lines.{name}(l, …)"));
            }
            ("map" | "filter", [_, _, _]) => {
                return Err(format!("`{name}` stands inside sum, count, min, max, exists or all"));
            }
            ("sum", [_]) => Fold::Sum,
            ("count" | "size", [_]) => Fold::Count,
            ("min", [_]) => Fold::Min,
            ("max", [_]) => Fold::Max,
            ("sum" | "count", _) => {
                return Err(format!("`{name}` wants lines, such as {name}(lines.x)"));
            }
            _ => return Ok(None),
        };
        let Some(range) = self.range(given[0])? else {
            let of_lines = matches!(name, "sum" | "count" | "min" | "max");
            return match of_lines {
                true => Err(format!("`{name}` of one value wants lines, such as {name}(lines.x)")),
                false => Ok(None),
            };
        };
        if name == "size" && range.body.is_some() {
            return Err("`size` counts lines; use count for those with a value".to_owned());
        }
        let ty = folded(name, fold, &range)?;
        Ok(Some(range.fold(fold, ty)))
    }

    fn quantified(
        &mut self,
        fold: Fold,
        of: &Expression,
        variable: &Expression,
        condition: &Expression,
    ) -> Result<Node, String> {
        let Some(mut range) = self.range(of)? else {
            return Err("`exists` and `all` are asked of lines only".to_owned());
        };
        if range.body.is_some() {
            return Err("`exists` and `all` come without map".to_owned());
        }
        let body = self.of_line(range.child, variable, condition)?;
        range.body = Some(truth(body, "a condition of lines")?);
        Ok(range.fold(fold, Type::Bool))
    }

    /// Reads a part as lines; `None` when it is something else.
    fn range(&mut self, part: &Expression) -> Result<Option<Range<'a>>, String> {
        if let Parsed::Call(call) = &part.expr {
            return match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
                (name @ ("map" | "filter"), Some(of), [variable, body]) => {
                    let Some(range) = self.range(of)? else {
                        return Err(format!("`{name}` is asked of lines only"));
                    };
                    self.narrowed(name, range, variable, body).map(Some)
                }
                _ => Ok(None),
            };
        }
        let Some(names) = chain(part) else { return self.field_of_range(part) };
        let Named::Lines { level, field, by, child, rest } = self.named(&names)? else {
            return Ok(None);
        };
        let range = Range { level, lines: field, by, child, filter: None, body: None };
        if rest.is_empty() { Ok(Some(range)) } else { self.with_field(range, rest).map(Some) }
    }

    /// `lines.filter(l, …).price`.
    fn field_of_range(&mut self, part: &Expression) -> Result<Option<Range<'a>>, String> {
        let mut names = Vec::new();
        let mut at = part;
        while let Parsed::Select(select) = &at.expr {
            names.insert(0, select.field.clone());
            at = &select.operand;
        }
        if names.is_empty() || !matches!(at.expr, Parsed::Call(_)) {
            return Ok(None);
        }
        match self.range(at)? {
            Some(range) if range.body.is_none() => self.with_field(range, names).map(Some),
            _ => Ok(None),
        }
    }

    fn with_field(
        &mut self,
        mut range: Range<'a>,
        names: Vec<String>,
    ) -> Result<Range<'a>, String> {
        let line = String::new();
        self.frames.push(Frame { variable: Some(line.clone()), model: range.child });
        let names: Vec<String> = std::iter::once(line).chain(names).collect();
        let body = self.named(&names);
        self.frames.pop();
        match body? {
            Named::Value(node) => range.body = Some(node),
            Named::Lines { field, .. } => return Err(super::check::several(&field)),
        }
        Ok(range)
    }

    fn narrowed(
        &mut self,
        name: &str,
        mut range: Range<'a>,
        variable: &Expression,
        body: &Expression,
    ) -> Result<Range<'a>, String> {
        if range.body.is_some() {
            return Err(format!("`{name}` comes before anything else is asked of the lines"));
        }
        let node = self.of_line(range.child, variable, body)?;
        if name == "map" {
            range.body = Some(node);
            return Ok(range);
        }
        let node = truth(node, "filter")?;
        range.filter = Some(match range.filter.take() {
            Some(first) => Node::Binary {
                op: Op::And,
                ty: Type::Bool,
                left: Box::new(first),
                right: Box::new(node),
            },
            None => node,
        });
        Ok(range)
    }

    /// Checks a part that is asked of each line, which goes by the name of `variable` in it.
    fn of_line(
        &mut self,
        child: &'a Model,
        variable: &Expression,
        part: &Expression,
    ) -> Result<Node, String> {
        let Parsed::Ident(name) = &variable.expr else {
            return Err("a line wants a simple name: lines.exists(l, l.x > 0)".to_owned());
        };
        if self.frames[0].model.fields.contains_key(name) {
            return Err(format!("`{name}` is a field; call the line something else"));
        }
        self.frames.push(Frame { variable: Some(name.clone()), model: child });
        let node = self.value(part);
        self.frames.pop();
        node
    }
}

impl Range<'_> {
    fn fold(self, fold: Fold, ty: Type) -> Node {
        Node::Aggregate(Aggregate {
            fold,
            level: self.level,
            lines: self.lines,
            child: self.child.name.clone(),
            by: self.by.to_owned(),
            filter: self.filter.map(Box::new),
            body: self.body.map(Box::new),
            ty,
        })
    }
}

fn folded(name: &str, fold: Fold, range: &Range<'_>) -> Result<Type, String> {
    let Some(body) = &range.body else {
        return match fold {
            Fold::Count => Ok(Type::Int),
            _ => {
                let lines = &range.lines.field;
                Err(format!("`{name}` wants a field of the lines, such as {name}({lines}.x)"))
            }
        };
    };
    match (fold, body.ty()) {
        (Fold::Count, _) => Ok(Type::Int),
        (Fold::Sum, ty) if ty.is_number() || ty == Type::Duration => Ok(ty),
        (Fold::Sum, ty) => Err(format!("`sum` adds numbers, not {ty}")),
        (_, ty @ (Type::Bool | Type::Link(_) | Type::List(_) | Type::Json | Type::Null)) => {
            Err(format!("`{name}` does not compare {ty}"))
        }
        (_, ty) => Ok(ty),
    }
}
