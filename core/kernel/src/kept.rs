//! What a transaction has read and nobody has written since: the many rooms that one deed walks
//! through ask for the same company, products and papers, and the database is asked once.
//! Not here: anything that outlives a transaction. Other transactions are no concern: each reads one
//! state of the database.
//! INVARIANT: what is kept is what the database would answer. A statement that writes takes back
//! everything that was read from its table; one that is not understood takes back all, and so does
//! the return to a savepoint. Statements name their tables after `from`, `join`, `into` or `update`.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use fondaco_values::AnyId;

use crate::db::{Cell, Sql};
use crate::record::Rec;

/// Larger answers are not worth their copy.
const ROWS_MAX: usize = 500;
/// Rows and answers kept; above this many the memory is emptied and starts anew.
const KEPT_MAX: usize = 5_000;

#[derive(Default)]
pub(crate) struct Kept {
    /// Whole rows by table and id.
    recs: HashMap<String, HashMap<AnyId, Rec>>,
    answers: HashMap<Question, Answer>,
    /// Rows of both, and one for each answer.
    size: usize,
}

#[derive(PartialEq, Eq, Hash)]
struct Question {
    text: String,
    binds: Vec<Cell>,
}

struct Answer {
    tables: Vec<String>,
    rows: Arc<dyn Any + Send + Sync>,
    size: usize,
}

impl Question {
    fn of(sql: &Sql) -> Question {
        Question { text: sql.as_str().to_owned(), binds: sql.binds().to_vec() }
    }
}

impl Kept {
    /// The records of these ids that are kept, and the ids of the others.
    pub(crate) fn recs(&self, table: &str, ids: &[AnyId]) -> (Vec<Rec>, Vec<AnyId>) {
        let Some(known) = self.recs.get(table) else { return (Vec::new(), ids.to_vec()) };
        let (mut recs, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
        for (at, id) in ids.iter().enumerate() {
            match known.get(id) {
                // Asked for twice, a record is still one.
                Some(_) if ids[..at].contains(id) => {}
                Some(rec) => recs.push(rec.clone()),
                None => missing.push(*id),
            }
        }
        (recs, missing)
    }

    pub(crate) fn keep_recs(&mut self, table: &str, recs: &[Rec]) {
        if recs.is_empty() || !self.has_room(recs.len()) {
            return;
        }
        let known = self.recs.entry(table.to_owned()).or_default();
        let before = known.len();
        known.extend(recs.iter().map(|rec| (rec.id, rec.clone())));
        self.size += known.len() - before;
    }

    /// What the same question was answered with.
    pub(crate) fn answer<T: Send + Sync + 'static>(&self, sql: &Sql) -> Option<Arc<Vec<T>>> {
        if self.answers.is_empty() {
            return None;
        }
        let answer = self.answers.get(&Question::of(sql))?;
        Arc::clone(&answer.rows).downcast().ok()
    }

    pub(crate) fn keep<T: Send + Sync + 'static>(&mut self, sql: &Sql, rows: &Arc<Vec<T>>) {
        let size = 1 + rows.len();
        if self.has_room(size) {
            let answer = Answer { tables: read(sql.as_str()), rows: rows.clone(), size };
            let before = self.answers.insert(Question::of(sql), answer);
            self.size += size;
            self.size -= before.map_or(0, |answer| answer.size);
        }
    }

    fn has_room(&mut self, rows: usize) -> bool {
        if rows > ROWS_MAX {
            return false;
        }
        if self.size + rows > KEPT_MAX {
            self.forget();
        }
        true
    }

    /// A statement is about to run.
    pub(crate) fn heed(&mut self, text: &str) {
        if self.size == 0 || text.starts_with("select ") {
            return;
        }
        match written(text) {
            Some(table) => {
                self.size -= self.recs.remove(table).map_or(0, |recs| recs.len());
                let size = &mut self.size;
                self.answers.retain(|_, answer| {
                    let stays = answer.tables.iter().all(|read| read != table);
                    *size -= if stays { 0 } else { answer.size };
                    stays
                });
            }
            None => self.forget(),
        }
    }

    pub(crate) fn forget(&mut self) {
        *self = Kept::default();
    }
}

/// The table that a statement writes.
pub(crate) fn written(text: &str) -> Option<&str> {
    let rest = ["insert into ", "update ", "delete from "];
    let rest = rest.iter().find_map(|verb| text.strip_prefix(verb))?;
    Some(name(rest)).filter(|name| !name.is_empty())
}

/// The tables that a statement reads.
fn read(text: &str) -> Vec<String> {
    let mut tables = Vec::new();
    let mut words = text.split([' ', '\n']).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let next = words.peek().map_or("", |next| name(next));
        if matches!(word, "from" | "join") && !next.is_empty() {
            tables.push(next.to_owned());
        }
    }
    tables
}

/// A name at the beginning of a text, quoted or not.
fn name(text: &str) -> &str {
    let text = text.strip_prefix('"').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_statements() {
        for (text, wrote, reads) in [
            ("insert into \"party\" (\"id\") values ($1)", Some("party"), vec![]),
            ("update sales_order set number = $1 where id = $2", Some("sales_order"), vec![]),
            ("delete from \"x_tags\" where record in (select 1)", Some("x_tags"), vec![]),
            ("create table t (id integer)", None, vec![]),
            (
                "select m.\"id\" from \"party\" as m left join \"user\" as t1 on t1.id = m.u \
                 where m.id in (select value from json_each($1))",
                None,
                vec!["party", "user", "json_each"],
            ),
            (
                "select a.id from (select id from account where x) a join company c on c.id = 1",
                None,
                vec!["account", "company"],
            ),
        ] {
            assert_eq!(written(text), wrote, "{text}");
            if text.starts_with("select") {
                assert_eq!(read(text), reads, "{text}");
            }
        }
    }

    #[test]
    fn a_write_takes_back_what_was_read_of_its_table() {
        let mut kept = Kept::default();
        let ask = Sql::text("select id from account where purpose = $1").bind("bank");
        let other = Sql::text("select id from account where purpose = $1").bind("stock");
        kept.keep(&ask, &Arc::new(vec![7_i64]));
        assert_eq!(kept.answer::<i64>(&ask).as_deref(), Some(&vec![7]));
        assert!(kept.answer::<i64>(&other).is_none());
        kept.heed("insert into \"audit\" (\"id\") values ($1)");
        kept.heed("select 1 from account");
        assert!(kept.answer::<i64>(&ask).is_some());
        kept.heed("update \"account\" set \"code\" = $1 where id = $2");
        assert!(kept.answer::<i64>(&ask).is_none());
        assert_eq!(kept.size, 0);
        kept.keep(&ask, &Arc::new(vec![7_i64]));
        kept.heed("alter table account add column x text");
        assert!(kept.answer::<i64>(&ask).is_none());
    }

    #[test]
    fn large_answers_are_not_kept() {
        let mut kept = Kept::default();
        let ask = Sql::text("select id from account");
        kept.keep(&ask, &Arc::new(vec![7_i64; ROWS_MAX]));
        assert!(kept.answer::<i64>(&ask).is_none());
    }
}
