//! The section of a party's page: what is open, what is overdue, the documents behind it.

use fondaco_kernel::ports::overview::{Overview, Section, SectionRow};
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Currency, Party};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{DocRef, Fut, Result, Tx};
use fondaco_values::{Id, Money};

use crate::bill::Bill;
use crate::credit::standing;
use crate::document::own_currency;
use crate::invoice::Invoice;

/// Documents that a section shows; the lists show the rest.
const ROWS_MAX: usize = 10;

pub(crate) struct OpenDocuments;

impl Overview for OpenDocuments {
    fn model(&self) -> &'static str {
        Invoice::MODEL
    }

    fn section<'t>(&'t self, tx: &'t mut Tx, party: Id<Party>) -> Fut<'t, Section> {
        Box::pin(section(tx, party))
    }
}

async fn section(tx: &mut Tx, party: Id<Party>) -> Result<Section> {
    let open = || Filter::new().eq("party", party).eq("state", "posted").sort("due_on");
    let invoices = store::find::<Invoice>(tx, open().limit(ROWS_MAX)).await?;
    let bills = store::find::<Bill>(tx, open().limit(ROWS_MAX)).await?;
    let standing = standing(tx, party).await?;
    let own = own_currency(tx).await?;
    let money = |amount: Money| format!("{amount} {}", own.code);
    let mut figures = vec![
        ("Receivable".to_owned(), money(standing.receivable)),
        ("Overdue".to_owned(), money(standing.overdue)),
    ];
    if let Some(limit) = standing.limit {
        figures.push(("Credit limit".to_owned(), money(limit)));
        figures.push(("Free".to_owned(), money(standing.free().unwrap_or(Money::ZERO))));
    }
    let count = store::count::<Invoice>(tx, open().eq("kind", "invoice")).await?;
    figures.push(("Open invoices".to_owned(), count.to_string()));
    let mut currencies: Vec<Id<Currency>> =
        invoices.iter().map(|i| i.currency).chain(bills.iter().map(|b| b.currency)).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let currencies = store::get_many::<Currency>(tx, &currencies).await?;
    let code = |id: Id<Currency>| {
        currencies.iter().find(|c| c.id == id).map_or("", |c| c.code.as_str()).to_owned()
    };
    let mut documents = Vec::with_capacity(invoices.len() + bills.len());
    for invoice in &invoices {
        documents.push(SectionRow {
            document: DocRef::new(Invoice::MODEL, invoice.id),
            title: invoice.number.clone().unwrap_or_default(),
            state: invoice.state.clone(),
            figures: figures_of(
                invoice.total,
                invoice.open_amount,
                invoice.due_on,
                &code(invoice.currency),
            ),
        });
    }
    for bill in &bills {
        documents.push(SectionRow {
            document: DocRef::new(Bill::MODEL, bill.id),
            title: bill.number.clone().unwrap_or_default(),
            state: bill.state.clone(),
            figures: figures_of(bill.total, bill.open_amount, bill.due_on, &code(bill.currency)),
        });
    }
    Ok(Section { title: "Accounting".to_owned(), figures, documents })
}

fn figures_of(
    total: Money,
    open: Money,
    due: Option<fondaco_values::Date>,
    currency: &str,
) -> Vec<(String, String)> {
    let mut figures = vec![
        ("Total".to_owned(), format!("{total} {currency}")),
        ("Open".to_owned(), format!("{open} {currency}")),
    ];
    figures.extend(due.map(|due| ("Due on".to_owned(), due.to_string())));
    figures
}
