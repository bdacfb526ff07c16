//! Expressions: source → type, value or refusal.

use std::str::FromStr;

use fondaco_values::{AnyId, Date, Decimal, Timestamp, Value};

use super::schema;
use crate::expr::{ActorAttr, FieldRef, Scope};
use crate::{compile, eval};

/// A record of the small world; lines are records too.
pub(super) struct Record {
    pub(super) fields: Vec<(&'static str, Value)>,
    pub(super) lines: Vec<Record>,
}

impl Scope for Record {
    fn field(&self, path: &[FieldRef]) -> Value {
        let name = path.iter().map(|part| part.field.as_str()).collect::<Vec<_>>().join(".");
        let found = self.fields.iter().find(|(field, _)| *field == name);
        found.map_or(Value::Null, |(_, value)| value.clone())
    }

    fn lines(&self, _field: &str) -> Vec<Box<dyn Scope + '_>> {
        self.lines.iter().map(|line| Box::new(Line(line)) as Box<dyn Scope>).collect()
    }

    fn actor(&self, attr: ActorAttr) -> Value {
        match attr {
            ActorAttr::User => link(7),
            ActorAttr::Party => Value::Null,
            ActorAttr::Company => link(1),
            ActorAttr::Companies => Value::List(vec![link(1), link(2)]),
            ActorAttr::Roles => Value::from(vec!["seller"]),
        }
    }

    fn company(&self, field: &str) -> Value {
        if field == "currency" { Value::from("EUR") } else { Value::Null }
    }

    fn now(&self) -> Timestamp {
        "2026-03-01T10:30:00Z".parse().unwrap()
    }

    fn today(&self) -> Date {
        "2026-03-01".parse().unwrap()
    }
}

struct Line<'a>(&'a Record);

impl Scope for Line<'_> {
    fn field(&self, path: &[FieldRef]) -> Value {
        self.0.field(path)
    }

    fn lines(&self, field: &str) -> Vec<Box<dyn Scope + '_>> {
        self.0.lines(field)
    }

    fn actor(&self, attr: ActorAttr) -> Value {
        self.0.actor(attr)
    }

    fn company(&self, field: &str) -> Value {
        self.0.company(field)
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn today(&self) -> Date {
        self.0.today()
    }
}

fn link(raw: i64) -> Value {
    Value::Link(AnyId::new(raw))
}

fn decimal(text: &str) -> Value {
    Value::Decimal(Decimal::from_str(text).unwrap())
}

fn order() -> Record {
    let line = |product: &'static str, quantity: &str, price: &str, pieces: Value| Record {
        fields: vec![
            ("product", Value::from(product)),
            ("quantity", decimal(quantity)),
            ("price", decimal(price)),
            ("pieces", pieces),
        ],
        lines: vec![],
    };
    Record {
        fields: vec![
            ("customer", link(42)),
            ("customer.name", Value::from("Ánh & Sons")),
            ("customer.limit", decimal("20000")),
            ("customer.tags", Value::from(vec!["vip", "eu"])),
            ("seller", Value::Null),
            ("urgent", Value::Bool(true)),
            ("rate", decimal("0.2")),
            ("kind", Value::from("goods")),
            ("state", Value::from("draft")),
            ("note", Value::from(" Handle With Care ")),
            ("ordered_on", Value::Date("2026-01-31".parse().unwrap())),
            ("ready_at", Value::Time("2026-02-01T08:00:00Z".parse().unwrap())),
            ("work", Value::Int(5400)),
            ("total", decimal("12.50")),
            ("watchers", Value::List(vec![link(7), link(8)])),
            ("version", Value::Int(3)),
        ],
        lines: vec![
            line("bolt", "3", "2.00", Value::Int(3)),
            line("nut", "6.5", "1.00", Value::Null),
            line("gear", "0", "99.99", Value::Int(1)),
        ],
    }
}

/// The value and type of an expression as `value : type`, or the refusal.
fn check(source: &str) -> String {
    let schema = schema();
    match compile(source, &schema.models["order"], &schema, None) {
        Ok(expr) => {
            let value = eval(&expr.node, &order());
            let shown = match &value {
                Value::Text(text) => format!("'{text}'"),
                Value::Null => "null".to_owned(),
                Value::Decimal(decimal) => decimal.normalize().to_string(),
                Value::Link(id) => format!("#{id}"),
                value => value.to_json().to_string().replace('"', ""),
            };
            format!("{shown} : {}", expr.ty)
        }
        Err(message) => format!("refused: {message}"),
    }
}

