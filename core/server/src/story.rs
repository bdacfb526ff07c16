//! The main job, told: from a lead to the ledger at Veloce Cycles, each step done by whoever does it
//! in such a company, with his own rights, through the same functions as the API.
//! Not here: how it is printed (`commands::demo`).

use anyhow::{Context, Result};
use fondaco_kernel::values::{AnyId, Timestamp};
use fondaco_kernel::{Clock, Error, Kernel, ledger};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::commands::ledger::{grouped, trial_balance_lines};
use crate::desk::Desk;

/// Who works at Veloce Cycles.
pub struct People {
    pub rep: Desk,
    pub buyer: Desk,
    pub storekeeper: Desk,
    pub planner: Desk,
    pub accountant: Desk,
    /// Sees and may do all of it.
    pub manager: Desk,
}

impl People {
    /// Hires them, all with one password.
    pub async fn hire(admin: &Desk, password: &str) -> Result<People> {
        let registry = admin.kernel.registry();
        let of_plugin = APPROVER.iter().filter(|role| registry.schema.roles.contains_key(**role));
        let manager: Vec<&str> = MANAGER.iter().chain(of_plugin).copied().collect();
        let hire = async |name: &str, roles: &[&str]| {
            let login = format!("{}@veloce.example", name.to_lowercase());
            admin
                .hire(name, &login, password, roles)
                .await
                .with_context(|| format!("hiring {name}"))
        };
        Ok(People {
            rep: hire("Marco", &["crm_user", "cpq_user", "sales_user"]).await?,
            buyer: hire("Paolo", &["purchasing_user"]).await?,
            storekeeper: hire("Sofia", &["inventory_manager"]).await?,
            planner: hire("Elena", &["manufacturing_manager"]).await?,
            accountant: hire("Giulia", &["accountant"]).await?,
            manager: hire("Chiara", &manager).await?,
        })
    }

    /// Confirms an order; where a plugin holds it, whoever may approve it does. Answers what it waited for.
    pub async fn confirm(&self, order: AnyId) -> Result<Option<String>> {
        let done = self.rep.act("sales.order", order, "confirm", json!({})).await?;
        if text(&self.rep.get("sales.order", order).await?, "state") != "draft" {
            return Ok(None);
        }
        let reason = json!({ "reason": "The figures are right." });
        self.manager.act("sales.order", order, "approve", reason).await?;
        Ok(Some(done.message.unwrap_or_default()))
    }
}

/// Roles that the plugin approval-matrix brings.
const APPROVER: &[&str] = &["order_approver", "approval_manager"];
/// Orders above it wait for an approval, where that plugin is in force.
const LARGE: &str = "10000.00";

const MANAGER: &[&str] = &[
    "crm_manager",
    "cpq_manager",
    "sales_manager",
    "purchasing_manager",
    "inventory_manager",
    "manufacturing_manager",
    "accountant",
    "hr_officer",
];

/// One thing that happened, with its figures.
#[derive(Clone, Debug)]
pub struct Scene {
    pub title: String,
    /// `(what, figure)`
    pub figures: Vec<(String, String)>,
}

impl Scene {
    fn new(title: &str) -> Scene {
        Scene { title: title.to_owned(), figures: Vec::new() }
    }

    fn with(mut self, what: &str, figure: impl ToString) -> Scene {
        self.figures.push((what.to_owned(), figure.to_string()));
        self
    }

    /// A figure of this scene, for tests.
    pub fn figure(&self, what: &str) -> Option<&str> {
        self.figures.iter().find(|(name, _)| name == what).map(|(_, figure)| figure.as_str())
    }
}

