//! Field classes: which fields somebody may read, write, and name in a filter, a sort or a group.
//! What one may not read is absent: not selected, filtered, sorted, grouped, summed or searched.
//! Not here: which records (`rows`).

use std::collections::HashSet;

use fondaco_schema::{Class, Field, Model, Schema};

use super::{
    Right,
    allow::may,
    roles::{reads_class, writes_class},
};
use crate::ctx::{ActorKind, Ctx};

/// Whether the caller may read this field of the records that he may read. A secret is read by
/// nobody: Rust alone uses it.
pub fn may_read_field(ctx: &Ctx, schema: &Schema, field: &Field) -> bool {
    match field.class {
        Class::Public => true,
        Class::Secret => false,
        class => ctx.actor.kind == ActorKind::System || reads_class(schema, &ctx.actor, class),
    }
}

/// Whether the caller may set this field of the records that he may write. Whether anybody may
/// (readonly, computed, system fields) is not asked here.
pub fn may_write_field(ctx: &Ctx, schema: &Schema, field: &Field) -> bool {
    match field.class {
        Class::Public => true,
        class => ctx.actor.kind == ActorKind::System || writes_class(schema, &ctx.actor, class),
    }
}

/// Whether the caller may name this path (`customer.country.code`) in a filter, a sort, a group or a
/// selection: every field on it may be read, and of every model it leads to some records.
/// Unknown names answer like forbidden ones.
pub fn may_read_path(ctx: &Ctx, schema: &Schema, model: &Model, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let Some(field) = model.field(first) else { return false };
    if !may_read_field(ctx, schema, field) {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    match field.kind.target().and_then(|target| schema.models.get(target)) {
        Some(target) => may(ctx, target, Right::Read) && may_read_path(ctx, schema, target, rest),
        None => false,
    }
}

/// The fields of a model that the caller may not read, those of its lines as `lines.cost`.
pub fn hidden_fields(ctx: &Ctx, schema: &Schema, model: &str) -> HashSet<String> {
    let mut hidden = HashSet::new();
    let Some(model) = schema.model(model) else { return hidden };
    let own = model.fields.values().map(|field| (field.name.clone(), field));
    let of_lines = model.lines().flat_map(|(lines, child, _)| {
        let fields = schema.model(child).into_iter().flat_map(|child| child.fields.values());
        fields.map(|field| (format!("{}.{}", lines.name, field.name), field))
    });
    for (path, field) in own.chain(of_lines) {
        if !may_read_field(ctx, schema, field) {
            hidden.insert(path);
        }
    }
    hidden
}