fn check_all(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(source, wanted)| {
            let found = check(source);
            (found != *wanted).then(|| format!("(\"{source}\", \"{found}\"),  not {wanted}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn values_of_single_records() {
    check_all(&[
        ("1 + 2 * 3", "7 : integer"),
        ("-5 % 3", "-2 : integer"),
        ("7 / 2", "3.5 : decimal"),
        ("1 / 3", "0.3333333333 : decimal"),
        ("2.0 / 3", "0.6666666667 : decimal"),
        ("1 / 0", "null : decimal"),
        ("1 % 0", "null : integer"),
        ("9223372036854775807 + 1", "null : integer"),
        ("0.1 + 0.2", "0.3 : decimal"),
        ("0.1 + 0.2 == 0.3", "true : true or false"),
        ("1e3", "1000 : decimal"),
        ("decimal('12345678901234567.89')", "12345678901234567.89 : decimal"),
        ("total * rate", "2.5 : decimal"),
        ("-total", "-12.5 : decimal"),
        ("total > 12", "true : true or false"),
        ("total >= 12.5 && urgent", "true : true or false"),
        ("!urgent || total < 0", "false : true or false"),
        ("urgent ? 'now' : 'later'", "'now' : text"),
        ("urgent ? 1 : 2.5", "1 : decimal"),
        ("state == 'draft'", "true : true or false"),
        ("state in ['draft', 'confirmed']", "true : true or false"),
        ("kind != 'service'", "true : true or false"),
        ("customer == 42", "true : true or false"),
        ("customer == '42'", "true : true or false"),
        ("customer.name", "'Ánh & Sons' : text"),
        ("customer.limit - total", "19987.5 : decimal"),
        ("'vip' in customer.tags", "true : true or false"),
        ("size(customer.tags)", "2 : integer"),
        ("actor.user in watchers", "true : true or false"),
        ("actor.company in actor.companies", "true : true or false"),
        ("'seller' in actor.roles", "true : true or false"),
        ("company.currency", "'EUR' : text"),
        ("size(customer.name)", "10 : integer"),
        ("version", "3 : integer"),
    ]);
}

#[test]
fn null_is_two_valued() {
    check_all(&[
        ("seller == null", "true : true or false"),
        ("seller != null", "false : true or false"),
        ("has(seller)", "false : true or false"),
        ("null == customer", "false : true or false"),
        ("seller == actor.user", "false : true or false"),
        ("!(seller == actor.user)", "true : true or false"),
        ("seller != actor.user", "true : true or false"),
        ("seller != actor.party", "refused: `!=` does not compare link to user with link to party"),
        ("customer.parent == actor.party", "false : true or false"),
        ("customer.parent != actor.party", "false : true or false"),
        ("customer.born < today()", "false : true or false"),
        ("customer.born in [today()]", "false : true or false"),
        ("customer.country + 'x'", "null : text"),
        ("customer.country.contains('x')", "false : true or false"),
        ("coalesce(customer.country, 'none')", "'none' : text"),
        ("urgent ? null : 'x'", "null : text"),
        ("coalesce(seller, actor.user)", "#7 : link to user"),
        ("size(customer.country)", "null : integer"),
        ("null", "null : null"),
    ]);
}

#[test]
fn functions() {
    check_all(&[
        ("lower(trim(note))", "'handle with care' : text"),
        ("note.upper()", "' HANDLE WITH CARE ' : text"),
        ("note.contains('With')", "true : true or false"),
        ("note.contains('with')", "false : true or false"),
        ("note.matches('wITH')", "true : true or false"),
        ("customer.name.startsWith('Án')", "true : true or false"),
        ("customer.name.endsWith('x')", "false : true or false"),
        ("min(total, 3)", "3 : decimal"),
        ("max(1, 2, 3)", "3 : integer"),
        ("abs(-2.5)", "2.5 : decimal"),
        ("round(2.345, 2)", "2.35 : decimal"),
        ("round(-2.345, 2)", "-2.35 : decimal"),
        ("round(2.5)", "3 : integer"),
        ("floor(-2.5)", "-3 : integer"),
        ("ceil(2.1)", "3 : integer"),
        ("date('2026-01-31')", "2026-01-31 : date"),
        ("year(ordered_on) + month(ordered_on) * day(ordered_on)", "2057 : integer"),
        ("year(ready_at)", "2026 : integer"),
        ("ordered_on + days(30)", "2026-03-02 : date"),
        ("ordered_on - days(31)", "2025-12-31 : date"),
        ("today() - ordered_on", "2505600 : duration"),
        ("today() - ordered_on > days(28)", "true : true or false"),
        ("ordered_on < '2026-02-01'", "true : true or false"),
        ("ready_at >= '2026-02-01'", "true : true or false"),
        ("now() - ready_at", "2428200 : duration"),
        ("now() + work", "2026-03-01T12:00:00Z : date and time"),
        ("work * 2 > days(1)", "false : true or false"),
        ("work > 3600", "true : true or false"),
        ("days(version)", "259200 : duration"),
    ]);
}

#[test]
fn many_lines_become_one_value() {
    check_all(&[
        ("size(lines)", "3 : integer"),
        ("lines.size()", "3 : integer"),
        ("count(lines)", "3 : integer"),
        ("count(lines.pieces)", "2 : integer"),
        ("sum(lines.quantity)", "9.5 : decimal"),
        ("sum(lines.pieces)", "4 : integer"),
        ("sum(lines.map(l, l.quantity * l.price))", "12.5 : decimal"),
        ("sum(lines.filter(l, l.price > 1.5).map(l, l.quantity))", "3 : decimal"),
        ("size(lines.filter(l, l.quantity > 0))", "2 : integer"),
        ("min(lines.price)", "1 : decimal"),
        ("max(lines.product)", "'nut' : text"),
        ("min(lines.filter(l, l.price > 1000).price)", "null : decimal"),
        ("min(lines.filter(l, l.price > 1000).map(l, l.price))", "null : decimal"),
        ("sum(lines.filter(l, l.price > 1000).map(l, l.price))", "0 : decimal"),
        ("lines.exists(l, l.quantity > 5)", "true : true or false"),
        ("lines.all(l, l.quantity > 0)", "false : true or false"),
        ("lines.filter(l, l.quantity > 0).all(l, l.price < 3)", "true : true or false"),
        ("lines.exists(l, l.quantity * l.price > total)", "false : true or false"),
        ("lines.exists(l, l.quantity * l.price >= total / 2.0)", "true : true or false"),
        ("sum(lines.quantity) / size(lines)", "3.1666666667 : decimal"),
    ]);
}

#[test]
fn refusals() {
    check_all(&[
        ("", "refused: is empty; an expression is wanted, such as true"),
        ("custmer", "refused: `order` has no field `custmer`; did you mean `customer`?"),
        ("customer.nmae", "refused: `party` has no field `nmae`; did you mean `name`?"),
        ("total.x", "refused: `total` is decimal; only a link can stand before a dot"),
        ("watchers.name", "refused: `watchers` holds several values; ask `x in watchers`"),
        ("seller.password", "refused: `password` is secret; no expression reads it"),
        ("customer.parent.parent.parent.name", "refused: a path goes over 3 links at most"),
        ("goods", "refused: `goods` is not a field; a text is quoted: 'goods'"),
        ("kind == 'godos'", "refused: `kind` is never 'godos'; did you mean `goods`?"),
        ("state in ['drft']", "refused: `state` is never 'drft'; did you mean `draft`?"),
        ("total == 'x'", "refused: `==` does not compare decimal with text"),
        ("ordered_on < 'soon'", "refused: 'soon' is not a date such as 2026-01-31"),
        ("ordered_on + 30", "refused: `+` wants a duration on its right, such as days(30)"),
        ("total && true", "refused: `&&` wants true or false, not decimal"),
        (
            "lines",
            "refused: `lines` holds several lines; make one value of them: size(lines), sum(lines.x), lines.exists(l, l.x > 0)",
        ),
        (
            "lines.quantity",
            "refused: `lines` holds several lines; make one value of them: size(lines), sum(lines.x), lines.exists(l, l.x > 0)",
        ),
        ("sum(total)", "refused: `sum` of one value wants lines, such as sum(lines.x)"),
        ("sum(lines)", "refused: `sum` wants a field of the lines, such as sum(lines.x)"),
        ("sum(lines.product)", "refused: `sum` adds numbers, not text"),
        ("lines.exists(l, l)", "refused: `l` is a whole line; name a field of it: `l.…`"),
        (
            "lines.map(l, l.price)",
            "refused: `map` stands inside sum, count, min, max, exists or all",
        ),
        (
            "lines.exists(total, total > 1)",
            "refused: `total` is a field; call the line something else",
        ),
        ("exists(lines)", "refused: `exists` is asked of lines: lines.exists(l, …)"),
        ("tday()", "refused: there is no function `tday`; did you mean `today`?"),
        ("upper(1)", "refused: `upper` wants a text, not integer"),
        (
            "round(total, version)",
            "refused: `round` wants the digits to keep as a number from 0 to 10",
        ),
        ("decimal(note)", "refused: `decimal` wants a quoted text, not one that is computed"),
        (
            "1.2345678901234567",
            "refused: the number 1.2345678901234567 has more than 15 digits; write decimal(\"1.2345678901234567\")",
        ),
        ("min(total, note)", "refused: `min` does not take decimal and text together"),
        (
            "actor.usr",
            "refused: `actor` has no `usr`, only user, party, company, companies, roles; did you mean `user`?",
        ),
        (
            "actor",
            "refused: of `actor` only these are known: user, party, company, companies, roles",
        ),
        ("[1, 'a']", "refused: a list holds values of one type, not integer and text"),
        ("1 in 2", "refused: `in` wants a list on its right, not integer"),
        ("{'a': 1}", "refused: braces are not part of the language"),
        ("customer[0]", "refused: x[…] is not part of the language"),
        ("5u", "refused: integers have no u at their end"),
        ("urgent ? 1 : 'x'", "refused: the two sides of `:` differ: integer and text"),
        ("extra == 'x'", "refused: `==` does not compare json with text"),
        ("customer == 'Acme'", "refused: 'Acme' is not an id"),
        ("1 +", "refused: cannot be read at character 4: mismatched input '<EOF>'"),
    ]);
}

#[test]
fn wanted_types() {
    let schema = schema();
    let order = &schema.models["order"];
    for (source, wanted, found) in [
        ("1", crate::Type::Decimal, Ok(crate::Type::Int)),
        ("null", crate::Type::Bool, Ok(crate::Type::Null)),
        ("'2026-01-31'", crate::Type::Date, Ok(crate::Type::Date)),
        (
            "1.5",
            crate::Type::Int,
            Err(
                "gives decimal where integer is wanted: round(x), floor(x) and ceil(x) make an integer",
            ),
        ),
        ("total", crate::Type::Bool, Err("gives decimal where true or false is wanted")),
    ] {
        let compiled = compile(source, order, &schema, Some(&wanted)).map(|expr| expr.ty);
        assert_eq!(compiled, found.map_err(str::to_owned), "{source}");
    }
}

#[test]
fn limits() {
    assert!(check(&"(".repeat(30)).contains("brackets inside brackets"));
    assert!(check(&vec!["1"; 1000].join("+")).contains("more than 32 levels"));
    let deep = "(".repeat(24) + "1" + &")".repeat(24);
    assert_eq!(check(&deep), "1 : integer");
    assert!(check(&"(1?[-".repeat(12)).starts_with("refused"));
    // The parser drops pairs of `!` and `-`; the others are refused, and none overflows the stack.
    for piece in ["1?1:", "a.", "total.", "1&&!", "- -", "!-", "1+", "1==", "f(", "a[", "{1:"] {
        for end in ["1", "a"] {
            let source = piece.repeat((4_000 / piece.len()).min(1_300)) + end;
            let found = check(&source);
            assert!(found.starts_with("refused") || found == "1 : integer", "{piece} {found}");
        }
    }
    assert!(check(&"x".repeat(5000)).contains("longer than 4096 bytes"));
    assert_eq!(check(&vec!["urgent"; 200].join(" && ")), "true : true or false");
}

#[test]
fn what_is_read() {
    let schema = schema();
    let source = "sum(lines.quantity) > customer.limit && lines.exists(l, l.order.rate > rate)";
    let expr = compile(source, &schema.models["order"], &schema, None).unwrap();
    let paths: Vec<String> = expr.paths().iter().map(|path| path.join(".")).collect();
    assert_eq!(paths, ["customer.limit", "lines.order.rate", "lines.quantity"]);
    let reads: Vec<&str> = expr.reads().iter().map(|read| read.field.as_str()).collect();
    assert_eq!(reads, ["lines", "quantity", "customer", "limit", "lines", "order", "rate", "rate"]);
}
