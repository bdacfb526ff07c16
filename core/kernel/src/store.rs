//! Records as typed structs, for a module at work on its own models and on the kernel's: no question
//! who may, but the same checks, hooks, audit and events as for everybody.
//! Not here: records by name, with permissions (`records`).

use std::collections::HashMap;
use std::sync::Arc;

use fondaco_schema::{Node, Type, expr::Op};
use fondaco_values::{AnyId, Id, Value};
use serde_json::Map;

use crate::model::{self, Ask, Deed, Draft, Meta, Saved, Saving, Stage, sql};
use crate::module::Acting;
use crate::record::{Rec, Record, Shape};
use crate::{Args, Error, Outcome, Result, Tx, audit, hooks, plugins, workflow};

/// The record of this id, of the company one works in.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn get<M: Record>(tx: &mut Tx, id: Id<M>) -> Result<M> {
    try_get(tx, id).await?.ok_or_else(|| Error::not_found(M::MODEL, id))
}

pub async fn try_get<M: Record>(tx: &mut Tx, id: Id<M>) -> Result<Option<M>> {
    let meta = meta::<M>(tx)?;
    let recs = read(tx, &meta, &[id.any()], &Wants::of::<M>(&meta)).await?;
    recs.first().map(M::from_rec).transpose()
}

/// The records of these ids in the same order; each of them must be there.
pub async fn get_many<M: Record>(tx: &mut Tx, ids: &[Id<M>]) -> Result<Vec<M>> {
    let meta = meta::<M>(tx)?;
    let any: Vec<AnyId> = ids.iter().map(|id| id.any()).collect();
    let recs = read(tx, &meta, &any, &Wants::of::<M>(&meta)).await?;
    let places: HashMap<AnyId, &Rec> = recs.iter().map(|rec| (rec.id, rec)).collect();
    let one = |id: &AnyId| match places.get(id) {
        Some(rec) => M::from_rec(rec),
        None => Err(Error::not_found(M::MODEL, id)),
    };
    any.iter().map(one).collect()
}

/// Those of the records that there are, by id; each is read once, however often it is asked for.
pub async fn by_id<M: Record>(
    tx: &mut Tx,
    ids: impl IntoIterator<Item = Id<M>>,
) -> Result<HashMap<Id<M>, M>> {
    let mut ids: Vec<Id<M>> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = find::<M>(tx, Filter::new().is_in("id", ids)).await?;
    Ok(found.into_iter().map(|record| (record.id(), record)).collect())
}

/// The records of the company that the filter fits, with their lines.
pub async fn find<M: Record>(tx: &mut Tx, filter: Filter) -> Result<Vec<M>> {
    let meta = meta::<M>(tx)?;
    let wants = Wants::of::<M>(&meta);
    let ask = filter.ask(tx, &meta)?;
    let mut recs = model::ask(tx, &meta, ask, &wants.unstored).await?;
    with_parts(tx, &meta, &mut recs, &wants).await?;
    recs.iter().map(M::from_rec).collect()
}

/// The first that the filter fits.
pub async fn first<M: Record>(tx: &mut Tx, filter: Filter) -> Result<Option<M>> {
    Ok(find(tx, filter.limit(1)).await?.into_iter().next())
}

pub async fn count<M: Record>(tx: &mut Tx, filter: Filter) -> Result<usize> {
    let meta = meta::<M>(tx)?;
    let ask = filter.ask(tx, &meta)?;
    model::how_many(tx, &meta, ask).await
}

/// Inserts a record with its lines: what is null or an empty text takes its default. `record` is then
/// what was saved.
pub async fn insert<M: Record>(tx: &mut Tx, record: &mut M) -> Result<Id<M>> {
    insert_many(tx, std::slice::from_mut(record)).await?;
    Ok(record.id())
}

/// Inserts records in one statement for each kind of row.
pub async fn insert_many<M: Record>(tx: &mut Tx, records: &mut [M]) -> Result<()> {
    let meta = meta::<M>(tx)?;
    let mut batch = Vec::with_capacity(records.len());
    for record in records.iter() {
        let mut draft = Draft::new(&meta);
        record.to_draft(&mut draft);
        unsaid(&mut draft);
        let id = if record.id().is_new() { tx.new_id() } else { record.id().any() };
        batch.push(Saving { id, old: None, draft });
    }
    let saved = model::save(tx, &meta, batch, Deed::of_module("create")).await?;
    refresh(records, &saved)
}

