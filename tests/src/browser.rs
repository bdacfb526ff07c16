//! A real browser: Debian's Chromium, spoken to by WebDriver through its chromedriver. The protocol
//! is plain JSON over HTTP, so it needs no library. Where the two are not installed a test says so
//! loudly and ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(12);
/// The name under which WebDriver sends elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A window of a browser on a site.
pub struct Browser {
    driver: Child,
    session: String,
    site: String,
    agent: ureq::Agent,
}

/// How a window looks at pages.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

impl Window {
    pub const DESK: Window = Window { width: 1440, height: 900, dark: false };
    pub const NIGHT: Window = Window { width: 1440, height: 900, dark: true };
    pub const PHONE: Window = Window { width: 390, height: 844, dark: false };
}

/// Where a program is, if it is installed.
fn installed(name: &str) -> Option<PathBuf> {
    let places = ["/usr/bin", "/usr/local/bin", "/snap/bin"];
    places.iter().map(|place| Path::new(place).join(name)).find(|path| path.exists())
}

impl Browser {
    /// Opens a window on the site at this address; `None`, said loudly, where there is no browser.
    #[expect(clippy::print_stderr, reason = "what was not tested must be seen")]
    pub fn open(address: &str, window: Window) -> Option<Browser> {
        let (Some(driver), Some(chromium)) = (installed("chromedriver"), installed("chromium"))
        else {
            eprintln!(
                "\n!!! NOT TESTED: no chromium and chromedriver here; tests/run installs them !!!\n"
            );
            return None;
        };
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| unreachable!("chromedriver does not start: {e}"));
        let out = driver.stdout.take().unwrap_or_else(|| unreachable!("stdout is piped"));
        let port = BufReader::new(out).lines().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("successfully on port ")?;
            rest.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.unwrap_or_else(|| unreachable!("chromedriver says no port"));
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        let session = format!("http://127.0.0.1:{port}/session");
        let site = format!("http://{address}");
        let mut browser = Browser { driver, session, site, agent: config.into() };
        let size = format!("--window-size={},{}", window.width, window.height);
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--lang=en-GB",
            "--hide-scrollbars",
            size
        ]);
        let options = json!({ "binary": chromium, "args": arguments });
        let wish = json!({ "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" }, "timeouts": { "script": 30_000 } });
        let begun = browser.call("POST", "", json!({ "capabilities": { "alwaysMatch": wish } }));
        let id = begun["sessionId"].as_str().unwrap_or_else(|| unreachable!("no window: {begun}"));
        browser.session = format!("{}/{id}", browser.session);
        browser.look(window);
        Some(browser)
    }

    fn look(&self, window: Window) {
        let metrics = json!({ "width": window.width, "height": window.height,
            "deviceScaleFactor": 1, "mobile": window.width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if window.dark { "dark" } else { "light" };
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", media);
    }

    fn call(&self, method: &str, path: &str, body: Json) -> Json {
        let answer = self.try_call(method, path, &body);
        assert!(answer["error"].is_null(), "{method} {path} {body}: {answer}");
        answer
    }

    fn try_call(&self, method: &str, path: &str, body: &Json) -> Json {
        let uri = format!("{}{path}", self.session);
        let request = ureq::http::Request::builder().method(method).uri(uri);
        let sent = match method {
            "POST" => request.body(body.to_string()).map(|request| self.agent.run(request)),
            _ => request.body(String::new()).map(|request| self.agent.run(request)),
        };
        let mut answer = match sent {
            Ok(Ok(answer)) => answer,
            other => unreachable!("the browser does not answer: {other:?}"),
        };
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        let answer: Json = serde_json::from_str(&text).unwrap_or_default();
        answer["value"].clone()
    }

    pub fn devtools(&self, command: &str, params: Json) -> Json {
        self.call("POST", "/goog/cdp/execute", json!({ "cmd": command, "params": params }))
    }

    pub fn go(&self, path: &str) {
        self.call("POST", "/url", json!({ "url": format!("{}{path}", self.site) }));
    }

    /// The path of the page, with its query.
    pub fn path(&self) -> String {
        let url = self.call("GET", "/url", Json::Null);
        url.as_str().unwrap_or_default().strip_prefix(&self.site).unwrap_or_default().to_owned()
    }

    /// What a script gives back; it may be a promise.
    pub fn script(&self, script: &str, args: Json) -> Json {
        self.call("POST", "/execute/sync", json!({ "script": script, "args": args }))
    }

    /// The element, once it is there.
    pub fn find(&self, css: &str) -> String {
        let asked = Instant::now();
        loop {
            let wish = json!({ "using": "css selector", "value": css });
            let found = self.try_call("POST", "/element", &wish);
            if let Some(id) = found[ELEMENT].as_str() {
                return id.to_owned();
            }
            assert!(
                asked.elapsed() < PATIENCE,
                "no {css} at {}:\n{}",
                self.path(),
                self.text("body")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a script says something true.
    pub fn until(&self, script: &str) {
        let asked = Instant::now();
        while self.script(&format!("return Boolean({script})"), json!([])) != json!(true) {
            assert!(
                asked.elapsed() < PATIENCE,
                "never: {script} at {}:\n{}",
                self.path(),
                self.text("body")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn click(&self, css: &str) {
        let id = self.find(css);
        self.call("POST", &format!("/element/{id}/click"), json!({}));
    }

    /// Types into a field behind what is there.
    pub fn enter(&self, css: &str, text: &str) {
        let id = self.find(css);
        self.call("POST", &format!("/element/{id}/value"), json!({ "text": text }));
    }

    /// Types this instead of what is there.
    pub fn fill(&self, css: &str, text: &str) {
        let id = self.find(css);
        self.call("POST", &format!("/element/{id}/clear"), json!({}));
        self.call("POST", &format!("/element/{id}/value"), json!({ "text": text }));
    }

    /// Keys, wherever the focus is; `\u{e009}` and the like are those of WebDriver.
    pub fn keys(&self, keys: &str) {
        let mut actions = Vec::new();
        for key in keys.chars() {
            actions.push(json!({ "type": "keyDown", "value": key }));
            // A modifier stays down until the end.
            if !('\u{e008}'..='\u{e00a}').contains(&key) {
                actions.push(json!({ "type": "keyUp", "value": key }));
            }
        }
        let board = json!({ "type": "key", "id": "board", "actions": actions });
        self.call("POST", "/actions", json!({ "actions": [board] }));
        self.call("DELETE", "/actions", Json::Null);
    }

    /// Draws one element to another with the mouse.
    pub fn drag(&self, from: &str, to: &str) {
        let place = |css: &str| {
            let script = "const r = document.querySelector(arguments[0]).getBoundingClientRect(); \
                return [Math.round(r.x + r.width / 2), Math.round(r.y + 24)]";
            let at = self.script(script, json!([css]));
            (at[0].as_i64().unwrap_or_default(), at[1].as_i64().unwrap_or_default())
        };
        let ((x, y), (to_x, to_y)) = (place(from), place(to));
        let to = |x: i64, y: i64, ms: u32| json!({ "type": "pointerMove", "duration": ms, "x": x, "y": y });
        let mouse = json!({ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" },
            "actions": [to(x, y, 0), { "type": "pointerDown", "button": 0 }, to(x + 12, y + 4, 100),
                to((x + to_x) / 2, to_y, 150), to(to_x, to_y, 150), to(to_x + 2, to_y + 2, 100),
                { "type": "pointerUp", "button": 0 }] });
        self.call("POST", "/actions", json!({ "actions": [mouse] }));
        self.call("DELETE", "/actions", Json::Null);
    }

    /// The text that one sees of an element; empty when it is not there.
    pub fn text(&self, css: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        self.script(script, json!([css])).as_str().unwrap_or_default().to_owned()
    }

    /// A picture of the window, as base64 of a PNG.
    pub fn picture(&self) -> String {
        self.call("GET", "/screenshot", Json::Null).as_str().unwrap_or_default().to_owned()
    }

    /// What scripts complained of, and what the policy of the page kept from running.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", json!({ "type": "browser" }));
        let severe = log.as_array().into_iter().flatten().filter(|line| line["level"] == "SEVERE");
        let text = severe.filter_map(|line| line["message"].as_str().map(str::to_owned));
        // That a server refuses something is no fault of a script.
        text.filter(|line| !line.contains("Failed to load resource")).collect()
    }

    pub fn sign_in(&self, login: &str, password: &str) {
        self.go("/sign-in");
        self.enter("#login", login);
        self.enter("#password", password);
        self.click(".door button");
        self.find("body[data-user]");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.try_call("DELETE", "", &Json::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The source of axe-core, which finds what people with a disability cannot use; fetched once by
/// npm. `None`, said loudly, where it cannot be had.
#[expect(clippy::print_stderr, reason = "what was not tested must be seen")]
pub fn axe() -> Option<String> {
    let test = std::env::current_exe().unwrap_or_default();
    let target = test.ancestors().nth(3).unwrap_or(Path::new(".")).join("axe");
    let file = target.join("node_modules/axe-core/axe.min.js");
    if !file.exists() {
        let made = Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&target)
            .arg("axe-core@4.14.1")
            .stdin(Stdio::null())
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            eprintln!("\n!!! NOT TESTED: axe-core could not be fetched by npm !!!\n");
            return None;
        }
    }
    std::fs::read_to_string(file).ok()
}
