//! The HTTP client: ureq with rustls.

use super::transport::TransportError;
use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;
use ureq::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use ureq::http::{HeaderName, HeaderValue, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, config::Config};

struct Endpoint {
    url: String,
    /// `scheme://host[:port]`: the rest of a URL may hold a key.
    name: String,
    /// Whether its certificate is one that the user's own authorities vouch for, as far as is known.
    own_authority: AtomicBool,
}

/// Nodes reachable over HTTP, one of which is current.
pub(super) struct HttpTransport {
    endpoints: Vec<Endpoint>,
    current: AtomicUsize,
    headers: Vec<(HeaderName, HeaderValue)>,
    public: Agent,
    own: Option<Agent>,
}

impl HttpTransport {
    pub(super) fn new(urls: &[String], headers: &[(String, String)], authorities: Option<&Path>) -> Result<Self> {
        if urls.is_empty() {
            return Err(Error::InvalidInput("no URL is given".into()));
        }
        let own = authorities.map(own_authorities).transpose()?;
        let endpoints = urls.iter().map(|url| endpoint(url, own.is_some())).collect::<Result<_>>()?;
        let headers = headers.iter().map(|(name, value)| header(name, value)).collect::<Result<_>>()?;
        Ok(Self {
            endpoints,
            current: AtomicUsize::new(0),
            headers,
            public: agent(RootCerts::WebPki),
            own: own.map(agent),
        })
    }

    pub(super) fn endpoints(&self) -> usize {
        self.endpoints.len()
    }

    pub(super) fn endpoint(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    pub(super) fn leave(&self, from: usize) {
        let next = (from + 1) % self.endpoints.len();
        // Losing the race means that another thread has left `from` already.
        let _ = self.current.compare_exchange(from, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn name(&self, at: usize) -> &str {
        &self.endpoints[at].name
    }

    pub(super) fn send(
        &self,
        at: usize,
        body: &[u8],
        deadline: Instant,
        limit: usize,
    ) -> std::result::Result<Vec<u8>, TransportError> {
        let endpoint = &self.endpoints[at];
        let Some(own) = &self.own else { return self.post(&self.public, endpoint, body, deadline, limit) };
        let own_first = endpoint.own_authority.load(Ordering::Relaxed);
        let (first, second) = if own_first { (own, &self.public) } else { (&self.public, own) };
        match self.post(first, endpoint, body, deadline, limit) {
            Err(TransportError::Refused(refusal)) if endpoint.url.starts_with("https") => {
                let answer = self.post(second, endpoint, body, deadline, limit);
                if let Err(TransportError::Refused(_)) = answer {
                    return Err(TransportError::Refused(refusal));
                }
                endpoint.own_authority.store(!own_first, Ordering::Relaxed);
                answer
            }
            answer => answer,
        }
    }

    fn post(
        &self,
        agent: &Agent,
        endpoint: &Endpoint,
        body: &[u8],
        deadline: Instant,
        limit: usize,
    ) -> std::result::Result<Vec<u8>, TransportError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TransportError::Timeout);
        }
        let mut request = agent
            .post(&endpoint.url)
            .config()
            .timeout_global(Some(left))
            .build()
            .header("content-type", "application/json")
            .header("accept", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = request.send(body).map_err(failure)?;
        let status = response.status();
        let answer = read(response.body_mut(), limit);
        if status.is_success() {
            return answer;
        }
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(super::retry::parse_retry_after);
        Err(TransportError::Status { code: status.as_u16(), retry_after, body: answer.unwrap_or_default() })
    }
}

/// Reads a body of at most `limit` bytes, counted as they unfold: a small compressed answer may be a huge one.
fn read(body: &mut Body, limit: usize) -> std::result::Result<Vec<u8>, TransportError> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut answer = Vec::new();
    body.as_reader().take(most).read_to_end(&mut answer).map_err(|error| failure(error.into()))?;
    if answer.len() > limit { Err(TransportError::TooLarge) } else { Ok(answer) }
}

fn agent(roots: RootCerts) -> Agent {
    let tls = TlsConfig::builder().root_certs(roots).build();
    // A redirect would carry the user's headers to a host that the user has not named: it is an error like any status.
    Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("worldstate/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .into()
}

fn endpoint(url: &str, own_authority: bool) -> Result<Endpoint> {
    let refused = |why: &str| Err(Error::InvalidInput(format!("URL of the node: {why}")));
    let Ok(uri) = url.parse::<Uri>() else { return refused("not a URL") };
    let Some(scheme) = uri.scheme_str().filter(|s| matches!(*s, "http" | "https")) else {
        return refused("neither http:// nor https://");
    };
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else { return refused("without a host") };
    // The parser takes a port that is no number for none at all, and the request would go to the scheme's own.
    let after_host =
        uri.authority().and_then(|authority| authority.as_str().rsplit_once(host)).map_or("", |(_, rest)| rest);
    if uri.port().is_none() && !matches!(after_host, "" | ":") {
        return refused("its port is not a number up to 65535");
    }
    let port = uri.port().map_or_else(String::new, |port| format!(":{port}"));
    Ok(Endpoint {
        url: url.to_owned(),
        name: format!("{scheme}://{host}{port}"),
        own_authority: AtomicBool::new(own_authority),
    })
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let parsed =
        name.parse().map_err(|_| Error::InvalidInput(format!("{name:?} is not the name of an HTTP header")))?;
    if matches!(parsed, CONTENT_LENGTH | TRANSFER_ENCODING) {
        return Err(Error::InvalidInput(format!("header {name} is the client's own")));
    }
    let mut value: HeaderValue = value
        .parse()
        .map_err(|_| Error::InvalidInput(format!("the value of header {name} has characters that HTTP forbids")))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

fn own_authorities(path: &Path) -> Result<RootCerts> {
    let refused = |why: String| Error::InvalidInput(format!("certificates {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| refused(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(refused("no certificate in PEM form inside".into()));
    }
    Ok(certificates.into())
}

/// ureq's errors without the URL, which some of their texts hold.
fn failure(error: ureq::Error) -> TransportError {
    match error {
        ureq::Error::Timeout(_) => TransportError::Timeout,
        ureq::Error::BodyExceedsLimit(_) => TransportError::TooLarge,
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => TransportError::Timeout,
        ureq::Error::Io(error) => {
            let text = error.to_string();
            if text.contains("certificate") { TransportError::Refused(text) } else { TransportError::Connection(text) }
        }
        ureq::Error::Rustls(error) => TransportError::Refused(error.to_string()),
        ureq::Error::Tls(text) => TransportError::Refused(text.to_owned()),
        ureq::Error::HostNotFound => TransportError::Connection("host not found".into()),
        ureq::Error::BadUri(_) => TransportError::Refused("not a URL".into()),
        ureq::Error::RequireHttpsOnly(_) => TransportError::Refused("https is required".into()),
        ureq::Error::ConnectProxyFailed(_) => TransportError::Connection("the proxy refused the connection".into()),
        other => TransportError::Connection(other.to_string()),
    }
}