/// Writes what differs from what is there, with added, changed and removed lines. `record` is then
/// what was saved.
///
/// # Errors
/// `Conflict` when the record was changed since this struct was read.
pub async fn update<M: Record>(tx: &mut Tx, record: &mut M) -> Result<()> {
    update_many(tx, std::slice::from_mut(record)).await
}

pub async fn update_many<M: Record>(tx: &mut Tx, records: &mut [M]) -> Result<()> {
    let meta = meta::<M>(tx)?;
    let mut drafts = Vec::with_capacity(records.len());
    for record in records.iter() {
        let mut draft = Draft::new(&meta);
        record.to_draft(&mut draft);
        drafts.push(draft);
    }
    let ids: Vec<AnyId> = records.iter().map(|record| record.id().any()).collect();
    let mut found = whole(tx, &meta, &ids).await?;
    let mut batch = Vec::with_capacity(records.len());
    for (record, draft) in records.iter().zip(drafts) {
        let place = found.iter().position(|rec| rec.id == record.id().any());
        let place = place.ok_or_else(|| Error::not_found(M::MODEL, record.id()))?;
        let old = found.swap_remove(place);
        if record.version().is_some_and(|version| version != old.version) {
            return Err(outdated(&old));
        }
        batch.push(Saving { id: old.id, old: Some(old), draft });
    }
    let saved = model::save(tx, &meta, batch, Deed::of_module("update")).await?;
    for record in records {
        if let Some(saved) = saved.iter().find(|saved| saved.id() == record.id().any()) {
            *record = M::from_rec(saved.rec())?;
        }
    }
    Ok(())
}

pub async fn delete<M: Record>(tx: &mut Tx, id: Id<M>) -> Result<()> {
    delete_many(tx, [id]).await
}

/// Deletes these records, all or none.
pub async fn delete_many<M: Record>(
    tx: &mut Tx,
    ids: impl IntoIterator<Item = Id<M>>,
) -> Result<()> {
    let meta = meta::<M>(tx)?;
    let ids: Vec<AnyId> = ids.into_iter().map(Id::any).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let recs = whole(tx, &meta, &ids).await?;
    match ids.iter().find(|id| recs.iter().all(|rec| rec.id != **id)) {
        Some(id) => Err(Error::not_found(M::MODEL, id)),
        None => model::delete(tx, &meta, recs).await,
    }
}

/// Runs an action of the module's own record, internal ones too.
pub async fn perform<M: Record>(
    tx: &mut Tx,
    id: Id<M>,
    action: &str,
    args: Args,
) -> Result<Outcome> {
    let meta = meta::<M>(tx)?;
    let rec = whole(tx, &meta, &[id.any()]).await?.pop();
    let rec = rec.ok_or_else(|| Error::not_found(M::MODEL, id))?;
    run_action(tx, &meta, rec, action, args).await
}

/// The work of an action that is allowed: state and guard, the module's function, the new state, the
/// number, the plugins, the audit.
pub(crate) async fn run_action(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    rec: Rec,
    action: &str,
    args: Args,
) -> Result<Outcome> {
    let found = workflow::check(&meta.model, action, rec.state())?.clone();
    if let Some(guard) = &found.require {
        guarded(tx, meta, &rec, &guard.node, found.refusal.as_deref()).await?;
    }
    if let Some(held) = hooks::before_action(tx, meta, &rec, (action, &args)).await? {
        return Ok(held);
    }
    let registry = tx.registry().clone();
    let outcome = match registry.action(&meta.model.name, action) {
        Some(deed) => deed(tx, Acting::new(rec.id, args.clone())).await?,
        None => plugins::deed::work(tx, meta, &rec, (action, &args)).await?,
    };
    let now = model::state_now(tx, meta, rec.id).await?;
    let moved = now.as_deref() != rec.state();
    match found.to.as_deref().filter(|to| !moved && Some(*to) != rec.state()) {
        Some(to) => enter(tx, meta, rec.id, to, (action, &outcome)).await?,
        None => {
            let entry =
                audit::Entry { record: rec.id, action: action.to_owned(), changes: Map::new() };
            audit::write(tx, &meta.model, vec![entry]);
        }
    }
    let numbered = meta.system.number.is_some_and(|at| !rec.values[at].is_null());
    if found.number && !numbered {
        tx.number_later(&meta.model.name, rec.id);
    }
    hooks::after_action(tx, meta, &rec, (action, &args)).await?;
    Ok(outcome)
}

