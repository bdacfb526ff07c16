//! The server over HTTP with 100,000 parties: processor time an operation, memory, start. The last
//! column is the same operation at Odoo 19 over ours.
//!
//!     cargo bench --bench server
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it fails"
)]

use std::process::Command;
use std::time::Instant;

use fondaco_tests::folder::Folder;
use fondaco_tests::program::{Client, Program};
use serde_json::{Value as Json, json};

const PARTIES: usize = 100_000;
const BATCH: usize = 500;
const MODULES: &[&str] =
    &["crm", "cpq", "sales", "purchasing", "inventory", "manufacturing", "accounting", "hr"];
const ROLES: &[&str] = &["crm_manager", "sales_manager", "inventory_manager", "accountant"];

fn main() {
    let folder = Folder::lay("bench", MODULES, &[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let token = runtime.block_on(folder.user_token(ROLES));
    drop(runtime);
    let program = Program::serve(folder.path());
    println!("start to first answer: {} ms", program.started_in.as_millis());
    println!("idle memory: {} MiB", memory_mib(program.pid()));
    let client = program.client(&token);
    fill(&client);
    let bench = Bench { program: &program, client: &client };
    let acme = bench.made("party", &json!({ "name": "Acme Bench", "customer": true }));
    let bolt = bench.product();
    println!("{:<34}{:>14}{:>12}{:>10}", "", "CPU an op", "wall", "Odoo ×");
    bench.op("read a party", 2_000, 61_000, || bench.get(&format!("/api/party/{acme}")));
    let list = "/api/party?limit=80&sort=name&filter=customer";
    bench.op("list 80, filter and sort", 300, 178_000, || bench.get(list));
    bench.op("search a rare word", 300, 42_000, || bench.get("/api/party?search=77123"));
    bench.op("search two frequent words", 50, 42_000, || {
        bench.get("/api/party?search=lario%20trading");
    });
    bench.op("create a party", 500, 98_000, || {
        bench.made("party", &json!({ "name": "New one", "customer": true }));
    });
    let order = bench.order(&acme, &bolt);
    bench.op("create an order of 10 lines", 300, 290_000, || {
        bench.made("sales.order", &order);
    });
    let mut orders: Vec<String> = (0..=200).map(|_| bench.made("sales.order", &order)).collect();
    bench.op("confirm it", 200, 942_000, || {
        let id = orders.pop().unwrap();
        bench.act("sales.order", &id, "confirm", &json!({}));
    });
    bench.op("order to cash", 100, 2_904_000, || bench.order_to_cash(&order, &acme));
    bench.op("trial balance", 200, 22_000, || bench.get("/api/ledger/trial-balance"));
    println!("memory after all: {} MiB", memory_mib(program.pid()));
}

struct Bench<'b> {
    program: &'b Program,
    client: &'b Client,
}

impl Bench<'_> {
    /// Does it so many times; prints processor and wall time of one.
    fn op(&self, what: &str, times: u32, odoo_us: u64, mut deed: impl FnMut()) {
        deed_once(&mut deed);
        let (cpu, started) = (cpu_us(self.program.pid()), Instant::now());
        for _ in 0..times {
            deed();
        }
        let spent = (cpu_us(self.program.pid()) - cpu) / u64::from(times);
        let wall = started.elapsed() / times;
        let factor = odoo_us.checked_div(spent).unwrap_or(odoo_us);
        println!("{what:<34}{spent:>11} µs{:>9} µs{factor:>10}", wall.as_micros());
    }

    fn get(&self, path: &str) {
        let answer = self.client.get(path).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }

    fn made(&self, model: &str, fields: &Json) -> String {
        let answer = self.client.post(&format!("/api/{model}"), fields).unwrap();
        assert_eq!(answer.status, 201, "{model}: {}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    fn act(&self, model: &str, id: &str, action: &str, args: &Json) -> Json {
        let answer = self.client.post(&format!("/api/{model}/{id}/{action}"), args).unwrap();
        assert_eq!(answer.status, 200, "{model}/{action}: {}", answer.body);
        answer.body
    }

    fn product(&self) -> String {
        let units = self.client.get("/api/unit?filter=name%20%3D%3D%20'Piece'").unwrap();
        let unit = units.body["items"][0]["id"].clone();
        let taxes = self.client.get("/api/tax_code?filter=kind%20%3D%3D%20'sales'").unwrap();
        let tax = taxes.body["items"][0]["id"].clone();
        let bolt = json!({
            "code": "BOLT", "name": "Bolt", "unit": unit, "list_price": "2.00", "tax_code": tax,
        });
        let bolt = self.made("product", &bolt);
        let stock = json!({
            "kind": "opening",
            "lines": [{ "product": bolt, "quantity": "1000000", "unit_cost": "1.00" }],
        });
        let stock = self.made("inventory.adjustment", &stock);
        self.act("inventory.adjustment", &stock, "done", &json!({}));
        bolt
    }

    fn order(&self, customer: &str, product: &str) -> Json {
        let line = json!({ "product": product, "quantity": "3" });
        json!({ "customer": customer, "lines": vec![line; 10] })
    }

    /// Ordered, confirmed, delivered, invoiced and paid.
    fn order_to_cash(&self, order: &Json, customer: &str) {
        let order = self.made("sales.order", order);
        self.act("sales.order", &order, "confirm", &json!({}));
        let path = format!("/api/inventory.delivery?filter=source_id%20%3D%3D%20{order}");
        let found = self.client.get(&path).unwrap();
        let delivery = found.body["items"][0]["id"].as_str().unwrap().to_owned();
        self.act("inventory.delivery", &delivery, "done", &json!({}));
        self.act("sales.order", &order, "invoice", &json!({}));
        let path = format!("/api/accounting.invoice?filter=source_id%20%3D%3D%20{order}");
        let found = self.client.get(&path).unwrap();
        let invoice = found.body["items"][0]["id"].clone();
        let total = found.body["items"][0]["total"].clone();
        let payment = json!({
            "party": customer, "amount": total,
            "allocations": [{ "invoice": invoice, "amount": total }],
        });
        let payment = self.made("accounting.payment", &payment);
        self.act("accounting.payment", &payment, "post", &json!({}));
    }
}

fn deed_once(deed: &mut impl FnMut()) {
    deed();
}

/// Parties in batches, through the API.
fn fill(client: &Client) {
    let towns = ["Lario", "Como", "Lecco", "Garda", "Iseo", "Orta", "Lugano", "Maggiore"];
    for batch in 0..PARTIES / BATCH {
        let operations: Vec<Json> = (0..BATCH)
            .map(|n| {
                let at = batch * BATCH + n;
                let name = format!("{} Trading {at}", towns[at % towns.len()]);
                json!({ "create": "party", "fields": { "name": name, "customer": (at / 8).is_multiple_of(2) } })
            })
            .collect();
        let answer = client.post("/api/batch", &json!({ "operations": operations })).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    println!("{PARTIES} parties are there");
}

/// Processor time that a process has used, user and system.
fn cpu_us(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    ticks * 1_000_000 / ticks_per_second()
}

fn ticks_per_second() -> u64 {
    let out = Command::new("getconf").arg("CLK_TCK").output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().parse().unwrap_or(100)
}

fn memory_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}
