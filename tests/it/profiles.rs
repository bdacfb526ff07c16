//! Each kind of company, through the real program: from `init` to its first document, then the next
//! step of its ROLLOUT.md.

use std::path::Path;
use std::process::Output;

use fondaco_kernel::Clock;
use fondaco_server::config::Company;
use fondaco_tests::program::{Program, run};
use fondaco_tests::scratch::Scratch;
use fondaco_tests::served::token;
use fondaco_tests::shop::Shop;
use serde_json::{Value as Json, json};

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn well(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    said(&output)
}

/// The token of somebody with these roles, made where nobody else has the database open.
async fn user(folder: &Path, roles: &[&str], company: &str) -> String {
    let mut setup = Company::read(folder).unwrap().setup().unwrap();
    setup.cheap_passwords = true;
    let shop = Shop::on_clock(setup, Clock::system()).await;
    let una = shop.user("Una", roles).await;
    let company = shop.admin.by_key("company", company).await.unwrap();
    let id = una.ctx.actor().user().unwrap().any();
    let fields = json!({ "companies": [company.to_string()] });
    shop.admin.update("user", id, fields).await.unwrap();
    let signed = fondaco_kernel::identity::sign_in(
        &shop.kernel,
        una.ctx.actor().name(),
        fondaco_tests::shop::PASSWORD,
        "test",
    );
    let una = fondaco_server::desk::Desk::new(shop.kernel.clone(), signed.await.unwrap().1);
    token(&una, &["*:*"]).await
}

