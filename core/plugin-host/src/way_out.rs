//! One request to somebody outside, over HTTP: the name is resolved once, every address of it must be one of
//! the open network, and the one that was looked at is the one that is connected to. Redirects are not
//! followed here, nothing is kept between requests, and no proxy or setting of the machine is asked.
//! Not here: whether the plugin may, and its secrets (`kernel::plugins::outside`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fondaco_kernel::plugins::{Fetch, Fetched, Unfetched};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

const BODY_BYTES_MAX: usize = 1 << 20;
const HEADER_BYTES_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 100;
const CONNECT: Duration = Duration::from_secs(10);

/// What a name leads to.
type Names = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// How somebody outside is reached.
#[derive(Clone, Default)]
pub struct WayOut {
    loopback: bool,
    names: Option<Arc<Names>>,
}

impl fmt::Debug for WayOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WayOut").field("loopback", &self.loopback).finish_non_exhaustive()
    }
}

impl WayOut {
    /// Also to this machine itself, where a test plays somebody outside. No manifest and no grant can say
    /// that.
    pub fn with_loopback(mut self) -> WayOut {
        self.loopback = true;
        self
    }

    /// By other names than those of the machine.
    pub fn with_names(
        mut self,
        names: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static,
    ) -> WayOut {
        self.names = Some(Arc::new(names));
        self
    }

    /// Asks once, within the time that the request has.
    pub(crate) async fn fetch(&self, fetch: Fetch) -> Result<Fetched, Unfetched> {
        let time = Duration::from_secs(u64::from(fetch.timeout_s));
        let began = tokio::time::Instant::now();
        let url = Url::parse(&fetch.url).map_err(|e| refused(format!("no address: {e}")))?;
        let request = written(&fetch, &url)?;
        let stream = tokio::time::timeout(time.min(CONNECT), self.connect(&url)).await;
        let stream = stream
            .map_err(|_| Unfetched::Unreachable("no connection within its time".to_owned()))??;
        let left = time.saturating_sub(began.elapsed());
        let asked = async {
            match url.scheme() {
                "https" => exchange(secured(&url, stream).await?, request).await,
                _ => exchange(stream, request).await,
            }
        };
        let outcome = tokio::time::timeout(left, asked).await;
        outcome.map_err(|_| lost(format!("no answer within {} s", fetch.timeout_s)))?
    }

    async fn connect(&self, url: &Url) -> Result<TcpStream, Unfetched> {
        let port = url.port_or_known_default().ok_or_else(|| refused("no port"))?;
        let addresses = self.addresses(url).await?;
        let mut last = Unfetched::Unreachable("the name leads nowhere".to_owned());
        for address in addresses {
            match TcpStream::connect(SocketAddr::new(address, port)).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Unfetched::Unreachable(format!("no connection: {error}")),
            }
        }
        Err(last)
    }

    /// What the name leads to, if all of it is outside.
    async fn addresses(&self, url: &Url) -> Result<Vec<IpAddr>, Unfetched> {
        let found = match (url.host(), &self.names) {
            (Some(Host::Ipv4(address)), _) => vec![IpAddr::V4(address)],
            (Some(Host::Ipv6(address)), _) => vec![IpAddr::V6(address)],
            (Some(Host::Domain(name)), Some(names)) => names(name),
            (Some(Host::Domain(name)), None) => {
                let found = tokio::net::lookup_host((name, 0)).await;
                let unknown = |error| Unfetched::Unreachable(format!("no such name: {error}"));
                found.map_err(unknown)?.map(|address| address.ip()).collect()
            }
            (None, _) => return Err(refused("no host")),
        };
        let inside = found.iter().find(|address| {
            !(is_open(**address) || self.loopback && address.to_canonical().is_loopback())
        });
        match inside {
            Some(_) => Err(refused(format!(
                "{} leads into this machine or its network, which no plugin asks",
                url.host_str().unwrap_or_default()
            ))),
            None => Ok(found),
        }
    }
}

fn refused(why: impl Into<String>) -> Unfetched {
    Unfetched::Refused(why.into())
}

fn lost(why: impl Into<String>) -> Unfetched {
    Unfetched::Lost(why.into())
}

