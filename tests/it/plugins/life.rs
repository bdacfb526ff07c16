//! The whole life of a plugin of the house over the program itself: built from source, packed, signed,
//! installed and put in force at a running server, which is asked over HTTP and never started again.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fondaco_tests::program::{self, binary};
use fondaco_tests::{Client, Folder, Program, both, guests};
use serde_json::{Value as Json, json};

both! {
    a_plugin_from_source_to_a_refused_order_and_out_again,
}

const DATA: &str = r#"
[[party]]
key = "verdi"
name = "Verdi Biciclette"
customer = true
payment_term = "net_30"
credit_limit = "1000.00"

[[product]]
key = "chain"
code = "CH"
name = "Chain"
unit = "piece"
kind = "service"
list_price = "100.00"
"#;
const ID: &str = "fondaco.credit-guard";
/// What the plugin says of an order over the limit.
const REFUSED: &str = "422 customer: over_limit";
/// Running servers look once a second.
const PATIENCE: Duration = Duration::from_secs(20);

struct House {
    folder: Folder,
    client: Client,
    _program: Program,
    customer: String,
    product: String,
}

impl House {
    async fn open() -> House {
        let modules = ["sales", "accounting"];
        let folder = Folder::lay("plugin-life", &modules, &[("data/shop.toml", DATA)]);
        let token = folder.user_token(&["administrator", "sales_user"]).await;
        let program = Program::serve(folder.path());
        let client = program.client(&token);
        let first = |model: &str, filter: &str| {
            let path = format!("/api/{model}?filter={}", program::quoted(filter));
            let found = client.get(&path).unwrap().expect(200);
            found.body["items"][0]["id"].as_str().unwrap().to_owned()
        };
        let customer = first("party", "name == 'Verdi Biciclette'");
        let product = first("product", "code == 'CH'");
        House { folder, client, _program: program, customer, product }
    }

    /// A command on this company's folder that ends well; what it said.
    fn fondaco(&self, args: &[&str]) -> String {
        let (code, said) = self.ends(args);
        assert_eq!(code, 0, "{args:?}: {said}");
        said
    }

    fn ends(&self, args: &[&str]) -> (i32, String) {
        let path = self.folder.path().to_str().unwrap();
        let all: Vec<&str> =
            ["plugin"].iter().chain(args).copied().chain(["--company", path]).collect();
        let Output { status, stdout, stderr } = program::run(&all);
        let said =
            String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        (status.code().unwrap_or(-1), said)
    }

    fn order(&self, quantity: &str) -> String {
        let lines = json!([{ "product": self.product, "quantity": quantity }]);
        let order = json!({ "customer": self.customer, "lines": lines });
        self.client.post("/api/sales.order", &order).unwrap().expect(201).id()
    }

    /// What becomes of an order that is confirmed: its state, or why not.
    fn confirm(&self, order: &str) -> String {
        let path = format!("/api/sales.order/{order}/confirm");
        let answer = self.client.post(&path, &json!({})).unwrap();
        match answer.status {
            200 => {
                let order = self.client.get(&format!("/api/sales.order/{order}")).unwrap();
                let message = answer.body["message"].as_str().unwrap_or_default().to_owned();
                format!("{} {message}", order.body["state"].as_str().unwrap())
            }
            status => {
                let detail = answer.body["detail"].as_str().unwrap_or_default();
                format!("{status} {} {detail}", answer.problems().join(", "))
            }
        }
    }

