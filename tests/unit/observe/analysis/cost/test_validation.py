"""Validation of a journal: every figure is recomputed from the stamps."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import (
    Story,
    at,
    begun,
    chain,
    grouped,
    killed,
    logger_only,
    replanned,
    retried,
    stamps,
)

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.run_totals import rule_times
from snakemake_logger_plugin_observe.analysis.cost.validation import (
    Disagreement,
    Validation,
    validate,
)
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.run.phases import in_seconds

STORIES = [chain, grouped, killed, logger_only, replanned, retried, begun]


def verified(path: Path) -> Validation:
    reading = read_journal(path)
    return validate(reading, reading.problems)


@pytest.mark.parametrize("story", STORIES)
def test_an_unchanged_journal_is_sound(tmp_path: Path, story: Callable[[], Story]) -> None:
    made = story()
    found = verified(made.write(tmp_path / "j.jsonl"))
    assert (found.sound, found.disagreements, found.problems) == (True, (), ())
    assert found.lines == len(made.events)


def changed(
    tmp_path: Path,
    kind: str,
    change: Callable[[dict[str, Any]], object],
    story: Callable[[], Story] = retried,
) -> tuple[Validation, int]:
    """Return the validation of a journal with its last line of *kind* changed, and the line's number."""
    path = story().write(tmp_path / "j.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    number = max(n for n, line in enumerate(lines, 1) if line["event"] == kind)
    change(lines[number - 1])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return verified(path), number


def test_a_changed_phase_is_named_with_its_line(tmp_path: Path) -> None:
    found, number = changed(
        tmp_path, "attempt_finished", lambda line: line["phases_s"].update(compute=99.0)
    )
    text = "attempt of job 1: compute is 99.0 s as written, 3.0 s from the stamps"
    assert found.disagreements == (Disagreement(number, text),)
    assert not found.sound


def test_a_missing_phase_is_named(tmp_path: Path) -> None:
    found, number = changed(
        tmp_path, "attempt_finished", lambda line: line["phases_s"].pop("compute")
    )
    text = "attempt of job 1: compute is 0.0 s as written, 3.0 s from the stamps"
    assert found.disagreements == (Disagreement(number, text),)


def test_an_invented_phase_is_named(tmp_path: Path) -> None:
    found, number = changed(
        tmp_path, "attempt_finished", lambda line: line["phases_s"].update(stage_in=1.0)
    )
    text = "attempt of job 1: stage_in is 1.0 s as written, 0.0 s from the stamps"
    assert found.disagreements == (Disagreement(number, text),)


def test_a_changed_group_is_named_as_such(tmp_path: Path) -> None:
    def change(line: dict[str, Any]) -> None:
        line["phases_s"]["submit"] = 5.0

    path = grouped().write(tmp_path / "j.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    number = next(n for n, line in enumerate(lines, 1) if line["event"] == "attempt_finished")
    change(lines[number - 1])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (found,) = verified(path).disagreements
    assert found.line == number
    assert found.text.endswith("submit is 5.0 s as written, 1.0 s from the stamps")
    assert "group" in found.text or "g1" in found.text


@pytest.mark.parametrize(
    ("account", "figures", "name", "label"),
    [
        ("job_account", "by_phase_s", "compute", "job account: compute"),
        ("job_account", "by_class_s", "compute", "job account by class: compute"),
        ("makespan", "by_phase_s", "compute", "makespan: compute"),
        ("makespan", "by_class_s", "planning", "makespan by class: planning"),
    ],
)
def test_a_changed_total_is_named(
    tmp_path: Path, account: str, figures: str, name: str, label: str
) -> None:
    def change(line: dict[str, Any]) -> None:
        line[account][figures][name] += 0.001

    found, number = changed(tmp_path, "run_finished", change)
    assert [one.line for one in found.disagreements] == [number]
    assert found.disagreements[0].text.startswith(f"{label} is ")


def test_a_changed_makespan_is_named(tmp_path: Path) -> None:
    found, number = changed(tmp_path, "run_finished", lambda line: line.update(makespan_s=27.0))
    text = "makespan: 27.0 s as written, 26.0 s from the stamps"
    assert found.disagreements == (Disagreement(number, text),)


@pytest.mark.parametrize("figure", ["job_count", "attempt_count", "failed_attempts"])
def test_a_changed_count_is_named(tmp_path: Path, figure: str) -> None:
    found, number = changed(tmp_path, "run_finished", lambda line: line.update({figure: 99}))
    assert [one.line for one in found.disagreements] == [number]


def test_nan_is_named(tmp_path: Path) -> None:
    """Python's JSON reader accepts NaN, which compares unequal to everything."""
    found, _ = changed(
        tmp_path, "attempt_finished", lambda line: line["phases_s"].update(compute=float("nan"))
    )
    assert not found.sound


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line["segments"].reverse(),
        lambda line: line["segments"].pop(),
        lambda line: line.update(start=at(4)),
    ],
    ids=["another order", "one left out", "a later start"],
)
def test_segments_that_do_not_follow_from_the_stamps_are_named(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    found, number = changed(tmp_path, "attempt_finished", change)
    text = "attempt of job 1: its segments do not follow from its stamps"
    assert found.disagreements == (Disagreement(number, text),)


def test_a_microsecond_of_rounding_is_not_a_disagreement(tmp_path: Path) -> None:
    def change(line: dict[str, Any]) -> None:
        line["phases_s"]["compute"] += 0.000001

    assert changed(tmp_path, "attempt_finished", change)[0].sound


def test_an_unreadable_line_is_a_problem(tmp_path: Path) -> None:
    path = chain().write(tmp_path / "j.jsonl")
    with path.open("ab") as file:
        file.write(b"torn")
    found = verified(path)
    assert not found.sound
    number = len(chain().events) + 1
    assert found.problems == (f"line {number}: torn line: the writer was cut off here",)


def test_the_accounts_of_a_run_whose_jobs_have_no_end_are_compared_with_a_reader_s(
    tmp_path: Path,
) -> None:
    def story() -> Story:
        known = stamps(ready=2, selected=3, submitting=3, accepted=4)
        settings = {"immediate_submit": True}
        return begun(settings=settings).job(1).submitted(1, known, external_jobid="7").end(9)

    def counted(line: dict[str, Any]) -> None:
        read = account(story().run)
        line.update(
            job_account=totals(read.jobs_by_class, read.jobs_by_phase),
            makespan=totals(read.makespan_by_class, read.makespan_by_phase),
            rules=msgspec.to_builtins(rule_times(read)),
        )

    def left_out(line: dict[str, Any]) -> None:
        counted(line)
        line["job_account"] = totals({}, {})

    assert changed(tmp_path, "run_finished", counted, story)[0].sound
    assert not changed(tmp_path, "run_finished", left_out, story)[0].sound


def totals(by_class: dict[str, int], by_phase: dict[str, int]) -> dict[str, dict[str, float]]:
    return {"by_class_s": in_seconds(by_class), "by_phase_s": in_seconds(by_phase)}


def test_the_jobs_and_the_times_of_rules_in_the_last_line_follow_from_the_stamps(
    tmp_path: Path,
) -> None:
    def one_more_done(line: dict[str, Any]) -> None:
        line["jobs"]["done"] += 1

    def longer(line: dict[str, Any]) -> None:
        line["rules"]["map"]["compute_s"] += 1

    def left_out(line: dict[str, Any]) -> None:
        del line["jobs"], line["rules"]

    assert changed(tmp_path, "run_finished", left_out, chain)[0].sound
    for change, said in ((one_more_done, "jobs: "), (longer, "rule map: compute_s is ")):
        (found,) = changed(tmp_path, "run_finished", change, chain)[0].disagreements
        assert found.text.startswith(said)
