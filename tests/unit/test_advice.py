"""What to change, how it polled, and which requests are far off: from attempts of a known kind."""

from typing import Any

import pytest
from builders import at

from snakemake_logger_plugin_observe.analysis.account import account
from snakemake_logger_plugin_observe.analysis.advice import Lever, levers
from snakemake_logger_plugin_observe.analysis.polling import Polling, polling
from snakemake_logger_plugin_observe.analysis.requests import demand, far_off
from snakemake_logger_plugin_observe.events import (
    JobDescribed,
    RunStarted,
    SchedulerRecord,
    Usage,
)
from snakemake_logger_plugin_observe.reporters.text_advice import sentence
from snakemake_logger_plugin_observe.reporters.words import size
from snakemake_logger_plugin_observe.run import Attempt, Run

MB = 1_000_000


def run_of(*used: Usage | None, wraps: str = "slurm", **described: Any) -> Run:
    """Return a run of one rule, with an attempt of 20 s of compute for each of *used*."""
    run = Run()
    run.add(
        RunStarted(
            time=at(0), run_id="r", observe_version="0", host="h", pid=1, workdir="/", wraps=wraps
        )
    )
    for job_id, one in enumerate(used):
        run.add(JobDescribed(time=at(1), job_id=job_id, rule="map", **described))
        run.attempts[(job_id, 1)] = Attempt(
            *(job_id, None, 1, "success"),
            external_jobid="7",
            used=one,
            phases={"compute": 20_000_000, "node_startup": 5_000_000},
            poll_interval_s=40 + 10 * job_id,
        )
    return run


def off(run: Run) -> list[tuple[str, float, float, bool, bool]]:
    return [(o.resource, o.asked, o.used, o.at_most, o.too_little) for o in far_off(run)]


def test_polls_are_told_from_shortest_to_longest_with_what_governs_them() -> None:
    assert polling(run_of(None, None)) == Polling(
        40, 50, "--slurm-init-seconds-before-status-checks"
    )
    other = polling(run_of(None, wraps="cluster-generic"))
    assert other == Polling(40, 40, "--seconds-between-status-checks")
    assert polling(Run()) is None


def test_a_request_for_far_more_memory_than_was_used_is_named() -> None:
    resources = {"mem_mb": 8000}
    peaks = (Usage(peak_rss_bytes=100 * MB), Usage(peak_rss_bytes=900 * MB))
    assert off(run_of(*peaks, resources=resources)) == [
        ("memory", 8000 * MB, 900 * MB, False, False)
    ]
    bound = Usage(peak_rss_bound_bytes=130 * MB)
    assert off(run_of(bound, resources=resources)) == [("memory", 8000 * MB, 130 * MB, True, False)]


def test_a_request_that_is_nearly_used_up_is_named() -> None:
    run = run_of(Usage(peak_rss_bytes=950 * MB), resources={"mem_mb": 1000})
    assert off(run) == [("memory", 1000 * MB, 950 * MB, False, True)]


@pytest.mark.parametrize(
    ("used", "resources"),
    [
        (Usage(peak_rss_bytes=300 * MB), {"mem_mb": 500}),
        (Usage(peak_rss_bound_bytes=499 * MB), {"mem_mb": 500}),
        (None, {"mem_mb": 8000}),
        (Usage(peak_rss_bytes=1), {"mem_mb": "<TBD>"}),
        (Usage(peak_rss_bytes=1), {"mem_mb": True, "runtime": float("nan")}),
    ],
)
def test_what_fits_or_is_not_known_is_not_judged(
    used: Usage | None, resources: dict[str, Any]
) -> None:
    assert off(run_of(used, resources=resources)) == []


def test_a_rule_is_not_judged_by_some_of_its_jobs() -> None:
    assert off(run_of(Usage(peak_rss_bytes=MB), None, resources={"mem_mb": 8000})) == []


def test_threads_that_were_idle_are_named() -> None:
    busy = Usage(user_s=19, system_s=1)
    assert off(run_of(busy, threads=4)) == [("threads", 4, 1.0, False, False)]
    assert off(run_of(busy, threads=1)) == []


def test_a_time_that_was_hardly_used_is_named() -> None:
    assert off(run_of(None, resources={"runtime": 240})) == [
        ("runtime", 240 * 60, 25, False, False)
    ]


def test_the_scheduler_s_sample_counts_where_it_is_larger() -> None:
    run = run_of(Usage(peak_rss_bound_bytes=130 * MB), resources={"mem_mb": 8000})
    run.attempts[(0, 1)].accounting = SchedulerRecord(cluster_job="7", peak_rss_bytes=140 * MB)
    known = demand(run, run.attempts[(0, 1)])
    assert (known.memory_peak_bytes, known.memory_peak_is_bound) == (140 * MB, False)


def test_a_run_that_waited_for_nothing_gets_no_advice_but_its_tools() -> None:
    from builders import chain

    run = chain().run
    kinds = {lever.kind for lever in levers(run, account(run))}
    assert "polling" not in kinds
    assert "grouping" not in kinds


POLLING = Lever("polling", 65_000_000, "--slurm-init-seconds-before-status-checks", 40)
GROUPING = Lever("grouping", 32_000_000, rule="work", jobs=10, overhead=24_400_000, tool=570_000)


def test_the_advice_is_one_sentence() -> None:
    (said,) = sentence([POLLING, GROUPING, Lever("queue", 1)], 100_000_000)
    assert str(said) == (
        "What to change: lower --slurm-init-seconds-before-status-checks (40 s here: 65 % of the "
        "run passed before Snakemake looked); then group the 10 jobs of work (0.570 s of work "
        "each, 24.4 s to submit and start it: 32 %)."
    )
    assert sentence([], 100) == []


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (4096, "4.1 kB"), (140 * MB, "140 MB"), (8000 * MB, "8.0 GB")],
)
def test_sizes_are_said_as_snakemake_counts(count: int, text: str) -> None:
    assert size(count) == text
