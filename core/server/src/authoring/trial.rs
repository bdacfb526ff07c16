//! A plugin's folder read, held against its component, and tried by its fixtures.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fondaco_kernel::plugins::lifecycle::{LOCALES, wrong_texts};
use fondaco_kernel::{Database, Kernel, Setup};
use fondaco_plugin_host::Compiler;
use fondaco_plugin_host::fixtures::{Report, Tester};
use fondaco_schema::fixture::Fixture;
use fondaco_schema::plugin::Manifest;
use fondaco_schema::{Origin, Schema, Source, fixture, manifest};

use super::{Place, build};
use crate::config::{Company, cache};
use crate::modules;
use crate::progress::{Progress, note};

/// A plugin's folder, with its fixtures in order of their files.
pub struct Read {
    pub manifest: Manifest,
    pub fixtures: Vec<Fixture>,
}

/// What came of a trial, and how long it took.
pub struct Tried {
    pub reports: Vec<Report>,
    /// Why nothing could be tried.
    pub wrong: Vec<String>,
    pub built: Duration,
    pub compiled: Duration,
    pub ran: Duration,
}

/// Reads manifest and fixtures; the inner error is everything that is wrong in them.
///
/// # Errors
/// When the folder or the company cannot be read.
pub fn read(place: &Place) -> Result<Result<Read, Vec<String>>> {
    let folder = &place.folder;
    let source = text(folder, Path::new("plugin.toml"))?;
    let id = match manifest(&source, None) {
        Ok(manifest) => manifest.id,
        Err(faults) => return Ok(Err(faults.iter().map(ToString::to_string).collect())),
    };
    let schema = match schema(place, &id)? {
        Ok(schema) => schema,
        Err(faults) => return Ok(Err(faults)),
    };
    let mut wrong = Vec::new();
    let manifest = match manifest(&source, Some(&schema)) {
        Ok(manifest) => manifest,
        Err(faults) => return Ok(Err(faults.iter().map(ToString::to_string).collect())),
    };
    let mut fixtures = Vec::new();
    for source in sources(folder, "fixtures")? {
        match fixture(&source, &manifest, Some(&schema)) {
            Ok(fixture) => fixtures.push(fixture),
            Err(faults) => wrong.extend(faults.iter().map(ToString::to_string)),
        }
    }
    Ok(if wrong.is_empty() { Ok(Read { manifest, fixtures }) } else { Err(wrong) })
}

/// The models that a plugin may speak of: those of all modules, the company's own, and what it adds.
fn schema(place: &Place, id: &str) -> Result<Result<Schema, Vec<String>>> {
    let mut setup = match &place.company {
        Some(folder) => Company::read(folder)?.setup()?,
        None => Setup::new(Database::Memory, modules::all()),
    };
    let before = match Kernel::check(&setup) {
        Ok(schema) => schema,
        Err(error) => return faulty(error),
    };
    let own = sources(&place.folder, "schema")?.into_iter();
    setup.company.extend(own.map(|own| Source { origin: Origin::Plugin(id.to_owned()), ..own }));
    let after = match Kernel::check(&setup) {
        Ok(schema) => schema,
        Err(error) => return faulty(error),
    };
    let wrong = wrong_texts(&locales(&place.folder)?, &before, &after);
    let told = wrong.into_iter().map(|problem| problem.message).collect::<Vec<_>>();
    Ok(if told.is_empty() { Ok(after) } else { Err(told) })
}

fn faulty(error: fondaco_kernel::Error) -> Result<Result<Schema, Vec<String>>> {
    match error {
        fondaco_kernel::Error::Schema(faults) => {
            Ok(Err(faults.iter().map(ToString::to_string).collect()))
        }
        error => Err(error.into()),
    }
}

/// `(language, path, text)` of each file of texts.
fn locales(folder: &Path) -> Result<Vec<(String, String, String)>> {
    let (place, ending) = LOCALES;
    let Ok(entries) = std::fs::read_dir(folder.join(place)) else { return Ok(Vec::new()) };
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let mut found = Vec::new();
    for name in &names {
        let Some(language) = name.strip_suffix(ending) else { continue };
        let path = format!("{place}{name}");
        let text = text(folder, Path::new(&path))?.text;
        found.push((language.to_owned(), path, text));
    }
    Ok(found)
}

fn sources(folder: &Path, below: &str) -> Result<Vec<Source>> {
    let Ok(entries) = std::fs::read_dir(folder.join(below)) else { return Ok(Vec::new()) };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    paths.sort();
    let names = paths.iter().filter_map(|path| path.file_name());
    names.map(|name| text(folder, &Path::new(below).join(name))).collect()
}

fn text(folder: &Path, path: &Path) -> Result<Source> {
    let text = std::fs::read_to_string(folder.join(path))
        .with_context(|| folder.join(path).display().to_string())?;
    Ok(Source::new(Origin::Company, path.display().to_string(), text))
}

/// Builds the component and holds it against its manifest: every reason why it cannot be run.
///
/// # Errors
/// When it cannot be built.
pub fn unfit(place: &Place, read: &Read) -> Result<Vec<String>> {
    let component = build::component(place)?;
    Ok(match tester(&component, &read.manifest)? {
        Ok(_) => Vec::new(),
        Err(reasons) => reasons,
    })
}

fn tester(component: &Path, manifest: &Manifest) -> Result<Result<Tester<'static>, Vec<String>>> {
    let bytes = std::fs::read(component).with_context(|| component.display().to_string())?;
    let compiler = Compiler::Child(std::env::current_exe()?);
    let made = Tester::new(cache().join("compiled"), compiler, (manifest.clone(), &bytes));
    Ok(made.map_err(|unfit| unfit.reasons().to_vec()))
}

/// Builds, compiles and runs the fixtures whose file or name has a text.
///
/// # Errors
/// When it cannot be built.
pub async fn run(place: &Place, read: &Read, only: Option<&str>) -> Result<Tried> {
    let began = Instant::now();
    let component = build::component(place)?;
    let built = began.elapsed();
    let began = Instant::now();
    if std::fs::metadata(&component)?.len() > 4 << 20 {
        note("compiling, which takes a while for an interpreter; the next time it is there");
    }
    let tester = tester(&component, &read.manifest)?;
    let compiled = began.elapsed();
    let mut tried =
        Tried { reports: Vec::new(), wrong: Vec::new(), built, compiled, ran: began.elapsed() };
    let tester = match tester {
        Ok(tester) => tester,
        Err(wrong) => return Ok(Tried { wrong, ..tried }),
    };
    let began = Instant::now();
    let wanted = |fixture: &&Fixture| {
        only.is_none_or(|text| fixture.path.contains(text) || fixture.name.contains(text))
    };
    let fixtures: Vec<&Fixture> = read.fixtures.iter().filter(wanted).collect();
    let mut progress = Progress::new("Fixtures", u64::try_from(fixtures.len()).unwrap_or_default());
    for fixture in fixtures {
        tried.reports.push(tester.run(fixture).await);
        progress.step(1);
    }
    progress.done();
    tried.ran = began.elapsed();
    Ok(tried)
}
