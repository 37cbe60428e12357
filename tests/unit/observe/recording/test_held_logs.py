"""The logs that Snakemake removes, with an output folder or for a retry, are opened before."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_logger_plugin_observe.external.log_tails import tails
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.recording.held_logs import hold


def a_job(output: str = "d", *log: str, retries: int = 0, attempt: int = 1) -> Any:
    known = {"restart_times": retries, "attempt": attempt}
    return SimpleNamespace(output=[output], log=list(log), is_group=lambda: False, **known)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.log").write_text("no such sequence\n")
    return tmp_path


def test_a_log_in_an_output_folder_is_read_though_it_was_removed(folder: Path) -> None:
    held = hold(a_job("d", "d/a.log"))
    os.remove("d/a.log")
    (tail,) = tails(["d/a.log"], folder, mask=Masker(), held=held)
    assert (tail.path, tail.lines, tail.problem) == ("d/a.log", ("no such sequence",), None)


def test_a_log_elsewhere_is_left_to_the_recorder() -> None:
    assert hold(a_job("d", "logs/a.log", "da/a.log")) == {}


@pytest.mark.parametrize(("attempt", "is_held"), [(1, True), (2, True), (3, False)])
def test_a_log_that_a_retry_will_remove_is_held(attempt: int, is_held: bool, folder: Path) -> None:
    held = hold(a_job("x", "d/a.log", retries=2, attempt=attempt))
    assert list(held) == ["d/a.log"] * is_held


def test_the_logs_of_a_groups_jobs_are_held() -> None:
    jobs = [a_job("d", "d/a.log"), a_job("e")]
    group = SimpleNamespace(jobs=jobs, is_group=lambda: True, restart_times=0, attempt=1)
    assert list(hold(group)) == ["d/a.log"]


@pytest.mark.parametrize("log", ["d/none.log", "d/pipe", "d/link"])
def test_what_is_no_file_is_not_opened_and_never_waited_for(log: str) -> None:
    os.mkfifo("d/pipe")
    os.symlink("/etc/hostname", "d/link")
    assert hold(a_job("d", log)) == {}


def test_a_job_unlike_those_known_raises_nothing() -> None:
    assert hold(object()) == {}
