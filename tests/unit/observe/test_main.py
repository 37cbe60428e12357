"""The command line: exit codes, errors of one line, and the default command."""

import errno
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Never

import pytest
from builders import Story, begun, chain, retried
from command_line import output, write_run

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.commands import COMMANDS, module_of
from snakemake_logger_plugin_observe.journal import folders, lines


@pytest.fixture
def journal(workdir: Path) -> Path:
    return chain().write(workdir / "chain.jsonl")


@pytest.mark.parametrize("command", ["cost", "jobs", "triage", "validate"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_answer_gives_exit_code_0(
    journal: Path, capsys: pytest.CaptureFixture[str], command: str, form: str
) -> None:
    assert main([command, str(journal), "--format", form]) == 0
    out, error = output(capsys)
    assert out.endswith("\n")
    assert error == ""


@pytest.mark.parametrize(
    "args",
    [
        ["jobs", "--format", "json", "JOURNAL"],
        ["compare", "JOURNAL", "--format", "json", "JOURNAL"],
        ["check", "FILE", "--strict", "JOURNAL", "--format", "json"],
        ["check", "--format", "json", "FILE", "--strict", "--directory", ".", "JOURNAL"],
    ],
)
def test_options_may_stand_between_positional_arguments(
    journal: Path, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    journal.with_name("observe.toml").write_text("version = 1\n")
    named = {"JOURNAL": str(journal), "FILE": "observe.toml"}
    assert main([named.get(arg, arg) for arg in args]) == 0
    assert json.loads(output(capsys)[0])["schema_version"] == 1


def test_other_commands_answer_despite_a_torn_line(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with journal.open("ab") as file:
        file.write(b"torn")
    assert main(["cost", str(journal)]) == 0
    assert "torn line" in " ".join(output(capsys)[0].split())


@pytest.mark.parametrize("command", ["cost", "jobs", "validate"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, ": No such file or directory"),
        (b"", ": it is empty, so there is no run to show"),
        (b"a,b\n", ":1: not a run journal (its first line is no run_started)"),
        (b"\xff\xfe\x00\n", ":1: not a run journal (its first line is no run_started)"),
    ],
)
def test_an_unreadable_journal_gives_exit_code_2_and_one_line(
    workdir: Path, capsys: pytest.CaptureFixture[str], command: str, data: bytes | None, reason: str
) -> None:
    path = workdir / "j.jsonl"
    if data is not None:
        path.write_bytes(data)
    assert main([command, str(path)]) == 2
    assert output(capsys) == ("", f"{path}{reason}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["jobs", "--faild"], "jobs: unrecognized arguments: --faild; did you mean --failed?"),
        (["jobs", "--zzz"], "jobs: unrecognized arguments: --zzz"),
        (["cost", "a", "b"], "cost: unrecognized arguments: b"),
    ],
)
def test_an_unknown_option_is_named_with_the_one_that_is_like_it(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    command = f"snakemake-observe {arguments[0]}"
    assert capsys.readouterr() == ("", f"snakemake-observe {said} (see {command} --help)\n")


@pytest.mark.parametrize("command", [["cost"], []])
def test_ctrl_c_ends_the_reader_without_a_traceback(
    command: list[str],
    journal: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_args: Any) -> Never:
        raise KeyboardInterrupt

    monkeypatch.setattr(module_of("cost"), "run", interrupted)
    assert main([*command, str(journal)]) == 130
    assert capsys.readouterr() == ("", "\n")


LEVEL = {
    "clock": "node:x",
    "host": "x",
    "pid": 1,
    "wraps": "local",
    "executions": [
        {"rule": "map", "begun": "2026-03-01T12:00:05Z", "checked": "2026-03-01T12:00:06Z"}
    ],
}


def tampered(changed: dict[str, Any]) -> bytes:
    """Return a journal whose last line, an attempt's end, was *changed*."""
    line = {
        "event": "attempt_finished",
        "time": "2026-03-01T12:00:20Z",
        "job_id": 1,
        "attempt": 1,
        "status": "success",
        "stamps": {"ready": "2026-03-01T12:00:03Z", "finished": "2026-03-01T12:00:09Z"},
    }
    lines = [*begun().job(1).lines, json.dumps({**line, **changed}).encode()]
    return b"".join(line + b"\n" for line in lines)


@pytest.mark.parametrize("command", ["cost", "jobs", "triage", "validate"])
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "changed",
    [
        {"time": 10**18},
        {"stamps": {"ready": -(10**18), "finished": 10**18}},
        {"offset": {"host": "x", "assumed_s": float("nan")}},
        {"group": "g1", "offset": {"host": "x", "assumed_s": float("inf")}, "levels": [LEVEL]},
        {"message": "\ud800"},
    ],
    ids=["time", "stamps", "nan", "inf", "surrogate"],
)
def test_a_tampered_journal_gets_an_answer_or_an_error_of_one_line(
    workdir: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    form: str,
    changed: dict[str, Any],
) -> None:
    path = workdir / "j.jsonl"
    path.write_bytes(tampered(changed))
    assert main([command, str(path), "--format", form]) in (0, 1, 2)
    output(capsys)


def test_an_unknown_choice_is_a_usage_error(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["jobs", "--sort", "nothing"])
    assert left.value.code == 2


def test_the_default_command_is_cost(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(workdir, "20260301T120000-aaaaaa", chain())
    assert main([]) == 0
    default = output(capsys)
    assert main(["cost"]) == 0
    assert output(capsys) == default


@pytest.mark.parametrize("args", [["--format", "json"], ["chain.jsonl", "--format", "json"]])
def test_the_default_command_takes_the_arguments_of_cost(
    journal: Path, workdir: Path, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    write_run(workdir, "20260301T120000-aaaaaa", chain())
    assert main(args) == 0
    assert set(json.loads(output(capsys)[0])) == {
        "schema_version",
        "run",
        "live",
        "held_back",
        "summary",
        "makespan",
        "jobs",
        "rules",
        "by_rule",
        "file_system",
        "polling",
        "wake",
        "quick_exit",
        "advice",
        "reduced",
        "reruns",
        "clocks",
        "request_mismatches",
        "blocked",
    }


@pytest.mark.parametrize(("args", "expected"), [(["--version"], "0.1.0"), (["--help"], "usage: ")])
def test_version_and_help_are_exit_code_0(
    capsys: pytest.CaptureFixture[str], args: list[str], expected: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(args)
    assert left.value.code == 0
    assert expected in capsys.readouterr().out


# -- the terminal ------------------------------------------------------------------------------------------------------------


def run_reader(*args: Any, **more: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "snakemake_logger_plugin_observe", *map(str, args)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **more)


@pytest.mark.parametrize("args", [["schema"], ["cost"], ["jobs", "--format", "json"]])
def test_a_closed_pipe_is_not_an_error(journal: Path, args: list[str]) -> None:
    """``snakemake-observe … | head`` closes the pipe before all is written."""
    end_to_read, end_to_write = os.pipe()
    os.close(end_to_read)
    if args != ["schema"]:
        args = [args[0], journal, *args[1:]]
    with run_reader(*args, stdout=end_to_write) as reader:
        os.close(end_to_write)
        assert (reader.communicate()[1], reader.returncode) == (b"", 0)


def test_a_closed_stdout_is_one_line_and_exit_code_2(journal: Path) -> None:
    with run_reader("cost", journal, preexec_fn=lambda: os.close(1)) as reader:
        error = reader.communicate()[1]
    assert error == b"snakemake-observe: cannot write the answer: stdout is closed\n"
    assert reader.returncode == 2


def test_output_to_a_pipe_has_no_colours(journal: Path) -> None:
    with run_reader("cost", journal, stdout=subprocess.PIPE) as reader:
        assert b"\x1b" not in reader.communicate()[0]


def test_a_terminal_without_unicode_gets_escapes_not_a_traceback(journal: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with run_reader("cost", journal, stdout=subprocess.PIPE, env=environment) as reader:
        out, error = reader.communicate()
    assert (reader.returncode, error) == (0, b"")
    assert b"\\u2192" in out


@pytest.mark.parametrize("args", [["cost", ""], ["compare", "A", ""], [""]])
def test_an_empty_argument_is_an_error_and_not_the_current_folder(
    workdir: Path, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    write_run(workdir, "20260301T120000-aaaaaa", chain())
    assert main(args) == 2
    assert output(capsys) == ("", "empty argument: is a variable unset?")


def test_a_usage_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["cost", "--nonsense"])
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("(see snakemake-observe cost --help)")


# -- terminals ---------------------------------------------------------------------------------------


def a_wide_run() -> Story:
    wildcards = {"sample": "a_very_long_name_of_a_sample_" * 5, "lane": "L001"}
    story = begun().job(1, wildcards=wildcards)
    return story.quick(1, 3, 5, 38, external_jobid="slurm-123456789-123456789_42").end(40)


@pytest.mark.parametrize("command", [["jobs"], ["jobs", "--used"], ["cost"], ["path"]])
def test_in_a_pipe_no_table_is_cut(
    workdir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    a_wide_run().write(workdir / "j.jsonl")
    assert main([*command, "j.jsonl"]) == 0
    out = capsys.readouterr().out
    assert f"sample={'a_very_long_name_of_a_sample_' * 5}, lane=L001" in out
    assert "no room for" not in out
    assert "…" not in out


@pytest.mark.parametrize("columns", [60, 80, 100])
@pytest.mark.parametrize("command", [["jobs"], ["jobs", "--used"], ["cost"], ["path"]])
def test_in_a_terminal_nothing_of_a_name_is_lost(
    workdir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    a_wide_run().write(workdir / "j.jsonl")
    assert main([*command, "j.jsonl"]) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    assert "L001" in out


def test_columns_without_room_are_named(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    a_wide_run().write(workdir / "j.jsonl")
    assert main(["jobs", "j.jsonl"]) == 0
    assert "  no room for: external, node, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variables", "colored"),
    [({}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, False)],
)
def test_a_dumb_terminal_gets_no_colors(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], colored: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(terminal.buffer, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    retried().write(workdir / "j.jsonl")
    assert main(["jobs", "j.jsonl"]) == 0
    terminal.seek(0)
    assert ("\x1b[" in terminal.read()) is colored


# -- commands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("job", "did you mean jobs?"),
        ("Trige", "did you mean triage?"),
        ("figures", "the commands are cost, path, whatif, "),
    ],
)
def test_an_unknown_command_is_called_that(
    workdir: Path, capsys: pytest.CaptureFixture[str], word: str, hint: str
) -> None:
    assert main([word, "--failed"]) == 2
    assert output(capsys)[1].startswith(f"{word}: no such command, nor a journal or folder")
    assert main([word]) == 2
    assert hint in output(capsys)[1]


def test_a_folder_with_the_name_of_no_command_is_a_folder(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain().write(workdir / "archive" / "j.jsonl")
    assert main(["archive"]) == 0
    assert main(["archive/j.jsonl"]) == 0
    assert main(["missing.jsonl"]) == 2
    assert "missing.jsonl: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_in_a_command_s_help_works(
    workdir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    if command == "plot":
        pytest.importorskip("vl_convert", reason="an extra: pip install '.[plot]'")
    stand_in = workdir / "bin" / "mail"  # what notify's example runs
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\ncat > mailed.txt\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:{os.environ['PATH']}")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    (example,) = re.findall(r"^Example: (.+)$", capsys.readouterr().out, re.MULTILINE)
    story = begun().job(1).job(2, (1,), rule="all").quick(1, 3, 4, 8).quick(2, 8, 8, 9).end(9)
    for number in (1, 2):
        write_run(workdir, str(number), story)
    (workdir / "Snakefile").touch()
    for name in ("before", "after"):
        chain().write(workdir / f"{name}.jsonl")
    (workdir / "observe.toml").write_text("version = 1\n[max]\nfailed_jobs = 0\n")
    program, *arguments = shlex.split(example)
    assert (program, arguments[0]) == ("snakemake-observe", command)
    if command == "accounting":  # no cluster ran these jobs
        assert main(arguments) == 2
        assert "no job of this run has a Slurm job id" in capsys.readouterr().err
    else:
        assert main(arguments) == 0


# -- other users' journals ---------------------------------------------------------------------------


def denied(path: Path, *_: object) -> Never:
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


@pytest.mark.parametrize("named", [[], ["."], ["j.jsonl"], [".snakemake/observe/1.jsonl"]])
def test_a_journal_that_may_not_be_read_is_named_with_what_helps(
    workdir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    named: list[str],
) -> None:
    chain().write(workdir / "j.jsonl")
    write_run(workdir, "1", chain())

    monkeypatch.setattr(lines, "open", denied, raising=False)
    assert main(["jobs", *named]) == 2
    error = output(capsys)[1]
    assert ".jsonl: Permission denied; its owner can let you read it" in error
    assert "--logger-observe-mode 0640" in error


def test_a_folder_that_may_not_be_searched_is_no_problem_of_stdout(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "journals_in", denied)
    assert main(["cost", "."]) == 2
    assert output(capsys)[1].startswith(".: Permission denied; its owner can ")
