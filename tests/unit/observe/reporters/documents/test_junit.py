"""`check` as JUnit XML."""

from dataclasses import replace

import pytest
from answers import PATH, STORIES, check, published_lines
from builders import (
    RUN_ID,
    chain,
    mixed,
)
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Failure, JUnitXml, Skipped, TestCase

from snakemake_logger_plugin_observe.reporters.documents import junit


@pytest.mark.parametrize("strict", [False, True])
def test_a_junit_reader_finds_every_line_and_its_state(strict: bool) -> None:
    checks = [check(story().run) for story in STORIES.values()]
    for made in (*checks, check(mixed().run, *published_lines())):
        answer = replace(made, strict=strict)
        (suite,) = JUnitXml.fromstring(junit.render(answer).encode())
        states = [
            "failed" if answer.breaks(x) else "skipped" if x.ok is None else ""
            for x in answer.lines
        ]
        assert [_state(case) for case in suite] == states
        assert (suite.tests, suite.failures, suite.skipped, suite.errors) == (
            *(len(states), states.count("failed"), states.count("skipped")),
            0,
        )
        assert suite.time == answer.source.run.makespan / 1e6


def _state(case: TestCase) -> str:
    if not case.result:
        return ""
    (result,) = case.result
    return {Failure: "failed", Skipped: "skipped"}[type(result)]


def test_a_failure_names_the_line_of_the_file_and_its_evidence() -> None:
    (suite,) = JUnitXml.fromstring(junit.render(check(mixed().run, *published_lines())).encode())
    cases = {case.name: case for case in suite}
    (failure,) = cases["max.makespan_s = 30"].result
    assert (failure.type, failure.message) == ("max", "41")
    assert failure.text.splitlines()[:2] == [
        "workflow/observe.toml:4: max.makespan_s = 30: 41",
        "line 13: group pair: 16.000 s since it was selected",
    ]
    (skipped,) = cases["max.memory_of_request = 0.9"].result
    assert skipped.message == "not checked: no job of this run requested memory"
    assert cases["publish.files = results/summary.tsv"].result == []
    assert suite.name == "workflow/observe.toml"
    assert {one.name: one.value for one in suite.properties()} == {
        "run_id": RUN_ID,
        "journal": str(PATH),
        "folder": "run",
    }


@given(st.text(st.characters(), max_size=20))
def test_any_text_of_a_journal_is_valid_xml(text: str) -> None:
    answer = check(chain().run, *published_lines(text + "\x00\ufffe\uffff\ud800"), notes=(text,))
    (suite,) = JUnitXml.fromstring(junit.render(answer).encode())
    assert len(list(suite)) == len(answer.lines)
