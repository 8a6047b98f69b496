"""Puts the library into the wheel, which is then one of this platform and of any Python 3: there is no extension module."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LibraryHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable installation uses the build tree.
        if version == "editable":
            return
        name = "libworldstate.0.dylib" if sys.platform == "darwin" else "libworldstate.so.0"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["force_include"][str(self._library())] = f"worldstate/lib/{name}"

    def _library(self) -> Path:
        given = os.environ.get("WORLDSTATE_LIB")
        root = Path(self.root).resolve().parents[1]
        target = Path(os.environ.get("CARGO_TARGET_DIR") or root / "target")
        name = "libworldstate.dylib" if sys.platform == "darwin" else "libworldstate.so"
        library = Path(given) if given else target / "release" / name
        if not library.exists():
            raise FileNotFoundError(f"{library}: build the library with `make lib` first, or name it in WORLDSTATE_LIB")
        return library.resolve()
