"""The recipes of CONTRIBUTING.md work as they are written: one file and one line each."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import chain

ROOT = Path(__file__).parents[2]
PACKAGE = "snakemake_logger_plugin_observe"
CONTRACTS = (
    "tests/unit/observe/analysis/triage/detectors/test_contract.py",
    "tests/unit/observe/analysis/triage/detectors/test_slow_hooks.py",
    "tests/unit/observe/commands/test_commands.py",
    "tests/unit/test_architecture.py",
)


def follow(title: str, copy: Path) -> None:
    """Write the new files of a recipe in *copy*, and add its line to the registry."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    files = re.findall(r"```python\n# (\S+)\n(.*?)```", section, re.DOTALL)
    assert [path.startswith(PACKAGE) for path, _ in files].count(True) == 1
    for path, code in files:
        (copy / path).write_text(code)
    ((added, before, path),) = re.findall(r"Add `(\S+,)` below `(\S+,)` in `(\S+)`", section)
    registry = copy / PACKAGE / path
    lines = registry.read_text()
    assert lines.count(f"    {before}\n") == 1
    registry.write_text(lines.replace(f"    {before}\n", f"    {before}\n    {added}\n"))


def python(copy: Path, *arguments: str) -> str:
    """Run Python with the packages in *copy*, compiled once; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": ""}
    environment.pop("PYTEST_ADDOPTS", None)  # those are of the tests that are running
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the packages and their tests in which each recipe was followed."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in (PACKAGE, "snakemake_executor_plugin_timed", "tests/unit", "tests/helpers"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    chain().write(folder / ".snakemake" / "observe" / "20260301T120000-aaaaaa.jsonl")
    for title in ("Add a command", "Add a reporter form", "Add an export format", "Add a detector"):
        follow(title, folder)
    return folder


def observe(copy: Path, *arguments: str) -> str:
    """Run ``snakemake-observe`` of the packages in *copy*; return what it printed."""
    return python(copy, "-m", PACKAGE, *arguments)


def test_the_recipe_for_a_command(copy: Path) -> None:
    assert "nodes     how many attempts ran on each node" in observe(copy, "--help")
    found = json.loads(observe(copy, "nodes", "--format", "json"))
    assert observe(copy, "nodes").splitlines() == [
        f"{node}: {count}" for node, count in found["attempts_by_node"].items()
    ]


def test_the_recipe_for_a_reporter_form(copy: Path) -> None:
    (line,) = observe(copy, "cost", "--format", "json-line").splitlines()
    assert json.loads(line) == json.loads(observe(copy, "cost", "--format", "json"))


def test_the_recipe_for_an_export_format(copy: Path) -> None:
    first, second = map(json.loads, observe(copy, "export", "json-lines").splitlines())
    assert (first["job_id"], second["job_id"]) == (1, 2)
    assert first["compute_s"] == 6.5


def test_the_recipe_for_a_detector_and_the_contracts_of_all_recipes(copy: Path) -> None:
    """The new modules pass what every command, every detector and every folder must pass."""
    every = "slow_hooks or nodes or registered or share_a_class or a_room or every_module"
    passed = python(
        copy, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *CONTRACTS, "-k", every
    )
    assert " passed" in passed


def test_the_whole_file_can_be_read_in_ten_minutes() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) < 200
