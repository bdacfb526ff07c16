//! Who is known already: leads, parties and contacts with the same e-mail or telephone number. Keys
//! are kept beside the numbers and looked up by index.
//! Not here: what is compared (`key`), what becomes of a duplicate (`lead::convert`).

use std::collections::{BTreeSet, HashMap};

use fondaco_kernel::model::Saving;
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::rollout::Opening;
use fondaco_kernel::shared::Party;
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::limits::PAGE_SIZE_MAX;
use fondaco_kernel::values::{AnyId, Id, Value};
use fondaco_kernel::{Args, DocRef, Record, Result, Table, Tx, jobs, store};
use serde::Serialize;
use serde_json::Value as Json;

use crate::lead::LEAD;
use crate::{key, seen};

/// The job that gives keys to telephone numbers entered before this module was switched on.
pub(crate) const KEYS: &str = "crm.phone_keys";
/// Numbers that one run of it takes.
const KEYS_AT_ONCE: usize = 500;
/// The key of what is no telephone number, so that nobody looks at it again.
const NO_KEY: &str = "-";

#[derive(Record, Clone, Debug)]
#[record("crm.lead")]
pub(crate) struct LeadKey {
    pub(crate) id: Id<LeadKey>,
    pub(crate) email_key: Option<String>,
    pub(crate) phone_key: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("contact_way")]
pub(crate) struct WayKey {
    pub(crate) id: Id<WayKey>,
    pub(crate) party: Id<Party>,
    pub(crate) kind: String,
    pub(crate) normal: Option<String>,
    pub(crate) phone_key: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("contact")]
pub(crate) struct ContactKey {
    pub(crate) id: Id<ContactKey>,
    pub(crate) version: i64,
    pub(crate) party: Option<Id<Party>>,
    pub(crate) phone: Option<String>,
    pub(crate) email_key: Option<String>,
    pub(crate) phone_key: Option<String>,
}

/// Somebody with the same e-mail or telephone number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Duplicate {
    pub(crate) model: &'static str,
    pub(crate) id: AnyId,
    /// The party it stands for, of parties and contacts.
    pub(crate) party: Option<Id<Party>>,
    /// `email` or `phone`.
    pub(crate) same: &'static str,
}

impl Duplicate {
    pub(crate) fn document(&self) -> DocRef {
        DocRef { model: self.model.to_owned(), id: self.id }
    }
}

/// Everybody who has one of some keys.
pub(crate) struct Known {
    leads: Vec<LeadKey>,
    ways: Vec<WayKey>,
    contacts: Vec<ContactKey>,
}

impl Known {
    /// Looks up all keys at once: two statements a model, however many keys there are.
    pub(crate) async fn find(tx: &mut Tx, emails: &[String], phones: &[String]) -> Result<Known> {
        let by = |field: &str, keys: &[String]| {
            let filter = Filter::new().is_in(field, keys.iter().map(String::as_str));
            (!keys.is_empty()).then_some(filter)
        };
        let mut known = Known { leads: Vec::new(), ways: Vec::new(), contacts: Vec::new() };
        for filter in [by("email_key", emails), by("phone_key", phones)].into_iter().flatten() {
            known.leads.extend(store::find::<LeadKey>(tx, filter.clone()).await?);
            known.contacts.extend(store::find::<ContactKey>(tx, filter).await?);
        }
        for filter in [by("normal", emails), by("phone_key", phones)].into_iter().flatten() {
            known.ways.extend(store::find::<WayKey>(tx, filter).await?);
        }
        Ok(known)
    }

    /// Knows leads that are only about to be saved, too.
    pub(crate) fn and_leads(mut self, leads: impl IntoIterator<Item = LeadKey>) -> Known {
        self.leads.extend(leads);
        self
    }

