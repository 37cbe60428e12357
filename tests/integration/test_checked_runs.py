"""Runs of the example workflow, clean and with each incident.

Its own check file passes clean runs, and an incident fails its lines; compared with a clean run, an
incident's work is not the same.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from journal_files import fields_of
from junitparser import JUnitXml
from lab import REPO, Lab
from pairs import compare, findings_of

WORKFLOW = REPO / "example_workflow"
FILE = WORKFLOW / "observe.toml"
# The file's commands find the interpreter that runs the tests.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
GLOBS = (
    *("results/published/MANIFEST.sha256", "results/published/summary.tsv"),
    *(f"results/published/{name}/*.tsv" for name in ("quality", "kmers", "screen")),
)
FILES = {f"files {glob}" for glob in GLOBS}
CHECKSUMS = ("--logger-observe-outputs", "checksums")
# How these come out depends on how busy the machine is.
SPEED = {"max makespan_s", "max rule_compute_s.screen", "max phase_s.latency_wait"}
CONTENT, SUMS = "verify python3 {here}/verify.py .", "verify sha256sum {here}/published.sha256"


def example(lab: Lab, *args: str, profile: str = "local") -> None:
    lab.snakemake(
        *("-s", str(WORKFLOW / "Snakefile"), "--profile", str(WORKFLOW / "profiles" / profile)),
        *args,
        check=False,
        EXAMPLE_WORKFLOW=str(WORKFLOW),
    )


def check(lab: Lab, *args: str, file: Path = FILE) -> tuple[int, dict[str, Any]]:
    """Return the exit code of the check of the lab's newest run, and the answer."""
    done = lab.observe("check", str(file), "--format", "json", *args)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def named(answer: dict[str, Any], ok: bool | None) -> set[str]:
    """Return the names of the lines with this result."""
    return {_name(line) for line in answer["lines"] if line["ok"] is ok}


def _name(line: dict[str, Any]) -> str:
    if line["kind"] in ("max", "min"):
        return f"{line['kind']} {line['key']}"
    if line["kind"] == "verify":
        return CONTENT if "verify.py" in line["limit"] else SUMS
    return f"files {line['limit']}" if line["kind"] == "publish" else line["key"]


@pytest.fixture(scope="module")
def ran(new_lab: Callable[[str], Lab]) -> Callable[..., Lab]:
    """Return a function that runs the example once for each set of arguments, with checksums."""

    @cache
    def run(*args: str) -> Lab:
        lab = new_lab("example")
        example(lab, *CHECKSUMS, *args)
        return lab

    return run


@pytest.fixture(scope="module")
def clean(ran: Callable[..., Lab]) -> Lab:
    return ran()


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", PATH)


@pytest.mark.timed
def test_a_clean_run_is_fast_enough_for_every_line(clean: Lab) -> None:
    code, answer = check(clean, "--strict")
    assert (code, answer["passed"], named(answer, ok=False)) == (0, True, set())


def test_a_clean_run_passes_every_line(clean: Lab) -> None:
    code, answer = check(clean, "--strict")
    assert answer["passed"] is (code == 0)
    (note,) = answer["notes"]
    assert note.startswith("outputs: not checked, though their checksums are recorded")
    assert named(answer, ok=False) <= SPEED
    assert named(answer, ok=None) == set()
    assert len(answer["lines"]) == 18
    sizes = {one["path"]: one["bytes"] for line in answer["lines"] for one in line["files"]}
    assert sizes == {
        str(path.relative_to(clean.folder)): path.stat().st_size
        for path in clean.folder.glob("results/published/**/*")
        if path.is_file()
    }


@pytest.mark.slow
def test_a_clean_run_through_a_cluster_passes_too(lab: Lab) -> None:
    example(lab, profile="cluster-generic")
    code, answer = check(lab, "--strict")
    assert (code, named(answer, ok=True)) == (0, {_name(line) for line in answer["lines"]})


