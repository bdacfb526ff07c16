//! What a plugin adds: models, fields, states, actions, roles, menu entries, reports (`schema/*.toml` of its
//! package) and texts (`locales/*.ftl`). It is there while the plugin is in force, by the same planned change
//! as modules and a company's own fields: first what it needs comes, then the plugin; first the plugin goes,
//! then what it added. What is out of sight keeps its data, until somebody purges it.
//! Not here: how a change is planned and carried out (`plan`).

use std::collections::BTreeSet;

use fondaco_schema::{Fault, Origin, Schema, Source, What};
use fondaco_values::Problem;

use super::Line;
use super::rows::Version;
use crate::db::{Kind, Sql};
use crate::error::{Error, Result};
use crate::identity;
use crate::model::migrate::{self, Difference};
use crate::module::Registry;
use crate::plan::{self, Addition, Consent, Desired, RoleMoved};
use crate::plugins::Package;
use crate::texts::{Texts, keys};
use crate::{Kernel, Tx, files};

/// The folders of a package, and how the files in them end.
pub const SCHEMA: (&str, &str) = ("schema/", ".toml");
pub const LOCALES: (&str, &str) = ("locales/", ".ftl");
/// How often a change is planned anew when others change the schema at the same time.
const TRIES: u32 = 5;

/// What a package adds, in force.
pub(super) fn of_package(package: &Package) -> Addition {
    let id = &package.manifest.id;
    let within = |(folder, ending): (&'static str, &'static str)| {
        package.files.keys().filter_map(move |place| {
            let name = place.strip_prefix(folder)?.strip_suffix(ending)?;
            Some((name, format!("{id}/{place}"), package.text(place).to_owned()))
        })
    };
    let origin = || Origin::Plugin(id.clone());
    let source = |(_, path, text): (&str, String, String)| Source::new(origin(), path, text);
    let text = |(language, path, text): (&str, String, String)| (language.to_owned(), path, text);
    Addition {
        plugin: id.clone(),
        version: package.manifest.version.to_string(),
        on: true,
        sources: within(SCHEMA).map(source).collect(),
        locales: within(LOCALES).map(text).collect(),
        before: Vec::new(),
    }
}

fn is_empty(addition: &Addition) -> bool {
    addition.sources.is_empty() && addition.locales.is_empty() && addition.before.is_empty()
}

/// The same desired state with a plugin's addition in force, or none of it.
pub(super) fn with(desired: &Desired, plugin: &str, addition: Option<&Addition>) -> Desired {
    let mut next = desired.clone();
    put(&mut next.plugins, plugin, addition);
    next
}

fn put(all: &mut Vec<Addition>, plugin: &str, addition: Option<&Addition>) {
    let at = all.iter().position(|own| own.plugin == plugin);
    let known = at.map(|at| all.remove(at));
    let Some(mut next) = addition.cloned() else { return };
    if let Some(known) = known {
        next.before = known.before;
        if known.sources != next.sources && !known.sources.is_empty() {
            next.before.push(known.sources);
        }
        next.before.retain(|sources| *sources != next.sources);
        next.before.dedup();
    }
    if !is_empty(&next) {
        all.push(next);
        all.sort_by(|a, b| a.plugin.cmp(&b.plugin));
    }
}

/// What is added by a version that was accepted, as far as it is known here.
pub(super) fn known<'d>(desired: &'d Desired, plugin: &str, version: &str) -> Option<&'d Addition> {
    desired.plugins.iter().find(|own| own.plugin == plugin && own.version == version)
}

/// The schema with what a package adds, and everything that is wrong with that.
///
/// # Errors
/// `Invalid`, each with the file of the package.
pub(super) fn schema(desired: &Desired, addition: &Addition) -> Result<Schema> {
    let next = with(desired, &addition.plugin, Some(addition));
    let schema = next.schema().map_err(refused)?;
    let without = with(desired, &addition.plugin, None).schema()?;
    let wrong = wrong_texts(&addition.locales, &without, &schema);
    if wrong.is_empty() { Ok(schema) } else { Err(Error::Invalid(wrong)) }
}

/// What is wrong with texts, `(language, path, text)` each: a plugin says in other languages what it has
/// added, and nothing else.
pub fn wrong_texts(
    locales: &[(String, String, String)],
    before: &Schema,
    after: &Schema,
) -> Vec<Problem> {
    let all = |schema: &Schema| -> BTreeSet<String> {
        keys::of_schema(schema).into_iter().map(|wanted| wanted.key).collect()
    };
    let (mut wrong, mut texts) = (Vec::new(), Texts::default());
    for (language, path, text) in locales {
        if let Err(message) = texts.add_of_plugin(language, path, text) {
            wrong.push(Problem::new(path.as_str(), "locales", format!("{message}.")));
        }
    }
    if locales.is_empty() {
        return wrong;
    }
    let (known, after) = (all(before), all(after));
    let own: BTreeSet<&String> = after.difference(&known).collect();
    for (language, path, _) in locales {
        let keys = texts.keys(language).map(|(key, _)| key.to_owned());
        for key in keys.filter(|key| !own.contains(key)) {
            let near = fondaco_schema::nearest(&key, own.iter().map(|key| key.as_str()));
            let near = near.map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
            let message =
                format!("{path}: {key} is the key of nothing that the plugin adds.{near}");
            wrong.push(Problem::new(path.as_str(), "locales", message));
        }
    }
    wrong
}

/// Faults as problems of whoever installs it.
fn refused(error: Error) -> Error {
    let Error::Schema(faults) = error else { return error };
    let problem = |fault: &Fault| Problem::new(fault.path.as_str(), "schema", format!("{fault}."));
    Error::Invalid(faults.iter().map(problem).collect())
}

