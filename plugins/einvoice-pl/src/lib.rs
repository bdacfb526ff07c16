//! Poland's structured e-invoice: a posted invoice becomes FA(3), goes to the provider that hands it to KSeF, and
//! the answer is kept and written beside the invoice. In reading order: this file (what happens when),
//! `source` (what is read), `fa3` (what is written), `nip` (numbers of taxpayers).
//! Not here: what the README says is not covered; an invoice that needs it is refused before it is sent.

mod fa3;
mod nip;
mod source;

use fondaco_plugin::prelude::*;
use serde_json::{Value as Json, json};

use source::Source;

/// The first wait, in seconds; each is twice the one before.
const WAIT_S: u32 = 60;
const WAIT_S_MAX: u32 = 6 * 3_600;
const INVOICE: &str = "accounting.invoice";

struct EInvoice;

impl OnEvent for EInvoice {
    fn on_event(cx: &Cx, event: &Event) -> Answer<Effects> {
        let key = key(event.id);
        if cx.kept(&key)?.is_some() {
            return Ok(Effects::none());
        }
        Ok(Effects::none().keep(key, Some(State::waiting(0).text())).schedule(
            "send",
            0,
            json!({ "invoice": event.id.0 }).to_string(),
        ))
    }
}

impl Job for EInvoice {
    fn run(cx: &Cx, payload: &str) -> Answer<Effects> {
        let payload: Json = serde_json::from_str(payload).map_err(|e| e.to_string())?;
        let invoice = payload["invoice"].as_i64().map(Id).ok_or("a job without an invoice")?;
        let state = State::of(cx.kept(&key(invoice))?.as_deref());
        if state.is_done() {
            return Ok(Effects::none());
        }
        let source = match Source::read(cx, invoice)? {
            source::Found::Ready(source) => source,
            source::Found::Wait(why) => return later(cx, invoice, &state, &why),
            source::Found::Faulty(faults) => return Ok(refused(invoice, &faults)),
        };
        let xml = match fa3::written(&source) {
            Ok(xml) => xml,
            Err(faults) => return Ok(refused(invoice, &faults)),
        };
        match sent(cx, &source, xml) {
            Sent::Accepted { number, at } => Ok(accepted(invoice, &number, &at)),
            Sent::Refused(reasons) => Ok(refused(invoice, &reasons)),
            Sent::Later(why) => later(cx, invoice, &state, &why),
        }
    }
}

/// What the provider made of it.
enum Sent {
    Accepted { number: String, at: String },
    Refused(Vec<String>),
    Later(String),
}

/// Sends it under a key that names the document, so that the provider knows one that it has.
fn sent(cx: &Cx, source: &Source, xml: String) -> Sent {
    let url: String = match cx.setting("url") {
        Ok(url) => url,
        Err(why) => return Sent::Later(why),
    };
    let request = Outgoing::post(url, xml)
        .within(cx.setting("timeout").unwrap_or(20))
        .header("content-type", "application/xml; charset=utf-8")
        .header("authorization", "Bearer {secret:token}")
        .header("idempotency-key", format!("{}:{}", source.seller.nip, source.number));
    let answer = match cx.fetch(request) {
        Ok(answer) => answer,
        // Sent or not: the key makes another try harmless.
        Err(failure) => return Sent::Later(failure.why().to_owned()),
    };
    let body: Json = serde_json::from_str(&answer.text()).unwrap_or_default();
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    match (answer.status, text("ksef_number"), text("accepted_at")) {
        // 409: it has this document already, and says under which number.
        (200 | 201 | 409, Some(number), Some(at)) => Sent::Accepted { number, at },
        (400 | 422, ..) => {
            let reasons = body["errors"].as_array().into_iter().flatten();
            let reasons: Vec<String> =
                reasons.filter_map(Json::as_str).map(|reason| short(reason, 500)).collect();
            match reasons.is_empty() {
                true => Sent::Refused(vec![short(&answer.text(), 500)]),
                false => Sent::Refused(reasons),
            }
        }
        (status, ..) => Sent::Later(format!("the provider said {status}: {}", short(&answer.text(), 200))),
    }
}

fn short(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

fn key(invoice: Id) -> String {
    format!("invoice:{}", invoice.0)
}

/// How far an invoice is, as it is kept.
struct State(Json);

impl State {
    fn of(text: Option<&str>) -> State {
        State(text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default())
    }

    fn waiting(attempts: u64) -> State {
        State(json!({ "status": "waiting", "attempts": attempts }))
    }

    fn text(&self) -> String {
        self.0.to_string()
    }

    fn is_done(&self) -> bool {
        ["accepted", "refused", "given_up"].iter().any(|done| self.0["status"] == *done)
    }

    fn attempts(&self) -> u64 {
        self.0["attempts"].as_u64().unwrap_or_default()
    }
}

fn accepted(invoice: Id, number: &str, at: &str) -> Effects {
    let (number, at) = (short(number, 100), short(at, 40));
    let state = json!({ "status": "accepted", "number": number, "at": at }).to_string();
    let text = format!("KSeF has accepted this invoice under the number {number} at {at}.");
    note(Effects::none().keep(key(invoice), Some(state)), invoice, &text)
}

fn refused(invoice: Id, reasons: &[String]) -> Effects {
    let state = json!({ "status": "refused", "reasons": reasons }).to_string();
    let text = format!("As an e-invoice this was refused: {}", reasons.join("; "));
    let effects = note(Effects::none().keep(key(invoice), Some(state)), invoice, &text);
    look(effects, invoice, "E-invoice: it was refused", &text)
}

/// Another try, after twice the time; or somebody is asked to look.
fn later(cx: &Cx, invoice: Id, state: &State, why: &str) -> Answer<Effects> {
    let attempts = state.attempts() + 1;
    if attempts >= cx.setting::<u64>("attempts")? {
        let state = json!({ "status": "given_up", "attempts": attempts, "why": why }).to_string();
        let text = format!("As an e-invoice this was not sent in {attempts} attempts. The last time: {why}");
        let effects = note(Effects::none().keep(key(invoice), Some(state)), invoice, &text);
        return Ok(look(effects, invoice, "E-invoice: it could not be sent", &text));
    }
    let doubled = u32::try_from(attempts - 1).ok().and_then(|n| WAIT_S.checked_shl(n.min(16)));
    let wait = doubled.map_or(WAIT_S_MAX, |wait| wait.min(WAIT_S_MAX));
    let state = json!({ "status": "waiting", "attempts": attempts, "why": why }).to_string();
    let payload = json!({ "invoice": invoice.0 }).to_string();
    Ok(Effects::none().keep(key(invoice), Some(state)).schedule("send", wait, payload))
}

fn note(effects: Effects, invoice: Id, text: &str) -> Effects {
    let fields = [
        Field::new("model", INVOICE),
        Field::new("record", invoice.0),
        Field::new("text", text),
    ];
    effects.create("note", fields)
}

fn look(effects: Effects, invoice: Id, title: &str, text: &str) -> Effects {
    let fields = [
        Field::new("model", INVOICE),
        Field::new("record", invoice.0),
        Field::new("title", title),
        Field::new("note", text),
    ];
    effects.create("activity", fields)
}

export!(EInvoice: event, job);
