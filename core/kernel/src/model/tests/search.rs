//! Searches by each way that there is give what a reading of all texts gives. The limits between the
//! ways are low in tests (`sql::found`), so that a few hundred records see them all.

use fondaco_values::{AnyId, Id};

use super::world::World;
use crate::model::sql::{Search, Searched, Way};
use crate::model::{Deed, Query, Saving, Select};
use crate::testing::both;
use crate::{Ctx, Result, Tx, records};

both! {
    every_way_of_searching_finds_the_same,
    the_way_of_a_search_follows_how_many_have_the_words,
}

const ORDER: &str = "kernel_orders.order";
const TOWNS: [&str; 5] = ["Łódź", "Como", "Lecco", "Garda", "Zürich"];
const PARTIES: usize = 200;
const ORDERS: usize = 300;

/// Party `n`; the ones of a town are together in the order of names.
fn party(n: usize) -> String {
    format!("{} Trading {n:03}", TOWNS[n % TOWNS.len()])
}

/// An order's own text, and the party that it is for.
fn order(n: usize) -> (String, usize) {
    let kind = if n.is_multiple_of(3) { "Spring" } else { "Autumn" };
    (format!("{kind} {n:03}/ab"), n * 7 % PARTIES)
}

async fn fill(tx: &mut Tx) -> Result<()> {
    let mut parties = Vec::new();
    let meta = tx.registry().catalog.meta("party")?.clone();
    let mut batch = Vec::new();
    for n in 0..PARTIES {
        let draft = records::draft(tx, "party")?.with("name", party(n).as_str());
        let id: AnyId = tx.new_id();
        parties.push(id);
        batch.push(Saving { id, old: None, draft });
    }
    crate::model::save(tx, &meta, batch, Deed::of_module("create")).await?;
    let meta = tx.registry().catalog.meta(ORDER)?.clone();
    let mut batch = Vec::new();
    for n in 0..ORDERS {
        let (reference, customer) = order(n);
        let draft = records::draft(tx, ORDER)?;
        let draft = draft.with("reference", reference.as_str());
        let draft = draft.with("customer", parties[customer]);
        batch.push(Saving { id: tx.new_id(), old: None, draft });
    }
    crate::model::save(tx, &meta, batch, Deed::of_module("create")).await?;
    Ok(())
}

/// What is searched of each order or party, and the name that it is known by; in order of name.
fn texts(model: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = match model {
        ORDER => (0..ORDERS)
            .map(|n| (order(n).0, format!("{} {}", order(n).0, party(order(n).1))))
            .collect(),
        _ => (0..PARTIES).map(|n| (party(n), party(n))).collect(),
    };
    all.sort();
    all
}

/// A long word is anywhere in a text, a short one begins a word.
fn expected(model: &str, words: &str) -> Vec<String> {
    let has = |text: &str, word: &str| match word.chars().count() {
        0..3 => text.split(' ').any(|part| part.starts_with(word)),
        _ => text.contains(word),
    };
    let words: Vec<String> =
        crate::model::search::fold(words).split(' ').map(str::to_owned).collect();
    let found = texts(model).into_iter().filter(|(_, text)| {
        let text = crate::model::search::fold(text);
        words.iter().all(|word| has(&text, word))
    });
    found.map(|(name, _)| name).collect()
}

/// All names that a search finds, page by page, each page counting all.
async fn found(world: &World, ctx: &Ctx, model: &'static str, words: &str) -> Vec<String> {
    let name = if model == ORDER { "reference" } else { "name" };
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let query = Query {
            search: Some(words.to_owned()),
            sort: vec![name.to_owned()],
            limit: Some(37),
            count: true,
            show: Select { fields: vec![name.to_owned()], expand: Vec::new() },
            after,
            ..Query::default()
        };
        let page = world.run(ctx, move |tx| {
            let query = query.clone();
            Box::pin(async move { records::list(tx, model, &query).await })
        });
        let page = page.await.unwrap();
        assert_eq!(page.count.unwrap().number, expected(model, words).len(), "{model}: {words}");
        names.extend(page.rows.iter().map(|rec| rec.text(name).unwrap_or_default().to_owned()));
        after = page.next;
        if after.is_none() {
            return names;
        }
    }
}

async fn every_way_of_searching_finds_the_same() {
    let world = World::new().await;
    world.run(&world.own(), |tx| Box::pin(fill(tx))).await.unwrap();
    let chief = world.ann(&["chief", "seller", "employee", "everyone"]);
    for (model, words) in [
        ("party", "117"),
        ("party", "trading"),
        ("party", "zurich trading"),
        ("party", "zuri ding"),
        ("party", "lodz como"),
        ("party", "zü"),
        ("party", "1"),
        ("party", "garda tr"),
        ("party", "radingt"),
        ("party", "tradtra"),
        (ORDER, "spring"),
        (ORDER, "117"),
        (ORDER, "spring zurich"),
        (ORDER, "autumn lodz 1"),
        (ORDER, "trading ab"),
        (ORDER, "trading nothing"),
        (ORDER, "como lecco"),
        (ORDER, "spring autumn"),
    ] {
        assert_eq!(
            found(&world, &chief, model, words).await,
            expected(model, words),
            "{model}: {words}"
        );
    }
}

async fn the_way_of_a_search_follows_how_many_have_the_words() {
    let world = World::new().await;
    let own = world.own();
    world.run(&own, |tx| Box::pin(fill(tx))).await.unwrap();
    for (words, expected) in [
        (vec!["117"], "rare"),
        (vec!["lodz", "como"], "rare"),
        (vec!["trading"], "frequent"),
        (vec!["trading", "117"], "rare"),
        (vec!["tr"], "plain"),
    ] {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let way = world.run(&own, move |tx| {
            let words = words.clone();
            Box::pin(async move {
                let meta = tx.registry().catalog.meta("party")?.clone();
                let company: Id<_> = tx.ctx().company().any();
                let places = [Searched::Own];
                let search = Search::new(tx.dialect(), &meta, Some(company), &words, &places);
                Ok(match search.way(tx).await? {
                    Way::Plain => "plain",
                    Way::Rare(_) => "rare",
                    Way::Frequent(_) => "frequent",
                })
            })
        });
        assert_eq!(way.await.unwrap(), expected);
    }
}
