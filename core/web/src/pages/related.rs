//! What refers to a record: each model with a link to it that the reader may see, how many there are,
//! and the list of them. Read apart from the form, since much may refer to a record.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Count, Query, Select};
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Error, Tx};
use maud::html;

use super::good;
use super::menu::{HANGING, is_open};
use crate::App;
use crate::address;
use crate::api::id_of;
use crate::visitor::Visitor;
use crate::widgets::is_entered;

/// Fields that say what a document came from.
const ORIGIN: usize = 2;
/// Models that are asked.
const MODELS: usize = 30;

/// A way to the records that refer to one: their model and the condition on them.
#[derive(Clone)]
struct Way {
    model: String,
    label: String,
    filter: String,
    address: String,
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((model, id)): Path<(String, String)>,
) -> Response {
    let page = page(&app, &visitor, &model, &id).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, model: &str, id: &str) -> Result<Response, Error> {
    let id = id_of(model, id).map_err(|refusal| refusal.0)?;
    let ways = ways(visitor, model, &id.to_string());
    let name = model.to_owned();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (name, ways) = (name.clone(), ways.clone());
        Box::pin(async move {
            let rec = records::get(tx, &name, id, &Select::default()).await?;
            let from = origins(tx, &rec).await?;
            let alone = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
            let mut found: Vec<(Way, Count)> = Vec::new();
            for way in ways {
                let query = Query {
                    filter: Some(way.filter.clone()),
                    limit: Some(1),
                    show: alone.clone(),
                    count: true,
                    sort: vec!["id".to_owned()],
                    ..Query::default()
                };
                let count = records::list(tx, &way.model, &query).await?.count;
                found.extend(count.filter(|count| count.number > 0).map(|count| (way, count)));
            }
            Ok((rec, from, found))
        })
    });
    let (rec, from, found) = work.await?;
    let next = next(visitor, &rec);
    let words = &visitor.words;
    let figure = |count: Count| {
        let number = words.locale.int(i64::try_from(count.number).unwrap_or(i64::MAX));
        if count.capped { format!("{number}+") } else { number }
    };
    Ok(good(html! {
        nav.related aria-label=(words.say("form-related")) {
            @for (model, id, title) in &from {
                @let kind = visitor.schema().model(model).map(|model| words.model(model).into_owned());
                a.button.small.from href={ "/" (model) "/" (id) } { "↖ " (kind.unwrap_or_default()) " " b { (title) } }
            }
            @for (way, count) in &found {
                a.button.small href=(way.address) { (way.label) " " b { (figure(*count)) } }
            }
            @if !next.is_empty() {
                details.menu {
                    summary.button.small { "+ " (words.say("related-new")) }
                    div.sheet {
                        @for (label, address) in &next { a.item href=(address) { (label) } }
                    }
                }
            }
        }
    }))
}

/// The documents that a record keeps the model and the id of, as far as the reader sees them.
async fn origins(tx: &mut Tx, rec: &Rec) -> Result<Vec<(String, AnyId, String)>, Error> {
    let mut found = Vec::new();
    for (at, field) in rec.model.fields.values().enumerate() {
        let start = field.name.strip_suffix("_model").filter(|_| field.kind == Kind::Text);
        let by = start.and_then(|start| rec.model.field_index(&format!("{start}_id")));
        let model = rec.values[at].as_text();
        let (Some(model), Some(id)) = (model, by.and_then(|by| rec.values[by].as_int())) else {
            continue;
        };
        let is_there = tx.schema().model(model).is_some_and(|model| !model.is_line());
        let one = [AnyId::new(id)];
        if is_there
            && let Some(rec) = records::get_many(tx, model, &one, &Select::default()).await?.pop()
        {
            found.push((model.to_owned(), rec.id, rec.title()));
        }
    }
    Ok(found)
}

