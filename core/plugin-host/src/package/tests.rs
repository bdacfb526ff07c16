//! A good package, and every way in which one can be bad: each is refused with its code, at its place, and
//! with words that name the cure.

use fondaco_values::Problem;

use super::*;

const TEXT: &str = r#"manifest = 1

[plugin]
id = "acme.guard"
version = "1.2.0"
api = "0.2"
kernel = "*"
name = "Guard"
license = "Apache-2.0"

[hooks.save]
on = "save"
models = ["party"]
select = ["name"]

[capabilities]
read = [{ model = "party", fields = ["name"], why = "to look at it" }]
"#;

fn component() -> Vec<u8> {
    wat::parse_str("(component)").unwrap()
}

fn files() -> Files {
    Files::from([
        (MANIFEST.to_owned(), TEXT.as_bytes().to_vec()),
        (COMPONENT.to_owned(), component()),
        ("README.md".to_owned(), b"# Guard\n".to_vec()),
        ("fixtures/fits.toml".to_owned(), "# Stra\u{17c}nik\n".as_bytes().to_vec()),
    ])
}

fn key() -> SecretKey {
    SecretKey::read(&Keys::make(None).unwrap().secret, || unreachable!("it has no password"))
        .unwrap()
}

fn the_manifest() -> Manifest {
    manifest(&Source::new(Origin::Company, MANIFEST, TEXT), None).unwrap()
}

/// A signed package of these files, as an attacker with a key of his own makes one.
fn made(files: Files, key: &SecretKey) -> Vec<u8> {
    packed(&the_manifest(), Some(key), files)
}

fn changed(how: impl FnOnce(&mut Files)) -> Vec<u8> {
    let mut files = files();
    how(&mut files);
    made(files, &key())
}

/// A signed package whose manifest is changed.
fn saying(from: &str, to: &str) -> Vec<u8> {
    let text = TEXT.replace(from, to);
    assert_ne!(text, TEXT);
    changed(|files| drop(files.insert(MANIFEST.to_owned(), text.into_bytes())))
}

/// The files of a signed package, changed afterwards by somebody without the key.
fn tampered(how: impl FnOnce(&mut Files)) -> Vec<u8> {
    let mut files = archive::read(&made(files(), &key())).unwrap();
    how(&mut files);
    archive::write(&files)
}

fn put(files: &mut Files, name: &str, bytes: &[u8]) {
    files.insert(name.to_owned(), bytes.to_vec());
}

/// The tar of a good package, changed byte by byte: `how` gets it unpacked.
fn bent(how: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut tar = archive::tests::tar_of(&archive::read(&made(files(), &key())).unwrap());
    how(&mut tar);
    archive::tests::packed(&tar)
}

/// One entry more, before the others.
fn with_entry(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
    bent(|tar| {
        let entry = archive::tests::entry_of(name, kind, bytes);
        tar.splice(0..0, entry);
    })
}

#[test]
fn a_good_package_is_the_same_each_time_and_says_what_it_is() {
    let key = key();
    let package = made(files(), &key);
    let unsigned = || packed(&the_manifest(), None, files());
    assert!(unsigned() == unsigned(), "the same files give the same bytes");
    let opened = open(&package).unwrap();
    assert_eq!((opened.manifest.id.as_str(), opened.publisher()), ("acme.guard", "acme"));
    assert_eq!(opened.key, key.public());
    assert_eq!(opened.files.len(), 4);
    assert_eq!(opened.component(), component());
    // Signed anew it is another publisher's, and whole again.
    let other = self::key();
    assert_eq!(open(&sign(&package, &other).unwrap()).unwrap().key, other.public());
    // A password keeps a key from whoever has the file.
    assert!(SecretKey::read("RWRTY0IyEQAAAA", || Err("asked".to_owned())).is_err());
}

type Bad = (&'static str, Vec<u8>, &'static str, &'static str, &'static str);

