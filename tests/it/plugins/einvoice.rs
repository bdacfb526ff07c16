//! The plugin `einvoice-pl`, from source to effect: a posted invoice goes to a provider that says yes, says no, is
//! not there, says nothing, or has it already.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fondaco_kernel::plugins::secrets;
use fondaco_kernel::schema::plugin::RunsAs;
use fondaco_kernel::{Database, Setup, Tx, jobs};
use fondaco_plugin_host::WayOut;
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::peer::{Heard, Said};
use fondaco_tests::{Peer, Shop, both, guests};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    an_invoice_is_accepted_and_the_number_stands_beside_it,
    a_refusal_says_why_and_is_not_sent_again,
    an_outage_is_waited_out_longer_each_time,
    what_was_sent_twice_is_known_to_the_provider,
    what_cannot_be_written_is_said_at_once,
    a_credit_note_waits_for_what_it_corrects,
}

const DATA: &str = r#"
[[company]]
key = "main"
name = "Warsztat Wisła"
currency = "PLN"
country = "PL"
calendar = "standard"
tax_number = "526-025-09-95"
address = "ul. Prosta 1\n00-001 Warszawa"

[[tax_code]]
key = "vat_23"
code = "V23"
name = "VAT 23 %"
kind = "sales"
rate = "0.23"

[[tax_code]]
key = "vat_8"
code = "V8"
name = "VAT 8 %"
kind = "sales"
rate = "0.08"

[[tax_code]]
key = "vat_20"
code = "V20"
name = "VAT 20 %"
kind = "sales"
rate = "0.20"

[[party]]
key = "rowery"
name = "Rowery & Spółka"
customer = true
country = "PL"
tax_number = "PL 123-456-32-18"
addresses = [{ street = "ul. Długa 2", postal_code = "30-001", city = "Kraków" }]

[[party]]
key = "nobody"
name = "Nobody"
customer = true
country = "PL"
"#;

const YES: &str =
    r#"{"ksef_number":"5260250995-20260302-0A1B2C","accepted_at":"2026-03-02T09:00:05Z"}"#;

struct House {
    shop: Shop,
    clerk: Desk,
}

impl House {
    async fn open(peer: &Peer) -> Option<House> {
        let (component, text) = guests::of_house("einvoice-pl")?;
        let way_out = WayOut::default().with_loopback();
        let host = Arc::new(Arc::into_inner(guests::host()).unwrap().with_way_out(way_out));
        let names = ["accounting".to_owned()];
        let mut setup = Setup::new(Database::Memory, modules::named(&names).unwrap());
        setup.data.push(("company.toml".to_owned(), DATA.to_owned()));
        let shop = Shop::of(guests::with(setup, &host)).await;
        let manifest = guests::read_manifest(&text, Some(shop.kernel.registry().schema.as_ref()));
        guests::install(&host, manifest.clone(), &component, |grants| {
            grants.runs_as = RunsAs::Role("accounting_clerk".to_owned());
            grants.settings.insert("url".to_owned(), format!("{}/invoices", peer.origin()));
            grants.settings.insert("timeout".to_owned(), "1".to_owned());
            grants.settings.insert("attempts".to_owned(), "4".to_owned());
        });
        let set = shop.kernel.run(&shop.admin.ctx, move |tx: &mut Tx| {
            let manifest = manifest.clone();
            Box::pin(
                async move { secrets::set(tx, &manifest, "token", Some("t0ken-of-ours")).await },
            )
        });
        set.await.unwrap();
        let clerk = shop.user("Ines", &["accountant", "accounting_clerk"]).await;
        Some(House { shop, clerk })
    }

    async fn invoice(&self, party: &str, lines: &[(&str, &str, &str, &str)]) -> AnyId {
        let party = self.shop.admin.by_key("party", party).await.unwrap();
        let mut rows = Vec::new();
        for (description, quantity, price, tax) in lines {
            let tax = self.shop.admin.by_key("tax_code", tax).await.unwrap();
            rows.push(json!({
                "description": description, "quantity": quantity, "unit_price": price, "tax_code": tax,
            }));
        }
        let invoice = json!({ "party": party, "lines": rows });
        let id = self.clerk.create("accounting.invoice", invoice).await.unwrap();
        self.clerk.act("accounting.invoice", id, "post", Json::Null).await.unwrap();
        id
    }

    /// A bicycle and two bells: 1,000.00 at 23 % and 25.00 at 8 %.
    async fn bicycle(&self) -> AnyId {
        let lines = [("Bicycle <red>", "1", "1000", "vat_23"), ("Bell", "2", "12.5", "vat_8")];
        self.invoice("rowery", &lines).await
    }

    /// What falls due now, and what follows from it at once.
    async fn run(&self) {
        while self.shop.kernel.run_due_jobs().await.unwrap() > 0 {}
    }

    fn at(&self, time: &str) {
        self.shop.clock.set(time.parse().unwrap());
    }

