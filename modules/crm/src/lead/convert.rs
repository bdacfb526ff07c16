//! A qualified lead becomes customer, contact and opportunity, in one transaction; a customer that is
//! known already is linked and not made again.

use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::{Activity, Contact, Party, User};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{Id, Problem};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx, store};

use super::{LEAD, Lead};
use crate::duplicates::{Duplicate, Known};
use crate::opportunity::{OPPORTUNITY, Opportunity};
use crate::{key, seen};

/// A customer as a lead makes it.
#[derive(Record, Clone, Debug)]
#[record("party")]
pub(crate) struct NewParty {
    pub(crate) id: Id<NewParty>,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) prospect: bool,
    pub(crate) country: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) salesperson: Option<Id<User>>,
    pub(crate) addresses: Vec<NewAddress>,
    pub(crate) contact_ways: Vec<NewWay>,
}

#[derive(Record, Clone, Debug)]
#[record("address")]
pub(crate) struct NewAddress {
    pub(crate) id: Id<NewAddress>,
    pub(crate) street: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) country: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("contact_way")]
pub(crate) struct NewWay {
    pub(crate) id: Id<NewWay>,
    pub(crate) kind: String,
    pub(crate) value: String,
}

pub(crate) async fn convert(tx: &mut Tx, lead: Allowed<Lead>, args: Args) -> Result<Outcome> {
    let known = known(tx, &lead).await?;
    let (party, made) = match linked(tx, &lead, &known, &args).await? {
        Some(party) => (party, false),
        None => (made(tx, &lead).await?, true),
    };
    let contact = contact(tx, &lead, &known, party).await?;
    let opportunity = match args.flag("no_opportunity") {
        true => None,
        false => Some(opportunity(tx, &lead, party, contact, &args).await?),
    };
    let mut outcome = super::outcome(tx, &lead).await?;
    outcome.converted_at = Some(tx.now());
    (outcome.party, outcome.contact) = (Some(party), contact);
    outcome.opportunity = opportunity;
    store::update(tx, &mut outcome).await?;
    let open = match opportunity {
        Some(id) => DocRef::new(OPPORTUNITY, id),
        None => DocRef::new("party", party),
    };
    take_activities(tx, &lead, &open).await?;
    let name = store::get::<Party>(tx, party).await?.name;
    let message = match made {
        true => format!("{name} is a new customer."),
        false => format!("Linked with {name}, who is known already."),
    };
    let outcome = Outcome::says(message).opens(open);
    Ok(outcome.with("party", party).with("contact", contact).with("opportunity", opportunity))
}

/// Who has the lead's e-mail or telephone number.
async fn known(tx: &mut Tx, lead: &Lead) -> Result<Vec<Duplicate>> {
    let email = lead.email.as_deref().and_then(key::email);
    let phone = lead.phone.as_deref().and_then(key::phone);
    let emails: Vec<String> = email.iter().cloned().collect();
    let phones: Vec<String> = phone.iter().cloned().collect();
    let known = Known::find(tx, &emails, &phones).await?;
    Ok(known.of(email.as_deref(), phone.as_deref(), Some(lead.id.any())))
}

/// The customer it is linked with: the one named, else the only one known; `None` = a new one.
async fn linked(
    tx: &mut Tx,
    lead: &Lead,
    known: &[Duplicate],
    args: &Args,
) -> Result<Option<Id<Party>>> {
    if let Some(named) = args.link::<Party>("party") {
        if args.flag("new_party") {
            let message = "Name a known customer or ask for a new one, not both.";
            return Err(Error::problem("new_party", "one_of_two", message));
        }
        let party = store::get::<Party>(tx, named).await?;
        if !party.active {
            let message = format!("{} is switched off; choose another one.", party.name);
            return Err(Error::problem("party", "not_active", message));
        }
        return Ok(Some(named));
    }
    if args.flag("new_party") {
        return Ok(None);
    }
    let mut ids: Vec<Id<Party>> = known.iter().filter_map(|one| one.party).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut parties = store::get_many::<Party>(tx, &ids).await?;
    parties.retain(|party| party.active);
    match parties.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.id)),
        several => Err(ambiguous(tx, lead, several).await?),
    }
}

async fn ambiguous(tx: &mut Tx, lead: &Lead, parties: &[Party]) -> Result<Error> {
    let documents: Vec<DocRef> =
        parties.iter().map(|party| DocRef::new("party", party.id)).collect();
    let titles = seen::titles(tx, &documents).await?;
    let mut names: Vec<&str> = titles.values().map(String::as_str).collect();
    names.sort_unstable();
    let message = format!(
        "{} customers have the e-mail or telephone number of {} ({}); name one of them, or ask for a \
         new one.",
        parties.len(),
        lead.name,
        names.join(", ")
    );
    Ok(Error::Invalid(vec![Problem::new("party", "ambiguous", message)]))
}

/// A new customer of what the lead says.
async fn made(tx: &mut Tx, lead: &Lead) -> Result<Id<Party>> {
    let mut party = party(lead);
    store::insert(tx, &mut party).await?;
    Ok(party.id.cast())
}

