//! HTTP/1.1 messages as JSON-RPC needs them, on either side of a connection.
#![allow(dead_code, reason = "each program that includes this file uses some of it")]

use std::io::{self, BufRead, Read, Write};

/// A request or a response.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The request line or the status line.
    pub(crate) start: String,
    /// Header lines, the names in lower case.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

impl Message {
    /// Reads one message; `None` where the other side has closed before it. A body without length goes on to the end of
    /// the connection in a response, and is empty in a request.
    pub(crate) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(start) = line(reader)? else { return Ok(None) };
        let mut message = Self { start, headers: Vec::new(), body: Vec::new() };
        loop {
            let header = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').ok_or_else(|| broken("a header without colon"))?;
            message.headers.push(format!("{}:{value}", name.to_ascii_lowercase()));
        }
        if message.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            message.body = chunks(reader)?;
        } else if let Some(length) = message.header("content-length") {
            let length = length.parse().map_err(|_| broken("a content-length that is no number"))?;
            message.body = vec![0; length];
            reader.read_exact(&mut message.body)?;
        } else if message.start.starts_with("HTTP/") {
            reader.read_to_end(&mut message.body)?;
        }
        Ok(Some(message))
    }

    /// The value of the header that has this name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
    }

    /// The status of a response.
    pub(crate) fn status(&self) -> Option<u16> {
        self.start.split(' ').nth(1)?.parse().ok()
    }
}

fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end().to_owned()))
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| broken("a chunk without size"))?;
        if reader.take(size).read_to_end(&mut body)? as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // After a chunk its line's end, after the last one trailers up to an empty line.
        while line(reader)?.is_some_and(|line| size == 0 && !line.is_empty()) {}
        if size == 0 {
            return Ok(body);
        }
    }
}

/// The bytes of a JSON-RPC request to `host`, on a connection that stays open.
pub(crate) fn post(host: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The bytes of a response. `headers` are whole lines.
pub(crate) fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// One request and its response.
pub(crate) fn exchange<S>(stream: &mut io::BufReader<S>, host: &str, body: &[u8]) -> io::Result<Message>
where
    S: Read + Write,
{
    stream.get_mut().write_all(&post(host, body))?;
    Message::read(stream)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
