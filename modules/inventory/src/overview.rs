//! The customer's page: deliveries and receipts that are open, and the last ones done.

use fondaco_kernel::ports::Overview;
use fondaco_kernel::ports::overview::{Section, SectionRow};
use fondaco_kernel::shared::Party;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::tx::Fut;
use fondaco_kernel::{DocRef, Record, Result, Tx};
use fondaco_values::{Date, Id};

use crate::delivery;

/// Documents shown; the list shows the rest.
const SHOWN: usize = 10;

pub(crate) struct Deliveries;

#[derive(Record, Clone, Debug)]
#[record("inventory.delivery")]
pub(crate) struct Shown {
    pub(crate) id: Id<Shown>,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    pub(crate) due: Date,
    pub(crate) done_on: Option<Date>,
}

impl Overview for Deliveries {
    fn model(&self) -> &'static str {
        delivery::MODEL
    }

    fn section<'t>(&'t self, tx: &'t mut Tx, party: Id<Party>) -> Fut<'t, Section> {
        Box::pin(section(tx, party))
    }
}

async fn section(tx: &mut Tx, party: Id<Party>) -> Result<Section> {
    let open = Filter::new().eq("party", party).is_in("state", ["waiting", "ready"]);
    let open = store::count::<Shown>(tx, open).await?;
    let latest = Filter::new().eq("party", party).sort("-id").limit(SHOWN);
    let documents = store::find::<Shown>(tx, latest).await?;
    Ok(Section {
        title: "Deliveries".to_owned(),
        figures: vec![("Open".to_owned(), open.to_string())],
        documents: documents.into_iter().map(row).collect(),
    })
}

fn row(shown: Shown) -> SectionRow {
    let title = shown.number.unwrap_or_else(|| format!("#{}", shown.id));
    let day = match shown.done_on {
        Some(done) => ("Done".to_owned(), done.to_string()),
        None => ("Due".to_owned(), shown.due.to_string()),
    };
    SectionRow {
        document: DocRef::new(delivery::MODEL, shown.id),
        title,
        state: shown.state,
        figures: vec![day],
    }
}
