//! The SQL of conditions, to be read: one line an expression.

use fondaco_schema::Type;
use fondaco_schema::expr::compile;

use super::world::World;
use crate::model::compute::Ambient;
use crate::model::sql::{Sight, Writer};

/// The expression; the joins, if any, and the condition.
const CASES: &[(&str, &str)] = &[
    ("total > 100", "m.total > $1"),
    ("total == 99.95", "m.total = $1"),
    ("total > 0.00001", "fo_cmp(fo_dec(m.total, $1), fo_dec($2, $3)) > 0"),
    ("100.0 <= total", "$1 <= m.total"),
    ("margin != discount", "fo_differ(fo_dec(m.margin, $1), fo_dec(m.discount, $2)) = 1"),
    ("state == 'draft' && urgent", "(m.state = $1 and m.urgent = 1)"),
    ("!urgent || note == null", "(not ((m.urgent = 1) is true) or m.note is null)"),
    ("note != reference", "m.note is distinct from m.reference"),
    (
        "customer.country == 'PL'",
        "left join party as t1 on t1.id = m.customer and t1.company in ($1) : t1.country = $2",
    ),
    ("due < today() && seller == actor.user", "(m.due < $1 and m.seller = $2)"),
    ("state in ['draft', 'done']", "m.state in ($1, $2)"),
    ("'x' in tags", "$1 in (select value from kernel_orders_order__tags where record = m.id)"),
    (
        "size(lines) > 2",
        "(select count(line) from (select 1 as line from kernel_orders_line as t1 where \
         t1.order = m.id) as folded) > $1",
    ),
    (
        "sum(lines.amount) >= total",
        "(select cast(coalesce(sum(line), 0) as bigint) from (select t1.amount as line from \
         kernel_orders_line as t1 where t1.order = m.id) as folded) >= m.total",
    ),
    (
        "lines.exists(l, l.quantity > 1.5 && l.product.code == 'B')",
        "exists (select 1 from kernel_orders_line as t1 left join product as t2 on t2.id = \
         t1.product and t2.company in ($1) where t1.order = m.id and (t1.quantity > $2 and \
         t2.code = $3))",
    ),
    (
        "lines.all(l, l.price != null)",
        "not exists (select 1 from kernel_orders_line as t1 where t1.order = m.id and not \
         (not (t1.price is null)))",
    ),
    ("total * 2 > 7", "fo_cmp(fo_mul(fo_dec(m.total, $1), $2), $3) > 0"),
    (
        "heavy",
        "case when exists (select 1 from kernel_orders_line as t1 where t1.order = m.id and \
         t1.quantity > $1) then 1 else 0 end = 1",
    ),
    (
        "place == 'PL'",
        "left join party as t1 on t1.id = m.customer and t1.company in ($1) : fo_upper(t1.country) = $2",
    ),
];

#[tokio::test]
async fn conditions_in_sql() {
    let world = World::new().await;
    let seller = world.ann(&["seller", "employee"]);
    let written = world.run(&seller, |tx| {
        Box::pin(async move {
            let registry = tx.registry().clone();
            let meta = registry.catalog.meta("kernel_orders.order")?;
            let ambient = Ambient::of(tx, &[]).await?;
            let mut written = Vec::new();
            for (source, _) in CASES {
                let expr = compile(source, &meta.model, &registry.schema, Some(&Type::Bool));
                let mut writer = Writer::new(&registry.catalog, &ambient, meta);
                let condition = writer.condition(&expr.unwrap().node, Sight::Own)?;
                let sql = writer.joins().lit(" : ").append(condition);
                written.push(sql.as_str().replace('"', "").trim_start_matches(" : ").to_owned());
            }
            Ok(written)
        })
    });
    for ((source, expected), written) in CASES.iter().zip(written.await.unwrap()) {
        assert_eq!(written.trim(), *expected, "{source}");
    }
}
