//! Poland's structured e-invoice: a posted invoice becomes FA(3), goes to the provider that hands it to KSeF, and
//! the answer is kept and written beside the invoice. In reading order: this file (what happens when),
//! `source` (what is read), `fa3` (what is written), `nip` (numbers of taxpayers).
//! Not here: what the README says is not covered; an invoice that needs it is refused before it is sent.

mod fa3;
mod nip;
mod source;

use fondaco_plugin::prelude::*;
use serde::{Deserialize, Serialize};

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
        Ok(Effects::none().keep(key, State::new("waiting").text()).schedule(
            "send",
            0,
            Task { invoice: event.id.0 }.text(),
        ))
    }
}

impl Job for EInvoice {
    fn run(cx: &Cx, payload: &str) -> Answer<Effects> {
        let task: Task = serde_json::from_str(payload).map_err(|error| error.to_string())?;
        let invoice = Id(task.invoice);
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
    let said: Said = serde_json::from_str(&answer.text()).unwrap_or_default();
    match (answer.status, said.ksef_number, said.accepted_at) {
        // 409: it has this document already, and says under which number.
        (200 | 201 | 409, Some(number), Some(at)) => Sent::Accepted { number, at },
        (400 | 422, ..) if said.errors.is_empty() => {
            Sent::Refused(vec![short(&answer.text(), 500)])
        }
        (400 | 422, ..) => Sent::Refused(said.errors.iter().map(|e| short(e, 500)).collect()),
        (status, ..) => {
            let text = short(&answer.text(), 200);
            Sent::Later(format!("the provider said {status}: {text}"))
        }
    }
}

fn short(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

fn key(invoice: Id) -> String {
    format!("invoice:{}", invoice.0)
}

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Task {
    invoice: i64,
}

impl Task {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a provider says. Maps of JSON are not used: those of the standard library want chance, which no
/// plugin has.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    ksef_number: Option<String>,
    accepted_at: Option<String>,
    errors: Vec<String>,
}

/// How far an invoice is, as it is kept: `waiting`, `accepted`, `refused` or `given_up`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    status: String,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

impl State {
    pub(crate) fn of(text: Option<&str>) -> State {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn new(status: &str) -> State {
        State { status: status.to_owned(), ..State::default() }
    }

    fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    fn is_done(&self) -> bool {
        ["accepted", "refused", "given_up"].contains(&self.status.as_str())
    }
}

fn accepted(invoice: Id, number: &str, at: &str) -> Effects {
    let (number, at) = (short(number, 100), short(at, 40));
    let text = format!("KSeF has accepted this invoice under the number {number} at {at}.");
    let (number, at) = (Some(number), Some(at));
    let state = State { number, at, ..State::new("accepted") };
    note(Effects::none().keep(key(invoice), state.text()), invoice, &text)
}

fn refused(invoice: Id, reasons: &[String]) -> Effects {
    let state = State { reasons: reasons.to_vec(), ..State::new("refused") };
    let text = format!("As an e-invoice this was refused: {}", reasons.join("; "));
    let effects = note(Effects::none().keep(key(invoice), state.text()), invoice, &text);
    look(effects, invoice, "E-invoice: it was refused", &text)
}

/// Another try, after twice the time; or somebody is asked to look.
fn later(cx: &Cx, invoice: Id, state: &State, why: &str) -> Answer<Effects> {
    let attempts = state.attempts.saturating_add(1);
    let reasons = vec![short(why, 500)];
    if attempts >= cx.setting::<u32>("attempts")? {
        let state = State { attempts, reasons, ..State::new("given_up") };
        let text = format!(
            "As an e-invoice this was not sent in {attempts} attempts. The last time: {why}"
        );
        let effects = note(Effects::none().keep(key(invoice), state.text()), invoice, &text);
        return Ok(look(effects, invoice, "E-invoice: it could not be sent", &text));
    }
    let wait = (WAIT_S << (attempts - 1).min(10)).min(WAIT_S_MAX);
    let state = State { attempts, reasons, ..State::new("waiting") };
    let task = Task { invoice: invoice.0 };
    Ok(Effects::none().keep(key(invoice), state.text()).schedule("send", wait, task.text()))
}

fn note(effects: Effects, invoice: Id, text: &str) -> Effects {
    let fields =
        [Field::new("model", INVOICE), Field::new("record", invoice.0), Field::new("text", text)];
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
