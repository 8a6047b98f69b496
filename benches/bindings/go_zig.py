#!/usr/bin/env python3
"""Measures the reads of the Go and the Zig module beside the same C calls, in alternating rounds, and appends the figures to a results file;
then ten million calls of each, which must not grow.

    benches/bindings/go_zig.py RESULTS C_CALL [ROUNDS]
"""

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "benches" / "target" / "bindings"
RELEASE = ROOT / "target" / "release"
ZIG = ROOT / "build" / "zig" / "bin" / "python"


def call(*command: object, cwd: Path = ROOT) -> str:
    return subprocess.run([str(word) for word in command], cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


def build(in_c: Path) -> dict[str, list[Path]]:
    OUT.mkdir(parents=True, exist_ok=True)
    call("go", "build", "-o", OUT / "go", ".", cwd=ROOT / "benches/bindings/go")
    call(ZIG, "-m", "ziglang", "build", "-Doptimize=fast", f"-Dlibrary={RELEASE}", "--prefix", OUT / "zig", cwd=ROOT / "bindings/zig")
    return {"C": [in_c], "Go": [OUT / "go"], "Zig": [OUT / "zig/bin/bench"]}


def measure(command: list[Path]) -> dict[str, float]:
    return {name: float(number) for name, number in (line.split() for line in call(*command).splitlines())}


def main() -> int:
    results, in_c, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 5
    programs = build(in_c)
    runs = [{language: measure(command) for language, command in programs.items()} for _ in range(rounds)]
    with results.open("a") as file:
        for language in ("Go", "Zig"):
            for call_name, what, target in (
                ("get_storage_batch", "storage batch, a slot of 1,000", 2.0),
                ("get_storage_bytes", "storage, one at a time", 0.0),
            ):
                ours = statistics.median(run[language][call_name] for run in runs)
                base = statistics.median(run["C"][call_name] for run in runs)
                ratios = sorted(run[language][call_name] / run["C"][call_name] for run in runs)
                ratio, low, high = statistics.median(ratios), ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
                verdict = "" if target == 0 else "met" if ratio <= target else "MISSED"
                print(f"{language + ': ' + what:<58} {ours:>12.1f} {base:>12.1f}  {ratio:>6.2f} ({low:.2f}..{high:.2f}) {verdict}", flush=True)
                name = f"{language.lower()}_{call_name}"
                file.write(f"{name}\t{language}: {what}\tC\tns\t{ours:.3f}\t{base:.3f}\t{ratio:.4f}\t{low:.4f}\t{high:.4f}\t{target:.2f}\n")
    failed = 0
    for command in ([OUT / "go", "calls"], [OUT / "zig/bin/calls"]):
        status = subprocess.run([str(word) for word in command], check=False).returncode
        failed |= status
    return failed


if __name__ == "__main__":
    sys.exit(main())
