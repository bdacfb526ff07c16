//! The program as its users run it: a process on a company folder, spoken to over HTTP.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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
}

/// Where cargo put the program: beside the folder of the test binaries.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let folder = test.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let binary = folder.join("fondaco");
    assert!(binary.exists(), "{} is missing: run `cargo build` first", binary.display());
    binary
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
        let mut program = Program { child, address, started_in: Duration::ZERO };
        while !program.is_ready() {
            assert!(started.elapsed() < START_MAX, "the server does not answer");
            std::thread::sleep(Duration::from_millis(2));
        }
        program.started_in = started.elapsed();
        program
    }

    fn is_ready(&self) -> bool {
        ureq::get(format!("http://{}/ready", self.address)).call().is_ok()
    }

    pub fn client(&self, token: &str) -> Client {
        Client::new(&self.address, token)
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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

/// Speaks to a server with one token.
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
}

impl Client {
    pub fn new(address: &str, token: &str) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Client { agent: config.into(), address: address.to_owned(), token: token.to_owned() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// # Errors
    /// When the connection fails; refusals of the server are answers.
    pub fn get(&self, path: &str) -> Result<Answer, ureq::Error> {
        let request = self.agent.get(self.url(path)).header("authorization", self.bearer());
        read(request.call()?)
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
        let mut request = self.agent.post(self.url(path)).header("authorization", self.bearer());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send_json(body)?)
    }

    /// # Errors
    /// As [`Client::get`].
    pub fn patch(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.patch(self.url(path)).header("authorization", self.bearer());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send_json(body)?)
    }

    /// # Errors
    /// As [`Client::get`].
    pub fn delete(&self, path: &str) -> Result<Answer, ureq::Error> {
        let request = self.agent.delete(self.url(path)).header("authorization", self.bearer());
        read(request.call()?)
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let status = response.status().as_u16();
    let etag = response.headers().get("etag").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let text = response.body_mut().read_to_string()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body, etag })
}
