//! Order, and the place of a page in it (keyset).
//! Not here: conditions of the expression language (`expression`), search (`found`).

use crate::db::{Cell, Sql};

/// One key of an order: the value, its direction and whether it may be null.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) sql: Sql,
    pub(crate) descending: bool,
    pub(crate) nullable: bool,
}

/// ` order by a nulls first, b desc nulls last`: nulls are the smallest, as indexes have them.
pub(crate) fn order(keys: &[Key]) -> Sql {
    let mut sql = Sql::new();
    for (at, key) in keys.iter().enumerate() {
        sql = sql.lit(if at == 0 { " order by " } else { ", " }).append(key.sql.clone());
        sql = sql.lit(if key.descending { " desc nulls last" } else { " nulls first" });
    }
    sql
}

/// The rows after the one whose keys had these values.
pub(crate) fn keyset(keys: &[Key], after: &[Cell]) -> Sql {
    let same_way = keys.windows(2).all(|pair| pair[0].descending == pair[1].descending);
    if same_way && keys.iter().all(|key| !key.nullable) {
        return row_value(keys, after);
    }
    let mut sql = Sql::new().lit("(");
    for last in 0..keys.len() {
        sql = sql.lit(if last == 0 { "" } else { " or " });
        for at in 0..last {
            sql = sql.append(keys[at].sql.clone()).lit(" is not distinct from ");
            sql = sql.arg(after[at].clone()).lit(" and ");
        }
        sql = sql.append(beyond(&keys[last], &after[last]));
    }
    sql.lit(")")
}

/// `(a, b, id) > ($1, $2, $3)`
fn row_value(keys: &[Key], after: &[Cell]) -> Sql {
    let mut sql = Sql::new();
    for (at, key) in keys.iter().enumerate() {
        sql = sql.lit(if at == 0 { "(" } else { ", " }).append(key.sql.clone());
    }
    let descending = keys.first().is_some_and(|key| key.descending);
    sql = sql.lit(if descending { ") < (" } else { ") > (" });
    for (at, cell) in after.iter().enumerate() {
        sql = sql.lit(if at == 0 { "" } else { ", " }).arg(cell.clone());
    }
    sql.lit(")")
}

fn beyond(key: &Key, after: &Cell) -> Sql {
    let own = key.sql.clone();
    match (key.descending, after) {
        (false, Cell::Null) => own.lit(" is not null"),
        (false, cell) => own.lit(" > ").arg(cell.clone()),
        (true, Cell::Null) => Sql::new().lit("1 = 0"),
        (true, cell) if key.nullable => {
            let less = Sql::new().lit("(").append(own.clone()).lit(" < ").arg(cell.clone());
            less.lit(" or ").append(own).lit(" is null)")
        }
        (true, cell) => own.lit(" < ").arg(cell.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, descending: bool, nullable: bool) -> Key {
        Key { sql: Sql::new().lit("m.").ident(name), descending, nullable }
    }

    #[test]
    fn a_page_begins_after_the_last_row() {
        let one = || vec![Cell::Int(5), Cell::Int(9)];
        for (keys, after, expected) in [
            (
                vec![key("a", true, false), key("id", true, false)],
                one(),
                r#"(m."a", m."id") < ($1, $2)"#,
            ),
            (
                vec![key("a", false, true), key("id", false, false)],
                one(),
                r#"(m."a" > $1 or m."a" is not distinct from $2 and m."id" > $3)"#,
            ),
            (
                vec![key("a", true, true), key("id", true, false)],
                one(),
                r#"((m."a" < $1 or m."a" is null) or m."a" is not distinct from $2 and m."id" < $3)"#,
            ),
            (
                vec![key("a", false, true), key("id", false, false)],
                vec![Cell::Null, Cell::Int(9)],
                r#"(m."a" is not null or m."a" is not distinct from $1 and m."id" > $2)"#,
            ),
        ] {
            assert_eq!(keyset(&keys, &after).as_str(), expected);
        }
        assert_eq!(
            order(&[key("a", true, true), key("id", false, false)]).as_str(),
            r#" order by m."a" desc nulls last, m."id" nulls first"#
        );
    }
}