    async fn texts(&self, model: &str, field: &str, invoice: AnyId) -> Vec<String> {
        let filter = format!("record == {invoice}");
        let found = self.shop.admin.list(model, &filter, "id").await.unwrap();
        found.iter().map(|rec| rec[field].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn notes(&self, invoice: AnyId) -> Vec<String> {
        self.texts("note", "text", invoice).await
    }
}

async fn an_invoice_is_accepted_and_the_number_stands_beside_it() {
    let peer = Peer::open(|_| Said::Answer(201, Vec::new(), YES.to_owned()));
    let Some(house) = House::open(&peer).await else { return };
    let invoice = house.bicycle().await;
    assert!(peer.heard().is_empty(), "nobody is asked while somebody posts");
    house.run().await;
    let heard = peer.heard();
    assert_eq!(heard.len(), 1, "{:?}", house.shop.kernel.plugin_tallies());
    let Heard { method, path, body, .. } = &heard[0];
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/invoices"));
    assert_eq!(heard[0].header("authorization"), Some("Bearer t0ken-of-ours"));
    assert_eq!(heard[0].header("idempotency-key"), Some("5260250995:INV-2026-00001"));
    for part in [
        "<KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>",
        "<DataWytworzeniaFa>2026-03-02T09:00:00Z</DataWytworzeniaFa>",
        "<NIP>5260250995</NIP><Nazwa>Warsztat Wisła</Nazwa>",
        "<AdresL1>ul. Prosta 1</AdresL1><AdresL2>00-001 Warszawa</AdresL2>",
        "<NIP>1234563218</NIP><Nazwa>Rowery &amp; Spółka</Nazwa>",
        "<AdresL1>ul. Długa 2</AdresL1><AdresL2>30-001 Kraków</AdresL2>",
        "<KodWaluty>PLN</KodWaluty><P_1>2026-03-02</P_1><P_2>INV-2026-00001</P_2>",
        "<P_13_1>1000.00</P_13_1><P_14_1>230.00</P_14_1>",
        "<P_13_2>25.00</P_13_2><P_14_2>2.00</P_14_2><P_15>1257.00</P_15>",
        "<RodzajFaktury>VAT</RodzajFaktury>",
        "<NrWierszaFa>1</NrWierszaFa><P_7>Bicycle &lt;red&gt;</P_7><P_8B>1</P_8B><P_9A>1000.00</P_9A>\
         <P_11>1000.00</P_11><P_12>23</P_12>",
        "<NrWierszaFa>2</NrWierszaFa><P_7>Bell</P_7><P_8B>2</P_8B><P_9A>12.50</P_9A>\
         <P_11>25.00</P_11><P_12>8</P_12>",
    ] {
        assert!(body.contains(part), "{part}\n{body}");
    }
    let says = "KSeF has accepted this invoice under the number 5260250995-20260302-0A1B2C at \
                2026-03-02T09:00:05Z.";
    assert_eq!(house.notes(invoice).await, [says]);
    // Asked for once more, it is not sent once more.
    let again = house.shop.kernel.run(&house.shop.admin.ctx, move |tx: &mut Tx| {
        let payload = json!({ "invoice": invoice.raw() });
        Box::pin(async move {
            jobs::enqueue(tx, "plugin:fondaco.einvoice-pl:send", payload, tx.now()).await.map(drop)
        })
    });
    again.await.unwrap();
    house.run().await;
    assert_eq!((peer.heard().len(), house.notes(invoice).await.len()), (1, 1));
}

async fn a_refusal_says_why_and_is_not_sent_again() {
    let no = r#"{"errors":["P_2 was used before","NIP of the buyer is not active"]}"#;
    let peer = Peer::open(move |_| Said::Answer(422, Vec::new(), no.to_owned()));
    let Some(house) = House::open(&peer).await else { return };
    let invoice = house.bicycle().await;
    house.run().await;
    let says =
        "As an e-invoice this was refused: P_2 was used before; NIP of the buyer is not active";
    assert_eq!(house.notes(invoice).await, [says]);
    let asked = house.texts("activity", "title", invoice).await;
    assert_eq!(asked, ["E-invoice: it was refused"]);
    house.at("2026-03-09T09:00:00Z");
    house.run().await;
    assert_eq!(peer.heard().len(), 1);
}

async fn an_outage_is_waited_out_longer_each_time() {
    let times = AtomicUsize::new(0);
    let peer = Peer::open(move |_| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Said::Answer(503, Vec::new(), "in the cellar".to_owned()),
        1 => Said::Nothing,
        2 => Said::Answer(201, Vec::new(), YES.to_owned()),
        _ => Said::Answer(500, Vec::new(), "never again".to_owned()),
    });
    let Some(house) = House::open(&peer).await else { return };
    let first = house.bicycle().await;
    for (time, sent) in [
        ("2026-03-02T09:00:00Z", 1),
        ("2026-03-02T09:00:59Z", 1),
        ("2026-03-02T09:01:00Z", 2),
        ("2026-03-02T09:02:59Z", 2),
        ("2026-03-02T09:03:01Z", 3),
    ] {
        house.at(time);
        house.run().await;
        assert_eq!(peer.heard().len(), sent, "{time}");
    }
    assert!(house.notes(first).await[0].starts_with("KSeF has accepted"));
    // After four attempts somebody is asked.
    let second = house.bicycle().await;
    for (time, sent) in [
        ("2026-03-02T10:00:00Z", 4),
        ("2026-03-02T10:01:00Z", 5),
        ("2026-03-02T10:03:00Z", 6),
        ("2026-03-02T10:07:00Z", 7),
        ("2026-03-03T10:00:00Z", 7),
    ] {
        house.at(time);
        house.run().await;
        assert_eq!(peer.heard().len(), sent, "{time}");
    }
    let says = "As an e-invoice this was not sent in 4 attempts. The last time: the provider said 500: \
                never again";
    assert_eq!(house.notes(second).await, [says]);
    let asked = house.texts("activity", "title", second).await;
    assert_eq!(asked, ["E-invoice: it could not be sent"]);
}

async fn what_was_sent_twice_is_known_to_the_provider() {
    let times = AtomicUsize::new(0);
    // It takes the first and hangs up before it says so.
    let peer = Peer::open(move |_| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Said::HangUp,
        _ => Said::Answer(409, Vec::new(), YES.to_owned()),
    });
    let Some(house) = House::open(&peer).await else { return };
    let invoice = house.bicycle().await;
    house.run().await;
    assert!(house.notes(invoice).await.is_empty());
    house.at("2026-03-02T09:01:00Z");
    house.run().await;
    let keys: Vec<String> = peer
        .heard()
        .iter()
        .map(|heard| heard.header("idempotency-key").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(keys, ["5260250995:INV-2026-00001", "5260250995:INV-2026-00001"]);
    assert!(house.notes(invoice).await[0].contains("5260250995-20260302-0A1B2C"));
}

async fn what_cannot_be_written_is_said_at_once() {
    let peer = Peer::open(|_| Said::Answer(201, Vec::new(), YES.to_owned()));
    let Some(house) = House::open(&peer).await else { return };
    let invoice = house.invoice("nobody", &[("Bicycle", "1", "1000", "vat_23")]).await;
    let other = house.invoice("rowery", &[("Bicycle", "1", "1000", "vat_20")]).await;
    house.run().await;
    assert!(peer.heard().is_empty());
    assert_eq!(
        house.notes(invoice).await,
        [
            "As an e-invoice this was refused: the buyer is an organisation in Poland and has no tax \
          number"
        ]
    );
    assert_eq!(
        house.notes(other).await,
        [
            "As an e-invoice this was refused: a tax of 20 % has no place here yet: 23, 8, 5 and 0 % \
          have"
        ]
    );
}

async fn a_credit_note_waits_for_what_it_corrects() {
    let times = AtomicUsize::new(0);
    let peer = Peer::open(move |_| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Said::Answer(503, Vec::new(), String::new()),
        _ => Said::Answer(201, Vec::new(), YES.to_owned()),
    });
    let Some(house) = House::open(&peer).await else { return };
    let invoice = house.bicycle().await;
    let args = json!({ "reason": "Broken" });
    house.clerk.act("accounting.invoice", invoice, "credit", args).await.unwrap();
    let found =
        house.clerk.list("accounting.invoice", "kind == 'credit_note'", "id").await.unwrap();
    let note: AnyId = found[0]["id"].as_str().unwrap().parse().unwrap();
    if found[0]["state"] == "draft" {
        house.clerk.act("accounting.invoice", note, "post", Json::Null).await.unwrap();
    }
    house.run().await;
    assert_eq!(peer.heard().len(), 1, "the invoice, in vain; the credit note is not sent yet");
    for time in ["2026-03-02T09:01:00Z", "2026-03-02T09:03:00Z"] {
        house.at(time);
        house.run().await;
    }
    let heard = peer.heard();
    assert_eq!(heard.len(), 3);
    for part in [
        "<P_13_1>-1000.00</P_13_1><P_14_1>-230.00</P_14_1>",
        "<P_15>-1257.00</P_15>",
        "<RodzajFaktury>KOR</RodzajFaktury><PrzyczynaKorekty>Broken</PrzyczynaKorekty>",
        "<NrFaKorygowanej>INV-2026-00001</NrFaKorygowanej><NrKSeF>1</NrKSeF>\
         <NrKSeFFaKorygowanej>5260250995-20260302-0A1B2C</NrKSeFFaKorygowanej>",
        "<P_8B>-1</P_8B><P_9A>1000.00</P_9A><P_11>-1000.00</P_11>",
    ] {
        assert!(heard[2].body.contains(part), "{part}\n{}", heard[2].body);
    }
    assert!(house.notes(note).await[0].starts_with("KSeF has accepted"));
}
