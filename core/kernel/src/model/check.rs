//! What must be true of a record before it is written: every problem with its field, all at once.
//! The only place that makes a [`Checked`]. Also where a broken unique index becomes a message.
//! Not here: who may (`permissions`), what a document means (the modules).

use std::collections::HashSet;
use std::sync::Arc;

use fondaco_schema::{Field, Kind};
use fondaco_values::{AnyId, Problem, Value};

use super::catalog::Meta;
use super::compute::{self, Stage};
use super::draft::{Checked, Draft, Line, Saving};
use super::migrate;
use super::sql::{self, Sight};
use super::value::{self, Rule};
use crate::db::Sql;
use crate::error::{StorageKind, refuse_if_any};
use crate::permissions::Right;
use crate::record::Rec;
use crate::{Error, Result, Tx};

/// Links that were found to lead to a record of the same company, which the caller may see.
pub(crate) type Found = HashSet<AnyId>;

/// Builds the final records: what is there, what is wanted, what is computed; then checks them.
pub(crate) async fn check(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    batch: Vec<Saving>,
    (mut stage, found): (Stage, &Found),
) -> Result<(Vec<Checked>, Stage)> {
    let mut problems = Problems::new(batch.len());
    let mut pairs = Vec::with_capacity(batch.len());
    for (at, saving) in batch.into_iter().enumerate() {
        problems.at(at);
        let next = next_of(tx, meta, &saving, &mut problems);
        pairs.push((saving.old, next));
    }
    prepare(tx, &mut stage, meta, &pairs).await?;
    let mut wanted = Wanted::default();
    let mut checked = Vec::with_capacity(pairs.len());
    for (at, (old, mut next)) in pairs.into_iter().enumerate() {
        problems.at(at);
        compute::stored(&stage, meta, &mut next);
        judge(&stage, meta, old.as_ref(), &next, &mut problems);
        wanted.of(meta, old.as_ref(), &next, &problems.prefix);
        checked.push(finished(tx, meta, old, next));
    }
    let new: Found = checked.iter().map(|c| c.next.id).collect();
    let known = |id: &AnyId| found.contains(id) || new.contains(id);
    wanted.links.retain(|(_, id, _)| !known(id));
    problems.all.extend(exist(tx, &stage, wanted, Sight::Whole).await?.1);
    refuse_if_any(problems.all)?;
    stage
        .reach(
            tx,
            &checked.iter().map(Checked::next).collect::<Vec<_>>(),
            &compute::unstored_nodes(meta),
        )
        .await?;
    Ok((checked, stage))
}

/// What the records of a batch will be, as far as that can be told before they are checked, computed
/// fields included: for those who look at it and leave the batch as it is. What is wrong in it is told
/// by [`check`].
pub(crate) async fn foreseen(tx: &mut Tx, meta: &Arc<Meta>, batch: &[Saving]) -> Result<Vec<Rec>> {
    let mut nobody_hears = Problems::new(batch.len());
    let mut pairs = Vec::with_capacity(batch.len());
    for saving in batch {
        pairs.push((None, next_of(tx, meta, saving, &mut nobody_hears)));
    }
    let mut stage = Stage::new(tx, &[]).await?;
    prepare(tx, &mut stage, meta, &pairs).await?;
    let mut recs: Vec<Rec> = pairs.into_iter().map(|(_, next)| next).collect();
    recs.iter_mut().for_each(|rec| compute::stored(&stage, meta, rec));
    let nodes = compute::unstored_nodes(meta);
    stage.reach(tx, &recs.iter().collect::<Vec<_>>(), &nodes).await?;
    recs.iter_mut().for_each(|rec| compute::unstored(&stage, meta, rec));
    Ok(recs)
}

/// The links that a caller names lead to records that he may see.
pub(crate) async fn links_seen(tx: &mut Tx, batch: &[Saving]) -> Result<Found> {
    let mut wanted = Wanted::default();
    for (at, saving) in batch.iter().enumerate() {
        let prefix = if batch.len() > 1 { format!("[{at}]") } else { String::new() };
        wanted.of_draft(&saving.draft, &prefix);
    }
    let stage = Stage::new(tx, &[]).await?;
    let (found, problems) = exist(tx, &stage, wanted, Sight::Own).await?;
    refuse_if_any(problems)?;
    Ok(found)
}

