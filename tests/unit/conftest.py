"""What all unit tests share: golden files, Hypothesis' profile, and commands that are not real."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_time import FakeTime
from hypothesis import HealthCheck, settings
from recordings import Record, Recording

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording import recorder

GOLDEN = Path(__file__).resolve().parent.parent / "golden"

settings.register_profile(
    "unit", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        default=False,
        help="write the current output of the reporters to tests/golden; review the diff",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check of a text against the golden file of a name."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden", default=False):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no {path.name} yet: pytest --update-golden writes it"
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Return a maker of fake commands on the PATH; each records its calls, one a line.

    A line is the value of ``SLURM_TIME_FORMAT`` and the arguments.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def make(name: str, script: str) -> Path:
        calls = tmp_path / f"{name}.calls"
        made = folder / name
        made.write_text(f'#!/bin/sh\necho "$SLURM_TIME_FORMAT $*" >> {calls}\n{script}\n')
        made.chmod(0o755)
        return calls

    return make


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake_time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Have moments taken from a fake clock, which was read just now."""
    fake = FakeTime()
    monkeypatch.setattr(clock, "_anchor", 0)
    monkeypatch.setattr(clock, "_anchored", 0)
    monkeypatch.setattr(clock, "time", fake)
    clock.anchor()
    return fake


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Return a maker of recordings, in a process that has recorded before: its start is not ours."""
    monkeypatch.setattr(recorder, "_recorded", [True])
    return lambda **more: Recording(tmp_path, **more)
