//! A year of livelier history: customers, quotes, orders, purchases, production and payments, made
//! from a seed by the same functions as the story, each by whoever does it.

use anyhow::{Context, Result};
use fondaco_kernel::values::{AnyId, Timestamp};
use fondaco_kernel::{Clock, Kernel};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::desk::Desk;
use crate::progress::Progress;
use crate::story::People;

const WEEKS: i64 = 48;
const BANK: &str = "accounting.bank_transaction";
const FIRST: &[&str] = &[
    "Aurora",
    "Bellavista",
    "Cervo",
    "Dolomiti",
    "Eccellenza",
    "Faggio",
    "Girasole",
    "Levante",
    "Montagna",
    "Nord",
    "Orione",
    "Pianura",
    "Quercia",
    "Ruscello",
    "Sole",
    "Torrente",
    "Valle",
];
const SECOND: &[&str] =
    &["Cycling Club", "Bikes", "Sport", "Velo", "Tours", "Rentals", "Racing Team", "Outdoor"];
const PARTS: &[&str] =
    &["frame_aluminium", "wheels_alloy", "drive_mechanical", "wheels_carbon", "drive_electronic"];

/// Lives through a year after the story with about so many customers. The clock ends a year on.
///
/// # Errors
/// Whatever the kernel refuses that the history expects to work.
pub async fn live(_: &Kernel, clock: &Clock, people: &People, customers: u32) -> Result<()> {
    if customers == 0 {
        return Ok(());
    }
    let first = clock.now();
    let mut year = Year { clock, first, people, chance: Chance(0x5eed), made: 0 };
    let mut progress = Progress::new("A year of history", WEEKS as u64);
    for week in 0..WEEKS {
        year.monday(week);
        if week % 4 == 0 {
            year.restock().await?;
        }
        let until = i64::from(customers) * (week + 1) / WEEKS;
        while year.made < until {
            year.customer().await?;
        }
        year.work_off().await?;
        progress.step(1);
    }
    year.statement().await?;
    progress.done();
    Ok(())
}

struct Year<'y> {
    clock: &'y Clock,
    first: Timestamp,
    people: &'y People,
    chance: Chance,
    made: i64,
}

