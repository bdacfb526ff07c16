//! No query per row anywhere: the statements of a list, of a page and of a document are counted, and
//! their number does not grow with the rows.

use fondaco_kernel::records::{self, Change, Query, Select};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::{Served, Shop, both};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    a_list_of_80_takes_no_more_statements_than_one_of_2,
    an_order_of_100_lines_takes_no_more_statements_than_one_of_10,
    nor_does_it_with_stock_and_books,
    a_batch_of_100_takes_no_more_statements_than_one_of_10,
    a_page_takes_as_many_statements_for_80_rows_as_for_2,
}

/// The pages ask the kernel as the API does: a list, a form and a board take a number of statements
/// that follows from what they show of a model, and not from its records.
async fn a_page_takes_as_many_statements_for_80_rows_as_for_2() {
    let house = House::open(&["sales", "crm"]).await;
    let mut counts: Vec<Vec<u64>> = Vec::new();
    let mut forms = Vec::new();
    for (n, lines) in [(0, 2), (1, 40)] {
        forms.push(house.rep.create("sales.order", house.order(n, lines)).await.unwrap());
    }
    let served = Served::open(house.shop);
    let page = served.client(&house.rep).await;
    for (round, form) in forms.iter().enumerate() {
        if round == 1 {
            for n in 0..80 {
                let order = order(&house.products, &house.customers, (n, 2));
                house.rep.create("sales.order", order).await.unwrap();
            }
        }
        let mut own = Vec::new();
        for path in [
            "/".to_owned(),
            "/sales.order".to_owned(),
            "/sales.order?group=customer".to_owned(),
            format!("/sales.order/{form}"),
            format!("/sales.order/{form}/related"),
            "/sales.order/new".to_owned(),
            "/search?q=customer".to_owned(),
            "/import?model=party".to_owned(),
            "/sales.order?show=pivot&group=customer&across=ordered_on".to_owned(),
            "/report/sales.by_customer?against=previous_year".to_owned(),
            "/?dashboard=sales.desk".to_owned(),
        ] {
            let get =
                || page.send("GET", &path, None, &[("accept", "text/html")]).unwrap().expect(200);
            // The first of its kind makes plans.
            get();
            let before = served.shop.kernel.figures().await.unwrap().statements;
            get();
            let after = served.shop.kernel.figures().await.unwrap().statements;
            // Asking for the figures takes some itself, the same each time.
            own.push(after - before);
            println!("{path}: {}", after - before);
        }
        counts.push(own);
    }
    assert_eq!(counts[0], counts[1], "2 records and 80");
    assert!(counts[1].iter().all(|count| *count <= 60), "{counts:?}");
}

/// A company that sells what it counts and books, with fifty products in stock.
struct House {
    shop: Shop,
    rep: Desk,
    boss: Desk,
    customers: Vec<AnyId>,
    products: Vec<AnyId>,
}

const PRODUCTS: usize = 50;

fn order(products: &[AnyId], customers: &[AnyId], (n, lines): (usize, usize)) -> Json {
    let line = |at: usize| {
        let product = products[(n + at) % PRODUCTS];
        json!({ "product": product, "quantity": "1", "unit_price": "10" })
    };
    let lines: Vec<Json> = (0..lines).map(line).collect();
    json!({ "customer": customers[n % customers.len()], "lines": lines })
}

impl House {
    async fn open(names: &[&str]) -> House {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let shop = Shop::open(modules::named(&names).unwrap()).await;
        let boss = shop.master("Bo").await;
        let rep = shop.user("Rita", &["sales_user"]).await;
        let unit = boss.by_key("unit", "piece").await.unwrap();
        let vat = boss.by_key("tax_code", "vat_out_20").await.unwrap();
        let (mut customers, mut products) = (Vec::new(), Vec::new());
        for n in 0..20 {
            let customer = json!({ "name": format!("Customer {n}"), "customer": true });
            customers.push(boss.create("party", customer).await.unwrap());
        }
        for n in 0..PRODUCTS {
            let product = json!({ "code": format!("P{n}"), "name": format!("Product {n}"),
                "unit": unit, "tax_code": vat, "list_price": "10", "standard_cost": "6" });
            products.push(boss.create("product", product).await.unwrap());
        }
        let house = House { shop, rep, boss, customers, products };
        if names.iter().any(|name| name == "inventory") {
            house.stock().await;
        }
        house
    }

