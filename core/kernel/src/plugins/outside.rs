//! A plugin asks somebody outside of the company, over HTTP: whether it may, with which secrets, where a
//! redirect may lead. Not here: names, addresses, sockets and TLS (`Plugins::fetch`, by the host).
//! INVARIANT: no request goes to an origin that manifest and grant do not both name, a redirect's among them;
//! a secret goes where the plugin sent it and nowhere else, and never comes back to the plugin.

use fondaco_schema::plugin::{SettingKind, Want};
use url::Url;

use super::rights::granted;
use super::secrets;
use super::talk::{Fetch, Fetched, Installed, Unfetched, Word};
use crate::{Kernel, Result};

const URL_BYTES_MAX: usize = 4_096;
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 8 << 10;
const BODY_BYTES_MAX: usize = 1 << 20;
const TIMEOUT_S_MAX: u32 = 30;
const REDIRECTS_MAX: u32 = 3;
/// A secret that is shorter is not looked for in answers: it would be found in everything.
const SECRET_BYTES_MIN: usize = 6;
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// What says where a request goes, how long it is, or what the connection does, is the host's to say.
const OURS: [&str; 12] = [
    "host",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "accept-encoding",
];

type Outcome = std::result::Result<Fetched, Unfetched>;

pub(super) fn refused(why: impl Into<String>) -> Outcome {
    Err(Unfetched::Refused(why.into()))
}

/// Asks, with every check.
pub(super) async fn fetch(kernel: &Kernel, plugin: &Installed, fetch: Fetch) -> Result<Outcome> {
    let mut url = match checked(&fetch) {
        Ok(url) => url,
        Err(why) => return Ok(refused(why)),
    };
    let secrets = match named(&fetch, plugin) {
        Ok(false) => Vec::new(),
        Ok(true) => secrets::of(kernel, plugin).await?,
        Err(why) => return Ok(refused(why)),
    };
    let mut headers = match filled(&fetch.headers, &secrets) {
        Ok(headers) => headers,
        Err(why) => return Ok(refused(why)),
    };
    let plugins = kernel.shared().plugins.clone();
    for _ in 0..=REDIRECTS_MAX {
        if let Err(failure) = may(plugin, &origin(&url)) {
            return Ok(refused(failure.message));
        }
        let going = Fetch {
            method: fetch.method.clone(),
            url: url.to_string(),
            headers: headers.clone(),
            body: fetch.body.clone(),
            timeout_s: fetch.timeout_s.clamp(1, TIMEOUT_S_MAX),
        };
        let outcome = plugins.fetch(going).await;
        note(plugin, &fetch.method, &url, &outcome);
        let to = match outcome.as_ref().ok().and_then(|fetched| redirect(&fetch, &url, fetched)) {
            None => return Ok(hidden(outcome, &secrets)),
            Some(Ok(to)) => to,
            Some(Err(why)) => return Ok(refused(why)),
        };
        if origin(&to) != origin(&url) {
            headers = fetch.headers.clone();
            headers.retain(|(name, value)| !(is_credential(name) || value.contains(OPEN)));
        }
        url = to;
    }
    Ok(Err(Unfetched::Lost(format!("more than {REDIRECTS_MAX} redirects"))))
}

/// Whether a request of a plugin is in order and goes where it may; nothing is sent.
///
/// # Errors
/// Why it would be refused.
pub fn admitted(plugin: &Installed, fetch: &Fetch) -> std::result::Result<(), String> {
    let url = checked(fetch)?;
    may(plugin, &origin(&url)).map_err(|failure| failure.message)
}

/// Whether an origin is granted: by itself, or as that of an address which an administrator has set.
fn may(plugin: &Installed, origin: &str) -> Word<()> {
    let set = plugin.manifest.capabilities.http.iter().find(|own| {
        let name = own.setting().and_then(|name| plugin.setting(name));
        name.is_some_and(|url| address(&url).is_ok_and(|url| self::origin(&url) == origin))
    });
    granted(plugin, Want::Fetch(set.map_or(origin, |own| &own.origin)))
}