fn bad_bytes() -> Vec<Bad> {
    let good = made(files(), &key());
    let half = good[..good.len() / 2].to_vec();
    let flipped = {
        let mut bytes = good.clone();
        let at = bytes.len() - 40;
        bytes[at] ^= 0x55;
        bytes
    };
    let zeros = vec![0; 40 << 20];
    vec![
        ("empty", Vec::new(), "package", "not_a_package", "only part of one"),
        ("a zip", b"PK\x03\x04whatever".to_vec(), "package", "not_a_package", "no package"),
        ("truncated", half, "package", "truncated", "fetch it again"),
        ("a flipped bit", flipped, "*", "*", "gain"),
        ("a bomb", archive::tests::packed(&zeros), "package", "bomb", "unpacks to more than"),
        ("too large", vec![7; PACKED_BYTES_MAX + 1], "package", "too_large", "at most"),
        (
            "cut in a file",
            bent(|tar| tar.truncate(1_000)),
            "package",
            "truncated",
            "fetch it again",
        ),
        ("no end", bent(|tar| tar.truncate(tar.len() - 1_024)), "package", "truncated", "fetch"),
        ("behind its end", bent(|tar| tar.extend([1; 512])), "package", "trailing", "pack"),
        ("a lying size", bent(|tar| tar[124] = b'7'), "package", "form", "plugin pack"),
        ("an owner", bent(|tar| tar[110] = b'7'), "package", "form", "plugin pack"),
        (
            "zip slip",
            with_entry("../../etc/cron.d/x", b'0', b"x"),
            "../../etc/cron.d/x",
            "path",
            "out",
        ),
        ("absolute", with_entry("/etc/passwd", b'0', b"x"), "/etc/passwd", "path", "out of the"),
        (
            "dots inside",
            with_entry("fixtures/../x.toml", b'0', b""),
            "fixtures/../x.toml",
            "path",
            "out",
        ),
        ("backslashes", with_entry("..\\x.toml", b'0', b""), "..\\x.toml", "path", "leads out"),
        ("a symbolic link", with_entry("LICENSE", b'2', b""), "LICENSE", "link", "file itself"),
        ("a hard link", with_entry("LICENSE", b'1', b""), "LICENSE", "link", "file itself"),
        ("a folder", with_entry("fixtures", b'5', b""), "fixtures", "folder", "Pack it again"),
        ("a device", with_entry("LICENSE", b'3', b""), "package", "form", "plugin pack"),
        ("a long name", with_entry("LICENSE", b'L', b""), "package", "form", "plugin pack"),
        ("a duplicate", with_entry("README.md", b'0', b""), "README.md", "duplicate", "twice"),
        ("too many", many(), "package", "too_many", "256 files"),
    ]
}

fn many() -> Vec<u8> {
    bent(|tar| {
        for n in 0..FILES_MAX {
            tar.splice(0..0, archive::tests::entry_of(&format!("fixtures/{n}.toml"), b'0', b""));
        }
    })
}

fn bad_signatures() -> Vec<Bad> {
    let unsigned = packed(&the_manifest(), None, files());
    let other_key = {
        // The list still names the first key.
        let mut files = archive::read(&made(files(), &key())).unwrap();
        let comment = comment(&the_manifest(), &String::from_utf8_lossy(&files[DIGESTS]));
        let signature = key().sign(&files[DIGESTS], &comment);
        put(&mut files, SIGNATURE, signature.as_bytes());
        archive::write(&files)
    };
    let old_comment = {
        let key = key();
        let mut files = archive::read(&made(files(), &key)).unwrap();
        let signature = key.sign(&files[DIGESTS], "fondaco plugin acme.guard 1.1.0 sha256:00");
        put(&mut files, SIGNATURE, signature.as_bytes());
        archive::write(&files)
    };
    vec![
        ("unsigned", unsigned, SIGNATURE, "unsigned", "plugin sign"),
        (
            "signature stripped",
            tampered(|f| drop(f.remove(SIGNATURE))),
            SIGNATURE,
            "unsigned",
            "sign",
        ),
        ("another key", other_key, SIGNATURE, "signature", "another key"),
        ("an old comment", old_comment, SIGNATURE, "signature", "sign it again"),
        (
            "no signature at all",
            tampered(|f| put(f, SIGNATURE, b"x")),
            SIGNATURE,
            "signature",
            "fetch",
        ),
    ]
}

