"""A notice: what its command gets, that it is limited, and what it leaves behind if it fails."""

import json
import os
import re
import select
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from builders import chain, retried
from command_line import output, write_run

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.external import notice

ENOUGH_S = 300


@pytest.fixture
def journal(workdir: Path) -> Path:
    return write_run(workdir, "20260301T120000-aaaaaa", chain()).absolute()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the answer without a process that reads the journal."""
    answers = {
        "text": b"run\n  path\n\nIt took\nlong.\n",
        "json": b'{"run": {"status": "success"}, "summary": "Snakemake success: in 3 s"}',
    }
    monkeypatch.setattr(notice, "_answer", lambda _journal, form, _folder: answers[form])


def send(command: str, workdir: Path, limit_s: float = ENOUGH_S) -> notice.NoticeResult:
    return notice.send("/j.jsonl", command, str(workdir), limit_s)


def test_the_command_gets_what_the_reader_says(
    journal: Path,
    workdir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    command = 'cat > said.txt; cp "$SNAKEMAKE_OBSERVE_JSON" said.json; env > env.txt'
    result = notice.send(str(journal), command, str(workdir), ENOUGH_S)
    assert (result.why, result.printed) == ("", "")
    assert main(["cost", str(journal)]) == 0
    assert Path("said.txt").read_text() == output(capsys)[0]
    assert main(["cost", str(journal), "--format", "json"]) == 0
    assert json.loads(Path("said.json").read_text()) == json.loads(output(capsys)[0])
    told = dict(
        line.split("=", 1) for line in Path("env.txt").read_text().splitlines() if "=" in line
    )
    assert told["SNAKEMAKE_OBSERVE_STATUS"] == "success"
    assert told["SNAKEMAKE_OBSERVE_JOURNAL"] == str(journal)
    assert told["SNAKEMAKE_OBSERVE_SUMMARY"].startswith("Snakemake success: ")
    assert not Path(told["SNAKEMAKE_OBSERVE_JSON"]).exists()


def test_the_summary_is_that_of_the_answer(quick: None, workdir: Path) -> None:
    result = send('printf %s "$SNAKEMAKE_OBSERVE_SUMMARY"', workdir)
    assert result.printed == "Snakemake success: in 3 s"


def test_a_journal_that_cannot_be_read_is_said(workdir: Path) -> None:
    missing = str(workdir / "missing.jsonl")
    command = (
        'cat; cat "$SNAKEMAKE_OBSERVE_JSON"; echo $SNAKEMAKE_OBSERVE_STATUS; '
        'echo "$SNAKEMAKE_OBSERVE_SUMMARY"'
    )
    text, document, status, summary = notice.send(
        missing, command, str(workdir)
    ).printed.splitlines()
    assert text == f"snakemake-observe: {missing}: No such file or directory"
    assert json.loads(document) == {"error": f"{text}\n"}
    assert status == "unknown"
    assert summary.startswith("Snakemake: no answer: snakemake-observe: ")
    assert len(summary) <= 200


@pytest.mark.parametrize(
    ("command", "why", "printed"),
    [
        ("exit 3", "ended with exit code 3", ""),
        ("echo no >&2; exit 1", "ended with exit code 1", "no\n"),
        ("kill -9 $$", "was ended by signal 9", ""),
        ("true", "", ""),
        ("exec <&-; exit 0", "", ""),
    ],
)
def test_how_the_command_ended(
    quick: None, workdir: Path, command: str, why: str, printed: str
) -> None:
    assert send(command, workdir) == notice.NoticeResult(why, printed)


def test_a_program_that_does_not_exist(quick: None, workdir: Path) -> None:
    result = send("no-such-program --now", workdir)
    assert result.why == "ended with exit code 127"
    assert "no-such-program" in result.printed


def test_a_folder_that_is_gone(quick: None, workdir: Path) -> None:
    assert send("true", workdir / "gone").why.startswith("could not be started: ")


def test_a_command_that_hangs_is_killed_with_all_that_it_started(
    quick: None, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo("held")
    reading = os.open("held", os.O_RDONLY | os.O_NONBLOCK)
    time = SimpleNamespace(monotonic=lambda: 10.0**9 if Path("begun").exists() else 0.0)
    monkeypatch.setattr(notice, "time", time)
    result = send("exec 3>held; touch begun; sleep 10000 & sleep 10000", workdir, limit_s=60)
    assert result == notice.NoticeResult("was killed after 60 s", "")
    assert select.select([reading], [], [], ENOUGH_S)[0]  # all processes that held it have gone
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_megabytes_are_read_and_their_end_is_kept(quick: None, workdir: Path) -> None:
    result = send("yes | head -c 5000000; echo end", workdir)
    assert result.why == ""
    assert result.printed.endswith("y\nend\n")
    assert len(result.printed) <= 4000


def test_the_command_itself_is_not_in_its_environment(
    quick: None, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(notice.COMMAND, "secret")
    assert send(f"printenv {notice.COMMAND}", workdir).why == "ended with exit code 1"


# -- the process beside a run --------------------------------------------------------------------

WAITING = """
import sys, os
from snakemake_logger_plugin_observe.external import notice
notice._GRACE_S = 0.01
notice._wait(None)
print("sent", flush=True)
"""


def waiting() -> "subprocess.Popen[bytes]":
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", WAITING], **pipes)  # type: ignore[call-overload]


@pytest.mark.parametrize("said", [notice.ENDED, notice.FAILED, b""])
def test_it_waits_for_the_run_s_word_or_its_end(said: bytes) -> None:
    process = waiting()
    assert process.stdin is not None
    assert process.stdout is not None
    assert not select.select([process.stdout], [], [], 0.2)[0]
    if said:
        process.stdin.write(said)
        process.stdin.flush()
    else:
        process.stdin.close()
    assert process.stdout.readline() == b"sent\n"
    process.stdin.close()
    process.stdout.close()
    process.wait()


def test_a_command_that_fails_leaves_a_report_next_to_the_journal(journal: Path) -> None:
    notice._report(journal, notice.NoticeResult("ended with exit code 1", "a\x1b[0m\nb"))
    file = journal.with_name("20260301T120000-aaaaaa.notice.txt")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == (
        "The command of --logger-observe-notify ended with exit code 1.\na?[0m\nb"
    )
    notice._report(journal, notice.NoticeResult("ended with exit code 2", ""))
    assert "exit code 1" in file.read_text()  # nothing is overwritten


# -- the examples of the page --------------------------------------------------------------------

PAGE = (Path(__file__).parents[4] / "docs" / "notices.md").read_text()
EXAMPLES = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
STAND_IN = """#!/bin/sh
{ echo "$0"; printf '%s\\n' "$@"; } > called
[ "${0##*/}" = notify-send ] || cat > got
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_pass_the_answer_on(
    quick: None, workdir: Path, monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    """With stand-ins for the programs that send it."""
    for name in ("mail", "curl", "notify-send"):
        (workdir / name).write_text(STAND_IN)
        (workdir / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{workdir}:{os.environ['PATH']}")
    summary = "Snakemake success: in 3 s"
    result = send(example, workdir)
    assert (result.why, result.printed) == ("", "")
    if "case" in example:
        assert not Path("called").exists()  # it succeeded
        return
    called = Path("called").read_text().splitlines()
    if "curl" in example:
        assert {"text", "body"} & json.loads(Path("got").read_text()).keys()
        assert "It took\\nlong." in Path("got").read_text()
        assert "--fail" in called
    else:
        assert summary in called


def test_the_example_of_a_profile_is_a_command(quick: None, workdir: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    command = yaml.safe_load(text)["logger-observe-notify"]
    (workdir / "mail").write_text(STAND_IN)
    (workdir / "mail").chmod(0o755)
    assert send(f"PATH=.:$PATH; {command}", workdir).why == ""
    assert Path("got").read_text() == "run\n  path\n\nIt took\nlong.\n"
    assert f"snakemake-observe notify '{command}'" in PAGE


# -- trying it -----------------------------------------------------------------------------------


def test_a_command_can_be_tried(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notify", "cat >/dev/null; echo hello"]) == 0
    assert output(capsys)[0] == "The notice was sent.\nhello\n"
    assert main(["notify", "exit 3", str(journal), "--format", "json"]) == 1
    found = json.loads(output(capsys)[0])
    assert (found["sent"], found["reason"]) == (False, "ended with exit code 3")


def test_without_a_run_or_a_command_nothing_is_tried(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["notify", "touch tried"]) == 2
    assert output(capsys)[1].startswith("no journal in ")
    write_run(workdir, "20260301T120000-aaaaaa", retried())
    assert main(["notify", " "]) == 2
    assert output(capsys)[1] == "notify: an empty command; name one, such as 'cat'"
    assert not Path("tried").exists()
