"""The test runner's own tests: what it counts decides what everybody believes."""

import contextlib
import io
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import run  # noqa: E402

CARGO = """
running 3 tests
test passes ... ok
test skips_itself ... ok
test {third}

successes:

---- passes stdout ----
this is not skipped: it says so in the middle of a line

---- skips_itself stdout ----
skipped: set WORLDSTATE_FIXTURES


successes:
    passes
    skips_itself
{failures}
test result: {result}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; 0 filtered out; finished in 0.00s
"""
GOOD = CARGO.format(third="other ... ok", failures="", result="ok", passed=3, failed=0, ignored=0)
BAD = CARGO.format(
    third="other ... FAILED",
    failures="\nfailures:\n\n---- other stdout ----\nskipped: this one failed first\n\nfailures:\n    other\n",
    result="FAILED",
    passed=2,
    failed=1,
    ignored=0,
)
IGNORED = CARGO.format(third="other ... ignored", failures="", result="ok", passed=2, failed=0, ignored=1)


class Counting(unittest.TestCase):
    def test_cargo_counts_what_skipped_itself_as_skipped(self):
        self.assertEqual(run.count_cargo(GOOD, 0), run.Counts(2, 0, 1))

    def test_cargo_sums_over_test_programs(self):
        self.assertEqual(run.count_cargo(GOOD + BAD + GOOD, 101), run.Counts(5, 1, 3))

    def test_cargo_counts_ignored_as_skipped(self):
        self.assertEqual(run.count_cargo(IGNORED, 0), run.Counts(1, 0, 2))

    def test_cargo_counts_a_test_program_that_died(self):
        self.assertEqual(run.count_cargo(GOOD + "running 7 tests\ntest a ... ok\n" + BAD, 101), run.Counts(3, 2, 2))

    def test_lines_are_summed_with_skips(self):
        output = "1 passed, 0 failed\nthere were 9 passed, 9 failed\n2 passed, 1 failed, 4 skipped\n"
        self.assertEqual(run.count_lines(output, 1), run.Counts(3, 1, 4))

    def test_exit_status_is_one_test(self):
        self.assertEqual(run.count_exit("", 0), run.Counts(1, 0, 0))
        self.assertEqual(run.count_exit("skipped: set X\n", 0), run.Counts(0, 0, 1))
        self.assertEqual(run.count_exit("skipped: set X\n", 3), run.Counts(0, 1, 0))

    def test_total_names_skips_only_where_there_are_some(self):
        self.assertEqual(str(run.Counts(3, 0, 0)), "3 passed, 0 failed")
        self.assertEqual(str(run.Counts(3, 1, 2)), "3 passed, 1 failed, 2 skipped")


class Running(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        logs = run.LOGS
        self.addCleanup(setattr, run, "LOGS", logs)
        run.LOGS = Path(directory.name)

    def counts(self, script, count=run.count_lines, minutes=1):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            counts = run.Part("part", ["bash", "-c", script], count, [], minutes).run()
        self.printed = printed.getvalue()
        return counts

    def test_a_part_that_passes(self):
        self.assertEqual(self.counts("echo 2 passed, 0 failed"), run.Counts(2, 0, 0))

    def test_a_part_that_dies_after_its_report(self):
        self.assertEqual(self.counts("echo 2 passed, 0 failed; kill -SEGV $$"), run.Counts(2, 1, 0))
        self.assertIn("ended with status", self.printed)

    def test_a_failure_is_not_counted_twice(self):
        self.assertEqual(self.counts("echo 2 passed, 1 failed; exit 1"), run.Counts(2, 1, 0))

    def test_a_part_without_report(self):
        self.assertEqual(self.counts("true"), run.Counts(0, 1, 0))
        self.assertIn("reported no test", self.printed)

    def test_a_part_that_does_not_build(self):
        self.assertEqual(self.counts("echo 'error[E0425]'; exit 101", run.count_cargo), run.Counts(0, 1, 0))
        self.assertIn("error[E0425]", self.printed)

    def test_a_part_that_takes_too_long_is_stopped_with_its_children(self):
        mark = run.LOGS / "mark"
        script = f"echo 1 passed, 0 failed; (sleep 2; touch {mark}) & sleep 60"
        self.assertEqual(self.counts(script, minutes=1 / 60), run.Counts(1, 1, 0))
        self.assertIn("stopped after", self.printed)
        time.sleep(2)
        self.assertFalse(mark.exists())

    def test_the_explanations_of_libtest_are_shown(self):
        (run.LOGS / "output").write_text(BAD)
        self.counts(f"cat {run.LOGS}/output; exit 101", run.count_cargo)
        self.assertIn("skipped: this one failed first", self.printed)
        self.assertNotIn("middle of a line", self.printed)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(0 if failed == 0 else 1)
