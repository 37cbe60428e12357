"""``triage --live`` with real Snakemake processes: it changes nothing, and a journal decides little.

Each attack is a journal, or files next to it, that a stranger made; docs/privacy.md lists them.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import Lab

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
    """Return each file and folder below *folder* with its bytes and times, Snakemake's own too."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        known = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        moments = (known.st_mtime_ns, known.st_ctime_ns)
        found[str(path.relative_to(folder))] = (content, known.st_mode, known.st_ino, *moments)
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
    # Snakemake makes its own folders if one is missing; a run without a lock leaves this one out.
    (lab.folder / ".snakemake" / "locks").mkdir(exist_ok=True)
    return lab


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the stranger's, with a Snakefile that leaves a file there when it is executed."""
    folder = tmp_path_factory.mktemp("elsewhere")
    leaves = f"open({str(folder / 'executed')!r}, 'w').close()"
    (folder / "Snakefile").write_text(f"{leaves}\n{SNAKEFILE}")
    (folder / "code.py").write_text(leaves)
    return folder


def tampered(lab: Lab, *command: str) -> None:
    """Have the journal say that Snakemake was called with other arguments."""
    (journal,) = lab.journals
    first, rest = journal.read_text().split("\n", 1)
    started = json.loads(first)
    started["command"] = ["snakemake", *command]
    journal.write_text(f"{json.dumps(started)}\n{rest}")