/// What becomes another in a company, in words: each thing, and each right that a role gains or loses.
pub(super) fn lines(before: &Schema, after: &Schema) -> Vec<Line> {
    let (changes, roles) = plan::between(before, after);
    let line = |kind: &str, what: String, change| Line {
        kind: kind.to_owned(),
        what,
        why: String::new(),
        change,
    };
    let mut lines: Vec<Line> = changes
        .iter()
        .map(|change| {
            let said = change.to_string();
            let said = said.trim_start_matches(['+', '-', '~', ' ']).to_owned();
            match change.what {
                What::Added => line("adds", said, "more"),
                What::Changed => line("changes", said, "more"),
                What::Removed => line("adds", said, "less"),
            }
        })
        .collect();
    for RoleMoved { role, moved } in &roles {
        let more = moved.gains.iter().chain(&moved.other_condition);
        for (granted, change) in
            more.map(|own| (own, "more")).chain(moved.loses.iter().map(|own| (own, "less")))
        {
            let rights = granted.rights.join(", ");
            let may = match granted.on.as_str() {
                "reports" => format!("{role}: the report {rights}"),
                on => format!("{role}: {rights} of {on}"),
            };
            lines.push(line("role", may, change));
        }
    }
    lines
}

/// The package of a version, as it lies in the database.
pub(super) async fn package(tx: &mut Tx, version: &Version) -> Result<Package> {
    let bytes = files::content(tx, &version.package).await?;
    tx.shared().plugins.open_package(&bytes).map_err(Error::Invalid)
}

impl Kernel {
    /// Brings what a version adds into the schema, before the version is in force.
    pub(super) async fn expand_for(&self, version: &Version) -> Result<()> {
        let (own, ctx) = (version.clone(), identity::kernel_itself());
        let read = self.aside(Kind::Read, &ctx, move |tx| {
            let version = own.clone();
            Box::pin(async move { Ok(of_package(&package(tx, &version).await?)) })
        });
        let addition = read.await?;
        self.bring(Consent::default(), move |all| {
            put(all, &addition.plugin, Some(&addition));
        })
        .await
    }

    /// Puts what a plugin has added out of sight. Its data rests.
    pub(super) async fn hide_of(&self, plugin: &str) -> Result<()> {
        let plugin = plugin.to_owned();
        self.bring(Consent::default(), move |all| {
            all.iter_mut().filter(|own| own.plugin == plugin).for_each(|own| own.on = false);
        })
        .await
    }

    /// Forgets what a plugin has added, with all data in it.
    pub(super) async fn purge_of(&self, plugin: &str) -> Result<()> {
        let desired = self.desired_now().await?;
        if desired.plugins.iter().all(|own| own.plugin != plugin) {
            return Ok(());
        }
        let registry = self.registry_of(&with(&desired, plugin, None)).map_err(refused)?;
        let ctx = identity::kernel_itself();
        let emptied = self.run(&ctx, move |tx| {
            let registry = registry.clone();
            Box::pin(async move { empty(tx, &registry).await })
        });
        emptied.await?;
        let plugin = plugin.to_owned();
        self.bring(Consent { destructive: true }, move |all| put(all, &plugin, None)).await
    }

    /// What this database was brought to.
    async fn desired_now(&self) -> Result<Desired> {
        let ctx = identity::kernel_itself();
        let read = self.read(&ctx, |tx| {
            let desired = tx.registry().desired().clone();
            Box::pin(async { Ok(desired) })
        });
        read.await
    }

    async fn bring(
        &self,
        consent: Consent,
        change: impl Fn(&mut Vec<Addition>) + Send + Sync,
    ) -> Result<()> {
        let mut refusal = None;
        for _ in 0..TRIES {
            let before = self.desired_now().await?;
            let mut next = before.clone();
            change(&mut next.plugins);
            if next.plugins == before.plugins {
                return Ok(());
            }
            let plan = plan::drawn(self, &next).await.map_err(refused)?;
            match plan::carry(self, &next, &plan, consent, &plan::silent()).await {
                Err(error @ Error::Conflict { code: "stale_plan", .. }) => refusal = Some(error),
                done => return done,
            }
        }
        Err(refusal.unwrap_or_else(|| Error::internal("a change was never tried")))
    }
}

/// Empties the tables and columns that nobody declares any more with this registry. Columns first: they
/// may lead into the tables; of the tables first those that hold nothing but links.
async fn empty(tx: &mut Tx, registry: &Registry) -> Result<()> {
    let Difference { applied, steps, .. } = migrate::difference(tx, registry).await?;
    let mut tables: Vec<&str> = Vec::new();
    for step in &steps {
        match step {
            fondaco_schema::Step::HideColumn { table, column, .. } => {
                clear(tx, table, column).await?
            }
            fondaco_schema::Step::HideTable { table, .. } => tables.push(table),
            _ => {}
        }
    }
    let is_of_links = |table: &&str| applied.tables.get(*table).is_some_and(|t| t.key.len() > 1);
    let (links, others): (Vec<&str>, Vec<&str>) = tables.into_iter().partition(is_of_links);
    for table in &others {
        let columns = applied.tables.get(*table).into_iter().flat_map(|own| own.columns.values());
        let leads = columns
            .filter(|column| column.refers.as_deref().is_some_and(|to| others.contains(&to)));
        for column in leads {
            clear(tx, table, &column.name).await?;
        }
    }
    for table in links.into_iter().chain(others) {
        tx.exec(Sql::new().lit("delete from ").ident(table)).await?;
    }
    Ok(())
}

async fn clear(tx: &mut Tx, table: &str, column: &str) -> Result<()> {
    let sql = Sql::new().lit("update ").ident(table).lit(" set ").ident(column).lit(" = null");
    tx.exec(sql).await.map(drop)
}
