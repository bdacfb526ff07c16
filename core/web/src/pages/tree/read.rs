//! What a tree reads: the first level, then for each level below two looks, who hangs on whom and how
//! many; or what was searched for, and all that it hangs on. Never one a record.

use std::collections::{BTreeSet, HashMap, HashSet};

use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query, Select, Totals};
use fondaco_kernel::values::{AnyId, Value, limits};
use fondaco_kernel::{Error, Tx};

use super::Tree;
use crate::App;
use crate::pages::ask::{self, Ask};

/// Records of a page.
const TWIGS: usize = 300;
/// Of the first level, and on one record.
const BESIDE: usize = 60;
/// Levels that are read at once.
const LEVELS: usize = 8;
/// Of a search.
const FOUND: usize = 40;
/// Ids that one condition holds.
const IDS: usize = 150;

/// A record, what hangs on it as far as it is shown, and how many do in all.
pub(super) struct Twig {
    pub(super) rec: Rec,
    pub(super) children: Vec<Twig>,
    pub(super) below: usize,
    /// Was searched for.
    pub(super) found: bool,
}

/// What is shown.
pub(super) struct Grown {
    pub(super) twigs: Vec<Twig>,
    /// On the first level, besides those.
    pub(super) more: usize,
    /// Of a branch: what it hangs on, if on anything.
    pub(super) above: Option<Option<(AnyId, String)>>,
}

#[derive(Clone)]
struct Question {
    model: String,
    parent: String,
    names: Vec<String>,
    sort: Vec<String>,
    words: String,
    root: Option<AnyId>,
}

/// All that was read, by what it hangs on.
#[derive(Default)]
struct Known {
    recs: HashMap<AnyId, Rec>,
    /// In their order.
    children: HashMap<AnyId, Vec<AnyId>>,
    below: HashMap<AnyId, usize>,
    found: HashSet<AnyId>,
}

impl Tree<'_> {
    pub(super) async fn read(&self, app: &App) -> Result<Grown, Error> {
        let mut names = vec![self.parent.name.clone(), self.model.title.clone()];
        names.extend(self.title.iter().chain(&self.fields).map(|field| field.name.clone()));
        names.extend(self.model.field("currency").map(|field| field.name.clone()));
        names.retain(|name| self.model.field(name).is_some());
        names.sort();
        names.dedup();
        let question = Question {
            model: self.model.name.clone(),
            parent: self.parent.name.clone(),
            names,
            sort: ask::order(self.model, &Ask::default()),
            words: self.words.clone(),
            root: self.root,
        };
        let work = app.kernel.read(&self.visitor.ctx, move |tx| {
            let question = question.clone();
            Box::pin(async move { grown(tx, &question).await })
        });
        work.await
    }
}

async fn grown(tx: &mut Tx, asked: &Question) -> Result<Grown, Error> {
    if !asked.words.is_empty() {
        return searched(tx, asked).await;
    }
    let mut known = Known::default();
    let (roots, more, above) = match asked.root {
        Some(id) => {
            let rec = records::get(tx, &asked.model, id, &asked.select()).await?;
            let above = rec.link(&asked.parent).map(|above| {
                let name = rec.title_of(&asked.parent).map(str::to_owned);
                (above, name.unwrap_or_else(|| format!("#{above}")))
            });
            (vec![rec], 0, Some(above))
        }
        None => {
            let (recs, more) = roots(tx, asked).await?;
            (recs, more, None)
        }
    };
    let first: Vec<AnyId> = roots.iter().map(|rec| rec.id).collect();
    known.recs.extend(roots.into_iter().map(|rec| (rec.id, rec)));
    let mut level = first.clone();
    for _ in 0..LEVELS {
        level = below(tx, asked, &mut known, &level).await?;
        if level.is_empty() {
            break;
        }
    }
    let twigs = first.into_iter().filter_map(|id| known.twig(id)).collect();
    Ok(Grown { twigs, more, above })
}

/// What hangs on nothing; where the reader sees nothing of the kind, what he sees at all.
async fn roots(tx: &mut Tx, asked: &Question) -> Result<(Vec<Rec>, usize), Error> {
    for filter in [Some(format!("{} == null", asked.parent)), None] {
        let query = Query { count: true, ..asked.query(filter, BESIDE) };
        let page = records::list(tx, &asked.model, &query).await?;
        if !page.rows.is_empty() {
            let count = page.count.map_or(page.rows.len(), |count| count.number);
            let more = count.saturating_sub(page.rows.len());
            return Ok((page.rows, more));
        }
    }
    Ok((Vec::new(), 0))
}

