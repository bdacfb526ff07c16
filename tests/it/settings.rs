//! Settings as an operator meets them: what is in force and why, mistakes with their cure, taking up
//! changes while the server runs, and where traces go.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use fondaco_tests::program::{run, run_in};
use fondaco_tests::{Folder, Program};
use serde_json::{Value as Json, json};

const PATIENCE: Duration = Duration::from_secs(20);

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_settings_in_force_are_told_with_their_origin() {
    let folder = Folder::lay("settings", &["crm"], &[("collector.token", "very-secret\n")]);
    let file = "[modules]\nenabled = [\"crm\"]\n[trace]\ntoken_file = \"collector.token\"\n";
    folder.write("fondaco.toml", file);
    let path = folder.path().to_str().unwrap();
    let environment = [("FONDACO_LOG__SLOW_MS", "250")];
    let told = run_in(&environment, &["config", "--company", path]);
    assert!(told.status.success(), "{told:?}");
    let told = text(&told.stdout);
    for (setting, from) in [
        ("server.listen = \"127.0.0.1:8069\"", "default"),
        ("modules.enabled = [\"crm\"]", "fondaco.toml"),
        ("log.slow_ms = 250", "FONDACO_LOG__SLOW_MS (live)"),
        ("trace.token = \"********\"", "collector.token"),
    ] {
        let line = told.lines().find(|line| line.starts_with(setting)).expect(setting);
        assert!(line.ends_with(from), "{line}");
    }
    assert!(!told.contains("very-secret"), "{told}");
    let json = run_in(&environment, &["config", "--json", "--company", path]);
    let json: Json = serde_json::from_slice(&json.stdout).unwrap();
    let slow = json.as_array().unwrap().iter().find(|s| s["setting"] == "log.slow_ms").unwrap();
    assert_eq!((&slow["value"], &slow["live"]), (&json!("250"), &json!(true)));

    folder.write("fondaco.toml", "[server]\nlistn = \"x\"\n[log]\nformat = \"xml\"\n");
    let wrong = run(&["check", "--company", path]);
    assert_eq!(wrong.status.code(), Some(1));
    let wrong = text(&wrong.stderr);
    assert!(
        wrong.contains("fondaco.toml:2:1: there is no setting server.listn; did you mean listen?")
    );
    assert!(wrong.contains("fondaco.toml:4:1: log.format is one of auto, human, json"), "{wrong}");

    let documented = run(&["config", "--documented"]);
    folder.write("fondaco.toml", &text(&documented.stdout));
    assert!(run(&["check", "--company", path]).status.success(), "the documented file is a file");
    let schema = run(&["schema", "--settings"]);
    let schema: Json = serde_json::from_slice(&schema.stdout).unwrap();
    assert_eq!(schema["properties"]["limits"]["properties"]["requests"]["minimum"], 1);
}

