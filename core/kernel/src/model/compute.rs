//! Expressions over records in memory: defaults, computed fields, and what a rule sees of a record
//! that is not in the database yet. Linked records are read beforehand, one statement a relation.
//! Not here: the same in SQL (`sql::expression`), the checks (`check`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fondaco_schema::expr::{ActorAttr, FieldRef, eval};
use fondaco_schema::{Field, Kind, Node, Scope};
use fondaco_values::{AnyId, Date, Rounding, Timestamp, Value, currency_exponent, round};

use super::catalog::Meta;
use super::draft::Saving;
use super::sql;
use crate::db::Dialect;
use crate::module::Registry;
use crate::record::Rec;
use crate::{Ctx, Result, Tx};

/// Rounds of reading linked records: a path has at most three links, computed fields on its way add.
const ROUNDS_MAX: usize = 6;

/// What an expression sees besides the record: who acts, where and when.
#[derive(Debug)]
pub(crate) struct Ambient {
    pub(crate) ctx: Ctx,
    pub(crate) company: Option<Rec>,
    pub(crate) now: Timestamp,
    pub(crate) today: Date,
    pub(crate) dialect: Dialect,
}

impl Ambient {
    /// Reads the company's record only where `nodes` ask for it.
    pub(crate) async fn of(tx: &mut Tx, nodes: &[&Node]) -> Result<Ambient> {
        let mut asks = false;
        for node in nodes {
            node.walk(&mut |part| asks |= matches!(part, Node::Company(_)));
        }
        let company = if asks { company(tx).await? } else { None };
        let (now, today, dialect) = (tx.now(), tx.today(), tx.dialect());
        Ok(Ambient { ctx: tx.ctx().clone(), company, now, today, dialect })
    }

    pub(crate) fn company_field(&self, field: &str) -> Value {
        let company = self.company.as_ref();
        company.map_or(Value::Null, |company| match company.model.field_index(field) {
            Some(at) => company.values[at].clone(),
            None => Value::Null,
        })
    }

    pub(crate) fn actor(&self, attr: ActorAttr) -> Value {
        let actor = self.ctx.actor();
        match attr {
            ActorAttr::User => actor.user().into(),
            ActorAttr::Party => actor.party().into(),
            ActorAttr::Company => self.ctx.company().into(),
            ActorAttr::Companies => {
                Value::List(actor.companies().iter().map(|id| Value::from(*id)).collect())
            }
            ActorAttr::Roles => {
                Value::List(actor.roles().iter().map(|role| Value::from(role.as_str())).collect())
            }
        }
    }
}

/// The record of the company one works in.
async fn company(tx: &mut Tx) -> Result<Option<Rec>> {
    let registry = tx.registry().clone();
    let Ok(meta) = registry.catalog.meta("company") else { return Ok(None) };
    let id = tx.ctx().company().any();
    Ok(sql::by_ids(tx, meta, &[id]).await?.pop())
}

/// Records in memory and the linked ones that expressions over them reach.
pub(crate) struct Stage {
    pub(crate) ambient: Ambient,
    registry: Arc<Registry>,
    linked: HashMap<i64, Rec>,
}

impl Stage {
    pub(crate) async fn new(tx: &mut Tx, nodes: &[&Node]) -> Result<Stage> {
        let ambient = Ambient::of(tx, nodes).await?;
        Ok(Stage { ambient, registry: tx.registry().clone(), linked: HashMap::new() })
    }

    /// A record among others, as a rule or a computed field sees it.
    pub(crate) fn scope<'a>(&'a self, rec: &'a Rec) -> Seen<'a> {
        Seen { stage: self, rec }
    }

    /// Makes a record known that is not in the database yet, such as the document of new lines.
    pub(crate) fn know(&mut self, rec: Rec) {
        self.linked.insert(rec.id.raw(), rec);
    }

    pub(crate) fn known(&self, id: AnyId) -> Option<&Rec> {
        self.linked.get(&id.raw())
    }

    /// Has the company's record known, for what is counted in its currency.
    pub(crate) async fn know_company(&mut self, tx: &mut Tx) -> Result<()> {
        if self.ambient.company.is_none() {
            self.ambient.company = company(tx).await?;
        }
        Ok(())
    }

    /// Reads records by id, unless they are known, in one statement.
    pub(crate) async fn fetch(&mut self, tx: &mut Tx, meta: &Meta, ids: &[AnyId]) -> Result<()> {
        let wanted: HashSet<AnyId> = ids.iter().copied().collect();
        let mut missing: Vec<AnyId> =
            wanted.into_iter().filter(|id| !self.linked.contains_key(&id.raw())).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        for rec in sql::by_ids(tx, meta, &missing).await? {
            self.know(rec);
        }
        Ok(())
    }

