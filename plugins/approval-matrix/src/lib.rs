//! Orders and purchases above limits wait for somebody who may approve them. The guard refuses a confirmation
//! that needs one and says who may give it; `ask_approval` asks them; `approve` confirms in the approver's own
//! name, after it has looked who he is. In reading order: here (what is asked), `matrix` (which rules hold).
//! INVARIANT: who approves is what the kernel writes as the creator of a note, never what an order says.

mod matrix;

use fondaco_plugin::Entity;
use fondaco_plugin::prelude::*;
use matrix::{Line, Matrix, Needed, Order};

struct Approval;

impl Guard for Approval {
    type Record = Order;

    fn before_action(cx: &Cx, deed: &Deed<Order>) -> Answer<Ruling> {
        let needed = Matrix::of(cx)?.needed(&deed.model, &deed.record)?;
        Ok(match needed {
            None => Ruling::Proceed,
            Some(needed) => {
                let why = format!("{} {}", needed.why(), needed.who(&deed.record.creator));
                let problem = Problem::new("", "approval_needed", why);
                Ruling::refuse(problem.arg("approvers", needed.approvers.join(", ")))
            }
        })
    }
}

impl Action for Approval {
    type Record = Order;

    fn perform(cx: &Cx, deed: &Deed<Order>) -> Answer<Done> {
        let needed = Matrix::of(cx)?.needed(&deed.model, &deed.record)?;
        let Some(needed) = needed else {
            let message = "It needs no approval: confirm it.".to_owned();
            return Ok(Done { message: Some(message), effects: Effects::none() });
        };
        match deed.action.as_str() {
            "approve" => approve(cx, deed, &needed),
            _ => ask(cx, deed, &needed),
        }
    }
}

#[derive(Record)]
struct Note {
    created_by: Id,
}

#[derive(Record)]
struct User {
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
    let user: User = cx.get("user", note.created_by, &["name"])?.ok_or("nobody is known")?;
    if user.name == deed.record.creator {
        return Err(format!("{} made it, and does not approve it too", user.name));
    }
    if !needed.approvers.contains(&user.name) {
        return Err(format!(
            "{} does not approve this. {}",
            user.name,
            needed.who(&deed.record.creator)
        ));
    }
    let order = Target::record(deed.model.as_str(), deed.id);
    let message = Some(format!("{} is approved and confirmed.", deed.record.title()));
    Ok(Done { message, effects: Effects::none().act(order, "confirm", []) })
}

/// Everybody who may approve gets something to do.
fn ask(cx: &Cx, deed: &Deed<Order>, needed: &Needed) -> Answer<Done> {
    let who = needed.others(&deed.record.creator);
    let mut effects = Effects::none();
    for name in &who {
        let quoted = name.replace('\\', "\\\\").replace('\'', "\\'");
        let users: Vec<Entity> = cx.find("user", &format!("name == '{quoted}'"), &["name"], 10)?;
        let known =
            users.first().ok_or_else(|| format!("the matrix names {name}, whom nobody knows"))?;
        let title = format!("Approve: {}", deed.record.title());
        let asked = activity(deed, title, needed.why());
        effects = effects
            .create("activity", asked.into_iter().chain([Field::new("assigned", Id(known.id))]));
    }
    if who.is_empty() {
        return Err(needed.who(&deed.record.creator));
    }
    Ok(Done { message: Some(format!("Asked: {}.", who.join(", "))), effects })
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
            creator: part.value::<Option<String>>("created_by.name")?.unwrap_or_default(),
            lines: part.lines("lines")?,
        })
    }

    fn changes(&self, _: &Order) -> Vec<Field> {
        Vec::new()
    }
}

impl Record for Line {
    fn read(part: &fondaco_plugin::Part<'_>) -> Answer<Line> {
        Ok(Line {
            amount: part.value("amount")?,
            quantity: part.value::<Option<Decimal>>("quantity")?.unwrap_or_default(),
            list_price: part.value("product.list_price")?,
            category: part.value("product.category.name")?,
        })
    }

    fn changes(&self, _: &Line) -> Vec<Field> {
        Vec::new()
    }
}

export!(Approval: guard, action);