/// Tells the whole story, from the clock's day on: a Monday is best. `on` is called with each scene as it ends.
///
/// # Errors
/// Whatever the kernel refuses that the story expects to work.
pub async fn tell(
    kernel: &Kernel,
    clock: &Clock,
    people: &People,
    mut on: impl FnMut(&Scene),
) -> Result<Vec<Scene>> {
    let mut story = Story { kernel, clock, first: clock.now(), people, scenes: Vec::new() };
    macro_rules! scene {
        ($step:expr) => {{
            let scene = $step;
            on(&scene);
            story.scenes.push(scene);
        }};
    }
    scene!(story.opening().await?);
    let (lead, opportunity) = story.lead().await?;
    scene!(lead);
    let (quote, id) = story.quote(opportunity).await?;
    scene!(quote);
    let (confirmed, order) = story.order(id).await?;
    scene!(confirmed);
    scene!(story.purchase().await?);
    scene!(story.production().await?);
    for (day, quantity, paid) in [(23, "3", "9234.00"), (28, "2", "3000.00")] {
        scene!(story.delivery(order, day, quantity, paid).await?);
    }
    scene!(story.stock().await?);
    scene!(story.books().await?);
    Ok(story.scenes)
}

struct Story<'s> {
    kernel: &'s Kernel,
    clock: &'s Clock,
    first: Timestamp,
    people: &'s People,
    scenes: Vec<Scene>,
}

