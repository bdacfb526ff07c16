//! The opportunities of a customer, for his page.

use std::collections::BTreeMap;

use fondaco_kernel::ports::overview::{Overview, Section, SectionRow};
use fondaco_kernel::shared::{Currency, Party};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{Id, Money};
use fondaco_kernel::{Fut, Result, Tx, store};

use super::{OPPORTUNITY, Opportunity, Stage};

/// Opportunities that are shown: the newest.
const SHOWN_MAX: usize = 20;

/// The port.
pub(crate) struct Opportunities;

impl Overview for Opportunities {
    fn model(&self) -> &'static str {
        OPPORTUNITY
    }

    fn section<'t>(&'t self, tx: &'t mut Tx, party: Id<Party>) -> Fut<'t, Section> {
        Box::pin(section(tx, party))
    }
}

async fn section(tx: &mut Tx, party: Id<Party>) -> Result<Section> {
    let of = Filter::new().eq("party", party);
    let open = store::find::<Opportunity>(tx, of.clone().eq("state", "open")).await?;
    let newest = store::find::<Opportunity>(tx, of.sort("-id").limit(SHOWN_MAX)).await?;
    let stages = store::find::<Stage>(tx, Filter::new()).await?;
    let stages: BTreeMap<Id<Stage>, String> =
        stages.into_iter().map(|stage| (stage.id, stage.name)).collect();
    let codes = codes(tx, open.iter().chain(&newest)).await?;
    let row = |one: &Opportunity| {
        let mut figures = Vec::new();
        let stage = one.stage.and_then(|stage| stages.get(&stage));
        figures.extend(stage.map(|stage| ("Stage".to_owned(), stage.clone())));
        let code = codes.get(&one.currency).map(String::as_str).unwrap_or_default();
        let expected = one.expected_revenue.map(|money| format!("{money} {code}"));
        figures.extend(expected.map(|money| ("Expected".to_owned(), money)));
        figures.extend(one.expected_close.map(|day| ("By".to_owned(), day.to_string())));
        let (document, title) = (one.document(), one.name.clone());
        SectionRow { document, title, state: one.state.clone(), figures }
    };
    Ok(Section {
        title: "Opportunities".to_owned(),
        figures: figures(&open, &codes),
        documents: newest.iter().map(row).collect(),
    })
}

fn figures(open: &[Opportunity], codes: &BTreeMap<Id<Currency>, String>) -> Vec<(String, String)> {
    let mut sums: BTreeMap<&str, (Money, Money)> = BTreeMap::new();
    for one in open {
        let code = codes.get(&one.currency).map(String::as_str).unwrap_or_default();
        let (expected, weighted) = sums.entry(code).or_default();
        *expected += one.expected_revenue.unwrap_or(Money::ZERO);
        *weighted += one.weighted_revenue.unwrap_or(Money::ZERO);
    }
    let mut figures = vec![("Open opportunities".to_owned(), open.len().to_string())];
    for (code, (expected, weighted)) in sums {
        figures.push(("Expected".to_owned(), format!("{expected} {code}")));
        figures.push(("Weighted".to_owned(), format!("{weighted} {code}")));
    }
    figures
}

async fn codes(
    tx: &mut Tx,
    all: impl Iterator<Item = &Opportunity>,
) -> Result<BTreeMap<Id<Currency>, String>> {
    let mut ids: Vec<Id<Currency>> = all.map(|one| one.currency).collect();
    ids.sort_unstable();
    ids.dedup();
    let currencies = store::get_many::<Currency>(tx, &ids).await?;
    Ok(currencies.into_iter().map(|currency| (currency.id, currency.code)).collect())
}
