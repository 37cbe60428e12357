"""Every drill, with real runs: the right class comes first, and the note's next action fixes it."""

import contextlib
import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from advised import problems_of_advice
from lab import REPO, Lab
from pasted import ANSWERS, not_pastable


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("drill", REPO / "example_workflow" / "drill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["drill"] = module
    spec.loader.exec_module(module)
    return module


DRILL = load()


def answer(lab: Lab, *args: str) -> dict[str, Any]:
    done = lab.observe(*args, "--format", "json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def triaged(lab: Lab, journal: Path, baseline: Path) -> dict[str, Any]:
    return answer(lab, "triage", str(journal), "--baseline", str(baseline))


@pytest.fixture(scope="module")
def clean(new_lab: Callable[[str], Lab]) -> Lab:
    """Return a lab with one clean run: the baseline of every drill."""
    lab = new_lab("clean")
    DRILL.prepare(lab.folder)
    return lab


@pytest.mark.timed
@pytest.mark.parametrize("name", list(DRILL.DRILLS))
def test_each_drill_is_classified_correctly_and_its_next_action_fixes_it(
    lab: Lab, clean: Lab, name: str
) -> None:
    what = DRILL.DRILLS[name]
    folder = lab.folder / name
    shutil.copytree(clean.folder, folder, symlinks=True)
    baseline = DRILL.prepare(folder)
    DRILL.run(folder, what.profile, *what.causes)
    time.sleep(what.wait_s)
    incident = DRILL.newest(folder)
    found = triaged(lab, incident, baseline)
    assert found["findings"][0]["incident_class"] == what.incident_class
    note = found["note"]
    assert what.incident_class in note["incident_class"]
    assert all(note.values())
    resolves(found, folder)
    assert DRILL.run(folder, "local", *what.fixes) == 0
    fixed = DRILL.newest(folder)
    assert fixed != incident
    after = triaged(lab, fixed, baseline)
    assert what.incident_class not in [one["incident_class"] for one in after["findings"]]
    for journal in (baseline, incident, fixed):
        gives_advice_that_holds(journal, baseline)
    before = {"baseline": baseline, "incident": incident}[what.same_as]
    compared = answer(lab, "compare", str(before), str(fixed))
    assert compared["same_work"] is True, compared["reasons"]


def gives_advice_that_holds(journal: Path, baseline: Path) -> None:
    """Check the advice on a run, by itself and next to its baseline, and the printed commands."""
    with contextlib.chdir(journal.parents[2]):
        here, other = (one.relative_to(Path.cwd()) for one in (journal, baseline))
        against = ("triage", "--baseline", str(other))
        assert not_pastable(here, *ANSWERS, against) == {}
        assert problems_of_advice(here) == []
        if here != other:
            assert problems_of_advice(here, other) == []


def resolves(found: dict[str, Any], folder: Path) -> None:
    """Check that every journal line and file line that the findings cite exists."""
    for one in (e for finding in found["findings"] for e in finding["evidence"]):
        path, _colon, number = one["ref"].rpartition(":")
        source = Path(found["journals"][path]) if one["kind"] == "journal" else folder / path
        if one["kind"] == "file" and not number.isdecimal():
            assert (folder / one["ref"]).exists()
        elif one["kind"] in ("journal", "log", "benchmark", "file"):
            line = source.read_text().splitlines()[int(number) - 1]
            assert one["kind"] == "journal" or " ".join(line.split())[:190] in one["quote"]


@pytest.mark.timed
def test_a_clean_run_has_no_incident(clean: Lab) -> None:
    found = answer(clean, "triage", str(DRILL.prepare(clean.folder)))
    assert found["findings"] == []
    assert found["note"]["incident_class"] == "no incident found"
