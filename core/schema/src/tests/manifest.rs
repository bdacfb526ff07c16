//! A `plugin.toml` with a mistake → the fault that says so; one without → what it says.

use super::{lines, schema};
use crate::plugin::{Limits, OnFailure, Point, Tier, Want};
use crate::{Fault, Origin, Source, manifest};

const HEAD: &str = "manifest = 1
[plugin]
id = 'acme.guard'
version = '1.2.3'
api = '0.2'
kernel = '>=0.1, <1'
license = 'MIT'
";
const HOOK: &str = "[hooks.check]
on = 'save'
models = ['order']
select = ['total', 'customer.name', 'lines.product']
";
const MAY: &str = "[capabilities]
read = [
{ model = 'order', fields = ['total', 'customer', 'lines'], why = 'a' },
{ model = 'party', fields = ['name'], why = 'b' }, { model = 'order_line', fields = ['*'], why = 'c' } ]
";

fn read(text: &str) -> Result<crate::plugin::Manifest, Vec<Fault>> {
    manifest(&Source::new(Origin::Company, "p.toml", text), Some(&schema()))
}

fn said(text: &str) -> String {
    match read(text) {
        Ok(_) => "fine".to_owned(),
        Err(faults) => lines(&faults).replace("p.toml:", "").trim_end().to_owned(),
    }
}

#[test]
fn a_whole_one() {
    let text = format!(
        "{HEAD}tier = 'script'\n{HOOK}on_failure = 'flag'\norder = 7\n[hooks.nightly]\non = 'job'\n{MAY}\
         [settings.threshold]\ntype = 'decimal'\ndefault = 10.5\n[limits]\ncpu_ms = 30\n"
    );
    let found = read(&text).unwrap_or_else(|faults| panic!("{}", lines(&faults)));
    assert_eq!((found.id.as_str(), found.name.as_str()), ("acme.guard", "Guard"));
    assert_eq!((found.tier, found.limits.cpu_ms), (Tier::Script, 30));
    assert_eq!(found.limits.memory_mib, Limits::of(Tier::Script).memory_mib);
    assert_eq!(found.settings["threshold"].default.as_deref(), Some("10.5"));
    let (name, hook) = found.at(Point::Save).next().unwrap();
    assert_eq!((name, hook.order, hook.on_failure), ("check", 7, OnFailure::Flag));
    assert_eq!(found.at(Point::Job).count(), 1);
    let may = &found.capabilities;
    for (want, allowed) in [
        (Want::Read("order", "total"), true),
        (Want::Read("order", "note"), false),
        (Want::Read("order_line", "price"), true),
        (Want::Change("order", "total"), false),
        (Want::Act("order", "confirm"), false),
        (Want::Standing, false),
    ] {
        assert_eq!(may.allow(want), allowed, "{want}");
    }
}

