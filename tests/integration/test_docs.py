"""The documentation is true: its commands run, its tables list everything in the code."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from lab import REPO, Lab

from snakemake_logger_plugin_observe.__main__ import parser
from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES
from snakemake_logger_plugin_observe.analysis.triage.detectors import DETECTORS
from snakemake_logger_plugin_observe.analysis.triage.log_excerpts import MISSING_EVIDENCE
from snakemake_logger_plugin_observe.analysis.why.reason_text import KINDS
from snakemake_logger_plugin_observe.commands import COMMANDS
from snakemake_logger_plugin_observe.commands.support.check_file import read_check_file
from snakemake_logger_plugin_observe.journal.events import json_schema
from snakemake_logger_plugin_observe.run.phases import (
    ATTEMPT_PHASES,
    CLASSES,
    PHASES,
    RUN_PHASES,
)

README = (REPO / "README.md").read_text()
DOCS = {path.name: path.read_text() for path in (REPO / "docs").glob("*.md")}


def commands(text: str) -> list[str]:
    """Return the shell commands of *text*'s console blocks, without comments."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [" ".join(shlex.split(line[2:], comments=True)) for line in lines]


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table after *heading*."""
    table = text.split(heading, 1)[1].split("|---", 1)[1].split("\n\n", 1)[0]
    lines = [line for line in table.splitlines()[1:] if line.startswith("|")]
    return [
        [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines
    ]


@pytest.fixture(scope="module")
def readme_run(new_lab: Callable[[str], Lab]) -> Lab:
    lab = new_lab("readme")
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    (command,) = [line for line in commands(README) if line.startswith("snakemake --cores")]
    lab.snakemake(*command.split()[1:])
    lab.snakemake(*command.split()[1:], "--forceall")  # to compare with the first run
    return lab


@pytest.mark.parametrize(
    "command", [c for c in commands(README) if c.startswith("snakemake-observe")]
)
def test_the_readers_commands_in_the_readme_run(readme_run: Lab, command: str) -> None:
    if command.split()[1:2] == ["plot"]:
        pytest.importorskip("vl_convert", reason="an extra: pip install '.[plot]'")
    done = readme_run.observe(*command.split()[1:])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.slow  # the drills' own tests are quicker
def test_the_incidents_can_be_followed_step_by_step(lab: Lab) -> None:
    """Run every command of the page, in order: the check fails before the fix, and passes after it."""
    page = DOCS["incidents.md"]
    classes = iter(re.findall(r"^(\w+) \(certain\)", page, re.MULTILINE))
    (lab.folder / "incidents.toml").write_text(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0])
    for command in commands(page):
        program, *args = command.split()
        if program == "make":
            variables = dict(arg.split("=") for arg in args if "=" in arg)
            script = str(REPO / "example_workflow" / "drill.py")
            fix = ["--fix"] if "FIX" in variables else []
            done = lab.python(script, variables["INCIDENT"], *fix)
            assert re.search(r"^drill:", (REPO / "Makefile").read_text(), re.MULTILINE)
            if not fix:
                assert f"{next(classes)} (certain)" in done.stdout
        elif (
            args[0] in COMMANDS and len(args) > 1
        ):  # one without a journal is about a cluster's run
            done = lab.observe(*args)
        else:
            continue
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    (*_others, kept) = (lab.folder / "build/drill/tiny").glob("evidence-*/journals/B.jsonl")
    assert lab.observe("check", "incidents.toml", str(kept)).returncode == 1


def test_the_readmes_make_targets_exist() -> None:
    makefile = (REPO / "Makefile").read_text()
    targets = [line.split()[1] for line in commands(README) if line.startswith("make ")]
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_readmes_profile_is_a_profile(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    profile = yaml.safe_load(text)
    assert set(profile) == {"logger", "executor", "timed-wraps"}
    (lab.folder / "profile").mkdir()
    for_here = yaml.safe_dump({**profile, "timed-wraps": "local", "cores": 1})
    (lab.folder / "profile" / "config.yaml").write_text(for_here)
    lab.snakemake("--profile", "profile")
    assert lab.run().status() == "success"


def test_every_command_is_described() -> None:
    for name in COMMANDS:
        assert (
            f"`{name}`" in DOCS["reading.md"] or f"snakemake-observe {name}" in DOCS["reading.md"]
        )


def test_the_glossary_lists_every_phase_class_command_and_incident_class() -> None:
    listed = {
        name
        for line in DOCS["glossary.md"].splitlines()
        if line.startswith("| ")
        for name in re.findall(r"`([\w-]+)`", line.split("|")[1])
    }
    incident_classes = {module.CLASS for module in DETECTORS}
    known = {*PHASES, *CLASSES, *COMMANDS, *incident_classes, MISSING_EVIDENCE}
    assert known - listed == set()


def test_the_readmes_account_matches_the_report() -> None:
    (account,) = re.findall(r"```\n(run .*?)```", README, re.DOTALL)
    rows = [line.split(maxsplit=1) for line in account.partition("\n\nWhere ")[2].splitlines()]
    named = [row for row in rows if row and row[0] in {*CLASSES, *PHASES}]
    assert len(named) > 10
    for name, text in named:
        phase = PHASES.get(name)
        assert text.startswith((CLASSES.get(name, "?"), phase.meaning if phase else "?"))


@pytest.mark.parametrize(
    ("start", "golden"), [("The 9 jobs", "why-100"), ("sort has", "why-temporary-80")]
)
def test_the_answers_of_why_are_real(start: str, golden: str) -> None:
    (shown,) = re.findall(rf"```\n({start}.*?)```", DOCS["reading.md"], re.DOTALL)
    assert shown in (REPO / "tests" / "golden" / f"{golden}.txt").read_text()


def test_every_kind_of_cause_is_described() -> None:
    assert {row[0] for row in rows(DOCS["reading.md"], "How a cause is followed")} == set(KINDS)


def test_the_model_lists_every_phase_with_its_class() -> None:
    text = DOCS["model.md"]
    attempt = {row[0]: row[2] for row in rows(text, "## Phases of an attempt")}
    run = {row[0]: row[2] for row in rows(text, "## Phases of the run itself")}
    known = {p.name: p.cost_class for p in ATTEMPT_PHASES if p.name != "unobserved"}
    assert attempt == known
    assert run == {p.name: p.cost_class for p in RUN_PHASES if p.name != "unattributed"}
    for name in CLASSES:
        assert f"**{name}**" in text


def test_the_journals_events_are_all_described() -> None:
    described = {row[0] for row in rows(DOCS["journal.md"], "what there is to say.")}
    models = json_schema()["$defs"].values()
    known = {
        name
        for model in models
        if "event" in model.get("properties", {})
        for name in model["properties"]["event"]["enum"]
    }
    assert described == known


def test_every_flag_is_described() -> None:
    from argparse import SUPPRESS
    from dataclasses import fields

    from snakemake_executor_plugin_timed import ExecutorSettings
    from snakemake_logger_plugin_observe import LogHandlerSettings

    for prefix, settings in (("timed", ExecutorSettings), ("logger-observe", LogHandlerSettings)):
        for one in fields(settings):
            if one.metadata["help"] is not SUPPRESS:
                assert f"--{prefix}-{one.name.replace('_', '-')}" in DOCS["plugins.md"]


def test_every_key_of_a_check_file_is_described_and_the_example_can_be_read(
    tmp_path: Path,
) -> None:
    text = DOCS["checking.md"]
    figures = {row[0].partition(".")[0] for row in rows(text, "### `[max]` and `[min]`")}
    assert figures == set(FIGURES)
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "observe.toml").write_text(example)
    check = read_check_file(tmp_path / "observe.toml")
    assert {limit.figure for limit in check.limits} == figures
    assert all((check.tables.publish.files, check.tables.publish.verify, check.tables.baseline))


def test_the_ci_examples_are_valid_yaml_that_runs_and_then_checks() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS["checking.md"], re.DOTALL)
    github, gitlab = map(yaml.safe_load, blocks)
    steps = [step["run"] for step in github if "run" in step]
    for script in (steps, gitlab["run"]["script"]):
        assert script[0].startswith("snakemake --cores 4 --logger observe --executor timed")
        args = shlex.split(script[1])
        assert args[:2] == ["snakemake-observe", "check"]
        assert parser().parse_args(args[1:]).junit == Path("check.xml")


def test_links_have_targets() -> None:
    for path in [REPO / "README.md", *(REPO / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (Path(path).parent / target).exists(), f"{path.name}: {target}"