/// Fills in the defaults of the arguments of an action (the parameters of a report) and checks
/// them against their fields.
pub(crate) async fn arguments(tx: &mut Tx, draft: Draft) -> Result<crate::Args> {
    let meta = draft.meta.clone();
    let mut one = [Saving { id: AnyId::default(), old: None, draft }];
    compute::defaults(tx, &meta, &mut one).await?;
    let [Saving { draft, .. }] = one;
    let mut problems = Vec::new();
    let mut args = crate::Args::default();
    for (at, (name, field)) in draft.model().fields.iter().enumerate() {
        let given = draft.values[at].clone().unwrap_or_default();
        let rule = Rule { field, pattern: draft.meta.pattern(at), exponent: None };
        match value::fit(&field.kind, given) {
            Ok(value) => {
                problems.extend(rule.broken_by(&value));
                if !value.is_null() {
                    args = args.with(name, value);
                }
            }
            Err(problem) => problems.push(problem.under(name)),
        }
    }
    refuse_if_any(problems).map(|()| args)
}

/// A broken unique index is a problem with its last field.
pub(crate) fn on_constraint(meta: &Meta, error: Error) -> Error {
    let Error::Storage { kind: StorageKind::Unique(names), .. } = &error else {
        return match error {
            Error::Storage { kind: StorageKind::ForeignKey, .. } => Error::problem(
                "",
                "in_use",
                format!("The {} is used by other records.", meta.model.label.to_lowercase()),
            ),
            other => other,
        };
    };
    let column = |meta: &Meta| {
        let own = names.split(',').filter_map(|name| name.trim().split_once('.'));
        let own = own.filter(|(table, column)| *table == meta.table && *column != "company");
        let own = own.last().map(|(_, column)| column.to_owned());
        own.or_else(|| {
            let table = fondaco_schema::table_of(&meta.model);
            let mut indexes = table.indexes.into_values();
            let broken = indexes.find(|index| migrate::index_name(&index.name) == *names)?;
            broken.columns.into_iter().rfind(|column| column != "company")
        })
    };
    let below = meta.lines.iter().map(|of| of.child.as_ref());
    let found = std::iter::once(meta).chain(below).find_map(|meta| Some((meta, column(meta)?)));
    let Some((meta, column)) = found else { return error };
    let label = meta.model.field(&column).map_or(column.as_str(), |field| &field.label);
    let message =
        format!("There is another {} with this {label}.", meta.model.label.to_lowercase());
    Error::problem(&column, "taken", message)
}

struct Problems {
    all: Vec<Problem>,
    many: bool,
    prefix: String,
}

impl Problems {
    fn new(records: usize) -> Problems {
        Problems { all: Vec::new(), many: records > 1, prefix: String::new() }
    }

    fn at(&mut self, record: usize) {
        if self.many {
            self.prefix = format!("[{record}]");
        }
    }

    fn add(&mut self, problem: Problem) {
        self.all.push(problem.under(&self.prefix));
    }
}

/// What the record will be, before what is computed.
fn next_of(tx: &Tx, meta: &Meta, saving: &Saving, problems: &mut Problems) -> Rec {
    let mut next = match &saving.old {
        Some(old) => old.clone(),
        None => fresh(tx, meta, saving.id),
    };
    put(meta, &saving.draft, &mut next, "", problems);
    if let (Some(at), None, Some(Value::Link(company))) = (
        meta.system.company,
        &saving.old,
        meta.system.company.and_then(|at| saving.draft.values[at].as_ref()),
    ) {
        next.values[at] = Value::Link(*company);
    }
    for (at, drafts) in &saving.draft.lines {
        let Some(of) = meta.lines_of(*at) else { continue };
        let old = saving.old.as_ref().map_or(&[][..], |old| old.lines_at(*at));
        let field = &meta.model.fields[*at].name;
        let mut lines = Vec::with_capacity(drafts.len());
        for (place, line) in drafts.iter().enumerate() {
            let path = format!("{field}[{place}]");
            if let Some(mut line) = next_line(tx, &of.child, old, line, &path, problems) {
                line.values[of.by] = Value::Link(saving.id);
                follow_parent(meta, &of.child, &next, &mut line, place);
                lines.push(line);
            }
        }
        next.lines.retain(|(field, _)| field != at);
        next.lines.push((*at, lines));
    }
    next
}

