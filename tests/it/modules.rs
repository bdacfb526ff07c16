//! What every module is held to without writing a test for it: its TOML is sound alone and with all
//! the others, every name leads somewhere, every page and every report can be opened.

use fondaco_kernel::records::{self, Change, Query, Select};
use fondaco_kernel::schema::{Field, Kind, Model, Report, Schema, Target};
use fondaco_kernel::{Clock, Database, Error, Kernel, Module, Setup, Table};
use fondaco_server::commands::demo;
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_server::story::{self, People};
use fondaco_tests::shop::PASSWORD;
use fondaco_tests::{Shop, both};
use fondaco_values::{AnyId, Value};
use serde_json::{Map, Value as Json, json};

both! {
    every_module_opens_and_lists_its_pages,
    an_empty_record_is_taken_or_refused_with_reasons,
    every_report_runs_on_an_empty_company,
    every_report_runs_after_the_story,
    what_is_read_can_be_sent_back_and_every_button_answers,
    odd_values_are_taken_or_refused_with_reasons,
}

/// Each module alone, all of them together, and none: by name.
fn line_ups() -> Vec<(String, Vec<Module>)> {
    let alone = modules::all().into_iter().map(|module| (module.name().to_owned(), vec![module]));
    let mut all: Vec<_> = alone.collect();
    all.push(("nothing".to_owned(), Vec::new()));
    all.push(("everything".to_owned(), modules::all()));
    all
}

fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Every line-up, with what a check finds wrong with its schema.
fn each_schema(check: impl Fn(&Schema, &mut Vec<String>)) {
    let mut wrong = Vec::new();
    for (name, modules) in line_ups() {
        let setup = Setup::new(Database::Memory, modules);
        match Kernel::check(&setup) {
            Ok(schema) => {
                let mut found = Vec::new();
                check(&schema, &mut found);
                wrong.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    none(wrong);
}

#[test]
fn every_schema_is_valid() {
    each_schema(|schema, wrong| {
        if schema.models.is_empty() {
            wrong.push("no models".to_owned());
        }
    });
}

#[test]
fn every_link_leads_to_a_model() {
    each_schema(|schema, wrong| {
        for model in schema.models.values() {
            let args = model.actions.values().flat_map(|action| action.args.values());
            let fields = model.fields.values().chain(args);
            wrong.extend(fields.filter_map(|field| astray(schema, model, field)));
        }
    });
}

/// Where a field leads that leads nowhere, or to lines that do not lead back.
fn astray(schema: &Schema, model: &Model, field: &Field) -> Option<String> {
    let place = format!("{}.{}", model.name, field.name);
    if let Some(to) = field.kind.target().filter(|to| schema.model(to).is_none()) {
        return Some(format!("{place} leads to {to}, which there is not"));
    }
    let Kind::Lines { of, by } = &field.kind else { return None };
    let child = schema.model(of);
    let back = child.and_then(|child| child.field(by)?.kind.target());
    let owner = child.and_then(|child| child.owner.as_ref());
    let owned = owner.is_some_and(|owner| owner.parent == model.name);
    let leads_back = owned && back == Some(model.name.as_str());
    (!leads_back).then(|| format!("{place}: {of}.{by} does not lead back"))
}

#[test]
fn every_action_names_real_states() {
    each_schema(|schema, wrong| {
        for model in schema.models.values() {
            let Some(states) = &model.states else {
                let moving =
                    model.actions.values().filter(|a| a.to.is_some() || !a.from.is_empty());
                wrong.extend(moving.map(|a| format!("{}.{}: no states", model.name, a.name)));
                continue;
            };
            let mut reached = vec![states.initial.as_str()];
            for action in model.actions.values() {
                let named = action.from.iter().chain(&action.to);
                let unknown = named.filter(|state| !states.values.contains(state));
                wrong.extend(unknown.map(|s| format!("{}.{}: {s}", model.name, action.name)));
                reached.extend(action.to.as_deref());
                if action.require.is_some() && action.refusal.is_none() {
                    wrong.push(format!("{}.{} refuses without words", model.name, action.name));
                }
            }
            if !states.values.contains(&states.initial) {
                wrong.push(format!("{} begins in {}", model.name, states.initial));
            }
        }
    });
}

/// A model without grants is one that nobody can use, and a right that no role has is a button that
/// nobody can press.
#[test]
fn every_document_has_access_rules() {
    each_schema(|schema, wrong| {
        for model in schema.models.values().filter(|model| !model.is_line()) {
            if !model.access.values().any(|grant| grant.read.is_some()) {
                wrong.push(format!("{} is read by nobody", model.name));
            }
            let unknown = model.access.keys().filter(|role| !schema.roles.contains_key(*role));
            wrong.extend(unknown.map(|role| format!("{}: no role {role}", model.name)));
            for action in model.actions.values().filter(|action| !action.internal) {
                let name = &action.name;
                if !model.access.values().any(|grant| grant.actions.contains_key(name)) {
                    wrong.push(format!("{}.{name} is done by nobody", model.name));
                }
            }
        }
    });
}

#[test]
fn every_menu_view_and_report_has_what_it_names() {
    each_schema(|schema, wrong| {
        for module in schema.modules.values() {
            for item in &module.menu {
                let there = match &item.target {
                    // A view may be one of lines; a list is one of documents.
                    Target::Model(name) => schema.model(name).is_some_and(|m| match &item.view {
                        Some(view) => m.views.get(view).is_some(),
                        None => !m.is_line(),
                    }),
                    Target::Report(name) => schema.reports.contains_key(name),
                };
                if !there {
                    wrong.push(format!("menu of {}: {:?}", module.name, item.target));
                }
            }
        }
        for report in schema.reports.values() {
            let column = |name: &String| report.columns.iter().any(|column| column.name == *name);
            let drawn = report.chart.iter().flat_map(|chart| chart.y.iter().chain([&chart.x]));
            let missing = drawn.filter(|name| !column(name));
            wrong.extend(missing.map(|name| format!("chart of {}: {name}", report.name)));
            let unknown = report.roles.iter().filter(|role| !schema.roles.contains_key(*role));
            wrong.extend(unknown.map(|role| format!("{}: no role {role}", report.name)));
            let targets = report.params.values().filter_map(|param| param.kind.target());
            let lost = targets.filter(|to| schema.model(to).is_none());
            wrong.extend(lost.map(|to| format!("{}: no model {to}", report.name)));
        }
        for model in schema.models.values() {
            let list = model.views.get("list").and_then(|list| list.get("columns"));
            for name in list.and_then(Json::as_array).into_iter().flatten() {
                if name.as_str().is_none_or(|name| schema.path(&model.name, name).is_err()) {
                    wrong.push(format!("list of {}: {name}", model.name));
                }
            }
        }
    });
}

/// Structs equal their TOML, data files are sown, and every page of every model can be listed, found
/// and sorted as its view says: with every other module switched off, and with all on.
async fn every_module_opens_and_lists_its_pages() {
    let mut wrong = Vec::new();
    for (name, modules) in line_ups() {
        let shop = Shop::open(modules).await;
        let desk = shop.master("Mina").await;
        let faults = opened(&desk).await;
        wrong.extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    none(wrong);
}

/// What is wrong with the pages.
async fn opened(desk: &Desk) -> Vec<String> {
    let schema = desk.kernel.registry().schema.clone();
    let mut wrong = Vec::new();
    for model in schema.models.values().filter(|model| !model.is_line()) {
        for (what, query) in pages(model) {
            if let Err(error) = listed(desk, &model.name, query).await {
                wrong.push(format!("{} {what}: {error}", model.name));
            }
        }
    }
    wrong
}

/// The questions that the pages of a model ask.
fn pages(model: &Model) -> Vec<(&'static str, Query)> {
    let text = |json: Option<&Json>| -> Vec<String> {
        let names = json.and_then(Json::as_array).into_iter().flatten();
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let list = model.views.get("list");
    let columns = text(list.and_then(|list| list.get("columns")));
    let own = columns.into_iter().filter(|name| model.field(name).is_some()).collect();
    let links =
        model.fields.values().filter(|field| !field.system && field.kind.target().is_some());
    let expand: Vec<String> = links
        .map(|field| field.name.clone())
        .chain(model.lines().map(|(field, ..)| field.name.clone()))
        .collect();
    let stored = model.fields.values().filter(|f| f.has_column() && !f.kind.is_json());
    let sort: Vec<String> = stored.map(|field| format!("-{}", field.name)).take(4).collect();
    let show = |fields, expand| Select { fields, expand };
    let mut pages = vec![
        ("plain", Query { count: true, ..Query::default() }),
        ("as the view has it", Query { show: show(own, Vec::new()), ..Query::default() }),
        ("with all it leads to", Query { show: show(Vec::new(), expand), ..Query::default() }),
        ("sorted", Query { sort, ..Query::default() }),
        ("searched", Query { search: Some("an word".to_owned()), ..Query::default() }),
        ("filtered", Query { filter: Some("id != null".to_owned()), ..Query::default() }),
    ];
    if let Some(states) = &model.states {
        let filter = Some(format!("state == '{}'", states.initial));
        pages.push(("by state", Query { filter, ..Query::default() }));
    }
    pages
}

async fn listed(desk: &Desk, model: &str, query: Query) -> Result<(), Error> {
    let model = model.to_owned();
    let read = desk.kernel.read(&desk.ctx, move |tx| {
        let (model, query) = (model.clone(), query.clone());
        Box::pin(async move {
            let page = records::list(tx, &model, &query).await?;
            for rec in &page.rows {
                records::get(tx, &model, rec.id, &Select::default()).await?;
            }
            Ok(page.rows.iter().map(|rec| rec.to_json().to_string().len()).sum::<usize>())
        })
    });
    read.await.map(drop)
}

/// Whatever is missing in a new record, the answer names it; nothing breaks inside.
async fn an_empty_record_is_taken_or_refused_with_reasons() {
    let mut wrong = Vec::new();
    for (name, modules) in line_ups() {
        let shop = Shop::open(modules).await;
        let desk = shop.master("Mina").await;
        let schema = shop.kernel.registry().schema.clone();
        for model in schema.models.values().filter(|model| !model.is_line()) {
            let own = model.fields.values().filter(|field| writable(field));
            let emptied = own.map(|field| (field.name.clone(), empty(field))).collect();
            for fields in [json!({}), Json::Object(emptied)] {
                let made = desk.create(&model.name, fields.clone()).await;
                let fault =
                    vague(made).map(|what| format!("{name}: {} {fields}: {what}", model.name));
                wrong.extend(fault);
            }
        }
    }
    none(wrong);
}

/// An answer that is neither done nor refused with a reason that a program can tell.
fn vague<T>(done: Result<T, Error>) -> Option<String> {
    match done {
        Err(Error::Invalid(problems)) => {
            let vague = problems.iter().find(|problem| problem.code.is_empty());
            vague.map(|problem| format!("{problem} has no code"))
        }
        Ok(_) | Err(Error::Forbidden { .. } | Error::Conflict { .. }) => None,
        Err(error) => Some(error.to_string()),
    }
}

fn writable(field: &Field) -> bool {
    !field.system && !field.readonly && field.compute.is_none()
}

fn empty(field: &Field) -> Json {
    if field.kind.is_many() { json!([]) } else { Json::Null }
}

/// Every report, by a user who may run all: on a company that has just begun.
async fn every_report_runs_on_an_empty_company() {
    let mut wrong = Vec::new();
    for (name, modules) in line_ups() {
        let shop = Shop::open(modules).await;
        let desk = shop.master("Mina").await;
        let faults = reported(&desk).await;
        wrong.extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    none(wrong);
}

/// The same after the whole story; each report that has something to tell of it tells it.
async fn every_report_runs_after_the_story() {
    let setup = demo::setup(Database::Memory, Clock::system());
    let shop = Shop::of(setup).await;
    let people = People::hire(&shop.admin, PASSWORD).await.unwrap();
    story::tell(&shop.kernel, &shop.clock, &people, |_| {}).await.unwrap();
    let desk = shop.master("Mina").await;
    none(reported(&desk).await);
    none(opened(&desk).await);
}

/// Every record that the story left, with what its model offers, each tried and taken back: what was
/// read can be sent back and changes nothing, and every action is done or refused with a reason.
async fn what_is_read_can_be_sent_back_and_every_button_answers() {
    let shop = Shop::of(demo::setup(Database::Memory, Clock::system())).await;
    let people = People::hire(&shop.admin, PASSWORD).await.unwrap();
    story::tell(&shop.kernel, &shop.clock, &people, |_| {}).await.unwrap();
    let desk = shop.master("Mina").await;
    let schema = shop.kernel.registry().schema.clone();
    let (mut wrong, mut tried, mut done) = (Vec::new(), 0, 0);
    for model in schema.models.values().filter(|model| !model.is_line()) {
        for rec in some_of_each_state(&desk, model).await {
            let id: AnyId = rec["id"].as_str().unwrap().parse().unwrap();
            tried += 1;
            wrong.extend(sent_back(&desk, model, id).await);
            for action in model.actions.values() {
                let args = arguments(&desk, action.args.values()).await;
                let tried = pressed(&desk, &model.name, id, &action.name, args).await;
                done += usize::from(is_taken_back(&tried));
                wrong.extend(
                    vague(tried).map(|what| format!("{}.{}: {what}", model.name, action.name)),
                );
            }
        }
    }
    println!("{tried} records, {done} actions done");
    wrong.sort();
    wrong.dedup();
    none(wrong);
    assert!(tried > 100 && done > 10, "the story left {tried} records; {done} actions were done");
}

async fn some_of_each_state(desk: &Desk, model: &Model) -> Vec<Json> {
    let mut some = Vec::new();
    let states = model.states.iter().flat_map(|states| &states.values);
    let mut filters: Vec<String> = states.map(|state| format!("state == '{state}'")).collect();
    if filters.is_empty() {
        filters.push("true".to_owned());
    }
    for filter in filters {
        some.extend(desk.list(&model.name, &filter, "-id").await.unwrap().into_iter().take(6));
    }
    some
}

/// The code of the problem with which everything that is only tried ends.
const TAKEN_BACK: &str = "taken_back";

fn taken_back() -> Error {
    Error::problem("", TAKEN_BACK, "It was only tried.")
}

fn is_taken_back(tried: &Result<(), Error>) -> bool {
    matches!(tried, Err(Error::Invalid(problems)) if problems[0].code == TAKEN_BACK)
}

/// What is wrong with a record that is saved as it was read.
async fn sent_back(desk: &Desk, model: &Model, id: AnyId) -> Option<String> {
    let name = model.name.clone();
    let own = unwritable(&desk.kernel.registry().schema, model);
    let tried = desk.kernel.run(&desk.ctx, move |tx| {
        let (name, own) = (name.clone(), own.clone());
        Box::pin(async move {
            let before = records::get(tx, &name, id, &Select::default()).await?.to_json();
            let sent = stripped(&before, &own);
            let draft = records::draft_of(tx, &name, &sent)?;
            records::update(tx, &name, vec![Change { id, version: None, draft }]).await?;
            let after = records::get(tx, &name, id, &Select::default()).await?.to_json();
            if before == after {
                return Err::<(), Error>(taken_back());
            }
            Err(Error::Internal(format!("changed by being sent back\n  {before}\n  {after}")))
        })
    });
    match tried.await {
        Err(Error::Invalid(_) | Error::Forbidden { .. }) => None,
        other => Some(format!("{} {id}: {other:?}", model.name)),
    }
}

/// Fields that are the kernel's or a module's to write; those of lines as `lines.amount`.
fn unwritable(schema: &Schema, model: &Model) -> Vec<String> {
    let own = model.fields.values().filter(|field| !writable(field));
    let mut own: Vec<String> = own.map(|field| field.name.clone()).collect();
    for (lines, child, _) in model.lines() {
        let fields = schema.models[child].fields.values().filter(|field| !writable(field));
        own.extend(fields.map(|field| format!("{}.{}", lines.name, field.name)));
    }
    own
}

fn stripped(record: &Json, own: &[String]) -> Map<String, Json> {
    let mut fields = record.as_object().cloned().unwrap_or_default();
    fields.retain(|name, _| !own.contains(name));
    for (name, value) in &mut fields {
        for line in value.as_array_mut().into_iter().flatten() {
            let Some(line) = line.as_object_mut() else { continue };
            line.retain(|field, _| field == "id" || !own.contains(&format!("{name}.{field}")));
        }
    }
    fields
}

/// The problem with an action; that it was taken back when there was none.
async fn pressed(
    desk: &Desk,
    model: &str,
    id: AnyId,
    action: &str,
    args: Map<String, Json>,
) -> Result<(), Error> {
    let (model, action) = (model.to_owned(), action.to_owned());
    let tried = desk.kernel.run(&desk.ctx, move |tx| {
        let (model, action, args) = (model.clone(), action.clone(), args.clone());
        Box::pin(async move {
            let args = records::arguments(tx, &model, &action, &args)?;
            records::act(tx, &model, id, &action, args).await?;
            tx.draw_numbers().await?;
            Err::<(), Error>(taken_back())
        })
    });
    tried.await
}

/// Whatever stands in a field, the answer is a record or a reason; nothing breaks inside. A copy of
/// one record of each model, with one odd value at a time, such as people and programs send by
/// mistake; all of it is taken back.
async fn odd_values_are_taken_or_refused_with_reasons() {
    let shop = Shop::of(demo::setup(Database::Memory, Clock::system())).await;
    let people = People::hire(&shop.admin, PASSWORD).await.unwrap();
    story::tell(&shop.kernel, &shop.clock, &people, |_| {}).await.unwrap();
    let desk = shop.master("Mina").await;
    let schema = shop.kernel.registry().schema.clone();
    let (mut wrong, mut tried, mut taken, mut models) = (Vec::new(), 0, 0, 0);
    for model in schema.models.values().filter(|model| !model.is_line()) {
        let Some(rec) = some_of_each_state(&desk, model).await.into_iter().next() else { continue };
        let base = copy_of(&schema, model, &rec);
        let whole = copied(&desk, &model.name, base.clone()).await;
        models += usize::from(is_taken_back(&whole));
        wrong.extend(vague(whole).map(|what| format!("{} copied: {what}", model.name)));
        for (what, fields) in odd_copies(&schema, model, &base) {
            let outcome = copied(&desk, &model.name, fields).await;
            tried += 1;
            taken += usize::from(is_taken_back(&outcome));
            wrong.extend(vague(outcome).map(|why| format!("{}.{what}: {why}", model.name)));
        }
    }
    println!("{models} models copied; {tried} odd copies, {taken} of them taken");
    none(wrong);
    assert!(models > 15 && taken > 500 && taken < tried / 2, "{models} models, {taken} of {tried}");
}

/// What one would send to have another such record.
fn copy_of(schema: &Schema, model: &Model, rec: &Json) -> Map<String, Json> {
    let mut copy = stripped(rec, &unwritable(schema, model));
    copy.remove("id");
    for (lines, ..) in model.lines() {
        for line in copy.get_mut(&lines.name).and_then(Json::as_array_mut).into_iter().flatten() {
            line.as_object_mut().and_then(|line| line.remove("id"));
        }
    }
    for field in model.fields.values().filter(|field| field.unique && writable(field)) {
        let text = copy.get(&field.name).and_then(Json::as_str).map(|text| format!("x{text}"));
        copy.extend(text.map(|text| (field.name.clone(), json!(text))));
    }
    copy
}

/// The same with each odd value in each field, also of the first of its lines.
fn odd_copies(
    schema: &Schema,
    model: &Model,
    base: &Map<String, Json>,
) -> Vec<(String, Map<String, Json>)> {
    let mut copies = Vec::new();
    let told = |place: String, value: &Json| -> String {
        format!("{place} = {}", value.to_string().chars().take(40).collect::<String>())
    };
    for field in model.fields.values().filter(|field| writable(field)) {
        for value in odd() {
            let mut copy = base.clone();
            copy.insert(field.name.clone(), value.clone());
            copies.push((told(field.name.clone(), &value), copy));
        }
    }
    for (lines, child, _) in model.lines().filter(|(lines, ..)| writable(lines)) {
        let first = base.get(&lines.name).and_then(|lines| lines.get(0)).cloned();
        let fields = schema.models[child].fields.values().filter(|field| writable(field));
        for (field, value) in fields.flat_map(|field| odd().into_iter().map(move |v| (field, v))) {
            let mut line = first.clone().unwrap_or_else(|| json!({}));
            line[&field.name] = value.clone();
            let mut copy = base.clone();
            copy.insert(lines.name.clone(), json!([line]));
            copies.push((told(format!("{}.{}", lines.name, field.name), &value), copy));
        }
    }
    copies
}

fn odd() -> Vec<Json> {
    let numbers = [json!(-1), json!(0), json!(i64::MAX), json!(i64::MIN)];
    let shapes = [
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!(["x", "x"]),
        json!([null]),
        json!({ "a": [1] }),
    ];
    let texts = [
        "",
        " ",
        "x",
        "0",
        "-1",
        "1.5",
        "1e5",
        "9223372036854775807",
        "99999999999999999999999999",
        "9223372036854",
        "-9223372036854",
        "922337203685477.5807",
        "0.00000000001",
        "NaN",
        "2026-02-30",
        "9999-12-31",
        "-0001-01-01",
        "12000-01-01T00:00:00Z",
        "\u{0}",
        "' or 1=1 --",
        "\u{202e}\u{1f6b2}",
    ];
    let mut odd: Vec<Json> = numbers.into_iter().chain(shapes).collect();
    odd.extend(texts.map(|text| json!(text)));
    odd.push(json!("x".repeat(10_001)));
    odd
}

/// Makes the record, reads it, and takes it back.
async fn copied(desk: &Desk, model: &str, fields: Map<String, Json>) -> Result<(), Error> {
    let model = model.to_owned();
    let tried = desk.kernel.run(&desk.ctx, move |tx| {
        let (model, fields) = (model.clone(), fields.clone());
        Box::pin(async move {
            let draft = records::draft_of(tx, &model, &fields)?;
            let id = records::create(tx, &model, vec![draft]).await?[0];
            records::get(tx, &model, id, &Select::default()).await?;
            Err::<(), Error>(taken_back())
        })
    });
    tried.await
}

/// What is required of an action, from what the company has.
async fn arguments(desk: &Desk, args: impl Iterator<Item = &Field>) -> Map<String, Json> {
    let mut given = Map::new();
    for field in args.filter(|field| field.required) {
        let value = sample(desk, field).await;
        given.extend(value.map(|value| (field.name.clone(), json!(value))));
    }
    given
}

/// What is wrong with the reports.
async fn reported(desk: &Desk) -> Vec<String> {
    let schema = desk.kernel.registry().schema.clone();
    let mut wrong = Vec::new();
    for report in schema.reports.values() {
        for all in [false, true] {
            let params = parameters(desk, report, all).await;
            let given: Vec<(&str, &str)> = params.iter().map(|(n, v)| (*n, v.as_str())).collect();
            match desk.report(&report.name, &given).await {
                Ok(table) => wrong.extend(misshapen(report, &table)),
                Err(Error::Invalid(problems)) if lacks(report, &params) => {
                    assert!(!problems.is_empty());
                }
                Err(error) => wrong.push(format!("{} {given:?}: {error}", report.name)),
            }
        }
    }
    wrong
}

/// Something was required that the company does not have.
fn lacks(report: &Report, given: &[(&str, String)]) -> bool {
    let required = report.params.values().filter(|param| param.required && param.default.is_none());
    required.into_iter().any(|param| given.iter().all(|(name, _)| *name != param.name))
}

/// Values for the required parameters, or for all of them, from what the company has.
async fn parameters<'r>(desk: &Desk, report: &'r Report, all: bool) -> Vec<(&'r str, String)> {
    let mut given = Vec::new();
    for field in report.params.values().filter(|field| all || field.required) {
        given.extend(sample(desk, field).await.map(|value| (field.name.as_str(), value)));
    }
    given
}

/// A value for a field as text, from what the company has; of texts only those that are required.
async fn sample(desk: &Desk, field: &Field) -> Option<String> {
    match &field.kind {
        Kind::Date => Some("2026-03-02".to_owned()),
        Kind::Link { to } => {
            let found = desk.list(to, "id != null", "id").await.unwrap();
            found.first().and_then(|rec| rec["id"].as_str().map(str::to_owned))
        }
        Kind::Choice { values } => values.last().map(|choice| choice.value.clone()),
        Kind::Bool => Some("true".to_owned()),
        Kind::Email => Some("anna@lario.example".to_owned()),
        Kind::Text | Kind::LongText if field.required => Some("A reason".to_owned()),
        kind if kind.is_number() && field.name != "known_at" => Some("2".to_owned()),
        _ => None,
    }
}

/// Rows and totals are as wide as the columns, and each cell is of its column's kind.
fn misshapen(report: &Report, table: &Table) -> Vec<String> {
    let mut wrong = Vec::new();
    let width = report.columns.len();
    for row in table.rows.iter().chain([&table.totals].into_iter().filter(|row| !row.is_empty())) {
        if row.len() != width {
            wrong.push(format!("{}: {} cells for {width} columns", report.name, row.len()));
            continue;
        }
        for (cell, column) in row.iter().zip(&report.columns) {
            if !fits(cell, &column.kind) {
                wrong.push(format!(
                    "{}.{}: {cell:?} is no {}",
                    report.name,
                    column.name,
                    column.kind.name()
                ));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    wrong.truncate(10);
    wrong
}

fn fits(cell: &Value, kind: &Kind) -> bool {
    match (cell, kind) {
        (Value::Null, _) => true,
        (Value::Text(_), kind) => kind.is_text() || matches!(kind, Kind::Choice { .. }),
        (Value::Int(_), Kind::Integer | Kind::Duration) => true,
        (Value::Decimal(_), kind) => kind.scale().is_some(),
        (Value::Bool(_), Kind::Bool) | (Value::Date(_), Kind::Date) => true,
        (Value::Time(_), Kind::DateTime) | (Value::Link(_), Kind::Link { .. }) => true,
        (Value::Json(_), kind) if kind.is_json() => true,
        _ => false,
    }
}
