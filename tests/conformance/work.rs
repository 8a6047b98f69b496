//! The workers.

use crate::Arguments;
use crate::check::{Mode, check, contradiction, judge};
use crate::fixture::{self, Case};
use crate::known::Known;
use crate::report::{Counts, ModeCounts, Report};
use crate::select;
use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use worldstate::evm::Hardfork;

struct Work<'a> {
    root: &'a Path,
    arguments: &'a Arguments,
    files: Vec<(PathBuf, u64)>,
    known: Known,
    modes: Vec<Mode>,
    next: AtomicUsize,
    done: AtomicUsize,
    report: Mutex<Report>,
}

pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<Report, String> {
    let mut files = Vec::new();
    find(root, &mut files)?;
    if !arguments.full {
        files = select::files(root, files);
    }
    // The large ones first, so that no worker is left with one at the end.
    files.sort_by(|(one, size), (other, other_size)| other_size.cmp(size).then_with(|| one.cmp(other)));
    let known = Known::read()?;
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = Work { root, arguments, files, known, modes: modes(arguments)?, next, done, report: Mutex::default() };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.workers.max(1)).map(|_| scope.spawn(|| work.work())).collect();
        work.show(|| workers.iter().all(std::thread::ScopedJoinHandle::is_finished));
    });
    let mut report = work.report.into_inner().map_err(|error| error.to_string())?;
    report.failures.sort();
    Ok(report)
}

fn modes(arguments: &Arguments) -> Result<Vec<Mode>, String> {
    let Some(names) = &arguments.modes else { return Ok(Mode::ALL.to_vec()) };
    let names = names.iter().filter(|name| *name != "none");
    let mode = |name: &String| {
        let mode = Mode::ALL.into_iter().find(|mode| mode.name() == name);
        mode.ok_or_else(|| format!("--mode {name}: none of local, host, ahead, stepped, none"))
    };
    names.map(mode).collect()
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without text")
}

fn find(directory: &Path, files: &mut Vec<(PathBuf, u64)>) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", directory.display());
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push((path.clone(), path.metadata().map_err(fail)?.len()));
        }
    }
    Ok(())
}

impl Work<'_> {
    fn work(&self) {
        while let Some((path, _)) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let name = path.strip_prefix(self.root).unwrap_or(path).to_string_lossy();
            let mut report = Report::default();
            if let Err(error) = self.file(path, &name, &mut report) {
                report.failures.push(format!("{name}: {error}"));
                report.note("(unreadable)", &name, &Counts { failed: 1, ..Counts::default() });
            }
            self.report.lock().unwrap().add(report);
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn file(&self, path: &Path, name: &str, report: &mut Report) -> Result<(), String> {
        let content = std::fs::read(path).map_err(|error| error.to_string())?;
        let mut cases = fixture::cases(name, &content)?;
        *if cases.is_empty() { &mut report.other_files } else { &mut report.suites } += 1;
        if let Some(filter) = &self.arguments.filter {
            cases.retain(|case| case.name.contains(filter.as_str()));
        }
        if !self.arguments.full {
            cases = select::cases(cases);
        }
        for case in &cases {
            let counts = self.case(case, report);
            report.note(&case.fork, &case.folder, &counts);
        }
        Ok(())
    }

    fn case(&self, case: &Case, report: &mut Report) -> Counts {
        let mut counts = Counts { cases: 1, ..Counts::default() };
        let failures = match catch_unwind(AssertUnwindSafe(|| self.failures(case, &mut counts, report))) {
            Ok(failures) => failures,
            Err(panic) => vec![format!("panicked: {}", text_of(&*panic))],
        };
        if failures.is_empty() {
            counts.passed = u64::from(counts.known + counts.other_rules == 0);
        } else {
            (counts.failed, counts.known, counts.other_rules) = (1, 0, 0);
            report.failures.extend(failures.into_iter().map(|failure| format!("{}: {failure}", case.name)));
        }
        counts
    }

    fn failures(&self, case: &Case, counts: &mut Counts, report: &mut Report) -> Vec<String> {
        let started = Instant::now();
        let Some(judged) = judge(case) else {
            counts.other_rules = 1;
            let offered = case.fork.parse::<Hardfork>();
            return offered
                .iter()
                .map(|hardfork| format!("offered as {hardfork}, and revm has not the rules"))
                .collect();
        };
        report.note_mode("plain revm", &ModeCounts { runs: 1, time: started.elapsed(), ..ModeCounts::default() });
        let mut failures = Vec::new();
        match (contradiction(&judged, &case.expected), self.known.reason(&case.name)) {
            (None, None) => {}
            (Some(_), Some(_)) => counts.known = 1,
            (Some(difference), None) => failures.push(format!("plain revm: {difference}")),
            (None, Some(reason)) => {
                failures.push(format!("plain revm passes, and known_failures.txt says that it does not: {reason}"));
            }
        }
        for mode in &self.modes {
            let started = Instant::now();
            match catch_unwind(AssertUnwindSafe(|| check(*mode, case, &judged))) {
                Ok(Ok(run)) => {
                    let (suspensions, answers) = (run.suspensions, run.answers);
                    counts.suspensions += suspensions;
                    let counts = ModeCounts { runs: 1, time: started.elapsed(), suspensions, answers };
                    report.note_mode(mode.name(), &counts);
                }
                Ok(Err(difference)) => failures.push(format!("{}: {difference}", mode.name())),
                Err(panic) => failures.push(format!("{}: panicked: {}", mode.name(), text_of(&*panic))),
            }
        }
        failures
    }

    /// How far it is, on standard error: over and over in a terminal, seldom elsewhere.
    fn show(&self, finished: impl Fn() -> bool) {
        let terminal = std::io::stderr().is_terminal();
        let pause = if terminal { Duration::from_millis(500) } else { Duration::from_secs(10) };
        let (end, mut last) = (if terminal { '\r' } else { '\n' }, Instant::now());
        while !finished() {
            std::thread::sleep(Duration::from_millis(20));
            if last.elapsed() >= pause {
                last = Instant::now();
                let (cases, failed) = {
                    let report = self.report.lock().unwrap();
                    (report.total().cases, report.failures.len())
                };
                let done = self.done.load(Ordering::Relaxed);
                eprint!("{done} of {} files, {cases} cases, {failed} failures{end}", self.files.len());
            }
        }
        if terminal {
            eprintln!();
        }
    }
}
