//! Work centres: where work is done, what an hour costs there, and what can be done in a day.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::shared::{Calendar, Company, Currency};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Error, Record, Result, Tx, calendars};
use fondaco_values::{Date, Decimal, Id, Money, Problem, Quantity, Rounding};

#[derive(Record, Clone, Debug)]
#[record("manufacturing.work_centre")]
pub struct WorkCentre {
    pub id: Id<WorkCentre>,
    pub code: String,
    pub name: String,
    pub rate: Money,
    pub calendar: Option<Id<Calendar>>,
    pub hours_per_day: Option<Decimal>,
    pub active: bool,
}

/// The work centres of some operations, with what their hours cost and when they work.
#[derive(Debug)]
pub(crate) struct Centres {
    by_id: BTreeMap<Id<WorkCentre>, Centre>,
    /// Of the company.
    pub(crate) calendar: Calendar,
    /// Decimals of the company's currency.
    pub(crate) exponent: u8,
}

#[derive(Debug)]
pub(crate) struct Centre {
    pub(crate) code: String,
    /// Of an hour: of the people assigned to it, or its own.
    pub(crate) rate: Money,
    pub(crate) calendar: Calendar,
    pub(crate) hours_per_day: Decimal,
}

impl Centres {
    pub(crate) async fn load(
        tx: &mut Tx,
        ids: BTreeSet<Id<WorkCentre>>,
        on: Date,
    ) -> Result<Centres> {
        let calendar = calendars::of_company(tx).await?;
        let ids: Vec<Id<WorkCentre>> = ids.into_iter().collect();
        let found = store::get_many::<WorkCentre>(tx, &ids).await?;
        let own: BTreeSet<Id<Calendar>> = found.iter().filter_map(|c| c.calendar).collect();
        let own: Vec<Id<Calendar>> = own.into_iter().collect();
        let calendars = store::get_many::<Calendar>(tx, &own).await?;
        let mut by_id = BTreeMap::new();
        for centre in found {
            let rate = hour_cost(tx, &centre, on).await?;
            let own = calendars.iter().find(|own| Some(own.id) == centre.calendar);
            let calendar = own.unwrap_or(&calendar).clone();
            let hours_per_day = centre.hours_per_day.unwrap_or(calendar.hours_per_day);
            let code = centre.code;
            by_id.insert(centre.id, Centre { code, rate, calendar, hours_per_day });
        }
        Ok(Centres { by_id, calendar, exponent: exponent(tx).await? })
    }

    /// One centre that is worked as a calendar says, for tests of schedules.
    #[cfg(test)]
    pub(crate) fn of(id: Id<WorkCentre>, calendar: Calendar) -> Centres {
        let centre = Centre {
            code: "BENCH".to_owned(),
            rate: Money::ZERO,
            hours_per_day: calendar.hours_per_day,
            calendar: calendar.clone(),
        };
        Centres { by_id: [(id, centre)].into_iter().collect(), calendar, exponent: 2 }
    }

    pub(crate) fn get(&self, id: Id<WorkCentre>) -> Result<&Centre> {
        self.by_id.get(&id).ok_or_else(|| Error::not_found("manufacturing.work_centre", id))
    }

    /// What so many hours cost, rounded half away from zero.
    pub(crate) fn cost(&self, id: Id<WorkCentre>, hours: Quantity) -> Result<Money> {
        let centre = self.get(id)?;
        let cost = centre.rate.times(hours, self.exponent, Rounding::HalfUp);
        cost.ok_or_else(|| {
            let message = format!("{hours} hours at {} are too many to be counted.", centre.code);
            Error::problem("hours", "too_large", message)
        })
    }
}

/// Decimals of the company's currency.
pub(crate) async fn exponent(tx: &mut Tx) -> Result<u8> {
    let company = tx.ctx().company();
    let company = store::get::<Company>(tx, company).await?;
    Ok(store::get::<Currency>(tx, company.currency).await?.decimals())
}

async fn hour_cost(tx: &mut Tx, centre: &WorkCentre, on: Date) -> Result<Money> {
    let of_people = match tx.ports().people {
        Some(people) => people.hour_cost(tx, &centre.code, on).await?,
        None => None,
    };
    Ok(of_people.unwrap_or(centre.rate))
}

/// The work centres of these codes.
///
/// # Errors
/// A problem for each code that no work centre has.
pub(crate) async fn by_codes(
    tx: &mut Tx,
    codes: &BTreeSet<String>,
) -> Result<BTreeMap<String, Id<WorkCentre>>> {
    if codes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filter = Filter::new().is_in("code", codes.iter().map(String::as_str));
    let found = store::find::<WorkCentre>(tx, filter).await?;
    let known: BTreeMap<String, Id<WorkCentre>> =
        found.into_iter().map(|centre| (centre.code, centre.id)).collect();
    let missing = codes.iter().filter(|code| !known.contains_key(*code)).map(|code| {
        let message =
            format!("There is no work centre {code}; make it, or mend the configuration.");
        Problem::new("operations", "no_work_centre", message).arg("code", code)
    });
    fondaco_kernel::error::refuse_if_any(missing.collect())?;
    Ok(known)
}
