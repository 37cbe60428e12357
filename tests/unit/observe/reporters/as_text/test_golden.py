"""Texts of all answers, as files to read: tests/golden."""

import re
from collections.abc import Callable
from functools import cache

import pytest
from answers import (
    FAILING,
    PATH,
    Answer,
    accounting,
    chain_of_forty,
    check,
    comparison,
    cost,
    failed_validation,
    jobs,
    on_slurm,
    path,
    path_explained,
    published_lines,
    read_log,
    render,
    triage_answer,
    unsafe_changes,
    use,
    validation,
    why_answer,
    widened_discovery,
)
from builders import (
    begun,
    chain,
    grouped,
    killed,
    logger_only,
    mixed,
    retried,
)
from whys import (
    discovered,
    first_run,
    many_causes,
    plan,
    temporary,
    up_to_date,
)
from workflows import a_run

TEXTS: dict[str, Callable[[], Answer]] = {
    "accounting": lambda: accounting(chain().run, 1, 1),
    "accounting-nothing-new": lambda: accounting(chain().run, 2),
    "cost": lambda: cost(mixed().run),
    "cost-chain": lambda: cost(chain().run),
    "cost-cluster": lambda: cost(on_slurm().run),
    "cost-group": lambda: cost(grouped().run),
    "cost-killed": lambda: cost(killed().run, f"{PATH}: line 12: torn line"),
    "cost-logger-only": lambda: cost(logger_only().run),
    "jobs": lambda: jobs(mixed().run),
    "jobs-killed": lambda: jobs(killed().run),
    "compare": lambda: comparison(a_run(sums=True), a_run(sums=True, length_s=60)),
    "compare-refused": unsafe_changes,
    "compare-failed": lambda: comparison(chain(), mixed()),
    "why": lambda: why_answer(many_causes(), since=many_causes(note="echo")),
    "why-publish": lambda: why_answer(many_causes(), "publish"),
    "why-rule": lambda: why_answer(many_causes(), "screen"),
    "why-temporary": lambda: why_answer(temporary(), "sort"),
    "why-checkpoint": lambda: why_answer(discovered(), "done/a.txt"),
    "why-first": lambda: why_answer(first_run(300)),
    "why-plan": lambda: why_answer(plan()),
    "why-updated": lambda: why_answer(many_causes(), "panel.fa"),
    "why-up-to-date": lambda: why_answer(up_to_date()),
    "check": lambda: check(
        mixed().run, *published_lines(), notes=("a later run may have changed it",)
    ),
    "check-kept": lambda: check(chain().run),
    "check-killed": lambda: check(killed().run, strict=True),
    "failed": lambda: jobs(mixed().run, failed=True),
    **{
        f"failed-{name}": lambda story=story: jobs(story().run, failed=True)
        for name, story in FAILING.items()
    },
    "failed-none": lambda: jobs(chain().run, failed=True),
    "path": lambda: path(mixed().run),
    "path-chain": lambda: path(chain().run),
    "path-cluster": lambda: path(on_slurm().run),
    "path-group": lambda: path(grouped().run),
    "path-killed": lambda: path(killed().run, f"{PATH}: line 12: torn line"),
    "path-logger-only": lambda: path(logger_only().run),
    "path-many": lambda: path(chain_of_forty().run),
    "path-nothing": lambda: path(begun().run),
    "path-explained": lambda: path_explained(retried()),
    "used": lambda: use(on_slurm().run),
    "used-mixed": lambda: use(mixed().run),
    "triage": widened_discovery,
    "triage-failed": lambda: triage_answer(mixed(), read=read_log),
    "triage-healthy": lambda: triage_answer(a_run(), a_run()),
    "triage-killed": lambda: triage_answer(killed()),
    "validate": lambda: validation(chain()),
    "validate-unsound": failed_validation,
}


LAYOUT_DEPENDS_ON_WIDTH = (
    *("cost", "cost-cluster", "failed", "jobs", "path", "path-cluster", "used"),
    *("why", "why-publish"),
)
"""These drop columns, bars or meanings in a narrow terminal; the others only wrap."""


@cache
def answer(name: str) -> Answer:
    return TEXTS[name]()


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_equals_its_golden_file(golden: Callable[[str, str], None], name: str) -> None:
    for width in (100, 80, 60) if name in LAYOUT_DEPENDS_ON_WIDTH else (80,):
        golden(f"{name}-{width}.txt", render(answer(name), width=width))


@pytest.mark.parametrize("width", [100, 80, 60])
def test_a_text_fits_its_width(width: int) -> None:
    """Except whole lines to copy: the run's head, its journal, a problem with it, a command."""
    heads = ("run ", "  .snakemake", ".snakemake", "  A  ", "  B  ", "snakemake-observe ")
    for name in TEXTS:
        for line in render(answer(name), width=width).splitlines():
            assert line.startswith(heads) or len(line) <= width, name


@pytest.mark.parametrize("width", [120, 100, 90, 80, 70, 60])
def test_no_number_is_cut(width: int) -> None:
    """Half a number reads like another number, and a lost one like an unknown one."""
    for name in TEXTS:
        assert not re.search(r"[\d.\s]…(?! \d)", render(answer(name), width=width)), name
