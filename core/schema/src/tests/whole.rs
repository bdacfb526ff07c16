//! The small world as it comes out: system fields, owners, orders of computing, tables.

use super::schema;
use crate::{Kind, tables};

#[test]
fn system_fields() {
    let schema = schema();
    let names = |model: &str| {
        let fields = schema.models[model].fields.values().filter(|field| field.system);
        fields.map(|field| field.name.clone()).collect::<Vec<_>>().join(" ")
    };
    let kept = "version created_at created_by updated_at updated_by";
    assert_eq!(names("company"), format!("id {kept}"));
    assert_eq!(names("order"), format!("id number state company {kept}"));
    assert_eq!(names("order_line"), format!("id position company {kept}"));
    assert_eq!(schema.models["order"].title, "number");
    assert_eq!(schema.models["party"].title, "name");
}

#[test]
fn lines_are_tied() {
    let schema = schema();
    let (order, line) = (&schema.models["order"], &schema.models["order_line"]);
    assert_eq!(
        order.field("lines").unwrap().kind,
        Kind::Lines { of: "order_line".into(), by: "order".into() }
    );
    let owner = line.owner.as_ref().unwrap();
    assert_eq!((&*owner.parent, &*owner.lines, &*owner.by), ("order", "lines", "order"));
    assert_eq!(order.link_of_child("order_line"), Some("order"));
    assert!(line.field("order").unwrap().required);
}

#[test]
fn computed_fields_come_in_order() {
    let text = "model = 'own.x'\n[fields]\n\
        c = { type = 'decimal', compute = 'b * 2', stored = true }\n\
        b = { type = 'decimal', compute = 'a + 1', stored = true }\n\
        a = { type = 'decimal' }";
    let mut sources = super::world();
    sources.push(crate::Source::new(crate::Origin::Company, "x.toml", text));
    let schema = crate::load(&sources).unwrap();
    assert_eq!(schema.models["own.x"].computed, ["b", "c"]);
}

#[test]
fn tables_of_the_world() {
    let lines: Vec<String> = tables(&schema())
        .tables
        .values()
        .filter(|table| table.name.starts_with("order"))
        .flat_map(|table| {
            let column = |column: &crate::tables::Column| {
                let scale = column.scale.map(|scale| format!("/{scale}")).unwrap_or_default();
                let refers =
                    column.refers.as_ref().map(|to| format!(" → {to}")).unwrap_or_default();
                let null = if column.not_null { "!" } else { "" };
                format!("  {}: {:?}{scale}{null}{refers}", column.name, column.kind)
            };
            let index = |index: &crate::tables::TableIndex| {
                format!("  {} on {}", index.name, index.columns.join(", "))
            };
            std::iter::once(table.name.clone())
                .chain(table.columns.values().map(column))
                .chain(table.indexes.values().map(index))
                .collect::<Vec<_>>()
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    order
      id: Integer!
      number: Text
      state: Text!
      customer: Integer! → party
      ordered_on: Text
      ready_at: Integer
      urgent: Integer
      note: Text
      rate: Integer/6
      kind: Text
      work: Integer
      extra: Text
      seller: Integer → user
      total: Integer/4
      company: Integer! → company
      version: Integer!
      created_at: Integer!
      created_by: Integer → user
      updated_at: Integer!
      updated_by: Integer → user
      order_number_unique on company, number
      order_state on company, state
      order_newest on company, id
    order__watchers
      record: Integer! → order
      position: Integer!
      value: Integer! → user
      order__watchers_value on value
    order_line
      id: Integer!
      order: Integer! → order
      product: Text
      quantity: Integer/6
      price: Integer/4
      pieces: Integer
      amount: Integer/4
      position: Integer!
      company: Integer! → company
      version: Integer!
      created_at: Integer!
      created_by: Integer → user
      updated_at: Integer!
      updated_by: Integer → user
      order_line_lines on order, position
    ");
}