    /// Those with this e-mail or telephone number, without the lead that asks.
    pub(crate) fn of(
        &self,
        email: Option<&str>,
        phone: Option<&str>,
        asking: Option<AnyId>,
    ) -> Vec<Duplicate> {
        let mut found = BTreeSet::new();
        let mut add = |model, id, party, keys: [Option<&str>; 2]| {
            for (same, own, wanted) in [("email", keys[0], email), ("phone", keys[1], phone)] {
                if wanted.is_some() && own == wanted {
                    found.insert(Duplicate { model, id, party, same });
                }
            }
        };
        for lead in self.leads.iter().filter(|lead| Some(lead.id.any()) != asking) {
            let keys = [lead.email_key.as_deref(), lead.phone_key.as_deref()];
            add("crm.lead", lead.id.any(), None, keys);
        }
        for way in &self.ways {
            let email = way.normal.as_deref().filter(|_| way.kind == "email");
            add("party", way.party.any(), Some(way.party), [email, way.phone_key.as_deref()]);
        }
        for contact in &self.contacts {
            let keys = [contact.email_key.as_deref(), contact.phone_key.as_deref()];
            add("contact", contact.id.any(), contact.party, keys);
        }
        found.into_iter().collect()
    }
}

/// Before parties are saved: the keys of their telephone numbers.
pub(crate) async fn prepare_party(_: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    for saving in batch {
        if !saving.draft.has("contact_ways") {
            continue;
        }
        for line in saving.draft.lines_mut("contact_ways") {
            if line.draft.has("value") {
                let key = line.draft.text("value").and_then(key::phone);
                line.draft.set("phone_key", key.unwrap_or_else(|| NO_KEY.to_owned()));
            }
        }
    }
    Ok(())
}

/// Before contacts are saved: the key of their telephone number.
pub(crate) async fn prepare_contact(_: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    for saving in batch.iter_mut().filter(|saving| saving.draft.has("phone")) {
        let key = saving.draft.text("phone").map(|phone| key::phone(phone).unwrap_or_else(none));
        saving.draft.set("phone_key", key);
    }
    Ok(())
}

fn none() -> String {
    NO_KEY.to_owned()
}

/// A party as far as its contact ways need keys.
#[derive(Record, Clone, Debug)]
#[record("party")]
pub(crate) struct Ways {
    pub(crate) id: Id<Ways>,
    pub(crate) contact_ways: Vec<Way>,
}

#[derive(Record, Clone, Debug)]
#[record("contact_way")]
pub(crate) struct Way {
    pub(crate) id: Id<Way>,
    pub(crate) value: String,
    pub(crate) phone_key: Option<String>,
}

fn ways_without_key() -> Filter {
    Filter::new().is_null("phone_key").limit(KEYS_AT_ONCE)
}

fn contacts_without_key() -> Filter {
    Filter::new().not_null("phone").is_null("phone_key").limit(KEYS_AT_ONCE)
}

/// Has the job run when there are numbers without keys.
pub(crate) async fn call_for_keys(tx: &mut Tx) -> Result<()> {
    let missing = store::first::<WayKey>(tx, ways_without_key()).await?.is_some()
        || store::first::<ContactKey>(tx, contacts_without_key()).await?.is_some();
    if missing {
        jobs::enqueue(tx, KEYS, serde_json::Value::Null, tx.now()).await?;
    }
    Ok(())
}

/// Customers that were there before: their pages are made as they are asked for; what those are found
/// by is kept beside them.
pub(crate) async fn open(tx: &mut Tx, opening: &Opening) -> Result<()> {
    if opening.is_own() { complete_keys(tx).await } else { Ok(()) }
}

/// The job: gives keys to some numbers, and calls for itself while others have none.
pub(crate) async fn complete_keys(tx: &mut Tx) -> Result<()> {
    let ways = store::find::<WayKey>(tx, ways_without_key()).await?;
    let mut parties: Vec<Id<Ways>> = ways.iter().map(|way| way.party.cast()).collect();
    parties.sort_unstable();
    parties.dedup();
    let mut parties = store::get_many::<Ways>(tx, &parties).await?;
    for way in parties.iter_mut().flat_map(|party| &mut party.contact_ways) {
        way.phone_key = Some(key::phone(&way.value).unwrap_or_else(none));
    }
    store::update_many(tx, &mut parties).await?;
    let mut contacts = store::find::<ContactKey>(tx, contacts_without_key()).await?;
    for contact in &mut contacts {
        let key = contact.phone.as_deref().and_then(key::phone);
        contact.phone_key = Some(key.unwrap_or_else(none));
    }
    store::update_many(tx, &mut contacts).await?;
    if ways.len() == KEYS_AT_ONCE || contacts.len() == KEYS_AT_ONCE {
        jobs::enqueue(tx, KEYS, serde_json::Value::Null, tx.now()).await?;
    }
    Ok(())
}

