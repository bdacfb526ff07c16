//! Orders and purchases that a rule holds for wait for somebody who may approve them. The guard holds the
//! confirmation and asks them; `approve` confirms in the approver's own name, after it has looked who he is.
//! The rules are records of the plugin's own. In reading order: here (what is asked), `matrix` (which rules
//! hold).
//! INVARIANT: who approves is what the kernel writes as the creator of a note, never what an order says.

mod matrix;

use fondaco_plugin::prelude::*;
use matrix::{Line, Needed, Order, Rule, User};

struct Approval;

impl Guard for Approval {
    type Record = Order;

    fn before_action(_: &Cx, deed: &Deed<Order>) -> Answer<Ruling> {
        let Some(needed) = deed.record.needed(&deed.model)? else { return Ok(Ruling::Proceed) };
        let who = needed.others(&deed.record.creator);
        let why = format!("{} {}", needed.why(), needed.who(&deed.record.creator));
        if who.is_empty() {
            return Ok(Ruling::refuse(Problem::new("", "approval_needed", why)));
        }
        let message = format!("It waits for an approval. {why}");
        if deed.record.asked {
            return Ok(Ruling::hold(message, Effects::none()));
        }
        let order = Target::record(deed.model.as_str(), deed.id);
        let mut effects = Effects::none().update(order, [Field::new("approval_asked", true)]);
        for user in who {
            let title = format!("Approve: {}", deed.record.title());
            let asked = activity(deed, title, needed.why());
            effects = effects
                .create("activity", asked.into_iter().chain([Field::new("assigned", user.id)]));
        }
        Ok(Ruling::hold(message, effects))
    }
}

impl Action for Approval {
    type Record = Order;

    fn perform(cx: &Cx, deed: &Deed<Order>) -> Answer<Done> {
        match deed.record.needed(&deed.model)? {
            Some(needed) => approve(cx, deed, &needed),
            None => {
                let message = "It needs no approval: confirm it.".to_owned();
                Ok(Done { message: Some(message), effects: Effects::none() })
            }
        }
    }
}

#[derive(Record)]
struct Note {
    created_by: Id,
}

#[derive(Record)]
struct Name {
    name: String,
}

/// The note is written first: who wrote it is who approves.
fn approve(cx: &Cx, deed: &Deed<Order>, needed: &Needed) -> Answer<Done> {
    let reason: String = deed.arg("reason")?;
    let title = format!("Approved: {}", deed.record.title());
    let note = activity(deed, title, format!("{} {reason}", needed.why()))
        .into_iter()
        .chain([Field::new("done", true)]);
    let created = cx.apply(Effects::none().create("activity", note))?;
    let id = created.first().copied().ok_or("the note of the approval is lost")?;
    let note: Note = cx.get("activity", id, &["created_by"])?.ok_or("the note cannot be read")?;
    let Name { name } = cx.get("user", note.created_by, &["name"])?.ok_or("nobody is known")?;
    if note.created_by == deed.record.creator.id {
        return Err(format!("{name} made it, and does not approve it too"));
    }
    if !needed.approvers.iter().any(|user| user.id == note.created_by) {
        let who = needed.who(&deed.record.creator);
        return Err(format!("{name} does not approve this. {who}"));
    }
    let order = Target::record(deed.model.as_str(), deed.id);
    let message = Some(format!("{} is approved and confirmed.", deed.record.title()));
    Ok(Done { message, effects: Effects::none().act(order, "confirm", []) })
}

fn activity(deed: &Deed<Order>, title: String, note: String) -> [Field; 4] {
    [
        Field::new("model", deed.model.as_str()),
        Field::new("record", deed.id.0),
        Field::new("title", title),
        Field::new("note", note),
    ]
}

impl Record for Order {
    fn read(part: &fondaco_plugin::Part<'_>) -> Answer<Order> {
        Ok(Order {
            number: part.value::<Option<String>>("number")?,
            total: part.value::<Decimal>("total")? * part.value::<Decimal>("rate")?,
            rate: part.value("rate")?,
            creator: user(part, "created_by")?.ok_or("nobody has made it")?,
            asked: part.value::<Option<bool>>("approval_asked")?.unwrap_or_default(),
            lines: part.lines("lines")?,
            rules: part.lines("approval_matrix.rule")?,
        })
    }

    fn changes(&self, _: &Order) -> Vec<Field> {
        Vec::new()
    }
}

fn user(part: &fondaco_plugin::Part<'_>, link: &str) -> Answer<Option<User>> {
    let Some(id) = part.value::<Option<Id>>(link)? else { return Ok(None) };
    let name = part.value::<Option<String>>(&format!("{link}.name"))?.unwrap_or_default();
    Ok(Some(User { id, name }))
}

impl Record for Line {
    fn read(part: &fondaco_plugin::Part<'_>) -> Answer<Line> {
        Ok(Line {
            amount: part.value("amount")?,
            quantity: part.value::<Option<Decimal>>("quantity")?.unwrap_or_default(),
            list_price: part.value("product.list_price")?,
            category: part.value("product.category")?,
        })
    }

    fn changes(&self, _: &Line) -> Vec<Field> {
        Vec::new()
    }
}

impl Record for Rule {
    fn read(part: &fondaco_plugin::Part<'_>) -> Answer<Rule> {
        let category: Option<Id> = part.value("category")?;
        let category_name = part.value::<Option<String>>("category.name")?.unwrap_or_default();
        Ok(Rule {
            name: part.value("name")?,
            active: part.value("active")?,
            applies_to: part.value("applies_to")?,
            above: part.value("above")?,
            category: category.map(|id| (id, category_name)),
            cut_above: part.value("cut_above")?,
            approvers: [user(part, "approver")?, user(part, "deputy")?]
                .into_iter()
                .flatten()
                .collect(),
        })
    }

    fn changes(&self, _: &Rule) -> Vec<Field> {
        Vec::new()
    }
}

export!(Approval: guard, action);
