"""The command line: exit codes, one line for what cannot be read, and what the bare command means."""

import gc
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import MAIN, Story, begun, chain, killed, on_cluster, retried

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.__main__ import main


@pytest.fixture(autouse=True)
def _garbage_is_collected_again() -> Iterator[None]:
    """``main`` ends with its process, and need not collect; the tests' process goes on."""
    yield
    gc.enable()


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def journal(workdir: Path) -> Path:
    return chain().write(workdir / "chain.jsonl")


def newest(workdir: Path, name: str, story: Story) -> Path:
    return story.write(workdir / ".snakemake" / "observe" / f"{name}.jsonl")


def said(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return stdout, and stderr, which must be one line of ours."""
    out, error = capsys.readouterr()
    assert error == "" or (error.startswith("snakemake-observe: ") and error.count("\n") == 1)
    return out, error.removeprefix("snakemake-observe: ").rstrip("\n")


@pytest.mark.parametrize("command", ["cost", "jobs", "triage", "validate"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_fine_answer_is_0(
    journal: Path, capsys: pytest.CaptureFixture[str], command: str, form: str
) -> None:
    assert main([command, str(journal), "--format", form]) == 0
    out, error = said(capsys)
    assert out.endswith("\n")
    assert error == ""


@pytest.mark.parametrize(
    "words",
    [
        ["jobs", "--format", "json", "JOURNAL"],
        ["compare", "JOURNAL", "--format", "json", "JOURNAL"],
        ["check", "FILE", "--strict", "JOURNAL", "--format", "json"],
        ["check", "--format", "json", "FILE", "--strict", "--directory", ".", "JOURNAL"],
    ],
)
def test_options_may_stand_between_a_command_s_words(
    journal: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    journal.with_name("observe.toml").write_text("version = 1\n")
    named = {"JOURNAL": str(journal), "FILE": "observe.toml"}
    assert main([named.get(word, word) for word in words]) == 0
    assert json.loads(said(capsys)[0])["schema_version"] == 1


def test_the_schema_needs_no_journal(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--format", "json"]) == 0
    assert json.loads(said(capsys)[0])["$schema"].startswith("https://json-schema.org/")


def test_bad_news_is_1(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with journal.open("ab") as file:
        file.write(b"torn")
    assert main(["validate", str(journal)]) == 1
    number = len(chain().events) + 1
    assert said(capsys)[0] == f"{journal}: line {number}: torn line: the writer was cut off here\n"


def test_a_torn_line_is_no_news_to_the_other_commands(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with journal.open("ab") as file:
        file.write(b"torn")
    assert main(["cost", str(journal)]) == 0
    assert "torn line" in " ".join(said(capsys)[0].split())


@pytest.mark.parametrize("command", ["cost", "jobs", "validate"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, ": No such file or directory"),
        (b"", ": no whole line in it, so there is no run to tell of"),
        (b"a,b\n", ":1: not a run journal (its first line is no run_started)"),
        (b"\xff\xfe\x00\n", ":1: not a run journal (its first line is no run_started)"),
    ],
)
def test_what_cannot_be_read_is_2_and_one_line(
    workdir: Path, capsys: pytest.CaptureFixture[str], command: str, data: bytes | None, reason: str
) -> None:
    path = workdir / "j.jsonl"
    if data is not None:
        path.write_bytes(data)
    assert main([command, str(path)]) == 2
    assert said(capsys) == ("", f"{path}{reason}")


LEVEL = {
    "clock": "node:x",
    "host": "x",
    "pid": 1,
    "wraps": "local",
    "executions": [
        {"rule": "map", "begun": "2026-03-01T12:00:05Z", "checked": "2026-03-01T12:00:06Z"}
    ],
}


def hostile(changed: dict[str, Any]) -> bytes:
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
def test_a_hostile_journal_is_answered_or_refused_in_one_line(
    workdir: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    form: str,
    changed: dict[str, Any],
) -> None:
    path = workdir / "j.jsonl"
    path.write_bytes(hostile(changed))
    assert main([command, str(path), "--format", form]) in (0, 1, 2)
    said(capsys)


def test_without_any_journal_it_says_where_it_looked(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert said(capsys) == (
        "",
        (
            "no journal in .snakemake/observe: run snakemake with --logger observe there, "
            "or name a journal"
        ),
    )


def test_a_typo_is_a_usage_error(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["jobs", "--sort", "nothing"])
    assert left.value.code == 2


def test_the_bare_command_is_cost(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newest(workdir, "20260301T120000-aaaaaa", chain())
    assert main([]) == 0
    bare = said(capsys)
    assert main(["cost"]) == 0
    assert said(capsys) == bare


@pytest.mark.parametrize("words", [["--format", "json"], ["chain.jsonl", "--format", "json"]])
def test_the_bare_command_takes_the_words_of_cost(
    journal: Path, workdir: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    newest(workdir, "20260301T120000-aaaaaa", chain())
    assert main(words) == 0
    assert set(json.loads(said(capsys)[0])) == {
        "schema_version",
        "run",
        "makespan",
        "jobs",
        "rules",
        "file_system",
        "polling",
        "advice",
        "clocks",
        "request_mismatches",
    }


@pytest.mark.parametrize(("words", "told"), [(["--version"], "0.1.0"), (["--help"], "usage: ")])
def test_version_and_help_are_0(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0
    assert told in capsys.readouterr().out


def test_cost_says_what_to_change(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asks = {"runtime": 240}
    on_cluster(tool_s=6, poll_s=91, every_s=40, asks=asks).write(journal)
    assert main(["cost", str(journal), "--format", "json"]) == 0
    found = json.loads(said(capsys)[0])
    assert found["polling"]["longest_s"] == 40
    assert [lever["kind"] for lever in found["advice"]] == ["polling"]
    assert [one["resource"] for one in found["request_mismatches"]] == ["runtime"]
    assert main(["cost", str(journal)]) == 0
    assert "What to change: lower --slurm-init-" in said(capsys)[0]


def test_jobs_may_be_asked_for_what_they_used(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on_cluster(tool_s=6, asks={"runtime": 240}).write(journal)
    assert main(["jobs", "--used", str(journal)]) == 0
    assert "6.00 s of 4 h 00 min" in said(capsys)[0]


# -- which journal --------------------------------------------------------------------------------------------------


def journal_named_by(capsys: pytest.CaptureFixture[str], *words: Any) -> str:
    assert main(["cost", "--format", "json", *words]) == 0
    return json.loads(said(capsys)[0])["run"]["journal"]


def test_the_newest_run_that_tried_a_job_is_meant(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not a dry run, and not a run with nothing to do, however new."""
    newest(workdir, "20260301T120000-aaaaaa", retried())
    meant = newest(workdir, "20260301T130000-bbbbbb", chain())
    dry = Story(kind="dry_run").plan(2, 3).job(1).quick(1, 3, 3, 4).end(5, "dry_run")
    newest(workdir, "20260301T140000-cccccc", dry)
    newest(workdir, "20260301T150000-dddddd", begun().end(4, "nothing_to_do"))
    (workdir / ".snakemake/observe/20260301T160000-eeeeee.jsonl").write_bytes(b"torn")
    assert journal_named_by(capsys) == str(meant.relative_to(workdir))


def test_a_working_directory_may_be_named(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meant = newest(workdir / "elsewhere", "20260301T120000-aaaaaa", chain())
    assert journal_named_by(capsys, "elsewhere") == str(meant.relative_to(workdir))


def test_a_folder_of_journals_may_be_named(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain().write(workdir / "kept" / "j.jsonl")
    assert journal_named_by(capsys, "kept") == "kept/j.jsonl"


def test_where_no_run_tried_a_job_it_says_so(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest(workdir, "20260301T150000-dddddd", begun().end(4, "nothing_to_do"))
    assert main(["cost"]) == 2
    assert said(capsys)[1] == (
        "no run in .snakemake/observe executed a job; name a journal to see it anyway"
    )


def test_where_no_journal_can_be_read_it_says_why(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workdir / ".snakemake" / "observe" / "x.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a,b\n")
    assert main(["cost"]) == 2
    assert said(capsys)[1] == (
        ".snakemake/observe/x.jsonl:1: not a run journal (its first line is no run_started)"
    )


# -- runs that go on, and killed ones -----------------------------------------------------------------------------------


def status_of(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    main(["cost", str(path), "--format", "json"])
    return json.loads(said(capsys)[0])["run"]["status"]


def unended(workdir: Path, **facts: Any) -> Path:
    """Return the journal of a run without an end, started as *facts* say."""
    return begun(**facts).job(1).write(workdir / "j.jsonl")


def test_a_run_without_an_end_is_killed_where_its_process_is_gone(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    path = unended(workdir, host=socket.gethostname(), pid=child.pid)
    assert status_of(path, capsys) == "killed"


def test_a_run_without_an_end_goes_on_while_its_process_lives(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    born = clock.process_started()
    path = unended(workdir, host=socket.gethostname(), pid=os.getpid(), process_started=born)
    assert status_of(path, capsys) == "running"


def test_another_process_of_the_same_number_is_another_run_s(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    path = unended(workdir, host=socket.gethostname(), pid=os.getpid())
    assert status_of(path, capsys) == "killed"


def test_of_another_host_s_process_nothing_is_known(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert os.uname().nodename != MAIN
    assert status_of(killed().write(workdir / "j.jsonl"), capsys) == "running"


# -- the terminal ------------------------------------------------------------------------------------------------------------


def run_reader(*words: Any, **more: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "snakemake_logger_plugin_observe", *map(str, words)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **more)


@pytest.mark.parametrize("words", [["schema"], ["cost"], ["jobs", "--format", "json"]])
def test_a_reader_that_has_seen_enough_is_no_error(journal: Path, words: list[str]) -> None:
    """``snakemake-observe … | head`` closes the pipe before all is written."""
    end_to_read, end_to_write = os.pipe()
    os.close(end_to_read)
    if words != ["schema"]:
        words = [words[0], journal, *words[1:]]
    with run_reader(*words, stdout=end_to_write) as reader:
        os.close(end_to_write)
        assert (reader.communicate()[1], reader.returncode) == (b"", 0)


def test_output_that_is_no_terminal_has_no_colours(journal: Path) -> None:
    with run_reader("cost", journal, stdout=subprocess.PIPE) as reader:
        assert b"\x1b" not in reader.communicate()[0]


def test_a_terminal_without_unicode_gets_escapes_not_a_traceback(journal: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with run_reader("cost", journal, stdout=subprocess.PIPE, env=environment) as reader:
        out, error = reader.communicate()
    assert (reader.returncode, error) == (0, b"")
    assert b"\\u2192" in out


def early() -> Story:
    """Return a run that failed while it planned."""
    return begun().message(2, "SyntaxError in line 3", level="error", kind="error").end(3, "failed")


@pytest.mark.parametrize("words", [["jobs", "--failed"], ["triage"]])
def test_a_run_that_failed_before_any_job_is_what_questions_of_failure_are_about(
    workdir: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    newest(workdir, "20260301T120000-aaaaaa", chain())
    newest(workdir, "20260301T130000-bbbbbb", early())
    assert main(words) == 0
    assert "20260301T130000-bbbbbb" in said(capsys)[0]


def test_others_name_a_newer_run_that_failed_before_any_job(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest(workdir, "20260301T120000-aaaaaa", chain())
    newest(workdir, "20260301T130000-bbbbbb", early())
    assert main(["cost"]) == 0
    text = said(capsys)[0]
    assert "20260301T120000-aaaaaa.jsonl" in text
    assert "! .snakemake/observe/20260301T130000-bbbbbb.jsonl: a newer run, failed before" in text


def test_an_older_run_that_failed_early_is_not_told_of(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest(workdir, "20260301T110000-bbbbbb", early())
    newest(workdir, "20260301T120000-aaaaaa", chain())
    assert main(["jobs", "--failed"]) == 0
    assert "bbbbbb" not in said(capsys)[0]


def test_a_rule_that_the_run_does_not_have_is_refused(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["jobs", str(journal), "--rule", "mapp"]) == 2
    assert said(capsys)[1].endswith("this run has no rule mapp; did you mean map?")


@pytest.mark.parametrize("words", [["cost", ""], ["compare", "A", ""], [""]])
def test_an_empty_word_is_an_unset_variable_and_not_the_present_folder(
    workdir: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    newest(workdir, "20260301T120000-aaaaaa", chain())
    assert main(words) == 2
    assert said(capsys) == ("", "empty argument: is a variable unset?")


def test_what_is_wrong_with_the_words_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["cost", "--nonsense"])
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("(see snakemake-observe --help)")