/// The report: everybody with an e-mail or a telephone number, as far as the caller may see him.
pub(crate) async fn report(tx: &mut Tx, args: Args) -> Result<Table> {
    let email = args.text("email").and_then(key::email);
    let phone = args.text("phone").and_then(key::phone);
    if email.is_none() && phone.is_none() {
        return open_leads(tx).await;
    }
    let emails: Vec<String> = email.iter().cloned().collect();
    let phones: Vec<String> = phone.iter().cloned().collect();
    let known = Known::find(tx, &emails, &phones).await?;
    let found = known.of(email.as_deref(), phone.as_deref(), None);
    let documents: Vec<DocRef> = found.iter().map(Duplicate::document).collect();
    let titles: HashMap<DocRef, String> = seen::titles(tx, &documents).await?;
    let row = |(one, document): (&Duplicate, &DocRef)| {
        let title = titles.get(document)?;
        Some(vec![
            Value::from(one.model),
            Value::from(one.id.to_string()),
            Value::from(title.as_str()),
            Value::from(named(one.same)),
            Value::from(one.party.map(|party| party.to_string())),
        ])
    };
    let rows = found.iter().zip(&documents).filter_map(row).collect();
    Ok(Table { rows, ..Table::default() })
}

/// Without a question: the open leads of somebody who is known already.
async fn open_leads(tx: &mut Tx) -> Result<Table> {
    let fields = ["name", "duplicates"];
    let query = Query {
        filter: Some("has_duplicates && (state == 'new' || state == 'qualified')".to_owned()),
        sort: vec!["-id".to_owned()],
        limit: Some(PAGE_SIZE_MAX),
        show: Select { fields: fields.map(str::to_owned).to_vec(), expand: Vec::new() },
        ..Query::default()
    };
    let row = |rec: &Rec| {
        let found = rec.get("duplicates").as_json().and_then(Json::as_array);
        let found = found.map(Vec::as_slice).unwrap_or_default();
        let first = |field: &str| found.iter().find_map(|one| one[field].as_str());
        vec![
            Value::from(LEAD),
            Value::from(rec.id.to_string()),
            Value::from(rec.title()),
            Value::from(first("same").map(named)),
            Value::from(first("party").map(str::to_owned)),
        ]
    };
    let page = records::list(tx, LEAD, &query).await?;
    Ok(Table { rows: page.rows.iter().map(row).collect(), ..Table::default() })
}

fn named(same: &str) -> &'static str {
    if same == "email" { "E-mail" } else { "Telephone" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let text = |text: &str| Some(text.to_owned());
        let lead = |id, email: &str, phone: &str| LeadKey {
            id: Id::new(id),
            email_key: text(email),
            phone_key: text(phone),
        };
        Known {
            leads: vec![lead(1, "a@x.example", "111111111"), lead(2, "b@x.example", "222222222")],
            ways: vec![WayKey {
                id: Id::new(3),
                party: Id::new(30),
                kind: "email".into(),
                normal: text("a@x.example"),
                phone_key: text("-"),
            }],
            contacts: vec![ContactKey {
                id: Id::new(4),
                version: 1,
                party: Some(Id::new(30)),
                phone: text("111 111 111"),
                email_key: text("a@x.example"),
                phone_key: text("111111111"),
            }],
        }
    }

    fn of(email: Option<&str>, phone: Option<&str>, asking: Option<i64>) -> Vec<String> {
        let found = known().of(email, phone, asking.map(AnyId::new));
        found.iter().map(|one| format!("{} {} {}", one.model, one.id, one.same)).collect()
    }

    #[test]
    fn the_same_e_mail_or_telephone() {
        let all = [
            "contact 4 email",
            "contact 4 phone",
            "crm.lead 1 email",
            "crm.lead 1 phone",
            "party 30 email",
        ];
        assert_eq!(of(Some("a@x.example"), Some("111111111"), None), all);
        assert_eq!(of(None, Some("222222222"), None), ["crm.lead 2 phone"]);
        assert_eq!(of(None, Some("222222222"), Some(2)), Vec::<String>::new());
        assert_eq!(of(None, None, None), Vec::<String>::new());
    }
}