fn party(lead: &Lead) -> NewParty {
    let organisation = said(&lead.organisation);
    let name = organisation.or(said(&lead.contact_name)).unwrap_or(&lead.name);
    let has_address =
        [&lead.street, &lead.postal_code, &lead.city].into_iter().any(|part| said(part).is_some());
    let address = NewAddress {
        id: Id::default(),
        street: lead.street.clone(),
        postal_code: lead.postal_code.clone(),
        city: lead.city.clone(),
        country: lead.country.clone(),
    };
    let way = |kind: &str, value: &Option<String>| {
        let value = said(value)?.to_owned();
        Some(NewWay { id: Id::default(), kind: kind.to_owned(), value })
    };
    let ways = [way("email", &lead.email), way("phone", &lead.phone)];
    NewParty {
        id: Id::default(),
        name: name.to_owned(),
        kind: if organisation.is_some() { "organisation" } else { "person" }.to_owned(),
        prospect: true,
        country: lead.country.clone(),
        language: lead.language.clone(),
        website: lead.website.clone(),
        salesperson: lead.salesperson,
        addresses: if has_address { vec![address] } else { Vec::new() },
        contact_ways: ways.into_iter().flatten().collect(),
    }
}

/// The person at an organisation: the one known by the same e-mail or telephone, else a new one.
async fn contact(
    tx: &mut Tx,
    lead: &Lead,
    known: &[Duplicate],
    party: Id<Party>,
) -> Result<Option<Id<Contact>>> {
    let same = |one: &&Duplicate| one.model == "contact" && one.party == Some(party);
    if let Some(one) = known.iter().find(same) {
        return Ok(Some(one.id.cast()));
    }
    let (Some(_), Some(name)) = (said(&lead.organisation), said(&lead.contact_name)) else {
        return Ok(None);
    };
    let mut contact = Contact {
        id: Id::default(),
        version: 0,
        name: name.to_owned(),
        party: Some(party),
        job_title: lead.job_title.clone(),
        email: lead.email.clone(),
        phone: lead.phone.clone(),
    };
    Ok(Some(store::insert(tx, &mut contact).await?))
}

async fn opportunity(
    tx: &mut Tx,
    lead: &Lead,
    party: Id<Party>,
    contact: Option<Id<Contact>>,
    args: &Args,
) -> Result<Id<Opportunity>> {
    let name = args.text("opportunity").filter(|name| !name.trim().is_empty());
    let mut opportunity = Opportunity {
        contact,
        salesperson: lead.salesperson,
        expected_revenue: lead.expected_revenue,
        expected_close: lead.expected_close,
        source: lead.source,
        campaign: lead.campaign.clone(),
        lead: Some(lead.id),
        description: lead.description.clone(),
        tags: lead.tags.clone(),
        ..Opportunity::new(name.unwrap_or(&lead.name), party, lead.currency)
    };
    store::insert(tx, &mut opportunity).await
}

/// What is still to be done is done about what the lead became.
async fn take_activities(tx: &mut Tx, lead: &Lead, to: &DocRef) -> Result<()> {
    let open = Filter::new().eq("model", LEAD).eq("record", lead.id.raw()).eq("done", false);
    let mut activities = store::find::<Activity>(tx, open).await?;
    for activity in &mut activities {
        activity.model = Some(to.model.clone());
        activity.record = Some(to.id.raw());
    }
    if activities.is_empty() {
        return Ok(());
    }
    store::update_many(tx, &mut activities).await
}

/// A text that says something.
fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead() -> Lead {
        let text = |text: &str| Some(text.to_owned());
        Lead {
            id: Id::new(1),
            version: 1,
            name: "Five bicycles".into(),
            organisation: text("Ride & Co"),
            contact_name: text("Anna Nowak"),
            job_title: None,
            email: text("anna@ride.example"),
            phone: text("+48 22 555 01 02"),
            website: None,
            street: None,
            postal_code: None,
            city: None,
            country: text("PL"),
            language: None,
            source: None,
            campaign: None,
            salesperson: Some(Id::new(9)),
            expected_revenue: None,
            currency: Id::new(978),
            expected_close: None,
            description: None,
            tags: Vec::new(),
        }
    }

    #[test]
    fn an_organisation_or_a_person() {
        let ride = party(&lead());
        assert_eq!((ride.name.as_str(), ride.kind.as_str()), ("Ride & Co", "organisation"));
        assert_eq!(ride.contact_ways.len(), 2);
        assert!(ride.addresses.is_empty() && ride.prospect);
        let anna = party(&Lead { organisation: Some("  ".into()), ..lead() });
        assert_eq!((anna.name.as_str(), anna.kind.as_str()), ("Anna Nowak", "person"));
        let nobody = Lead { organisation: None, contact_name: None, phone: None, ..lead() };
        let nobody = party(&Lead { city: Some("Łódź".into()), ..nobody });
        assert_eq!((nobody.name.as_str(), nobody.contact_ways.len()), ("Five bicycles", 1));
        assert_eq!(nobody.addresses[0].country.as_deref(), Some("PL"));
    }
}
