//! What authors of plugins have: fixtures that fail when they should, commands that say what is wrong, and every
//! plugin of the house from its source through `fondaco plugin test`, the program itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use fondaco_kernel::schema::{Origin, Source, fixture};
use fondaco_plugin_host::fixtures::{Report, Tester};
use fondaco_server::authoring::{reference, sdk};
use fondaco_tests::guests;
use fondaco_tests::scratch::Scratch;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The program, with caches beside the build. One at a time: two builds of one plugin write the same file.
pub(super) fn fondaco(args: &[&str]) -> Output {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let build = guests::build();
    Command::new(build.join("fondaco"))
        .arg("plugin")
        .args(args)
        .current_dir(root())
        .env("CARGO_TARGET_DIR", build.join("guests"))
        .env("XDG_CACHE_HOME", build.join("cache-of-tests"))
        .output()
        .unwrap()
}

pub(super) fn said(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// Runs a fixture of the plugin that is asked everywhere.
async fn tried(manifest: impl Fn(String) -> String, text: &str) -> Option<Report> {
    let (component, own) = guests::of_tests("every-point")?;
    let manifest = guests::read_manifest(&manifest(own), None);
    let source = Source::new(Origin::Company, "fixtures/it.toml", text);
    let fixture = fixture(&source, &manifest, None).unwrap_or_else(|faults| {
        panic!("{}", faults.iter().map(|f| format!("{f}\n")).collect::<String>())
    });
    let (cache, compiler) = guests::compiled();
    let tester = Tester::new(cache, compiler, (manifest, &component)).unwrap();
    Some(tester.run(&fixture).await)
}

const SAVED: &str = r#"
fixture = 1
name = "A thing is saved"
[given]
now = 2026-03-02T09:00:00Z
[given.records.party.verdi]
name = "Verdi"
[given.records."acme.thing".wheel]
name = "wheel"
size = 2.25
owner = { record = "verdi" }
parts = [{ label = "hub" }, { label = "rim" }]
[when]
hook = "check"
record = "wheel"
[then.changes.wheel]
note = "new wheel of Verdi with hub+rim at 2026-03-02T09:00:00Z"
size = 2.3
"#;

fn with_clock(manifest: String) -> String {
    manifest.replacen("on = \"save\"", "on = \"save\"\nclock = true", 1)
}

#[tokio::test]
async fn a_fixture_shows_what_differs_and_holds_hooks_to_their_hour() {
    // It writes the hour, and says so.
    let Some(report) = tried(with_clock, SAVED).await else { return };
    assert!(report.passed(), "{report}");
    assert_eq!(report.scaled.iter().map(|scaled| scaled.lines).collect::<Vec<_>>(), [2, 20, 200]);
    assert!(report.disappointed > 3 && report.spent.fuel > 1_000, "{report:?}");
    // The same, and it does not say so.
    let report = tried(|manifest| manifest, SAVED).await.unwrap();
    let why = "another day or other chance changed changes.wheel.note; if that is meant, write \
               `clock = true` under [hooks.check]";
    assert_eq!(report.failures, [why]);
    // Something else is wanted: the places that differ, and only those.
    let other = SAVED.replace("size = 2.3\n", "size = 2.4\nnumber = 1\n");
    let report = tried(with_clock, &other).await.unwrap();
    let found: Vec<_> =
        report.differences.iter().map(|d| [&*d.place, &*d.wanted, &*d.came]).collect();
    assert_eq!(found, [["changes.wheel.size", "2.4", "2.3"], ["changes.wheel.number", "1", "—"]]);
    let shown = report.to_string();
    assert!(shown.starts_with("FAILED  A thing is saved (fixtures/it.toml)"), "{shown}");
    assert!(shown.contains("changes.wheel.size    2.4     2.3"), "{shown}");
    // What the manifest does not ask for is no change, whatever the fixture wants.
    let silent =
        |manifest: String| with_clock(manifest).replace("[\"note\", \"size\"]", "[\"size\"]");
    let report = tried(silent, SAVED).await.unwrap();
    let why = "it wants to write acme.thing.note, which [capabilities] does not ask for";
    assert_eq!(report.failures, [why]);
}

#[tokio::test]
async fn a_fixture_of_an_event_has_a_desk_and_disappoints_it() {
    let heard = r#"
fixture = 1
name = "A ping is heard"
[given.records."acme.thing".wheel]
name = "wheel"
[[given.found]]
model = "acme.thing"
filter = "name != 'heard'"
records = ["wheel"]
[when]
hook = "heard"
event = "test.every-point.pinged"
record = "wheel"
payload = { by = "wheel" }
[then]
[[then.done]]
create = "acme.thing"
fields = { name = "heard", note = 'heard {"by":"wheel"} of wheel, one of 1' }
"#;
    let Some(report) = tried(|manifest| manifest, heard).await else { return };
    assert!(report.passed(), "{report}");
    // Four questions, each answered badly in five ways.
    assert_eq!(report.disappointed, 20, "{report}");
}

#[test]
fn faults_of_a_fixture_are_told_all_at_once() {
    let text = r#"
fixture = 1
[given.settings]
feee = 1
[given.records.party.verdi]
name = "Verdi"
friend = { record = "verde" }
[when]
hook = "check"
record = "verdy"
[then]
proceed = true
[then.limits]
fuel = 1
"#;
    let manifest = root().join("tests/guests/every-point/plugin.toml");
    let manifest = guests::read_manifest(&std::fs::read_to_string(manifest).unwrap(), None);
    let source = Source::new(Origin::Company, "f.toml", text);
    let faults: Vec<String> =
        fixture(&source, &manifest, None).unwrap_err().iter().map(ToString::to_string).collect();
    for (place, what) in [
        ("f.toml:1:1", "`name` is missing"),
        ("f.toml:4:1", "has no setting `feee` (did you mean `fee`?)"),
        ("f.toml:7:21", "[given.records] has no `verde` (did you mean `verdi`?)"),
        ("f.toml:10:10", "[given.records] has no `verdy` (did you mean `verdi`?)"),
        ("f.toml:12:1", "unknown key `proceed`"),
        ("f.toml:14:1", "unknown key `fuel`"),
    ] {
        let found = faults.iter().any(|fault| fault.starts_with(place) && fault.contains(what));
        assert!(found, "{place} {what}: {faults:#?}");
    }
    assert_eq!(faults.len(), 6, "{faults:#?}");
}

#[test]
fn a_new_plugin_is_made_and_what_is_wrong_in_it_is_told() {
    let Some((component, _)) = guests::of_house("credit-guard") else { return };
    let place = Scratch::new("authors");
    let folder = place.path().join("shop-guard");
    let wasm = place.path().join("guard.wasm");
    std::fs::create_dir_all(place.path()).unwrap();
    std::fs::write(&wasm, component).unwrap();
    let (folder, wasm) = (folder.to_str().unwrap(), wasm.to_str().unwrap());
    for language in ["rust", "js", "python"] {
        let _ = std::fs::remove_dir_all(folder);
        let made = fondaco(&["new", folder, "--language", language, "--publisher", "bolt"]);
        assert!(made.status.success(), "{}", said(&made));
        let again = fondaco(&["new", folder, "--language", language]);
        assert!(said(&again).contains("is there already, and not empty"), "{}", said(&again));
        // Any guard fits this manifest: what it does is another question.
        let checked = fondaco(&["check", folder, "--component", wasm]);
        assert_eq!((checked.status.code(), language), (Some(0), language), "{}", said(&checked));
    }
    let manifest = PathBuf::from(folder).join("plugin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let wrong =
        text.replace("\"customer.name\"", "\"customer.nam\"").replace("\"guard\"", "\"gard\"");
    std::fs::write(&manifest, wrong).unwrap();
    let checked = fondaco(&["check", folder, "--component", wasm]);
    assert_eq!(checked.status.code(), Some(3));
    assert!(said(&checked).contains("`on` is one of"), "{}", said(&checked));
    // A hook that the component does not have.
    let saves = text.replace("\"guard\"", "\"save\"").replace("actions = [\"confirm\"]\n", "");
    std::fs::write(&manifest, saves).unwrap();
    let _ = std::fs::remove_dir_all(PathBuf::from(folder).join("fixtures"));
    let checked = fondaco(&["check", folder, "--component", wasm]);
    assert!(
        said(&checked).contains("does not export fondaco:plugin/records@0.2.0"),
        "{}",
        said(&checked)
    );
}

/// Each plugin of the house by the file that its tools want, in order of name.
fn of_house() -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("plugins")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let kinds =
            [("Cargo.toml", "rustup"), ("package.json", "npm"), ("pyproject.toml", "python3")];
        let kind = kinds.iter().find(|(file, _)| path.join(file).exists());
        if let Some((_, tool)) = kind.filter(|_| path.join("plugin.toml").exists()) {
            found.push((name, *tool));
        }
    }
    found.sort();
    found
}

