"""The Python interface: typed objects, tables for data frames, one kind of error."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import begun, chain, grouped, killed, retried
from command_line import write_run

import snakemake_logger_plugin_observe
from snakemake_logger_plugin_observe import ObserveError, RunView, clock, list_runs, open_run
from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.journal.events import Heartbeat
from snakemake_logger_plugin_observe.reporters.flat_tables import TABLES

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def run(workdir: Path) -> RunView:
    write_run(workdir, "20260301T120000-aaaaaa", retried())
    return open_run()


def test_a_run_has_its_moments_and_how_it_ended(run: RunView) -> None:
    assert (run.status, run.makespan_s, run.start) == ("success", 26.0, START)
    assert run.end == START + timedelta(seconds=26)
    assert run.journal == Path(".snakemake/observe/20260301T120000-aaaaaa.jsonl")
    assert run.problems == ()


def test_a_job_has_its_attempts_and_these_their_phases(run: RunView) -> None:
    (job,) = run.jobs
    assert (job.job_id, job.rule, job.wildcards, job.threads) == (1, "map", {"sample": "a"}, 2)
    first, second = job.attempts
    assert (first.status, first.exit_code, second.status) == ("failed", 3, "success")
    assert job.status == "success"
    assert first.phases[0].name == "slot_wait"
    assert first.phases[0].cost_class == "limits"
    assert sum(phase.seconds for phase in first.phases) == first.total_s == 11.0
    assert first.phases[0].start == first.start == START + timedelta(seconds=3)
    assert first.phases[-1].end == first.end
    assert first.phase_s("compute") == 3.0
    assert run.attempts == (first, second)


def test_a_phase_that_does_not_exist_is_an_error_with_those_that_do(run: RunView) -> None:
    with pytest.raises(KeyError, match="no such phase; they are import"):
        run.attempts[0].phase_s("computing")


def test_a_group_s_phases_are_its_own(workdir: Path) -> None:
    opened = open_run(grouped().write(workdir / "g.jsonl"))
    whole, first, _ = opened.attempts
    assert (whole.job_id, whole.rule, whole.group) == (None, None, "g1")
    assert repr(whole) == "<attempt 1 of group g1: success>"
    assert [phase.name for phase in first.phases] == ["stage_in", "compute", "stage_out"]


def test_a_table_is_a_list_of_plain_dictionaries(run: RunView) -> None:
    for name, rows in (("attempts", run.attempts_table()), ("rules", run.rules_table())):
        assert [tuple(row) for row in rows] == [TABLES[name].names] * len(rows)
        plain = (str, int, float, datetime, type(None))
        assert all(isinstance(cell, plain) for row in rows for cell in row.values())


def test_the_accounts_add_up(run: RunView) -> None:
    account = run.account()
    assert sum(account.by_class_s.values()) == account.makespan_s == 26.0
    assert sum(part.phase.seconds for part in account.parts) == 26.0
    assert account.core_s == 12.0
    path = run.path()
    assert sum(step.seconds for step in path.steps) == path.makespan_s == 26.0
    assert (path.critical_jobs, path.critical_s, path.overhead_s) == ((1,), 3.0, 23.0)


def test_a_what_if_takes_the_settings_of_the_command(workdir: Path) -> None:
    opened = open_run(chain().write(workdir / "c.jsonl"))
    unchanged = opened.whatif()
    assert unchanged.predicted_s == unchanged.measured_s == 21.0
    assert unchanged.faithful
    found = opened.whatif(faster={"map": 2}, no_retries=True, wake=False, local=["map"])
    assert found.settings == {"faster": {"map": 2.0}, "no_retries": True, "local": ["map"]}
    assert found.predicted_s < 21.0


def test_runs_are_listed_the_newest_last(workdir: Path) -> None:
    write_run(workdir, "20260301T120000-aaaaaa", chain())
    later = begun(run_id="b" * 32, host="elsewhere").job(1)
    later.events[0] = later.events[0].but(process_started=later.events[0].process_started + 10**9)
    write_run(workdir, "20260301T121640-bbbbbb", later)
    first, second = list_runs()
    assert (first.status, first.makespan_s, first.jobs) == ("success", 21.0, 2)
    assert (second.status, second.end, second.jobs) == ("unknown", None, None)
    assert list_runs(workdir / ".snakemake" / "observe") == [
        type(one)(**{**fields(one), "journal": workdir / one.journal}) for one in (first, second)
    ]
    assert first.open().makespan_s == 21.0
    assert list_runs(workdir / ".snakemake") == []


@pytest.mark.parametrize(("before_s", "status"), [(20, "running"), (600, "unknown")])
def test_a_run_on_another_host_has_one_state_everywhere(
    before_s: int, status: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what its journal contains: a copy of it is a new file, and shows no life."""
    story = killed().add(Heartbeat(time=clock.now() - before_s * 1_000_000))
    write_run(workdir, "20260301T120000-aaaaaa", story)
    assert main(["runs", "--format", "json"]) == 0
    (workflow,) = json.loads(capsys.readouterr().out)["workflows"]
    (one,) = list_runs()
    assert [workflow["runs"][0]["state"], one.status, one.open().status] == [status] * 3