/// A request whose body does not come: it is being worked on until the rest is sent.
fn half_sent(address: &str, token: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /api/party HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{}",
        body.len(),
        &body[..5]
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_takes_up_what_may_change() {
    let folder = Folder::lay("reload", &[], &[]);
    let token = folder.user_token(&["administrator"]).await;
    let path = folder.path().to_str().unwrap().to_owned();
    let nobody = run(&["reload", "--company", &path]);
    assert!(text(&nobody.stderr).contains("no server of"), "{nobody:?}");

    let program = Program::serve(folder.path());
    let client = program.client(&token);
    let body = json!({ "name": "In flight" }).to_string();
    let mut slow = half_sent(&program.address, &token, &body);
    client.get("/api/party").unwrap().expect(200);
    folder.write("fondaco.toml", "[limits]\nrequests = 1\n");
    let told = run(&["reload", "--company", &path]);
    assert!(text(&told.stdout).contains(&format!("server {} reads", program.pid())), "{told:?}");
    let asked = Instant::now();
    let refused = loop {
        let answer = client.get("/api/party").unwrap();
        if answer.status == 503 {
            break answer;
        }
        assert!(asked.elapsed() < PATIENCE, "the limit was not taken up");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(refused.header("retry-after"), "1");
    client.get("/health/ready").unwrap().expect(200);
    slow.write_all(&body.as_bytes()[5..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    client.get("/api/party").unwrap().expect(200);

    folder.write("fondaco.toml", "[limits]\nrequests = 0\n");
    let wrong = run(&["reload", "--company", &path]);
    assert!(text(&wrong.stderr).contains("limits.requests is a whole number from 1"), "{wrong:?}");
    client.get("/api/party").unwrap().expect(200);
}

/// What a collector was sent: each body as JSON.
fn collected(collector: &TcpListener) -> Json {
    let (mut stream, _) = collector.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut got, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut part).unwrap();
        got.extend_from_slice(&part[..read]);
        let whole = text(&got);
        let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("authorization: Bearer abc"), "{head}");
        if let Ok(json) = serde_json::from_str(body) {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            return json;
        }
        assert!(read > 0, "the body ended: {body}");
    }
}

fn spans(document: &Json) -> Vec<Json> {
    document["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_their_transactions_go_to_the_collector_as_one_trace() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let folder = Folder::lay("trace", &[], &[("collector.token", "abc")]);
    let token = folder.user_token(&["administrator"]).await;
    let trace = format!("[trace]\nendpoint = \"{endpoint}\"\ntoken_file = \"collector.token\"\n");
    folder.write("fondaco.toml", &trace);
    let program = Program::serve(folder.path());
    let caller = "4bf92f3577b34da6a3ce929d0e0e4736";
    let header = format!("00-{caller}-00f067aa0ba902b7-01");
    let asked = program.client(&token).send("GET", "/api/party", None, &[("traceparent", &header)]);
    asked.unwrap().expect(200);
    let started = Instant::now();
    let mut ours: Vec<Json> = Vec::new();
    while !ours.iter().any(|span| span["name"] == "request") {
        assert!(started.elapsed() < PATIENCE, "no trace came");
        let document = collected(&collector);
        let service = &document["resourceSpans"][0]["resource"]["attributes"][0]["value"];
        assert_eq!(service["stringValue"], "fondaco");
        ours.extend(spans(&document).into_iter().filter(|span| span["traceId"] == caller));
    }
    let request = ours.iter().find(|span| span["name"] == "request").unwrap();
    assert_eq!(request["parentSpanId"], "00f067aa0ba902b7");
    let facts = request["attributes"].as_array().unwrap();
    let status = facts.iter().find(|fact| fact["key"] == "status").unwrap();
    assert_eq!(status["value"]["intValue"], "200");
    let inside = ours.iter().filter(|span| span["parentSpanId"] == request["spanId"]);
    assert!(inside.clone().count() > 0 && inside.clone().all(|span| span["name"] == "transaction"));
}

/// Every `fondaco …` that a file of examples/deploy says, as words.
fn commands(text: &str) -> Vec<Vec<String>> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut found = Vec::new();
    for line in text.lines() {
        let exec = line.strip_prefix("Exec").and_then(|l| l.split_once("=/usr/local/bin/fondaco "));
        let inside = line.strip_prefix("CMD ").and_then(|l| serde_json::from_str(l).ok());
        found.extend(exec.map(|(_, rest)| words(rest)));
        found.extend(inside);
    }
    found
}

#[test]
fn what_is_deployed_names_commands_that_exist() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/deploy");
    let mut seen = 0;
    for name in ["fondaco.service", "fondaco-backup.service", "Containerfile"] {
        let file = std::fs::read_to_string(folder.join(name)).unwrap();
        for words in commands(&file) {
            seen += 1;
            // Everything but its last word, which is a folder that is not there.
            let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
            args.push("--help");
            let help = run(&args);
            assert!(help.status.success(), "{name}: {words:?}: {}", text(&help.stderr));
        }
        for variable in file.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if variable.starts_with("FONDACO_") {
                let set = run_in(&[(variable, "/no/such/file")], &["config", "--documented"]);
                let told = text(&set.stderr);
                assert!(!told.contains("there is no setting"), "{name}: {told}");
            }
        }
    }
    assert_eq!(seen, 4, "the commands of the files were not found");
    let Ok(verified) = std::process::Command::new("systemd-analyze")
        .arg("verify")
        .args(["fondaco.service", "fondaco-backup.service", "fondaco-backup.timer"])
        .current_dir(&folder)
        .output()
    else {
        println!("SKIPPED: systemd-analyze is not here, so the units were not verified");
        return;
    };
    let told = text(&verified.stderr);
    let wrong =
        told.lines().filter(|line| line.contains("fondaco") && !line.contains("is not executable"));
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&str>::new());
}
