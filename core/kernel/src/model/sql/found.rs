//! Search in SQL. What is found is said once, as a condition on texts that every engine understands;
//! how many have the words is asked of the engine's index of words first, and where they are few, the
//! records among which the found ones are come from there.
//!
//! PostgreSQL would take its index for the condition by itself, but not behind the wall between
//! companies, which no `like` may look over: it is asked through a function that stands outside and
//! says the wall once more.
//!
//! SQLite's index keeps, for each three letters, the records that have them. Asking it for the
//! threes of a word without their places is several times cheaper than for the word itself, and
//! gives a few records too many, which the condition takes out again.
//! Not here: what the caller may search (`query`), folding and words (`model::search`).

use fondaco_values::AnyId;

use super::{SEARCH_COLUMN, select::signed};
use crate::db::{Cell, Dialect, Sql};
use crate::model::catalog::Meta;
use crate::model::search::INSIDE_FROM;
use crate::{Result, Tx};

/// So many records are rare: they are looked up one by one and sorted.
const RARE_MAX: usize = if cfg!(test) { 20 } else { 500 };
/// Thousands of steps of the engine's machine for a page or a count in the order of the list, before
/// the index of words is asked instead; a row takes some fifteen.
pub(super) const STEPS_MAX: usize = if cfg!(test) { 2 } else { 60 };

/// Where a search looks.
pub(crate) enum Searched<'m> {
    /// In the folded text of the record itself.
    Own,
    /// In that of the record that this link leads to. The id is null where the caller may not see it.
    Linked { link: &'m str, id: Sql, to: &'m Meta },
    /// In these texts one by one, since the caller may not read all that is in the folded one.
    Texts(Vec<Sql>),
}

/// A search as parts of statements about one model.
pub(crate) struct Search {
    /// Every word is in one of the searched texts.
    pub(crate) condition: Sql,
    groups: Vec<Group>,
}

/// Words that are found together in the engine's index.
struct Group {
    /// `select` of the ids of records of which all that have the words are some.
    among: Sql,
    /// How many those are, counted no further than a little over [`RARE_MAX`].
    count: Sql,
}

/// How a search is carried out.
pub(crate) enum Way {
    /// By the condition alone.
    Plain,
    /// Among few records.
    Rare(Sql),
    /// Many have the words: as likely as not they are met early in the order. When not, among these.
    Frequent(Sql),
}

