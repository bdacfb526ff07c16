//! TOML with a mistake → the fault that says so.

use super::{lines, world};
use crate::{Origin, Source, load};

/// The faults of one more text in the small world, without its path.
fn check(origin: &Origin, text: &str) -> String {
    let mut sources = world();
    sources.push(Source::new(origin.clone(), "x.toml", text));
    match load(&sources) {
        Ok(_) => "fine".to_owned(),
        Err(faults) => lines(&faults).replace("x.toml:", "").trim_end().to_owned(),
    }
}

fn check_all(origin: &Origin, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, wanted)| {
            let found = check(origin, text);
            (found != *wanted).then(|| format!("({text:?},\n {found:?}),\n  not {wanted:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn fields() {
    check_fields(&[
        ("{ type = 'text' }", "fine"),
        ("{ type = 'txt' }", "3:14: there is no type `txt` (did you mean `text`?)"),
        ("{ type = 'many2one' }", "3:14: there is no type `many2one` (did you mean `link`?)"),
        ("{ label = 'x' }", "3:5: `f` has no `type`"),
        (
            "{ type = 'text', requird = true }",
            "3:22: unknown key `requird` (did you mean `required`?)",
        ),
        ("{ type = 'text', required = 'yes' }", "3:33: `required` wants true or false, not a text"),
        ("{ type = 'text', min = 3 }", "3:22: a text field here has no `min`"),
        (
            "{ type = 'text', pattern = '[A-Z' }",
            "3:32: pattern `[A-Z`: non-empty character class has no closing bracket",
        ),
        ("{ type = 'link', to = 'prty' }", "3:1: there is no model `prty` (did you mean `party`?)"),
        ("{ type = 'link' }", "3:5: `to` is missing: the model it leads to"),
        ("{ type = 'decimal', scale = 11 }", "3:33: `scale` is from 0 to 10"),
        ("{ type = 'integer', min = 5, max = 1 }", "3:25: min 5 is above max 1"),
        ("{ type = 'money', min = 0.01 }", "fine"),
    ]);
}

#[test]
fn choices_and_expressions() {
    check_fields(&[
        ("{ type = 'choice' }", "3:5: `values` is missing: the values to choose from"),
        ("{ type = 'choice', values = ['a', 'a'] }", "3:39: `a` is there twice"),
        (
            "{ type = 'choice', values = ['a', 'b'], default = \"'c'\" }",
            "3:55: expression `'c'`: 'c' is none of the values a, b",
        ),
        (
            "{ type = 'choice', values = ['a', { value = 'b', label = 'B!' }], default = \"'b'\" }",
            "fine",
        ),
        (
            "{ type = 'choice', values = ['a'], default = 'a' }",
            "3:50: expression `a`: `a` is not a field; a text is quoted: 'a'",
        ),
        ("{ type = 'bool', default = true }", "fine"),
        (
            "{ type = 'integer', default = '1.5' }",
            "3:35: expression `1.5`: gives decimal where integer is wanted: round(x), floor(x) and ceil(x) make an integer",
        ),
        (
            "{ type = 'text', class = 'cst' }",
            "3:30: there is no class `cst`, only public, internal, personal, pay, cost, secret (did you mean `cost`?)",
        ),
        ("{ type = 'text', stored = true }", "3:22: `stored` goes with `compute`"),
        (
            "{ type = 'text', compute = \"'a'\", required = true }",
            "3:39: a computed field has no `required`",
        ),
        (
            "{ type = 'text', compute = \"'a'\", search = true }",
            "3:39: `search` needs `stored = true` beside `compute`",
        ),
        (
            "{ type = 'date', compute = 'today()', stored = true }",
            "3:1: stored `f` would go stale: it reads today() (leave out stored, or let an action set the field)",
        ),
        (
            "{ type = 'text', compute = 'created_by.name', stored = true }",
            "3:1: stored `f` would go stale: it reads `created_by.name`, of another record (leave out stored, or let an action set the field)",
        ),
        ("{ type = 'text', compute = 'created_by.name' }", "fine"),
        (
            "{ type = 'text', compute = 'f' }",
            "3:1: is computed from itself: own.thing.f ← own.thing.f",
        ),
        ("{ type = 'tags', unique = true }", "3:22: a tags field here has no `unique`"),
        ("'text'", "3:5: `f` wants a table, not a text"),
    ]);
}

#[test]
fn numbers() {
    check_all(
        &Origin::Company,
        &[
            (
                "model = 'own.x'\nnumber = 'X-{yr}'",
                "2:10: `{yr}` is not known in a number ({year}, {month}, {day}, {seq} and {seq:5} are known)",
            ),
            (
                "model = 'own.x'\nnumber = 'X-{year}'",
                "2:10: a number holds the running number once: {seq} or {seq:5}",
            ),
            (
                "model = 'own.x'\n[number.kind]\na = 'A-{seq}'\nb = 'B-{seq}'\n[fields]\nkind = { type = 'choice', required = true, values = ['a', 'b'] }",
                "fine",
            ),
            (
                "model = 'own.x'\n[number.kind]\na = 'A-{seq}'\nc = 'C-{seq'\n[fields]\nkind = { type = 'choice', required = true, values = ['a', 'b'] }",
                "2:9: there is no number for `kind` b\n2:9: `kind` has no value `c`\n4:5: a brace is not closed, or not opened",
            ),
            (
                "model = 'own.x'\n[number.kind]\na = 'A-{seq}'\n[fields]\nkind = { type = 'choice', values = ['a'] }",
                "2:9: numbers go by a required choice, which `kind` is not",
            ),
            ("model = 'own.x'\n[number.sort]\na = 'A-{seq}'", "2:9: `own.x` has no field `sort`"),
            ("model = 'own.x'\n[number]", "2:1: numbers go by one choice field: [number.kind]"),
            ("model = 'own.x'\n[number.kind]", "2:9: `own.x` has no field `kind`"),
            ("model = 'own.x'\nnumber = 5", "2:10: `number` wants a text, not a number"),
            ("model = 'own.x'\nnumber = 'X-{seq'", "2:10: a brace is not closed, or not opened"),
        ],
    );
}

/// Cases of one field in a model of its own.
fn check_fields(cases: &[(&str, &str)]) {
    let texts: Vec<(String, &str)> = cases
        .iter()
        .map(|(field, wanted)| (format!("model = 'own.thing'\n[fields]\nf = {field}"), *wanted))
        .collect();
    let cases: Vec<(&str, &str)> = texts.iter().map(|(text, wanted)| (&**text, *wanted)).collect();
    check_all(&Origin::Company, &cases);
}

#[test]
fn models() {
    check_all(
        &Origin::Company,
        &[
            (
                "",
                "1:1: a file begins with one of: model, extends, module, role, report, workflow, document, dashboard",
            ),
            (
                "modle = 'own.x'",
                "1:1: a file begins with one of: model, extends, module, role, report, workflow, document, dashboard (did you mean `model`?)",
            ),
            ("model = 'own.x'\nrole = 'y'", "2:1: a file declares one thing only"),
            ("model = 'own.x'\nlabl = 'X'", "2:1: unknown key `labl` (did you mean `label`?)"),
            (
                "model = 'thing'",
                "1:9: a company's model has a dot in its name, such as `own.thing`",
            ),
            (
                "model = 'sales.thing'",
                "1:9: `sales.` belongs to module `sales`; choose another first word",
            ),
            (
                "model = 'Own.Thing'",
                "1:9: `Own.Thing` is not a name of a model (a name is made of small letters, digits and _, and begins with a letter)",
            ),
            (
                "model = 'order'",
                "1:9: a company's model has a dot in its name, such as `own.order`\n1:9: model `order` is declared twice (use extends = …)",
            ),
            ("model = 'order.line'", "1:9: has the same table name as model `order_line`"),
            (
                "model = 'own.x'\ntitle = 'nam'\n[fields]\nname = { type = 'text' }",
                "2:9: `own.x` has no field `nam` (did you mean `name`?)",
            ),
            (
                "model = 'own.x'\n[fields]\nversion = { type = 'text' }",
                "3:1: `version` is a system field; it is always there",
            ),
            ("model = 'own.x'\n[fields]\nnumber = { type = 'text' }", "fine"),
            (
                "model = 'own.x'\n[fields]\nA = { type = 'text' }",
                "3:1: `A` is not a name (a name is made of small letters, digits and _, and begins with a letter)",
            ),
            (
                "model = 'own.x'\n[indexes]\ni = ['nme', 'id', 'id']",
                "3:6: `own.x` has no field `nme`\n3:19: `id` is there twice",
            ),
            (
                "model = 'own.x'\n[fields]\na = { type = ",
                "3:13: unclosed inline table, expected `}`\n3:13: invalid literal string, expected `'`",
            ),
        ],
    );
    check_all(
        &Origin::Module("sales".into()),
        &[
            ("model = 'sales.thing'", "fine"),
            ("model = 'crm.thing'", "1:9: a model of `sales` is named `sales.…`"),
        ],
    );
    check_all(&Origin::Kernel, &[("model = 'a.b'", "1:9: a kernel model has no dot in its name")]);
}

#[test]
fn lines_have_one_owner() {
    let child = "{ type = 'link', to = 'own.x' }";
    check_all(
        &Origin::Company,
        &[
            (
                "model = 'own.x'\n[fields]\nl = { type = 'lines', of = 'order_line' }",
                "3:1: `order_line` are already the lines `lines` of `order`; lines have one owner",
            ),
            (
                "model = 'own.x'\n[fields]\nl = { type = 'lines', of = 'party' }",
                "3:1: `party` has no link to `own.x`; lines need one",
            ),
            (
                "model = 'own.x'\n[fields]\nl = { type = 'lines', of = 'own.x' }",
                "3:1: a model is not made of its own lines (for a tree, declare a link to the record above)",
            ),
            (
                "model = 'own.x'\n[fields]\nl = { type = 'lines', of = 'nothing' }",
                "3:1: there is no model `nothing`",
            ),
        ],
    );
    let pair = |x: &str, y: &str| {
        let mut sources = world();
        sources.push(Source::new(
            Origin::Company,
            "x.toml",
            format!("model = 'own.x'\n[fields]\n{x}"),
        ));
        sources.push(Source::new(
            Origin::Company,
            "y.toml",
            format!("model = 'own.y'\n[fields]\n{y}"),
        ));
        load(&sources).map(|_| ()).map_err(|faults| lines(&faults))
    };
    let x_lines = "l = { type = 'lines', of = 'own.y' }";
    assert_eq!(pair(x_lines, &format!("a = {child}")), Ok(()));
    assert_eq!(
        pair(x_lines, &format!("a = {child}\nb = {child}")),
        Err("x.toml:3:1: `own.y` has several links to `own.x`; say by = \"a\" or by = \"b\"\n"
            .into())
    );
    let by = "l = { type = 'lines', of = 'own.y', by = 'b' }";
    assert_eq!(pair(by, &format!("a = {child}\nb = {child}")), Ok(()));
    assert_eq!(
        pair(
            &format!("{x_lines}\nu = {{ type = 'link', to = 'own.y' }}"),
            &format!("a = {child}\nk = {{ type = 'lines', of = 'own.x' }}")
        ),
        Err("x.toml:3:1: lines go in a circle: own.y ← own.x ← own.y\n".into())
    );
}

#[test]
fn states_and_actions() {
    let model = |rest: &str| {
        let head = "model = 'own.x'\n[states]\ninitial = 'open'\nvalues = ['open', 'done']\n";
        check(&Origin::Company, &format!("{head}{rest}"))
    };
    for (rest, wanted) in [
        ("[actions.close]\nfrom = ['open']\nto = 'done'", "fine"),
        (
            "[actions.close]\nfrom = ['opn']\nto = 'don'",
            "6:9: there is no state `opn` (did you mean `open`?)\n7:6: there is no state `don` (did you mean `done`?)",
        ),
        (
            "[actions.close]\nnumber = true",
            "6:1: the model has no `number` to draw (number = \"X-{seq:5}\")",
        ),
        ("[actions.close]\nrefusal = 'No.'", "5:1: `refusal` goes with `require`"),
        (
            "[actions.close]\nrequire = 'state'",
            "6:11: expression `state`: gives text where true or false is wanted",
        ),
        (
            "[actions.read]",
            "5:10: `read` is not a name of an action (a name is made of small letters, digits and _, and begins with a letter)",
        ),
        ("[actions.close]\nargs.why = { type = 'text', required = true }", "fine"),
        (
            "[actions.close]\nargs.why = { type = 'text', index = true }",
            "6:29: a text field here has no `index`",
        ),
        (
            "[actions.close]\nargs.who = { type = 'link', to = 'prty' }",
            "6:6: there is no model `prty` (did you mean `party`?)",
        ),
    ] {
        assert_eq!(model(rest), wanted, "{rest}");
    }
    check_all(
        &Origin::Company,
        &[
            ("model = 'own.x'\n[actions.a]\nto = 'b'", "3:6: the model has no [states]"),
            (
                "model = 'own.x'\n[states]\ninitial = 'b'\nvalues = ['a']",
                "3:11: there is no state `b`",
            ),
        ],
    );
}

#[test]
fn access() {
    check_all(
        &Origin::Company,
        &[
            ("model = 'own.x'\n[access.seller]\nread = 'true'", "fine"),
            (
                "model = 'own.x'\n[access.sellr]\nread = 'true'",
                "2:9: there is no role `sellr` (did you mean `seller`?)",
            ),
            (
                "model = 'own.x'\n[access.seller]\nraed = 'true'",
                "3:1: unknown key `raed` (did you mean `read`?)",
            ),
            (
                "model = 'own.x'\n[access.seller]\nread = true",
                "3:8: `read` wants an expression, not true or false (it is quoted: read = \"true\")",
            ),
            (
                "model = 'own.x'\n[access.seller]\nread = 'nme == 1'",
                "3:8: expression `nme == 1`: `own.x` has no field `nme`",
            ),
            (
                "model = 'own.x'\n[access.seller]\nactions = ['go']",
                "3:12: `own.x` has no action `go`",
            ),
            (
                "extends = 'order'\n[access.manager]\nactions = { confirm = 'total <= 10000.0' }",
                "fine",
            ),
            (
                "extends = 'order'\n[access.manager]\nactions = { confrm = 'true' }",
                "3:13: `order` has no action `confrm` (did you mean `confirm`?)",
            ),
            (
                "extends = 'order'\n[access.seller]\nread = 'true'",
                "2:9: role `seller` has its rights on `order` already",
            ),
            (
                "extends = 'order_line'\n[access.seller]\nread = 'true'",
                "2:9: lines have the rights of their document `order`",
            ),
            (
                "role = 'clerk'\nincludes = ['seler']",
                "2:13: there is no role `seler` (did you mean `seller`?)",
            ),
            ("role = 'clerk'\nincludes = ['clerk']", "2:13: role `clerk` includes itself"),
            ("role = 'seller'", "1:8: role `seller` is declared by kernel already"),
            ("role = 'clerk'\n[grants.party]\nread = 'true'\nwrite = 'country == \"FR\"'", "fine"),
            (
                "role = 'clerk'\n[grants.prty]\nread = 'true'",
                "2:9: there is no model `prty` (did you mean `party`?)",
            ),
        ],
    );
}

#[test]
fn extensions() {
    check_all(
        &Origin::Company,
        &[
            ("extends = 'party'\n[fields]\ncolour = { type = 'text' }", "fine"),
            (
                "extends = 'party'\n[fields]\nname = { type = 'text' }",
                "3:1: `party` has a field `name` of kernel",
            ),
            ("extends = 'prty'", "1:11: there is no model `prty` (did you mean `party`?)"),
            (
                "extends = 'party'\nlabel = 'X'",
                "2:1: unknown key `label` (known are extends, when, fields, access, views, indexes, actions)",
            ),
            ("extends = 'hr.leave'\nwhen = 'hr'\n[fields]\na = { type = 'text' }", "fine"),
            ("extends = 'party'\n[actions.greet]", "fine"),
            ("extends = 'order'\n[actions.confirm]", "2:10: action `confirm` is declared twice"),
        ],
    );
}

#[test]
fn views() {
    let cases = [
        ("[views.list]\ncolumns = ['number', 'customer.name']\nsort = '-created_at'", "fine"),
        (
            "[views.list]\ncolumns = ['numbr']",
            "3:12: `order` has no field `numbr`; did you mean `number`?",
        ),
        (
            "[views.list]\ncolumns = ['customer.nme']",
            "3:12: `party` has no field `nme`; did you mean `name`?",
        ),
        ("[views.lst]", "2:8: unknown key `lst` (did you mean `list`?)"),
        (
            "[views.list]\ncolums = ['number']",
            "3:1: unknown key `colums` (did you mean `columns`?)",
        ),
        (
            "[views.form]\ngroups = [{ label = 'A', fields = ['customer', 'urgnt'] }]",
            "3:48: `order` has no field `urgnt`; did you mean `urgent`?",
        ),
        (
            "[views.form]\ntabs = [{ label = 'L', lines = 'lines', columns = ['product', 'qty'] }]",
            "3:63: `order_line` has no field `qty`",
        ),
        (
            "[views.form]\ntabs = [{ label = 'L', lines = 'lnes', columns = ['product'] }]",
            "3:32: `order` has no lines `lnes` (did you mean `lines`?)\n3:51: `order` has no field `product`",
        ),
        (
            "[views.list]\ncolours = [{ colour = 'red', when = 'totl > 1' }]",
            "3:37: expression `totl > 1`: `order` has no field `totl`; did you mean `total`?",
        ),
        ("[views.kanban]\ngroup = 'state'\ncard = ['number', 'total']", "fine"),
        (
            "[views.tree]\nparent = 'customer'",
            "2:8: a view `tree` names a link to the model itself as `parent`",
        ),
        (
            "[views.timeline]\nrows = 'customer'\nstart = 'number'",
            "2:8: a view `timeline` names a date with a column of its own as `start`",
        ),
        (
            "[views.timeline]\nrows = 'customer'\nstart = 'created_at'\nmove = 'confrm'",
            "2:8: a view `timeline` names a date with a column of its own as `start`\n\
             5:8: `order` has no action `confrm` (did you mean `confirm`?)",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(
            check(&Origin::Company, &format!("extends = 'order'\n{text}")),
            wanted,
            "{text}"
        );
    }
}

#[test]
fn modules_and_reports() {
    check_all(
        &Origin::Module("crm".into()),
        &[
            (
                "module = 'crm'\nversion = '1.0.0'\nkernel = '>=0.1, <0.2'\n[[menu]]\nmodel = 'order'",
                "fine",
            ),
            ("module = 'cmr'", "1:10: `cmr` is not the name of this module (expected is `crm`)"),
            (
                "module = 'crm'\nversion = 'one'",
                "2:11: `one` is not a version: unexpected character 'o' while parsing major version number",
            ),
            (
                "module = 'crm'\n[[menu]]\nmodel = 'ordr'",
                "3:9: there is no model `ordr` (did you mean `order`?)",
            ),
            (
                "module = 'crm'\n[[menu]]\nlabel = 'x'",
                "2:1: a menu item leads to a `model` or to a `report`",
            ),
            (
                "module = 'crm'\n[[separate]]\nroles = ['seller', 'seller']",
                "2:1: `roles` wants two different roles",
            ),
            (
                "module = 'crm'\n[[separate]]\nroles = ['seller', 'manager']\nreason = 'Four eyes.'",
                "fine",
            ),
            (
                "module = 'crm'\n[roles.agent]\nclasses = ['cost']\n[settings]\ndays = { type = 'integer' }",
                "4:2: a module has no `settings` of its own (make them fields of the company, in a file with extends = \"company\")",
            ),
            ("report = 'crm.pipe'\n[[columns]]\nname = 'a'\ntype = 'money'", "fine"),
            (
                "report = 'pipe'\n[[columns]]\nname = 'a'\ntype = 'money'",
                "1:10: a report of `crm` is named `crm.…`",
            ),
            ("report = 'crm.pipe'", "1:1: a report has [[columns]]"),
            (
                "report = 'crm.pipe'\nchart = { kind = 'bar', x = 'a', y = 'b' }\n[[columns]]\nname = 'a'\ntype = 'money'",
                "2:38: there is no column `b`",
            ),
            (
                "report = 'crm.pipe'\nroles = ['selle']\n[params]\nday = { type = 'date', default = 'today()' }\n[[columns]]\nname = 'a'\ntype = 'money'",
                "2:10: there is no role `selle` (did you mean `seller`?)",
            ),
        ],
    );
}

/// What the cells of a report open, how two periods are compared.
#[test]
fn reports_lead_somewhere() {
    let head = "report = 'crm.pipe'\n[params]\nday = { type = 'date' }\n[[columns]]\nname = 'party'\ntype = 'link'\nto = 'party'\n[[columns]]\nname = 'sum'\ntype = 'money'\n";
    let of = |more: &str| check(&Origin::Module("crm".into()), &format!("{head}{more}"));
    for (more, wanted) in [
        ("opens = { record = 'party' }", "fine"),
        ("opens = { report = 'crm.pipe', with = { day = 'day' } }", "fine"),
        ("opens = { record = 'sum' }", "11:20: there is no column `sum` of links"),
        (
            "opens = { report = 'crm.pip' }",
            "11:20: there is no report `crm.pip` (did you mean `crm.pipe`?)",
        ),
        (
            "opens = { report = 'crm.pipe', with = { dya = 'day' } }",
            "11:41: `crm.pipe` asks for no `dya` (did you mean `day`?)",
        ),
        (
            "opens = { report = 'crm.pipe', with = { day = 'sum' } }",
            "11:47: `sum` is not what `day` asks for",
        ),
        (
            "opens = { model = 'party' }",
            "11:9: a cell opens an `entry`, a `record`, a `model` with its `id`, or a `report` `with` its parameters",
        ),
        ("values_of = 'order.kind'", "fine"),
        ("values_of = 'order.note'", "11:13: `order.note` is no choice of a model"),
        ("[compare]\nby = ['party']\ndates = ['day']\nfigures = ['sum']", "fine"),
        (
            "[compare]\nby = ['party']\ndates = ['days']\nfigures = ['sum']",
            "13:10: there is no date `days` to ask for",
        ),
        (
            "[compare]\nby = ['party']\ndates = ['day']\nfigures = ['party']",
            "14:12: there is no figure `party`",
        ),
    ] {
        assert_eq!(of(more), wanted, "{more}");
    }
}

#[test]
fn dashboards() {
    let of = |tile: &str| {
        let text =
            format!("dashboard = 'crm.desk'\nroles = ['seller']\n[[tiles]]\nlabel = 'T'\n{tile}");
        check(&Origin::Module("crm".into()), &text)
    };
    for (tile, wanted) in [
        (
            "kind = 'figure'\nmodel = 'order'\nsum = 'total'\ndate = 'ordered_on'\nperiod = 'year'",
            "fine",
        ),
        ("kind = 'list'\nmodel = 'order'\ncolumns = ['customer']\nsort = ['-ordered_on']", "fine"),
        ("kind = 'chart'\nmodel = 'order'\ngroup = 'ordered_on.quarter'", "fine"),
        ("kind = 'gauge'\nmodel = 'order'", "5:8: there is no tile `gauge`"),
        (
            "kind = 'figure'\nmodel = 'ordr'",
            "6:9: there is no model `ordr` (did you mean `order`?)",
        ),
        ("kind = 'figure'\nmodel = 'order'\nsum = 'kind'", "7:7: `order` has no number `kind`"),
        (
            "kind = 'figure'\nmodel = 'order'\nfilter = 'totl > 5.0'",
            "7:10: expression `totl > 5.0`: `order` has no field `totl`; did you mean `total`?",
        ),
        (
            "kind = 'figure'\nmodel = 'order'\ngroup = 'kind'",
            "7:1: unknown key `group` (known are kind, label, wide, model, filter, sum, date, period)",
        ),
        ("kind = 'list'\nmodel = 'order'", "3:1: a list has `columns`"),
        (
            "kind = 'chart'\nmodel = 'order'\ngroup = 'note'",
            "7:9: `order` has no field to group by `note`",
        ),
        ("kind = 'chart'\nreport = 'crm.pipe'", "6:10: there is no report `crm.pipe`"),
    ] {
        assert_eq!(of(tile), wanted, "{tile}");
    }
}

#[test]
fn what_a_module_needs() {
    check_all(
        &Origin::Module("extra".to_owned()),
        &[
            (
                "module = 'extra'\nversion = '1.0.0'\nkernel = '^0.1'\n[needs]\nsales = '>=0.1, <0.2'",
                "fine",
            ),
            (
                "module = 'extra'\nversion = '1.0.0'\nkernel = '>=7'",
                "3:10: it works with the kernel >=7, and this one is 0.1.0 \
                 (take a version of it that was made for this kernel)",
            ),
            (
                "module = 'extra'\nversion = '1.0.0'\n[needs]\nsales = '^2'\nstock = '*'",
                "4:1: `extra` needs sales ^2, and it is 0.1.0 (switch sales on too, or extra off)\n\
                 5:1: `extra` needs stock *, which is not switched on \
                 (switch stock on too, or extra off)",
            ),
            (
                "module = 'extra'\nversion = '1.0.0'\n[needs]\nsales = 'new'",
                "4:9: `new` is not a range of versions: unexpected character 'n' while parsing \
                 major version number",
            ),
        ],
    );
}

#[test]
fn all_faults_at_once() {
    let text = "model = 'own.x'\n[fields]\na = { type = 'txt' }\nb = { type = 'link', to = 'prty' }\n\
                c = { type = 'text', compute = 'd' }\n[access.sellr]\nread = '1'";
    assert_eq!(
        check(&Origin::Company, text).lines().count(),
        5,
        "{}",
        check(&Origin::Company, text)
    );
}
