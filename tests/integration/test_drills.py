"""Every drill, with real runs: the right class comes first, and the note's next action fixes it."""

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
from lab import REPO, Lab


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
    before = {"baseline": baseline, "incident": incident}[what.same_as]
    compared = answer(lab, "compare", str(before), str(fixed))
    assert compared["same_work"] is True, compared["reasons"]


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


# -- triage --live -----------------------------------------------------------------------------------

SNAKEFILE = """
import pathlib
pathlib.Path("helper.py").exists()

rule all:
    input: expand("out/{n}.txt", n=range(config.get("many", 2)))

rule make:
    output: "out/{n}.txt"
    log: "logs/{n}.log"
    params: text=config.get("text", "a")
    shell: "echo {params.text} > {output} 2> {log}"
"""


def everything(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return each file and folder with its bytes and times, except in Snakemake's own folder."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        if ".snakemake" not in path.relative_to(folder).parts:
            known = path.stat()
            content = path.read_bytes() if path.is_file() else None
            times = () if path == folder else (known.st_mtime_ns, known.st_ctime_ns)
            found[str(path.relative_to(folder))] = (content, known.st_mode, *times)
    return found


@pytest.fixture
def ran(lab: Lab) -> Lab:
    lab.snakefile(SNAKEFILE)
    profile = lab.folder / "profile"
    profile.mkdir()
    (profile / "config.yaml").write_text(
        "logger: [observe]\nexecutor: timed\ntimed-wraps: local\ncores: 1\n"
    )
    lab.snakemake("--profile", "profile", "--config", "text=b")
    return lab


def test_triage_live_runs_no_job_and_writes_nothing(ran: Lab) -> None:
    """The profile enables both plugins; they are disabled for these commands, and write no journal."""
    (ran.folder / "out" / "1.txt").unlink()
    snakefile = ran.folder / "Snakefile"
    snakefile.write_text(snakefile.read_text().replace("> {output}", ">{output}"))
    before, journals = everything(ran.folder), ran.journals
    done = ran.observe("triage", "--live", "--yes", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert everything(ran.folder) == before
    assert ran.journals == journals
    assert ran.fragments() == []
    found = json.loads(done.stdout)
    assert [one["problem"] for one in found["commands"]] == [""] * 5
    claims = [claim["claim"] for claim in (*found["planned"], *found["changed"])]
    assert "a dry run now plans 3 jobs" in claims
    assert any(one.startswith("Snakemake now sees changed code for out/") for one in claims)
    assert any(
        one.startswith("snakemake --summary lists rule implementation changed: ") for one in claims
    )
    (plan,) = [one for one in found["planned"] if one["claim"].startswith("a dry run now")]
    (cited,) = plan["evidence"]
    lines = {one["name"]: one["lines"] for one in found["commands"]}
    assert cited["quote"] in lines[cited["ref"]]


def test_triage_live_refuses_while_another_snakemake_runs(ran: Lab) -> None:
    locks = ran.folder / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("out/0.txt\n")
    done = ran.observe("triage", "--live", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert "locked by a Snakemake" in done.stderr


def test_a_runbook_s_commands_can_be_pasted_and_run(ran: Lab) -> None:
    import re
    import subprocess

    done = ran.observe("runbook", "--out", "RUNBOOK.md")
    assert done.returncode == 0, done.stderr
    text = (ran.folder / "RUNBOOK.md").read_text()
    assert ran.observe("runbook", "--out", "RUNBOOK.md").returncode == 0
    assert (ran.folder / "RUNBOOK.md").read_text() == text
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    (dry,) = [block for block in blocks if "--dry-run" in block]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environment = ran.environment(PATH=path, SNAKEMAKE_OBSERVE="off")
    done = subprocess.run(
        ["sh", "-e", "-c", dry], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "logs/{n}.log" in text
    assert len(text.splitlines()) < 120
