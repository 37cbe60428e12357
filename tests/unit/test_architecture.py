"""Imports run one way, the plugins' roots are light, and the node's side needs nothing."""

import ast
import dataclasses
import json
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import snakemake_executor_plugin_timed
import snakemake_logger_plugin_observe
from snakemake_executor_plugin_timed import ExecutorSettings
from snakemake_logger_plugin_observe import LogHandlerSettings

OBSERVE, TIMED = "snakemake_logger_plugin_observe", "snakemake_executor_plugin_timed"
ROOTS = {
    name: Path(module.__file__).parent
    for name, module in (
        (OBSERVE, snakemake_logger_plugin_observe),
        (TIMED, snakemake_executor_plugin_timed),
    )
}

# What a module of the reader may know: its own row and the rows above it.
LAYERS = (
    {"clock", "phases", "mask", "beside", "proofs", "published"},
    {"parts"},
    {"events"},
    {"offsets"},
    {"journal", "timeline", "track", "processes"},
    {"attempt"},
    {"run"},
    {"analysis", "accounting"},
    {"checkfile"},
    {"reporters"},
    {"commands"},
    {"__main__"},
)


def modules(package: str) -> dict[str, Path]:
    """Return the files of *package* by their dotted names inside it ('' is its root)."""
    root = ROOTS[package]
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def imports(path: Path) -> set[str]:
    """Return the dotted names of all that *path* imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            package = node.module or ""
            own = package in (OBSERVE, TIMED) or (
                ROOTS.get(package.partition(".")[0]) and "." in package
            )
            names.update(
                f"{package}.{alias.name}" if own and _is_module(package, alias.name) else package
                for alias in node.names
            )
    return names


def _is_module(package: str, name: str) -> bool:
    folder = ROOTS[package.partition(".")[0]].joinpath(*package.split(".")[1:])
    return (folder / f"{name}.py").exists() or (folder / name).is_dir()


def own(path: Path, package: str = OBSERVE) -> set[str]:
    """Return the first part of the names of *package*'s modules that *path* imports."""
    return {
        name.split(".")[1]
        for name in imports(path)
        if name.startswith(f"{package}.") and name != package
    }


def layer(name: str) -> int | None:
    first = name.partition(".")[0]
    return next((n for n, names in enumerate(LAYERS) if first in names), None)


READER = [name for name in modules(OBSERVE) if layer(name) is not None]


@pytest.mark.parametrize("name", READER)
def test_imports_of_the_reader_run_one_way(name: str) -> None:
    """Events ← journal ← run ← analysis ← reporters ← commands; nothing of the recorder's side."""
    known = set().union(*LAYERS[: layer(name) + 1])
    assert own(modules(OBSERVE)[name]) <= known


def test_the_accounting_is_asked_by_the_recorder_and_a_command_and_knows_neither() -> None:
    """What is worked out of a run must not depend on a cluster that answers."""
    assert own(modules(OBSERVE)["accounting"]) <= {"clock", "events", "parts", "run", "beside"}
    knowing = {name for name, path in modules(OBSERVE).items() if "accounting" in own(path)}
    assert knowing == {"recorder", "course", "commands.accounting"}


def test_every_module_is_the_reader_s_or_stands_beside_it() -> None:
    beside = {"", "settings", "handler", "capture", "session", "recorder", "describe", "ends"}
    beside |= {"provenance", "tracking", "endings", "tails", "outputs", "latency", "console"}
    beside |= {"choices", "course", "remains", "reports"}
    beside |= {"states", "told", "asking", "resolved", "sources", "plan", "hidden"}
    assert set(modules(OBSERVE)) - set(READER) <= beside


@pytest.mark.parametrize("name", list(modules(OBSERVE)))
def test_the_observer_knows_nothing_of_the_wrapper(name: str) -> None:
    assert not any(one.startswith(TIMED) for one in imports(modules(OBSERVE)[name]))


def test_the_wrapper_knows_only_the_recorder_s_side() -> None:
    found = set().union(*map(own, modules(TIMED).values()))
    assert found <= {
        *("clock", "events", "recorder", "session", "describe", "tracking", "states", "run"),
        "attempt",
        *("console", "parts", "reports", "asking", "hidden"),
    }


def test_only_capture_reads_a_log_record_s_attributes() -> None:
    """Foreign names end there; the node's side, which cannot import it, hears for itself."""
    foreign = ("jobid", "rule_name", "groupid", "group_id")
    allowed = {"capture", "describe", "ends"}  # live jobs have a jobid, too
    for name, path in modules(OBSERVE).items():
        if name not in allowed:
            attributes = {
                node.attr
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Attribute)
            }
            assert not attributes & set(foreign), name


def test_only_journal_opens_journals() -> None:
    for name in READER:
        if name not in ("journal", "clock"):
            calls = {
                node.func.id
                for node in ast.walk(ast.parse(modules(OBSERVE)[name].read_text()))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            assert "open" not in calls, name


@pytest.mark.parametrize(
    "name", [name for name in READER if name.startswith(("analysis", "timeline"))]
)
def test_analyses_have_no_clock_no_printing_and_no_files(name: str) -> None:
    tree = ast.parse(modules(OBSERVE)[name].read_text())
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"print", "open", "now"}
    assert not imports(modules(OBSERVE)[name]) & {"os", "time", "datetime", "pathlib", "sys"}


# -- the node's side --------------------------------------------------------------------------------------------