impl Search {
    /// What finds folded words in places; none of them finds nothing. `company` is the one that the model's records belong to, if to any.
    pub(crate) fn new(
        dialect: Dialect,
        meta: &Meta,
        company: Option<AnyId>,
        words: &[String],
        places: &[Searched<'_>],
    ) -> Search {
        let mut condition = Sql::new();
        for (at, word) in words.iter().enumerate() {
            condition = condition.lit(if at == 0 { "(" } else { " and (" });
            condition = condition.append(in_one_of(places, word)).lit(")");
        }
        let indexed = |place: &Searched<'_>| !matches!(place, Searched::Texts(_));
        let long: Vec<&str> =
            words.iter().map(String::as_str).filter(|word| is_long(word)).collect();
        let groups = match places {
            _ if !places.iter().all(indexed) => Vec::new(),
            _ if places.is_empty() || long.is_empty() => Vec::new(),
            // All words must be in the one text.
            [_] => vec![group(dialect, meta, company, &long, places)],
            _ => long.iter().map(|word| group(dialect, meta, company, &[word], places)).collect(),
        };
        Search { condition, groups }
    }

    /// Asks the index how many records have the words.
    pub(crate) async fn way(self, tx: &mut Tx) -> Result<Way> {
        if self.groups.is_empty() {
            return Ok(Way::Plain);
        }
        let mut counts = Sql::new();
        let mut all: Vec<Sql> = Vec::with_capacity(self.groups.len());
        for (at, group) in self.groups.into_iter().enumerate() {
            counts = counts.lit(if at == 0 { "select " } else { ", " }).append(group.count);
            all.push(group.among);
        }
        let row = tx.row(counts).await?;
        let count = |at: usize| row.as_ref().map_or(0, |row| row.int(at));
        let rarest = (0..all.len()).min_by_key(|at| count(*at)).unwrap_or_default();
        if count(rarest) <= signed(RARE_MAX) {
            return Ok(Way::Rare(all.swap_remove(rarest)));
        }
        let mut all = all.into_iter();
        let first = all.next().unwrap_or_else(Sql::new);
        let both = |some: Sql, more: Sql| {
            some.lit(" intersect select id from (").append(more).lit(") as b")
        };
        let whole = Sql::new().lit("select id from (").append(first).lit(") as a");
        Ok(Way::Frequent(all.fold(whole, both)))
    }
}

fn in_one_of(places: &[Searched<'_>], word: &str) -> Sql {
    if places.is_empty() {
        return Sql::new().lit("1 = 0");
    }
    let mut any = Sql::new();
    for (at, place) in places.iter().enumerate() {
        any = any.lit(if at == 0 { "" } else { " or " }).append(match place {
            Searched::Own => has(Sql::new().lit("m.").ident(SEARCH_COLUMN), word),
            // All that have the word at once, by the index that the engine takes for it itself.
            Searched::Linked { id, to, .. } => {
                let of = Sql::new().lit("exists (select 1 from ").ident(&to.table).lit(" as s");
                let of = of.lit(" where s.id = ").append(id.clone()).lit(" and ");
                of.append(has(Sql::new().lit("s.").ident(SEARCH_COLUMN), word)).lit(")")
            }
            Searched::Texts(texts) => one_of(texts, word),
        });
    }
    any
}

/// The text has the word: a long one anywhere, a short one where a word begins.
fn has(column: Sql, word: &str) -> Sql {
    if is_long(word) {
        return column.lit(" like ").arg(format!("%{word}%"));
    }
    let first = Sql::new().lit("(").append(column.clone()).lit(" like ").arg(format!("{word}%"));
    first.lit(" or ").append(column).lit(" like ").arg(format!("% {word}%")).lit(")")
}

fn one_of(texts: &[Sql], word: &str) -> Sql {
    let mut any = Sql::new().lit("(1 = 0");
    for text in texts {
        let folded = Sql::new().lit(" or fo_fold(").append(text.clone()).lit(")");
        any = any.append(folded).lit(" like ").arg(format!("%{word}%"));
    }
    any.lit(")")
}

fn is_long(word: &str) -> bool {
    word.chars().count() >= INSIDE_FROM
}

fn group(
    dialect: Dialect,
    meta: &Meta,
    company: Option<AnyId>,
    words: &[&str],
    places: &[Searched<'_>],
) -> Group {
    let most = RARE_MAX + 1;
    let (mut among, mut count) = (Sql::new(), Sql::new());
    for (at, place) in places.iter().enumerate() {
        let (all, some) = match place {
            Searched::Linked { link, to, .. } => {
                let linking = |ids: Sql| {
                    let sql = Sql::new().lit("select id from ").ident(&meta.table).lit(" where ");
                    let sql = match company {
                        Some(company) => sql.lit("company = ").arg(company).lit(" and "),
                        None => sql,
                    };
                    sql.ident(link).lit(" in (").append(ids).lit(")")
                };
                let all = linking(indexed(dialect, to, words, None));
                (all, linking(indexed(dialect, to, words, Some(most))))
            }
            Searched::Own | Searched::Texts(_) => {
                let some = indexed(dialect, meta, words, Some(most));
                (indexed(dialect, meta, words, None), some)
            }
        };
        among = among.lit(if at == 0 { "" } else { " union " }).append(all);
        count = count.lit(if at == 0 { "" } else { " + " });
        let some = Sql::new().lit("(select count(*) from (select id from (").append(some);
        let some = some.lit(") as s limit ").arg(signed(most)).lit(") as c)");
        count = count.append(some);
    }
    Group { among, count }
}

/// The ids that the index over a model's folded text gives, or so many of them.
fn indexed(dialect: Dialect, meta: &Meta, words: &[&str], most: Option<usize>) -> Sql {
    let sql = match dialect {
        Dialect::Sqlite => {
            let threes = words.iter().map(|word| threes(word)).collect::<Vec<_>>().join(" AND ");
            let index = format!("{}__search", meta.table);
            let sql = Sql::new().lit("select rowid as id from ").ident(&index).lit(" where ");
            sql.ident(&index).lit(" match ").arg(threes)
        }
        Dialect::Postgres => {
            let inside = words.iter().map(|word| format!("%{word}%")).collect();
            let sql = Sql::new().lit("select f.id from fo_found(").arg(meta.table.as_str());
            let sql = sql.lit(", ").arg(Cell::Texts(inside)).lit(", ");
            return sql.arg(most.map(signed)).lit(") as f (id)");
        }
    };
    match most {
        Some(most) => sql.lit(" limit ").arg(signed(most)),
        None => sql,
    }
}

/// Threes of letters that cover a word, as the index is asked for them: `"ord" AND "der"`.
fn threes(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let last = letters.len() - INSIDE_FROM;
    let starts = (0..last).step_by(INSIDE_FROM).chain([last]);
    let threes = starts.map(|at| {
        let three: String = letters[at..at + INSIDE_FROM].iter().collect();
        format!("\"{three}\"")
    });
    threes.collect::<Vec<_>>().join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threes_cover_a_word() {
        for (word, expected) in [
            ("abc", "\"abc\""),
            ("order", "\"ord\" AND \"der\""),
            ("abcdef", "\"abc\" AND \"def\""),
            ("a.b@łąk", "\"a.b\" AND \"@łą\" AND \"łąk\""),
        ] {
            assert_eq!(threes(word), expected);
        }
    }
}
