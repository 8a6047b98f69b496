//! Two sides in turn, in short rounds, as the README's "How a ratio is measured" has it.

use crate::results::{Figure, quantile};
use std::error::Error;
use std::time::Duration;

/// A round takes each side at least this long, unless one run alone takes longer.
const ROUND: Duration = Duration::from_millis(2);

/// The processor time that this thread has used. An execution is one thread's work, and waits for nobody: time during
/// which the system ran something else is no part of it.
#[must_use]
pub fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` may be written to.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "the thread's clock");
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The times of all rounds, in microseconds for each run.
#[derive(Clone, Debug, Default)]
pub struct Times {
    ours: Vec<f64>,
    base: Vec<f64>,
    ratios: Vec<f64>,
}

fn time<T>(runs: u32, run: &mut impl FnMut() -> Result<T, Box<dyn Error>>) -> Result<(f64, T), Box<dyn Error>> {
    let start = thread_time();
    for _ in 1..runs {
        run()?;
    }
    let last = run()?;
    Ok(((thread_time() - start).as_secs_f64() * 1e6 / f64::from(runs), last))
}

/// Lets both sides run in turn, `rounds` times.
///
/// # Errors
/// When a side fails, or what they give differs.
pub fn in_turn<T: PartialEq + std::fmt::Debug>(
    rounds: usize,
    mut ours: impl FnMut() -> Result<T, Box<dyn Error>>,
    mut base: impl FnMut() -> Result<T, Box<dyn Error>>,
) -> Result<Times, Box<dyn Error>> {
    // Also a warm-up: both run twice before a clock counts.
    ours()?;
    base()?;
    let once = time(1, &mut base)?.0.max(time(1, &mut ours)?.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let runs = (ROUND.as_secs_f64() * 1e6 / once).ceil().max(1.0) as u32;
    let mut times = Times::default();
    for round in 0..rounds {
        let (ours, base) = if round % 2 == 0 {
            let ours = time(runs, &mut ours)?;
            (ours, time(runs, &mut base)?)
        } else {
            let base = time(runs, &mut base)?;
            (time(runs, &mut ours)?, base)
        };
        if ours.1 != base.1 {
            return Err(format!("ours gave {:?}, the base {:?}", ours.1, base.1).into());
        }
        times.ours.push(ours.0);
        times.base.push(base.0);
        times.ratios.push(ours.0 / base.0);
    }
    Ok(times)
}

impl Times {
    /// The figure, in microseconds.
    #[must_use]
    pub fn figure(&self, id: &str, what: &str, base_name: &str, target: f64) -> Figure {
        let mut times = self.clone();
        let [low, ratio, high] = [0.25, 0.5, 0.75].map(|q| quantile(&mut times.ratios, q));
        let [id, what, base_name, unit] = [id, what, base_name, "us"].map(str::to_owned);
        let (ours, base) = (quantile(&mut times.ours, 0.5), quantile(&mut times.base, 0.5));
        Figure { id, what, base_name, unit, ours, base, ratio, low, high, target }
    }
}

/// The geometric mean.
#[must_use]
pub fn geometric_mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a handful of figures")]
    let n = values.len() as f64;
    (values.iter().map(|value| value.ln()).sum::<f64>() / n).exp()
}
