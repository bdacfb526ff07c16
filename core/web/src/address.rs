//! Addresses of pages and the pairs of names and values in them and in posted forms.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use fondaco_kernel::Error;
use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::values::{AnyId, Problem};

/// The pairs of a query or a form, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Pairs {
    pub(crate) fn read(text: &str) -> Pairs {
        let parts = text.split('&').filter(|part| !part.is_empty());
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decoded(name), decoded(value))
        };
        Pairs(parts.map(pair).collect())
    }

    /// The last value of a name: a checkbox stands behind the hidden field that says no.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value, unless it is empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    pub(crate) fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What the address of a request asks for behind its `?`.
pub(crate) struct Asked(pub(crate) Pairs);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked, Self::Rejection> {
        Ok(Asked(Pairs::read(parts.uri.query().unwrap_or_default())))
    }
}

/// What a form sent.
pub(crate) struct Sent(pub(crate) Pairs);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = BytesRejection;

    async fn from_request(request: Request, state: &S) -> Result<Sent, BytesRejection> {
        let body = Bytes::from_request(request, state).await?;
        Ok(Sent(Pairs::read(&String::from_utf8_lossy(&body))))
    }
}

/// Reads parameters of several types, and tells all that cannot be read at once.
pub(crate) struct Reading<'p> {
    pairs: &'p Pairs,
    problems: Vec<Problem>,
}

impl<'p> Reading<'p> {
    pub(crate) fn of(pairs: &'p Pairs) -> Reading<'p> {
        Reading { pairs, problems: Vec::new() }
    }

    /// The value of a name as what it should be; `such_as` shows how to write it.
    pub(crate) fn get<T: FromStr>(&mut self, name: &str, such_as: &str) -> Option<T> {
        let read = self.pairs.filled(name)?.parse().ok();
        if read.is_none() {
            let message = format!("{name} is not readable; write it as {such_as}.");
            self.problems.push(Problem::new(name, "unreadable", message));
        }
        read
    }

    pub(crate) fn id(&mut self, name: &str) -> Option<AnyId> {
        self.get(name, "1234")
    }

    /// # Errors
    /// Every parameter that could not be read.
    pub(crate) fn done(self) -> Result<(), Error> {
        refuse_if_any(self.problems)
    }
}

/// `name=value&…` with both encoded.
pub(crate) fn query<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let one = |(name, value)| format!("{}={}", encoded(name), encoded(value));
    pairs.into_iter().map(one).collect::<Vec<_>>().join("&")
}

/// For one part of an address.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' | b':' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (byte, pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(code)) => {
                out.push(code);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An address on this site to go on to, as somebody's request names it; never one elsewhere.
pub(crate) fn on_this_site(address: &str) -> Option<&str> {
    let own = address.starts_with('/') && !address.starts_with("//") && !address.contains('\\');
    (own && !address.chars().any(char::is_control)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        for text in ["a b", "Łódź & co", "x=1&y=2", "100%", "", "a+b", "'\"<>"] {
            let pairs = Pairs::read(&query([("f.name", text)]));
            assert_eq!(pairs.get("f.name"), Some(text));
        }
        let pairs = Pairs::read("a=1&a=2&b&c=%zz&d=%");
        assert_eq!(pairs.get("a"), Some("2"), "the last one holds");
        assert_eq!(pairs.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(
            (pairs.get("b"), pairs.get("c"), pairs.get("d")),
            (Some(""), Some("%zz"), Some("%"))
        );
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (address, own) in [
            ("/sales.order?q=a", true),
            ("//evil.example", false),
            ("https://evil.example", false),
            ("/\\evil.example", false),
            ("/a\nb", false),
            ("", false),
        ] {
            assert_eq!(on_this_site(address).is_some(), own, "{address}");
        }
    }
}
