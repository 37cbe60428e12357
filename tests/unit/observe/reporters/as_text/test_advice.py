"""Requests that differ much from what jobs used, as a table; and what jobs did not get."""

import io
import re

import pytest
from builders import begun
from rich.console import Console

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import Reduced
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import RequestMismatch
from snakemake_logger_plugin_observe.reporters.as_text.advice import reduced, requests


def table_lines(*found: RequestMismatch, width: int = 100) -> list[str]:
    """Return the rows of the table, with single spaces."""
    console = Console(file=io.StringIO(), width=width)
    for part in requests(found, width):
        console.print(part)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()[1:-1]]


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (RequestMismatch("map", "memory", 8e9, 2e9), "map 8.0 GB 2.0 GB 4× over-requested"),
        (
            RequestMismatch("map", "memory", 8e9, 130e6, at_most=True),
            "map 8.0 GB ≤ 130 MB 62× over-requested",
        ),
        (
            RequestMismatch("map", "memory", 1e9, 950e6),
            "map 1.0 GB 950 MB nearly all used: the next job may not fit",
        ),
        (RequestMismatch("map", "memory", 1e9, 0), "map 1.0 GB 0 B"),
        (
            RequestMismatch("map", "threads", 1, 1.98),
            "map 1 core 2 cores uses more: needs threads: 2",
        ),
        (RequestMismatch("map", "threads", 16, 12.4), "map 16 cores 12 cores 1× over-requested"),
        (RequestMismatch("map", "threads", 4, 1.0), "map 4 cores 1 core 4× over-requested"),
        (RequestMismatch("map", "threads", 8, 0.25), "map 8 cores 0.25 cores 32× over-requested"),
        (
            RequestMismatch("map", "runtime", 14400, 60),
            "map 4 h 00 min 1 min 00 s 240× over-requested",
        ),
        (RequestMismatch("a\x1bb", "memory", 8e9, 2e9), "a\\x1bb 8.0 GB 2.0 GB 4× over-requested"),
    ],
)
def test_a_request_that_differs_much_from_use_is_one_line(
    found: RequestMismatch, line: str
) -> None:
    assert table_lines(found) == [line]


def test_eight_requests_are_shown_and_the_rest_counted() -> None:
    found = [RequestMismatch(f"rule{n}", "memory", 8e9, 2e9) for n in range(11)]
    lines = table_lines(*found)
    assert [line.split()[0] for line in lines[:8]] == [f"rule{n}" for n in range(8)]
    assert lines[8:] == ["… 3 more"]
    assert requests([], 100) == []


@pytest.mark.parametrize("width", [100, 80, 70, 60])
def test_a_narrow_table_shows_names_on_several_lines_and_numbers_on_one(width: int) -> None:
    name = "a_rule_with_a_name_that_is_as_long_as_they_come"
    lines = table_lines(RequestMismatch(name, "runtime", 14400, 3_900), width=width)
    assert sum("4 h 00 min 1 h 05 min 4× over-requested" in line for line in lines) == 1
    assert name in "".join(line.split()[0] for line in lines if line.split()[0] in name)
    lines = table_lines(RequestMismatch(name, "memory", 800e9, 790e9), width=width)
    numbers = r" 800 GB 790 GB nearly all used(: the next job may not fit)?$"
    assert sum(bool(re.search(numbers, line)) for line in lines) == 1


@pytest.mark.parametrize(
    ("resource", "cpus", "said"),
    [
        ("threads", 2, "(--cores 2): the machine has 2 cores."),
        ("threads", 4, "(--cores 2): try --cores 4 (of the machine's 4)."),
        ("threads", 16, "(--cores 2): try --cores 8 (of the machine's 16)."),
        ("threads", None, "(--cores 2): try --cores 8, if the machine has as many."),
        ("gpu", 2, "(gpu=2 in --resources): try gpu=8, if there is as much."),
    ],
)
def test_what_a_rule_did_not_get_comes_with_what_to_try(
    resource: str, cpus: int | None, said: str
) -> None:
    (line,) = reduced([Reduced("map", resource, 8, 2, 4)], begun(cores=2, cpus=cpus).run.started)
    assert str(line) == f"map asks for 8 {resource}, and was given 2 in 4 jobs {said}"
