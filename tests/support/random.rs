//! Random tests that are the same every time, unless a variable says otherwise.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}

/// Runs `test` with `cases` values, or as many as `WORLDSTATE_CASES` says, and returns how many; `WORLDSTATE_SEED` makes
/// them others, and so does `stream`.
pub(crate) fn cases<S: Strategy>(
    what: &str,
    stream: u8,
    cases: u32,
    strategy: S,
    test: impl Fn(S::Value) -> Result<(), String>,
) -> u32 {
    let seed = number("WORLDSTATE_SEED", 1);
    let cases = u32::try_from(number("WORLDSTATE_CASES", cases.into())).unwrap();
    let mut bytes = [stream; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    match runner.run(&strategy, |value| test(value).map_err(TestCaseError::fail)) {
        Ok(()) => println!("{cases} {what}, WORLDSTATE_SEED={seed}"),
        Err(TestError::Fail(flaw, value)) => panic!("{flaw}\nWORLDSTATE_SEED={seed}, shrunk:\n{value:#?}"),
        Err(error) => panic!("{error}"),
    }
    cases
}
