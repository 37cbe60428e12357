"""Queries to a live Snakemake: arguments from an allowlist, paths from the user, nothing else."""

import io
import sys
from pathlib import Path

import pytest
from builders import RUN_ID, at
from workflows import a_run

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.external import live_snakemake
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.events import RunStarted


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workflow's folder, with its Snakefile, which is the current directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "Snakefile").write_text("rule all: output: 'a'\n")
    monkeypatch.chdir(folder)
    return folder


def begun(*command: str, targets: tuple[str, ...] = ("all",), workdir: str = "/work") -> RunStarted:
    return RunStarted(
        time=at(0),
        run_id=RUN_ID,
        observe_version="0",
        host="login",
        pid=1,
        workdir=workdir,
        command=("/evil/snakemake", *command),
        targets=targets,
    )


def passed_on(folder: Path, *command: str) -> tuple[str, ...]:
    """Return the arguments of a recorded command that are passed on, after Snakefile and folder."""
    made = live_snakemake.invocation_for(begun(*command), Workdir(folder), folder).args
    assert made[:4] == ("--snakefile", str(folder / "Snakefile"), "--directory", str(folder))
    return made[4:]


@pytest.mark.parametrize(
    ("command", "passed"),
    [
        (("--cores", "4", "all"), ("--cores", "4")),
        (("-c4",), ("--cores", "4")),
        (("--cores", "all"), ("--cores",)),
        (("-F", "--config", "a=1", "b=2", "--quiet"), ("--forceall", "--config", "a=1", "b=2")),
        (("-Cx=1",), ("--config", "x=1")),
        (("--configfile=c.yaml",), ("--configfile", "c.yaml")),
        (("--rerun-triggers", "mtime", "code"), ("--rerun-triggers", "mtime", "code")),
        (("--until", "trim", "-k"), ("--until", "trim")),
        (("--logger", "observe", "--executor", "timed", "--timed-wraps", "slurm"), ()),
        (("-j", "8", "--latency-wait", "3"), ()),
    ],
)
def test_arguments_that_decide_the_plan_are_passed_on(
    work: Path, command: tuple[str, ...], passed: tuple[str, ...]
) -> None:
    assert passed_on(work, *command) == passed


@pytest.mark.parametrize(
    "flag",
    [
        *("--unlock", "--delete-all-output", "--touch", "--cleanup-metadata", "--archive"),
        *("--conda-cleanup-envs", "--generate-unit-tests", "--edit-notebook", "--report"),
        *("--cluster-generic-submit-cmd", "--jobscript", "--precommand", "--sshkey", "--lint"),
    ],
)
def test_arguments_that_are_not_on_the_list_are_not_passed_on(work: Path, flag: str) -> None:
    made = live_snakemake.invocation_for(
        begun("--config", "a=1", flag, "evil"), Workdir(work), work
    )
    for what in live_snakemake.QUERIES:
        assert flag not in made.command(what)
        assert "evil" not in made.command(what)


def test_arguments_that_were_left_out_and_may_matter_are_listed(work: Path) -> None:
    made = live_snakemake.invocation_for(
        begun("--config", "token=***", "--default-storage-provider", "s3", "-k"),
        Workdir(work),
        work,
    )
    assert made.left_out == ("--config (masked)", "--default-storage-provider")
    assert "token=***" not in made.args


def test_each_question_is_one_call_that_runs_no_job(work: Path) -> None:
    made = live_snakemake.invocation_for(begun(), Workdir(work), work)
    commands = [made.command(what)[:5] for what in live_snakemake.QUERIES]
    assert commands == [
        ("snakemake", "all", "--dry-run", "--quiet", "rules"),
        ("snakemake", "all", "--list-changes", "input", "--snakefile"),
        ("snakemake", "all", "--list-changes", "code", "--snakefile"),
        ("snakemake", "all", "--list-changes", "params", "--snakefile"),
        ("snakemake", "all", "--summary", "--snakefile", str(work / "Snakefile")),
    ]


@pytest.mark.parametrize("target", ["--delete-all-output", "-n", "results/***.txt"])
def test_an_invalid_target_is_refused(work: Path, target: str) -> None:
    with pytest.raises(live_snakemake.LiveError, match="targets cannot be used again"):
        live_snakemake.invocation_for(begun(targets=(target,)), Workdir(work), work)


def test_the_program_is_the_one_next_to_this_python() -> None:
    """Never the journal's."""
    assert Path(live_snakemake.program()).parent == Path(sys.executable).parent