    /// Reads all records that the expressions reach over links from `recs`: one statement for each
    /// link of a path, however many records there are.
    pub(crate) async fn reach(
        &mut self,
        tx: &mut Tx,
        recs: &[&Rec],
        nodes: &[&Node],
    ) -> Result<()> {
        let registry = self.registry.clone();
        let mut paths = Vec::new();
        for node in nodes {
            paths_of(&registry, node, &mut paths, 0);
        }
        if paths.is_empty() {
            return Ok(());
        }
        for _ in 0..ROUNDS_MAX {
            let wanted = self.wanted(recs, &paths);
            if wanted.is_empty() {
                return Ok(());
            }
            for (target, ids) in wanted {
                let known = self.linked.len();
                self.fetch(tx, registry.catalog.meta(&target)?, &ids).await?;
                if self.linked.len() == known {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Ids that are not known yet, by model.
    fn wanted(&self, recs: &[&Rec], paths: &[Vec<FieldRef>]) -> Vec<(String, Vec<AnyId>)> {
        let mut wanted: Vec<(String, Vec<AnyId>)> = Vec::new();
        let mut all: Vec<&Rec> = Vec::new();
        for rec in recs {
            all.push(rec);
            all.extend(rec.lines.iter().flat_map(|(_, lines)| lines));
        }
        all.extend(self.linked.values());
        for path in paths {
            let Some(first) = path.first() else { continue };
            for rec in all.iter().filter(|rec| rec.model.name == first.model) {
                let Some((target, id)) = self.first_unknown(rec, path) else { continue };
                match wanted.iter_mut().find(|(model, _)| *model == target) {
                    Some((_, ids)) => ids.push(id),
                    None => wanted.push((target, vec![id])),
                }
            }
        }
        wanted
    }

    fn first_unknown(&self, rec: &Rec, path: &[FieldRef]) -> Option<(String, AnyId)> {
        let mut rec = rec;
        for link in &path[..path.len() - 1] {
            let at = rec.model.field_index(&link.field)?;
            let id = rec.values.get(at)?.as_link()?;
            match self.known(id) {
                Some(next) => rec = next,
                None => return Some((rec.model.fields[at].kind.target()?.to_owned(), id)),
            }
        }
        None
    }
}

/// The paths over links in an expression, and in the computed fields that it reads.
fn paths_of(registry: &Registry, node: &Node, paths: &mut Vec<Vec<FieldRef>>, depth: u8) {
    node.walk(&mut |part| {
        let Node::Field { path, .. } = part else { return };
        if path.len() > 1 && !paths.contains(path) {
            paths.push(path.clone());
        }
        let Some(last) = path.last() else { return };
        let field = registry.schema.field(&last.model, &last.field).map(|(_, field)| field);
        if let Some(Field { compute: Some(compute), stored: false, .. }) = field
            && usize::from(depth) < ROUNDS_MAX
        {
            paths_of(registry, &compute.node, paths, depth + 1);
        }
    });
}

/// A record as expressions see it.
pub(crate) struct Seen<'a> {
    stage: &'a Stage,
    rec: &'a Rec,
}

impl Seen<'_> {
    fn own(&self, at: usize) -> Value {
        match self.rec.model.fields.get_index(at) {
            Some((_, field)) if field.compute.is_some() && !field.stored => {
                computed(field, self, None)
            }
            _ => self.rec.values.get(at).cloned().unwrap_or_default(),
        }
    }
}

impl Scope for Seen<'_> {
    fn field(&self, path: &[FieldRef]) -> Value {
        let Some((first, rest)) = path.split_first() else { return Value::Null };
        let Some(at) = self.rec.model.field_index(&first.field) else { return Value::Null };
        let own = self.own(at);
        if rest.is_empty() {
            return own;
        }
        match own.as_link().and_then(|id| self.stage.known(id)) {
            Some(rec) => self.stage.scope(rec).field(rest),
            None => Value::Null,
        }
    }

    fn lines(&self, field: &str) -> Vec<Box<dyn Scope + '_>> {
        let Some(at) = self.rec.model.field_index(field) else { return Vec::new() };
        let scoped = |line| Box::new(self.stage.scope(line)) as Box<dyn Scope + '_>;
        self.rec.lines_at(at).iter().map(scoped).collect()
    }

