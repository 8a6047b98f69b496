//! Where a trace goes.

use crate::error::{Error, Result};
use std::{fmt, io::Write};

/// A writer gets pieces of at least this size, but for the last one.
const PIECE: usize = 64 << 10;

/// Where a trace goes: into memory, or to a writer as it comes into being.
pub struct TraceOutput {
    pub(super) writer: Option<Box<dyn Write + Send>>,
}

impl fmt::Debug for TraceOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.writer.is_some() { "TraceOutput(writer)" } else { "TraceOutput(memory)" })
    }
}

impl TraceOutput {
    /// Into memory, to be read with [`super::Tracer::text`].
    #[must_use]
    pub const fn memory() -> Self {
        Self { writer: None }
    }

    /// To a writer, which needs no buffer of its own: it gets pieces of 64 KiB and more. The last piece comes with
    /// [`super::Tracer::finish`], or when the tracer is dropped.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self { writer: Some(Box::new(writer)) }
    }
}

/// The buffer before the output. A line is either there as a whole or not at all.
pub(super) struct Sink {
    buffer: Vec<u8>,
    writer: Option<Box<dyn Write + Send>>,
    /// Bytes of lines taken so far.
    taken: u64,
    limit: u64,
    truncated: bool,
    failure: Option<String>,
}

impl Sink {
    pub(super) fn new(output: TraceOutput, limit: Option<u64>) -> Self {
        Self {
            buffer: Vec::new(),
            writer: output.writer,
            taken: 0,
            limit: limit.unwrap_or(u64::MAX),
            truncated: false,
            failure: None,
        }
    }

    /// Whether another line would be taken.
    pub(super) fn open(&self) -> bool {
        !self.truncated && self.failure.is_none()
    }

    pub(super) fn truncated(&self) -> bool {
        self.truncated
    }

    /// Takes a line that is made of these parts, unless the limit forbids it: then this line and all later ones are
    /// dropped.
    pub(super) fn line(&mut self, parts: [&[u8]; 3]) -> bool {
        if !self.open() {
            return false;
        }
        let length = parts.iter().map(|part| part.len() as u64).sum::<u64>();
        if self.limit - self.taken < length {
            self.truncated = true;
            return false;
        }
        self.taken += length;
        for part in parts {
            self.buffer.extend_from_slice(part);
        }
        if self.writer.is_some() && self.buffer.len() >= PIECE {
            self.write_out();
        }
        true
    }

    /// Takes what belongs to the form of the text and not to an operation; it does not count for the limit.
    pub(super) fn frame(&mut self, text: &[u8]) {
        if self.failure.is_none() {
            self.buffer.extend_from_slice(text);
        }
    }

    fn write_out(&mut self) {
        if let (Some(writer), None) = (&mut self.writer, &self.failure) {
            if let Err(error) = writer.write_all(&self.buffer) {
                self.failure = Some(error.to_string());
            }
            self.buffer.clear();
        }
    }

    /// Hands everything to the writer; the error is the first that the writer ever gave, each time again.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.write_out();
        if let (Some(writer), None) = (&mut self.writer, &self.failure)
            && let Err(error) = writer.flush()
        {
            self.failure = Some(error.to_string());
        }
        match &self.failure {
            Some(text) => Err(Error::InvalidInput(format!("the trace cannot be written to its output: {text}"))),
            None => Ok(()),
        }
    }

    /// What is in memory; empty with a writer once it has been flushed.
    pub(super) fn text(&self) -> &[u8] {
        &self.buffer
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        if self.writer.is_some() {
            return Vec::new();
        }
        self.taken = 0;
        self.truncated = false;
        std::mem::take(&mut self.buffer)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // An execution that was given up has no `finish`; the lines up to there are still wanted, and nobody is left to
        // hear of an error.
        let _ = self.flush();
    }
}
