"""Where the library is looked for, and what is said about one that does not fit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest
from conftest import BINDING

import worldstate

LIBRARY = Path(worldstate.load_library())
FILE = LIBRARY.name
SHOW = "import worldstate; print(worldstate.load_library()); worldstate.StateManager()"


def run(code: str, package: Path = BINDING, lib: Optional[str] = None, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("WORLDSTATE_LIB", "CARGO_TARGET_DIR")}
    environment |= {"PYTHONPATH": str(package), **more} | ({"WORLDSTATE_LIB": lib} if lib is not None else {})
    # The directory it runs in comes first among those that are searched.
    return subprocess.run(
        [sys.executable, "-c", code], cwd=package, env=environment, capture_output=True, text=True, timeout=60
    )


def fails(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert "ImportError: worldstate: " in done.stderr
    return done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package alone, in a directory of its own: bindings/python below a repository that is empty."""
    package = tmp_path / "repository" / "bindings" / "python"
    shutil.copytree(BINDING / "worldstate", package / "worldstate", ignore=shutil.ignore_patterns("__pycache__", "lib"))
    return package


def test_order(copy: Path, tmp_path: Path) -> None:
    assert "no library: build it with `make lib`, or name it in WORLDSTATE_LIB" in fails(run(SHOW, copy))

    tree = tmp_path / "repository" / "target" / "release"
    tree.mkdir(parents=True)
    shutil.copy(LIBRARY, tree / "libworldstate.so")
    assert run(SHOW, copy).stdout == f"{tree}/libworldstate.so\n"

    (copy / "worldstate" / "lib").mkdir()
    packaged = copy / "worldstate" / "lib" / "libworldstate.so.0"
    shutil.copy(LIBRARY, packaged)
    assert run(SHOW, copy).stdout == f"{packaged}\n"

    named = tmp_path / "named.so"
    shutil.copy(LIBRARY, named)
    assert run(SHOW, copy, lib=str(named)).stdout == f"{named}\n"

    given = tmp_path / "given.so"
    shutil.copy(LIBRARY, given)
    option = f"import worldstate; print(worldstate.load_library({str(given)!r})); worldstate.StateManager()"
    assert run(option, copy, lib=str(named)).stdout == f"{given}\n"


def test_other_build_directory(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "release").mkdir(parents=True)
    library = tmp_path / "elsewhere" / "release" / "libworldstate.so"
    shutil.copy(LIBRARY, library)
    assert run(SHOW, copy, CARGO_TARGET_DIR=str(tmp_path / "elsewhere")).stdout == f"{library}\n"


def compiled(tmp_path: Path, code: str) -> str:
    source, library = tmp_path / "other.c", tmp_path / "other.so"
    source.write_text(code)
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(library)], check=True, timeout=60)
    return str(library)


def test_libraries_that_do_not_fit(tmp_path: Path) -> None:
    assert "which is not there" in fails(run(SHOW, lib=str(tmp_path / "nothing.so")))
    text = tmp_path / "text.so"
    text.write_text("no library")
    assert "cannot be loaded" in fails(run(SHOW, lib=str(text)))
    other = compiled(tmp_path, "int something(void) { return 0; }")
    assert "is not the worldstate library" in fails(run(SHOW, lib=other))
    newer = compiled(tmp_path, "unsigned worldstate_abi_version(void) { return 2; }")
    assert "has ABI version 2, this package needs 1" in fails(run(SHOW, lib=newer))
    older = compiled(tmp_path, "unsigned worldstate_abi_version(void) { return 1; }")
    assert "lacks worldstate_version, " in fails(run(SHOW, lib=older))


def test_one_library_alone() -> None:
    assert worldstate.load_library(str(LIBRARY)) == str(LIBRARY)
    with pytest.raises(RuntimeError, match="is loaded already"):
        worldstate.load_library("another.so")
    assert worldstate.version() == "0.1.0"
    assert FILE.startswith("libworldstate")


def test_nothing_is_printed() -> None:
    done = run("import worldstate; worldstate.StateManager().set_balance(bytes(20), 1)", lib=str(LIBRARY))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