    async fn stock(&self) {
        let one =
            |product: &AnyId| json!({ "product": product, "quantity": "1000", "unit_cost": "6" });
        let lines: Vec<Json> = self.products.iter().map(one).collect();
        let sheet = json!({ "kind": "opening", "lines": lines });
        let sheet = self.boss.create("inventory.adjustment", sheet).await.unwrap();
        self.boss.act("inventory.adjustment", sheet, "done", Json::Null).await.unwrap();
    }

    fn order(&self, n: usize, lines: usize) -> Json {
        order(&self.products, &self.customers, (n, lines))
    }

    /// Statements for making an order, changing it, and doing an action with it.
    async fn created(&self, lines: usize) -> (AnyId, u64) {
        let fields = self.order(lines, lines).as_object().unwrap().clone();
        let run = self.rep.kernel.run(&self.rep.ctx, move |tx| {
            let fields = fields.clone();
            Box::pin(async move {
                let draft = records::draft_of(tx, "sales.order", &fields)?;
                let id = records::create(tx, "sales.order", vec![draft]).await?[0];
                Ok((id, tx.statements()))
            })
        });
        run.await.unwrap()
    }

    async fn changed(&self, id: AnyId) -> u64 {
        let mut lines = self.rep.get("sales.order", id).await.unwrap()["lines"].clone();
        for line in lines.as_array_mut().unwrap() {
            *line = json!({ "id": line["id"], "quantity": "2" });
        }
        let fields = json!({ "lines": lines }).as_object().unwrap().clone();
        let run = self.rep.kernel.run(&self.rep.ctx, move |tx| {
            let fields = fields.clone();
            Box::pin(async move {
                let draft = records::draft_of(tx, "sales.order", &fields)?;
                let change = Change { id, version: None, draft };
                records::update(tx, "sales.order", vec![change]).await?;
                Ok(tx.statements())
            })
        });
        run.await.unwrap()
    }

    async fn acted(&self, desk: &Desk, model: &str, id: AnyId, action: &str) -> u64 {
        let (model, action) = (model.to_owned(), action.to_owned());
        let run = desk.kernel.run(&desk.ctx, move |tx| {
            let (model, action) = (model.clone(), action.clone());
            Box::pin(async move {
                let args = records::arguments(tx, &model, &action, &serde_json::Map::new())?;
                records::act(tx, &model, id, &action, args).await?;
                Ok(tx.statements())
            })
        });
        run.await.unwrap()
    }

    async fn read(&self, id: AnyId) -> u64 {
        let expand = vec!["customer".to_owned(), "lines.product".to_owned()];
        let run = self.rep.kernel.read(&self.rep.ctx, move |tx| {
            let select = Select { fields: Vec::new(), expand: expand.clone() };
            Box::pin(async move {
                let rec = records::get(tx, "sales.order", id, &select).await?;
                assert!(rec.to_json()["lines"][0]["_expanded"]["product"][0]["name"].is_string());
                Ok(tx.statements())
            })
        });
        run.await.unwrap()
    }

    /// Statements and rows of a list.
    async fn listed(&self, limit: usize, expand: &[&str]) -> (u64, usize) {
        let query = Query {
            limit: Some(limit),
            sort: vec!["-id".to_owned()],
            show: Select {
                fields: Vec::new(),
                expand: expand.iter().map(|e| (*e).to_owned()).collect(),
            },
            ..Query::default()
        };
        let run = self.rep.kernel.read(&self.rep.ctx, move |tx| {
            let query = query.clone();
            Box::pin(async move {
                let page = records::list(tx, "sales.order", &query).await?;
                for rec in &page.rows {
                    assert!(rec.to_json()["_titles"]["customer"].is_string());
                }
                Ok((tx.statements(), page.rows.len()))
            })
        });
        run.await.unwrap()
    }
}

