//! The doctor finds what was broken on purpose, names the cure, and ends with the code of its kind.

use std::os::unix::fs::PermissionsExt;

use fondaco_tests::program::run;
use fondaco_tests::{Folder, Program};
use serde_json::Value as Json;

/// Findings that are not good, as `kind: what`, and the exit code.
fn examined(folder: &Folder) -> (Vec<String>, i32) {
    let path = folder.path().to_str().unwrap();
    let told = run(&["doctor", "--json", "--company", path]);
    let findings: Json =
        serde_json::from_slice(&told.stdout).unwrap_or_else(|e| panic!("{e}: {told:?}"));
    let findings = findings.as_array().unwrap();
    let found = findings.iter().filter(|finding| finding["grade"] != "good");
    // Of fonts the machine of the test has its own.
    let found = found.filter(|finding| finding["kind"] != "fonts");
    let line = |finding: &Json| {
        assert!(finding["cure"].is_string(), "no cure: {finding}");
        format!("{}: {}", finding["kind"].as_str().unwrap(), finding["what"].as_str().unwrap())
    };
    (found.map(line).collect(), told.status.code().unwrap())
}

fn sql(folder: &Folder, text: &str) {
    let database = rusqlite::Connection::open(folder.path().join("fondaco.db")).unwrap();
    database.execute(text, []).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_with_its_cure() {
    let folder = Folder::lay("doctor", &["sales"], &[]);
    let path = folder.path().to_str().unwrap();
    assert_eq!(examined(&folder), (vec!["database: there is no database yet".to_owned()], 0));
    Program::serve(folder.path()).kill();
    assert_eq!(examined(&folder), (vec!["backups: there is no backup".to_owned()], 0));
    assert!(run(&["backup", "--company", path]).status.success());
    assert_eq!(examined(&folder), (vec![], 0), "a company in good health");

    // Each is broken alone, found, and mended.
    let database = folder.path().join("fondaco.db");
    let mode = |mode| std::fs::set_permissions(&database, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o644);
    let (found, code) = examined(&folder);
    assert!(found[0].contains("everybody on this machine may read it") && code == 0, "{found:?}");
    mode(0o600);
    let year = 365 * 86_400 * 1_000_000_i64;
    for (break_it, mend_it, wrong, code) in [
        (
            "insert into job (id, name, payload, company, run_at, last_error, dead_at) \
             values (1, 'letters', '{}', 1, 0, 'no paper', 1)"
                .to_owned(),
            "delete from job where id = 1",
            "jobs: 1 jobs letters were given up: no paper",
            17,
        ),
        (
            "insert into migration values ('0999_later')".to_owned(),
            "delete from migration where name = '0999_later'",
            "schema: a newer program was here: this one does not know 0999_later",
            15,
        ),
        (
            "alter table party add column by_hand text".to_owned(),
            "alter table party drop column by_hand",
            "schema: the database was changed behind the program",
            15,
        ),
        (
            format!(
                "insert into identity_session select 1, x'00', 1, 1, 'x', max(at) + {year}, 0 from audit"
            ),
            "delete from identity_session where id = 1",
            "clock: the clock says ",
            13,
        ),
        (
            "insert into meta values ('moved_to', 'sqlite:/else.db')".to_owned(),
            "delete from meta where name = 'moved_to'",
            "database: it has moved to sqlite:/else.db",
            14,
        ),
    ] {
        sql(&folder, &break_it);
        let (found, ended) = examined(&folder);
        assert!(found.iter().any(|line| line.starts_with(wrong)), "{wrong}: {found:?}");
        assert_eq!(ended, code, "{found:?}");
        sql(&folder, mend_it);
        assert_eq!(examined(&folder), (vec![], 0), "{mend_it}");
    }
    folder
        .write("models/tool.toml", "model = \"own.tool\"\n[fields]\nname = { type = \"text\" }\n");
    let (found, code) = examined(&folder);
    assert!(found[0].contains("changes of the folder are not in the database"), "{found:?}");
    assert_eq!(code, 0);
    folder.write("models/bad.toml", "model = \"x.bad\"\nlabell = \"Bad\"\n");
    let (found, code) = examined(&folder);
    assert!(found[0].starts_with("settings: ") && found[0].contains("labell"), "{found:?}");
    assert_eq!(code, 10);
    let told = run(&["doctor", "--company", path]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("settings  BAD") && told.contains("→ mend it"), "{told}");
}
