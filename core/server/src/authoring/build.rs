//! From a plugin's folder to its component, by the tools of its language, which are added where they may be.
//! JavaScript and Python get a world of their own, with the points that the manifest names and no more.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use fondaco_schema::plugin::{Manifest, Point};
use fondaco_schema::{Origin, Source, manifest};

use super::{Language, Place, sdk};
use crate::progress::note;

const TARGET: &str = "wasm32-wasip2";
const ESBUILD: &str = "esbuild@0.28.2";
const COMPONENTIZE_JS: &str = "@bytecodealliance/componentize-js@0.23.0";
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";
/// The component, in the plugin's folder.
pub const COMPONENT: &str = "plugin.wasm";
/// What the build writes, and what is nobody's source.
const NOT_SOURCES: [&str; 6] =
    [".fondaco", "node_modules", "target", "__pycache__", COMPONENT, "Cargo.lock"];

/// The component of a plugin: the one that is given, else built from source.
///
/// # Errors
/// What the tools say, or which of them is missing, with the cure.
pub fn component(place: &Place) -> Result<PathBuf> {
    if let Some(given) = &place.component {
        return Ok(given.clone());
    }
    let folder = &place.folder;
    let Some(language) = Language::of(folder) else {
        bail!(
            "{}: no Cargo.toml (Rust), package.json (JavaScript) or pyproject.toml (Python); \
             `fondaco plugin new` makes a folder that can be built",
            folder.display()
        );
    };
    let out = folder.join(COMPONENT);
    match language {
        Language::Rust => rust(folder, &out)?,
        _ if is_fresh(folder, &out) => {}
        Language::Js => js(folder, &place.tools(), &out)?,
        Language::Python => python(folder, &place.tools(), &out)?,
    }
    Ok(out)
}

/// When the newest of the sources was written.
pub fn newest(folder: &Path) -> SystemTime {
    let mut newest = SystemTime::UNIX_EPOCH;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        if NOT_SOURCES.iter().any(|own| name == **own) {
            continue;
        }
        let Ok(found) = entry.metadata() else { continue };
        let own = match found.is_dir() {
            true => self::newest(&entry.path()),
            false => found.modified().unwrap_or(newest),
        };
        newest = newest.max(own);
    }
    newest
}

/// Interpreters take long to be packed: that is done for new sources only.
fn is_fresh(folder: &Path, out: &Path) -> bool {
    let built = out.metadata().and_then(|found| found.modified());
    built.is_ok_and(|built| built > newest(folder))
}

fn rust(folder: &Path, out: &Path) -> Result<()> {
    let cargo = folder.join("Cargo.toml");
    if std::fs::read_to_string(&cargo)?.contains(".fondaco/") {
        sdk::rust(folder)?;
    }
    let installed = output(Command::new("rustup").args(["target", "list", "--installed"]));
    if !installed.is_ok_and(|found| found.lines().any(|line| line == TARGET)) {
        note(&format!("rustup target add {TARGET}"));
        let added = output(Command::new("rustup").args(["target", "add", TARGET]));
        added.context("the target for plugins is missing; rustup comes from https://rustup.rs")?;
    }
    note(&format!("cargo build --release --target {TARGET}"));
    let said = output(
        Command::new("cargo")
            .args(["build", "--release", "--quiet", "--target", TARGET, "--manifest-path"])
            .arg(&cargo)
            .arg("--message-format=json-render-diagnostics"),
    )?;
    let made = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let files = made.filter(|made| made["target"]["crate_types"][0] == "cdylib");
    let mut files = files.filter_map(|made| Some(made["filenames"][0].as_str()?.to_owned()));
    let file = files.next_back();
    let file =
        file.context("cargo made no component: write crate-type = [\"cdylib\"] under [lib]")?;
    std::fs::copy(&file, out).with_context(|| format!("copying {file}"))?;
    Ok(())
}