fn bad_lists() -> Vec<Bad> {
    let list = |from: &'static str, to: &'static str| {
        tampered(|files| {
            let text = String::from_utf8(files[DIGESTS].clone()).unwrap().replace(from, to);
            put(files, DIGESTS, text.as_bytes());
        })
    };
    vec![
        (
            "module swapped",
            tampered(|f| put(f, COMPONENT, &[&component()[..], &[0, 1, 0]].concat())),
            COMPONENT,
            "digest",
            "fetch the package again",
        ),
        (
            "manifest swapped",
            tampered(|f| put(f, MANIFEST, TEXT.replace("look", "gaze").as_bytes())),
            MANIFEST,
            "digest",
            "fetch the package again",
        ),
        (
            "a file added",
            tampered(|f| put(f, "LICENSE", b"x")),
            "LICENSE",
            "undeclared",
            "added it",
        ),
        (
            "a file missing",
            tampered(|f| drop(f.remove("README.md"))),
            "README.md",
            "missing",
            "fetch",
        ),
        ("no list", tampered(|f| drop(f.remove(DIGESTS))), DIGESTS, "missing", "plugin pack"),
        ("a list of later", list("package = 1", "package = 2"), DIGESTS, "form", "newer program"),
        (
            "a strange list",
            list("package = 1", "package = 1\nmore = 1"),
            DIGESTS,
            "digests",
            "pack",
        ),
        (
            "a list of another",
            list("version = \"1.2.0\"", "version = \"1.3.0\""),
            DIGESTS,
            "digests",
            "pack",
        ),
    ]
}

fn bad_manifests() -> Vec<Bad> {
    vec![
        ("no manifest", changed(|f| drop(f.remove(MANIFEST))), MANIFEST, "missing", "write one"),
        ("an unknown key", saying("api =", "apy ="), MANIFEST, "manifest", "did you mean `api`"),
        (
            "too new an API",
            saying("\"0.2\"", "\"0.9\""),
            MANIFEST,
            "manifest",
            "it serves 0.1, 0.2",
        ),
        ("no grammar", saying("manifest = 1", ""), MANIFEST, "manifest", "manifest = 1"),
        (
            "reads in secret",
            saying("select = [\"name\"]", "select = []\nwhen = [\"never\"]"),
            MANIFEST,
            "manifest",
            "create, update",
        ),
        ("not TOML", saying("[plugin]", "[plugin"), MANIFEST, "manifest", "plugin.toml:3"),
        ("not UTF-8", changed(|f| put(f, MANIFEST, b"\xff\xfe")), MANIFEST, "unreadable", "UTF-8"),
    ]
}

fn bad_files() -> Vec<Bad> {
    vec![
        ("no component", changed(|f| drop(f.remove(COMPONENT))), COMPONENT, "missing", "build"),
        (
            "native code",
            changed(|f| put(f, COMPONENT, b"\x7fELF\x02\x01\x01\0\0")),
            COMPONENT,
            "component",
            "never taken",
        ),
        (
            "a core module",
            changed(|f| put(f, COMPONENT, b"\0asm\x01\0\0\0")),
            COMPONENT,
            "component",
            "component new",
        ),
        (
            "too large a component",
            changed(|f| {
                let large = [&component()[..], &noise((2 << 20) + 1)].concat();
                put(f, COMPONENT, &large);
            }),
            COMPONENT,
            "too_large",
            "opt-level",
        ),
        (
            "too large a text",
            changed(|f| put(f, "README.md", &noise(TEXT_BYTES_MAX + 1))),
            "README.md",
            "too_large",
            "at most",
        ),
        (
            "machine code beside",
            with_entry("plugin.cwasm", b'0', b"x"),
            "plugin.cwasm",
            "unknown_file",
            "compiled for a machine",
        ),
        (
            "a script beside",
            with_entry("schema/run.sh", b'0', b"x"),
            "schema/run.sh",
            "unknown_file",
            "no place in a package",
        ),
    ]
}

/// Bytes that do not compress to nothing.
fn noise(many: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(many).collect()
}

#[test]
fn bad_packages_are_refused_with_the_cure() {
    let all = [bad_bytes(), bad_signatures(), bad_lists(), bad_manifests(), bad_files()];
    let all: Vec<Bad> = all.into_iter().flatten().collect();
    assert!(all.len() >= 45, "{}", all.len());
    for (name, package, field, code, cure) in all {
        let problems = open(&package).expect_err(name);
        let fits = |problem: &Problem| {
            (field == "*" || problem.field == field)
                && (code == "*" || problem.code == code)
                && problem.message.contains(cure)
        };
        assert!(problems.iter().any(fits), "{name}: {problems:#?}");
        assert!(
            problems.iter().all(|problem| problem.message.ends_with('.')),
            "{name}: {problems:?}"
        );
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let package = tampered(|files| {
        put(files, "LICENSE", b"x");
        files.remove("README.md");
        files.remove(SIGNATURE);
        put(files, MANIFEST, TEXT.replace("license", "licence").as_bytes());
    });
    let mut codes: Vec<String> = open(&package).unwrap_err().into_iter().map(|p| p.code).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes, ["digest", "manifest", "missing", "undeclared", "unsigned"]);
}
