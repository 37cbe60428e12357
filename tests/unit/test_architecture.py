"""Imports go down the layers only, the plugins' roots are light, and nothing read is executed."""

import ast
import dataclasses
import graphlib
import json
import subprocess
import sys
import typing
from argparse import SUPPRESS
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import snakemake_executor_plugin_timed
import snakemake_logger_plugin_observe
from snakemake_executor_plugin_timed import ExecutorSettings
from snakemake_logger_plugin_observe import LogHandlerSettings
from snakemake_logger_plugin_observe.journal.events import EVENTS

OBSERVE, TIMED = "snakemake_logger_plugin_observe", "snakemake_executor_plugin_timed"
ROOTS = {
    name: Path(module.__file__).parent
    for name, module in (
        (OBSERVE, snakemake_logger_plugin_observe),
        (TIMED, snakemake_executor_plugin_timed),
    )
}

# The layers of the logger package, the lowest first: folders, and modules of the root. A folder that
# is not named belongs to the one that it lies in. A folder imports from the layers below its own.
LAYERS = (
    {"pasting"},
    {"clock", "console", "settings", "probe"},
    {"journal"},
    {"run"},
    {"external", "analysis"},
    {"analysis.cost", "analysis.jobs", "analysis.why"},
    {"analysis.failures", "analysis.live", "analysis.path", "analysis.reruns"},
    {"analysis.whatif", "analysis.compare"},
    {"analysis.advice", "analysis.remaining"},
    {"analysis.check", "analysis.triage"},
    {"analysis.screen"},
    {"recording", "reporters"},
    {"reporters.as_text", "reporters.as_json"},
    {"reporters.documents", "reporters.page", "reporters.plots"},
    {"commands.support"},
    {"commands", "views"},
    {"handler", "__main__"},
    {""},
)
LAYER_OF = {folder: layer for layer, folders in enumerate(LAYERS) for folder in folders}


@cache
def modules(package: str) -> dict[str, Path]:
    """Return the files of *package* by their dotted names inside it ('' is its root)."""
    root = ROOTS[package]
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the dotted names of all that *path* imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            package = node.module or ""
            names.update(
                whole if _is_module(whole := f"{package}.{alias.name}") else package
                for alias in node.names
            )
    return frozenset(names)


def _is_module(name: str) -> bool:
    package, _, rest = name.partition(".")
    return package in ROOTS and rest in modules(package)


def own_imports(path: Path, package: str = OBSERVE) -> set[str]:
    """Return the modules of *package* that *path* imports, by their names inside it."""
    return {name.partition(".")[2] for name in imports(path) if name.partition(".")[0] == package}


def folder_of(module: str) -> str:
    """Return the folder in LAYERS that *module* of the logger package is in."""
    while module not in LAYER_OF:
        module = module.rpartition(".")[0]
    return module


def in_folders(*folders: str) -> Iterator[tuple[str, Path]]:
    """Yield the modules in *folders*, and in folders below them."""
    for name, path in modules(OBSERVE).items():
        if any(name == one or name.startswith(f"{one}.") for one in folders):
            yield name, path


def importers_of(module: str) -> set[str]:
    """Return the modules of the logger package that import *module* of it."""
    return {name for name, path in modules(OBSERVE).items() if module in own_imports(path)}


def called(path: Path) -> set[str]:
    """Return the names of all functions and methods that *path* calls."""
    return {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
    }


# -- the layers -----------------------------------------------------------------------------------


def test_a_folder_imports_only_from_the_layers_below_it() -> None:
    """Neither from above, nor from its neighbours in the same layer."""
    upwards = [
        f"{name} imports {imported}"
        for name, path in modules(OBSERVE).items()
        for imported in own_imports(path) - {""}  # its version may be asked for anywhere
        if folder_of(imported) != folder_of(name)
        and LAYER_OF[folder_of(imported)] >= LAYER_OF[folder_of(name)]
    ]
    assert upwards == []


def test_no_module_imports_itself_through_others() -> None:
    graph = {name: own_imports(path) - {""} for name, path in modules(OBSERVE).items() if name}
    graphlib.TopologicalSorter(graph).prepare()