fn next_line(
    tx: &Tx,
    child: &Meta,
    old: &[Rec],
    line: &Line,
    path: &str,
    problems: &mut Problems,
) -> Option<Rec> {
    let mut next = match line.id {
        None => fresh(tx, child, tx.new_id()),
        Some(id) => match old.iter().find(|line| line.id == id) {
            Some(line) => line.clone(),
            None => {
                problems.add(Problem::new(
                    path,
                    "unknown_line",
                    format!("There is no line {id} here."),
                ));
                return None;
            }
        },
    };
    put(child, &line.draft, &mut next, path, problems);
    Some(next)
}

/// A line belongs to the company of its document and stands at its place.
fn follow_parent(meta: &Meta, child: &Meta, parent: &Rec, line: &mut Rec, place: usize) {
    if let (Some(own), Some(theirs)) = (child.system.company, meta.system.company) {
        line.values[own] = parent.values[theirs].clone();
    }
    if let Some(at) = child.system.position {
        line.values[at] = Value::Int(sql::signed(place));
    }
}

/// A new record with what the kernel keeps.
fn fresh(tx: &Tx, meta: &Meta, id: AnyId) -> Rec {
    let mut rec = Rec::empty(&meta.model, id);
    rec.version = 1;
    rec.values[meta.system.id] = Value::Link(id);
    rec.values[meta.system.version] = Value::Int(1);
    let ctx = tx.ctx();
    let system = &meta.system;
    for (at, value) in [
        (system.created_at, Value::Time(tx.now())),
        (system.updated_at, Value::Time(tx.now())),
        (system.created_by, ctx.actor().user().into()),
        (system.updated_by, ctx.actor().user().into()),
        (system.company, ctx.company().into()),
    ] {
        if let Some(at) = at {
            rec.values[at] = value;
        }
    }
    for at in &meta.many {
        rec.values[*at] = Value::List(Vec::new());
    }
    rec
}

/// Puts the wanted values in, each fitted to its kind. Computed fields and those that the kernel
/// keeps are passed over; number and state are not, since modules set them.
fn put(meta: &Meta, draft: &Draft, rec: &mut Rec, path: &str, problems: &mut Problems) {
    for (at, field) in meta.model.fields.values().enumerate() {
        let Some(wanted) = &draft.values[at] else { continue };
        let kept = [meta.system.number, meta.system.state].contains(&Some(at));
        if field.compute.is_some() || (field.system && !kept) {
            continue;
        }
        match value::fit(&field.kind, wanted.clone()) {
            Ok(value) => rec.values[at] = value,
            Err(problem) => problems.add(problem.under(&field.name).under(path)),
        }
    }
}

/// Reads what computing and checking need: the company, currencies.
async fn prepare(
    tx: &mut Tx,
    stage: &mut Stage,
    meta: &Meta,
    pairs: &[(Option<Rec>, Rec)],
) -> Result<()> {
    if meta.of_company {
        stage.know_company(tx).await?;
        let recs = pairs.iter().map(|(_, next)| next);
        let lines = || pairs.iter().flat_map(|(_, next)| next.lines.iter().flat_map(|(_, l)| l));
        let mut ids: Vec<AnyId> = recs.chain(lines()).filter_map(compute::currency_of).collect();
        ids.extend(stage.ambient.company_field("currency").as_link());
        let registry = tx.registry().clone();
        if let Ok(currency) = registry.catalog.meta("currency") {
            stage.fetch(tx, currency, &ids).await?;
        }
    }
    Ok(())
}