fn note(plugin: &Installed, method: &str, url: &Url, outcome: &Outcome) {
    let (plugin, origin) = (plugin.manifest.id.as_str(), origin(url));
    match outcome {
        Ok(Fetched { status, .. }) => {
            tracing::info!(plugin, method, origin, status, "asked outside")
        }
        Err(why) => {
            tracing::warn!(plugin, method, origin, ?why, "asked outside, without an answer")
        }
    }
}

/// The address that a request names, when everything about it is in order.
fn checked(fetch: &Fetch) -> std::result::Result<Url, String> {
    if fetch.url.len() > URL_BYTES_MAX || fetch.url.contains(OPEN) {
        return Err(format!("an address has at most {URL_BYTES_MAX} bytes, and no secrets"));
    }
    if !METHODS.contains(&fetch.method.as_str()) {
        return Err(format!("`{}` is none of {}", fetch.method, METHODS.join(", ")));
    }
    if fetch.body.len() > BODY_BYTES_MAX {
        return Err(format!("a body has at most {BODY_BYTES_MAX} bytes"));
    }
    if fetch.headers.len() > HEADERS_MAX {
        return Err(format!("at most {HEADERS_MAX} headers"));
    }
    fetch.headers.iter().try_for_each(|(name, value)| header(name, value))?;
    address(&fetch.url)
}

fn address(text: &str) -> std::result::Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("no address: {error}"))?;
    if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err("an address begins with https:// or http:// and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a name or a password in it".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

fn header(name: &str, value: &str) -> std::result::Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let plain = |b: u8| b.is_ascii_graphic() || b == b' ' || b == b'\t';
    if name.is_empty() || !name.bytes().all(token) || !value.bytes().all(plain) {
        return Err("a header with letters that no header has".to_owned());
    }
    if name.len() + value.len() > HEADER_BYTES_MAX {
        return Err(format!("a header has at most {HEADER_BYTES_MAX} bytes"));
    }
    match OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        true => Err(format!("the header `{name}` is not a plugin's to say")),
        false => Ok(()),
    }
}

/// As manifests and grants write it.
fn origin(url: &Url) -> String {
    let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
    format!("{scheme}://{host}:{}", url.port_or_known_default().unwrap_or_default())
}

fn is_credential(name: &str) -> bool {
    ["authorization", "cookie"].iter().any(|other| name.eq_ignore_ascii_case(other))
}

const OPEN: &str = "{secret:";

/// Whether the headers name secrets; each must be one of the manifest's.
fn named(fetch: &Fetch, plugin: &Installed) -> std::result::Result<bool, String> {
    let mut any = false;
    for (_, value) in &fetch.headers {
        for rest in value.split(OPEN).skip(1) {
            let name = rest.split_once('}').map(|(name, _)| name).unwrap_or_default();
            let setting = plugin.manifest.settings.get(name);
            if setting.is_none_or(|setting| setting.kind != SettingKind::Secret) {
                return Err(format!("`{name}` is no secret of its manifest"));
            }
            any = true;
        }
    }
    Ok(any)
}

/// The headers with their secrets.
fn filled(
    headers: &[(String, String)],
    secrets: &[(String, String)],
) -> std::result::Result<Vec<(String, String)>, String> {
    let fill = |value: &str| {
        let mut parts = value.split(OPEN);
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap_or((part, ""));
            let secret = secrets.iter().find(|(own, _)| own == name).map(|(_, secret)| secret);
            let secret = secret.ok_or_else(|| {
                format!("the secret `{name}` has no value yet: an administrator sets it")
            })?;
            whole.push_str(secret);
            whole.push_str(rest);
        }
        Ok::<String, String>(whole)
    };
    headers.iter().map(|(name, value)| Ok((name.clone(), fill(value)?))).collect()
}