impl Story<'_> {
    /// Nine o'clock, so many days after the first.
    fn on(&self, days: i64) {
        self.clock.set(self.first + SignedDuration::from_hours(24 * days));
    }

    async fn opening(&self) -> Result<Scene> {
        self.on(0);
        let keeper = &self.people.storekeeper;
        let mut lines = Vec::new();
        for (product, quantity, cost) in [
            ("frame_carbon", "3", "420.00"),
            ("wheels_carbon", "8", "310.00"),
            ("drive_electronic", "8", "380.00"),
        ] {
            let product = keeper.by_key("product", product).await?.to_string();
            lines.push(json!({ "product": product, "quantity": quantity, "unit_cost": cost }));
        }
        let stock = json!({ "kind": "opening", "note": "Stock of before", "lines": lines });
        let stock = keeper.create("inventory.adjustment", stock).await?;
        keeper.act("inventory.adjustment", stock, "done", json!({})).await?;
        let value = text(&keeper.get("inventory.adjustment", stock).await?, "value");

        let accountant = &self.people.accountant;
        let bank = accountant.by_key("account", "bank").await?.to_string();
        let equity = accountant.by_key("account", "equity").await?.to_string();
        let entry = json!({
            "kind": "opening",
            "text": "Bank balance of before",
            "lines": [
                { "account": bank, "debit": "20000.00" },
                { "account": equity, "credit": "20000.00" },
            ],
        });
        let entry = accountant.create("accounting.entry", entry).await?;
        accountant.act("accounting.entry", entry, "post", json!({})).await?;
        let scene = match self.rule().await? {
            true => Scene::new("The books open")
                .with("Orders above this wait for Chiara's approval", money(LARGE)),
            false => Scene::new("The books open"),
        };
        Ok(scene
            .with("Bank", "20,000.00")
            .with("Stock: 3 carbon frames, 8 carbon wheel sets, 8 drivetrains", money(&value)))
    }

    /// Says whose approval large orders need; false where no plugin asks for one.
    async fn rule(&self) -> Result<bool> {
        const RULE: &str = "approval_matrix.rule";
        if self.kernel.registry().schema.model(RULE).is_none() {
            return Ok(false);
        }
        let manager = &self.people.manager;
        let approver = manager.ctx.actor().user().map(|user| user.to_string());
        let rule = json!({
            "name": "Large orders", "applies_to": "sales", "above": LARGE, "approver": approver,
        });
        manager.create(RULE, rule).await?;
        Ok(true)
    }

    async fn lead(&self) -> Result<(Scene, AnyId)> {
        let rep = &self.people.rep;
        let lead = json!({
            "name": "Five road bikes for a club",
            "organisation": "Velo Club Lario",
            "contact_name": "Anna Rossi",
            "email": "anna@lario.example",
            "phone": "+39 0341 555 010",
            "country": "IT",
        });
        let lead = rep.create("crm.lead", lead).await?;
        rep.act("crm.lead", lead, "qualify", json!({})).await?;
        rep.act("crm.lead", lead, "convert", json!({})).await?;
        let lead = rep.get("crm.lead", lead).await?;
        let (party, opportunity) = (id(&lead, "party")?, id(&lead, "opportunity")?);
        let terms = json!({ "credit_limit": "20000.00" });
        self.people.manager.update("party", party, terms).await?;
        let scene = Scene::new("A lead comes in, is qualified and converted")
            .with("Lead", text(&lead, "name"))
            .with("Customer", text(&lead, "organisation"))
            .with("Credit limit", "20,000.00");
        Ok((scene, opportunity))
    }

    async fn quote(&self, opportunity: AnyId) -> Result<(Scene, AnyId)> {
        self.on(1);
        let rep = &self.people.rep;
        let customer = id(&rep.get("crm.opportunity", opportunity).await?, "party")?;
        let bike = rep.by_key("product", "bike").await?.to_string();
        let wish = |choice: Json| {
            json!({
                "customer": customer.to_string(),
                "title": "Five Veloce Strada",
                "source_model": "crm.opportunity",
                "source_id": opportunity.to_string(),
                "lines": [{ "product": bike, "quantity": "5", "choice": choice }],
            })
        };
        let impossible = json!({
            "frame": "aluminium", "wheels": "carbon", "drivetrain": "electronic", "colour": "custom"
        });
        let refused = match rep.create("cpq.quote", wish(impossible)).await {
            Err(Error::Invalid(problems)) => {
                problems.first().map_or_else(String::new, |p| p.message.clone())
            }
            other => anyhow::bail!("an impossible bicycle was quoted: {other:?}"),
        };
        let choice = json!({ "frame": "carbon", "wheels": "carbon", "drivetrain": "electronic" });
        let quote = rep.create("cpq.quote", wish(choice)).await?;
        rep.act("cpq.quote", quote, "send", json!({})).await?;
        let seen = self.people.manager.get("cpq.quote", quote).await?;
        let line = &seen["lines"][0];
        let scene = Scene::new("A quote is configured and sent")
            .with("Carbon wheels on an aluminium frame", refused)
            .with("List price of one", money(&text(line, "list_price")))
            .with("Net price of one", money(&text(line, "unit_price")))
            .with("Before tax", money(&text(&seen, "net")))
            .with("VAT", money(&text(&seen, "tax")))
            .with("Total", money(&text(&seen, "total")))
            .with("Carbon frames there", parts(&seen["outlook"], "Carbon frame"))
            .with("Can be ready on", text(&seen, "promise_on"))
            .with("Margin", money(&text(&seen, "margin")));
        Ok((scene, quote))
    }

    async fn order(&self, quote: AnyId) -> Result<(Scene, AnyId)> {
        self.on(2);
        let rep = &self.people.rep;
        rep.act("cpq.quote", quote, "accept", json!({ "reference": "VCL 17" })).await?;
        let order = id(&rep.get("cpq.quote", quote).await?, "order_id")?;
        let waited = self.people.confirm(order).await?;
        let seen = rep.get("sales.order", order).await?;
        let made = self.people.planner.list("manufacturing.order", "true", "id").await?;
        let made = made.first().context("nothing is to be produced")?;
        let requests = self.people.buyer.list("purchasing.request", "true", "id").await?;
        let request = requests.first().context("nothing is to be bought")?;
        let frames = self.reserved("frame_carbon").await?;
        let mut scene = Scene::new("Accepted: the order is confirmed");
        if let Some(why) = waited {
            scene =
                scene.with("Marco confirms it", why).with("Approved and confirmed by", "Chiara");
        }
        let scene = scene
            .with("Order", text(&seen, "number"))
            .with("Total", money(&text(&seen, "total")))
            .with("Carbon frames set aside", frames)
            .with("Frames requested", quantity(&text(request, "quantity")))
            .with("Production order", text(made, "number"))
            .with("Bicycles to make", quantity(&text(made, "quantity")))
            .with("Production", text(made, "state"));
        Ok((scene, order))
    }

    /// How many of a product are set aside.
    async fn reserved(&self, product: &str) -> Result<String> {
        let product = self.people.storekeeper.by_key("product", product).await?;
        let filter = format!("lines.exists(l, l.product == {product})");
        let all = self.people.storekeeper.list("inventory.delivery", &filter, "id").await?;
        let lines = all.iter().flat_map(|d| d["lines"].as_array().into_iter().flatten());
        let own = lines.filter(|line| text(line, "product") == product.to_string());
        let sum: fondaco_values::Decimal = own
            .filter_map(|line| text(line, "reserved").parse::<fondaco_values::Decimal>().ok())
            .sum();
        Ok(sum.normalize().to_string())
    }

    async fn purchase(&self) -> Result<Scene> {
        let buyer = &self.people.buyer;
        let requests = buyer.list("purchasing.request", "state == 'open'", "id").await?;
        let request = id(requests.first().context("no request is open")?, "id")?;
        buyer.act("purchasing.request", request, "order", json!({})).await?;
        let orders = buyer.list("purchasing.order", "state == 'draft'", "id").await?;
        let order = id(orders.first().context("nothing was ordered")?, "id")?;
        buyer.act("purchasing.order", order, "confirm", json!({})).await?;

        self.on(11);
        let keeper = &self.people.storekeeper;
        let receipts = keeper.list("inventory.receipt", "state == 'waiting'", "id").await?;
        let receipt = id(receipts.first().context("no receipt is expected")?, "id")?;
        keeper.act("inventory.receipt", receipt, "done", json!({})).await?;
        self.on(14);
        buyer.act("purchasing.order", order, "bill", json!({ "reference": "CT-2209" })).await?;
        let bills = self.people.accountant.list("accounting.bill", "true", "id").await?;
        let bill = bills.first().context("no bill was posted")?;
        let order = buyer.get("purchasing.order", order).await?;
        Ok(Scene::new("Frames are bought, received and billed")
            .with("Carbon frames ordered", quantity(&text(&order["lines"][0], "quantity")))
            .with("Price", money(&text(&order["lines"][0], "unit_price")))
            .with("Received value", money(&text(&order["lines"][0], "received_value")))
            .with("Bill before tax", money(&text(bill, "net")))
            .with("Input VAT", money(&text(bill, "tax"))))
    }

    async fn production(&self) -> Result<Scene> {
        self.on(16);
        let planner = &self.people.planner;
        let orders = planner.list("manufacturing.order", "state == 'ready'", "id").await?;
        let order = id(orders.first().context("the components are not there")?, "id")?;
        planner.act("manufacturing.order", order, "start", json!({})).await?;
        self.on(22);
        planner.act("manufacturing.order", order, "report", json!({})).await?;
        planner.act("manufacturing.order", order, "finish", json!({})).await?;
        let seen = planner.get("manufacturing.order", order).await?;
        let mut scene = Scene::new("Production runs");
        for component in seen["components"].as_array().into_iter().flatten() {
            let product = id(component, "product")?;
            let product = text(&planner.get("product", product).await?, "name");
            scene = scene.with(&product, money(&text(component, "value")));
        }
        Ok(scene
            .with("Work", money(&text(&seen, "work_cost")))
            .with("Finished", money(&text(&seen, "finished_cost"))))
    }

    async fn delivery(&self, order: AnyId, day: i64, pieces: &str, paid: &str) -> Result<Scene> {
        self.on(day);
        let keeper = &self.people.storekeeper;
        let filter = "purpose == 'customer' && state == 'ready'";
        let ready = keeper.list("inventory.delivery", filter, "id").await?;
        let delivery = ready.first().context("no delivery is ready")?;
        let line = text(&delivery["lines"][0], "id");
        let delivery = id(delivery, "id")?;
        let done = json!({ "lines": [{ "id": line, "done": pieces }] });
        keeper.update("inventory.delivery", delivery, done).await?;
        keeper.act("inventory.delivery", delivery, "done", json!({})).await?;
        let cost = text(&keeper.get("inventory.delivery", delivery).await?, "value");

        let (rep, accountant) = (&self.people.rep, &self.people.accountant);
        rep.act("sales.order", order, "invoice", json!({})).await?;
        let invoices = accountant.list("accounting.invoice", "true", "-id").await?;
        let invoice = invoices.first().context("nothing was invoiced")?;
        let payment = json!({
            "direction": "in",
            "party": text(invoice, "party"),
            "amount": paid,
            "allocations": [{ "invoice": text(invoice, "id"), "amount": paid }],
        });
        let payment = accountant.create("accounting.payment", payment).await?;
        accountant.act("accounting.payment", payment, "post", json!({})).await?;
        let invoice = accountant.get("accounting.invoice", id(invoice, "id")?).await?;
        Ok(Scene::new(&format!("{pieces} bicycles are delivered, invoiced and paid"))
            .with("Cost of what was delivered", money(&cost))
            .with("Invoice before tax", money(&text(&invoice, "net")))
            .with("VAT", money(&text(&invoice, "tax")))
            .with("Paid", money(paid))
            .with("Still open", money(&text(&invoice, "open_amount"))))
    }

    async fn stock(&self) -> Result<Scene> {
        let keeper = &self.people.storekeeper;
        let table = keeper.report("inventory.stock", &[]).await?;
        let columns = &keeper.kernel.registry().schema.reports["inventory.stock"].columns;
        let at = |name: &str| columns.iter().position(|column| column.name == name);
        let (product, pieces) = (at("product").unwrap_or(0), at("on_hand").unwrap_or(1));
        let value = at("value").context("the report has no value")?;
        let mut scene = Scene::new("What is left in stock");
        for row in &table.rows {
            let shown = |at: usize| match row[at].to_json() {
                Json::String(text) => text,
                other => other.to_string(),
            };
            let name = keeper.get("product", shown(product).parse()?).await?;
            let left = format!("{} worth {}", quantity(&shown(pieces)), money(&shown(value)));
            scene = scene.with(&text(&name, "name"), left);
        }
        Ok(scene)
    }

    async fn books(&self) -> Result<Scene> {
        let balance = self
            .kernel
            .read(&self.people.accountant.ctx, |tx| Box::pin(ledger::trial_balance(tx, None, None)))
            .await?;
        let mut scene = Scene::new("Trial balance");
        for line in trial_balance_lines(&balance, 2) {
            scene = scene.with("", line);
        }
        for row in &balance.rows {
            let side = if row.balance < 0 { "Cr" } else { "Dr" };
            let amount = fondaco_values::Money::from_minor(row.balance.abs(), 2).to_string();
            scene = scene.with(&row.code, format!("{} {side}", grouped(&amount)));
        }
        Ok(scene)
    }
}

