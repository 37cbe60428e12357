"""Bash's strict mode taken away from shell commands is a finding of its own."""

import pytest
from workflows import a_run, claims, found

STRICT = "set -euo pipefail; "


def shell(prefix: str, **more: str) -> dict[str, str]:
    return {"shell_prefix": prefix, "shell_executable": "/bin/bash", **more}


@pytest.mark.parametrize(
    ("prefix", "effect"),
    [
        ("", "a command that fails before the last one or a variable that is not set or a "),
        ("module load bwa; ", "a command that fails before the last one or a variable"),
        ("set -eo pipefail; ", "a variable that is not set no longer"),
        ("set -eu; ", "a command that fails inside a pipe no longer"),
    ],
)
def test_a_prefix_that_loses_strict_mode_is_unsafe(prefix: str, effect: str) -> None:
    before, after = a_run(settings=shell(STRICT)), a_run(settings=shell(prefix))
    assert found(before, after) == {"strict_mode_lost": "unsafe"}
    (claim,) = claims(before, after, "strict_mode_lost")
    assert effect in claim


def test_it_is_unsafe_even_if_the_outputs_are_the_same_bytes() -> None:
    before, after = (a_run(settings=shell(one), sums=True) for one in (STRICT, "true; "))
    assert found(before, after) == {"strict_mode_lost": "unsafe"}


def test_a_prefix_that_keeps_or_adds_strict_mode_is_judged_by_the_results() -> None:
    kept = a_run(settings=shell(f"module load bwa; {STRICT}"))
    assert found(a_run(settings=shell(STRICT)), kept) == {"meaning_changed": "unsafe"}
    assert found(a_run(settings=shell("")), kept) == {"meaning_changed": "unsafe"}


def test_older_journals_without_a_prefix_have_no_finding() -> None:
    assert found(a_run(), a_run(settings=shell(STRICT))) == {}