TINY = ("--config", "incident_tiny_jobs=40")
WIDENED = ("--config", "incident_widened_discovery=true")
DRIFTED = ("--config", "incident_drifted_helper=true")
FAILING = ("--retries", "2", "--config", "incident_always_fails=true")
SLOW = ("--config", "incident_slow_tool_s=3")
STATUS, FAILED, RETRIES, MASKED = "status", "max failed_jobs", "max retries", "max masked_failures"


@pytest.mark.parametrize(
    ("args", "failing", "unchecked"),
    [
        pytest.param(TINY, {"max jobs_planned"}, set(), id="tiny_jobs"),
        pytest.param(
            ["--retries", "1", "--config", "incident_fail_first_attempt=true"],
            {RETRIES, MASKED},
            set(),
            id="fail_first_attempt",
        ),
        pytest.param(
            FAILING,
            {STATUS, FAILED, RETRIES, MASKED, *FILES, CONTENT, SUMS},
            {"max jobs_planned", "max rule_compute_s.screen"},
            id="always_fails",
        ),
        pytest.param(SLOW, {"max rule_compute_s.screen"}, set(), id="slow_tool"),
        pytest.param(
            WIDENED,
            {"max jobs_planned", SUMS},
            set(),
            id="widened_discovery",
        ),
        pytest.param(DRIFTED, {SUMS}, set(), id="drifted_helper"),
        pytest.param(
            ["--latency-wait", "10", "--config", "incident_late_outputs_s=3"],
            {"max phase_s.latency_wait"},
            set(),
            id="late_outputs",
        ),
    ],
)
def test_each_incident_fails_exactly_its_own_lines(
    ran: Callable[..., Lab], args: Sequence[str], failing: set[str], unchecked: set[str]
) -> None:
    lab = ran(*args)
    code, answer = check(lab)
    assert (code, answer["passed"]) == (1, False)
    assert failing <= named(answer, ok=False) <= failing | SPEED
    # Whether discovery has ended when the run gives up is random.
    assert named(answer, ok=None) - {"min jobs_planned"} == unchecked
    _check_citations(lab, answer)


def test_the_stricter_context_fails_the_status_line(lab: Lab) -> None:
    example(lab, profile="strict")
    code, answer = check(lab)
    assert code == 1
    assert {STATUS, FAILED} <= named(answer, ok=False) <= {STATUS, FAILED} | SPEED
    assert named(answer, ok=None) <= {"max jobs_planned"}
    _check_citations(lab, answer)


def _check_citations(lab: Lab, answer: dict[str, Any]) -> None:
    """Check that each cited journal line is about a job of the rule that the quote names."""
    (journal,) = lab.journals
    events = [fields_of(line) for line in journal.read_text().splitlines()]
    rules = {event["job_id"]: event["rule"] for event in events if event["event"] == "job"}
    for line in answer["lines"]:
        for one in line["evidence"]:
            if one["kind"] != "journal":
                continue
            event = events[int(one["ref"].removeprefix("B:")) - 1]
            if event["event"] == "planned":
                assert any(one["quote"].endswith(f" of {rule}") for rule in event["to_run"])
            else:
                assert one["quote"].startswith(rules[event["job_id"]])


def test_the_text_and_the_junit_xml_agree(ran: Callable[..., Lab]) -> None:
    lab = ran(*WIDENED)
    done = lab.observe("check", str(FILE), "--junit", "reports/check.xml")
    assert done.returncode == 1
    (number,) = (
        n
        for n, line in enumerate(FILE.read_text().splitlines(), 1)
        if "jobs_planned = 30" in line and "wider" in line
    )
    text = " ".join(done.stdout.split())
    assert f"FAIL max.jobs_planned = 30: 54 ({FILE}:{number})" in text
    assert "12 jobs of screen" in text or "12 jobs of trim" in text
    (suite,) = JUnitXml.fromfile(str(lab.folder / "reports" / "check.xml"))
    results = {case.name: case.result[0].message for case in suite if case.result}
    slow = tuple(name.replace(" ", ".") for name in SPEED)
    failures = {name: said for name, said in results.items() if not name.startswith(slow)}
    assert failures.pop("max.jobs_planned = 30") == "54"
    assert list(failures.values()) == ["exit code 1"]