def test_the_queries_run_where_snakemake_was_started(work: Path, tmp_path: Path) -> None:
    """The workflow's folder, or the one from which that was named, or the present one."""
    run = work / "build" / "run"
    run.mkdir(parents=True)
    recorded = begun("--directory", "build/run")
    for here in (work, tmp_path):
        made = live_snakemake.invocation_for(recorded, Workdir(run), here)
        assert (made.start, made.args[3]) == (work, str(run))
    with pytest.raises(live_snakemake.LiveError, match="go to where snakemake was started"):
        live_snakemake.invocation_for(begun("-s", "gone"), Workdir(run), tmp_path)


def test_files_outside_are_named(work: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("")
    (work / "inside.yaml").write_text("")
    inside = live_snakemake.invocation_for(
        begun("--configfile", "inside.yaml"), Workdir(work), work
    )
    assert inside.foreign == ()
    for command in (("-s", str(other)), ("--configfile", str(other)), ("--profile", str(other))):
        assert live_snakemake.invocation_for(begun(*command), Workdir(work), work).foreign == (
            str(other),
        )


def fake_snakemake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Have a script stand for Snakemake, which notes its calls."""
    made, calls = tmp_path / "snakemake", tmp_path / "calls"
    made.write_text(f'#!/bin/sh\necho "$SNAKEMAKE_OBSERVE $*" >> {calls}\n{script}\n')
    made.chmod(0o755)
    monkeypatch.setattr(live_snakemake, "program", lambda: str(made))
    return calls


def test_both_plugins_are_off_and_the_output_is_read_as_lines(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_snakemake(tmp_path, monkeypatch, "echo one; echo; echo two; echo no >&2")
    answers = list(
        live_snakemake.run_queries(live_snakemake.invocation_for(begun(), Workdir(work), work), 60)
    )
    assert [one.what for one in answers] == ["plan", "input", "code", "params", "summary"]
    assert {one.lines for one in answers} == {("one", "two")}
    assert {one.problem for one in answers} == {""}
    assert all(line.startswith("off all --") for line in calls.read_text().splitlines())


def test_a_query_that_fails_or_hangs_has_a_reason(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = live_snakemake.invocation_for(begun(), Workdir(work), work)
    fake_snakemake(tmp_path, monkeypatch, "echo first >&2; echo the cause >&2; exit 3")
    assert {one.problem for one in live_snakemake.run_queries(how, 60)} == {
        "exit code 3: the cause"
    }
    fake_snakemake(tmp_path, monkeypatch, "sleep 60 & sleep 60")
    assert next(live_snakemake.run_queries(how, 0.2)).problem == "not done after 0.2 s"


def a_journal(work: Path, **facts: object) -> Path:
    story = a_run(command=("snakemake", "--cores", "1"), workdir=str(work), **facts)
    return story.write(work / ".snakemake" / "observe" / "1.jsonl")


def test_without_a_terminal_and_without_yes_nothing_is_run(
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = fake_snakemake(tmp_path, monkeypatch, "")
    a_journal(work)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["triage", "--live"]) == 2
    printed = capsys.readouterr().err.splitlines()
    assert printed[-1].endswith(
        "--live asks before it runs these, and there is no terminal: add --yes"
    )
    assert sum("snakemake all --" in line for line in printed) == 5
    assert any("executes the Python code in the Snakefile" in line for line in printed)
    assert not calls.exists()


def test_with_yes_queries_run_unless_the_snakefile_is_outside(
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = fake_snakemake(tmp_path, monkeypatch, 'echo "total 8"')
    path = a_journal(work)
    assert main(["triage", "--live", "--yes"]) == 0
    assert "a dry run now plans 8 jobs" in capsys.readouterr().out
    assert len(calls.read_text().splitlines()) == 5
    (tmp_path / "Snakefile").write_text("")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    text = path.read_text().replace('"--cores","1"', f'"-s","{tmp_path / "Snakefile"}"')
    path.write_text(text)
    assert main(["triage", "--live", "--yes"]) == 2
    assert "outside the workflow's directory" in capsys.readouterr().err
    assert len(calls.read_text().splitlines()) == 5


def test_a_locked_folder_is_not_queried(
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = fake_snakemake(tmp_path, monkeypatch, "")
    a_journal(work)
    locks = work / ".snakemake" / "locks"
    locks.mkdir()
    (locks / "0.input.lock").write_text("a\n")
    assert main(["triage", "--live", "--yes"]) == 2
    assert "locked by a Snakemake" in capsys.readouterr().err
    assert not calls.exists()
