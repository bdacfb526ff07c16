//! Plugins of all versions of the contract that are served, side by side in one company; and the compiler
//! that makes them run.

use fondaco_kernel::plugins::Plugins;
use fondaco_plugin_host::{Compiler, Host, Metering, Options};
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{both, guests};
use serde_json::json;

use super::hostile::image::Image;

both! {
    an_old_plugin_works_beside_a_new_one,
}

fn manifest(id: &str, api: &str, order: i64) -> String {
    format!(
        r#"
manifest = 1
[plugin]
id = "{id}"
version = "1.0.0"
api = "{api}"
kernel = "*"
license = "none"
[hooks.check]
on = "save"
models = ["party"]
select = ["name"]
order = {order}
[capabilities]
read = [{{ model = "party", fields = ["name"], why = "to look at it" }}]
write = [{{ model = "party", fields = ["code", "name"], why = "to change it" }}]
"#
    )
}

/// A guest that sets one field of each of its records to a text. One verdict is the same in both versions,
/// but the older one says it alone.
pub(super) fn setting(api: &str, field: &'static [u8], text: &str) -> Vec<u8> {
    let mut image = Image::default();
    let value = image.words(text);
    let answer = match api {
        "0.1" => image.verdict(&[(field, value)]),
        _ => image.verdicts(1, &[(field, value)]),
    };
    let module = image.saves(api, &format!("(i32.const {answer})"));
    guests::component(api, "with-records", &module).unwrap()
}

async fn an_old_plugin_works_beside_a_new_one() {
    let host = guests::host();
    let shop = super::shop(&[], &[], &host).await;
    let new = guests::read_manifest(&manifest("test.new", "0.2", 1), None);
    let old = guests::read_manifest(&manifest("test.old", "0.1", 2), None);
    guests::install(&host, new, &setting("0.2", b"code", "NEW"), |_| {});
    guests::install(&host, old, &setting("0.1", b"name", "old"), |_| {});
    let id = shop.admin.create("party", json!({ "name": "Acme" })).await.unwrap();
    let party = shop.admin.get("party", id).await.unwrap();
    assert_eq!((&party["code"], &party["name"]), (&json!("NEW"), &json!("old")));
    // Asked in their order, whichever came first: the later one has the last word.
    let last = guests::read_manifest(&manifest("test.new", "0.2", 3), None);
    guests::install(&host, last, &setting("0.2", b"name", "new"), |_| {});
    assert_eq!(host.installed().len(), 2);
    let id = shop.admin.create("party", json!({ "name": "Bolt" })).await.unwrap();
    assert_eq!(shop.admin.get("party", id).await.unwrap()["name"], "new");
}

#[test]
fn what_was_compiled_is_kept_and_never_trusted_blindly() {
    let folder = Scratch::new("compiled");
    let cache = folder.path().join("cache");
    let host = |compiler: Compiler| {
        Host::new(Options { cache: cache.clone(), compiler, metering: Metering::Time })
    };
    let manifest = || guests::read_manifest(&manifest("test.kept", "0.2", 1), None);
    let component = setting("0.2", b"code", "X");
    guests::install(&host(Compiler::Here), manifest(), &component, |_| {});
    let kept: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    // The next host compiles nothing: it has no compiler.
    let none = Compiler::Child("/nowhere/fondaco".into());
    guests::install(&host(none.clone()), manifest(), &component, |_| {});
    // Half of it is no machine code, and is made anew.
    let whole = std::fs::read(&kept[0]).unwrap();
    std::fs::write(&kept[0], &whole[..whole.len() / 2]).unwrap();
    let grants = fondaco_kernel::schema::plugin::Grants::all_of(&manifest());
    let broken = host(none).install(manifest(), grants, &component);
    assert!(broken.unwrap_err().to_string().contains("the compiler did not start"));
    guests::install(&host(Compiler::Here), manifest(), &component, |_| {});
    assert_eq!(std::fs::read(&kept[0]).unwrap(), whole);
    // A folder that others can write is none of ours.
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).unwrap();
    let grants = fondaco_kernel::schema::plugin::Grants::all_of(&manifest());
    let open = host(Compiler::Here).install(manifest(), grants, &component).unwrap_err();
    assert!(open.to_string().contains("others can write here"), "{open}");
}
