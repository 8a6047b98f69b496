"""Structs, constants and functions are those of the header: a C compiler says what it makes of it."""

from __future__ import annotations

import ctypes
import json
import logging
import re
import subprocess
from pathlib import Path

import pytest
from conftest import BINDING, ROOT

import worldstate
from worldstate import _evm_base, _evm_options, _fork_options, _library, _state_base, _structs, errors
from worldstate._prototypes import PROTOTYPES

HEADER = ROOT / "include" / "worldstate.h"
TEXT = HEADER.read_text()


def expected_constants() -> dict[str, int]:
    """Every constant of this package under its name in the header."""
    constants = {"WORLDSTATE_ABI_VERSION": _library.ABI_VERSION, "STATE_MANAGER_SUCCESS": 0}
    constants |= {kind.name: code for code, kind in errors.BY_CODE.items()}
    constants |= {f"STATE_MANAGER_ACCOUNT_{status.name}": int(status) for status in worldstate.AccountStatus}
    names = {"genesis": "GENESIS_ALLOC", "anvil": "ANVIL"}
    constants |= {f"STATE_MANAGER_DUMP_{names[name]}": value for name, value in _state_base.DUMP_FORMATS.items()}
    constants |= {f"FORK_ACCOUNTS_{name.upper()}": value for name, value in _fork_options.ACCOUNT_SOURCES.items()}
    constants |= {f"FORK_VERIFY_{name.upper()}": value for name, value in _fork_options.VERIFY.items()}
    constants |= {f"FORK_LOG_{logging.getLevelName(level)}": value for level, value in _fork_options.LOG_LEVELS.items()}
    constants["FORK_PREFETCH_CODE"] = int(True)
    constants |= {f"EVM_{name.upper()}": value for name, value in _evm_options.FLAGS.items()}
    for name, value in _evm_options.RUN_AHEAD.items():
        constants[f"EVM_RUN_AHEAD_{name.upper().replace('-', '_')}"] = value
    for kind in worldstate.QuestionKind:
        constants[f"EVM_OUTPUT_NEED_{kind.name}"] = constants[f"EVM_CONTINUE_WITH_{kind.name}"] = int(kind)
    constants["EVM_OUTPUT_RESULT"] = int(worldstate.Ended.RESULT)
    constants["EVM_OUTPUT_READY_TO_COMMIT"] = int(worldstate.Ended.READY_TO_COMMIT)
    constants["EVM_CONTINUE_AFTER_COMMIT"] = _evm_base._CONTINUE_AFTER_COMMIT
    constants["EVM_CONTINUE_WITH_ERROR"] = _evm_base._CONTINUE_WITH_ERROR
    # What no step of a call that succeeded has: the status says it.
    constants["EVM_OUTPUT_ERROR"] = 255
    constants |= {f"EVM_PRECOMPILE_{status.name}": int(status) for status in worldstate.PrecompileStatus}
    for number, status in enumerate(worldstate.ExecutionStatus):
        constants[f"EVM_STATUS_{status.name}"] = number
    for name, value in _evm_options.TRACE_FORMATS.items():
        constants[f"EVM_TRACE_{name.upper().replace('-', '_')}"] = value
    constants |= {f"EVM_TRACE_{name.upper()}": value for name, value in _evm_options.TRACE_FLAGS.items()}
    return constants


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Sizes, offsets and constants as the compiler has them."""
    lines = []
    for struct in _structs.SIZES:
        name = struct.__name__
        lines.append(f'P("{name}", sizeof({name}));')
        for field in struct._fields_:
            lines.append(f'P("{name}.{field[0]}", offsetof({name}, {field[0]}));')
            lines.append(f'P("{name}.{field[0]}:size", sizeof((({name} *)0)->{field[0]}));')
    lines += [f'P("{name}", {name});' for name in expected_constants()]
    work = tmp_path_factory.mktemp("layout")
    source = work / "layout.c"
    source.write_text(
        '#include <stdio.h>\n#include <worldstate.h>\n#define P(name, value) printf(name " %lld\\n", (long long)(value))\n'
        "int main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n"
    )
    program = work / "layout"
    subprocess.run(["cc", f"-I{HEADER.parent}", str(source), "-o", str(program)], check=True, timeout=120)
    output = subprocess.run([str(program)], check=True, capture_output=True, text=True, timeout=60).stdout
    return {name: int(value) for name, value in (line.split() for line in output.splitlines())}


def test_structs(measured: dict[str, int]) -> None:
    for struct, size in _structs.SIZES.items():
        name = struct.__name__
        assert measured[name] == size == ctypes.sizeof(struct), name
        for field in struct._fields_:
            assert measured[f"{name}.{field[0]}"] == getattr(struct, field[0]).offset, (name, field)
            assert measured[f"{name}.{field[0]}:size"] == ctypes.sizeof(field[1]), (name, field)


def test_every_field_is_there() -> None:
    without_comments = re.sub(r"/\*.*?\*/", "", TEXT, flags=re.DOTALL)
    structs = re.findall(r"typedef struct (\w+) \{(.*?)\n\} \1;", without_comments, re.DOTALL)
    assert {name for name, _ in structs} == {struct.__name__ for struct in _structs.SIZES}
    for name, body in structs:
        # A function pointer's name stands in brackets of its own.
        fields = re.findall(r"(\w+)(?:\[\d+\])?;", re.sub(r"\(\*(\w+)\)\([^;]*\);", r" \1;", body))
        ours = next(struct for struct in _structs.SIZES if struct.__name__ == name)
        assert [field[0] for field in ours._fields_] == fields, name


def test_constants(measured: dict[str, int]) -> None:
    expected = expected_constants()
    assert {name: measured[name] for name in expected} == expected


def test_every_constant_is_known() -> None:
    defined = set(re.findall(r"^#define ((?:STATE_MANAGER|WORLDSTATE|FORK|EVM)_\w+) [(\d-]", TEXT, re.MULTILINE))
    assert defined == set(expected_constants())


def test_every_function_is_reachable_or_has_a_reason() -> None:
    declared = set(
        re.findall(
            r"\b((?:state_manager|fork_backend|fork_reply|worldstate|evm)_\w+)\(",
            re.sub(r"/\*.*?\*/", "", TEXT, flags=re.DOTALL),
        )
    )
    unused = json.loads((BINDING / "unused.json").read_text())
    assert declared == set(PROTOTYPES) | set(unused)
    assert not set(PROTOTYPES) & set(unused)
    assert all(unused.values())
    used = "".join(
        path.read_text() for path in Path(worldstate.__file__).parent.glob("*.py") if path.name != "_prototypes.py"
    )
    unreached = {name for name in PROTOTYPES if not re.search(rf"\b{name}\b", used)}
    assert unreached == set()


def test_a_wrong_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_structs, "SIZES", {_structs.EvmResult: 80})
    with pytest.raises(ImportError, match="EvmResult takes 72 bytes here, 80 in the library"):
        _structs.check_layout()
