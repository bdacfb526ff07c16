//! Configure, price, quote, alone: with every other module switched off; in `ports` beside others.

#![cfg(test)]

use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Error, Module};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::Shop;
use serde_json::{Value as Json, json};

mod price;
mod course;
mod upkeep;
mod ports;
mod choose;

/// A bicycle maker with cpq alone: its administrator, two sales people and their manager.
struct House {
    shop: Shop,
    rep: Desk,
    other: Desk,
    boss: Desk,
    club: AnyId,
    bike: AnyId,
    bell: AnyId,
}

impl House {
    async fn open() -> House {
        House::beside(Vec::new()).await
    }

    /// With other modules switched on.
    async fn beside(others: Vec<Module>) -> House {
        let mut modules = modules::named(&["cpq".to_owned()]).unwrap();
        modules.extend(others);
        let shop = Shop::open(modules).await;
        let rep = shop.user("Rea", &["cpq_user"]).await;
        let other = shop.user("Otto", &["cpq_user"]).await;
        let boss = shop.user("Bo", &["cpq_manager"]).await;
        let club = json!({ "name": "Velo Club", "customer": true });
        let club = shop.admin.create("party", club).await.unwrap();
        let tax = shop.admin.by_key("tax_code", "vat_out_20").await.unwrap();
        let piece = shop.admin.by_key("unit", "piece").await.unwrap();
        let product = |code: &str, name: &str, kind: &str, price: &str| {
            json!({
                "code": code, "name": name, "kind": kind, "unit": piece, "list_price": price,
                "tax_code": tax,
            })
        };
        let bike = boss.create("product", product("BIKE", "Veloce", "configurable", "900")).await;
        let bell = boss.create("product", product("BELL", "Bell", "goods", "10.00")).await;
        let house =
            House { shop, rep, other, boss, club, bike: bike.unwrap(), bell: bell.unwrap() };
        house.options().await;
        house
    }

    async fn options(&self) {
        let option = |code: &str, name: &str, price: &str, first: bool| json!({ "code": code, "name": name, "price": price, "preselected": first });
        for (at, code, name, least, options) in [
            (
                10,
                "frame",
                "Frame",
                1,
                vec![
                    option("aluminium", "Aluminium frame", "0", true),
                    option("carbon", "Carbon frame", "700", false),
                ],
            ),
            (
                20,
                "wheels",
                "Wheels",
                1,
                vec![
                    option("alloy", "Alloy wheels", "0", true),
                    option("carbon", "Carbon wheels", "500", false),
                ],
            ),
            (
                30,
                "drivetrain",
                "Drivetrain",
                1,
                vec![
                    option("mechanical", "Mechanical drivetrain", "0", true),
                    option("electronic", "Electronic drivetrain", "600", false),
                ],
            ),
            (40, "colour", "Colour", 0, vec![option("custom", "Custom colour", "150", false)]),
        ] {
            let group = json!({
                "product": self.bike, "code": code, "name": name, "sequence": at,
                "min_options": least, "options": options,
            });
            self.boss.create("cpq.option_group", group).await.unwrap();
        }
        let rule = json!({
            "product": self.bike, "name": "Wheels", "kind": "requires", "option": "wheels.carbon",
            "others": ["frame.carbon"],
        });
        self.boss.create("cpq.rule", rule).await.unwrap();
        self.volume("range", self.bike).await;
    }

    async fn volume(&self, mode: &str, product: AnyId) -> AnyId {
        let tiers = json!([
            { "from_quantity": "5", "discount": "0.05" },
            { "from_quantity": "10", "discount": "0.1" },
        ]);
        let volume =
            json!({ "name": "By number", "mode": mode, "product": product, "tiers": tiers });
        self.boss.create("cpq.volume_discount", volume).await.unwrap()
    }

    fn carbon(&self, quantity: &str) -> Json {
        let choice = json!({ "frame": "carbon", "wheels": "carbon", "drivetrain": "electronic" });
        json!({ "product": self.bike, "quantity": quantity, "choice": choice })
    }

    fn wish(&self, lines: Vec<Json>) -> Json {
        json!({ "customer": self.club, "lines": lines })
    }

    async fn quote(&self, lines: Vec<Json>) -> AnyId {
        self.rep.create("cpq.quote", self.wish(lines)).await.unwrap()
    }

    async fn act(&self, quote: AnyId, action: &str, args: Json) -> Result<(), Error> {
        self.boss.act("cpq.quote", quote, action, args).await.map(drop)
    }

    async fn get(&self, quote: AnyId) -> Json {
        self.boss.get("cpq.quote", quote).await.unwrap()
    }

    async fn in_state(&self, state: &str) -> AnyId {
        let quote = self.quote(vec![self.carbon("1")]).await;
        if state != "draft" && state != "cancelled" {
            self.act(quote, "send", Json::Null).await.unwrap();
        }
        match state {
            "accepted" => self.act(quote, "accept", Json::Null).await.unwrap(),
            "rejected" => {
                self.act(quote, "reject", json!({ "reason": "Too dear" })).await.unwrap();
            }
            "cancelled" => self.act(quote, "cancel", Json::Null).await.unwrap(),
            "expired" => {
                self.shop.on("2026-04-02");
                while self.shop.kernel.run_due_jobs().await.unwrap() > 0 {}
                self.shop.on("2026-03-02");
            }
            _ => {}
        }
        assert_eq!(self.get(quote).await["state"], state);
        quote
    }
}

fn figures(record: &Json, fields: &[&str]) -> String {
    let text = |field: &&str| match &record[*field] {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    fields.iter().map(text).collect::<Vec<_>>().join(" ")
}
