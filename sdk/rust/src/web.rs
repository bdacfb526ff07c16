//! HTTP, both ways: what a job asks of somebody outside, and what somebody asks of the plugin.

use crate::answer::Effects;
use crate::wit::http;

/// A request to somebody outside. In a header, `{secret:name}` stands for the secret of that setting.
#[derive(Clone, Debug)]
pub struct Outgoing(pub(crate) http::Request);

impl Outgoing {
    pub fn get(url: impl Into<String>) -> Outgoing {
        Outgoing::new("GET", url, Vec::new())
    }

    pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Outgoing {
        Outgoing::new("POST", url, body.into())
    }

    pub fn new(method: &str, url: impl Into<String>, body: Vec<u8>) -> Outgoing {
        Outgoing(http::Request {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body,
            timeout_seconds: 30,
        })
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Outgoing {
        self.0.headers.push(http::Header { name: name.to_owned(), value: value.into() });
        self
    }

    /// The time for all of it; 30 seconds at most.
    pub fn within(mut self, seconds: u32) -> Outgoing {
        self.0.timeout_seconds = seconds;
        self
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The body, as far as it is text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was not sent, and never will be.
    Refused(String),
    /// It was not sent: later, perhaps.
    Unreachable(String),
    /// Something was sent; whether the peer has done it is not known.
    Lost(String),
}

impl Failure {
    pub(crate) fn of(failure: http::Failure) -> Failure {
        match failure {
            http::Failure::Refused(why) => Failure::Refused(why),
            http::Failure::Unreachable(why) => Failure::Unreachable(why),
            http::Failure::Lost(why) => Failure::Lost(why),
        }
    }

    pub fn why(&self) -> &str {
        match self {
            Failure::Refused(why) | Failure::Unreachable(why) | Failure::Lost(why) => why,
        }
    }
}

/// A request for the plugin. `path` is what stands behind the hook's own; cookies and credentials are not
/// among the headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub user: Option<String>,
}

/// What a plugin answers; the effects are done before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub effects: Effects,
}

impl Page {
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Page {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Page { status, headers, body: body.into(), effects: Effects::none() }
    }

    pub fn doing(mut self, effects: Effects) -> Page {
        self.effects = effects;
        self
    }
}
