//! Nodes on a socket of this machine: JSON after JSON in both directions, without anything between.

use super::transport::TransportError;
use parking_lot::Mutex;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant;

type Outcome<T> = std::result::Result<T, TransportError>;

/// A node that is reached through a Unix socket.
pub(super) struct IpcNode {
    path: PathBuf,
    /// Connections that wait for the next body.
    idle: Mutex<Vec<UnixStream>>,
    /// How many are kept.
    connections: usize,
}

/// The path of the socket that a URL names: `ipc:///path`, an absolute path, or a path that ends in `.ipc`.
pub(super) fn path(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("ipc://").or_else(|| {
        let is_socket = Path::new(url).extension().is_some_and(|extension| extension == "ipc");
        (url.starts_with('/') || (is_socket && !url.contains("://"))).then_some(url)
    });
    path.filter(|path| !path.is_empty()).map(Path::new)
}

impl IpcNode {
    pub(super) fn new(path: &Path, connections: usize) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default(), connections }
    }

    pub(super) fn send(&self, body: &[u8], deadline: Instant, limit: usize) -> Outcome<Vec<u8>> {
        let idle = self.idle.lock().pop();
        if let Some(stream) = idle {
            match self.exchange(stream, body, deadline, limit) {
                // A node that was restarted has closed the connections that it had.
                Err(Broken { begun: false, error: TransportError::Connection(_) }) => {}
                done => return done.map_err(|broken| broken.error),
            }
        }
        let stream = UnixStream::connect(&self.path).map_err(|error| TransportError::Connection(error.to_string()))?;
        self.exchange(stream, body, deadline, limit).map_err(|broken| broken.error)
    }

    /// Sends one body and reads one JSON value. Only a connection on which that went well is used again.
    fn exchange(
        &self,
        mut stream: UnixStream,
        body: &[u8],
        deadline: Instant,
        limit: usize,
    ) -> std::result::Result<Vec<u8>, Broken> {
        let mut answer = Vec::new();
        let broken = |begun: bool| move |error| Broken { begun, error };
        let left = || match deadline.saturating_duration_since(Instant::now()) {
            left if left.is_zero() => Err(TransportError::Timeout),
            left => Ok(Some(left)),
        };
        let mut rest = body;
        while !rest.is_empty() {
            left()
                .and_then(|left| stream.set_write_timeout(left).map_err(|error| failure(&error)))
                .map_err(broken(false))?;
            match stream.write(rest) {
                Ok(0) => {
                    return Err(broken(false)(TransportError::Connection("the node closed the connection".into())));
                }
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(false)(failure(&error))),
            }
        }
        let mut end = End::default();
        let mut chunk = vec![0; 1 << 16];
        loop {
            let begun = !answer.is_empty();
            left()
                .and_then(|left| stream.set_read_timeout(left).map_err(|error| failure(&error)))
                .map_err(broken(begun))?;
            let count = match stream.read(&mut chunk) {
                Ok(0) => {
                    return Err(broken(begun)(TransportError::Connection("the node closed the connection".into())));
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(begun)(failure(&error))),
            };
            let new = chunk.get(..count).unwrap_or_default();
            let found = end.find(new);
            answer.extend_from_slice(new.get(..found.unwrap_or(count)).unwrap_or_default());
            if answer.len() > limit {
                return Err(broken(true)(TransportError::TooLarge));
            }
            let Some(found) = found else { continue };
            // Anything but a line's end after the answer belongs to no question.
            let rest = new.get(found..).unwrap_or_default();
            if rest.iter().all(u8::is_ascii_whitespace) {
                let mut idle = self.idle.lock();
                if idle.len() < self.connections {
                    idle.push(stream);
                }
            }
            return Ok(answer);
        }
    }
}

/// Why an exchange failed, and whether an answer had begun to come.
struct Broken {
    begun: bool,
    error: TransportError,
}

fn failure(error: &std::io::Error) -> TransportError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => TransportError::Timeout,
        _ => TransportError::Connection(error.to_string()),
    }
}

/// Finds the end of the first JSON object or array in a stream that comes in pieces.
#[derive(Default)]
struct End {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl End {
    /// The number of bytes of `piece` up to the end, if it is there.
    fn find(&mut self, piece: &[u8]) -> Option<usize> {
        for (at, byte) in piece.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_in_pieces_of_any_size() {
        let json = br#" [{"a":"]}\"\\","b":[1,{}]},"x"]"#;
        let stream = [json.as_slice(), b"\n{}"].concat();
        for size in 1..=stream.len() {
            let mut end = End::default();
            let mut read = 0;
            let found = stream.chunks(size).find_map(|piece| {
                let found = end.find(piece).map(|found| read + found);
                read += piece.len();
                found
            });
            assert_eq!(found, Some(json.len()), "pieces of {size}");
        }
    }

    #[test]
    fn sockets_are_told_from_other_urls() {
        for (url, socket) in [
            ("ipc:///tmp/geth.ipc", Some("/tmp/geth.ipc")),
            ("/tmp/geth", Some("/tmp/geth")),
            ("data/geth.ipc", Some("data/geth.ipc")),
            ("http://host/geth.ipc", None),
            ("ipc://", None),
            ("host:80", None),
        ] {
            assert_eq!(path(url), socket.map(Path::new), "{url}");
        }
    }
}
