//! An HTTP proxy on 127.0.0.1 before a real node, which goes wrong in the way that it is told.
#![allow(dead_code, reason = "each program that includes this file uses some of it")]

#[path = "http.rs"]
#[allow(clippy::duplicate_mod, reason = "programs that include both support files have it in each")]
mod http;

use http::Message;
use serde_json::Value;
use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Changes an answer; given the request too.
pub(crate) type Rewrite = Box<dyn FnOnce(&Value, &mut Value) + Send>;

/// Changes the bytes of an answer.
pub(crate) type Garble = Box<dyn FnOnce(&mut Vec<u8>) + Send>;

/// What is done with one HTTP request.
pub(crate) enum Fault {
    None,
    /// The node is asked so long later. Requests on different connections wait at the same time.
    Delay(Duration),
    /// The connection is closed, and the node never sees the request.
    CloseBefore,
    /// The connection is closed after the node has answered.
    CloseAfter,
    /// So many bytes of the answer, counted from the first one of its head, and then the connection's end.
    CutAt(usize),
    /// The answer's body comes in pieces of so many bytes with a pause before each.
    Drip(usize, Duration),
    /// This status, with `Retry-After` in seconds where given; the node never sees the request.
    Status(u16, Option<u64>),
    /// The node is asked for the second word where the request says the first; its answer says the first again. So it
    /// tells in its own way that it has no such method.
    Rename(&'static str, &'static str),
    /// The answer is another one.
    Rewrite(Rewrite),
    /// The answer's bytes are others.
    Garble(Garble),
}

/// One HTTP request.
pub(crate) struct Exchange<'a> {
    /// Its number, from 0, over all connections.
    pub(crate) index: usize,
    body: &'a [u8],
}

impl Exchange<'_> {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body).expect("clients send JSON")
    }
}

type Script = dyn Fn(&Exchange<'_>) -> Fault + Send + Sync;

#[derive(Default)]
struct Counters {
    connections: AtomicUsize,
    bodies: AtomicUsize,
    faults: AtomicUsize,
    last_answer: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// What has passed through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    pub(crate) connections: usize,
    /// HTTP requests.
    pub(crate) bodies: usize,
    /// Those of them with a fault other than a delay.
    pub(crate) faults: usize,
    /// Bytes of the last answer with its head, before any fault.
    pub(crate) last_answer: usize,
    /// HTTP requests that were under way at the same time at most.
    pub(crate) most_at_once: usize,
}

struct Shared {
    node: String,
    script: Mutex<Arc<Script>>,
    counters: Counters,
    stop: AtomicBool,
}

pub(crate) struct FaultyProxy {
    port: u16,
    shared: Arc<Shared>,
}

impl FaultyProxy {
    /// A proxy before the node at `node` (`127.0.0.1:port`). `script` says what is done with each request.
    pub(crate) fn start(node: &str, script: impl Fn(&Exchange<'_>) -> Fault + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a port").port();
        let shared = Arc::new(Shared {
            node: node.to_owned(),
            script: Mutex::new(Arc::new(script)),
            counters: Counters::default(),
            stop: AtomicBool::new(false),
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.stop.load(Ordering::SeqCst) {
                    break;
                }
                let shared = accepting.clone();
                shared.counters.connections.fetch_add(1, Ordering::SeqCst);
                // A connection that breaks concerns its own client only, who is told by that.
                thread::spawn(move || shared.serve(&stream));
            }
        });
        Self { port, shared }
    }

    /// From the next request on.
    pub(crate) fn behave(&self, script: impl Fn(&Exchange<'_>) -> Fault + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
    }

    /// `fault` befalls the next request alone.
    pub(crate) fn once(&self, fault: Fault) {
        let fault = Mutex::new(Some(fault));
        self.behave(move |_| fault.lock().expect("nothing panics here").take().unwrap_or(Fault::None));
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn passed(&self) -> Passed {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let Counters { connections, bodies, faults, last_answer, most_at_once, .. } = &self.shared.counters;
        Passed {
            connections: count(connections),
            bodies: count(bodies),
            faults: count(faults),
            last_answer: count(last_answer),
            most_at_once: count(most_at_once),
        }
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn replace(text: &[u8], from: &str, to: &str) -> String {
    String::from_utf8_lossy(text).replace(from, to)
}

impl Shared {
    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        client.set_read_timeout(Some(Duration::from_secs(120)))?;
        let mut reader = BufReader::new(client.try_clone()?);
        let mut node = None;
        while let Some(request) = Message::read(&mut reader)? {
            let Counters { at_once, most_at_once, .. } = &self.counters;
            most_at_once.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let served = self.pass(client, &mut node, &request.body);
            at_once.fetch_sub(1, Ordering::SeqCst);
            if !served? {
                return client.shutdown(Shutdown::Both);
            }
        }
        Ok(())
    }

    /// Serves one request; false where the connection ends with it.
    fn pass(&self, mut client: &TcpStream, node: &mut Option<BufReader<TcpStream>>, body: &[u8]) -> io::Result<bool> {
        let index = self.counters.bodies.fetch_add(1, Ordering::SeqCst);
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fault = script(&Exchange { index, body });
        if !matches!(fault, Fault::None | Fault::Delay(_)) {
            self.counters.faults.fetch_add(1, Ordering::SeqCst);
        }
        match &fault {
            Fault::CloseBefore => return Ok(false),
            Fault::Delay(time) => thread::sleep(*time),
            Fault::Status(code, seconds) => {
                let retry_after = seconds.map_or_else(String::new, |seconds| format!("retry-after: {seconds}\r\n"));
                client.write_all(&http::response(*code, &retry_after, b"no"))?;
                return Ok(true);
            }
            _ => {}
        }
        let answer = if let Fault::Rename(from, to) = fault {
            let mut answer = self.ask(node, replace(body, from, to).as_bytes())?;
            answer.body = replace(&answer.body, to, from).into_bytes();
            answer
        } else {
            self.ask(node, body)?
        };
        let status = answer.status().unwrap_or(500);
        let mut body_out = answer.body;
        let whole = http::response(status, "", &body_out);
        self.counters.last_answer.store(whole.len(), Ordering::SeqCst);
        match fault {
            Fault::CloseAfter => return Ok(false),
            Fault::CutAt(end) => {
                client.write_all(&whole[..end.min(whole.len())])?;
                return Ok(false);
            }
            Fault::Drip(piece, pause) => {
                let head = whole.len() - body_out.len();
                client.write_all(&whole[..head])?;
                for piece in whole[head..].chunks(piece.max(1)) {
                    thread::sleep(pause);
                    client.write_all(piece)?;
                }
                return Ok(true);
            }
            Fault::Rewrite(rewrite) => {
                let request = serde_json::from_slice(body)?;
                let mut answer = serde_json::from_slice(&body_out)?;
                rewrite(&request, &mut answer);
                body_out = answer.to_string().into_bytes();
            }
            Fault::Garble(garble) => garble(&mut body_out),
            _ => return client.write_all(&whole).map(|()| true),
        }
        client.write_all(&http::response(status, "", &body_out)).map(|()| true)
    }

    /// Asks the node on the connection that is open, or on a new one when it has been closed since.
    fn ask(&self, node: &mut Option<BufReader<TcpStream>>, body: &[u8]) -> io::Result<Message> {
        if let Some(open) = node
            && let Ok(answer) = http::exchange(open, &self.node, body)
        {
            return Ok(answer);
        }
        let stream = TcpStream::connect(&self.node)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        http::exchange(node.insert(BufReader::new(stream)), &self.node, body)
    }
}