#[test]
fn faults_name_the_place_and_the_cure() {
    let all = |head: &str, hook: &str, may: &str| said(&format!("{head}{hook}{may}"));
    let head = |from: &str, to: &str| all(&HEAD.replace(from, to), HOOK, MAY);
    let hook = |from: &str, to: &str| all(HEAD, &HOOK.replace(from, to), MAY);
    let may = |from: &str, to: &str| all(HEAD, HOOK, &MAY.replace(from, to));
    let more = |text: &str| said(&format!("{HEAD}{HOOK}{MAY}{text}"));
    let wrong: Vec<String> = [
        (more(""), "fine"),
        (said("manifest = 1"), "1:1: there is no [plugin]"),
        (
            head("manifest = 1", "manifest = 2"),
            "1:1: it does not say which grammar it is written in (write `manifest = 1` as the first line)",
        ),
        (
            head("id = 'acme.guard'", "id = 'Guard'"),
            "3:6: `Guard` is not an id of a plugin (publisher.name, such as `acme.credit-guard`: small letters, digits, `-`)",
        ),
        (head("license = 'MIT'\n", ""), "2:1: `license` is missing"),
        (
            head("api = '0.2'", "api = '0.9'"),
            "5:7: this program does not serve the contract `0.9` (it serves 0.1, 0.2)",
        ),
        (
            head("license", "licence"),
            "2:1: `license` is missing\n7:1: unknown key `licence` (did you mean `license`?)",
        ),
        (
            head("version = '1.2.3'", "version = '1.2'"),
            "4:11: `1.2` is not a version: unexpected end of input while parsing minor version number",
        ),
        (hook("'save'", "'saves'"), "9:6: `on` is one of save, guard, effect, action, price, event, job, request, not `saves` (did you mean `save`?)"),
        (hook("on = 'save'\n", ""), "8:8: hook `check` does not say `on` what"),
        (hook("['order']", "['ordr']"), "10:11: there is no model `ordr` (did you mean `order`?)"),
        (hook("models = ['order']\n", ""), "8:1: a `save` names its `models`"),
        (hook("'total'", "'totl'"), "11:11: `order` has no field `totl`; did you mean `total`?"),
        (
            hook("'total'", "'lines'"),
            "11:11: `lines` is lines: name their fields, such as `lines.…`",
        ),
        (
            hook("'total'", "'note'"),
            "11:11: `note` reads order.note, which it does not ask for (add to capabilities.read: { model = \"order\", fields = [\"note\"], why = \"…\" })",
        ),
        (
            hook("select", "when = ['crate']\nselect"),
            "11:9: `when` is create, update or both, not `crate` (did you mean `create`?)",
        ),
        (hook("select", "actions = ['confirm']\nselect"), "11:1: unknown key `actions` (known are on, models, when, select, on_failure, order, again, clock)"),
        (may(", why = 'b'", ""), "15:1: `why` is missing (one sentence that the administrator reads before he grants it)"),
        (may("'name'", "'nme'"), "11:20: `customer.name` reads party.name, which it does not ask for (add to capabilities.read: { model = \"party\", fields = [\"name\"], why = \"…\" })\n15:30: party has no field `nme` (did you mean `name`?)"),
        (more("smtp = ['x']"), "16:1: unknown key `smtp` (known are read, create, write, act, emit, standing, http, kv, journal)"),
        (more("[limits]\ncpu_ms = 5000"), "17:10: `cpu_ms` is from 1 to 1000"),
        (more("[settings.a]\ntype = 'integer'\ndefault = 'x'"), "18:11: `x` is no integer for `a`"),
        (
            more("[hooks.go]\non = 'guard'\nmodels = ['order']\nactions = ['confrm']\nstanding = 'seller'"),
            "19:12: order has no action `confrm` (did you mean `confirm`?)\n20:12: it does not ask for `standing` (add `standing = true` to [capabilities])\n20:12: `seller` of order is no link to a party",
        ),
        (
            more("[hooks.fee]\non = 'price'\nselect = ['weight']"),
            "18:11: `weight` begins with neither `product.` nor `party.`",
        ),
        (
            all(&HEAD.replace("0.2", "0.1"), HOOK, &format!("{MAY}[hooks.go]\non = 'action'\nmodels = ['order']\nactions = ['confirm']")),
            "16:8: the contract 0.1 has no `action`",
        ),
    ]
    .into_iter()
    .filter(|(found, wanted)| found != wanted)
    .map(|(found, wanted)| format!("{found}\n  not\n{wanted}\n"))
    .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_reaches_outside_is_read_strictly() {
    let to = |origin: &str| format!("http = [{{ origin = '{origin}', why = 'x' }}]");
    for (text, says) in [
        (to("https://a.test:443"), "fine"),
        (to("https://a.test"), "has no port"),
        (to("https://a.test:443/path"), "has no port that is a number"),
        (to("https://a.test:0443"), "has no port that is a number"),
        (to("ftp://a.test:21"), "is neither http nor https"),
        (to("https://*.test:443"), "has a host with other letters"),
        (to("https://user@a.test:443"), "has a host with other letters"),
        (to("{setting:url}"), "there is no setting `url` of the type text"),
        (format!("{}\n[settings.url]\ntype = 'text'", to("{setting:url}")), "fine"),
        ("http = [{ origin = 'https://a.test:443' }]".to_owned(), "`why` is missing"),
        ("kv = { max_bytes = 0 }".to_owned(), "`max_bytes` of `kv` is from 1 to 67108864"),
        ("journal = [{ journal = 'misc', why = 'x' }]".to_owned(), "it names no `accounts`"),
        ("[hooks.n]\non = 'job'\nschedule = '15 2 * * *'".to_owned(), "fine"),
        ("[hooks.n]\non = 'job'\nschedule = '15 2 * *'".to_owned(), "has 4 fields, not five"),
        ("[hooks.p]\non = 'request'".to_owned(), "a `request` names its `methods`"),
        ("[hooks.p]\non = 'request'\nmethods = ['FETCH']".to_owned(), "`FETCH` is none of GET"),
        (
            "[hooks.p]\non = 'request'\nmethods = ['GET']\npath = '../x'".to_owned(),
            "`../x` is no path",
        ),
        ("[settings.k]\ntype = 'secret'".to_owned(), "fine"),
        ("[settings.k]\ntype = 'secret'\ndefault = 'x'".to_owned(), "`x` is no secret for `k`"),
    ] {
        let found = said(&format!("{HEAD}{HOOK}{MAY}{text}"));
        assert!(found.contains(says), "{text}: {found}");
    }
}
