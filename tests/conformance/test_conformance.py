"""Nothing changes: each case is run bare and with both plugins, and everything is compared."""

import contextlib
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest
from advised import problems_of_advice
from cases import CLUSTER, LOCAL, Call, Case, every_case
from comparison import Side, left, printed, sides
from lab import PATIENCE_S
from packaging.version import parse as parse_version
from pasted import not_pastable

from snakemake_logger_plugin_observe.__main__ import parser
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.path.explain import explain, lines_needed
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.in_force import settings_in_force
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if
from snakemake_logger_plugin_observe.commands import compare
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.triage_case import gather
from snakemake_logger_plugin_observe.journal.excerpts import lines_at
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.run.attempt import FINAL
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNATTRIBUTED

SNAKEMAKE: Final = parse_version(version("snakemake"))
BARE: Final = {LOCAL: ("--executor", "local"), CLUSTER: ("--executor", CLUSTER)}
OBSERVED: Final = {
    LOCAL: ("--logger", "observe", "--executor", "timed"),
    CLUSTER: ("--logger", "observe", "--executor", "timed", "--timed-wraps", CLUSTER),
}
# Both are off by default, and change nothing but when things happen.
SWITCHES: Final = {
    LOCAL: ("--timed-quick-exit", "on"),
    CLUSTER: ("--timed-wake", "on", "--timed-quick-exit", "on"),
}
UNEXPLAINED_AT_MOST: Final = 50_000  # microseconds, of a run so short that 0.5 % of it is less
# Runs a job on this machine, and keeps its output next to the folder.
SUBMIT: Final = """#!/bin/sh
here=$(dirname "$0")
setsid sh "$1" >> "$here/node.out" 2>&1 < /dev/null &
echo $!
"""


def parameters() -> list[Any]:
    """Return every case with each of its executors; some are marked as the sample."""
    return [
        pytest.param(
            case,
            executor,
            id=f"{case.name}-{executor}",
            marks=[pytest.mark.sample] if case.sample == executor else [],
        )
        for case in every_case()
        for executor in case.executors
    ]


@pytest.mark.parametrize(("case", "executor"), parameters())
def test_everything_equals_the_bare_run(
    case: Case,
    executor: str,
    tmp_path: Path,
    record_property: Any,
    request: pytest.FixtureRequest,
) -> None:
    """The observed run looks like the bare one, and its journal describes it correctly."""
    record_property("case", case.name)
    record_property("executor", executor)
    if missing := _why_not(case):
        record_property("not_run", missing)
        pytest.skip(missing)
    on = request.node.get_closest_marker("switches") is not None
    ours = [*OBSERVED[executor], *(SWITCHES[executor] if on else ())]
    bare, observed = sides(tmp_path)
    for side in (bare, observed):
        _lay(side, case)
    for number, call in enumerate(case.calls):
        expected = _outcome(bare, case, call, [*BARE[executor], *_limits(bare, case, executor)])
        assert expected["exit code"] == call.code, expected["stderr"]
        assert call.says in "".join(
            str(expected[one]) for one in ("stdout", "stderr", "jobs' output")
        )
        actual = _outcome(observed, case, call, [*ours, *_limits(observed, case, executor)])
        assert actual == expected, f"call {number + 1} with {' '.join(ours)}"
        assert len(_journals(observed)) == len(_recorded(bare, case.calls[: number + 1]))
    if not request.config.getoption("--sample"):
        last, flags = Call(("--dry-run", *case.next_flags)), ["--cores", "1"]
        assert _outcome(observed, case, last, flags) == _outcome(bare, case, last, flags)
    runs = [observed.lab.run(journal) for journal in _journals(observed)]
    for journal in _journals(observed):
        _is_the_same_as_itself(journal)
        _every_segment_can_be_shown(journal)
    for run in runs:
        _takes_as_long_with_its_own_settings(run)
    for run, call in zip(runs, _recorded(bare, case.calls), strict=True):
        _is_complete(run, call)
    if case.check is not None and runs:
        case.check(*runs)
    for journal, run in zip(_journals(observed), runs, strict=True):
        _has_no_other_incident(case, journal, run)
    for journal in _journals(observed):
        _gives_advice_that_holds(journal)