def test_every_module_has_a_docstring() -> None:
    for path in [path for package in ROOTS for path in modules(package).values()]:
        assert len(ast.get_docstring(tree(path)) or "") > 20, path


def test_a_detector_imports_no_other_detector() -> None:
    """What two of them need is a module next to their folder."""
    folder = "analysis.triage.detectors"
    shared = [
        f"{name} imports {imported}"
        for name, path in in_folders(folder)
        for imported in own_imports(path)
        if name != folder and imported.startswith(f"{folder}.")
    ]
    assert shared == []


def test_the_root_holds_few_modules() -> None:
    assert len(list(ROOTS[OBSERVE].glob("*.py"))) <= 8


def test_the_logger_plugin_does_not_import_the_wrapper() -> None:
    assert [path for path in modules(OBSERVE).values() if own_imports(path, TIMED)] == []


def test_the_wrapper_imports_only_the_recording_side() -> None:
    """Neither an analysis, nor the reader."""
    used = {folder_of(name) for path in modules(TIMED).values() for name in own_imports(path)}
    assert used <= {"clock", "console", "settings", "probe", "journal", "run", "recording"}


def test_a_public_class_name_has_one_meaning() -> None:
    names = Counter(
        node.name
        for package in ROOTS
        for path in modules(package).values()
        for node in tree(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


# -- who may do what -----------------------------------------------------------------------------


def test_only_log_records_reads_a_log_record_s_attributes() -> None:
    """Snakemake's names end there; only modules that read live jobs use ``jobid``, too."""
    foreign = {"jobid", "rule_name", "groupid", "group_id"}
    reading = {
        name
        for name, path in modules(OBSERVE).items()
        if foreign & {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    }
    assert reading <= {
        f"recording.{name}" for name in ("log_records", "live_objects", "job_descriptions")
    }


def test_only_the_journal_s_own_modules_open_journals() -> None:
    opening = {
        name
        for name, path in in_folders("journal", "run", "analysis", "reporters", "commands")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open"
    }
    assert opening <= {"journal.lines", "journal.writing"}


def test_analyses_have_no_clock_no_printing_and_no_files() -> None:
    for name, path in in_folders("analysis", "run"):
        calls = {
            node.func.id
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"print", "open", "now"}, name
        assert not imports(path) & {"os", "time", "datetime", "pathlib", "sys"}, name


def test_what_others_reported_becomes_events_in_one_place() -> None:
    """There a value that does not fit its field costs only that; these events hold our own values."""
    ours = {"FileSystem", "Gap", "Heartbeat", "Message", "RunFinished", "RunPhase", "UpToDate"}
    kinds = {model.__name__ for model in EVENTS}
    for name, path in in_folders("recording"):
        assert called(path) & kinds <= ours, name
        assert "convert" not in called(path) or name == "recording.event_of", name


# -- the node's side -----------------------------------------------------------------------------


def test_the_node_s_side_is_the_standard_library_and_modules_that_need_no_more() -> None:
    to_see, seen = [(TIMED, "node")], set()
    while to_see:
        package, name = to_see.pop()
        seen.add((package, name))
        for imported in imports(modules(package)[name]):
            first, _, rest = imported.partition(".")
            if first in ROOTS:
                to_see += [(first, rest)] if (first, rest) not in seen else []
            else:
                assert first in sys.stdlib_module_names, imported
    assert {name for package, name in seen if package == OBSERVE} == {
        *("clock", "probe"),
        *("journal.masking", "journal.secret_names", "journal.secret_shapes"),
        *("journal.declared_names", "journal.error_lines", "journal.log_ends"),
        *("journal.late_pattern", "journal.named_values", "journal.trusted_paths"),
    }


MEASURED = f"import sys, {TIMED}.node; print('{TIMED}.usage' in sys.modules)"


def test_what_tools_use_is_measured_with_the_standard_library_where_a_tool_runs() -> None:
    """A process that only starts another one runs no tool, and pays for no meter."""
    measuring = ("usage", "tool_processes", "printed_text", "memory_samples", "own_memory")
    used = {name for module in measuring for name in imports(modules(TIMED)[module])}
    ours = {f"{TIMED}.{module}" for module in measuring} | {f"{OBSERVE}.probe"}
    assert {name.partition(".")[0] for name in used - ours} <= set(sys.stdlib_module_names)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


# -- what is read is data ------------------------------------------------------------------------------------------

RUNS_DATA = {"eval", "exec", "__import__", "import_module", "run_path", "run_module"}


def runs_constants(path: Path) -> set[str]:
    """Return which of these functions *path* only calls with constants: they are its own code."""
    constant, varying = set(), set()
    for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
        of_constants = not call.keywords and all(isinstance(a, ast.Constant) for a in call.args)
        (constant if of_constants else varying).add(getattr(call.func, "id", ""))
    return constant & RUNS_DATA - varying


def test_nothing_is_executed_or_imported_from_what_was_read() -> None:
    """Journals and fragments may come from anyone; no module has the means to run what is in them.

    Commands are imported by name, of those that a list in the code has.
    """
    of_a_list = modules(OBSERVE)["commands"]
    for path in [path for package in ROOTS for path in modules(package).values()]:
        allowed = {"importlib", "import_module"} if path == of_a_list else set()
        means = {"pickle", "marshal", "shelve", "runpy", "importlib"}
        assert not imports(path) & means - allowed, path
        assert not called(path) & RUNS_DATA - runs_constants(path) - allowed, path
        assert "shell=True" not in path.read_text(), path


def test_yaml_is_read_by_loaders_that_make_plain_values_only() -> None:
    used = {
        name: {
            node.attr
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "yaml"
        }
        for name, path in modules(OBSERVE).items()
        if "yaml" in imports(path)
    }
    assert used == {
        "external.snakemake_profiles": {"safe_load", "scan", "AliasToken"},
        "recording.profile_mappings": {"load", "BaseLoader"},
    }


def test_a_command_is_made_from_a_journal_in_one_place_and_from_a_list_of_flags() -> None:
    """A dry run repeats the run, so some arguments of its command are used again.

    One module does that, and no other of the reader starts what it reads of: it takes flags that
    are on its list, and the program, the folder and the environment from this machine.
    """
    starting = {name for name, path in modules(OBSERVE).items() if "subprocess" in imports(path)}
    assert starting == {
        *("external.slurm_commands", "external.live_snakemake", "external.verify_commands"),
        *("external.notice", "recording.notifier"),
        "recording.provenance",
    }
    asking = {"commands.support.ask_snakemake", "commands.runbook"}
    assert importers_of("external.live_snakemake") == asking
    used = {
        node.attr
        for node in ast.walk(tree(modules(OBSERVE)["commands.runbook"]))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "live_snakemake"
    }
    # It shows commands, and starts none.
    assert used == {"invocation_for", "Invocation", "LiveError", "QUERIES"}


def test_snakemake_s_own_code_is_used_where_a_question_is_put_together() -> None:
    """Elsewhere in the reader it would cost a second at each start."""
    using = {
        name
        for name, path in modules(OBSERVE).items()
        if any(one.split(".")[0] == "snakemake" for one in imports(path))
    }
    assert {name for name in using if not name.startswith("recording.")} == {
        *("external.snakemake_flags", "external.snakemake_profiles", "external.asked_snakemake"),
    }


def test_what_is_printed_to_be_pasted_is_quoted_in_one_place() -> None:
    """The recorder quotes what it passes to shells itself, and masks what others have quoted."""
    quoting = {name for name, path in modules(OBSERVE).items() if "shlex" in imports(path)}
    assert quoting == {"pasting", "journal.masking"}


def test_what_a_check_file_names_is_started_in_one_place_that_no_journal_can_reach() -> None:
    """``check`` runs the commands of the file that the user named, and of nothing else.

    The module that does it knows no other of ours, and so nothing that was read from a journal;
    only that command calls it, and takes the arguments from the file and the folder from paths.
    """
    assert own_imports(modules(OBSERVE)["external.verify_commands"]) == set()
    assert importers_of("external.verify_commands") == {"commands.check"}
    (call,) = _calls(modules(OBSERVE)["commands.check"], "run_verify_command")
    (command,) = call.args
    assert ast.unparse(command) == "command"
    assert {one.arg: ast.unparse(one.value) for one in call.keywords} == {
        "here": "file.path.absolute().parent",
        "folder": "folder",
        "timeout_s": "file.tables.publish.verify_timeout_s",
    }


def test_where_commands_run_does_not_come_from_a_journal() -> None:
    """It is computed from the paths that the user named, by a function that gets nothing else."""
    check = modules(OBSERVE)["commands.check"]
    (folder,) = (
        node
        for node in ast.walk(tree(check))
        if isinstance(node, ast.FunctionDef) and node.name == "_folder"
    )
    taken = [(arg.arg, ast.unparse(arg.annotation)) for arg in folder.args.args]
    assert taken == [("journal", "Path"), ("named", "Path | None")]
    for call in _calls(check, "_folder"):
        assert [ast.unparse(arg) for arg in call.args] == ["source.path", "args.directory"]


def _calls(path: Path, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


# -- the roots ----------------------------------------------------------------------------------------------------

LOADED = f"""
import argparse, json, sys
import snakemake_interface_logger_plugins.base, snakemake_interface_logger_plugins.settings
import snakemake_interface_executor_plugins.executors.base
import snakemake_interface_executor_plugins.settings
before = set(sys.modules)
import {OBSERVE}, {TIMED}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_importing_the_plugins_loads_nothing_but_their_roots() -> None:
    """Every Snakemake process on the machine imports both, after its own parser's module."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [TIMED, OBSERVE, f"{OBSERVE}.settings"]


NOT_NEEDED = (
    *(f"{OBSERVE}.{name}" for name in ("handler", "recording", "run.fold", "run.timeline")),
    *(f"{OBSERVE}.analysis.{name}" for name in ("failures", "triage", "whatif", "why", "reruns")),
    "snakemake_interface_common",
)


def test_the_first_screen_of_a_large_run_loads_what_it_needs() -> None:
    """Most of its time is Python's own start: a module more is felt each time."""
    assert [one for one in loaded_by("commands.cost") if one.startswith(NOT_NEEDED)] == []


def test_a_run_that_went_well_loads_nothing_about_failures() -> None:
    """Nor about why jobs ran, if no run was before it: half of all modules are about these."""
    of_trouble = [f"{OBSERVE}.analysis.{name}" for name in ("failures", "triage", "why", "reruns")]
    loaded = loaded_by("commands.support.cost_of_all_lines")
    assert [one for one in loaded if one.startswith(tuple(of_trouble))] == []


def loaded_by(module: str) -> list[str]:
    """Return which modules are there when the command line has imported *module*."""
    code = f"import {OBSERVE}.__main__, {OBSERVE}.{module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_pydantic_is_loaded_when_a_check_file_is_read() -> None:
    """It checks what users write by hand; no recording, and no start of a command, waits for it."""
    using = {name for name, path in modules(OBSERVE).items() if "pydantic" in imports(path)}
    assert using == {"commands.support.check_file", "commands.support.check_tables"}
    assert not any("pydantic" in imports(path) for path in modules(TIMED).values())
    code = (
        f"import sys, {OBSERVE}.handler, {OBSERVE}.__main__, {TIMED}.main_side, {TIMED}.node\n"
        f"from {OBSERVE}.recording import recorder\n"
        f"{OBSERVE}.__main__.parser()  # of all commands\n"
        "print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


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
    assert field.metadata["help"].endswith((".", ")")) or field.metadata["help"] is SUPPRESS
    has_default = field.default is not dataclasses.MISSING
    assert has_default or field.default_factory is not dataclasses.MISSING


@pytest.mark.parametrize(("package", "name"), [(OBSERVE, "settings"), (OBSERVE, ""), (TIMED, "")])
def test_annotations_are_types_not_strings(package: str, name: str) -> None:
    assert "__future__" not in imports(modules(package)[name])


@pytest.mark.parametrize("root", [snakemake_logger_plugin_observe, snakemake_executor_plugin_timed])
def test_every_name_in_a_root_s_all_exists(root: ModuleType) -> None:
    assert all(hasattr(root, name) for name in root.__all__)
