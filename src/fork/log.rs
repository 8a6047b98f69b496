//! What the log callback is told.

use super::Fork;
use super::options::{ForkOptions, LogLevel};

/// Lines on their way to the callback. They are written under the fork's lock and told outside of it, on threads that
/// came in from outside.
#[derive(Debug, Default)]
pub(super) struct Journal {
    level: Option<LogLevel>,
    lines: Vec<(LogLevel, String)>,
}

impl Journal {
    pub(super) fn new(options: &ForkOptions) -> Self {
        Self { level: options.log.as_ref().map(|log| log.level), lines: Vec::new() }
    }

    /// Writes a line, if anybody wants lines of this level.
    pub(super) fn write(&mut self, level: LogLevel, line: impl FnOnce() -> String) {
        if self.level.is_some_and(|least| level <= least) {
            self.lines.push((level, line()));
        }
    }
}

impl Fork {
    /// Tells the callback what has been written. Only for threads that came in from outside, without a lock held.
    pub(super) fn tell(&self) {
        let Some(log) = &self.options.log else { return };
        let lines = std::mem::take(&mut self.inner.lock().journal.lines);
        for (level, line) in lines {
            (log.write)(level, &line);
        }
    }
}