    fn actor(&self, attr: ActorAttr) -> Value {
        self.stage.ambient.actor(attr)
    }

    fn company(&self, field: &str) -> Value {
        self.stage.ambient.company_field(field)
    }

    fn now(&self) -> Timestamp {
        self.stage.ambient.now
    }

    fn today(&self) -> Date {
        self.stage.ambient.today
    }
}

/// The value of a computed field, as its column keeps it: rounded half away from zero to the digits
/// of its kind, and money to the minor units of its currency when that is told.
fn computed(field: &Field, scope: &dyn Scope, exponent: Option<u8>) -> Value {
    let Some(compute) = &field.compute else { return Value::Null };
    fitted(&field.kind, eval(&compute.node, scope), exponent)
}

/// A number as a field of this kind can hold it; other values as they are.
fn fitted(kind: &Kind, value: Value, exponent: Option<u8>) -> Value {
    let places = match (kind, kind.scale()) {
        (Kind::Money, Some(scale)) => exponent.unwrap_or(scale),
        (_, Some(scale)) => scale,
        (Kind::Integer | Kind::Duration, None) => {
            let whole = value.as_decimal().map(|d| round(d, 0, Rounding::HalfUp));
            return whole.and_then(|d| i64::try_from(d).ok()).into();
        }
        _ => return value,
    };
    match value.as_decimal() {
        Some(decimal) => Value::Decimal(round(decimal, u32::from(places), Rounding::HalfUp)),
        None => Value::Null,
    }
}

/// Sets what new records and new lines do not say: the state they begin in and the defaults, each
/// in the order of fields, so that one may read those before it.
/// What was read for it is kept for the checks.
pub(crate) async fn defaults(tx: &mut Tx, meta: &Arc<Meta>, batch: &mut [Saving]) -> Result<Stage> {
    let nodes: Vec<&Node> = default_nodes(meta).collect();
    let below: Vec<&Node> = meta.lines.iter().flat_map(|l| default_nodes(&l.child)).collect();
    let all: Vec<&Node> = nodes.iter().chain(&below).copied().collect();
    let mut stage = Stage::new(tx, &all).await?;
    let mut recs: Vec<Rec> = batch.iter().map(wished).collect();
    stage.reach(tx, &recs.iter().collect::<Vec<_>>(), &nodes).await?;
    for (saving, rec) in batch.iter_mut().zip(&mut recs) {
        if saving.old.is_none() {
            fill(&stage, meta, &mut saving.draft, rec);
        }
    }
    if meta.lines.is_empty() {
        return Ok(stage);
    }
    for rec in &recs {
        stage.know(rec.clone());
    }
    let mut lines = Vec::new();
    for saving in batch.iter() {
        for of in &meta.lines {
            for line in saving.draft.lines_at(of.at).unwrap_or(&[]) {
                if line.id.is_none() {
                    let mut rec = wished_line(&line.draft);
                    rec.values[of.by] = Value::Link(saving.id);
                    lines.push(rec);
                }
            }
        }
    }
    stage.reach(tx, &lines.iter().collect::<Vec<_>>(), &below).await?;
    let mut lines = lines.into_iter();
    for saving in batch.iter_mut() {
        for of in &meta.lines {
            let Some((_, drafts)) = saving.draft.lines.iter_mut().find(|(at, _)| *at == of.at)
            else {
                continue;
            };
            for line in drafts.iter_mut().filter(|line| line.id.is_none()) {
                if let Some(mut rec) = lines.next() {
                    fill(&stage, &of.child, &mut line.draft, &mut rec);
                }
            }
        }
    }
    // Only wished so far: not what checks may go by.
    for rec in &recs {
        stage.linked.remove(&rec.id.raw());
    }
    Ok(stage)
}

fn default_nodes(meta: &Meta) -> impl Iterator<Item = &Node> {
    meta.model.fields.values().filter_map(|field| field.default.as_ref()).map(|expr| &expr.node)
}

fn fill(stage: &Stage, meta: &Meta, draft: &mut super::Draft, rec: &mut Rec) {
    if let (Some(at), Some(states)) = (meta.system.state, &meta.model.states)
        && draft.values[at].is_none()
    {
        draft.put(at, Value::from(states.initial.as_str()));
        rec.values[at] = Value::from(states.initial.as_str());
    }
    for (at, field) in meta.model.fields.values().enumerate() {
        let Some(default) = &field.default else { continue };
        if draft.values[at].is_some() || draft.lines_at(at).is_some() {
            continue;
        }
        let value = fitted(&field.kind, eval(&default.node, &stage.scope(rec)), None);
        rec.values[at] = value.clone();
        draft.put(at, value);
    }
}

