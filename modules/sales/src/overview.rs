//! The section of sales on a customer's page.

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
    let mut orders =
        store::find::<OrderHead>(tx, Filter::new().eq("customer", party).sort("-ordered_on"))
            .await?;
    orders.retain(|order| order.state != "cancelled");
    let year = tx.today().first_of_year();
    let agreed = || orders.iter().filter(|order| order.state != "draft");
    let open = agreed().filter(|order| order.state == "confirmed");
    let this_year = agreed().filter(|order| order.ordered_on >= year);
    let net = |orders: &mut dyn Iterator<Item = &OrderHead>| -> Money {
        orders.map(|order| order.net_at_home(home.exponent)).sum()
    };
    let figures = vec![
        ("Orders".to_owned(), agreed().count().to_string()),
        ("Open orders".to_owned(), open.clone().count().to_string()),
        ("Open, before tax".to_owned(), net(&mut open.clone()).to_string()),
        ("This year, before tax".to_owned(), net(&mut this_year.clone()).to_string()),
    ];
    let documents = orders.iter().take(DOCUMENTS_MAX).map(row).collect();
    Ok(Section { title: "Sales orders".to_owned(), figures, documents })
}

fn row(order: &OrderHead) -> SectionRow {
    let state = |state: &Option<String>| state.clone().unwrap_or_default();
    SectionRow {
        document: DocRef::new(MODEL, order.id),
        title: order.number.clone().unwrap_or_else(|| "Draft".to_owned()),
        state: order.state.clone(),
        figures: vec![
            ("Ordered on".to_owned(), order.ordered_on.to_string()),
            ("Total".to_owned(), order.total.to_string()),
            ("Delivery".to_owned(), state(&order.delivery_state)),
            ("Invoicing".to_owned(), state(&order.invoice_state)),
        ],
    }
}
