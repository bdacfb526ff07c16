//! A plugin for tests that is asked at every point there is.

use fondaco_plugin::prelude::*;
use fondaco_plugin::{Rounding, round};

/// A thing as far as a hook selects it: what it does not select reads as empty.
#[derive(Clone, Record)]
struct Thing {
    name: String,
    size: Option<Decimal>,
    #[field("owner.name")]
    owner: Option<String>,
    note: Option<String>,
    #[lines]
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Record)]
struct Part {
    label: String,
}

#[derive(Record)]
struct Measured {
    size: Option<Decimal>,
}

#[derive(Record)]
struct Named {
    name: String,
}

struct EveryPoint;

impl OnSave for EveryPoint {
    type Record = Thing;

    fn on_save(cx: &Cx, saving: Saving<'_, Thing>) -> Answer<Verdict> {
        let was = saving.before.map_or("new".to_owned(), |thing| thing.name);
        let thing = saving.after;
        if thing.name == "forbidden" {
            let problem = Problem::new("name", "forbidden", "This name is not for you.");
            return Ok(Verdict::refuse(problem.arg("name", &thing.name)));
        }
        let owner = thing.owner.as_deref().unwrap_or("nobody");
        let parts: Vec<&str> = thing.parts.iter().map(|part| part.label.as_str()).collect();
        let (name, parts) = (&thing.name, parts.join("+"));
        thing.note = Some(format!("{was} {name} of {owner} with {parts} at {}", cx.now()));
        thing.size = thing.size.map(|size| round(size, 1, Rounding::HalfUp));
        Ok(Verdict::ok())
    }
}

impl AfterAction for EveryPoint {
    type Record = Named;

    fn after_action(_: &Cx, deed: &Deed<Named>) -> Answer<Effects> {
        let thing = Target::record(deed.model.as_str(), deed.id);
        let payload = format!(r#"{{"by":"{}"}}"#, deed.record.name);
        Ok(Effects::none().emit("test.every-point.pinged", thing, payload).schedule(
            "later",
            60,
            format!(r#"{{"thing":{}}}"#, deed.id.0),
        ))
    }
}

impl Action for EveryPoint {
    type Record = Measured;

    fn perform(_: &Cx, deed: &Deed<Measured>) -> Answer<Done> {
        let by: Decimal = deed.arg("by")?;
        let size = deed.record.size.unwrap_or_default() + by;
        let thing = Target::record(deed.model.as_str(), deed.id);
        let effects = Effects::none().update(thing, [Field::new("size", size)]);
        Ok(Done { message: Some(format!("It is {size} now.")), effects })
    }
}

#[derive(Record)]
struct Priced {
    #[field("product.code")]
    code: Option<String>,
    #[field("party.name")]
    party: Option<String>,
}

impl OnPrice for EveryPoint {
    type Record = Priced;

    fn on_price(cx: &Cx, offer: &Offer<Priced>) -> Answer<Vec<Step>> {
        let code = offer.record.code.as_deref().unwrap_or("?");
        let party = offer.record.party.as_deref().unwrap_or("anybody");
        let label = format!("Fee on {code} for {party}, {} of them", offer.quantity.normalize());
        Ok(vec![Step::new(label, cx.setting("fee")?)])
    }
}

impl OnEvent for EveryPoint {
    fn on_event(cx: &Cx, event: &Event) -> Answer<Effects> {
        let thing: Option<Named> = cx.get(&event.model, event.id, &["name"])?;
        let name = thing.map_or("nothing".to_owned(), |thing| thing.name);
        let found = cx.find(&event.model, "name != 'heard'", &["name"], 10)?.len();
        let note = format!("heard {} of {name}, one of {found}", event.payload);
        cx.apply(Effects::none().create(
            event.model.as_str(),
            [Field::new("name", "heard"), Field::new("note", note)],
        ))?;
        match cx.find("user", "", &["login"], 10) {
            Ok(_) => Err("users are not its business".to_owned()),
            Err(_) => Ok(Effects::none()),
        }
    }
}

impl Job for EveryPoint {
    fn run(_: &Cx, payload: &str) -> Answer<Effects> {
        let note = [Field::new("name", "later"), Field::new("note", payload)];
        Ok(Effects::none().create("acme.thing", note))
    }
}

export!(EveryPoint: save, effect, action, price, event, job);
