#!/usr/bin/env python3
"""Runs every fenced code block of README.md and FFI-BOUNDARY.md as a reader would, and ends with `N passed, N failed`. The names in the
text have to be there as well.

A comment before each block says how; a block without one fails. All run in order, in one directory, which is also the home directory:
README.md installs the library there. A node with the demo's token runs beside them.

    <!-- snippet: program NAME -->   a C program, kept as NAME.c for the shell block that builds it
    <!-- snippet: body [WORD…] -->   C for the inside of main; `state` gives it a state manager, `node` the URL of the node,
                                     `curl` the POST of c-examples
    <!-- snippet: run -->            shell or Python
    <!-- snippet: in-repository -->  shell, at the root of the repository
    <!-- snippet: dry-run -->        targets of make, of which is only checked that they exist
    <!-- snippet: output -->         exactly what the block before printed
    <!-- snippet: layout -->         paths of the repository, first on each line
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "FFI-BOUNDARY.md"]
HEADER = (ROOT / "include" / "worldstate.h").read_text()
DIRECTIVE = re.compile(r"<!-- snippet: (.+) -->")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]

BODY = """#include <string.h>
#include "example.h"
{includes}
int main(void) {{
    (void)check, (void)check_handle;
{prelude}
{code}
    return 0;
}}
"""


class Wrong(Exception):
    """Why a block failed."""


def blocks(document: str):
    """Every fenced block: line, language, directive, text. An indented or unclosed fence is an error, not a gap."""
    lines = (ROOT / document).read_text().splitlines()
    at = 0
    while at < len(lines):
        fence = FENCE.match(lines[at])
        if not fence:
            if re.match(r"^\s+(```|~~~)", lines[at]):
                raise SystemExit(f"{document}:{at + 1}: a fence that is indented")
            at += 1
            continue
        start, mark = at, fence.group(1)
        at += 1
        while at < len(lines) and lines[at].rstrip() != mark:
            at += 1
        if at == len(lines):
            raise SystemExit(f"{document}:{start + 1}: a fence that is not closed")
        directive = DIRECTIVE.fullmatch(lines[start - 1].strip()) if start else None
        words = directive.group(1).split() if directive else []
        yield start + 1, fence.group(2).strip(), words, "\n".join(lines[start + 1 : at]) + "\n"
        at += 1


def check_names(document: str) -> None:
    """Every function, constant, path and link that the text names is there."""
    text = (ROOT / document).read_text()
    ours = r"(?<!/)\b(?:(?:state_manager|fork_backend|fork_reply|worldstate|evm)_[a-z_]+|(?:STATE_MANAGER|WORLDSTATE|FORK|EVM)_[A-Z0-9_]+|(?:Fork|Evm)[A-Z]\w+)\b"
    names = {name for name in re.findall(ours, text) if not name.endswith("_")} - {"WORLDSTATE_RPC_URL", "worldstate_test_panic"}
    missing = {name for name in names if not re.search(rf"\b{name}\b", HEADER)}
    paths = re.findall(r"`((?:src|tests|include|c-examples|tools)/[^` ]*)`", text)
    paths += [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if not target.startswith(("#", "http"))]
    missing |= {path for path in paths if not any(ROOT.glob(path.rstrip("/")))}
    if missing:
        raise Wrong(f"not there: {', '.join(sorted(missing))}")


class Reader:
    """Does what a document says, block after block."""

    def __init__(self, work: Path):
        self.work = work
        self.printed = None
        home = Path.home()
        self.environment = dict(os.environ, HOME=str(work))
        self.environment.setdefault("CARGO_HOME", str(home / ".cargo"))
        self.environment.setdefault("RUSTUP_HOME", str(home / ".rustup"))
        for name in ("PREFIX", "LIBDIR", "INCLUDEDIR", "DESTDIR", "MAKEFLAGS", "MAKELEVEL"):
            self.environment.pop(name, None)
        # Later blocks of a document may rely on what its shell blocks export.
        self.environment["PKG_CONFIG_PATH"] = f"{work}/.local/lib/pkgconfig"
        self.environment["LD_LIBRARY_PATH"] = f"{work}/.local/lib"

    def call(self, *command, cwd: Path | None = None) -> str:
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd or self.work, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900,
        )
        if done.returncode != 0:
            raise Wrong(f"ended with status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def compile(self, source: Path, *options: str) -> Path:
        flags = shlex.split(self.call("pkg-config", "--cflags", "--libs", "worldstate", *options))
        program = source.with_suffix("")
        self.call("cc", *STRICT, f"-I{ROOT}/c-examples", source, "-o", program, *flags)
        return program

    def c_program(self, code: str, name: str) -> None:
        """Without a warning here; a shell block builds and runs it."""
        source = self.work / f"{name}.c"
        source.write_text(code)
        self.call("cc", *STRICT, f"-I{ROOT}/include", "-c", source, "-o", self.work / f"{name}.o")

    def c_body(self, code: str, *given: str) -> str:
        unknown = set(given) - {"state", "node", "curl"}
        if unknown:
            raise Wrong(f"unknown: {' '.join(unknown)}")
        prelude = []
        if "state" in given:
            prelude.append("    StateManagerHandle state = check_handle(state_manager_create());")
        if "node" in given:
            prelude.append('    const char *url = getenv("WORLDSTATE_RPC_URL");')
        source = self.work / "body.c"
        includes = '#include "http_post.h"\n' if "curl" in given else ""
        source.write_text(BODY.format(includes=includes, prelude="\n".join(prelude), code=code))
        return self.call(self.compile(source, *(["libcurl"] if "curl" in given else [])))

    def script(self, language: str, code: str) -> str:
        runner = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable]}
        script = self.work / f"snippet.{language}"
        script.write_text(code)
        return self.call(*runner[language], script)

    def dry_run(self, code: str) -> None:
        for line in code.splitlines():
            command = shlex.split(line)
            if command[0] != "make":
                raise Wrong(f"not make: {line}")
            self.call("make", "-n", *command[1:], cwd=ROOT)

    def layout(self, code: str) -> None:
        missing = [line.split()[0] for line in code.splitlines() if not (ROOT / line.split()[0]).exists()]
        if missing:
            raise Wrong(f"not there: {' '.join(missing)}")

    def output(self, expected: str) -> None:
        if self.printed is None:
            raise Wrong("no block before it has printed anything")
        if self.printed != expected:
            raise Wrong(f"expected:\n{expected}printed:\n{self.printed}")

    def follow(self, language: str, words: list[str], code: str) -> None:
        match (language, words):
            case ("text", ["output"]):
                self.output(code)
                self.printed = None
                return
            case ("text", ["layout"]):
                self.layout(code)
                return
        self.printed = None
        match (language, words):
            case ("c", ["program", name]):
                self.c_program(code, name)
            case ("c", ["body", *given]):
                self.printed = self.c_body(code, *given)
            case ("sh" | "python", ["run"]):
                self.printed = self.script(language, code)
            case ("sh", ["in-repository"]):
                self.printed = self.call("bash", "-euo", "pipefail", "-c", code, cwd=ROOT)
            case ("sh", ["dry-run"]):
                self.dry_run(code)
            case _:
                raise Wrong(f"no way to run a block of {language!r} with {' '.join(words) or 'no comment'!r}")


def main() -> int:
    # Beside a node that holds the demo's token: this program calls itself there.
    if sys.argv[1:] != ["beside-node"]:
        subprocess.run(["node", "tools/node/compile.mjs"], cwd=ROOT, check=True)
        command = ["tools/with-node.sh", "--", sys.executable, "tests/snippets.py", "beside-node"]
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["node", "tools/demo/chain.mjs", "set-scene", f"{work}/scene"], cwd=ROOT, check=True)
        reader = Reader(Path(work))
        for document in DOCUMENTS:
            tests = [(f"{document}: names", check_names, (document,))]
            for line, language, words, code in blocks(document):
                tests.append((f"{document}:{line} {language} {' '.join(words)}", reader.follow, (language, words, code)))
            for name, test, arguments in tests:
                try:
                    test(*arguments)
                except (Wrong, subprocess.TimeoutExpired) as wrong:
                    failed += 1
                    print(f"FAILED  {name}: {wrong}", flush=True)
                else:
                    passed += 1
                    print(f"ok      {name}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