    /// Confirms an order of so much until what becomes of it begins so; a new one each time.
    fn comes_to(&self, quantity: &str, wanted: &str) -> String {
        let began = Instant::now();
        loop {
            let order = self.order(quantity);
            let found = self.confirm(&order);
            if found.starts_with(wanted) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "{found}, not {wanted}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Orders over the limit until the shadow was compared on one; then its report, and the difference made
    /// once more.
    fn compared(&self) {
        let began = Instant::now();
        let path = format!("/api/plugins/{ID}/shadow");
        let report = loop {
            assert!(self.confirm(&self.order("50")).starts_with(REFUSED));
            let report = self.client.get(&path).unwrap().expect(200).body;
            if report["differences"].as_array().is_some_and(|found| !found.is_empty()) {
                break report;
            }
            assert!(began.elapsed() < PATIENCE, "{report}");
            std::thread::sleep(Duration::from_millis(200));
        };
        assert_eq!(report["hooks"][0]["version"], "1.1.0");
        assert!(report["hooks"][0]["different"].as_i64().unwrap() > 0, "{report}");
        let said = self.fondaco(&["shadow", ID, "--report"]);
        assert!(
            said.contains("1.1.0 runs beside") && said.contains("says something else"),
            "{said}"
        );
        let call = report["differences"][0]["id"].as_str().unwrap();
        assert!(self.fondaco(&["replay", ID, call]).contains("the same, byte for byte"));
        assert!(self.fondaco(&["logs", ID]).contains(call));
        // What is not for everybody is not shown.
        let shown = self.fondaco(&["logs", ID, "--call", call]);
        assert!(shown.contains("\"confirm\"") && !shown.contains("Verdi has"), "{shown}");
    }

    /// How it stands at the end, and what the audit says of its life.
    fn is_written_down(&self) {
        assert_eq!(self.stands()["state"], "uninstalled");
        let history = self.client.get(&format!("/api/plugins/{ID}/history")).unwrap().expect(200);
        let done = history.body["items"].as_array().unwrap().iter().rev();
        let done: Vec<&str> = done.map(|change| change["action"].as_str().unwrap()).collect();
        assert_eq!(
            done,
            [
                "installed",
                "granted",
                "enabled",
                "upgrade_installed",
                "shadow",
                "enabled",
                "rolled_back",
                "disabled",
                "uninstalled"
            ]
        );
    }

    fn stands(&self) -> Json {
        self.client.get(&format!("/api/plugins/{ID}")).unwrap().expect(200).body
    }
}

/// The plugin's folder with another version, and with other words of its manifest.
fn lay(folder: &Folder, version: &str, change: (&str, &str), text: &str) -> PathBuf {
    let place = format!("plugin-{version}/plugin.toml");
    let text = text.replace("version = \"1.0.0\"", &format!("version = \"{version}\""));
    folder.write(&place, &text.replace(change.0, change.1));
    folder.path().join(place).parent().unwrap().to_owned()
}

fn keygen(file: &str) {
    let mut command = Command::new(binary());
    let done = command.args(["plugin", "keygen", file]).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Packs and signs two versions: the second one holds what the first one refuses.
fn pack(folder: &Folder, component: &[u8], text: &str) {
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("guard.wasm"), component).unwrap();
    keygen(&at("house.key"));
    let hold = ("default = \"refuse\"", "default = \"hold\"");
    for (version, change) in [("1.0.0", ("", "")), ("1.1.0", hold)] {
        let folder = lay(folder, version, change, text);
        let packed = program::run(&[
            "plugin",
            "pack",
            folder.to_str().unwrap(),
            "--component",
            &at("guard.wasm"),
            "--key",
            &at("house.key"),
            "--out",
            &at(&format!("{version}.plugin")),
        ]);
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
        let verified = program::run(&["plugin", "verify", &at(&format!("{version}.plugin"))]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
}

async fn a_plugin_from_source_to_a_refused_order_and_out_again() {
    let Some((component, text)) = guests::of_house("credit-guard") else { return };
    let house = House::open().await;
    let at = |name: &str| house.folder.path().join(name).to_str().unwrap().to_owned();
    pack(&house.folder, &component, &text);

    let began = Instant::now();
    let said = house.fondaco(&["install", &at("1.0.0.plugin")]);
    println!("installed in {:?}, with the start of the command", began.elapsed());
    assert!(said.contains("+ read      sales.order.total — to know what is ordered"), "{said}");
    assert!(said.contains("+ hook      before confirm of sales.order"), "{said}");
    let (code, said) = house.ends(&["enable", ID]);
    assert!(code == 1 && said.contains("waits for a grant"), "{said}");
    assert!(house.fondaco(&["grant", ID]).contains("1.0.0 is granted"));
    let first = house.order("6");
    assert!(house.confirm(&first).starts_with("confirmed"));
    assert!(house.fondaco(&["enable", ID]).contains("1.0.0 is enabled"));
    // Without a restart, with its figures.
    let refused = house.comes_to("50", REFUSED);
    assert!(refused.contains("has a limit of 1000.00"), "{refused}");
    assert!(refused.contains("so 5000.00 more is"), "{refused}");

    // The next version beside it, over the API: it would hold what this one refuses.
    let package = std::fs::read(at("1.1.0.plugin")).unwrap();
    let sent = house.client.upload("/api/plugins", &package).unwrap().expect(201).body;
    assert_eq!(sent["need"], "nothing", "{sent}");
    let shadowed = json!({ "version": "1.1.0" });
    let path = format!("/api/plugins/{ID}/shadow");
    assert_eq!(house.client.post(&path, &shadowed).unwrap().expect(200).body["shadow"], "1.1.0");
    house.compared();

    let began = Instant::now();
    let path = format!("/api/plugins/{ID}/enable");
    let stands = house.client.post(&path, &json!({})).unwrap().expect(200).body;
    println!("switched in {:?}", began.elapsed());
    assert_eq!((&stands["version"], &stands["previous"]), (&json!("1.1.0"), &json!("1.0.0")));
    // At once at the server that was asked.
    let order = house.order("50");
    let held = house.confirm(&order);
    assert!(held.starts_with("draft The order is held"), "{held}");
    assert!(house.fondaco(&["rollback", ID]).contains("1.0.0 is enabled (before it 1.1.0)"));
    house.comes_to("50", REFUSED);
    assert!(house.fondaco(&["disable", ID]).contains("1.0.0 is disabled"));
    // The books keep the limit without it, and say less.
    house.comes_to("50", "422 customer: credit_limit");
    house.fondaco(&["uninstall", ID]);
    house.is_written_down();
}