/// Every field that changes, of the record and of its lines.
fn judge(stage: &Stage, meta: &Meta, old: Option<&Rec>, next: &Rec, problems: &mut Problems) {
    let exponent = compute::exponent_of(stage, next);
    judge_fields(meta, old, next, ("", exponent), problems);
    for of in &meta.lines {
        let field = &meta.model.fields[of.at];
        let lines = next.lines_at(of.at);
        if lines.is_empty()
            && field.required
            && old.is_none_or(|old| !old.lines_at(of.at).is_empty())
        {
            problems.add(value::required(field));
        }
        if lines.len() > fondaco_values::limits::DOCUMENT_LINES_MAX {
            problems.add(Problem::new(&field.name, "too_many", "There are too many lines."));
        }
        let before = old.map_or(&[][..], |old| old.lines_at(of.at));
        for (place, line) in lines.iter().enumerate() {
            let old = before.iter().find(|before| before.id == line.id);
            let own = compute::currency_of(line).and_then(|id| compute::exponent_by(stage, id));
            let path = format!("{}[{place}]", field.name);
            judge_fields(&of.child, old, line, (&path, own.or(exponent)), problems);
        }
    }
}

fn judge_fields(
    meta: &Meta,
    old: Option<&Rec>,
    next: &Rec,
    (path, exponent): (&str, Option<u8>),
    problems: &mut Problems,
) {
    for (at, field) in meta.model.fields.values().enumerate() {
        if matches!(field.kind, Kind::Lines { .. }) || skipped(meta, at, field) {
            continue;
        }
        if old.is_some_and(|old| old.values[at] == next.values[at]) {
            continue;
        }
        let rule = Rule { field, pattern: meta.pattern(at), exponent };
        for problem in rule.broken_by(&next.values[at]) {
            problems.add(problem.under(path));
        }
    }
}

/// What the kernel itself keeps is right by construction; what is not stored has no value yet.
fn skipped(meta: &Meta, at: usize, field: &Field) -> bool {
    let state = meta.system.state == Some(at);
    (field.system && !state) || (field.compute.is_some() && !field.stored)
}

/// Compares with what is there; what changes gets its next version.
fn finished(tx: &Tx, meta: &Meta, old: Option<Rec>, mut next: Rec) -> Checked {
    let Some(old) = old else {
        let changed = (0..next.values.len()).filter(|at| !next.values[*at].is_null()).collect();
        return Checked { old: None, next, changed };
    };
    let mut lines_change = false;
    for of in &meta.lines {
        let before = old.lines_at(of.at);
        let Some((_, lines)) = next.lines.iter_mut().find(|(at, _)| *at == of.at) else { continue };
        lines_change |= lines.len() != before.len();
        for line in lines {
            match before.iter().find(|before| before.id == line.id) {
                Some(before) if before.values != line.values => touch(tx, &of.child, line),
                Some(_) => continue,
                None => {}
            }
            lines_change = true;
        }
    }
    let changed: Vec<usize> =
        (0..next.values.len()).filter(|at| old.values[*at] != next.values[*at]).collect();
    if lines_change || !changed.is_empty() {
        touch(tx, meta, &mut next);
    }
    Checked { old: Some(old), next, changed }
}

fn touch(tx: &Tx, meta: &Meta, rec: &mut Rec) {
    rec.version += 1;
    rec.values[meta.system.version] = Value::Int(rec.version);
    if let Some(at) = meta.system.updated_at {
        rec.values[at] = Value::Time(tx.now());
    }
    if let Some(at) = meta.system.updated_by {
        rec.values[at] = tx.ctx().actor().user().into();
    }
}

/// Links that must lead somewhere: the target model, the id, the path of the field.
#[derive(Default)]
struct Wanted {
    links: Vec<(String, AnyId, String)>,
}

impl Wanted {
    fn of(&mut self, meta: &Meta, old: Option<&Rec>, next: &Rec, prefix: &str) {
        self.of_fields(meta, old, next, prefix);
        for of in &meta.lines {
            let before = old.map_or(&[][..], |old| old.lines_at(of.at));
            for (place, line) in next.lines_at(of.at).iter().enumerate() {
                let old = before.iter().find(|before| before.id == line.id);
                let path = under(prefix, &format!("{}[{place}]", meta.model.fields[of.at].name));
                self.of_fields(&of.child, old, line, &path);
            }
        }
    }