def test_the_node_s_side_is_the_standard_library_and_our_clock() -> None:
    to_see, seen = ["node"], set()
    while to_see:
        name = to_see.pop()
        seen.add(name)
        for imported in imports(modules(TIMED)[name]):
            first, _, rest = imported.partition(".")
            if first == TIMED:
                to_see += [rest] if rest not in seen else []
            else:
                assert imported == f"{OBSERVE}.clock" or first in sys.stdlib_module_names, imported
    assert all(
        one.partition(".")[0] in sys.stdlib_module_names
        for one in imports(modules(OBSERVE)["clock"])
    )


MEASURED = f"import sys, {TIMED}.node; print('{TIMED}.usage' in sys.modules)"


def test_what_tools_use_is_measured_with_the_standard_library_where_a_tool_runs() -> None:
    """A process that only starts another one runs no tool, and pays for no meter."""
    used = {name.partition(".")[0] for name in imports(modules(TIMED)["usage"])}
    assert used <= set(sys.stdlib_module_names)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


# -- what is read is data ------------------------------------------------------------------------------------------

RUNS_DATA = {"eval", "exec", "__import__", "import_module", "run_path", "run_module"}


@pytest.mark.parametrize(
    "path", [path for package in ROOTS for path in modules(package).values()], ids=str
)
def test_nothing_is_executed_or_imported_from_what_was_read(path: Path) -> None:
    """Journals and fragments may come from anyone; no module has the means to run what is in them."""
    assert not imports(path) & {"pickle", "marshal", "shelve", "runpy", "importlib", "yaml"}
    calls = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    }
    assert not calls & RUNS_DATA, path
    assert "shell=True" not in path.read_text()


def test_what_a_person_s_file_names_is_started_in_one_place_that_no_journal_can_reach() -> None:
    """``check`` runs the commands of the file that the person named, and of nothing else.

    The module that does it knows no other of ours, and so nothing that was read from a journal;
    only that command calls it, and takes the words from the file and the folder from paths.
    """
    proofs = modules(OBSERVE)["proofs"]
    assert own(proofs) == set()
    knowing = {name for name, path in modules(OBSERVE).items() if "proofs" in own(path)}
    assert knowing == {"commands.check"}
    starting = {name for name in READER if "subprocess" in imports(modules(OBSERVE)[name])}
    assert starting == {"accounting", "proofs"}
    (call,) = _calls(modules(OBSERVE)["commands.check"], "prove")
    (words,) = call.args
    assert ast.unparse(words) == "command"
    assert {one.arg: ast.unparse(one.value) for one in call.keywords} == {
        "here": "file.path.absolute().parent",
        "folder": "folder",
        "timeout_s": "file.verify_timeout_s",
    }


def test_where_commands_run_does_not_come_from_a_journal() -> None:
    """It is worked out from the paths that the person named, by a function that sees no more."""
    check = ast.parse(modules(OBSERVE)["commands.check"].read_text())
    (folder,) = (
        node
        for node in ast.walk(check)
        if isinstance(node, ast.FunctionDef) and node.name == "_folder"
    )
    taken = [(arg.arg, ast.unparse(arg.annotation)) for arg in folder.args.args]
    assert taken == [("journal", "Path"), ("named", "Path | None")]
    for call in _calls(modules(OBSERVE)["commands.check"], "_folder"):
        assert [ast.unparse(arg) for arg in call.args] == ["source.path", "words.directory"]


def _calls(path: Path, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


# -- the roots ----------------------------------------------------------------------------------------------------

LOADED = f"""
import json, sys
import snakemake_interface_logger_plugins.base, snakemake_interface_logger_plugins.settings
import snakemake_interface_executor_plugins.executors.base
import snakemake_interface_executor_plugins.settings
before = set(sys.modules)
import {OBSERVE}, {TIMED}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_importing_the_plugins_loads_nothing_but_their_roots() -> None:
    """Every Snakemake process on the machine imports both."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [
        TIMED,
        OBSERVE,
        f"{OBSERVE}.handler",
        f"{OBSERVE}.settings",
    ]


# -- the settings ------------------------------------------------------------------------------------------------------

FLAGS = [
    pytest.param(settings, field, id=f"{settings.__name__}.{field.name}")
    for settings in (LogHandlerSettings, ExecutorSettings)
    for field in dataclasses.fields(settings)
]
PLAIN = {bool, int, float, str, Path}


@pytest.mark.parametrize(("settings", "field"), FLAGS)
def test_a_flag_s_type_is_one_that_snakemake_can_parse(settings: Any, field: Any) -> None:
    """Anything else breaks every ``snakemake`` call on the machine."""
    kind = settings.__annotations__[field.name]
    assert kind is field.type
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        assert set(inner) - {type(None)} <= PLAIN
        assert len(inner) == 2
    elif origin is list:
        assert set(inner) <= PLAIN
    else:
        assert kind in PLAIN


@pytest.mark.parametrize(("settings", "field"), FLAGS)
def test_a_flag_has_a_help_and_a_default(settings: Any, field: Any) -> None:
    assert field.metadata["help"].endswith((".", ")"))
    has_default = field.default is not dataclasses.MISSING
    assert has_default or field.default_factory is not dataclasses.MISSING


@pytest.mark.parametrize(("package", "name"), [(OBSERVE, "settings"), (OBSERVE, ""), (TIMED, "")])
def test_annotations_are_types_not_texts(package: str, name: str) -> None:
    assert "__future__" not in imports(modules(package)[name])


@pytest.mark.parametrize("root", [snakemake_logger_plugin_observe, snakemake_executor_plugin_timed])
def test_what_a_root_promises_is_there(root: ModuleType) -> None:
    assert all(hasattr(root, name) for name in root.__all__)
