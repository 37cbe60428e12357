"""Each incident of the example workflow, compared with a clean run of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import REPO, Lab
from pairs import compare, findings_of

WORKFLOW = REPO / "example_workflow"
FOUND = "unsafe contents_differ"
CONFIG = "neutral meaning_changed"
LINE = "neutral setting_changed"


@pytest.fixture(scope="module")
def example(new_lab: Callable[[str], Lab]) -> Callable[..., Path]:
    """Run the example in a fresh folder, with checksums."""

    def run(*flags: str, check: bool = True) -> Path:
        lab = new_lab("example")
        return lab.new_run(
            *("-s", str(WORKFLOW / "Snakefile")),
            *("--profile", str(WORKFLOW / "profiles" / "local")),
            *("--logger-observe-outputs", "checksums"),
            *flags,
            check=check,
            EXAMPLE_WORKFLOW=str(WORKFLOW),
        )

    return run


@pytest.fixture(scope="module")
def clean(example: Callable[..., Path]) -> Path:
    return example()


def compared(clean: Path, other: Path) -> dict[str, Any]:
    return compare(clean.parent, clean, other)


def test_a_clean_run_is_the_same_work(clean: Path, example: Callable[..., Path]) -> None:
    answer = compared(clean, example())
    assert findings_of(answer) == []
    assert (answer["same_work"], answer["checked"]) == (True, "contents")


@pytest.mark.parametrize(
    ("switch", "says", "finding"),
    [
        ("incident_drifted_helper=true", "not the same work", FOUND),
        ("incident_widened_discovery=true", "more", "unsafe discovery_widened"),
        ("incident_tiny_jobs=8", "more", "unsafe steps_added"),
        ("min_length=60", "not the same work", FOUND),
    ],
)
def test_an_incident_is_not_the_same_work(
    switch: str, says: str, finding: str, clean: Path, example: Callable[..., Path]
) -> None:
    answer = compared(clean, example("--config", switch))
    assert answer["same_work"] is False
    assert says in answer["verdict"]
    assert finding in findings_of(answer)


@pytest.mark.timed
def test_a_slow_tool_is_slower_and_the_same_bytes(
    clean: Path, example: Callable[..., Path]
) -> None:
    answer = compared(clean, example("--config", "incident_slow_tool_s=3"))
    assert answer["verdict"] == "slower, the same work (outputs' checksums equal)"
    assert answer["same_work"] is True
    assert [moved["rule"] for moved in answer["speed"]["moved"]] == ["screen"]


def test_an_incident_that_fails_the_run_is_not_comparable(
    clean: Path, example: Callable[..., Path]
) -> None:
    answer = compared(clean, example("--config", "incident_always_fails=true", check=False))
    assert answer["verdict"] == "not comparable, because B failed"
    assert answer["same_work"] is None
