"""Limits checked against figures, proposals that the run passes, and baseline requirements."""

import tomllib
from typing import Any

import pytest
import strategies
from builders import Story, begun, chain, killed, on_cluster
from hypothesis import given
from hypothesis import strategies as st
from workflows import a_run, a_workflow

from snakemake_logger_plugin_observe.analysis.check import budgets
from snakemake_logger_plugin_observe.analysis.check.budgets import (
    CheckLine,
    Limit,
    ended,
    judge,
    recorded_outputs,
    same_outputs,
)
from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun, Measurement
from snakemake_logger_plugin_observe.analysis.check.proposal import final_outputs, limits
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.comparison import Party, compare
from snakemake_logger_plugin_observe.analysis.compare.speed import RunLengths
from snakemake_logger_plugin_observe.commands.support.check_file import lines_of
from snakemake_logger_plugin_observe.journal.records import Usage
from snakemake_logger_plugin_observe.reporters.documents import check_toml

RECORD = "record them with --logger-observe-outputs checksums"


def measured(story: Story) -> MeasuredRun:
    return MeasuredRun(story.run, story.run.status(alive=False))


# -- a limit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "figure", "found"),
    [
        ("max", (30, 30), (True, 30, None)),
        ("max", (31, 31), (False, 31, None)),
        ("max", (31, None), (False, 31, "at least")),
        ("max", (7, None), (None, 7, "at least")),
        ("max", (None, 29), (True, 29, "at most")),
        ("max", (None, 31), (None, 31, "at most")),
        ("max", (29, 31), (None, 29, "at least")),
        ("max", (None, None), (None, None, None)),
        ("min", (30, 30), (True, 30, None)),
        ("min", (29, 29), (False, 29, None)),
        ("min", (31, None), (True, 31, "at least")),
        ("min", (7, None), (None, 7, "at least")),
        ("min", (None, 29), (False, 29, "at most")),
        ("min", (None, 31), (None, 31, "at most")),
        ("min", (None, None), (None, None, None)),
    ],
)
def test_a_limit_passes_or_fails_only_if_the_bounds_decide_it(
    kind: Any, figure: tuple[Any, Any], found: tuple[Any, Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (low, high), (ok, value, bound) = figure, found
    evidence = (Citation("journal", "B:7", "reason"),)
    monkeypatch.setattr(budgets, "measure", lambda *_: Measurement(low, high, "so", evidence))
    line = judge(measured(chain()), Limit(kind, "jobs_planned", "", 30, 4))
    cited = () if ok else evidence
    assert line == CheckLine(kind, "jobs_planned", 30, value, ok, "so", 4, bound, cited)


def test_a_line_is_named_with_its_part() -> None:
    limit = Limit("max", "rule_compute_s", "map", 2, 9)
    line = judge(measured(chain()), limit)
    assert (line.key, line.value, line.ok) == ("rule_compute_s.map", 9.5, False)
    assert line.evidence[0] == Citation("journal", "B:8", "map: compute 9.500 s")


@pytest.mark.parametrize(
    ("story", "ok", "value"),
    [
        (chain(), True, "success"),
        (begun().end(4, "nothing_to_do"), True, "nothing_to_do"),
        (begun().end(4, "failed"), False, "failed"),
        (begun().end(4, "interrupted"), False, "interrupted"),
        (killed(), False, "killed"),
        (begun(kind="dry_run").end(4, "dry_run"), None, "dry_run"),
        (begun(kind="touch").end(4), None, "success"),
    ],
)
def test_every_run_has_to_have_succeeded(story: Story, ok: bool | None, value: str) -> None:
    line = ended(measured(story))
    assert (line.kind, line.key, line.limit, line.value, line.ok) == (
        *("run", "status", "success", value, ok),
    )
    assert line.file_line is None
    assert bool(line.why) == (ok is None or value == "killed")


def test_a_running_run_has_not_succeeded_yet() -> None:
    line = ended(MeasuredRun(killed().run, "running"))
    assert (line.ok, line.why) == (False, "the run has not ended yet")


# -- proposed check files ---------------------------------------------------------------------------


def proposed(one: MeasuredRun) -> dict[str, Any]:
    return tomllib.loads(check_toml.render("a run", list(limits(one)), final_outputs(one)))


def flat(tables: dict[str, Any]) -> list[tuple[str, str, float]]:
    """Return figure, part and value of each limit in a table."""
    found: list[tuple[str, str, float]] = []
    for name, value in tables.items():
        if isinstance(value, dict):
            found += [(name, part, inner) for part, inner in value.items()]
        else:
            found.append((name, "", value))
    return found


def test_a_proposal_has_headroom_and_names_its_source() -> None:
    used = Usage(peak_rss_bytes=500_000_000, user_s=1, system_s=0, processes_at_once=1)
    asks = {"mem_mb": 1000, "runtime": 10}
    story = on_cluster(3, queue_s=40, startup_s=10, tool_s=15, poll_s=20, used=used, asks=asks)
    proposal = check_toml.render("a.jsonl", list(limits(measured(story))), ["results/*.tsv"])
    assert proposal == (
        "# Limits for runs of this workflow, proposed from a.jsonl.\n"
        "# Keep and tighten the lines that you want. To check a run: snakemake-observe check FILE\n"
        "version = 1\n\n"
        "[max]  # a run with a value above the limit fails\n"
        "makespan_s = 150               # 88.000 s in this run, times 1.5, rounded up\n"
        "jobs_planned = 3               # 3 in this run; more means wider discovery\n"
        "failed_jobs = 0                # 0 in this run\n"
        "retries = 0                    # 0 in this run\n"
        "masked_failures = 0            # 0 in this run\n"
        "missing_logs = 0               # 0 in this run\n"
        "missing_benchmarks = 0         # 0 in this run\n"
        "memory_of_request = 0.9        # at most 0.50 in this run; more than 0.9 is too close\n"
        "time_of_request = 0.9          # at most 0.04 in this run; more than 0.9 is too close\n"
        "class_share.scheduling = 0.45  # 0.34 of this run, plus 0.1\n"
        "class_share.queue = 0.56       # 0.45 of this run, plus 0.1\n"
        "queue_wait_s.p95 = 80          # 40.000 s in this run, times 2, rounded up\n"
        "rule_compute_s.map = 30        # 15.000 s in this run, times 2, rounded up\n\n"
        "[min]  # a run with a value below the limit fails\n"
        "jobs_planned = 3  # 3 in this run; fewer means narrower discovery\n\n"
        "[publish]\n"
        "# Outputs that no job of the run read; each pattern must match a file.\n"
        "files = [\n"
        '    "results/*.tsv",\n'
        "]\n"
        "# Commands that must exit with 0. They run without a shell in the run's working directory;\n"
        "# {here} is the folder of this file:\n"
        '# verify = [["sha256sum", "--check", "--quiet", "{here}/published.sha256"]]\n\n'
        "# A run to compare with, as snakemake-observe compare does:\n"
        '# [baseline]\n# journal = "baseline.jsonl"\n# same_work = true\n# same_outputs = true\n# slower_by = 0.2\n'
    )


def results(one: MeasuredRun, proposal: dict[str, Any]) -> list[bool | None]:
    return [
        judge(one, Limit(kind, name, part, value, 1)).ok
        for kind in ("max", "min")
        for name, part, value in flat(proposal.get(kind, {}))
    ]


@given(strategies.simulated_runs())
def test_a_run_passes_what_was_proposed_from_it(simulated: strategies.Simulated) -> None:
    one = MeasuredRun(simulated.run, "success")
    proposal = proposed(one)
    passed = results(one, proposal)
    assert {"makespan_s", "jobs_planned", "failed_jobs", "retries"} <= proposal["max"].keys()
    assert passed == [True] * len(passed)


@given(strategies.tampered_runs())
def test_even_an_impossible_run_passes_what_was_proposed_from_it(run: Any) -> None:
    one = MeasuredRun(run, "success")
    passed = results(one, proposed(one))
    assert passed == [True] * len(passed)


@given(
    st.dictionaries(st.text(min_size=1, max_size=9), st.integers(), max_size=3),
    st.lists(st.text(max_size=9)),
)
def test_a_proposal_is_valid_toml_for_any_rule_and_file_names(
    rules: dict[str, int], names: list[str]
) -> None:
    story = begun()
    for job_id, rule in enumerate(rules, 1):
        story.job(job_id, rule=rule, output=tuple(names)).quick(job_id, 3, 4, 9)
    one = measured(story.end(10))
    proposal = proposed(one)
    assert proposal["max"].get("rule_compute_s", {}).keys() == rules.keys()
    assert proposal["publish"].get("files", []) == final_outputs(one)


def test_final_outputs_are_read_by_target_rules_only() -> None:
    story = begun()
    story.job(1, rule="map", output=("r/a.txt", "r/b.txt", "r/only.tsv"))
    story.job(2, rule="sort", input=("r/only.tsv",), output=("out[1].txt", "/abs", "../up"))
    story.job(3, rule="all", input=("r/a.txt", "out[1].txt"))
    assert final_outputs(measured(story)) == ["r/a.txt", "r/b.txt", "out[[]1].txt"]


def test_many_final_outputs_with_one_ending_are_one_glob() -> None:
    story = begun().job(1, rule="map", output=tuple(f"r/{n}.txt" for n in range(11)))
    assert final_outputs(measured(story)) == ["r/*.txt"]


# -- a comparison ----------------------------------------------------------------------------------


def compared(before: Story, after: Story) -> Any:
    return compare(*(_party(story) for story in (before, after)))


def _party(story: Story) -> Party:
    run = story.run
    return Party(run, run.status(alive=False), RunLengths((run.makespan / 1e6,), ({},)))


def longer(by_s: float) -> Story:
    """Return ``chain``, of which the last job took longer."""
    story = chain()
    del story.events[-3:]
    return story.quick(2, 10, 10.5, 20 + by_s).end(21 + by_s)


def test_the_same_work_is_the_same_work() -> None:
    line = budgets.same_work(compared(chain(), chain()), 5)
    assert (line.key, line.limit, line.value, line.ok) == ("same_work", True, True, True)
    assert line.why == "the same plan (contents unchecked); cannot tell which is faster"
    assert (line.file_line, line.evidence) == (5, ())


def test_different_work_fails_with_each_unsafe_finding_as_evidence() -> None:
    before, after = (
        begun().job(1, rule="sort", output=("a",), log=log).quick(1, 3, 4, 9).end(10)
        for log in (("a.log",), ())
    )
    line = budgets.same_work(compared(before, after), 5)
    assert line.ok is False
    assert line.evidence == (Citation("journal", "B:3", "rule sort lost its log: a.log"),)


def test_runs_that_are_not_comparable_are_not_checked() -> None:
    found = compared(chain(), begun().job(1).end(4, "failed"))
    for line in (budgets.same_work(found, 1), budgets.slower_by(found, 0.2, 2)):
        assert (line.ok, line.value, line.why) == (None, None, "not comparable, because B failed")


@pytest.mark.parametrize(
    ("by_s", "most", "ok", "reason"),
    [
        (0, 0.2, True, "21.000 s, the baseline 21.000 s"),
        (10.5, 0.2, False, "31.500 s, the baseline 21.000 s"),
        (10.5, 0.6, True, "31.500 s, the baseline 21.000 s"),
        (
            2.1,
            0.05,
            True,
            "23.100 s, the baseline 21.000 s; within what may be noise of so few runs (4.200 s)",
        ),
    ],
)
def test_a_run_fails_only_if_slower_than_the_limit_and_beyond_noise(
    by_s: float, most: float, ok: bool, reason: str
) -> None:
    line = budgets.slower_by(compared(chain(), longer(by_s)), most, 6)
    assert (line.limit, line.value, line.ok, line.why) == (most, by_s / 21, ok, reason)


# -- lines of a TOML document ----------------------------------------------------------------------


def test_every_key_has_the_line_where_it_begins() -> None:
    assert lines_of(
        'version = 1 # one\n\n[max]\na.b = 1\n"c d" = """\nx = 1\n[y]\n"""\n'
        "list = [\n  1,\n  # no\n  2]\n[x.y]\nz = {q = 1}\n[[many]]\none = 1\n[[many]]\ntwo = 2\n"
    ) == {
        ("version",): 1,
        ("max",): 3,
        ("max", "a"): 4,
        ("max", "a", "b"): 4,
        ("max", "c d"): 5,
        ("max", "list"): 9,
        ("max", "list", 0): 10,
        ("max", "list", 1): 12,
        ("x",): 13,
        ("x", "y"): 13,
        ("x", "y", "z"): 14,
        ("x", "y", "z", "q"): 14,
        ("many",): 15,
        ("many", "one"): 16,
        ("many", "two"): 18,
    }


def test_every_element_of_a_list_has_the_line_where_it_begins() -> None:
    """Also if several are on one line, if one takes several, and if they are lists."""
    lines = lines_of('[a]\nb.c = ["x",\n\n "]", "y",\n["p",  # ]\n\n"q"]\n,"z"]\nd = [\n]\n')
    assert lines == {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "b", "c"): 2,
        ("a", "b", "c", 0): 2,
        ("a", "b", "c", 1): 4,
        ("a", "b", "c", 2): 4,
        ("a", "b", "c", 3): 5,
        ("a", "b", "c", 4): 8,
        ("a", "d"): 9,
    }


# -- runs in which some jobs were up to date -------------------------------------------------------


def partly(**up_to_date: int) -> MeasuredRun:
    jobs = [job for job in a_workflow() if job["rule"] in ("join", "all")]
    return measured(a_run(jobs, up_to_date=up_to_date))


@pytest.mark.parametrize(
    ("kind", "figure", "part", "limit", "expected"),
    [
        ("max", "jobs_planned", "", 8, (True, "2 of 8 jobs ran")),  # a full run plans at most 8
        ("max", "jobs_planned", "", 7, (None, "2 of 8 jobs ran")),
        ("max", "jobs_planned", "", 1, (False, "2 of 8 jobs ran")),
        ("min", "jobs_planned", "", 8, (None, "2 of 8 jobs ran")),
        ("min", "jobs_planned", "", 9, (False, "2 of 8 jobs ran")),
        ("max", "missing_logs", "", 0, (None, "2 of 8 jobs ran")),
        ("max", "class_share", "planning", 0.5, (None, "2 of 8 jobs ran")),
        ("max", "failed_jobs", "", 0, (True, "")),
        ("max", "makespan_s", "", 100, (True, "")),
    ],
)
def test_what_only_a_full_run_shows_is_not_checked_in_another(
    kind: Any, figure: str, part: str, limit: float, expected: tuple[bool | None, str]
) -> None:
    line = judge(partly(cut=3, count=3), Limit(kind, figure, part, limit, 1))
    assert (line.ok, line.why) == expected


def test_counts_and_lengths_are_proposed_from_a_full_run_only() -> None:
    proposed = {one.limit.key for one in limits(partly(cut=3, count=3))}
    assert {"failed_jobs", "retries"} <= proposed
    assert proposed.isdisjoint({"jobs_planned", "makespan_s", "missing_logs"})


def test_no_share_that_every_run_passes_is_proposed() -> None:
    shares = [one for one in limits(measured(a_run(length_s=1000))) if "share" in one.limit.key]
    assert all(one.limit.value < 1 for one in shares)


# -- outputs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a": "1", "b": "2"}, (True, "all 2 the same")),
        ({"a": "1", "b": "3"}, (False, "1 of 2 differs: b")),
        ({"a": "1"}, (False, "1 not made: b")),
        ({"a": "1", "b": None}, (None, f"1 output without a checksum; {RECORD}")),
        ({}, (None, f"2 outputs without a checksum; {RECORD}")),
    ],
)
def test_outputs_are_as_the_file_has_them_or_it_is_said(
    found: dict[str, str | None], expected: tuple[bool | None, str]
) -> None:
    line = recorded_outputs({"a": "1", "b": "2"}, found, 7)
    assert (line.limit, line.ok, line.why) == ("2 files", *expected)


def test_outputs_that_differ_from_the_baseline_s_fail() -> None:
    table = {"table": "new"}
    line = same_outputs(compared(a_run(sums={"table": "old"}), a_run(sums=table)), 3)
    assert (line.key, line.ok, line.why) == ("same_outputs", False, "1 of 1 differs: table")
    unknown = same_outputs(compared(a_run(), a_run()), 3)
    assert (unknown.ok, unknown.why) == (None, f"1 output without a checksum; {RECORD}")
