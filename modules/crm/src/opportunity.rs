//! Opportunities: open → won or lost, through stages that give the probability.
//! Next: `prepare` (what is worked out before one is saved), `course` (won, lost, ordered).

use fondaco_kernel::shared::{Contact, Currency, Party, Product, User};
use fondaco_kernel::values::{Date, Decimal, Id, Money, Quantity, Timestamp};
use fondaco_kernel::{DocRef, Record};

use crate::lead::Lead;

mod course;
mod prepare;
mod section;

pub(crate) use course::{lose, order, quote_accepted, reopen, win};
pub(crate) use prepare::prepare;
pub(crate) use section::Opportunities;

/// The model's name.
pub(crate) const OPPORTUNITY: &str = "crm.opportunity";

#[derive(Record, Clone, Debug)]
#[record("crm.opportunity")]
pub(crate) struct Opportunity {
    pub(crate) id: Id<Opportunity>,
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) party: Id<Party>,
    pub(crate) contact: Option<Id<Contact>>,
    pub(crate) salesperson: Option<Id<User>>,
    pub(crate) stage: Option<Id<Stage>>,
    pub(crate) probability: Option<Decimal>,
    pub(crate) currency: Id<Currency>,
    pub(crate) lines: Vec<OpportunityLine>,
    pub(crate) expected_revenue: Option<Money>,
    pub(crate) weighted_revenue: Option<Money>,
    pub(crate) expected_close: Option<Date>,
    pub(crate) source: Option<Id<Source>>,
    pub(crate) campaign: Option<String>,
    pub(crate) lead: Option<Id<Lead>>,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) stage_since: Option<Timestamp>,
    pub(crate) stage_log: Vec<StageChange>,
    pub(crate) won_model: Option<String>,
    pub(crate) won_id: Option<i64>,
    pub(crate) order_model: Option<String>,
    pub(crate) order_id: Option<i64>,
    pub(crate) state: String,
}

impl Opportunity {
    /// A new one, not yet saved.
    pub(crate) fn new(name: &str, party: Id<Party>, currency: Id<Currency>) -> Opportunity {
        Opportunity {
            id: Id::default(),
            version: 0,
            name: name.to_owned(),
            party,
            contact: None,
            salesperson: None,
            stage: None,
            probability: None,
            currency,
            lines: Vec::new(),
            expected_revenue: None,
            weighted_revenue: None,
            expected_close: None,
            source: None,
            campaign: None,
            lead: None,
            description: None,
            tags: Vec::new(),
            stage_since: None,
            stage_log: Vec::new(),
            won_model: None,
            won_id: None,
            order_model: None,
            order_id: None,
            state: String::new(),
        }
    }

    pub(crate) fn document(&self) -> DocRef {
        DocRef::new(OPPORTUNITY, self.id)
    }
}

#[derive(Record, Clone, Debug)]
#[record("crm.opportunity_line")]
pub(crate) struct OpportunityLine {
    pub(crate) id: Id<OpportunityLine>,
    pub(crate) product: Id<Product>,
    pub(crate) description: Option<String>,
    pub(crate) quantity: Quantity,
    /// Of one, before tax.
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) amount: Option<Money>,
}

#[derive(Record, Clone, Debug)]
#[record("crm.stage_change")]
pub(crate) struct StageChange {
    pub(crate) id: Id<StageChange>,
    pub(crate) from_stage: Option<Id<Stage>>,
    pub(crate) stage: Id<Stage>,
    pub(crate) at: Timestamp,
    pub(crate) by: Option<Id<User>>,
    /// Seconds.
    pub(crate) lasted: Option<i64>,
}

#[derive(Record, Clone, Debug)]
#[record("crm.stage")]
pub(crate) struct Stage {
    pub(crate) id: Id<Stage>,
    pub(crate) name: String,
    pub(crate) sequence: i64,
    pub(crate) probability: Decimal,
    pub(crate) active: bool,
}

/// The models behind two links; Rust asks nothing of them.
#[derive(Debug)]
pub(crate) struct Source;
#[derive(Debug)]
pub(crate) struct LostReason;

/// An opportunity as its course changes it: nothing that is worked out from lines.
#[derive(Record, Clone, Debug)]
#[record("crm.opportunity")]
pub(crate) struct Course {
    pub(crate) id: Id<Course>,
    pub(crate) version: i64,
    pub(crate) stage: Option<Id<Stage>>,
    pub(crate) probability: Option<Decimal>,
    pub(crate) expected_revenue: Option<Money>,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) lost_reason: Option<Id<LostReason>>,
    pub(crate) lost_note: Option<String>,
    pub(crate) won_model: Option<String>,
    pub(crate) won_id: Option<i64>,
    pub(crate) order_model: Option<String>,
    pub(crate) order_id: Option<i64>,
}