fn text(record: &Json, field: &str) -> String {
    match &record[field] {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

fn id(record: &Json, field: &str) -> Result<AnyId> {
    text(record, field).parse().ok().with_context(|| format!("{field} is no id: {}", record[field]))
}

/// An amount with two decimals and groups.
fn money(amount: &str) -> String {
    let exact = amount.parse::<fondaco_values::Decimal>();
    exact.map_or_else(|_| amount.to_owned(), |amount| grouped(&format!("{amount:.2}")))
}

fn quantity(amount: &str) -> String {
    let exact = amount.parse::<fondaco_values::Decimal>();
    exact.map_or_else(|_| amount.to_owned(), |amount| amount.normalize().to_string())
}

/// `3 of 5`, out of a quote's outlook.
fn parts(outlook: &Json, name: &str) -> String {
    let mut found = String::new();
    find_part(outlook, name, &mut found);
    found
}

fn find_part(outlook: &Json, name: &str, found: &mut String) {
    match outlook {
        Json::Object(fields) if fields.get("name").and_then(Json::as_str) == Some(name) => {
            let figure = |field: &str| quantity(&text(outlook, field));
            *found = format!("{} of {}", figure("free"), figure("wanted"));
        }
        Json::Object(fields) => fields.values().for_each(|value| find_part(value, name, found)),
        Json::Array(items) => items.iter().for_each(|value| find_part(value, name, found)),
        _ => {}
    }
}