#[test]
fn every_plugin_of_the_house_passes_its_fixtures() {
    let plugins = of_house();
    assert!(plugins.len() >= 4, "{plugins:?}");
    for (name, tool) in plugins {
        let there =
            Command::new(tool).arg("--version").output().is_ok_and(|out| out.status.success());
        if !there {
            eprintln!("SKIPPED: plugins/{name} is not built, since {tool} is not there");
            continue;
        }
        let began = Instant::now();
        let folder = format!("plugins/{name}");
        let verb = if root().join(&folder).join("fixtures").is_dir() { "test" } else { "check" };
        let tested = fondaco(&[verb, &folder]);
        let text = said(&tested);
        // Their tools come from registries: who cannot reach them is told, and goes on.
        if tool != "rustup"
            && (text.contains("npm ended") || text.contains("No matching distribution"))
        {
            eprintln!(
                "SKIPPED: plugins/{name} is not built, since its tools cannot be fetched:\n{text}"
            );
            continue;
        }
        assert_eq!(tested.status.code(), Some(0), "{name}:\n{text}");
        let summary = text.lines().rfind(|line| line.starts_with("fondaco.")).unwrap_or(&folder);
        println!("{summary} — {} s in all", began.elapsed().as_secs());
    }
}

#[test]
fn the_reference_is_what_the_contract_says() {
    let file = root().join("sdk/reference.md");
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let wanted = reference::markdown("0.2").unwrap();
    let cure = "fondaco plugin reference --api 0.2 > sdk/reference.md";
    assert!(kept.trim_end() == wanted.trim_end(), "{} is old: {cure}", file.display());
    for word in ["## guards", "before-action: func(", "## data", "record decimal"] {
        assert!(kept.contains(word), "{word}");
    }
}

#[test]
fn the_program_carries_every_file_of_the_sdks() {
    let carried: BTreeSet<String> = sdk::carried().map(str::to_owned).collect();
    let mut there = BTreeSet::new();
    for (folder, end) in [
        ("sdk/wit/0.1", "wit"),
        ("sdk/wit/0.2", "wit"),
        ("sdk/rust/src", "rs"),
        ("sdk/rust/derive/src", "rs"),
        ("core/values/src", "rs"),
        ("sdk/js/src", "js"),
        ("sdk/js/src", "ts"),
        ("sdk/python/fondaco_plugin", "py"),
    ] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|own| own == end) {
                there.insert(format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap()));
            }
        }
    }
    let missing: Vec<_> = there.difference(&carried).collect();
    assert!(missing.is_empty(), "core/server/src/authoring/sdk.rs does not carry {missing:?}");
}
