//! What has been found so far, and how it is told.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) cases: u64,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Failed by revm itself, and listed with the reason.
    pub(crate) known: u64,
    /// Of rules that are not offered.
    pub(crate) other_rules: u64,
    pub(crate) suspensions: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        let Self { cases, passed, failed, known, other_rules, suspensions } = other;
        self.cases += cases;
        self.passed += passed;
        self.failed += failed;
        self.known += known;
        self.other_rules += other_rules;
        self.suspensions += suspensions;
    }
}

/// Of one mode, or of the plain run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ModeCounts {
    pub(crate) runs: u64,
    pub(crate) time: Duration,
    pub(crate) suspensions: u64,
    pub(crate) answers: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) suites: u64,
    pub(crate) other_files: u64,
    pub(crate) forks: BTreeMap<String, Counts>,
    pub(crate) folders: BTreeMap<String, Counts>,
    pub(crate) modes: BTreeMap<&'static str, ModeCounts>,
    pub(crate) failures: Vec<String>,
}

impl Report {
    pub(crate) fn note(&mut self, fork: &str, folder: &str, counts: &Counts) {
        self.forks.entry(fork.to_owned()).or_default().add(counts);
        self.folders.entry(folder.to_owned()).or_default().add(counts);
    }

    pub(crate) fn note_mode(&mut self, mode: &'static str, counts: &ModeCounts) {
        let all = self.modes.entry(mode).or_default();
        all.runs += counts.runs;
        all.time += counts.time;
        all.suspensions += counts.suspensions;
        all.answers += counts.answers;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.suites += other.suites;
        self.other_files += other.other_files;
        other.forks.iter().for_each(|(fork, counts)| self.forks.entry(fork.clone()).or_default().add(counts));
        other.folders.iter().for_each(|(folder, counts)| self.folders.entry(folder.clone()).or_default().add(counts));
        other.modes.iter().for_each(|(mode, counts)| self.note_mode(mode, counts));
        self.failures.extend(other.failures);
    }

    pub(crate) fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.forks.values().for_each(|counts| total.add(counts));
        total
    }

    /// Whether every case passed or has its reason.
    pub(crate) fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.total().failed == 0
    }

    pub(crate) fn tell(&self, folders: bool, failures: usize) -> String {
        let mut text = String::new();
        if folders {
            table(&mut text, "folder", &self.folders);
        }
        table(&mut text, "fork", &self.forks);
        let _ = writeln!(
            text,
            "\n{:<12} {:>8} {:>12} {:>12} {:>10} {:>10}",
            "mode", "runs", "suspensions", "answers", "seconds", "us/run"
        );
        for (mode, ModeCounts { runs, time, suspensions, answers }) in &self.modes {
            let (seconds, runs_or_one) = (time.as_secs_f64(), u32::try_from(*runs).unwrap_or(u32::MAX).max(1));
            let each = seconds * 1e6 / f64::from(runs_or_one);
            let _ = writeln!(text, "{mode:<12} {runs:>8} {suspensions:>12} {answers:>12} {seconds:>10.2} {each:>10.1}");
        }
        if !self.failures.is_empty() {
            let _ = writeln!(text, "\nfailures:");
        }
        for failure in self.failures.iter().take(failures) {
            let end = failure.char_indices().nth(1500).map_or(failure.len(), |(at, _)| at);
            let _ = writeln!(text, "  {}", &failure[..end]);
        }
        if self.failures.len() > failures {
            let _ = writeln!(text, "  and {} more", self.failures.len() - failures);
        }
        text
    }

    pub(crate) fn summary(&self, elapsed: Duration) -> String {
        let Counts { cases, passed, failed, known, other_rules, suspensions } = self.total();
        format!(
            "{} suites, {cases} cases, {suspensions} suspensions: {passed} passed, {failed} failed, {known} failed by \
             revm itself (listed), {other_rules} of rules not offered, in {:.1} s",
            self.suites,
            elapsed.as_secs_f64()
        )
    }
}

fn table(text: &mut String, what: &str, rows: &BTreeMap<String, Counts>) {
    let width = rows.keys().map(String::len).max().unwrap_or(0).max(what.len());
    let _ = writeln!(
        text,
        "\n{what:<width$} {:>8} {:>8} {:>8} {:>8} {:>12} {:>12}",
        "cases", "passed", "failed", "listed", "not offered", "suspensions"
    );
    for (name, Counts { cases, passed, failed, known, other_rules, suspensions }) in rows {
        let _ = writeln!(
            text,
            "{name:<width$} {cases:>8} {passed:>8} {failed:>8} {known:>8} {other_rules:>12} {suspensions:>12}"
        );
    }
}
