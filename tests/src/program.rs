//! The program as its users run it: a process on a company folder, spoken to over HTTP.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a start may take before the test gives up.
const START_MAX: Duration = Duration::from_secs(30);

/// A running server. Killed on drop.
#[derive(Debug)]
pub struct Program {
    child: Child,
    pub address: String,
    /// From the start of the process to its first answer.
    pub started_in: Duration,
    said: Arc<Mutex<Vec<String>>>,
}

/// Where cargo put the program: beside the folder of the test binaries.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let folder = test.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let binary = folder.join("fondaco");
    assert!(binary.exists(), "{} is missing: run `cargo build` first", binary.display());
    binary
}

/// Runs a command of the program to its end.
pub fn run(args: &[&str]) -> Output {
    run_in(&[], args)
}

/// The same with these variables in its environment.
pub fn run_in(environment: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.envs(environment.iter().copied()).args(args).stdin(Stdio::null());
    let run = command.output();
    run.unwrap_or_else(|e| unreachable!("the program does not start: {e}"))
}

impl Program {
    /// Starts the server of a company folder on a free port of loopback and waits for its answer.
    pub fn serve(folder: &Path) -> Program {
        let started = Instant::now();
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--company"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|e| unreachable!("the program does not start: {e}"));
        let out = child.stdout.take().unwrap_or_else(|| unreachable!("stdout is piped"));
        let mut lines = BufReader::new(out).lines();
        let address = loop {
            let Some(Ok(line)) = lines.next() else { unreachable!("the server ended at once") };
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = said.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let mut program = Program { child, address, started_in: Duration::ZERO, said };
        while !program.is_ready() {
            assert!(started.elapsed() < START_MAX, "the server does not answer");
            std::thread::sleep(Duration::from_millis(2));
        }
        program.started_in = started.elapsed();
        program
    }

    fn is_ready(&self) -> bool {
        ureq::get(format!("http://{}/health/ready", self.address)).call().is_ok()
    }

    pub fn client(&self, token: &str) -> Client {
        Client::new(&self.address, token)
    }

    /// What it printed after its address.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop, as an operator does (SIGTERM).
    pub fn terminate(&self) {
        let told = Command::new("kill").arg(self.pid().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()), "no SIGTERM was sent");
    }

    /// How it ended, once it has; `None` when it still runs after this long.
    pub fn ended_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Speaks to a server with one token; an empty one is not sent.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    address: String,
    token: String,
}

/// A status and the body as JSON.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub etag: Option<String>,
    pub headers: ureq::http::HeaderMap,
}

impl Answer {
    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The fields and codes of a refusal, sorted: `["name: required"]`.
    pub fn problems(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let one = |e: &Value| format!("{}: {}", text(&e["field"]), text(&e["code"]));
        let mut problems: Vec<String> = errors.iter().map(one).collect();
        problems.sort();
        problems
    }

    /// The id of the record in the answer.
    pub fn id(&self) -> String {
        let id = self.body["id"].as_str();
        id.unwrap_or_else(|| unreachable!("no id in {} {}", self.status, self.body)).to_owned()
    }

    /// The same answer, if it has this status.
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Client {
    pub fn new(address: &str, token: &str) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Client { agent: config.into(), address: address.to_owned(), token: token.to_owned() }
    }

    /// # Errors
    /// When the connection fails; refusals of the server are answers.
    pub fn get(&self, path: &str) -> Result<Answer, ureq::Error> {
        self.send("GET", path, None, &[])
    }

    /// # Errors
    /// As [`Client::get`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer, ureq::Error> {
        self.post_with(path, body, &[])
    }

    /// # Errors
    /// As [`Client::get`].
    pub fn post_with(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ureq::Error> {
        self.send("POST", path, Some(&body.to_string()), headers)
    }

    /// # Errors
    /// As [`Client::get`].
    pub fn patch(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ureq::Error> {
        self.send("PATCH", path, Some(&body.to_string()), headers)
    }

    /// Sends a file as the body.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn upload(&self, path: &str, file: &[u8]) -> Result<Answer, ureq::Error> {
        let uri = format!("http://{}{path}", self.address);
        let request = ureq::http::Request::builder().method("POST").uri(uri);
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let request = request.header("content-type", "application/octet-stream");
        read(self.agent.run(request.body(file.to_vec())?)?)
    }

    /// # Errors
    /// As [`Client::get`].
    pub fn delete(&self, path: &str) -> Result<Answer, ureq::Error> {
        self.send("DELETE", path, None, &[])
    }

    /// A file: the status and the bytes.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn file(&self, path: &str) -> Result<(u16, Vec<u8>), ureq::Error> {
        let uri = format!("http://{}{path}", self.address);
        let mut request = ureq::http::Request::builder().method("GET").uri(uri);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        let mut response = self.agent.run(request.body(())?)?;
        Ok((response.status().as_u16(), response.body_mut().read_to_vec()?))
    }

    /// Any request; a body is sent as JSON, whatever it holds.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ureq::Error> {
        let uri = format!("http://{}{path}", self.address);
        let mut request = ureq::http::Request::builder().method(method).uri(uri);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match body {
            None => read(self.agent.run(request.body(())?)?),
            Some(body) => {
                let request = request.header("content-type", "application/json");
                read(self.agent.run(request.body(body.to_owned())?)?)
            }
        }
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let etag = headers.get("etag").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let text = response.body_mut().read_to_string()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body, etag, headers })
}

/// The text as it stands in a query string.
pub fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
