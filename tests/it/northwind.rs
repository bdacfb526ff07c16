//! All of Northwind: imported as it is, every order confirmed in its month, what was shipped
//! delivered and invoiced on its day, and the figures compared with sums over the files.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use fondaco_kernel::values::{AnyId, Date, Decimal, Money, Quantity, Rounding, round};
use fondaco_kernel::{Tx, keys, ledger, records};
use fondaco_server::desk::Desk;
use fondaco_tests::sample::{self, all, counts};
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{Shop, both};
use serde_json::{Map, Value as Json, json};

both! {
    two_years_of_a_trader_come_out_to_the_cent,
}

/// A row of a file, by column.
type Row = HashMap<String, String>;

/// The files, read without the import.
struct Files {
    /// By number.
    orders: BTreeMap<String, Row>,
    products: BTreeMap<String, Row>,
    lines: Vec<Row>,
}

fn rows(folder: &Path, file: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn figure(row: &Row, column: &str) -> Decimal {
    row[column].parse().unwrap()
}

/// Of a line, before tax, in cents.
fn cents(line: &Row) -> i64 {
    let gross = figure(line, "unit_price") * figure(line, "quantity");
    let net = gross * (Decimal::ONE - figure(line, "discount"));
    (round(net, 2, Rounding::HalfUp) * Decimal::ONE_HUNDRED).try_into().unwrap()
}

impl Files {
    fn read(folder: &Path) -> Files {
        let by = |file: &str, key: &str| {
            rows(folder, file).into_iter().map(|row| (row[key].clone(), row)).collect()
        };
        Files {
            orders: by("orders.csv", "order_id"),
            products: by("products.csv", "product_id"),
            lines: rows(folder, "order_details.csv"),
        }
    }

    fn shipped(&self, line: &Row) -> bool {
        !self.orders[&line["order_id"]]["shipped_date"].is_empty()
    }

    /// How much of each product these lines order.
    fn ordered(&self, which: impl Fn(&Row) -> bool) -> BTreeMap<&str, Decimal> {
        let mut sums = BTreeMap::new();
        for line in self.lines.iter().filter(|line| which(line)) {
            *sums.entry(line["product_id"].as_str()).or_default() += figure(line, "quantity");
        }
        sums
    }

    /// What one costs: three fifths of the list price.
    fn unit_cost(&self, product: &str) -> Decimal {
        let list = figure(&self.products[product], "unit_price");
        round(list * Decimal::new(6, 1), 2, Rounding::HalfUp)
    }

    /// The stock of before: all that was ever ordered, and what the file says was left.
    fn opening(&self) -> String {
        let ordered = self.ordered(|_| true);
        let mut text = "product_id,quantity,unit_cost\n".to_owned();
        for (id, row) in &self.products {
            let quantity = figure(row, "units_in_stock") + ordered[id.as_str()];
            text += &format!("{id},{quantity},{}\n", self.unit_cost(id));
        }
        text
    }
}

/// The company, and what the files hold.
struct Northwind {
    shop: Shop,
    desk: Desk,
    files: Files,
    /// Orders by their number in the files.
    orders: HashMap<String, AnyId>,
}

async fn two_years_of_a_trader_come_out_to_the_cent() {
    let Some(folder) = sample::data("northwind") else { return };
    let started = std::time::Instant::now();
    let company = imported(&folder).await;
    let imported = started.elapsed();
    company.open_stock().await;
    company.live().await;
    let lived = started.elapsed();
    company.check_orders().await;
    company.check_books().await;
    company.check_stock().await;
    company.check_repeat(&folder).await;
    let rest = started.elapsed() - lived;
    eprintln!(
        "northwind: imported in {imported:.1?}, lived in {:.1?}, checked in {rest:.1?}",
        lived - imported
    );
}

async fn imported(folder: &Path) -> Northwind {
    let shop = sample::open("northwind").await;
    shop.on("1996-07-01");
    let desk = sample::console(&shop);
    let mapping = sample::example("northwind").join("mapping.toml");
    let report = sample::import(&desk, &mapping, folder).await;
    assert_eq!(report.problems, []);
    assert_eq!(
        counts(&report),
        [
            ("party", "customers.csv", [91, 0, 0]),
            ("contact", "customers.csv", [91, 0, 0]),
            ("party", "suppliers.csv", [29, 0, 0]),
            ("contact", "suppliers.csv", [29, 0, 0]),
            ("party", "shippers.csv", [6, 0, 0]),
            ("party", "employees.csv", [9, 0, 0]),
            ("hr.employee", "employees.csv", [9, 0, 0]),
            ("product_category", "categories.csv", [8, 0, 0]),
            ("product", "products.csv", [77, 0, 0]),
            ("sales.order", "orders.csv", [830, 0, 0]),
        ]
    );
    let files = Files::read(folder);
    let orders = ids(&desk, "sales.order", "order/", files.orders.keys()).await;
    Northwind { shop, desk, files, orders }
}

/// Records by their number in the files.
async fn ids<'k>(
    desk: &Desk,
    model: &str,
    prefix: &str,
    numbers: impl Iterator<Item = &'k String>,
) -> HashMap<String, AnyId> {
    let wanted: Vec<String> = numbers.map(|number| format!("{prefix}{number}")).collect();
    let model = model.to_owned();
    let read = desk.kernel.read(&desk.ctx, move |tx| {
        let (model, wanted) = (model.clone(), wanted.clone());
        Box::pin(async move { keys::find(tx, &model, &wanted).await })
    });
    let found = read.await.unwrap().into_iter();
    found.map(|(key, id)| (key[prefix.len()..].to_owned(), id)).collect()
}