    fn of_fields(&mut self, meta: &Meta, old: Option<&Rec>, next: &Rec, prefix: &str) {
        let parent = meta.model.owner.as_ref().map(|owner| owner.by.as_str());
        for (at, field) in meta.model.fields.values().enumerate() {
            let value = &next.values[at];
            let same = old.is_some_and(|old| old.values[at] == *value);
            if !field.system && !same && Some(field.name.as_str()) != parent {
                self.add(field, value, prefix);
            }
        }
    }

    fn of_draft(&mut self, draft: &Draft, prefix: &str) {
        for (field, value) in draft.touched().filter(|(field, _)| !field.system) {
            self.add(field, value, prefix);
        }
        for (at, lines) in &draft.lines {
            let name = &draft.meta.model.fields[*at].name;
            for (place, line) in lines.iter().enumerate() {
                self.of_draft(&line.draft, &under(prefix, &format!("{name}[{place}]")));
            }
        }
    }

    fn add(&mut self, field: &Field, value: &Value, prefix: &str) {
        let Some(target) = field.kind.target() else { return };
        let path = || under(prefix, &field.name);
        match value {
            Value::Link(id) => self.links.push((target.to_owned(), *id, path())),
            Value::List(items) => {
                let ids = items.iter().filter_map(Value::as_link);
                self.links.extend(ids.map(|id| (target.to_owned(), id, path())));
            }
            _ => {}
        }
    }
}

fn under(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// One statement for each model that is linked to.
async fn exist(
    tx: &mut Tx,
    stage: &Stage,
    mut wanted: Wanted,
    sight: Sight,
) -> Result<(Found, Vec<Problem>)> {
    let registry = tx.registry().clone();
    let mut found = Found::new();
    let mut problems = Vec::new();
    while let Some((model, ..)) = wanted.links.first() {
        let model = model.clone();
        let links = &wanted.links;
        let mut ids: Vec<AnyId> =
            links.iter().filter(|(to, ..)| *to == model).map(|(_, id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let target = registry.catalog.meta(&model)?;
        // What was read for defaults and computing is there, and says whose it is.
        let own = tx.ctx().company().any();
        let ours = |rec: &Rec| {
            let company = target.system.company.map(|at| rec.values[at].as_link());
            rec.model.name == model && company.is_none_or(|company| company == Some(own))
        };
        let (kept, _) = tx.kept().recs(&target.table, &ids);
        let kept: Found = kept.iter().filter(|rec| ours(rec)).map(|rec| rec.id).collect();
        let known = |id: &AnyId| kept.contains(id) || stage.known(*id).is_some_and(ours);
        let read = |id: &AnyId| sight == Sight::Whole && known(id);
        ids.retain(|id| !read(id));
        let there = present(tx, stage, target, &ids, sight).await?;
        let missing = |id: &AnyId| !there.contains(id) && !read(id);
        for (_, id, path) in wanted.links.iter().filter(|(to, id, _)| *to == model && missing(id)) {
            let message = format!("There is no {} {id}.", target.model.label.to_lowercase());
            problems.push(Problem::new(path, "unknown_link", message).arg("id", id));
        }
        found.extend(there);
        wanted.links.retain(|(to, ..)| *to != model);
    }
    Ok((found, problems))
}

async fn present(
    tx: &mut Tx,
    stage: &Stage,
    target: &Arc<Meta>,
    ids: &[AnyId],
    sight: Sight,
) -> Result<Found> {
    if ids.is_empty() {
        return Ok(Found::new());
    }
    let registry = tx.registry().clone();
    let mut writer = sql::Writer::new(&registry.catalog, &stage.ambient, target);
    let allowed = match sight {
        Sight::Own => Some(writer.allowed(Right::Read)?),
        Sight::Whole => None,
    };
    let (open, close) = tx.dialect().in_array();
    let mut sql = Sql::new().lit("select m.id from ").ident(&target.table).lit(" as m");
    sql = sql.append(writer.joins()).lit(" where m.id").lit(open).arg(sql::array(ids)).lit(close);
    if target.is_of_company() {
        sql = sql.lit(" and m.company = ").arg(tx.ctx().company());
    }
    if let Some(allowed) = allowed {
        sql = sql.lit(" and ").append(allowed);
    }
    Ok(tx.kept_rows(sql).await?.iter().map(|row| row.id(0)).collect())
}
