//! Leave types, each with its pool: an account of the time book, split by employee, whose floor is
//! what the type may be overdrawn by.
//! INVARIANT: the ledger refuses what a pool does not hold; nothing here counts days.

use fondaco_kernel::model::Saving;
use fondaco_kernel::store;
use fondaco_kernel::{Record, Result, Tx, keys};
use fondaco_values::{AnyId, Decimal, Id};

#[derive(Record, Clone, Debug)]
#[record("hr.leave_type")]
pub(crate) struct LeaveType {
    pub(crate) id: Id<LeaveType>,
    pub(crate) name: String,
    pub(crate) counted: bool,
    pub(crate) overdraft: Decimal,
    pub(crate) half_days: bool,
    pub(crate) account: Option<AnyId>,
    pub(crate) active: bool,
}

/// The account of a pool.
#[derive(Record, Clone, Debug)]
#[record("account")]
pub(crate) struct Pool {
    pub(crate) id: Id<Pool>,
    pub(crate) book: String,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) floor: Option<Decimal>,
    pub(crate) needs_subsidiary: bool,
}

/// Before a save: a new type gets its pool, a changed one has it follow.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let mut changed: Vec<Pool> = Vec::new();
    for saving in batch.iter_mut() {
        let follows = ["name", "counted", "overdraft"].iter().any(|field| saving.changes(field));
        match saving.link::<Pool>("account") {
            None => {
                let mut pool = pool_of(saving);
                let id = store::insert(tx, &mut pool).await?;
                saving.draft.set("account", id);
            }
            Some(id) if follows => {
                let pool = store::get::<Pool>(tx, id).await?;
                let wanted = pool_of(saving);
                changed.push(Pool { name: wanted.name, floor: wanted.floor, ..pool });
            }
            Some(_) => {}
        }
    }
    if changed.is_empty() { Ok(()) } else { store::update_many(tx, &mut changed).await }
}

fn pool_of(saving: &Saving) -> Pool {
    let counted = saving.value("counted").as_bool() != Some(false);
    let overdraft = saving.decimal("overdraft").unwrap_or(Decimal::ZERO);
    Pool {
        id: Id::default(),
        book: "time".to_owned(),
        code: format!("T-{}", saving.text("code").unwrap_or_default()),
        name: saving.text("name").unwrap_or_default().to_owned(),
        kind: "pool".to_owned(),
        floor: counted.then(|| -overdraft),
        needs_subsidiary: true,
    }
}

/// What leave is counted in.
///
/// # Errors
/// A problem on `unit` when the kernel's unit of a day is gone.
pub(crate) async fn day(tx: &mut Tx) -> Result<AnyId> {
    let found = keys::find(tx, "unit", &["day".to_owned()]).await?;
    found.get("day").copied().ok_or_else(|| {
        let message = "There is no unit for a working day: restore the one with the key day.";
        fondaco_kernel::Error::problem("unit", "missing", message)
    })
}