def test_a_proposed_check_file_passes_for_its_run_and_fails_for_an_incident(
    clean: Lab, ran: Callable[..., Lab], tmp_path: Path
) -> None:
    file = tmp_path / "proposed.toml"
    assert clean.observe("check", "--init", str(file)).returncode == 0
    code, answer = check(clean, "--strict", file=file)
    assert (code, answer["passed"]) == (0, True)
    code, answer = check(ran(*TINY), file=file)
    assert code == 1
    assert "max jobs_planned" in named(answer, ok=False)


def test_a_plan_can_be_checked_before_anything_runs(lab: Lab) -> None:
    """A dry run that plans too many jobs fails; lines that need a run are not checked."""
    example(lab, "--dry-run", *TINY)
    (journal,) = lab.journals
    code, answer = check(lab, str(journal))
    assert (code, named(answer, ok=False)) == (1, {"max jobs_planned"})
    assert STATUS in named(answer, ok=None)


def test_the_check_compares_outputs_with_the_baseline(
    clean: Lab, ran: Callable[..., Lab], tmp_path: Path
) -> None:
    """Contents are compared if both runs recorded checksums."""
    shutil.copy(clean.journals[0], tmp_path / "baseline.jsonl")
    file = tmp_path / "observe.toml"
    file.write_text('version = 1\n[baseline]\njournal = "baseline.jsonl"\nsame_work = true\n')
    _, answer = check(clean, file=file)
    assert named(answer, ok=True) == {"status", "same_work"}
    assert "outputs' checksums equal" in answer["lines"][1]["why"]
    code, answer = check(ran(*DRIFTED), file=file)
    assert (code, named(answer, ok=False)) == (1, {"same_work"})
    assert any("kmers" in one["quote"] for one in answer["lines"][1]["evidence"])


def test_checking_changes_nothing_in_the_run_s_folder(clean: Lab) -> None:
    def everything() -> dict[str, tuple[int, int]]:
        found = (path for path in clean.folder.rglob("*") if path.is_file())
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}

    before = everything()
    check(clean)
    assert everything() == before


# -- compared with a clean run ----------------------------------------------------------------------


def compared(clean: Lab, other: Lab) -> dict[str, Any]:
    return compare(clean.folder, *clean.journals, *other.journals)


def test_another_clean_run_is_the_same_work(clean: Lab, lab: Lab) -> None:
    example(lab, *CHECKSUMS)
    answer = compared(clean, lab)
    assert findings_of(answer) == []
    assert (answer["same_work"], answer["checked"]) == (True, "contents")


@pytest.mark.parametrize(
    ("args", "says", "finding"),
    [
        (DRIFTED, "not the same work", "unsafe contents_differ"),
        (WIDENED, "more", "unsafe discovery_widened"),
        (TINY, "more", "unsafe steps_added"),
        (("--config", "min_length=60"), "not the same work", "unsafe contents_differ"),
    ],
)
def test_an_incident_is_not_the_same_work(
    args: Sequence[str], says: str, finding: str, clean: Lab, ran: Callable[..., Lab]
) -> None:
    answer = compared(clean, ran(*args))
    assert answer["same_work"] is False
    assert says in answer["verdict"]
    assert finding in findings_of(answer)


@pytest.mark.timed
def test_a_slow_tool_is_slower_and_the_same_bytes(clean: Lab, ran: Callable[..., Lab]) -> None:
    answer = compared(clean, ran(*SLOW))
    assert answer["verdict"] == "slower, the same work (outputs' checksums equal)"
    assert answer["same_work"] is True
    assert [moved["rule"] for moved in answer["speed"]["moved"]] == ["screen"]


def test_an_incident_that_fails_the_run_is_not_comparable(
    clean: Lab, ran: Callable[..., Lab]
) -> None:
    answer = compared(clean, ran(*FAILING))
    assert answer["verdict"] == "not comparable, because B failed"
    assert answer["same_work"] is None