/// The request as it is sent: where it goes follows from the address alone.
fn written(fetch: &Fetch, url: &Url) -> Result<Request<Full<Bytes>>, Unfetched> {
    let wrong = |_| refused("a request that cannot be written");
    let host = url.host_str().unwrap_or_default();
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let method = Method::from_bytes(fetch.method.as_bytes());
    let method = method.map_err(|_| refused("a method that there is not"))?;
    let body = Full::new(Bytes::from(fetch.body.clone()));
    let mut request = Request::builder().method(method).uri(path).body(body).map_err(wrong)?;
    let headers = request.headers_mut();
    for (name, value) in &fetch.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        let (name, value) = (name.ok(), HeaderValue::from_str(value).ok());
        let (Some(name), Some(value)) = (name, value) else {
            return Err(refused("a header that cannot be written"));
        };
        headers.append(name, value);
    }
    let authority = HeaderValue::from_str(&authority).map_err(|_| refused("no host"))?;
    headers.insert(HOST, authority);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

async fn secured(
    url: &Url,
    stream: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Unfetched> {
    let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).map_err(|_| refused("a host that has no certificate"))?;
    let connector = TlsConnector::from(trust()?);
    let stream = connector.connect(name, stream).await;
    stream.map_err(|error| Unfetched::Unreachable(format!("no secure connection: {error}")))
}

/// The authorities that browsers trust, as they were when the program was built.
fn trust() -> Result<Arc<ClientConfig>, Unfetched> {
    static TRUST: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = TRUST.get() {
        return Ok(config.clone());
    }
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| refused(format!("no TLS: {error}")))?;
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    Ok(TRUST.get_or_init(|| config).clone())
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Fetched, Unfetched>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(HEADER_BYTES_MAX).max_headers(HEADERS_MAX);
    let (mut sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Unfetched::Unreachable(format!("no connection: {error}")))?;
    let asked = async {
        let response = sender.send_request(request).await;
        read(response.map_err(|error| lost(format!("no answer: {error}")))?).await
    };
    let (mut asked, mut connection) = (std::pin::pin!(asked), std::pin::pin!(connection));
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            outcome = &mut asked => return outcome,
            _ = &mut connection, if open => open = false,
        }
    }
}

async fn read<B>(response: Response<B>) -> Result<Fetched, Unfetched>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let headers: Vec<(String, String)> = headers.collect();
    let long: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if long > HEADER_BYTES_MAX {
        return Err(lost(format!("an answer with more than {HEADER_BYTES_MAX} bytes of headers")));
    }
    let body =
        Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| match error
            .is::<LengthLimitError>(
        ) {
            true => lost(format!("an answer of more than {BODY_BYTES_MAX} bytes")),
            false => lost(format!("half an answer: {error}")),
        })?;
    let body = body.to_bytes().to_vec();
    Ok(Fetched { status: parts.status.as_u16(), headers, body })
}

/// Whether an address is one of the open network: not this machine, not a network of somebody's own, none
/// that has another purpose, and no address of the new kind in which such a one is hidden.
fn is_open(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_open_v4(address),
        IpAddr::V6(address) => is_open_v6(address),
    }
}

fn is_open_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240)
}

fn is_open_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let [.., y, z] = address.segments();
    let hidden = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (a, b) {
        // Translated, and tunnelled: an address of the old kind is in it.
        (0x64, 0xff9b) => is_open_v4(hidden(y, z)),
        (0x2002, high) => is_open_v4(hidden(high, address.segments()[2])),
        (0x2001, 0 | 2 | 0xdb8) => false,
        (0x2001, b) if (0x10..0x30).contains(&b) => false,
        (0x3fff, b) if b < 0x1000 => false,
        // All that is given out to the open network.
        _ => (0x2000..0x4000).contains(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_open_network_and_others() {
        for (address, open) in [
            ("1.1.1.1", true),
            ("93.184.216.34", true),
            ("100.63.255.255", true),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("192.0.0.192", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700:4700::1111", true),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            ("::127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::a00:1", false),
            ("64:ff9b:1::a00:1", false),
            ("64:ff9b::101:101", true),
            ("2002:7f00:1::", false),
            ("2002:a00:1::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fd12:3456::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
            ("5f00::1", false),
        ] {
            assert_eq!(is_open(address.parse().unwrap()), open, "{address}");
        }
    }
}
