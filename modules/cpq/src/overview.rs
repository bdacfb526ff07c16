//! The quotes of a customer, for his page.

use std::collections::BTreeMap;

use fondaco_kernel::ports::overview::{Overview, Section, SectionRow};
use fondaco_kernel::shared::{Currency, Party};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{Id, Money};
use fondaco_kernel::{Fut, Result, Tx, store};

use crate::quote::{QUOTE, Quote};

/// Quotes that are shown: the newest.
const SHOWN_MAX: usize = 20;

/// The port.
pub(crate) struct Quotes;

impl Overview for Quotes {
    fn model(&self) -> &'static str {
        QUOTE
    }

    fn section<'t>(&'t self, tx: &'t mut Tx, party: Id<Party>) -> Fut<'t, Section> {
        Box::pin(section(tx, party))
    }
}

async fn section(tx: &mut Tx, party: Id<Party>) -> Result<Section> {
    let of = Filter::new().eq("customer", party);
    let newest = of.clone().sort("-quoted_on").sort("-id").limit(SHOWN_MAX);
    let quotes = store::find::<Quote>(tx, newest).await?;
    let open = store::find::<Quote>(tx, of.eq("state", "sent")).await?;
    let mut ids: Vec<Id<Currency>> =
        quotes.iter().chain(&open).map(|quote| quote.currency).collect();
    ids.sort_unstable();
    ids.dedup();
    let currencies = store::get_many::<Currency>(tx, &ids).await?;
    let codes: BTreeMap<Id<Currency>, String> =
        currencies.into_iter().map(|currency| (currency.id, currency.code)).collect();
    let code = |quote: &Quote| codes.get(&quote.currency).map(String::as_str).unwrap_or_default();
    let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
    for quote in &open {
        let sum = sums.entry(code(quote)).or_insert(Money::ZERO);
        *sum += quote.net.unwrap_or(Money::ZERO);
    }
    let mut figures = vec![("Quotes without answer".to_owned(), open.len().to_string())];
    let sum =
        |(code, sum): (&str, Money)| ("Offered, before tax".to_owned(), format!("{sum} {code}"));
    figures.extend(sums.into_iter().map(sum));
    let row = |quote: &Quote| SectionRow {
        document: quote.document(),
        title: title(quote),
        state: quote.state.clone(),
        figures: vec![
            ("Quoted on".to_owned(), quote.quoted_on.to_string()),
            ("Total".to_owned(), format!("{} {}", quote.total.unwrap_or(Money::ZERO), code(quote))),
        ],
    };
    Ok(Section { title: "Quotes".to_owned(), figures, documents: quotes.iter().map(row).collect() })
}

fn title(quote: &Quote) -> String {
    let number = quote.number.as_deref().unwrap_or("Draft");
    match &quote.title {
        Some(title) => format!("{number}: {title}"),
        None => number.to_owned(),
    }
}