fn js(folder: &Path, tools: &Path, out: &Path) -> Result<()> {
    let tools = tools.join("js");
    needed("node", "https://nodejs.org, version 20 or later")?;
    if !tools.join("node_modules/@bytecodealliance/componentize-js").is_dir()
        || !tools.join("node_modules/esbuild").is_dir()
    {
        needed("npm", "it comes with node")?;
        note(&format!("npm install {ESBUILD} {COMPONENTIZE_JS} into {}", tools.display()));
        std::fs::create_dir_all(&tools)?;
        let npm = ["install", "--no-audit", "--no-fund", "--silent", "--prefix"];
        output(Command::new("npm").args(npm).arg(&tools).args([ESBUILD, COMPONENTIZE_JS]))?;
    }
    sdk::js(folder)?;
    let work = working(folder)?;
    let manifest = read(folder)?;
    let source = source(folder, &["src/plugin.ts", "src/plugin.js", "plugin.ts", "plugin.js"])?;
    let world = World::of(&manifest);
    let mut entry = String::new();
    for interface in IMPORTS {
        entry.push_str(&match world.imports(interface) {
            true => format!("import * as {interface} from \"fondaco:plugin/{interface}@0.2.0\";\n"),
            false => format!("const {interface} = {{}};\n"),
        });
    }
    entry.push_str("import { bind } from \"@fondaco/plugin/bind\";\n");
    entry.push_str(&format!("import plugin from \"../../{source}\";\n"));
    entry.push_str(&format!("const bound = bind(plugin, {{ {} }});\n", IMPORTS.join(", ")));
    for interface in &world.exports {
        entry.push_str(&format!("export const {interface} = bound.{interface};\n"));
    }
    sdk::renew(&work.join("entry.js"), &entry)?;
    sdk::renew(&work.join("wit/plugin.wit"), &world.wit()?)?;
    note("esbuild, then componentize-js");
    // What runs in the folder of the tools finds them.
    let script = tools.join("build.mjs");
    sdk::renew(&script, PACK_JS)?;
    let paths = [work.join("entry.js"), work.join("bundle.js"), work.join("wit"), out.to_owned()];
    let paths = paths.map(|path| std::path::absolute(&path).unwrap_or(path));
    output(Command::new("node").arg(script).args(paths)).map(drop)
}

const PACK_JS: &str = r#"import { componentize } from "@bytecodealliance/componentize-js";
import { build } from "esbuild";
import { writeFile } from "node:fs/promises";
const [entry, bundle, witPath, out] = process.argv.slice(2);
await build({
  entryPoints: [entry], outfile: bundle, bundle: true, format: "esm", platform: "neutral",
  mainFields: ["module", "main"], external: ["fondaco:*"], logLevel: "error",
});
const disableFeatures = ["random", "stdio", "clocks", "http", "fetch-event"];
const { component } = await componentize({ sourcePath: bundle, witPath, worldName: "built", disableFeatures });
await writeFile(out, component);
"#;

