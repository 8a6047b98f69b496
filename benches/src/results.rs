//! The results file: a line for each figure, tab-separated, written by the C program too.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

/// One figure: ours, what it is compared with, and their ratio.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Short name, unique.
    pub id: String,
    /// One line for the table.
    pub what: String,
    /// What ours is compared with.
    pub base_name: String,
    /// Unit of `ours` and `base`.
    pub unit: String,
    /// Median of ours.
    pub ours: f64,
    /// Median of the base.
    pub base: f64,
    /// Median of the ratios of the rounds.
    pub ratio: f64,
    /// First quartile of the ratios.
    pub low: f64,
    /// Third quartile of the ratios.
    pub high: f64,
    /// Highest ratio wanted; 0 for a figure given for information.
    pub target: f64,
}

impl Figure {
    /// A figure whose ratio was measured once.
    #[must_use]
    pub fn of(id: &str, what: &str, base_name: &str, unit: &str, (ours, base): (f64, f64), target: f64) -> Self {
        let ratio = ours / base;
        let [id, what, base_name, unit] = [id, what, base_name, unit].map(str::to_owned);
        Self { id, what, base_name, unit, ours, base, ratio, low: ratio, high: ratio, target }
    }

    /// `met`, `MISSED`, or nothing for a figure given for information.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self.target {
            0.0 => "",
            target if self.ratio <= target => "met",
            _ => "MISSED",
        }
    }

    /// Appends the figure to the results file at `path` and prints it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(&self, path: &Path) -> io::Result<()> {
        println!(
            "{:<58} {:>12.1} {:>12.1}  {:>6.2} ({:.2}..{:.2}) {}",
            self.what,
            self.ours,
            self.base,
            self.ratio,
            self.low,
            self.high,
            self.verdict()
        );
        let mut line = String::new();
        let Self { id, what, base_name, unit, ours, base, ratio, low, high, target } = self;
        _ = write!(line, "{id}\t{what}\t{base_name}\t{unit}\t{ours:.3}\t{base:.3}\t{ratio:.4}\t{low:.4}\t{high:.4}");
        _ = writeln!(line, "\t{target:.2}");
        OpenOptions::new().append(true).create(true).open(path)?.write_all(line.as_bytes())
    }

    /// Reads a line of the results file.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let fields: Vec<_> = line.split('\t').collect();
        let [id, what, base_name, unit, numbers @ ..] = fields.as_slice() else { return None };
        let [id, what, base_name, unit] = [id, what, base_name, unit].map(|&text| text.to_owned());
        let numbers: Vec<f64> = numbers.iter().map(|number| number.parse().ok()).collect::<Option<_>>()?;
        let [ours, base, ratio, low, high, target] = numbers[..] else { return None };
        Some(Self { id, what, base_name, unit, ours, base, ratio, low, high, target })
    }
}

/// The value at quantile `q` of `values`, which get sorted.
///
/// # Panics
/// When `values` is empty.
#[must_use]
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index below the length of a slice in memory"
    )]
    let index = (q * (values.len() - 1) as f64 + 0.5) as usize;
    values[index]
}
