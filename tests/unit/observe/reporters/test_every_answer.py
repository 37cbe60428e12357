"""What holds for every answer in text and JSON."""

import json
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import strategies
from answers import (
    ESCAPES,
    FAILING,
    STORIES,
    WHYS,
    Answer,
    accounting,
    check,
    comparison,
    cost,
    failed_validation,
    jobs,
    path,
    path_explained,
    proposal,
    published_lines,
    render,
    render_json,
    source,
    triage_answer,
    unsafe_changes,
    use,
    use_by_rule,
    validation,
    why_answer,
    widened_discovery,
    with_escapes,
)
from builders import chain, grouped, mixed
from hypothesis import given

from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import chain as causal_chain
from snakemake_logger_plugin_observe.analysis.why.roots import roots
from snakemake_logger_plugin_observe.analysis.why.selection import find
from snakemake_logger_plugin_observe.analysis.why.why import why
from snakemake_logger_plugin_observe.reporters.answers import (
    ProposalAnswer,
    RunbookAnswer,
    WhyAnswer,
)
from snakemake_logger_plugin_observe.reporters.forms import text as text_form
from snakemake_logger_plugin_observe.run.model import Run


def checks() -> Iterator[Answer]:
    yield from (check(story().run) for story in STORIES.values())
    yield check(mixed().run, *published_lines())
    yield check(with_escapes().run, *published_lines(ESCAPES), notes=(ESCAPES,))


def triages() -> Iterator[Answer]:
    yield from (triage_answer(story()) for story in STORIES.values())
    yield from (triage_answer(story(), chain()) for story in STORIES.values())
    yield widened_discovery()


def whys() -> Iterator[Answer]:
    yield from (why_answer(story()) for story in (STORIES | WHYS).values())
    for story in (*WHYS.values(), grouped, with_escapes, mixed):
        if known := story().run.jobs:
            yield why_answer(story(), str(max(known)))


def others() -> Iterator[Answer]:
    yield RunbookAnswer(Path("RUNBOOK.md"))
    yield ProposalAnswer(source(chain().run), Path(ESCAPES), "x")


def of_every_story(make: Callable[[Run], Answer]) -> Callable[[], Iterator[Answer]]:
    return lambda: (make(story().run) for story in STORIES.values())


ANSWERS: dict[str, Callable[[], Iterator[Answer]]] = {
    "accounting": of_every_story(accounting),
    "check": checks,
    "compare": lambda: iter(
        (unsafe_changes(), *(comparison(chain(), story()) for story in STORIES.values()))
    ),
    "cost": of_every_story(cost),
    "jobs": of_every_story(jobs),
    "jobs --failed": lambda: (
        jobs(story().run, failed=True) for story in (STORIES | FAILING).values()
    ),
    "jobs --used": of_every_story(use),
    "jobs --by-rule": of_every_story(use_by_rule),
    "path": of_every_story(path),
    "path --explain": lambda: (path_explained(story()) for story in STORIES.values()),
    "check --propose": of_every_story(proposal),
    "triage": triages,
    "validate": lambda: iter(
        (failed_validation(), *(validation(story()) for story in STORIES.values()))
    ),
    "why": whys,
    "others": others,
}
every_answer = pytest.mark.parametrize("command", ANSWERS)


@cache
def answers(command: str) -> tuple[Answer, ...]:
    return tuple(ANSWERS[command]())


def is_printable(text: str) -> bool:
    """Return whether *text* has nothing that a terminal would obey but line breaks."""
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return not any(unicodedata.category(one) in bad for one in text.replace("\n", ""))


@every_answer
def test_a_text_is_printable_and_ends_with_a_line_break(command: str) -> None:
    for answer in answers(command):
        for width in (40, 60, 100, 200):
            text = render(answer, width)
            assert text.endswith("\n")
            assert not text.startswith("\n")
            assert is_printable(text)


@every_answer
def test_without_a_limit_a_table_is_what_the_console_would_make_of_it(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = [render(answer, text_form.UNLIMITED) for answer in answers(command)]
    monkeypatch.setattr(text_form, "as_lines", lambda table: None)
    assert quick == [render(answer, text_form.UNLIMITED) for answer in answers(command)]


@every_answer
def test_json_is_one_printable_document_at_any_width(command: str) -> None:
    for answer in answers(command):
        text = render_json(answer)
        assert isinstance(json.loads(text), dict)
        assert text.endswith("\n")
        assert is_printable(text)
        assert render_json(answer, width=40) == text


@every_answer
def test_colours_change_no_text(command: str) -> None:
    codes = ("0", "1", "2", "31", "32", "33", "34", "35", "36", "37", "90", "1;31", "1;32", "1;33")
    for answer in answers(command):
        coloured = render(answer, color=True)
        for code in codes:
            coloured = coloured.replace(f"\x1b[{code}m", "")
        assert coloured.split() == render(answer).split()


@every_answer
def test_rendering_an_answer_does_not_change_it(command: str) -> None:
    for answer in answers(command):
        assert render(answer) == render(answer)
        assert render_json(answer) == render_json(answer)


def test_terminal_escapes_are_escaped() -> None:
    run = with_escapes().run
    for answer in (cost(run), jobs(run), jobs(run, failed=True)):
        assert "\\x1b[2Jgone\\r\\u202e" in render(answer, width=300)


@given(strategies.tampered_runs())
def test_any_readable_run_can_be_rendered(run: Run) -> None:
    origins = Origins(run)
    found = roots(origins)
    selected = (
        WhyAnswer(
            source(run),
            why(run, origins, found),
            subject=find(origins, str(job_id)),
            chain=causal_chain(origins, found, (job_id,)),
        )
        for job_id in list(run.jobs)[:2]
        if job_id >= 0
    )
    in_all = WhyAnswer(source(run), why(run, origins, found))
    for answer in (cost(run), jobs(run), jobs(run, failed=True), use(run), in_all, *selected):
        assert render(answer, width=60).endswith("\n")
        assert render_json(answer, width=60).endswith("\n")