impl Year<'_> {
    fn monday(&self, week: i64) {
        self.clock.set(self.first + SignedDuration::from_hours(24 * (2 + 7 * week)));
    }

    fn later(&self, days: i64) {
        self.clock.set(self.clock.now() + SignedDuration::from_hours(24 * days));
    }

    /// Buys what a month needs of every part, receives it and has it billed.
    async fn restock(&mut self) -> Result<()> {
        let (buyer, keeper) = (&self.people.buyer, &self.people.storekeeper);
        for (supplier, parts) in [
            ("carbonio", &["frame_aluminium", "frame_carbon"][..]),
            ("ruota", &["wheels_alloy", "wheels_carbon", "drive_mechanical", "drive_electronic"]),
        ] {
            let mut lines = Vec::new();
            for part in parts {
                let product = buyer.by_key("product", part).await?.to_string();
                lines.push(json!({ "product": product, "quantity": 20 + self.chance.below(20) }));
            }
            let supplier = buyer.by_key("party", supplier).await?.to_string();
            let order = json!({ "supplier": supplier, "lines": lines });
            let order = buyer.create("purchasing.order", order).await?;
            buyer.act("purchasing.order", order, "confirm", json!({})).await?;
            let filter = format!("source_id == {order}");
            for receipt in keeper.list("inventory.receipt", &filter, "id").await? {
                keeper.act("inventory.receipt", id(&receipt, "id")?, "done", json!({})).await?;
            }
            let reference = format!("R-{}", self.chance.below(100_000));
            let bill = json!({ "reference": reference });
            buyer.act("purchasing.order", order, "bill", bill).await?;
        }
        Ok(())
    }

    /// A lead that becomes a customer, or is lost; and what the customer asks for.
    async fn customer(&mut self) -> Result<()> {
        self.made += 1;
        let rep = &self.people.rep;
        let name = format!("{} {} {}", self.chance.of(FIRST), self.chance.of(SECOND), self.made);
        let lead = json!({
            "name": format!("{name} asks for bicycles"),
            "organisation": name,
            "email": format!("info@{}.example", name.to_lowercase().replace(' ', "-")),
            "country": self.chance.of(&["IT", "DE", "FR", "PL", "CH"]),
        });
        let lead = rep.create("crm.lead", lead).await?;
        rep.act("crm.lead", lead, "qualify", json!({})).await?;
        rep.act("crm.lead", lead, "convert", json!({})).await?;
        let lead = rep.get("crm.lead", lead).await?;
        if self.chance.below(3) == 0 {
            return self.parts(&lead).await;
        }
        self.bicycles(&lead).await
    }

    /// An order of spare parts.
    async fn parts(&mut self, lead: &Json) -> Result<()> {
        let rep = &self.people.rep;
        let mut lines = Vec::new();
        for _ in 0..=self.chance.below(3) {
            let product = rep.by_key("product", self.chance.of(PARTS)).await?.to_string();
            lines.push(json!({ "product": product, "quantity": 1 + self.chance.below(3) }));
        }
        let order = json!({ "customer": lead["party"], "lines": lines });
        let order = rep.create("sales.order", order).await?;
        self.people.confirm(order).await.map(drop)
    }

    /// A quote for configured bicycles; most are accepted, some are not.
    async fn bicycles(&mut self, lead: &Json) -> Result<()> {
        let rep = &self.people.rep;
        let frame = self.chance.of(&["aluminium", "carbon"]);
        let wheels = if frame == "carbon" { self.chance.of(&["alloy", "carbon"]) } else { "alloy" };
        let drivetrain = self.chance.of(&["mechanical", "electronic"]);
        let choice = json!({ "frame": frame, "wheels": wheels, "drivetrain": drivetrain });
        let bike = rep.by_key("product", "bike").await?.to_string();
        let quantity = 1 + self.chance.below(4);
        let quote = json!({
            "customer": lead["party"],
            "source_model": "crm.opportunity",
            "source_id": lead["opportunity"],
            "lines": [{ "product": bike, "quantity": quantity, "choice": choice }],
        });
        let quote = rep.create("cpq.quote", quote).await?;
        match self.chance.below(6) {
            0 => return Ok(()),
            1 => {
                rep.act("cpq.quote", quote, "send", json!({})).await?;
                let why = json!({ "reason": "Too expensive" });
                rep.act("cpq.quote", quote, "reject", why).await?;
                return Ok(());
            }
            _ => {}
        }
        rep.act("cpq.quote", quote, "send", json!({})).await?;
        rep.act("cpq.quote", quote, "accept", json!({})).await?;
        let order = id(&rep.get("cpq.quote", quote).await?, "order_id")?;
        self.people.confirm(order).await.map(drop)
    }

    /// Makes, delivers, invoices and collects what can be.
    async fn work_off(&mut self) -> Result<()> {
        let planner = &self.people.planner;
        for order in planner.list("manufacturing.order", "state == 'ready'", "due,id").await? {
            for action in ["start", "report", "finish"] {
                planner.act("manufacturing.order", id(&order, "id")?, action, json!({})).await?;
            }
        }
        self.later(1);
        let keeper = &self.people.storekeeper;
        let ready = "purpose == 'customer' && state == 'ready'";
        for delivery in keeper.list("inventory.delivery", ready, "due,id").await? {
            keeper.act("inventory.delivery", id(&delivery, "id")?, "done", json!({})).await?;
            let order = id(&delivery, "source_id")?;
            self.people.rep.act("sales.order", order, "invoice", json!({})).await?;
        }
        self.later(2);
        self.collect().await
    }

    /// Most customers pay what is due, some in part, some late.
    async fn collect(&mut self) -> Result<()> {
        let accountant: &Desk = &self.people.accountant;
        let open = "kind == 'invoice' && state == 'posted'";
        for invoice in accountant.list("accounting.invoice", open, "due_on,id").await? {
            let patience = self.chance.below(8);
            if patience < 5 {
                continue;
            }
            let owed = invoice["open_amount"].as_str().context("an invoice without amount")?;
            let owed: fondaco_values::Decimal = owed.parse()?;
            let paid = if patience == 5 {
                (owed / fondaco_values::Decimal::TWO).round_dp(2)
            } else {
                owed
            };
            if paid.is_zero() {
                continue;
            }
            let line = self.bank_line(&invoice, &paid.to_string(), &invoice["number"]).await?;
            let whole = json!({ "invoice": invoice["id"] });
            accountant.act(BANK, line, "match", whole).await?;
        }
        Ok(())
    }

    /// What the bank says that a customer paid.
    async fn bank_line(&self, invoice: &Json, amount: &str, text: &Json) -> Result<AnyId> {
        let accountant: &Desk = &self.people.accountant;
        let party = id(invoice, "party")?;
        let name = accountant.get("party", party).await?["name"].clone();
        let line = json!({
            "amount": amount,
            "text": text,
            "counterparty": name,
            "counterparty_account": format!("IT60 X054 2811 {party}"),
            "statement": self.clock.now().strftime("%G-%V").to_string(),
        });
        Ok(accountant.create(BANK, line).await?)
    }

    /// The last statement: nobody has looked at it yet.
    async fn statement(&mut self) -> Result<()> {
        let accountant: &Desk = &self.people.accountant;
        let open = "kind == 'invoice' && state == 'posted'";
        let open = accountant.list("accounting.invoice", open, "due_on,id").await?;
        for (n, invoice) in open.iter().take(5).enumerate() {
            let owed = invoice["open_amount"].as_str().context("an invoice without amount")?;
            let text = match n {
                // As people write it, or not at all.
                0..=2 => json!(format!("Payment of {}", invoice["number"].as_str().unwrap_or(""))),
                _ => json!("Transfer"),
            };
            let amount = if n == 2 { "100.00" } else { owed };
            self.bank_line(invoice, amount, &text).await?;
        }
        let fee = json!({ "amount": "-12.50", "text": "Fees of the quarter" });
        accountant.create(BANK, fee).await?;
        Ok(())
    }
}

fn id(record: &Json, field: &str) -> Result<AnyId> {
    let id = record[field].as_str().and_then(|id| id.parse().ok());
    id.with_context(|| format!("{field} is no id: {}", record[field]))
}

/// Chance from a seed: the same year every time.
struct Chance(u64);

impl Chance {
    /// From 0 to `limit - 1`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn of(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len() as u64) as usize]
    }
}