/// Where an answer leads, if the same question may be asked there.
fn redirect(
    fetch: &Fetch,
    url: &Url,
    fetched: &Fetched,
) -> Option<std::result::Result<Url, String>> {
    let moved = [301, 302, 303, 307, 308].contains(&fetched.status);
    if !moved || !["GET", "HEAD"].contains(&fetch.method.as_str()) {
        return None;
    }
    let (_, to) = fetched.headers.iter().find(|(name, _)| name == "location")?;
    let to = url.join(to).map_err(|error| format!("a redirect to no address: {error}"));
    Some(to.and_then(|to| address(to.as_str())))
}

/// An answer in which no secret stands that the request carried.
fn hidden(outcome: Outcome, secrets: &[(String, String)]) -> Outcome {
    let mut fetched = outcome?;
    for (name, secret) in secrets.iter().filter(|(_, secret)| secret.len() >= SECRET_BYTES_MIN) {
        let handle = format!("{OPEN}{name}}}");
        for (_, value) in &mut fetched.headers {
            *value = value.replace(secret, &handle);
        }
        fetched.body = replaced(&fetched.body, secret.as_bytes(), handle.as_bytes());
    }
    Ok(fetched)
}

fn replaced(body: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        whole.extend(&rest[..at]);
        whole.extend(with);
        rest = &rest[at + what.len()..];
    }
    whole.extend(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(method: &str, url: &str, headers: &[(&str, &str)]) -> Fetch {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Fetch {
            method: method.to_owned(),
            url: url.to_owned(),
            headers,
            body: vec![],
            timeout_s: 1,
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_however_it_is_written() {
        for (url, own) in [
            ("https://api.example.com/a?b#c", "https://api.example.com:443"),
            ("HTTPS://API.example.com:443/", "https://api.example.com:443"),
            ("http://api.example.com:8080", "http://api.example.com:8080"),
            ("https://api.example.com.evil.test/", "https://api.example.com.evil.test:443"),
            ("https://api.example.com:443@evil.test/", ""),
            ("https://evil.test\\@api.example.com/", "https://evil.test:443"),
            // Other ways to write 127.0.0.1.
            ("http://2130706433/", "http://127.0.0.1:80"),
            ("http://0x7f.1/", "http://127.0.0.1:80"),
            ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]:80"),
            ("file:///etc/passwd", ""),
            ("//api.example.com/", ""),
            ("https://", ""),
        ] {
            let found = checked(&asking("GET", url, &[])).map(|url| origin(&url));
            assert_eq!(found.unwrap_or_default(), own, "{url}");
        }
    }

    #[test]
    fn what_no_request_says() {
        for (method, headers) in [
            ("CONNECT", vec![]),
            ("get", vec![]),
            ("GET", vec![("Host", "evil.test")]),
            ("GET", vec![("transfer-encoding", "chunked")]),
            ("GET", vec![("x-a", "b\r\nHost: evil.test")]),
            ("GET", vec![("x a", "b")]),
            ("GET", vec![("", "b")]),
            ("GET", vec![("x-a", "b\0")]),
        ] {
            assert!(checked(&asking(method, "https://a.test/", &headers)).is_err(), "{headers:?}");
        }
        assert!(checked(&asking("GET", "https://a.test/{secret:key}", &[])).is_err());
    }

    #[test]
    fn secrets_are_put_in_and_taken_out() {
        let secrets = [("key".to_owned(), "s3cr3t-value".to_owned())];
        let headers =
            [("authorization".to_owned(), "Bearer {secret:key}, {secret:key}".to_owned())];
        let filled = filled(&headers, &secrets).unwrap();
        assert_eq!(filled[0].1, "Bearer s3cr3t-value, s3cr3t-value");
        let headers = vec![("x-echo".to_owned(), "you said s3cr3t-value".to_owned())];
        let body = b"a s3cr3t-value and a s3cr3t-value!".to_vec();
        let answer = hidden(Ok(Fetched { status: 200, headers, body }), &secrets).unwrap();
        assert_eq!(answer.headers[0].1, "you said {secret:key}");
        assert_eq!(answer.body, b"a {secret:key} and a {secret:key}!");
    }
}