/// A record as far as its draft tells.
fn wished(saving: &Saving) -> Rec {
    let mut rec = match &saving.old {
        Some(old) => old.clone(),
        None => Rec::empty(&saving.draft.meta.model, saving.id),
    };
    for (at, value) in saving.draft.values.iter().enumerate() {
        if let Some(value) = value {
            rec.values[at] = value.clone();
        }
    }
    rec
}

fn wished_line(draft: &super::Draft) -> Rec {
    let mut rec = Rec::empty(&draft.meta.model, AnyId::default());
    for (at, value) in draft.values.iter().enumerate() {
        if let Some(value) = value {
            rec.values[at] = value.clone();
        }
    }
    rec
}

/// Sets the stored computed fields of a record and of its lines, lines first.
pub(crate) fn stored(stage: &Stage, meta: &Meta, rec: &mut Rec) {
    let exponent = exponent_of(stage, rec);
    for of in &meta.lines {
        let Some((_, lines)) = rec.lines.iter_mut().find(|(at, _)| *at == of.at) else { continue };
        for line in lines {
            let own = currency_of(line).and_then(|id| exponent_by(stage, id)).or(exponent);
            compute_fields(stage, &of.child, line, own);
        }
    }
    compute_fields(stage, meta, rec, exponent);
}

fn compute_fields(stage: &Stage, meta: &Meta, rec: &mut Rec, exponent: Option<u8>) {
    for at in &meta.stored {
        let Some((_, field)) = meta.model.fields.get_index(*at) else { continue };
        rec.values[*at] = computed(field, &stage.scope(rec), exponent);
    }
}

/// The unstored computed fields of a record that was just written, whose links the stage reaches.
pub(crate) fn unstored(stage: &Stage, meta: &Meta, rec: &mut Rec) {
    for of in &meta.lines {
        let Some((_, lines)) = rec.lines.iter_mut().find(|(at, _)| *at == of.at) else { continue };
        for line in lines {
            unstored(stage, &of.child, line);
        }
    }
    for at in &meta.unstored {
        let Some((_, field)) = meta.model.fields.get_index(*at) else { continue };
        rec.values[*at] = computed(field, &stage.scope(rec), None);
    }
}

/// The expressions of computed fields that are not stored, of a model and its lines.
pub(crate) fn unstored_nodes(meta: &Meta) -> Vec<&Node> {
    let metas = std::iter::once(meta).chain(meta.lines.iter().map(|of| of.child.as_ref()));
    let fields = metas.flat_map(|meta| meta.unstored.iter().map(|at| &meta.model.fields[*at]));
    fields.filter_map(|field| field.compute.as_ref()).map(|expr| &expr.node).collect()
}

/// Sets the unstored computed fields of records that were read.
pub(crate) async fn fill_unstored(tx: &mut Tx, meta: &Meta, recs: &mut [Rec]) -> Result<()> {
    let nodes = unstored_nodes(meta);
    if nodes.is_empty() {
        return Ok(());
    }
    let mut stage = Stage::new(tx, &nodes).await?;
    stage.reach(tx, &recs.iter().collect::<Vec<_>>(), &nodes).await?;
    recs.iter_mut().for_each(|rec| unstored(&stage, meta, rec));
    Ok(())
}

/// The currency that a record's money is in: its own link `currency`.
pub(crate) fn currency_of(rec: &Rec) -> Option<AnyId> {
    let (at, _, field) = rec.model.fields.get_full("currency")?;
    if field.kind.target() == Some("currency") { rec.values[at].as_link() } else { None }
}

/// Decimals of the minor unit of the record's currency, or of its company's.
pub(crate) fn exponent_of(stage: &Stage, rec: &Rec) -> Option<u8> {
    let own = currency_of(rec);
    let id = own.or_else(|| stage.ambient.company_field("currency").as_link())?;
    exponent_by(stage, id)
}

pub(crate) fn exponent_by(stage: &Stage, currency: AnyId) -> Option<u8> {
    let currency = stage.known(currency)?;
    let kept = currency.model.field_index("exponent").and_then(|at| currency.values[at].as_int());
    let code = || {
        let at = currency.model.field_index("code")?;
        currency_exponent(currency.values[at].as_text()?)
    };
    kept.and_then(|exponent| u8::try_from(exponent).ok()).or_else(code)
}
