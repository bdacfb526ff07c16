//! Tables of cases: each line is one thing the crate promises.

mod absent;
mod difference;
mod expressions;
mod faults;
mod json;
mod manifest;
mod property;
mod whole;
mod workflow;

use crate::{Origin, Schema, Source, load};

/// A small world: a party, orders with lines, a module, two roles.
const WORLD: [(&str, &str); 7] = [
    (
        "company.toml",
        "model = 'company'\nshared = true\n[fields]\nname = { type = 'text' }\ncurrency = { type = 'text' }",
    ),
    (
        "user.toml",
        "model = 'user'\nshared = true\n[fields]\nname = { type = 'text' }\npassword = { type = 'text', class = 'secret' }",
    ),
    ("kernel.toml", "module = 'kernel'\n[roles.seller]\n[roles.manager]\nincludes = ['seller']"),
    (
        "party.toml",
        "model = 'party'\n[fields]\nname = { type = 'text', required = true, search = true }\n\
         country = { type = 'text' }\nlimit = { type = 'money' }\nparent = { type = 'link', to = 'party' }\n\
         born = { type = 'date' }\ntags = { type = 'tags' }",
    ),
    (
        "order.toml",
        "model = 'order'\nnumber = 'SO-{year}-{seq:5}'\n[fields]\n\
         customer = { type = 'link', to = 'party', required = true }\n\
         lines = { type = 'lines', of = 'order_line' }\n\
         watchers = { type = 'links', to = 'user' }\n\
         ordered_on = { type = 'date', default = 'today()' }\n\
         ready_at = { type = 'date_time' }\n\
         urgent = { type = 'bool' }\nnote = { type = 'long_text' }\nrate = { type = 'percent' }\n\
         kind = { type = 'choice', values = ['goods', 'service'] }\n\
         work = { type = 'duration' }\nextra = { type = 'json' }\nseller = { type = 'link', to = 'user' }\n\
         total = { type = 'money', compute = 'sum(lines.amount)', stored = true }\n\
         [states]\ninitial = 'draft'\nvalues = ['draft', 'confirmed']\n\
         [actions.confirm]\nfrom = ['draft']\nto = 'confirmed'\nrequire = 'size(lines) > 0'\nnumber = true\n\
         [access.seller]\nread = 'true'\nwrite = 'seller == null || seller == actor.user'\nactions = ['confirm']",
    ),
    (
        "order_line.toml",
        "model = 'order_line'\n[fields]\norder = { type = 'link', to = 'order' }\n\
         product = { type = 'text' }\nquantity = { type = 'decimal', scale = 6 }\nprice = { type = 'money' }\n\
         pieces = { type = 'integer' }\n\
         amount = { type = 'money', compute = 'round(quantity * price, 2)', stored = true }",
    ),
    ("sales.toml", "module = 'sales'\nversion = '0.1.0'\nkernel = '>=0.1, <0.2'"),
];

fn world() -> Vec<Source> {
    let origin = |path: &str| match path {
        "sales.toml" => Origin::Module("sales".to_owned()),
        _ => Origin::Kernel,
    };
    WORLD.iter().map(|(path, text)| Source::new(origin(path), *path, *text)).collect()
}

fn schema() -> Schema {
    load(&world()).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

fn lines(faults: &[crate::Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}