struct Kind {
    profile: &'static str,
    role: &'static str,
    company: &'static str,
    /// The first document: what it needs, and itself; `$n` is the id of the n-th.
    documents: &'static [(&'static str, &'static str)],
    /// What is done with the last of them.
    action: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        profile: "trade",
        role: "front_office",
        company: "main",
        documents: &[("crm.lead", r#"{ "name": "Asks for paper", "email": "a@b.example" }"#)],
        action: "qualify",
    },
    Kind {
        profile: "services",
        role: "front_office",
        company: "main",
        documents: &[("crm.lead", r#"{ "name": "Needs advice", "organisation": "Acme" }"#)],
        action: "qualify",
    },
    Kind {
        profile: "manufacturing",
        role: "manager",
        company: "main",
        documents: &[
            (
                "product",
                r#"{ "name": "Steel", "code": "S", "kind": "goods", "unit": "key:piece" }"#,
            ),
            ("party", r#"{ "name": "Mill", "supplier": true }"#),
            (
                "purchasing.order",
                r#"{ "supplier": "$1", "lines": [{ "product": "$0", "quantity": "5", "unit_price": "3" }] }"#,
            ),
        ],
        action: "confirm",
    },
    Kind {
        profile: "commerce",
        role: "manager",
        company: "main",
        documents: &[
            ("product", r#"{ "name": "Mug", "code": "M", "kind": "goods", "unit": "key:piece" }"#),
            ("party", r#"{ "name": "Shopper", "customer": true }"#),
            (
                "sales.order",
                r#"{ "customer": "$1", "lines": [{ "product": "$0", "quantity": "2", "unit_price": "9" }] }"#,
            ),
        ],
        action: "confirm",
    },
    Kind {
        profile: "enterprise",
        role: "manager",
        company: "second",
        documents: &[
            (
                "product",
                r#"{ "name": "Audit", "code": "A", "kind": "service", "unit": "key:piece" }"#,
            ),
            ("party", r#"{ "name": "Client", "customer": true }"#),
            (
                "sales.order",
                r#"{ "customer": "$1", "lines": [{ "product": "$0", "quantity": "1", "unit_price": "100" }] }"#,
            ),
        ],
        action: "confirm",
    },
];

fn first_document(kind: &Kind) {
    let scratch = Scratch::new(&format!("profile-{}", kind.profile));
    let folder = scratch.path().join("acme");
    let path = folder.to_str().unwrap();
    well(&["init", path, "--name", "Acme", "--profile", kind.profile]);
    well(&["check", "--company", path]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let token = runtime.block_on(user(&folder, &[kind.role], kind.company));
    drop(runtime);

    let program = Program::serve(&folder);
    let client = program.client(&token);
    let mut ids: Vec<String> = Vec::new();
    for (model, text) in kind.documents {
        let mut text = (*text).to_owned();
        for (at, id) in ids.iter().enumerate() {
            text = text.replace(&format!("${at}"), id);
        }
        if text.contains("key:piece") {
            let units = client.get("/api/unit?filter=name%20%3D%3D%20%27Piece%27").unwrap();
            let piece = units.expect(200).body["items"][0]["id"].as_str().unwrap().to_owned();
            text = text.replace("key:piece", &piece);
        }
        let body: Json = serde_json::from_str(&text).unwrap();
        ids.push(client.post(&format!("/api/{model}"), &body).unwrap().expect(201).id());
    }
    let (model, id) = (kind.documents.last().unwrap().0, ids.last().unwrap());
    client.post(&format!("/api/{model}/{id}/{}", kind.action), &json!({})).unwrap().expect(200);
    program.kill();

    let rollout = std::fs::read_to_string(folder.join("ROLLOUT.md")).unwrap();
    let commands = rollout.lines().filter(|line| line.starts_with("    fondaco module enable"));
    let next = commands.map(str::trim).next().unwrap();
    let words: Vec<&str> = next.split(' ').skip(1).chain(["--yes"]).collect();
    assert!(well(&words).contains("Applied."), "{next}");
    let listed = well(&["module", "list", "--company", path]);
    for module in words[2..].iter().take_while(|word| !word.starts_with("--")) {
        let is_on = |line: &str| line.starts_with("on") && line.contains(&format!(" {module} "));
        assert!(listed.lines().any(is_on), "{module}: {listed}");
    }
}

#[test]
fn each_kind_of_company_reaches_its_first_document() {
    KINDS.iter().for_each(first_document);
}

#[test]
fn switching_says_what_is_half_way_and_gives_it_back() {
    let scratch = Scratch::new("switching");
    let folder = scratch.path().join("acme");
    let path = folder.to_str().unwrap();
    well(&["init", path, "--name", "Acme", "--modules", "crm"]);
    let config = folder.join("fondaco.toml");
    let with_comment = std::fs::read_to_string(&config).unwrap() + "\n# the end\n";
    std::fs::write(&config, &with_comment).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let token = runtime.block_on(user(&folder, &["crm_manager"], "main"));
    drop(runtime);
    let lead = json!({ "name": "Asks", "email": "a@b.example" });
    let program = Program::serve(&folder);
    let client = program.client(&token);
    let id = client.post("/api/crm.lead", &lead).unwrap().expect(201).id();
    client.post(&format!("/api/crm.lead/{id}/qualify"), &json!({})).unwrap().expect(200);

    // The running server follows, both ways.
    let told = well(&["module", "disable", "crm", "--company", path, "--yes"]);
    assert!(told.contains("1 Leads in state qualified"), "{told}");
    client.get(&format!("/api/crm.lead/{id}")).unwrap().expect(404);
    let status = well(&["module", "status", "--company", path]);
    assert!(status.contains("crm is off"), "{status}");
    assert!(status.contains("1 Leads in state qualified"), "{status}");
    well(&["module", "enable", "crm", "--company", path, "--yes"]);
    let seen = client.get(&format!("/api/crm.lead/{id}")).unwrap().expect(200);
    assert_eq!(seen.body["state"], "qualified");
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.ends_with("# the end\n") && text.contains("enabled = [\"crm\"]"), "{text}");

    let unknown = run(&["module", "enable", "crmm", "--company", path, "--yes"]);
    assert!(!unknown.status.success());
    assert!(said(&unknown).contains("there is no module \"crmm\""), "{}", said(&unknown));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), text);
}
