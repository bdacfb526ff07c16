//! The section of purchasing on a supplier's page.

use fondaco_kernel::ports::Overview;
use fondaco_kernel::ports::overview::{Section, SectionRow};
use fondaco_kernel::shared::Party;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::tx::Fut;
use fondaco_kernel::{DocRef, Result, Tx};
use fondaco_values::{Id, Money};

use crate::head::OrderHead;
use crate::order::MODEL;
use fondaco_kernel::home::home;

/// Documents that the page lists; the list of orders has the rest.
const DOCUMENTS_MAX: usize = 10;

pub(crate) struct Page;

impl Overview for Page {
    fn model(&self) -> &'static str {
        MODEL
    }

    fn section<'t>(&'t self, tx: &'t mut Tx, party: Id<Party>) -> Fut<'t, Section> {
        Box::pin(section(tx, party))
    }
}

async fn section(tx: &mut Tx, party: Id<Party>) -> Result<Section> {
    let home = home(tx).await?;
    let filter = Filter::new().eq("supplier", party).ne("state", "cancelled");
    let orders = store::find::<OrderHead>(tx, filter.sort("-ordered_on")).await?;
    let (today, year) = (tx.today(), tx.today().first_of_year());
    let agreed: Vec<&OrderHead> = orders.iter().filter(|order| order.state != "draft").collect();
    let open: Vec<&OrderHead> =
        agreed.iter().copied().filter(|order| order.state == "confirmed").collect();
    let late = open.iter().filter(|order| order.is_late(today)).count();
    let this_year = agreed.iter().filter(|order| order.ordered_on >= year);
    let net = |order: &&OrderHead| order.net_at_home(home.exponent);
    let figures = vec![
        ("Orders".to_owned(), agreed.len().to_string()),
        ("Open orders".to_owned(), open.len().to_string()),
        ("Of them late".to_owned(), late.to_string()),
        ("Open, before tax".to_owned(), open.iter().map(net).sum::<Money>().to_string()),
        ("This year, before tax".to_owned(), this_year.map(net).sum::<Money>().to_string()),
    ];
    let documents = orders.iter().take(DOCUMENTS_MAX).map(row).collect();
    Ok(Section { title: "Purchase orders".to_owned(), figures, documents })
}

impl OrderHead {
    fn is_late(&self, today: fondaco_values::Date) -> bool {
        let waiting = matches!(self.receipt_state.as_deref(), Some("waiting" | "partial"));
        waiting && self.expected_on.is_some_and(|day| day < today)
    }
}

fn row(order: &OrderHead) -> SectionRow {
    let state = |state: &Option<String>| state.clone().unwrap_or_default();
    let expected = order.expected_on.map(|day| day.to_string());
    SectionRow {
        document: DocRef::new(MODEL, order.id),
        title: order.number.clone().unwrap_or_else(|| "Draft".to_owned()),
        state: order.state.clone(),
        figures: vec![
            ("Ordered on".to_owned(), order.ordered_on.to_string()),
            ("Expected on".to_owned(), expected.unwrap_or_default()),
            ("Total".to_owned(), order.total.to_string()),
            ("Receipt".to_owned(), state(&order.receipt_state)),
            ("Billing".to_owned(), state(&order.bill_state)),
        ],
    }
}