/// Documents that can be made of a record: they have to name one such, or may say that they came from
/// it. Name and address of each, with what both have in common filled in.
fn next(visitor: &Visitor, rec: &Rec) -> Vec<(String, String)> {
    let id = rec.id.to_string();
    let mut found = Vec::new();
    for model in visitor.schema().models.values() {
        let creates = permissions::may(&visitor.ctx, model, Right::Create);
        if !creates || !is_open(visitor, model) || HANGING.contains(&model.name.as_str()) {
            continue;
        }
        let links = model.fields.values().filter(|f| f.required && is_entered(visitor, f));
        let links: Vec<&Field> = links.filter(|field| field.kind.target().is_some()).collect();
        let mut pairs = origin(visitor, model)
            .map_or_else(Vec::new, |(of, by)| vec![(of, rec.model.name.clone()), (by, id.clone())]);
        let is_named = |field: &&&Field| field.kind.target() == Some(&rec.model.name);
        let named: Vec<&&Field> = links.iter().filter(is_named).collect();
        match named.as_slice() {
            [one] => pairs = vec![(one.name.clone(), id.clone())],
            _ if pairs.is_empty() => continue,
            _ => pairs.extend(links.iter().filter_map(|field| shared(rec, field))),
        }
        // What has nothing in common with it does not come from it.
        if named.len() != 1 && pairs.len() <= ORIGIN {
            continue;
        }
        let query = address::query(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        let label = visitor.words.model(model).into_owned();
        found.push((label, format!("/{}/new?{query}", model.name)));
    }
    found
}

/// The fields in which somebody enters what a document came from.
fn origin(visitor: &Visitor, model: &Model) -> Option<(String, String)> {
    let mut texts = model.fields.values().filter(|field| field.kind == Kind::Text);
    texts.find_map(|of| {
        let start = of.name.strip_suffix("_model")?;
        let by = model.field(&format!("{start}_id"))?;
        let entered = is_entered(visitor, of) && is_entered(visitor, by);
        entered.then(|| (of.name.clone(), by.name.clone()))
    })
}

/// What a link of a new document holds, where the record has one link to the same model.
fn shared(rec: &Rec, link: &Field) -> Option<(String, String)> {
    let fields = rec.model.fields.values().enumerate().filter(|(_, field)| !field.system);
    let mut same = fields.filter(|(_, field)| field.kind.target() == link.kind.target());
    let ((at, _), None) = (same.next()?, same.next()) else { return None };
    rec.values[at].as_link().map(|id| (link.name.clone(), id.to_string()))
}

fn ways(visitor: &Visitor, target: &str, id: &str) -> Vec<Way> {
    let mut ways = Vec::new();
    let models = visitor.schema().models.values().filter(|model| is_open(visitor, model));
    for model in models {
        ways.extend(by_origin(visitor, model, (target, id)));
        for field in model.fields.values() {
            let leads = matches!(&field.kind, Kind::Link { to } if to == target);
            let readable = permissions::may_read_field(&visitor.ctx, visitor.schema(), field);
            if !leads || field.system || !readable || !is_indexed(model, field) {
                continue;
            }
            let plural = visitor.words.plural(model);
            let several =
                model.fields.values().filter(|f| f.kind.target() == Some(target)).count() > 1;
            let label = match several {
                true => format!("{plural} · {}", visitor.words.field(&model.name, field)),
                false => plural.into_owned(),
            };
            ways.push(Way {
                model: model.name.clone(),
                label,
                filter: format!("{} == {id}", field.name),
                address: format!("/{}?f.{}={id}", model.name, field.name),
            });
        }
    }
    ways.truncate(MODELS);
    ways
}

/// Documents that came from the record, whatever model it is of: they keep its model and its id.
fn by_origin(visitor: &Visitor, model: &Model, (target, id): (&str, &str)) -> Vec<Way> {
    let texts = model.fields.values().filter(|field| field.kind == Kind::Text);
    let pairs = texts.filter_map(|of| {
        let start = of.name.strip_suffix("_model")?;
        let by = model.field(&format!("{start}_id"))?;
        let readable = |field| permissions::may_read_field(&visitor.ctx, visitor.schema(), field);
        let found = is_indexed(model, of) || is_indexed(model, by);
        (found && readable(of) && readable(by)).then_some((of, by))
    });
    let way = |(of, by): (&Field, &Field)| Way {
        model: model.name.clone(),
        label: visitor.words.plural(model).into_owned(),
        filter: format!("{} == \"{target}\" && {} == {id}", of.name, by.name),
        address: format!("/{}?f.{}={target}&f.{}={id}", model.name, of.name, by.name),
    };
    pairs.map(way).collect()
}

/// Only what an index finds is counted.
fn is_indexed(model: &Model, field: &Field) -> bool {
    let first = model.indexes.iter().any(|index| index.fields.first() == Some(&field.name));
    field.has_column() && (field.index || field.unique || first)
}
