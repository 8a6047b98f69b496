#!/usr/bin/env python3
"""Uses every block of README.md as its reader would, and ends with `N passed, N failed`. WORLDSTATE_RPC_URL names a node with the
repository's token. A comment before each block says how:

    <!-- snippet: file NAME -->     a file of the reader's program
    <!-- snippet: program -->       its main.zig
    <!-- snippet: body [node] -->   the inside of main, with gpa and io; with `node`, url too
    <!-- snippet: output -->        what the block before printed
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
ZIG = [str(PACKAGE.parent.parent / "build" / "zig" / "bin" / "python"), "-m", "ziglang"]
BLOCK = re.compile(r"^<!-- snippet: ([^\n]+) -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

BODY = """const std = @import("std");
const ws = @import("worldstate");

pub fn main(init: std.process.Init) !void {{
    const gpa = init.gpa;
    const io = init.io;
    const url: [:0]const u8 = "{url}";
    if (false) _ = .{{ gpa, io, url }};
{code}}}
"""


def run(work: Path, code: str) -> str:
    (work / "main.zig").write_text(code)
    subprocess.run([*ZIG, "build"], cwd=work, check=True, capture_output=True, text=True, timeout=600)
    done = subprocess.run([work / "zig-out/bin/example"], cwd=work, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def main() -> int:
    text = (PACKAGE / "README.md").read_text()
    blocks = BLOCK.findall(text)
    passed = failed = 0
    printed = None
    if text.count("\n```") != 2 * len(blocks):
        print("FAILED  a block has no comment")
        failed += 1
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory).resolve()
        for number, (how, _language, code) in enumerate(blocks, 1):
            try:
                match how.split():
                    case ["file", name]:
                        (work / name).write_text(code.replace("../worldstate/bindings/zig", os.path.relpath(PACKAGE, work)))
                    case ["program"]:
                        printed = run(work, code)
                    case ["body", *given] if set(given) <= {"node"}:
                        printed = run(work, BODY.format(url=os.environ["WORLDSTATE_RPC_URL"] if given else "", code=code))
                    case ["output"]:
                        if printed != code:
                            raise ValueError(f"expected:\n{code}printed:\n{printed}")
                        printed = None
                    case _:
                        raise ValueError("no way to run it")
                passed += 1
                print(f"ok      {number} {how}", flush=True)
            except (subprocess.SubprocessError, ValueError, OSError) as wrong:
                failed += 1
                print(f"FAILED  {number} {how}: {wrong}\n{getattr(wrong, 'stderr', '') or ''}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
