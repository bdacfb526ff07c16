//! The tables of one statement: the main one, those joined over links, those of aggregates; each
//! link is joined once, and never further than the caller may see when it is he who asks.
//! Not here: conditions (`condition`) and values (`expression`).

use std::sync::Arc;

use fondaco_schema::expr::FieldRef;
use fondaco_schema::{Node, Type};

use super::form::Form;
use crate::db::Sql;
use crate::model::catalog::{Catalog, Meta};
use crate::model::compute::Ambient;
use crate::permissions::{self, Right};
use crate::{Error, Result};

/// A part of a `from`: a table under an alias, with the tables joined to it by links.
pub(super) struct From {
    pub(super) meta: Arc<Meta>,
    alias: String,
    joins: Vec<Join>,
}

pub(super) struct Join {
    field: String,
    sight: Sight,
    to: usize,
    sql: Sql,
}
/// Whether a link's path may look at records that the caller may not see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Rules, and what a module asks: the authority is the schema's.
    Whole,
    /// What a caller asks: beyond a record that he may not see, everything is null, also to the
    /// computed fields that he reads.
    Own,
}
/// Writes the parts of one statement.
pub(crate) struct Writer<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) ambient: &'a Ambient,
    pub(super) sight: Sight,
    pub(super) froms: Vec<From>,
    /// Indexes into `froms` of the records in sight, the innermost last.
    pub(super) stack: Vec<usize>,
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

    pub(crate) fn dialect(&self) -> crate::db::Dialect {
        self.ambient.dialect
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

    pub(super) fn column(&self, from: usize, field: &str) -> Sql {
        Sql::new().ident(&self.froms[from].alias).lit(".").ident(field)
    }

    /// `(select id from … where rule)`
    pub(super) fn ids_where(&mut self, meta: &Arc<Meta>, rule: &Node) -> Result<Sql> {
        let from = self.open(meta);
        let condition = self.within(from, |writer| writer.loose(rule))?;
        let head = Sql::new().lit("(select ").append(self.column(from, "id"));
        Ok(self.close(head, from).lit(" where ").append(condition).lit(")"))
    }

    pub(super) fn open(&mut self, meta: &Arc<Meta>) -> usize {
        let alias = format!("t{}", self.froms.len());
        self.froms.push(From { meta: meta.clone(), alias, joins: Vec::new() });
        self.froms.len() - 1
    }

    /// ` from table as alias joins`
    pub(super) fn close(&mut self, head: Sql, from: usize) -> Sql {
        let (table, alias) = (self.froms[from].meta.table.clone(), self.froms[from].alias.clone());
        let joins = self.joins_of(from);
        head.lit(" from ").ident(&table).lit(" as ").ident(&alias).append(joins)
    }

    pub(super) fn within<T>(&mut self, from: usize, write: impl FnOnce(&mut Self) -> T) -> T {
        self.stack.push(from);
        let written = write(self);
        self.stack.pop();
        written
    }

    /// Follows links from one table to the next, joining each once.
    pub(super) fn follow(&mut self, from: usize, links: &[FieldRef]) -> Result<usize> {
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

pub(super) fn unaskable(what: &str) -> Error {
    Error::problem("filter", "expression", format!("One cannot ask for {what} here."))
}
