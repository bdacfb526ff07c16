//! A module of orders and a company to try it in.

use fondaco_values::{AnyId, Decimal, Id, Money, Timestamp};
use serde_json::{Map, Value as Json};

use crate::ctx::{Actor, ActorKind, Scopes};
use crate::model::Draft;
use crate::shared::{Company, Currency, Party, Product, Unit, User};
use crate::store::{self, Filter};
use crate::tx::Fut;
use crate::{Clock, Ctx, Database, Error, Kernel, Module, Record, Result, Setup, Tx, records};

const MANIFEST: &str = r#"
module = "kernel_orders"
title = "Orders"
version = "0.1.0"
kernel = ">=0.1, <0.2"

[roles.seller]
label = "Seller"
includes = ["employee"]

[roles.chief]
label = "Chief"
includes = ["seller"]
classes = ["cost", "internal"]
write_classes = ["cost", "internal"]
"#;

pub(super) const ORDER: &str = r#"
model = "kernel_orders.order"
label = "Order"
title = "reference"
number = "O-{seq:3}"

[fields]
reference = { type = "text", unique = true, search = true }
customer = { type = "link", to = "party", required = true, search = true }
currency = { type = "link", to = "currency", default = "company.currency" }
ordered_on = { type = "date", default = "today()" }
due = { type = "date", default = "ordered_on + days(30)" }
language = { type = "text", default = "customer.language" }
seller = { type = "link", to = "user", default = "actor.user" }
discount = { type = "percent", min = 0, max = 1 }
margin = { type = "money", class = "cost" }
urgent = { type = "bool" }
note = { type = "long_text" }
tags = { type = "tags" }
watchers = { type = "links", to = "party" }
extra = { type = "json" }
at = { type = "date_time" }
lines = { type = "lines", of = "kernel_orders.line" }
total = { type = "money", compute = "sum(lines.amount)", stored = true }
heavy = { type = "bool", compute = "exists(lines, l, l.quantity > 10)" }
place = { type = "text", compute = "upper(customer.country)" }

[states]
initial = "draft"
values = ["draft", "confirmed", "done"]

[actions.confirm]
from = ["draft"]
to = "confirmed"
require = "size(lines) > 0 && customer.active"
refusal = "An order needs at least one line."
number = true

[actions.finish]
from = ["confirmed"]
to = "done"

[access.seller]
read = "seller == null || seller == actor.user"
create = "total <= 10000.0"
write = "state == 'draft' && seller == actor.user"
delete = "state == 'draft'"
actions = ["confirm"]

[access.chief]
read = "true"
create = "true"
write = "true"
delete = "true"
actions = ["confirm", "finish"]

[views.list]
columns = ["reference", "customer", "total"]
sort = "-ordered_on"
"#;

pub(super) const LINE: &str = r#"
model = "kernel_orders.line"
label = "Order line"
title = "text"

[fields]
order = { type = "link", to = "kernel_orders.order" }
product = { type = "link", to = "product", required = true }
text = { type = "text", default = "product.name", search = true }
quantity = { type = "decimal", scale = 6, required = true, min = 0 }
price = { type = "money", default = "product.list_price" }
amount = { type = "money", compute = "quantity * price", stored = true }
count = { type = "integer" }
letter = { type = "text", compute = "lower(product.code)" }
"#;

#[derive(Record, Clone, Debug)]
#[record("kernel_orders.order")]
pub(super) struct Order {
    pub(super) id: Id<Order>,
    pub(super) version: i64,
    pub(super) reference: Option<String>,
    pub(super) customer: Id<Party>,
    pub(super) lines: Vec<Line>,
    pub(super) total: Money,
    pub(super) state: String,
    pub(super) number: Option<String>,
    pub(super) tags: Vec<String>,
}

#[derive(Record, Clone, Debug)]
#[record("kernel_orders.line")]
pub(super) struct Line {
    pub(super) id: Id<Line>,
    pub(super) product: Id<Product>,
    pub(super) quantity: Decimal,
    pub(super) price: Option<Money>,
    pub(super) amount: Money,
}

impl Line {
    pub(super) fn of(product: AnyId, quantity: i64) -> Line {
        let (price, amount) = (None, Money::ZERO);
        Line {
            id: Id::default(),
            product: product.cast(),
            quantity: quantity.into(),
            price,
            amount,
        }
    }
}

impl Order {
    pub(super) fn of(customer: AnyId, lines: Vec<Line>) -> Order {
        Order {
            id: Id::default(),
            version: 0,
            reference: None,
            customer: customer.cast(),
            lines,
            total: Money::ZERO,
            state: String::new(),
            number: None,
            tags: Vec::new(),
        }
    }
}

pub(super) fn module(order: &'static str) -> Module {
    Module::new("kernel_orders", MANIFEST)
        .models(&[("models/order.toml", order), ("models/line.toml", LINE)])
        .record::<Order>()
}