/// Reads what hangs on a level, and answers it: the next one.
async fn below(
    tx: &mut Tx,
    asked: &Question,
    known: &mut Known,
    level: &[AnyId],
) -> Result<Vec<AnyId>, Error> {
    let mut next = Vec::new();
    for ids in level.chunks(IDS) {
        let filter = format!("{} in [{}]", asked.parent, joined(ids));
        let totals = Totals {
            filter: Some(filter.clone()),
            by: Some(asked.parent.clone()),
            ..Totals::default()
        };
        for group in records::totals(tx, &asked.model, &totals).await?.groups {
            if let Value::Link(id) = group.value {
                known.below.insert(id, group.count);
            }
        }
        let room = TWIGS.saturating_sub(known.recs.len());
        let is_any = ids.iter().any(|id| known.below.contains_key(id));
        if room == 0 || !is_any {
            continue;
        }
        let query = asked.query(Some(filter), room.min(limits::PAGE_SIZE_MAX));
        for rec in records::list(tx, &asked.model, &query).await?.rows {
            next.extend(known.hang(&asked.parent, rec));
        }
    }
    Ok(next)
}

/// What was searched for, and all that it hangs on.
async fn searched(tx: &mut Tx, asked: &Question) -> Result<Grown, Error> {
    let query = Query { search: Some(asked.words.clone()), ..asked.query(None, FOUND) };
    let mut level = records::list(tx, &asked.model, &query).await?.rows;
    let mut known = Known { found: level.iter().map(|rec| rec.id).collect(), ..Known::default() };
    let mut first = Vec::new();
    for _ in 0..limits::TREE_DEPTH_MAX {
        let mut wanted: BTreeSet<AnyId> = BTreeSet::new();
        for rec in level {
            let above = rec.link(&asked.parent);
            wanted.extend(above);
            known.recs.insert(rec.id, rec);
        }
        let ids: Vec<AnyId> =
            wanted.into_iter().filter(|id| !known.recs.contains_key(id)).collect();
        if ids.is_empty() {
            break;
        }
        level = records::get_many(tx, &asked.model, &ids, &asked.select()).await?;
    }
    let mut recs: Vec<(String, AnyId, Option<AnyId>)> =
        known.recs.values().map(|rec| (rec.title(), rec.id, rec.link(&asked.parent))).collect();
    recs.sort();
    for (_, id, above) in recs {
        match above.filter(|above| known.recs.contains_key(above)) {
            Some(above) => {
                known.children.entry(above).or_default().push(id);
                *known.below.entry(above).or_default() += 1;
            }
            None => first.push(id),
        }
    }
    let twigs = first.into_iter().filter_map(|id| known.twig(id)).collect();
    Ok(Grown { twigs, more: 0, above: None })
}

impl Question {
    fn select(&self) -> Select {
        Select { fields: self.names.clone(), expand: Vec::new() }
    }

    fn query(&self, filter: Option<String>, limit: usize) -> Query {
        Query {
            filter,
            sort: self.sort.clone(),
            limit: Some(limit),
            show: self.select(),
            ..Query::default()
        }
    }
}

impl Known {
    /// Notes a record below its parent, unless it is there or too many are; answers its id.
    fn hang(&mut self, parent: &str, rec: Rec) -> Option<AnyId> {
        let above = rec.link(parent)?;
        let beside = self.children.entry(above).or_default();
        if beside.len() >= BESIDE || self.recs.contains_key(&rec.id) {
            return None;
        }
        beside.push(rec.id);
        let id = rec.id;
        self.recs.insert(id, rec);
        Some(id)
    }

    /// A record with all below it; each once, so that it ends.
    fn twig(&mut self, id: AnyId) -> Option<Twig> {
        let rec = self.recs.remove(&id)?;
        let children = self.children.remove(&id).unwrap_or_default();
        let children = children.into_iter().filter_map(|child| self.twig(child)).collect();
        let below = self.below.get(&id).copied().unwrap_or_default();
        Some(Twig { rec, children, below, found: self.found.contains(&id) })
    }
}

fn joined(ids: &[AnyId]) -> String {
    ids.iter().map(AnyId::to_string).collect::<Vec<_>>().join(", ")
}