def _has_no_other_incident(case: Case, journal: Path, run: Run) -> None:
    """A run without problems has no incident, with any feature of Snakemake.

    First or not, full or incremental, a run that succeeded has no symptom either, but for jobs that
    recovered on a retry, and is the same work as before if nothing changed. Of one that failed, only
    what explains some of its failures is found. The runs' times are ignored: they depend on what
    else the machine does.
    """
    compared, _folder, _baseline = gather(find_journal.load(journal), None)
    failed = failures(run)
    good = run.status() in ("success", "dry_run", "nothing_to_do")
    if not good and not failed:
        return
    if (held := compared.comparison) is not None:
        assert held.work.changes or held.same_work is not False, held.verdict
        as_fast = replace(held.speed, verdict="as fast", tools=None)
        compared = replace(compared, comparison=replace(held, speed=as_fast))
    for known in (compared, replace(compared, baseline=None, comparison=None)):
        found = triage(known)
        if good:
            assert {one.incident_class for one in found.incidents} <= {*case.incidents}
            assert [one.text for one in found.symptoms if one.id != "noisy"] == []
            assert ("noisy" in {one.id for one in found.symptoms}) == bool(failed)
            if not found.incidents:
                first, *faster = (one.text for one in found.note.next_action)
                assert first == ("nothing to correct" if faster else "nothing to do")
                assert all(one.startswith("to make it faster: ") for one in faster)
        else:
            assert [one.claim for one in found.incidents if not one.failures] == []


def _gives_advice_that_holds(journal: Path) -> None:
    """Each command in an answer about a run can be pasted, and what it advises saves what it says."""
    with contextlib.chdir(journal.parents[2]):
        here = journal.relative_to(Path.cwd())
        assert not_pastable(here) == {}
        assert problems_of_advice(here) == []


def _why_not(case: Case) -> str | None:
    if parse_version(case.since) > SNAKEMAKE:
        return f"since Snakemake {case.since}"
    return case.needs()


def _recorded(bare: Side, calls: Sequence[Call]) -> list[Call]:
    """Return the calls that must leave a journal: none, if Snakemake itself left nothing.

    Some versions make no folder of theirs for a Snakefile that does not parse.
    """
    if not any(bare.lab.folder.rglob(".snakemake")):
        return []
    return [
        call for call in calls if call.journal and parse_version(call.journal_since) <= SNAKEMAKE
    ]


def _journals(side: Side) -> list[Path]:
    """Return the journals in order: they are in the working directory, wherever that is."""
    return sorted(side.lab.folder.rglob(".snakemake/observe/*.jsonl"))


def _fill(side: Side, text: str) -> str:
    return text.replace("@HERE@", str(side.here))


def _lay(side: Side, case: Case) -> None:
    """Write the case's files into a side's folder."""
    side.lab.snakefile(_fill(side, case.snakefile))
    for name, content in case.files.items():
        path = side.lab.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_fill(side, content))
        if path.parent.name == "bin":
            path.chmod(0o755)
    (side.here / "home").mkdir()
    submit = side.here / "submit.sh"
    submit.write_text(_fill(side, case.submit) or SUBMIT)
    submit.chmod(0o755)


def _limits(side: Side, case: Case, executor: str) -> list[str]:
    """Return the flags for where jobs run, and how many at a time."""
    if executor == LOCAL:
        return ["--cores", case.cores]
    submit = shlex.quote(str(side.here / "submit.sh"))
    return [
        *("--jobs", "1", "--cluster-generic-submit-cmd", submit),
        *("--seconds-between-status-checks", "1"),
    ]