async fn a_list_of_80_takes_no_more_statements_than_one_of_2() {
    let house = House::open(&["sales"]).await;
    for n in 0..80 {
        house.rep.create("sales.order", house.order(n, 2)).await.unwrap();
    }
    for (expand, most) in [
        (&[][..], 3),
        (&["customer", "salesperson"][..], 6),
        (&["customer", "salesperson", "lines"][..], 10),
        (&["customer", "lines.product", "lines.tax_code"][..], 12),
    ] {
        let (few, _) = house.listed(2, expand).await;
        let (many, rows) = house.listed(80, expand).await;
        assert_eq!(rows, 80);
        println!("list with {expand:?}: {few} statements for 2 rows, {many} for 80");
        assert_eq!(few, many, "{expand:?}");
        assert!(many <= most, "{many} statements for {expand:?}");
    }
}

/// The statements of an order of 10 lines and of one of 100, at each step of their lives.
async fn grown(modules: &[&str], most: u64) -> String {
    let house = House::open(modules).await;
    // The first of each kind fills caches and makes accounts.
    let (id, _) = house.created(3).await;
    house.acted(&house.rep, "sales.order", id, "confirm").await;
    let mut steps: Vec<(String, Vec<u64>)> = Vec::new();
    for lines in [10, 100] {
        let (id, created) = house.created(lines).await;
        let changed = house.changed(id).await;
        let read = house.read(id).await;
        let confirmed = house.acted(&house.rep, "sales.order", id, "confirm").await;
        let mut counts =
            vec![("create", created), ("change", changed), ("read", read), ("confirm", confirmed)];
        if modules.contains(&"inventory") {
            let filter = format!("source_model == 'sales.order' && source_id == {id}");
            let delivery = house.boss.list("inventory.delivery", &filter, "id").await.unwrap();
            let delivery: AnyId = delivery[0]["id"].as_str().unwrap().parse().unwrap();
            let done = house.acted(&house.boss, "inventory.delivery", delivery, "done").await;
            counts.push(("deliver", done));
        }
        if modules.contains(&"accounting") {
            counts.push(("invoice", house.acted(&house.rep, "sales.order", id, "invoice").await));
        }
        for (name, count) in counts {
            match steps.iter_mut().find(|(known, _)| known == name) {
                Some((_, found)) => found.push(count),
                None => steps.push((name.to_owned(), vec![count])),
            }
        }
    }
    let (mut wrong, mut told) = (Vec::new(), String::new());
    for (name, counts) in steps {
        let counted = format!("{name}: {} for 10 lines, {} for 100\n", counts[0], counts[1]);
        if counts[1] > counts[0] || counts[1] > most {
            wrong.push(counted.clone());
        }
        told.push_str(&counted);
    }
    assert!(wrong.is_empty(), "{modules:?}\n{}", wrong.concat());
    told
}

async fn an_order_of_100_lines_takes_no_more_statements_than_one_of_10() {
    println!("{}", grown(&["sales"], 40).await);
}

async fn nor_does_it_with_stock_and_books() {
    println!("{}", grown(&["sales", "inventory", "accounting"], 130).await);
}

/// A batch of records is one statement a table, not one a record.
async fn a_batch_of_100_takes_no_more_statements_than_one_of_10() {
    let house = House::open(&["sales"]).await;
    let mut counts = Vec::new();
    for records in [10, 100] {
        let fields: Vec<_> =
            (0..records).map(|n| house.order(n, 3).as_object().unwrap().clone()).collect();
        let run = house.rep.kernel.run(&house.rep.ctx, move |tx| {
            let fields = fields.clone();
            Box::pin(async move {
                let drafts =
                    fields.iter().map(|fields| records::draft_of(tx, "sales.order", fields));
                let drafts = drafts.collect::<fondaco_kernel::Result<Vec<_>>>()?;
                records::create(tx, "sales.order", drafts).await?;
                Ok(tx.statements())
            })
        });
        counts.push(run.await.unwrap());
    }
    println!("create: {} statements for 10 orders, {} for 100", counts[0], counts[1]);
    assert!(counts[1] <= counts[0], "{counts:?}");
}