async fn guarded(
    tx: &mut Tx,
    meta: &Meta,
    rec: &Rec,
    guard: &Node,
    refusal: Option<&str>,
) -> Result<()> {
    let mut stage = Stage::new(tx, &[guard]).await?;
    stage.reach(tx, &[rec], &[guard]).await?;
    if fondaco_schema::expr::eval(guard, &stage.scope(rec)).as_bool() == Some(true) {
        return Ok(());
    }
    let usual = format!("The {} does not allow it.", meta.model.label.to_lowercase());
    Err(Error::problem("", "refused", refusal.unwrap_or(&usual)))
}

async fn enter(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    id: AnyId,
    state: &str,
    (action, outcome): (&str, &Outcome),
) -> Result<()> {
    let mut draft = Draft::new(meta);
    draft.set("state", state);
    let old = whole(tx, meta, &[id]).await?.pop();
    let saving = Saving { id, old, draft };
    let deed = Deed { payload: outcome.payload.clone(), ..Deed::of_module(action) };
    model::save(tx, meta, vec![saving], deed).await.map(drop)
}

/// Which records are meant. All conditions must hold; fields are names or paths over links.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    conditions: Vec<Condition>,
    sort: Vec<String>,
    limit: Option<usize>,
}

#[derive(Clone, Debug)]
enum Condition {
    Compare(String, Op, Value),
    Among(String, Vec<Value>),
    IsNull(String),
    NotNull(String),
    When(String),
}

impl Filter {
    /// Every record of the company.
    pub fn new() -> Filter {
        Filter::default()
    }

    fn and(mut self, condition: Condition) -> Filter {
        self.conditions.push(condition);
        self
    }

    fn compare(self, field: &str, op: Op, value: Value) -> Filter {
        self.and(Condition::Compare(field.to_owned(), op, value))
    }

    /// Equal; null asks for what is empty.
    pub fn eq(self, field: &str, value: impl Into<Value>) -> Filter {
        match value.into() {
            Value::Null => self.is_null(field),
            value => self.compare(field, Op::Eq, value),
        }
    }

    /// Another value, or none.
    pub fn ne(self, field: &str, value: impl Into<Value>) -> Filter {
        match value.into() {
            Value::Null => self.not_null(field),
            value => self.compare(field, Op::Ne, value),
        }
    }

    pub fn lt(self, field: &str, value: impl Into<Value>) -> Filter {
        self.compare(field, Op::Lt, value.into())
    }

    pub fn le(self, field: &str, value: impl Into<Value>) -> Filter {
        self.compare(field, Op::Le, value.into())
    }

    pub fn gt(self, field: &str, value: impl Into<Value>) -> Filter {
        self.compare(field, Op::Gt, value.into())
    }

    pub fn ge(self, field: &str, value: impl Into<Value>) -> Filter {
        self.compare(field, Op::Ge, value.into())
    }

    pub fn is_in<V: Into<Value>>(self, field: &str, values: impl IntoIterator<Item = V>) -> Filter {
        let values = values.into_iter().map(Into::into).collect();
        self.and(Condition::Among(field.to_owned(), values))
    }

    pub fn is_null(self, field: &str) -> Filter {
        self.and(Condition::IsNull(field.to_owned()))
    }

    pub fn not_null(self, field: &str) -> Filter {
        self.and(Condition::NotNull(field.to_owned()))
    }

    /// A condition in the expression language, for what the others cannot say.
    pub fn when(self, condition: &str) -> Filter {
        self.and(Condition::When(condition.to_owned()))
    }

    /// By a field or path; `-` turns it around. May be said several times; unsaid means in the order
    /// of creation.
    pub fn sort(mut self, field: &str) -> Filter {
        self.sort.push(field.to_owned());
        self
    }

    pub fn limit(mut self, limit: usize) -> Filter {
        self.limit = Some(limit);
        self
    }

    fn ask(self, tx: &Tx, meta: &Arc<Meta>) -> Result<Ask> {
        let catalog = &tx.registry().catalog;
        let mut wanted = Vec::with_capacity(self.conditions.len());
        for condition in self.conditions {
            wanted.push(match condition {
                Condition::When(text) => catalog.filter(&meta.model, &text)?.node.clone(),
                Condition::IsNull(field) => {
                    Node::IsNull(Box::new(model::field_node(catalog, meta, &field)?))
                }
                Condition::NotNull(field) => {
                    let null = Node::IsNull(Box::new(model::field_node(catalog, meta, &field)?));
                    Node::Not(Box::new(null))
                }
                Condition::Compare(field, op, value) => {
                    let left = model::field_node(catalog, meta, &field)?;
                    let right = Node::Literal { value, ty: left.ty() };
                    binary(op, left, right)
                }
                Condition::Among(field, values) => {
                    let left = model::field_node(catalog, meta, &field)?;
                    let of = left.ty();
                    let item = |value| Node::Literal { value, ty: of.clone() };
                    let items = values.into_iter().map(item).collect();
                    binary(Op::In, left, Node::List { items, of: of.clone() })
                }
            });
        }
        Ok(Ask { wanted, sort: self.sort, limit: self.limit })
    }
}

