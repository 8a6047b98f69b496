//! A scripted HTTP server on 127.0.0.1 that goes wrong in the way that a test wants.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What the server does with one request.
pub enum Reply {
    /// 200 with this JSON.
    Json(Value),
    /// Any status, extra header lines, and body.
    Raw { status: u16, headers: &'static str, body: Vec<u8> },
    /// 200 with a `content-length` that the body does not reach.
    Cut(Vec<u8>),
    /// The connection is closed without an answer.
    Close,
    /// Nothing for so long, then the connection is closed.
    Hang(Duration),
    /// So long later, 200 with this JSON.
    Late(Duration, Value),
    /// These bytes, whatever they are, then the connection is closed.
    Bytes(Vec<u8>),
    /// 200 with this JSON, a byte at a time with such a pause after each.
    Drip(Duration, Value),
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    pub at: Instant,
    pub headers: Vec<String>,
    pub body: Value,
}

type Script = dyn Fn(usize, &Value) -> Reply + Send + Sync;

struct Shared {
    script: Box<Script>,
    log: Mutex<Vec<Received>>,
    /// Connections that are still to be reset before a request has been read.
    resets: AtomicUsize,
    connections: AtomicUsize,
    stop: AtomicBool,
    tls: Option<Arc<rustls::ServerConfig>>,
}

pub struct FaultyServer {
    port: u16,
    shared: Arc<Shared>,
}

impl FaultyServer {
    /// `script` gets the number of the request, from 0, and its body.
    pub fn start(script: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, 0, script)
    }

    /// Resets the first `resets` connections.
    pub fn start_resetting(resets: usize, script: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, resets, script)
    }

    pub fn start_with(
        tls: Option<Arc<rustls::ServerConfig>>,
        resets: usize,
        script: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            log: Mutex::default(),
            resets: AtomicUsize::new(resets),
            connections: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            tls,
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stop.load(Ordering::SeqCst) {
                    break;
                }
                let (stream, shared) = (stream.unwrap(), accepting.clone());
                shared.connections.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || shared.connection(stream));
            }
        });
        Self { port, shared }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v3/secret-key", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.log.lock().unwrap().clone()
    }

    /// Connections that were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Requests whose body names `method`.
    pub fn count(&self, method: &str) -> usize {
        let named = |value: &Value| value["method"] == method;
        self.received()
            .iter()
            .filter(|r| named(&r.body) || r.body.as_array().is_some_and(|items| items.iter().any(named)))
            .count()
    }
}

impl Drop for FaultyServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn connection(&self, mut stream: TcpStream) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
        let _ = stream.set_nodelay(true);
        if self.resets.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            // Closing with bytes unread makes the kernel send a reset.
            let _ = stream.read(&mut [0; 1]);
            return;
        }
        match &self.tls {
            None => self.serve(&stream, &stream),
            Some(config) => {
                let mut tls = rustls::ServerConnection::new(config.clone()).unwrap();
                while tls.is_handshaking() {
                    if tls.complete_io(&mut stream).is_err() {
                        return;
                    }
                }
                let secured = Mutex::new(rustls::StreamOwned::new(tls, stream));
                self.serve(Locked(&secured), Locked(&secured));
            }
        }
    }

    /// Serves requests on one connection until either side ends it.
    fn serve(&self, reader: impl Read, mut writer: impl Write) {
        let mut reader = BufReader::new(reader);
        while let Some(received) = read_request(&mut reader) {
            let index = {
                let mut log = self.log.lock().unwrap();
                log.push(received.clone());
                log.len() - 1
            };
            let (status, headers, body, length) = match (self.script)(index, &received.body) {
                Reply::Json(value) => plain(value.to_string().into_bytes()),
                Reply::Late(delay, value) => {
                    thread::sleep(delay);
                    plain(value.to_string().into_bytes())
                }
                Reply::Bytes(bytes) => {
                    let _ = writer.write_all(&bytes).and_then(|()| writer.flush());
                    return;
                }
                Reply::Drip(pause, value) => {
                    let bytes = whole(value.to_string().as_bytes());
                    for byte in bytes {
                        if writer.write_all(&[byte]).and_then(|()| writer.flush()).is_err() {
                            return;
                        }
                        thread::sleep(pause);
                    }
                    continue;
                }
                Reply::Raw { status, headers, body } => {
                    let length = body.len();
                    (status, headers, body, length)
                }
                Reply::Cut(body) => {
                    let length = body.len() + 1000;
                    (200, "", body, length)
                }
                Reply::Close => return,
                Reply::Hang(time) => {
                    thread::sleep(time);
                    return;
                }
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
            );
            let sent = writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&body));
            if sent.and_then(|()| writer.flush()).is_err() || length != body.len() {
                return;
            }
        }
    }
}

/// A whole HTTP answer.
pub fn whole(body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len())
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn plain(body: Vec<u8>) -> (u16, &'static str, Vec<u8>, usize) {
    let length = body.len();
    (200, "", body, length)
}

fn read_request(reader: &mut impl BufRead) -> Option<Received> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        headers.push(line.to_ascii_lowercase());
    }
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { at: Instant::now(), headers, body: serde_json::from_slice(&body).unwrap() })
}

/// Reads and writes one TLS stream through two handles of one thread.
struct Locked<'a>(&'a Mutex<rustls::StreamOwned<rustls::ServerConnection, TcpStream>>);

impl Read for Locked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().read(buf)
    }
}

impl Write for Locked<'_> {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap().flush()
    }
}

/// A port on which nobody listens.
pub fn dead_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
        let _ = stream.shutdown(Shutdown::Both);
    }
    port
}
