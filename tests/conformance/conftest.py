"""Options of the conformance suite: its sample, our switches, and a record of what ran for the table."""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cases import EXECUTORS

RECORDS = Path(__file__).parents[2] / "build" / "conformance"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption(
        "--sample",
        action="store_true",
        help="run most cases, with one executor each and without the last call",
    )
    group.addoption(
        "--every", type=int, default=1, metavar="N", help="of the sample, run every Nth case"
    )
    group.addoption("--record", action="store_true", help=f"write the outcomes below {RECORDS}")
    group.addoption(
        "--switches",
        action="store_true",
        help="observe with what gives time back switched on; in the sample every second case has that",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sample: in the sample, which shows every feature once")
    config.addinivalue_line("markers", "switches: observed with what gives time back switched on")
    if config.getoption("--record") and config.getoption("--sample"):
        raise pytest.UsageError("--record needs whole cases: use -k instead of --sample")
    if config.getoption("--record") and config.getoption("--switches"):
        raise pytest.UsageError("--record is about runs without switches: leave out --switches")
    if config.getoption("--record") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(), "conformance-recorder")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--sample"):
        left = [item for item in items if item.get_closest_marker("sample") is None]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item.get_closest_marker("sample") is not None]
        every = config.getoption("--every")
        config.hook.pytest_deselected(items=[one for n, one in enumerate(items) if n % every])
        items[:] = items[::every]
    for item in _with_switches(config, items):
        item.add_marker("switches")


def _with_switches(config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the cases that run with our switches on: of the sample every second of each executor."""
    if config.getoption("--switches"):
        return items
    if not config.getoption("--sample"):
        return []
    by_executor = [[one for one in items if _executor(one) == name] for name in EXECUTORS]
    return [one for same in by_executor for one in same[::2]]


def _executor(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return call.params.get("executor") if call is not None else None


class Recorder:
    """Collects each case's outcome, and adds them to the version's record at the end."""

    def __init__(self) -> None:
        self._outcomes: dict[str, dict[str, dict[str, str]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        known: dict[str, Any] = dict(report.user_properties)
        if report.when != "call" or "case" not in known:
            return
        outcome = {"passed": "same", "failed": "differs"}.get(report.outcome, "not run")
        result = {"outcome": outcome}
        if "not_run" in known:
            result["why"] = known["not_run"]
        self._outcomes.setdefault(known["case"], {})[known["executor"]] = result

    def pytest_sessionfinish(self) -> None:
        if not self._outcomes:
            return
        RECORDS.mkdir(parents=True, exist_ok=True)
        snakemake = version("snakemake")
        path = RECORDS / f"{snakemake}.json"
        known = json.loads(path.read_text())["cases"] if path.exists() else {}
        for case, outcomes in self._outcomes.items():
            known[case] = {**known.get(case, {}), **outcomes}
        record = {
            "snakemake": snakemake,
            "python": platform.python_version(),
            "cluster-generic": version("snakemake-executor-plugin-cluster-generic"),
            "cases": dict(sorted(known.items())),
        }
        path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
