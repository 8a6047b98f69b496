"""The wheel carries the library: installed in an empty environment, the first program runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import BINDING

from worldstate import load_library

CLEAN = {key: value for key, value in os.environ.items() if key not in ("WORLDSTATE_LIB", "PYTHONPATH")}


def call(*command: object, cwd: Path, **more: str) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**CLEAN, **more}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but pip."""
    directory = tmp_path_factory.mktemp("empty")
    venv.create(directory, with_pip=True)
    return directory


@pytest.fixture(scope="module")
def wheel(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    pip = [empty / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    call(*pip, "--wheel-dir", out, BINDING, cwd=out, WORLDSTATE_LIB=load_library())
    (built,) = out.glob("*.whl")
    return built


def test_what_is_in_it(wheel: Path) -> None:
    platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
    assert wheel.name == f"worldstate-0.1.0-py3-none-{platform}.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("worldstate/")}
        ours = {f"worldstate/{path.name}" for path in (BINDING / "worldstate").iterdir() if path.is_file()}
        library = {f"worldstate/lib/libworldstate.{'0.dylib' if sys.platform == 'darwin' else 'so.0'}"}
        assert names == ours | library
        assert archive.read(library.pop()) == Path(load_library()).read_bytes()


def test_first_program(empty: Path, wheel: Path, tmp_path: Path) -> None:
    python = empty / "bin" / "python"
    call(python, "-m", "pip", "--disable-pip-version-check", "install", "--no-index", wheel, cwd=tmp_path)
    block = re.search(r"<!-- first program -->\n```python\n(.*?)```", (BINDING / "README.md").read_text(), re.DOTALL)
    assert block is not None
    (tmp_path / "first.py").write_text(block.group(1))
    printed = call(python, "first.py", cwd=tmp_path)
    assert printed.splitlines()[0] == "1000000000000000000"
    where = call(python, "-c", "import worldstate; print(worldstate.load_library())", cwd=tmp_path)
    assert Path(where.strip()).parent.parent.parent.name == "site-packages"
