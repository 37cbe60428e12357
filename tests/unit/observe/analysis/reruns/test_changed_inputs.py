"""Inputs that were changed while a job read them."""

from typing import Any

import pytest
from builders import at
from past import a_run, day_of, found, kept, past_run
from triaged import case_of
from whys import Why, missing

from snakemake_logger_plugin_observe.analysis.reruns.changed_inputs import writing_part
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.journal.events import InputsChanged
from snakemake_logger_plugin_observe.journal.records import ChangedInput

COMMAND = ("/usr/bin/snakemake", "-c2", "all")


def reading(**job: Any) -> Why:
    """Return a run in which rule map read ``ref`` from 3 s to 9 s and made ``out``."""
    status = job.pop("status", "success")
    one = a_run(command=COMMAND)
    one.planned(1, "map", missing("out"), reads=("ref",), makes=("out",), **job)
    one.quick(1, 3, 3, 9, status=status)
    return one


def changed(
    one: Why, modified_s: float = 5, *, job: int = 1, to: int = 7, since_s: float = 3.3, **more: Any
) -> Why:
    """Add that ``ref``, which had 2 bytes, was written at some moment."""
    file = ChangedInput(path="ref", modified=at(modified_s), bytes_before=2, bytes=to, **more)
    one.add(
        InputsChanged(
            time=at(9), job_id=job, attempt=1, since=at(since_s), until=at(9.05), files=(file,)
        )
    )
    return one


def only(one: Why) -> Rerun:
    (finding,) = found(one)
    return finding


def test_an_input_that_was_changed_while_it_was_read_is_named() -> None:
    one = only(changed(reading()))
    assert (one.kind, one.jobs, one.files, one.other_bytes) == (
        "changed_input",
        (1,),
        ("ref",),
        True,
    )
    assert one.claim == "input ref was changed while map ran (2 → 7 bytes)"
    assert one.fix.text == "make out again, once nothing changes ref while a job that reads it runs"
    assert one.fix.wrong_if == "map had read all of ref before it was changed"
    assert [each.line for each in one.commands] == ["snakemake -c2 all --forcerun out"]
    assert one.needless


@pytest.mark.parametrize("modified_s", [2.9, 9.01])
def test_a_change_before_or_after_the_tool_is_none(modified_s: float) -> None:
    assert found(changed(reading(), modified_s, since_s=2.5)) == ()


def test_a_file_that_was_only_touched_may_be_what_it_was() -> None:
    one = only(changed(reading(), to=2))
    assert one.claim == "input ref was written to or touched while map ran"
    assert (one.other_bytes, one.needless) == (False, False)
    assert one.fix.wrong_if == "the contents of ref are what they were"


def test_a_file_that_took_its_place_may_be_older() -> None:
    one = only(changed(reading(), -100, to=2, replaced=True))
    assert one.claim == "input ref was replaced while map ran, its size is the same"
    assert one.other_bytes


def test_a_file_with_an_old_time_that_was_looked_at_too_early_shows_no_moment() -> None:
    assert found(changed(reading(), -100, replaced=True, since_s=2.5)) == ()


def test_jobs_that_read_it_at_that_moment_are_one_finding() -> None:
    one = changed(reading())
    one.planned(2, "sort", missing("o2"), reads=("ref",), makes=("o2",)).quick(2, 4, 4, 9)
    finding = only(changed(one, job=2))
    assert finding.claim == "input ref was changed while map, sort ran (2 → 7 bytes)"
    assert finding.commands[0].line == "snakemake -c2 all --forcerun out o2"


def test_a_job_that_failed_only_has_to_run_again() -> None:
    one = only(changed(reading(status="failed")))
    assert one.fix.text == "run again, once nothing changes ref while a job that reads it runs"
    assert one.commands == ()


def test_the_job_that_wrote_it_is_named() -> None:
    one = changed(reading())
    one.planned(2, "index", missing("i"), makes=("i",), shellcmd="date >> ref; touch i")
    one.quick(2, 4, 4, 6)
    finding = only(one)
    assert finding.claim.endswith("; index, which ran then, writes it (`date >> ref`)")
    assert finding.fix.text == "make out again, once index no longer writes ref"


def test_a_job_may_change_its_own_input() -> None:
    finding = only(changed(reading(shellcmd="sed -i s/a/b/ ref; cp ref out")))
    assert finding.claim.endswith("; its own command writes it (`sed -i s/a/b/ ref`)")


def test_what_was_made_of_it_counts_as_up_to_date_in_the_runs_after() -> None:
    before = changed(reading())
    now = a_run(1, command=COMMAND)
    kept(now, ("map", "out"))
    (one,) = found(now, past_run(before))
    assert one.claim == (
        "map counts as up to date, but ref was changed while it was made, in the run of "
        f"{day_of(0)} UTC"
    )
    assert [each.line for each in one.commands] == ["snakemake -c2 all --forcerun out"]


def test_once_it_was_made_again_it_is_not() -> None:
    since = a_run(1).ran(1, "map", missing("out"), reads=("ref",), makes=("out",))
    now = a_run(2)
    kept(now, ("map", "out"))
    assert found(now, past_run(since), past_run(changed(reading()))) == ()


def test_it_is_an_incident_that_cites_the_journal() -> None:
    one = changed(reading())
    one.end(10)
    (incident,) = triage(case_of(one, reruns=found(one))).incidents
    assert (incident.id, incident.strength) == ("input_changed:map", "likely")
    assert [cited.quote for cited in incident.evidence] == ["ref: 2 → 7 bytes"]


@pytest.mark.parametrize(
    "command",
    [
        *("date >> ref", "date > ref", "date >'ref'", "sed -i s/a/b/ ref", "sed -e x -i.bak ref"),
        *("perl -pi -e s/a/b/ ref", "touch ref", "cat x | tee -a ref", "cd x; date > ref"),
    ],
)
def test_a_command_that_writes_a_file(command: str) -> None:
    assert writing_part(command, "ref") is not None


@pytest.mark.parametrize(
    "command",
    ["cp ref out", "sed s/a/b/ ref", "date > ref.idx", "date > x/ref", "touch a; cat ref"],
)
def test_a_command_that_only_reads_it(command: str) -> None:
    assert writing_part(command, "ref") is None