def test_how_long_a_run_without_an_end_took_is_not_known(workdir: Path) -> None:
    path = write_run(workdir, "20260301T120000-aaaaaa", killed())
    run = open_run()
    (listed,) = list_runs()
    assert (run.status, run.makespan_s, listed.makespan_s) == ("unknown", None, None)
    assert run.makespan_at_least_s == run.account().makespan_s == run.path().makespan_s == 20.0
    assert repr(run) == f"<run {path.name}: unknown, at least 20.0 s>"
    assert run.problems == (
        f"{run.journal}: the run has no end in its journal (unknown): its times are lower bounds",
    )


@pytest.mark.parametrize("named", [5, 1.5, b"run.jsonl", ["a"], "a\0b"])
def test_what_is_no_path_is_an_error_of_one_line(named: object) -> None:
    expected = f"{named!r} is no path: name a journal or a folder, as text or a Path"
    for ask in (open_run, list_runs):
        with pytest.raises(ObserveError, match=re.escape(expected)):
            ask(named)  # type: ignore[operator]


def test_an_attempt_of_a_run_without_an_end_does_not_claim_to_run(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has one word everywhere, as its run may have been killed."""
    write_run(workdir, "20260301T120000-aaaaaa", killed())
    expected = ["success", "in_flight", "in_flight"]
    run = open_run()
    assert [one.status for one in run.jobs] == expected
    assert [one["status"] for one in run.attempts_table()] == expected
    assert main(["jobs", "--offline", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["attempts"]
    assert [one["status"] for one in found] == expected
    assert main(["export", "tsv"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split("\t")[4] for line in lines] == expected
    for status, jobs in (("in_flight", [2, 3]), ("running", [])):
        assert main(["jobs", "--offline", "--status", status, "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)["attempts"]
        assert [one["job_id"] for one in found] == jobs


def test_a_run_that_ended_took_exactly_its_makespan(run: RunView) -> None:
    assert run.makespan_s == run.makespan_at_least_s == 26.0


def fields(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in type(one).__slots__}


def test_a_run_without_an_end_has_none(workdir: Path) -> None:
    opened = open_run(killed().write(workdir / "k.jsonl"))
    assert opened.status in ("unknown", "killed")
    assert opened.end is None


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (open_run, "no journal in .snakemake/observe: run snakemake with --logger"),
        (lambda: open_run("missing.jsonl"), "missing.jsonl: No such file or directory"),
        (lambda: open_run("team=x"), "team=x: no such file, and no run in"),
        (lambda: open_run("other.txt"), "other.txt:1: not a run journal"),
        (lambda: list_runs("missing"), "missing: No such file or directory"),
    ],
)
def test_there_is_one_kind_of_error_with_one_line(workdir: Path, call: object, text: str) -> None:
    (workdir / "other.txt").write_text("a,b\n")
    with pytest.raises(ObserveError) as raised:
        call()  # type: ignore[operator]
    assert str(raised.value).startswith(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"jobs": 0}, "jobs 0: must be"),
        ({"jbos": 3}, "unknown setting jbos: choose from jobs, cores"),
        ({"jobs": object()}, "jobs: <object object"),
        ({"jobs": True}, "jobs"),
        ({"faster": {"nothing": 2}}, ""),
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error(
    run: RunView, settings: dict[str, object], text: str
) -> None:
    with pytest.raises(ObserveError) as raised:
        run.whatif(**settings)
    assert str(raised.value).startswith(text)


LOADED = """
import sys, json
import snakemake_logger_plugin_observe as plugin
before = [hasattr(plugin, "LogHandler"), hasattr(plugin, "common_settings")]
light = not any("observe.views" in name or "msgspec" in name for name in sys.modules)
plugin.open_run
print(json.dumps([*before, light, any("observe.views" in name for name in sys.modules)]))
"""


def test_the_interface_is_loaded_when_it_is_used_first() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [True, False, True, True]


def test_names_that_do_not_exist_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'open_runs'"):
        snakemake_logger_plugin_observe.open_runs  # noqa: B018