pub(super) struct World {
    pub(super) kernel: Kernel,
    pub(super) company: Id<Company>,
    pub(super) acme: AnyId,
    pub(super) bolt: AnyId,
    pub(super) nut: AnyId,
    pub(super) ann: Id<User>,
}

pub(super) const NOW_S: i64 = 1_763_683_200;

pub(super) fn setup(database: Database, order: &'static str) -> Setup {
    let mut setup = Setup::new(database, vec![module(order)]);
    setup.clock = Clock::at(Timestamp::from_second(NOW_S).unwrap());
    setup
}

impl World {
    pub(super) async fn new() -> World {
        World::over(crate::testing::database()).await
    }

    pub(super) async fn over(database: Database) -> World {
        let kernel = Kernel::open(setup(database, ORDER)).await.unwrap();
        let nobody = ctx(Id::default(), None, &[]);
        let (company, ann) = kernel.run(&nobody, |tx| Box::pin(found(tx))).await.unwrap();
        let own = ctx(company, None, &[]);
        let (acme, bolt, nut) = kernel.run(&own, |tx| Box::pin(masters(tx))).await.unwrap();
        World { kernel, company, acme, bolt, nut, ann }
    }

    /// Ann with these roles.
    pub(super) fn ann(&self, roles: &[&str]) -> Ctx {
        ctx(self.company, Some(self.ann), roles)
    }

    /// The module at work.
    pub(super) fn own(&self) -> Ctx {
        ctx(self.company, Some(self.ann), &[])
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        work: impl for<'t> Fn(&'t mut Tx) -> Fut<'t, T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.kernel.run(ctx, work).await
    }

    /// An order through the outer door.
    pub(super) async fn create(&self, ctx: &Ctx, json: Json) -> Result<AnyId> {
        self.run(ctx, move |tx| {
            let json = json.clone();
            Box::pin(async move {
                let draft = draft(tx, &json)?;
                Ok(records::create(tx, "kernel_orders.order", vec![draft]).await?[0])
            })
        })
        .await
    }
}

pub(super) fn draft(tx: &Tx, json: &Json) -> Result<Draft> {
    let empty = Map::new();
    records::draft_of(tx, "kernel_orders.order", json.as_object().unwrap_or(&empty))
}

pub(super) fn ctx(company: Id<Company>, user: Option<Id<User>>, roles: &[&str]) -> Ctx {
    let actor = Actor {
        kind: ActorKind::User,
        user,
        name: "ann".to_owned(),
        party: None,
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        companies: vec![company],
        scopes: Scopes::All,
    };
    Ctx::new(actor, company, "en")
}

/// `code of first problem @ field` of an error, or its kind.
pub(super) fn refusal<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result.unwrap_err() {
        Error::Invalid(problems) => {
            let one = |p: &fondaco_values::Problem| format!("{}@{}", p.code, p.field);
            problems.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        Error::NotFound { .. } => "not found".to_owned(),
        Error::Forbidden { .. } => "forbidden".to_owned(),
        Error::Conflict { code, .. } => format!("conflict {code}"),
        other => panic!("{other:?}"),
    }
}

async fn found(tx: &mut Tx) -> Result<(Id<Company>, Id<User>)> {
    let euro = store::first::<Currency>(tx, Filter::new().eq("code", "EUR")).await?.unwrap();
    let mut company = Company {
        id: Id::default(),
        name: "Veloce".into(),
        currency: euro.id,
        country: None,
        fiscal_year_start: 1,
        calendar: None,
    };
    let company = store::insert(tx, &mut company).await?;
    let mut user = User { login: "ann@example.com".into(), name: "Ann".into(), ..User::default() };
    user.active = true;
    let user = store::insert(tx, &mut user).await?;
    Ok((company, user))
}

async fn masters(tx: &mut Tx) -> Result<(AnyId, AnyId, AnyId)> {
    let piece = store::first::<Unit>(tx, Filter::new().eq("name", "Piece")).await?.unwrap();
    let party = records::draft(tx, "party")?
        .with("name", "Ácme Łódź")
        .with("country", "pl")
        .with("language", "pl");
    let party = party.with("country", "PL");
    let acme = insert(tx, "party", party).await?;
    let mut made = Vec::new();
    for (code, name, price) in [("B", "Bolt", "2.50"), ("N", "Nut", "0.10")] {
        let product = records::draft(tx, "product")?
            .with("code", code)
            .with("name", name)
            .with("unit", piece.id)
            .with("list_price", price.parse::<Money>().unwrap());
        made.push(insert(tx, "product", product).await?);
    }
    Ok((acme, made[0], made[1]))
}

async fn insert(tx: &mut Tx, model: &str, draft: Draft) -> Result<AnyId> {
    let meta = tx.registry().catalog.meta(model)?.clone();
    let id = tx.new_id();
    let batch = vec![crate::model::Saving { id, old: None, draft }];
    crate::model::save(tx, &meta, batch, crate::model::Deed::of_module("create")).await?;
    Ok(id)
}
