//! Components that are refused before any of them is run, each with what is wrong.

use fondaco_kernel::schema::plugin::Grants;
use fondaco_tests::guests;

use super::image::Image;

fn manifest(api: &str) -> String {
    super::SAVES.replace("api = \"0.2\"", &format!("api = \"{api}\""))
}

/// What a host says to these bytes.
fn said(manifest: &str, bytes: &[u8]) -> String {
    let host = guests::host();
    let manifest = guests::read_manifest(manifest, None);
    let grants = Grants::all_of(&manifest);
    match host.install(manifest, grants, bytes) {
        Err(unfit) => unfit.to_string(),
        Ok(_) => "it is in force".to_owned(),
    }
}

#[test]
fn what_cannot_be_run_is_refused_and_says_why() {
    let mut image = Image::default();
    let answer = image.verdicts(1, &[]);
    let good = image.saves("0.2", &format!("(i32.const {answer})"));
    let good = guests::component("0.2", "with-records", &good).unwrap();
    let core = wat::parse_str("(module)").unwrap();
    let component = |text: &str| wat::parse_str(format!("(component {text})")).unwrap();
    for quarter in 1..4 {
        let part = &good[..good.len() * quarter / 4];
        assert_ne!(said(&manifest("0.2"), part), "it is in force", "{quarter} quarters of it");
    }
    let large = [&b"\0asm"[..], &vec![0; 3 << 20]].concat();
    let follows = {
        let mut image = Image::default();
        let answer = image.effects(&[]);
        let module = image.follows(&format!("(i32.const {answer})"));
        guests::component("0.2", "with-effects", &module).unwrap()
    };
    let much = good_with("(memory (export \"memory\") 2)", "(memory (export \"memory\") 2000)");
    let wide = good_with("(memory (export \"memory\") 2)", "(memory (export \"memory\") i64 2)");
    for (name, api, bytes, says) in [
        ("nothing", "0.2", Vec::new(), "no component"),
        ("noise", "0.2", b"MZ this is no wasm".to_vec(), "no component"),
        ("a core module", "0.2", core, "no component"),
        ("too large", "0.2", large, "3145732 bytes, and a plugin of its tier at most 2097152"),
        (
            "an empty component",
            "0.2",
            component(""),
            "does not export fondaco:plugin/records@0.2.0",
        ),
        ("another point", "0.2", follows, "does not export fondaco:plugin/records@0.2.0"),
        ("another version", "0.1", good.clone(), "the component is built for 0.2.0"),
        (
            "a foreign import",
            "0.2",
            component("(import \"evil:net/socket@1.0.0\" (instance (export \"open\" (func))))"),
            "a plugin reaches nothing but fondaco:plugin/…",
        ),
        (
            "an interface of ours that there is not",
            "0.2",
            component("(import \"fondaco:plugin/shell@0.2.0\" (instance (export \"run\" (func))))"),
            "which the contract does not have",
        ),
        (
            "records for a version that has none",
            "0.1",
            component("(import \"fondaco:plugin/data@0.1.0\" (instance (export \"get\" (func))))"),
            "which the contract does not have",
        ),
        ("more memory than there is", "0.2", much, "memory"),
        ("memory of 64 bits", "0.2", wide, ""),
    ] {
        let found = said(&manifest(api), &bytes);
        assert!(found.contains(says) && !found.contains("in force"), "{name}: {found}");
    }
    assert_eq!(said(&manifest("0.2"), &good), "it is in force");
}

/// The good component with something else in it; nothing, where the tools refuse to make it.
fn good_with(what: &str, instead: &str) -> Vec<u8> {
    let mut image = Image::default();
    let answer = image.verdicts(1, &[]);
    let text = image.saves("0.2", &format!("(i32.const {answer})"));
    assert!(text.contains(what));
    let module = text.replace(what, instead);
    guests::component("0.2", "with-records", &module).unwrap_or_default()
}