@pytest.mark.parametrize("inventory", [False, True])
def test_triage_live_runs_no_job_and_changes_nothing(ran: Lab, inventory: bool) -> None:
    """No file, lock, log, marker or inventory: not even in ``.snakemake``; and no journal.

    What keeps a question from writing changes no answer: it is that of the plain command.
    """
    if inventory:
        ran.snakemake("--dry-run", "--cores", "1")
        assert (ran.folder / ".snakemake" / "iocache" / "latest.pkl").exists()
    (ran.folder / "out" / "1.txt").unlink()
    snakefile = ran.folder / "Snakefile"
    snakefile.write_text(snakefile.read_text().replace("> {output}", ">{output}"))
    before = everything(ran.folder)
    done = ran.observe("triage", "--live", "--yes", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert everything(ran.folder) == before
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
    answers = {one["what"]: one["lines"] for one in found["commands"]}
    flags = ("--cores", "1", "--config", "text=b", "--profile", "none")
    for what in ("input", "code", "params"):
        plain = ran.snakemake("--list-changes", what, *flags).stdout.splitlines()
        assert sorted(answers[what]) == sorted(plain)
    assert answers["summary"] == ran.snakemake("--summary", *flags).stdout.splitlines()
    assert answers["code"]


@pytest.mark.parametrize(
    "command",
    [
        ("--force=--snakefile={elsewhere}/Snakefile",),
        ("--force=--cleanup-metadata=out/0.txt",),
        ("--forceall=--delete-all-output",),
        ("--ri=--unlock", "--use-conda=--report={elsewhere}/executed"),
        ("--snakefile", "{elsewhere}/Snakefile"),
        ("-s{elsewhere}/Snakefile",),
        ("--snakefile", "link/Snakefile"),
        ("--configfile", "{elsewhere}/Snakefile"),
        ("--profile", "{elsewhere}"),
        ("--workflow-profile", "link"),
        ("--cores", "--cleanup-metadata", "out/0.txt"),
        ("--conf=--cleanup-metadata",),
    ],
)
def test_a_journal_that_names_what_would_do_harm_runs_nothing(
    ran: Lab, elsewhere: Path, command: tuple[str, ...]
) -> None:
    (elsewhere / "config.yaml").write_text("cleanup-metadata: [out/0.txt]\n")
    (ran.folder / "link").symlink_to(elsewhere)
    tampered(ran, *(one.format(elsewhere=elsewhere) for one in command))
    before = everything(ran.folder), everything(elsewhere)
    done = ran.observe("triage", "--live", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert (everything(ran.folder), everything(elsewhere)) == before


@pytest.mark.parametrize(
    "command",
    [
        (
            *("--delete-all-output", "--unlock", "--touch", "--cleanup-metadata", "out/0.txt"),
            "--runtime-profile={elsewhere}/executed",
        ),
        ("--until=--cleanup-metadata=out/0.txt", "--", "--unlock", "@arguments.txt"),
    ],
)
def test_a_journal_s_flags_that_do_anything_but_plan_are_left_out(
    ran: Lab, elsewhere: Path, command: tuple[str, ...]
) -> None:
    (ran.folder / "arguments.txt").write_text("--cleanup-metadata\nout/0.txt\n")
    tampered(ran, *(one.format(elsewhere=elsewhere) for one in command))
    before = everything(ran.folder), everything(elsewhere)
    done = ran.observe("triage", "--live", "--yes", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert (everything(ran.folder), everything(elsewhere)) == before
    assert [one["problem"] for one in json.loads(done.stdout)["commands"]] == [""] * 5


def test_a_run_with_another_directory_is_asked_about_with_its_snakefile_named_again(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Snakemake was started next to the Snakefile, and the run, with its journal, is elsewhere."""
    lab.snakefile(SNAKEFILE)
    data = tmp_path_factory.mktemp("data")
    lab.snakemake("--cores", "1", "--logger", "observe", "--directory", str(data))
    snakefile = lab.folder / "Snakefile"
    words = ("triage", "--live", "--yes", "--format", "json")
    there = lab.observe(*words, str(data))
    assert (there.returncode, there.stdout) == (2, "")
    assert f"first cd {data}, and add --allow {snakefile}" in there.stderr
    within = Lab(data)
    refused = within.observe(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no Snakefile: not found from " in refused.stderr
    assert "name the Snakefile again with --allow" in refused.stderr
    done = within.observe(*words, "--allow", str(snakefile))
    assert done.returncode == 0, done.stderr
    assert [one["problem"] for one in json.loads(done.stdout)["commands"]] == [""] * 5


def harmful(elsewhere: Path) -> str:
    return f"cleanup-metadata: [out/0.txt]\nruntime-profile: {elsewhere}/executed\nunlock: true\n"


def code(elsewhere: Path) -> str:
    run = f"exec(open({str(elsewhere / 'code.py')!r}).read())"
    return f"__use_yte__: true\n__definitions__:\n  - {run}\ncores: 1\n"


@pytest.mark.parametrize(
    "planted",
    [
        {"profiles/default": harmful, "profile": code},
        {"profiles/default": code},
        {"of the user": harmful},
    ],
    ids=" and ".join,
)
def test_a_planted_profile_is_read_as_data(
    ran: Lab,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    planted: dict[str, Callable[[Path], str]],
) -> None:
    """The default one, the recorded one, and the one that SNAKEMAKE_PROFILE names."""
    for place, content in planted.items():
        if place == "of the user":
            tampered(ran, "--cores", "1")
            monkeypatch.setenv("SNAKEMAKE_PROFILE", place)
        profile = ran.folder / place / "config.yaml"
        profile.parent.mkdir(parents=True, exist_ok=True)
        profile.write_text(content(elsewhere))
    before = everything(ran.folder), everything(elsewhere)
    done = ran.observe("triage", "--live", "--yes")
    assert done.returncode == 0, done.stderr
    assert (everything(ran.folder), everything(elsewhere)) == before
    assert "Left out of the recorded command: " in done.stderr
    kinds = planted.values()
    assert ("--cleanup-metadata" in done.stderr) == (harmful in kinds)
    assert ("it contains code: __use_yte__" in done.stderr) == (code in kinds)


def test_what_a_profile_says_about_the_plan_is_asked_with(ran: Lab) -> None:
    (ran.folder / "profile" / "config.yaml").write_text("config:\n  many: 5\nforceall: true\n")
    tampered(ran, "--profile", "profile")
    done = ran.observe("triage", "--live", "--yes", "--format", "json")
    claims = [one["claim"] for one in json.loads(done.stdout)["planned"]]
    assert "a dry run now plans 6 jobs" in claims


def test_programs_modules_and_links_in_the_current_directory_are_not_used(
    ran: Lab, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is in the place of Snakemake's inventory, which a plain dry run writes."""
    planted = ran.folder / ".snakemake" / "iocache"
    planted.mkdir(exist_ok=True)
    (planted / "latest.pkl").symlink_to(elsewhere / "code.py")
    for name in ("snakemake", "python", "bash", "conda", "git"):
        program = ran.folder / name
        program.write_text(f"#!/bin/sh\n: > {elsewhere}/executed\n")
        program.chmod(0o755)
    for name in ("yaml", "json", "snakemake_logger_plugin_planted"):
        (ran.folder / f"{name}.py").write_text((elsewhere / "code.py").read_text())
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}:")
    monkeypatch.setenv("PYTHONPATH", f":{os.environ.get('PYTHONPATH', '')}")
    before = everything(elsewhere)
    done = ran.observe("triage", "--live", "--yes", "--format", "json")
    assert [one["problem"] for one in json.loads(done.stdout)["commands"]] == [""] * 5
    assert everything(elsewhere) == before


def test_triage_live_refuses_while_another_snakemake_runs(ran: Lab) -> None:
    locks = ran.folder / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("out/0.txt\n")
    done = ran.observe("triage", "--live", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert "locked by a Snakemake" in done.stderr


def test_a_runbook_s_commands_can_be_pasted_and_run(ran: Lab) -> None:
    done = ran.observe("runbook", "--out", "RUNBOOK.md")
    assert done.returncode == 0, done.stderr
    text = (ran.folder / "RUNBOOK.md").read_text()
    ran.observe("runbook", "--out", "RUNBOOK.md")
    assert (ran.folder / "RUNBOOK.md").read_text() == text
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    (dry,) = [block for block in blocks if "--quiet rules" in block]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environment = ran.environment(PATH=path, SNAKEMAKE_OBSERVE="off")
    done = subprocess.run(
        ["sh", "-e", "-c", dry], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "logs/{n}.log" in text
    assert len(text.splitlines()) < 120
