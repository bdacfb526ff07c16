//! A plugin for tests that does what it is told, line by line: asks outside, keeps data, posts entries. What
//! came of each line stands in the note of a thing.

use fondaco_plugin::prelude::*;

struct Errand;

impl Job for Errand {
    fn run(cx: &Cx, payload: &str) -> Answer<Effects> {
        if cx.hook == "nightly" {
            return Ok(thing(Effects::none(), "nightly", payload));
        }
        let told = payload.trim_matches('"').replace("\\n", "\n").replace("\\\"", "\"");
        let mut effects = Effects::none();
        let mut said = Vec::new();
        for line in told.lines() {
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            match verb {
                "fail" => return Err("as it was told".to_owned()),
                "book" => effects = effects.post(entry(cx, rest)?),
                "later" => effects = effects.keep(rest, Some("by effect".to_owned())),
                _ => said.push(done(cx, verb, rest)),
            }
        }
        Ok(thing(effects, "said", &said.join(" | ")))
    }
}

fn thing(effects: Effects, name: &str, note: &str) -> Effects {
    effects.create("acme.thing", [Field::new("name", name), Field::new("note", note)])
}

fn done(cx: &Cx, verb: &str, rest: &str) -> String {
    let words: Vec<&str> = rest.split(' ').collect();
    match (verb, words.as_slice()) {
        ("key", _) => cx.key(),
        ("setting", [name]) => cx.setting(name).unwrap_or_else(|why| why),
        ("log", _) => {
            cx.info(rest);
            "logged".to_owned()
        }
        ("keep", [key, value]) => well(cx.keep(key, Some(value))),
        ("drop", [key]) => well(cx.keep(key, None)),
        ("kept", [key]) => cx.kept(key).map_or_else(|why| why, |v| v.unwrap_or("nothing".into())),
        ("keys", [prefix]) => cx.keys(prefix).map_or_else(|why| why, |keys| keys.join(",")),
        ("flood", [bytes]) => flood(cx, bytes.parse().unwrap_or(1)),
        ("make", [name]) => {
            let made = cx.apply(thing(Effects::none(), name, "at once"));
            made.map_or_else(|why| why, |ids| format!("made {}", ids.len()))
        }
        ("post", _) => {
            let posted = entry(cx, rest).and_then(|entry| cx.apply(Effects::none().post(entry)));
            well(posted.map(drop))
        }
        ("fetch", [method, url, headers @ ..]) => fetched(cx, method, url, &headers.join(" ")),
        ("fetch-many", [times, url]) => {
            let all = (0..times.parse().unwrap_or(1)).map(|_| fetched(cx, "GET", url, ""));
            all.last().unwrap_or_default()
        }
        _ => format!("{verb}?"),
    }
}

fn well(done: Answer<()>) -> String {
    done.map_or_else(|why| why, |()| "ok".to_owned())
}

/// Keeps values of so many bytes until it may not.
fn flood(cx: &Cx, bytes: usize) -> String {
    let value = "x".repeat(bytes);
    for n in 0..10_000 {
        if let Err(why) = cx.keep(&format!("flood-{n}"), Some(&value)) {
            return format!("{n} kept: {why}");
        }
    }
    "all kept".to_owned()
}

/// Headers as `name: value; name: value`, the body as the header `body`.
fn fetched(cx: &Cx, method: &str, url: &str, headers: &str) -> String {
    let mut request = Outgoing::new(method, url, Vec::new()).within(2);
    for header in headers.split("; ").filter(|header| !header.is_empty()) {
        let (name, value) = header.split_once(": ").unwrap_or((header, ""));
        request = match name {
            "within" => request.within(value.parse().unwrap_or(2)),
            _ => request.header(name, value.replace("\\r", "\r").replace("\\t", "\n")),
        };
    }
    match cx.fetch(request) {
        Ok(answer) => format!("{} {}", answer.status, answer.text().replace('\n', " ")),
        Err(Failure::Refused(why)) => format!("refused: {why}"),
        Err(Failure::Unreachable(why)) => format!("unreachable: {why}"),
        Err(Failure::Lost(why)) => format!("lost: {why}"),
    }
}

/// `journal key account amount account amount …`
fn entry(cx: &Cx, rest: &str) -> Answer<Entry> {
    let words: Vec<&str> = rest.split(' ').collect();
    let [journal, key, lines @ ..] = words.as_slice() else { return Err("no entry".to_owned()) };
    let day = cx.now().to_string();
    let day: Date = day.get(..10).and_then(|day| day.parse().ok()).unwrap_or_default();
    let mut entry = Entry::new(journal, day, *key, "by a plugin");
    for line in lines.chunks_exact(2) {
        let amount = line[1].parse().map_err(|_| "no amount".to_owned())?;
        entry = entry.line(line[0], amount)?;
    }
    Ok(entry)
}

impl OnRequest for Errand {
    fn handle(cx: &Cx, visit: &Visit) -> Answer<Page> {
        let plain = |text: String| Page::new(200, "text/plain", text);
        let header = |name: &str, value: &str| {
            let mut page = Page::new(200, "text/html", "<b>hello</b>");
            page.headers.push((name.to_owned(), value.to_owned()));
            page
        };
        Ok(match visit.path.as_str() {
            "make" => Page::new(201, "application/json", r#"{"made":true}"#).doing(thing(
                Effects::none(),
                "asked",
                &String::from_utf8_lossy(&visit.body),
            )),
            "cookie" => header("set-cookie", "fondaco=stolen"),
            "away" => Page { status: 302, ..header("location", "https://evil.test/") },
            "split" => header("x-a", "b\r\nset-cookie: fondaco=stolen"),
            "twice" => header("content-type", "text/html\r\nx-a: b"),
            "policy" => header("content-security-policy", "default-src *"),
            "huge" => plain("x".repeat(3 << 19)),
            "missing" => Page::new(404, "application/json", r#"{"no":"such"}"#),
            "trap" => unreachable!("as it was told"),
            "fetch" => plain(fetched(cx, "GET", "http://127.0.0.1:1/", "")),
            "write" => plain(done(cx, "make", "forbidden")),
            "users" => plain(match cx.find("user", "", &["login"], 10) {
                Ok(found) => format!("{} users", found.len()),
                Err(why) => why,
            }),
            "things" => plain(match cx.find("acme.thing", "", &["name"], 10) {
                Ok(found) => format!("{} things", found.len()),
                Err(why) => why,
            }),
            path => {
                let names: Vec<&str> =
                    visit.headers.iter().map(|(name, _)| name.as_str()).collect();
                let user = visit.user.as_deref().unwrap_or("nobody");
                let (method, query, names) = (&visit.method, &visit.query, names.join(","));
                plain(format!("{method} {path}?{query} by {user} with {names}"))
            }
        })
    }
}

export!(Errand: job, request);