/// Does an action of many records, some dozens in one unit of work.
async fn act(desk: &Desk, model: &str, action: &str, wanted: &[(AnyId, Json)]) {
    for some in wanted.chunks(40) {
        let (model, deed, some) = (model.to_owned(), action.to_owned(), some.to_vec());
        let done = desk.kernel.run(&desk.ctx, move |tx| {
            let (model, deed, some) = (model.clone(), deed.clone(), some.clone());
            Box::pin(async move { each(tx, &model, &deed, &some).await })
        });
        done.await.unwrap_or_else(|e| panic!("{action}: {e}"));
    }
}

async fn each(
    tx: &mut Tx,
    model: &str,
    action: &str,
    wanted: &[(AnyId, Json)],
) -> fondaco_kernel::Result<()> {
    for (id, args) in wanted {
        let args = args.as_object().cloned().unwrap_or_else(Map::new);
        let args = records::arguments(tx, model, action, &args)?;
        records::act(tx, model, *id, action, args).await?;
    }
    Ok(())
}

fn id(record: &Json, field: &str) -> AnyId {
    match &record[field] {
        Json::String(text) => text.parse().unwrap(),
        number => AnyId::new(number.as_i64().unwrap()),
    }
}

fn money(text: &Json) -> Money {
    text.as_str().unwrap().parse().unwrap()
}

impl Northwind {
    async fn open_stock(&self) {
        let folder = Scratch::new("opening");
        std::fs::write(folder.path().join("opening.csv"), self.files.opening()).unwrap();
        let mapping = sample::example("northwind").join("opening.toml");
        let report = sample::import(&self.desk, &mapping, folder.path()).await;
        assert_eq!(report.problems, []);
        assert_eq!(counts(&report), [("inventory.adjustment", "opening.csv", [1, 0, 0])]);
        let opening = self.desk.by_key("inventory.adjustment", "opening").await.unwrap();
        act(&self.desk, "inventory.adjustment", "done", &[(opening, json!({}))]).await;
    }