def _environment(side: Side, case: Case) -> dict[str, str]:
    known = side.lab.environment()
    folders = [side.lab.folder / "bin", Path(sys.executable).parent]
    return {
        **known,
        "PATH": ":".join([*map(str, folders), known["PATH"]]),
        "HOME": str(side.here / "home"),
        "XDG_CACHE_HOME": str(side.here / "home" / "cache"),
        "XDG_CONFIG_HOME": str(side.here / "home" / "config"),
        **{name: _fill(side, value) for name, value in case.environment.items()},
    }


def _outcome(side: Side, case: Case, call: Call, flags: list[str]) -> dict[str, object]:
    """Make a call on one side, and return everything that can be seen of it."""
    environment = _environment(side, case)
    if call.before:
        words = ["sh", "-ec", _fill(side, call.before)]
        subprocess.run(words, cwd=side.lab.folder, env=environment, check=True)
    words = [_fill(side, word) for word in (*case.common, *call.flags)]
    done = subprocess.run(
        # First the plugins' flags: --logger takes several values, and flags end with targets.
        side.lab.command(*flags, *words),
        cwd=side.lab.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        errors="backslashreplace",
        timeout=PATIENCE_S,
        check=False,
    )
    node = side.here / "node.out"
    output = node.read_text(errors="backslashreplace") if node.exists() else ""
    files = left(side, loose=case.loose, unordered=case.unordered)
    return {
        **printed(side, done, unordered=case.unordered),
        "jobs' output": side.text(output, unordered=case.unordered),
        **{
            name: what
            for name, what in files.items()
            if case.passing is None or not name.startswith(f"{case.passing}/")
        },
    }


def _is_the_same_as_itself(journal: Path) -> None:
    """A run compared with itself has no change, and is called that."""
    answer = compare.run(parser().parse_args(["compare", str(journal), str(journal)])).answer
    held = answer.comparison
    assert held.verdict == "A and B are the same run"
    assert held.findings == ()
    assert held.work.changes == ()
    assert held.work.match.gone == held.work.match.added == ()
    status = answer.baseline.status
    if status in ("success", "dry_run") and held.work.in_dag != (0, 0):
        assert held.same_work is True
    elif status != "nothing_to_do":
        assert held.same_work is None


def _every_second_is_owned(run: Run) -> None:
    """Almost all of the makespan is explained by stamps."""
    found = account(run)
    left = [one for one in found.segments if one.phase == UNATTRIBUTED]
    assert found.unattributed <= max(0.005 * found.makespan, UNEXPLAINED_AT_MOST), left


def _every_segment_can_be_shown(journal: Path) -> None:
    """Each segment of the makespan begins or ends with a stamp that a line of the journal has."""
    run = fold(read_journal(journal))
    actual = partition(run)
    for one in explain(run, actual, lines_at(journal, lines_needed(run, actual))):
        assert one.begin, one
        assert one.end, one


def _takes_as_long_with_its_own_settings(run: Run) -> None:
    """A run simulated with the settings that it had takes as long as it took."""
    if run.finished is None or not run.attempts:
        return
    segments = partition(run)
    in_force = settings_in_force(run, build_model(run, segments))
    found = what_if(run, [in_force], segments)
    (asked,) = found.predictions
    assert asked.predicted == found.unchanged.predicted
    off = abs(asked.predicted - run.makespan)
    assert off <= max(0.02 * run.makespan, UNEXPLAINED_AT_MOST), (asked.predicted, run.makespan)


def _is_complete(run: Run, call: Call) -> None:
    """Every journal has the status of the exit code, and no attempt is left open."""
    assert run.started is not None
    assert run.gaps == []
    assert not [m.text for m in run.messages if "this Snakemake version lacks" in m.text]
    _every_second_is_owned(run)
    if run.finished is None:
        assert call.code < 0
        return
    good = run.status() in ("success", "nothing_to_do", "dry_run")
    assert good == (call.code == 0), run.status()
    if not run.started.settings.get("immediate_submit"):
        assert {attempt.status for attempt in run.attempts.values()} <= FINAL
