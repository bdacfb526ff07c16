//! Leads: new → qualified → converted or lost.
//! Next: `lead::convert` (customer, contact and opportunity of it).

use fondaco_kernel::model::Saving;
use fondaco_kernel::module::missing;
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::{Contact, Currency, Party, User};
use fondaco_kernel::values::{Date, Id, Money, Timestamp, Value};
use fondaco_kernel::{Args, Record, Result, Tx, store};

use crate::duplicates::{self, Known, LeadKey};
use crate::key;
use crate::opportunity::{Opportunity, Source};

mod convert;

pub(crate) use convert::{NewAddress, NewParty, NewWay, convert};

/// The model's name.
pub(crate) const LEAD: &str = "crm.lead";

#[derive(Record, Clone, Debug)]
#[record("crm.lead")]
pub(crate) struct Lead {
    pub(crate) id: Id<Lead>,
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) organisation: Option<String>,
    pub(crate) contact_name: Option<String>,
    pub(crate) job_title: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) street: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) source: Option<Id<Source>>,
    pub(crate) campaign: Option<String>,
    pub(crate) salesperson: Option<Id<User>>,
    pub(crate) expected_revenue: Option<Money>,
    pub(crate) currency: Id<Currency>,
    pub(crate) expected_close: Option<Date>,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<String>,
}

/// What becomes of a lead.
#[derive(Record, Clone, Debug)]
#[record("crm.lead")]
pub(crate) struct Outcome {
    pub(crate) id: Id<Outcome>,
    pub(crate) version: i64,
    pub(crate) salesperson: Option<Id<User>>,
    pub(crate) qualified_at: Option<Timestamp>,
    pub(crate) converted_at: Option<Timestamp>,
    pub(crate) party: Option<Id<Party>>,
    pub(crate) contact: Option<Id<Contact>>,
    pub(crate) opportunity: Option<Id<Opportunity>>,
    pub(crate) lost_reason: Option<Id<crate::opportunity::LostReason>>,
    pub(crate) lost_note: Option<String>,
    pub(crate) lost_at: Option<Timestamp>,
}

/// Before leads are saved: who of them is known already.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    for saving in batch.iter_mut() {
        // Forms send what was typed, with its spaces.
        let typed = saving.draft.text("email").map(|email| email.trim().to_owned());
        if let Some(email) = typed {
            saving.draft.set("email", (!email.is_empty()).then_some(email));
        }
    }
    let keys: Vec<(Option<String>, Option<String>)> = batch
        .iter()
        .map(|saving| {
            let email = saving.text("email").and_then(key::email);
            (email, saving.text("phone").and_then(key::phone))
        })
        .collect();
    let asks =
        |saving: &Saving| saving.is_new() || saving.changes("email") || saving.changes("phone");
    if !batch.iter().any(asks) {
        return Ok(());
    }
    let emails: Vec<String> = keys.iter().filter_map(|(email, _)| email.clone()).collect();
    let phones: Vec<String> = keys.iter().filter_map(|(_, phone)| phone.clone()).collect();
    duplicates::call_for_keys(tx).await?;
    let known = Known::find(tx, &emails, &phones).await?;
    let beside = batch.iter().zip(&keys).map(|(saving, (email, phone))| LeadKey {
        id: saving.id.cast(),
        email_key: email.clone(),
        phone_key: phone.clone(),
    });
    let known = known.and_leads(beside);
    for (saving, (email, phone)) in batch.iter_mut().zip(keys) {
        if !asks(saving) {
            continue;
        }
        let found = known.of(email.as_deref(), phone.as_deref(), Some(saving.id));
        saving.draft.set("phone_key", phone);
        saving.draft.set("has_duplicates", !found.is_empty());
        let json = serde_json::to_value(&found).ok().filter(|_| !found.is_empty());
        saving.draft.set("duplicates", json.map_or(Value::Null, Value::Json));
    }
    Ok(())
}

async fn outcome(tx: &mut Tx, lead: &Lead) -> Result<Outcome> {
    store::get::<Outcome>(tx, lead.id.cast()).await
}

/// Whoever qualifies a lead that nobody has takes it.
pub(crate) async fn qualify(
    tx: &mut Tx,
    lead: Allowed<Lead>,
    _: Args,
) -> Result<fondaco_kernel::Outcome> {
    let mut outcome = outcome(tx, &lead).await?;
    outcome.qualified_at = Some(tx.now());
    outcome.salesperson = outcome.salesperson.or(tx.ctx().actor().user());
    store::update(tx, &mut outcome).await?;
    Ok(fondaco_kernel::Outcome::done())
}

pub(crate) async fn lose(
    tx: &mut Tx,
    lead: Allowed<Lead>,
    args: Args,
) -> Result<fondaco_kernel::Outcome> {
    let mut outcome = outcome(tx, &lead).await?;
    let reason = args.link("reason").ok_or_else(|| missing("reason", "Say why it is lost."))?;
    outcome.lost_reason = Some(reason);
    outcome.lost_note = args.text("note").map(str::to_owned);
    outcome.lost_at = Some(tx.now());
    store::update(tx, &mut outcome).await?;
    Ok(fondaco_kernel::Outcome::done())
}

pub(crate) async fn reopen(
    tx: &mut Tx,
    lead: Allowed<Lead>,
    _: Args,
) -> Result<fondaco_kernel::Outcome> {
    let mut outcome = outcome(tx, &lead).await?;
    (outcome.lost_reason, outcome.lost_note, outcome.lost_at) = (None, None, None);
    outcome.qualified_at = None;
    store::update(tx, &mut outcome).await?;
    Ok(fondaco_kernel::Outcome::done())
}