    /// Month by month: what is ordered is confirmed, what is shipped is delivered and invoiced.
    async fn live(&self) {
        let mut month: Date = "1996-07-01".parse().unwrap();
        let end: Date = "1998-06-01".parse().unwrap();
        while month < end {
            self.shop.on(&month.last_of_month().to_string());
            let name = &month.to_string()[..7];
            let of = |column: &'static str| {
                let orders = self.files.orders.values();
                let mut found: Vec<&Row> = orders.filter(|o| o[column].starts_with(name)).collect();
                found.sort_by_key(|order| (order[column].clone(), order["order_id"].clone()));
                found
            };
            let ordered: Vec<_> =
                of("order_date").iter().map(|o| (self.orders[&o["order_id"]], json!({}))).collect();
            act(&self.desk, "sales.order", "confirm", &ordered).await;
            let filter = "purpose == 'customer' && state == 'ready'";
            let ready =
                all(&self.desk, "inventory.delivery", filter, &["source_id"]).await.unwrap();
            let ready: HashMap<AnyId, AnyId> = ready
                .iter()
                .map(|delivery| (id(delivery, "source_id"), id(delivery, "id")))
                .collect();
            let shipped: Vec<_> = of("shipped_date")
                .iter()
                .map(|o| (self.orders[&o["order_id"]], json!({ "on": o["shipped_date"] })))
                .collect();
            let out: Vec<_> =
                shipped.iter().map(|(order, on)| (ready[order], on.clone())).collect();
            act(&self.desk, "inventory.delivery", "done", &out).await;
            act(&self.desk, "sales.order", "invoice", &shipped).await;
            month = month.last_of_month().tomorrow().unwrap();
        }
    }

    /// Order lines, each rounded half up, add up to 1,265,793.29 before tax.
    async fn check_orders(&self) {
        let fields = ["order", "quantity", "unit_price", "amount"];
        let lines = all(&self.desk, "sales.order_line", "true", &fields).await.unwrap();
        assert_eq!(lines.len(), 2155);
        let sum = |field: &str| lines.iter().map(|line| money(&line[field])).sum::<Money>();
        assert_eq!(sum("quantity"), "51317".parse().unwrap());
        assert_eq!(sum("amount"), "1265793.29".parse().unwrap());
        let gross = lines.iter().map(|line| {
            let figure = |field: &str| line[field].as_str().unwrap().parse::<Decimal>().unwrap();
            figure("quantity") * figure("unit_price")
        });
        assert_eq!(gross.sum::<Decimal>(), "1354458.59".parse().unwrap());

        // Line by line, in the order of the file.
        let mut own: HashMap<AnyId, Vec<Money>> = HashMap::new();
        for line in &lines {
            own.entry(id(line, "order")).or_default().push(money(&line["amount"]));
        }
        let mut wanted: HashMap<AnyId, Vec<Money>> = HashMap::new();
        for line in &self.files.lines {
            let amount = Money::from_minor(cents(line), 2);
            wanted.entry(self.orders[&line["order_id"]]).or_default().push(amount);
        }
        assert_eq!(own, wanted);

        let fields = ["state", "net", "total", "margin", "delivery_state", "invoice_state"];
        let orders = all(&self.desk, "sales.order", "true", &fields).await.unwrap();
        assert_eq!(orders.len(), 830);
        let (open, done): (Vec<_>, Vec<_>) =
            orders.iter().partition(|order| order["state"] == "confirmed");
        assert_eq!((open.len(), done.len()), (21, 809));
        assert!(done.iter().all(|order| order["state"] == "done"));
        assert!(open.iter().all(|order| order["delivery_state"] == "ready"));
        let sum = |orders: &[&Json], field: &str| -> Money {
            orders.iter().map(|order| money(&order[field])).sum()
        };
        let all: Vec<&Json> = orders.iter().collect();
        assert_eq!(sum(&all, "net"), "1265793.29".parse().unwrap());
        assert_eq!(sum(&all, "total"), sum(&all, "net"), "there are no taxes");
        assert_eq!(sum(&open, "net"), "25937.44".parse().unwrap());

        let cost = self.cost(|line| self.files.shipped(line));
        let margin = sum(&done, "margin");
        assert_eq!(margin, sum(&done, "net") - cost);
        let rate = margin.decimal() / sum(&done, "net").decimal();
        let plausible = Decimal::new(25, 2)..Decimal::new(45, 2);
        assert!(plausible.contains(&rate), "a margin of {rate}");
        let losing = done.iter().filter(|order| money(&order["margin"]).is_negative()).count();
        assert!(losing < 20, "{losing} orders lose money");
    }

    /// What these lines cost.
    fn cost(&self, which: impl Fn(&Row) -> bool) -> Money {
        let sums = self.files.ordered(which);
        let costs = sums.iter().map(|(id, sum)| sum * self.files.unit_cost(id));
        Money::exact(costs.sum()).unwrap()
    }

    async fn check_books(&self) {
        let fields = ["state", "net", "open_amount", "dated_on"];
        let invoices = all(&self.desk, "accounting.invoice", "true", &fields).await.unwrap();
        assert_eq!(invoices.len(), 809);
        let invoiced: Money = invoices.iter().map(|invoice| money(&invoice["net"])).sum();
        assert_eq!(invoiced, "1239855.85".parse().unwrap());

        let read = self.desk.kernel.read(&self.desk.ctx, |tx| {
            Box::pin(async move {
                let balance = ledger::trial_balance(tx, None, None).await?;
                let purposes = ["receivable", "revenue", "stock", "cost_of_sales"];
                let mut accounts = Vec::new();
                for purpose in purposes {
                    let account = ledger::accounts::by_purpose(tx, purpose).await?;
                    let row = balance.rows.iter().find(|row| row.account == account);
                    accounts.push(row.map_or(0, |row| row.balance));
                }
                let verdict = ledger::verify(tx, None, None).await?;
                Ok((balance, accounts, verdict))
            })
        });
        let (balance, accounts, verdict) = read.await.unwrap();
        assert_eq!(balance.debit, balance.credit);
        assert!(matches!(verdict, ledger::Verdict::Sound { .. }), "{verdict:?}");
        let sold = self.cost(|line| self.files.shipped(line));
        let left = self.stock_value() - sold;
        let minor = |money: Money| money.minor(2).unwrap();
        let wanted = [minor(invoiced), -minor(invoiced), minor(left), minor(sold)];
        assert_eq!(accounts, wanted, "{balance:#?}");
    }

    /// Of the opening stock.
    fn stock_value(&self) -> Money {
        let left = self
            .files
            .products
            .iter()
            .map(|(id, row)| figure(row, "units_in_stock") * self.files.unit_cost(id));
        self.cost(|_| true) + Money::exact(left.sum()).unwrap()
    }

    async fn check_stock(&self) {
        let products = ids(&self.desk, "product", "product/", self.files.products.keys()).await;
        let names: HashMap<AnyId, &String> =
            self.files.products.keys().map(|number| (products[number], number)).collect();
        // What is free is what the file says is in stock; what is set aside are the open orders.
        let waiting = self.files.ordered(|line| !self.files.shipped(line));
        let table = self.desk.report("inventory.availability", &[]).await.unwrap();
        let told: HashMap<&str, [Decimal; 3]> = table
            .rows
            .iter()
            .map(|row| {
                let figures = [1, 2, 3].map(|at| row[at].as_decimal().unwrap());
                (names[&row[0].as_link().unwrap()].as_str(), figures)
            })
            .collect();
        for (number, product) in &self.files.products {
            let open = waiting.get(number.as_str()).copied().unwrap_or_default();
            let stock = figure(product, "units_in_stock");
            let [on_hand, reserved, free] = told.get(number.as_str()).copied().unwrap_or_default();
            assert_eq!((free, reserved, on_hand), (stock, open, stock + open), "product {number}");
        }
        // Day by day nothing was ever below nothing.
        let fields = ["date", "product", "quantity", "to_location"];
        let moves = all(&self.desk, "inventory.move", "true", &fields).await.unwrap();
        assert_eq!(moves.len(), 77 + 2155 - 73);
        let inside = self.desk.by_key("inventory.location", "main").await.unwrap();
        let mut days: BTreeMap<(AnyId, String), Quantity> = BTreeMap::new();
        for moved in &moves {
            let quantity: Quantity = moved["quantity"].as_str().unwrap().parse().unwrap();
            let comes = id(moved, "to_location") == inside;
            let day = (id(moved, "product"), moved["date"].as_str().unwrap().to_owned());
            *days.entry(day).or_default() += if comes { quantity } else { -quantity };
        }
        let mut levels: HashMap<AnyId, Quantity> = HashMap::new();
        for ((product, day), change) in days {
            let level = levels.entry(product).or_default();
            *level += change;
            assert!(!level.is_negative(), "product {} on {day}: {level}", names[&product]);
        }
    }

    /// The same files again: nothing is double, and nothing is touched.
    async fn check_repeat(&self, folder: &Path) {
        let mapping = sample::example("northwind").join("mapping.toml");
        let report = sample::import(&self.desk, &mapping, folder).await;
        assert_eq!(report.problems, []);
        let before = [91, 91, 29, 29, 6, 9, 9, 8, 77, 830].map(|count| [0, 0, count]);
        let counted = counts(&report);
        assert_eq!(counted.iter().map(|(.., counts)| *counts).collect::<Vec<_>>(), before);
    }
}
