"""Shared fixtures of the fault tests, and how their rows get into docs/reliability.md."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import fault_table
import pytest
from lab import Lab


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--moments", type=int, default=2, help="at how many moments runs are killed (default: 2)"
    )
    parser.addoption(
        "--whole",
        action="store_true",
        default=False,
        help="test every case of every row, not the first alone",
    )
    parser.addoption(
        "--record",
        action="store_true",
        default=False,
        help="write the rows whose tests all passed into docs/reliability.md; implies --whole",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Scribe())


class _Scribe:
    """Records which tests passed, in the process that receives all results.

    A row whose test was not run, or could not be (without root), stays as it was recorded before.
    """

    def __init__(self) -> None:
        self._outcomes: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            test = report.nodeid.rpartition("::")[2].partition("[")[0]
            self._outcomes.setdefault(test, set()).add(report.outcome)

    def pytest_sessionfinish(self) -> None:
        passed = {test for test, outcomes in self._outcomes.items() if outcomes == {"passed"}}
        failed = {test for test, outcomes in self._outcomes.items() if "failed" in outcomes}
        before = fault_table.DOCUMENT.read_text(encoding="utf-8")
        fault_table.record(
            row
            for row in fault_table.rows()
            if row.test in passed or (row.test not in failed and str(row) in before)
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "moment" in metafunc.fixturenames:
        number = metafunc.config.getoption("--moments")
        metafunc.parametrize("moment", range(number))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--whole") or config.getoption("--record"):
        return
    kept: dict[str, pytest.Item] = {}
    for item in items:
        row = getattr(getattr(item, "function", None), "fault_row", None)
        many = row is None or "moment" in getattr(item, "fixturenames", ())
        kept.setdefault(item.nodeid if many else row.test, item)
    config.hook.pytest_deselected(items=[one for one in items if one not in kept.values()])
    items[:] = kept.values()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    folder = tmp_path / "work"
    folder.mkdir()
    return Lab(folder)


@pytest.fixture
def labs(tmp_path: Path) -> tuple[Lab, Lab]:
    """Two labs, for the bare and the observed run, in folders with paths of the same length."""
    folders = [tmp_path / name / "work" for name in ("bare", "ours")]
    for folder in folders:
        folder.mkdir(parents=True)
    return Lab(folders[0]), Lab(folders[1])


def _mounted(*arguments: str) -> bool:
    done = subprocess.run(["mount", *arguments], check=False, capture_output=True)
    return done.returncode == 0


@pytest.fixture
def mount() -> Iterator[Callable[..., Path]]:
    """Return a maker of mounts, for root alone: file systems that are small or read-only."""
    made: list[Path] = []

    def make(folder: Path, *arguments: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0 or not _mounted(*arguments, str(folder)):
            pytest.skip("needs the right to mount file systems")
        made.append(folder)
        return folder

    yield make
    for folder in reversed(made):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
