//! Plugins of a company folder: planned in words, carried out by `fondaco apply`, and put in force by a start
//! where they were never here.

use std::process::Output;

use fondaco_plugin_host::package::SecretKey;
use fondaco_tests::program::{self, Program};
use fondaco_tests::{Folder, both, guests};
use serde_json::Value as Json;

use super::versions::setting;

both! {
    a_folder_brings_a_plugin_changes_it_and_takes_it_out,
    a_start_puts_in_force_what_was_never_here_and_leaves_the_rest,
}

const ID: &str = "acme.coder";

/// A plugin that writes a note on each party.
fn package(version: &str, word: &str, key: &SecretKey) -> Vec<u8> {
    let manifest = format!(
        r#"
manifest = 1
[plugin]
id = "{ID}"
version = "{version}"
api = "0.2"
kernel = "*"
name = "Coder"
license = "Apache-2.0"
[hooks.code]
on = "save"
models = ["party"]
select = ["name"]
[capabilities]
read = [{{ model = "party", fields = ["name"], why = "to look at it" }}]
write = [{{ model = "party", fields = ["note"], why = "to give it a code" }}]
[settings.prefix]
type = "text"
default = "C"
"#
    );
    guests::packed(&manifest, &setting("0.2", b"note", word), key)
}

/// A folder whose `fondaco.toml` ends with what a test says of plugins.
struct House {
    folder: Folder,
    config: String,
    key: SecretKey,
}

impl House {
    fn lay(name: &str) -> House {
        let folder = Folder::lay(name, &[], &[]);
        let config = std::fs::read_to_string(folder.path().join("fondaco.toml")).unwrap();
        House { folder, config, key: guests::key() }
    }

    /// Puts a package into the folder; answers its digest.
    fn put(&self, version: &str, word: &str) -> String {
        let bytes = package(version, word, &self.key);
        let place = self.folder.path().join("plugins");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(format!("coder-{version}.plugin")), &bytes).unwrap();
        fondaco_kernel::plugins::digest(&bytes)
    }

    fn say(&self, version: &str, more: &str) {
        let own = format!(
            "{}\n[plugins.\"{ID}\"]\nfile = \"plugins/coder-{version}.plugin\"\n\
             version = \"{version}\"\n{more}\n",
            self.config
        );
        self.folder.write("fondaco.toml", &own);
    }

    /// A command on the folder: how it ended and what it said.
    fn run(&self, args: &[&str]) -> (i32, String) {
        let mut all = args.to_vec();
        all.extend(["--company", self.folder.path().to_str().unwrap()]);
        let Output { status, stdout, stderr } = program::run(&all);
        let said =
            String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        (status.code().unwrap_or(-1), said)
    }

    /// Applies, which says the plan first: it must have these lines.
    fn applied(&self, lines: &[&str]) {
        let (end, said) = self.run(&["apply", "--yes"]);
        assert_eq!(end, 0, "{said}");
        for line in lines {
            assert!(said.contains(line), "{line}:\n{said}");
        }
    }

    /// Refused, with these words, and nothing is done.
    fn refused(&self, lines: &[&str]) {
        let (end, said) = self.run(&["apply", "--yes"]);
        assert!([1, 3].contains(&end), "{said}");
        for line in lines {
            assert!(said.contains(line), "{line}:\n{said}");
        }
    }

    /// How the plugin stands.
    fn stands(&self) -> String {
        let (_, said) = self.run(&["plugin", "list"]);
        said.lines().next().unwrap_or_default().to_owned()
    }
}

async fn a_folder_brings_a_plugin_changes_it_and_takes_it_out() {
    let house = House::lay("wished");
    drop(house.folder.user_token(&[]).await);
    let first = house.put("1.0.0", "ONE");
    house.say("1.0.0", "");
    house.refused(&["fondaco.toml:", &format!("write digest = \"{first}\"")]);
    let digest = format!("digest = \"{first}\"\n");

    // Without a grant it is there and waits; with `enabled` the folder says what is missing.
    house.say("1.0.0", &format!("{digest}enabled = true"));
    house.refused(&["IN THE WAY: acme.coder: 1.0.0 is to be in force", "`grant = true`"]);
    house.say("1.0.0", &digest);
    house.applied(&[
        "+ acme.coder: 1.0.0 is installed; its publisher's key is pinned: RW",
        "+ read      party.name — to look at it",
    ]);
    let granted = format!("{digest}grant = true\nsettings = {{ prefix = \"X\" }}");
    house.say("1.0.0", &granted);
    house.applied(&[
        "~ acme.coder: 1.0.0 is granted what it asks for, and works with the rights of whoever",
        "~ acme.coder: prefix is set to \"X\" (its default is \"C\")",
        "~ acme.coder: 1.0.0 is put in force",
    ]);
    assert_eq!(house.stands(), "acme.coder 1.0.0 is enabled");
    assert_eq!(house.run(&["plan"]).0, 0, "nothing is left to do");

    // The next version; a file that is another than the one that was meant.
    let second = house.put("1.1.0", "TWO");
    house.say("1.1.0", &format!("digest = \"{first}\"\ngrant = true"));
    house.refused(&["is not the file that `digest` says", &second]);
    let (_, json) = {
        house.say("1.1.0", &format!("digest = \"{second}\"\ngrant = true"));
        house.run(&["plan", "--json"])
    };
    let plan: Json = serde_json::from_str(&json).unwrap();
    let verbs: Vec<&str> = plan["plugins"]["deeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deed| deed["verb"].as_str().unwrap())
        .collect();
    assert_eq!(verbs, ["install", "grant", "enable"]);
    house.applied(&["+ acme.coder: 1.1.0 is installed, beside 1.0.0", "1.1.0 is put in force"]);
    assert_eq!(house.stands(), "acme.coder 1.1.0 is enabled (before it 1.0.0)");

    // Back to the one before, in force again; what the folder does not say stays.
    house.say("1.0.0", &format!("{digest}grant = true"));
    house.applied(&["~ acme.coder: 1.0.0 is put in force again, in the place of 1.1.0"]);
    let (_, plan) = house.run(&["plugin", "plan", ID, "--version", "1.0.0"]);
    assert!(plan.contains("prefix = X"), "{plan}");
    house.say("1.0.0", &format!("{digest}enabled = false"));
    house.applied(&["- acme.coder: it is taken out of force"]);
    assert_eq!(house.stands(), "acme.coder 1.0.0 is disabled (before it 1.1.0)");
    // A folder that says nothing of it any more leaves it as it is.
    house.folder.write("fondaco.toml", &house.config);
    assert_eq!(house.run(&["plan"]).0, 0);
}

async fn a_start_puts_in_force_what_was_never_here_and_leaves_the_rest() {
    let house = House::lay("wished-start");
    drop(house.folder.user_token(&[]).await);
    let first = house.put("1.0.0", "ONE");
    house.say("1.0.0", &format!("digest = \"{first}\"\ngrant = true"));
    Program::serve(house.folder.path()).kill();
    assert_eq!(house.stands(), "acme.coder 1.0.0 is enabled");
    // In the night somebody took it out of force: the next start leaves it so.
    house.run(&["plugin", "disable", ID]);
    Program::serve(house.folder.path()).kill();
    assert_eq!(house.stands(), "acme.coder 1.0.0 is disabled");
}
