//! The HTTP client: ureq with rustls.

use super::transport::TransportError;
use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use ureq::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use ureq::http::{HeaderName, HeaderValue, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, config::Config};

/// A node that is reached over HTTP.
pub(super) struct HttpNode {
    client: Arc<HttpClient>,
    url: String,
    /// Whether its certificate is one that the user's own authorities vouch for, as far as is known.
    own_authority: AtomicBool,
}

/// What the nodes share: headers, authorities, and connections that are kept open.
pub(super) struct HttpClient {
    headers: Vec<(HeaderName, HeaderValue)>,
    public: Agent,
    own: Option<Agent>,
}

impl HttpClient {
    /// Keeps up to `connections` idle connections to each node.
    pub(super) fn new(
        headers: &[(String, String)],
        authorities: Option<&Path>,
        nodes: usize,
        connections: usize,
    ) -> Result<Self> {
        let own = authorities.map(own_authorities).transpose()?;
        let headers = headers.iter().map(|(name, value)| header(name, value)).collect::<Result<_>>()?;
        let agent = |roots| agent(roots, nodes, connections);
        Ok(Self { headers, public: agent(RootCerts::WebPki), own: own.map(agent) })
    }
}

impl HttpNode {
    pub(super) fn new(url: &str, client: &Arc<HttpClient>) -> Self {
        Self { client: client.clone(), url: url.to_owned(), own_authority: AtomicBool::new(client.own.is_some()) }
    }

    pub(super) fn send(
        &self,
        body: &[u8],
        deadline: Instant,
        limit: usize,
    ) -> std::result::Result<Vec<u8>, TransportError> {
        let client = &self.client;
        let Some(own) = &client.own else { return self.post(&client.public, body, deadline, limit) };
        let own_first = self.own_authority.load(Ordering::Relaxed);
        let (first, second) = if own_first { (own, &client.public) } else { (&client.public, own) };
        match self.post(first, body, deadline, limit) {
            Err(TransportError::Refused(refusal)) if self.url.starts_with("https") => {
                let answer = self.post(second, body, deadline, limit);
                if let Err(TransportError::Refused(_)) = answer {
                    return Err(TransportError::Refused(refusal));
                }
                self.own_authority.store(!own_first, Ordering::Relaxed);
                answer
            }
            answer => answer,
        }
    }

    fn post(
        &self,
        agent: &Agent,
        body: &[u8],
        deadline: Instant,
        limit: usize,
    ) -> std::result::Result<Vec<u8>, TransportError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TransportError::Timeout);
        }
        let mut request = agent
            .post(&self.url)
            .config()
            .timeout_global(Some(left))
            .build()
            .header("content-type", "application/json")
            .header("accept", "application/json");
        for (name, value) in &self.client.headers {
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

fn agent(roots: RootCerts, nodes: usize, connections: usize) -> Agent {
    let tls = TlsConfig::builder().root_certs(roots).build();
    // A redirect would carry the user's headers to a host that the user has not named: it is an error like any status.
    Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("worldstate/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .max_idle_connections_per_host(connections)
        .max_idle_connections(connections.saturating_mul(nodes))
        .build()
        .into()
}

/// `scheme://host[:port]` of a URL whose scheme is one of `schemes`: the rest may hold a key, and is never shown.
pub(super) fn name(url: &str, schemes: &[&str]) -> Result<String> {
    let refused = |why: &str| Err(Error::InvalidInput(format!("URL of the node: {why}")));
    let Ok(uri) = url.parse::<Uri>() else { return refused("not a URL") };
    let Some(scheme) = uri.scheme_str().filter(|scheme| schemes.contains(scheme)) else {
        return refused("none of http://, https://, ipc:// and the path of a socket");
    };
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else { return refused("without a host") };
    // The parser takes a port that is no number for none at all, and the request would go to the scheme's own.
    let after_host =
        uri.authority().and_then(|authority| authority.as_str().rsplit_once(host)).map_or("", |(_, rest)| rest);
    if uri.port().is_none() && !matches!(after_host, "" | ":") {
        return refused("its port is not a number up to 65535");
    }
    let port = uri.port().map_or_else(String::new, |port| format!(":{port}"));
    Ok(format!("{scheme}://{host}{port}"))
}

pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
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