fn binary(op: Op, left: Node, right: Node) -> Node {
    Node::Binary { op, ty: Type::Bool, left: Box::new(left), right: Box::new(right) }
}

fn meta<M: Record>(tx: &Tx) -> Result<Arc<Meta>> {
    Ok(tx.registry().catalog.meta(M::MODEL)?.clone())
}

/// What a struct wants to be read besides columns.
struct Wants {
    lines: Vec<usize>,
    many: Vec<usize>,
    unstored: Vec<usize>,
}

impl Wants {
    fn of<M: Record>(meta: &Meta) -> Wants {
        let mut wants = Wants { lines: Vec::new(), many: Vec::new(), unstored: Vec::new() };
        for spec in M::fields() {
            let Some(at) = meta.model.field_index(spec.name) else { continue };
            match spec.shape {
                Shape::Lines(_) => wants.lines.push(at),
                _ if meta.many.contains(&at) => wants.many.push(at),
                _ if meta.unstored.contains(&at) => wants.unstored.push(at),
                _ => {}
            }
        }
        wants
    }
}

/// Records of the company by id, with what the struct wants.
async fn read(tx: &mut Tx, meta: &Arc<Meta>, ids: &[AnyId], wants: &Wants) -> Result<Vec<Rec>> {
    let mut recs = sql::by_ids(tx, meta, ids).await?;
    keep_own(tx, meta, &mut recs);
    with_parts(tx, meta, &mut recs, wants).await?;
    if !wants.unstored.is_empty() {
        model::compute::fill_unstored(tx, meta, &mut recs).await?;
    }
    Ok(recs)
}

async fn with_parts(tx: &mut Tx, meta: &Arc<Meta>, recs: &mut [Rec], wants: &Wants) -> Result<()> {
    if recs.is_empty() {
        return Ok(());
    }
    for at in &wants.many {
        sql::many(tx, meta, *at, recs).await?;
    }
    let ids: Vec<AnyId> = recs.iter().map(|rec| rec.id).collect();
    for at in &wants.lines {
        let Some(of) = meta.lines_of(*at) else { continue };
        let mut below = sql::children(tx, &of.child, of.by, &ids).await?;
        for many in &of.child.many {
            sql::many(tx, &of.child, *many, &mut below).await?;
        }
        sql::deal(recs, *at, of.by, below);
    }
    Ok(())
}

/// Whole records of the company with all their lines: hooks, guards and computed fields may look at
/// any of them.
pub(crate) async fn whole(tx: &mut Tx, meta: &Arc<Meta>, ids: &[AnyId]) -> Result<Vec<Rec>> {
    let mut recs = sql::documents(tx, meta, ids, &meta.all_lines()).await?;
    keep_own(tx, meta, &mut recs);
    Ok(recs)
}

/// One works in one company at a time.
fn keep_own(tx: &Tx, meta: &Meta, recs: &mut Vec<Rec>) {
    if let Some(at) = meta.system.company {
        let own = tx.ctx().company().any();
        recs.retain(|rec| rec.values[at].as_link() == Some(own));
    }
}

pub(crate) fn outdated(rec: &Rec) -> Error {
    let message = format!(
        "The {} was changed by somebody else; it is version {} now.",
        rec.model.label.to_lowercase(),
        rec.version
    );
    Error::Conflict { code: "version", message }
}

/// In a new record nothing said means the default.
fn unsaid(draft: &mut Draft) {
    for value in &mut draft.values {
        if value.as_ref().is_some_and(|value| value.is_null() || value.as_text() == Some("")) {
            *value = None;
        }
    }
    for line in draft.lines.iter_mut().flat_map(|(_, lines)| lines) {
        if line.id.is_none() {
            unsaid(&mut line.draft);
        }
    }
}

fn refresh<M: Record>(records: &mut [M], saved: &[Saved]) -> Result<()> {
    for (record, saved) in records.iter_mut().zip(saved) {
        *record = M::from_rec(saved.rec())?;
    }
    Ok(())
}