fn python(folder: &Path, tools: &Path, out: &Path) -> Result<()> {
    let tools = tools.join("python");
    needed("python3", "https://www.python.org, version 3.10 or later")?;
    if !tools.join("componentize_py").is_dir() {
        note(&format!("pip install {COMPONENTIZE_PY} into {}", tools.display()));
        std::fs::create_dir_all(&tools)?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"];
        output(Command::new("python3").args(pip).arg(&tools).arg(COMPONENTIZE_PY))?;
    }
    sdk::python(folder)?;
    let work = working(folder)?;
    let manifest = read(folder)?;
    let source = source(folder, &["src/plugin.py", "plugin.py"])?;
    let module = folder.join(source);
    let beside = module.parent().unwrap_or(folder);
    let world = World::of(&manifest);
    sdk::renew(&work.join("app.py"), &world.python())?;
    sdk::renew(&work.join("wit/plugin.wit"), &world.wit()?)?;
    note("componentize-py");
    output(
        Command::new("python3")
            .arg(tools.join("bin/componentize-py"))
            .arg("-d")
            .arg(work.join("wit"))
            .args(["-w", "built", "componentize", "app", "-s"])
            .arg("-p")
            .arg(&work)
            .arg("-p")
            .arg(folder.join(".fondaco/python"))
            .arg("-p")
            .arg(beside)
            .arg("-o")
            .arg(out)
            .env("PYTHONPATH", &tools)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
    .map(drop)
}

const IMPORTS: [&str; 6] = ["log", "settings", "context", "data", "kv", "http"];
/// Those that answer only whoever works after the commit, or in an action of his own.
const AT_DESK: [&str; 3] = ["data", "kv", "http"];

/// What a component of these hooks imports and exports.
struct World {
    exports: Vec<&'static str>,
    at_desk: bool,
}

impl World {
    fn of(manifest: &Manifest) -> World {
        let asked = |point: &Point| manifest.at(*point).next().is_some();
        let points: Vec<Point> = Point::ALL.into_iter().filter(asked).collect();
        let exports = points.iter().filter_map(|point| point.interface("0.2")).collect();
        World { exports, at_desk: points.iter().any(|point| !point.is_pure()) }
    }

    fn imports(&self, interface: &str) -> bool {
        self.at_desk || !AT_DESK.contains(&interface)
    }

    /// The contract with a world of its own at the end.
    fn wit(&self) -> Result<String> {
        let (_, contract) = sdk::WIT.last().context("no contract")?;
        let imports = IMPORTS.into_iter().filter(|name| self.imports(name));
        let imports: String = imports.map(|name| format!("    import {name};\n")).collect();
        let exports: String =
            self.exports.iter().map(|name| format!("    export {name};\n")).collect();
        Ok(format!("{contract}\nworld built {{\n{imports}{exports}}}\n"))
    }

    fn python(&self) -> String {
        let own = IMPORTS.into_iter().filter(|name| self.imports(name)).collect::<Vec<_>>();
        let given: Vec<String> = own.iter().map(|name| format!("{name}={name}")).collect();
        let mut text = format!(
            "# Written by `fondaco plugin build`.\nfrom componentize_py_types import Err\n\
             from wit_world import exports\nfrom wit_world.imports import types, {}\n\
             from fondaco_plugin import bind, plugin as declared\nimport plugin\n\n\
             bound = bind.Bound(declared, types, Err, {})\n",
            own.join(", "),
            given.join(", ")
        );
        for (interface, class, method) in [
            (
                "records",
                "Records",
                "before_save(self, hook, batch):\n        return bind.save(bound, exports.records, hook, batch)",
            ),
            (
                "guards",
                "Guards",
                "before_action(self, hook, action, subject, arguments):\n        return bind.guard(bound, exports.guards, hook, action, subject, arguments)",
            ),
            (
                "effects",
                "Effects",
                "after_action(self, hook, action, subject, arguments):\n        return bind.after(bound, hook, action, subject, arguments)",
            ),
            (
                "actions",
                "Actions",
                "perform(self, hook, action, subject, arguments):\n        return bind.action(bound, exports.actions, hook, action, subject, arguments)",
            ),
            (
                "pricing",
                "Pricing",
                "price(self, hook, offers):\n        return bind.price(bound, exports.pricing, hook, offers)",
            ),
            (
                "events",
                "Events",
                "on_event(self, hook, event):\n        return bind.event(bound, hook, event)",
            ),
            (
                "jobs",
                "Jobs",
                "run(self, hook, payload):\n        return bind.job(bound, hook, payload)",
            ),
            (
                "requests",
                "Requests",
                "handle(self, hook, request):\n        return bind.request(bound, exports.requests, hook, request)",
            ),
        ] {
            if self.exports.contains(&interface) {
                text.push_str(&format!("\n\nclass {class}(exports.{class}):\n    def {method}\n"));
            }
        }
        text
    }
}

fn read(folder: &Path) -> Result<Manifest> {
    let path = folder.join("plugin.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let source = Source::new(Origin::Company, path.display().to_string(), text);
    manifest(&source, None).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", faults.join("\n"))
    })
}

fn working(folder: &Path) -> Result<PathBuf> {
    let work = folder.join(".fondaco/build");
    std::fs::create_dir_all(work.join("wit"))?;
    Ok(work)
}

fn source<'s>(folder: &Path, names: &[&'s str]) -> Result<&'s str> {
    let found = names.iter().find(|name| folder.join(name).is_file());
    found
        .copied()
        .with_context(|| format!("{}: none of {} is there", folder.display(), names.join(", ")))
}

fn needed(program: &str, cure: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("--version");
    output(&mut command).map(drop).with_context(|| format!("{program} is missing: {cure}"))
}

/// Runs a tool to its end; what it says is shown when it fails.
fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command.stdin(Stdio::null()).output().with_context(|| format!("starting {name}"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if !done.status.success() {
        let wrong = String::from_utf8_lossy(&done.stderr);
        bail!(
            "{name} ended with {}:\n{}{}",
            done.status,
            wrong.trim(),
            if wrong.is_empty() { &said } else { "" }
        );
    }
    Ok(said)
}
