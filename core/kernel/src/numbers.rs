//! Document numbers without gaps: per company, series and year, drawn when nothing else can fail.
//! Not here: numbers of journal entries (`ledger`), which follow the journal's own rules.

use fondaco_schema::{Model, Numbering};
use fondaco_values::{AnyId, Date};

use crate::db::Sql;
use crate::error::{Error, Result};
use crate::model::fold;
use crate::model::sql::SEARCH_COLUMN;
use crate::tx::Tx;

/// Draws the numbers of all records that asked for one in this transaction.
pub(crate) async fn draw_pending(tx: &mut Tx) -> Result<()> {
    for (model, id) in tx.take_pending_numbers() {
        let schema = tx.schema().clone();
        let model = schema
            .model(&model)
            .ok_or_else(|| Error::internal(format!("a number for the unknown model {model}")))?;
        let Some(template) = template(tx, model, id).await? else { continue };
        let number = draw(tx, &series(&model.name, template), template).await?;
        let sql = Sql::new()
            .lit("update ")
            .ident(&model.table())
            .lit(" set number = ")
            .arg(number.clone());
        // It is found by it from now on.
        let sql = match model.is_line() {
            true => sql,
            false => sql
                .lit(", ")
                .ident(SEARCH_COLUMN)
                .lit(" = ")
                .arg(fold(&number) + " ")
                .lit(" || coalesce(")
                .ident(SEARCH_COLUMN)
                .lit(", '')"),
        };
        let sql = sql.lit(" where id = ").arg(id).lit(" and number is null");
        assert_eq!(tx.exec(sql).await?, 1, "{} {id} had a number already", model.name);
    }
    Ok(())
}

/// The template that a record's number is written by.
async fn template<'m>(tx: &mut Tx, model: &'m Model, id: AnyId) -> Result<Option<&'m str>> {
    let (field, templates) = match &model.number {
        None => return Ok(None),
        Some(Numbering::One(template)) => return Ok(Some(template)),
        Some(Numbering::ByChoice { field, templates }) => (field, templates),
    };
    let sql = Sql::new().lit("select ").ident(field).lit(" from ").ident(&model.table());
    let row = tx.row(sql.lit(" where id = ").arg(id)).await?;
    let value = row.as_ref().and_then(|row| row.opt_str(0)).unwrap_or_default();
    let missing = || Error::internal(format!("{} {id} has no series for {value:?}", model.name));
    templates.get(value).map(String::as_str).map(Some).ok_or_else(missing)
}

/// What is counted together: numbers of one model that look alike, however many digits they have.
fn series(model: &str, template: &str) -> String {
    let (before, after) = template.split_once("{seq").unwrap_or((template, ""));
    let after = after.split_once('}').map_or("", |(_, after)| after);
    format!("{model} {before}{{seq}}{after}")
}

/// The next number of a series, as the template writes it.
pub(crate) async fn draw(tx: &mut Tx, series: &str, template: &str) -> Result<String> {
    let today = tx.today();
    let year = if template.contains("{year}") { i64::from(today.year()) } else { 0 };
    let sql = Sql::text(
        "insert into number_series (company, series, year, last) values ($1, $2, $3, 1) \
         on conflict (company, series, year) do update set last = number_series.last + 1 \
         returning last",
    );
    let sql = sql.bind(tx.ctx().company()).bind(series).bind(year);
    let row = tx.row(sql).await?;
    let seq = row.map_or(1, |row| row.int(0));
    Ok(write(template, today, seq))
}

/// `SO-{year}-{seq:5}` → `SO-2026-00042`; also `{month}` and `{day}`.
pub fn write(template: &str, date: Date, seq: i64) -> String {
    let mut out = template
        .replace("{year}", &date.year().to_string())
        .replace("{month}", &format!("{:02}", date.month()))
        .replace("{day}", &format!("{:02}", date.day()))
        .replace("{seq}", &seq.to_string());
    if let Some((before, rest)) = out.split_once("{seq:")
        && let Some((width, after)) = rest.split_once('}')
    {
        let width: usize = width.parse().unwrap_or(1);
        out = format!("{before}{seq:0width$}{after}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let date = Date::constant(2026, 3, 9);
        for (template, written) in [
            ("SO-{year}-{seq:5}", "SO-2026-00042"),
            ("{seq}", "42"),
            ("INV/{year}/{month}/{seq:3}", "INV/2026/03/042"),
            ("{year}-{month}-{day}/{seq}", "2026-03-09/42"),
            ("Q{seq:1}", "Q42"),
        ] {
            assert_eq!(write(template, date, 42), written, "{template}");
        }
    }

    #[test]
    fn what_is_counted_together() {
        let alike = |a: &str, b: &str| series("m", a) == series("m", b);
        assert!(alike("SO-{year}-{seq:5}", "SO-{year}-{seq:6}"));
        assert!(alike("SO-{seq}/A", "SO-{seq:2}/A"));
        assert!(!alike("SO-{year}-{seq:5}", "CN-{year}-{seq:5}"));
        assert!(!alike("{seq}/A", "{seq}/B"));
        assert_ne!(series("m", "{seq}"), series("n", "{seq}"));
    }
}
