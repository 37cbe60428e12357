"""``check`` as a command: exit codes, where it looks, what it writes, and what it never does."""

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import Story, begun, chain, killed, on_cluster, retried

from snakemake_logger_plugin_observe.__main__ import main


@pytest.fixture(autouse=True)
def _garbage_is_collected_again() -> Iterator[None]:
    yield
    gc.enable()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the present directory, with a file that asks for little and a run below ``run``."""
    monkeypatch.chdir(tmp_path)
    asks("version = 1\n[max]\nretries = 0\n")
    journal("run", chain())
    return tmp_path


def asks(text: str, path: str = "observe.toml") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def journal(folder: str, story: Story, name: str = "20260301T120000-a") -> Path:
    return story.write(Path(folder, ".snakemake", "observe", f"{name}.jsonl"))


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and the answer as JSON."""
    code = main(["check", *words, "--format", "json"])
    out, error = capsys.readouterr()
    assert error == ""
    return code, json.loads(out)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line that is said where there is no answer."""
    assert main(["check", *words]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("snakemake-observe: ")
    assert error.count("\n") == 1
    return error.removeprefix("snakemake-observe: ").rstrip("\n")


def lines(answer: dict[str, Any]) -> list[tuple[str, Any, bool | None]]:
    return [(line["key"], line["value"], line["ok"]) for line in answer["lines"]]


Capsys = pytest.CaptureFixture[str]


def test_a_run_that_keeps_to_its_file_is_0(here: Path, capsys: Capsys) -> None:
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, answer["passed"]) == (0, True)
    assert lines(answer) == [("status", "success", True), ("retries", 0, True)]


def test_a_line_that_broke_is_1_and_names_its_place_and_the_attempts(
    here: Path, capsys: Capsys
) -> None:
    path = journal("run", retried())
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, answer["passed"]) == (1, False)
    assert answer["lines"][1] == {
        "kind": "max",
        "key": "retries",
        "limit": 0,
        "value": 1,
        "ok": False,
        "why": "",
        "file_line": 3,
        "bound": None,
        "evidence": [{"kind": "journal", "ref": "B:7", "quote": "map sample=a: attempt 2"}],
        "files": [],
    }
    assert json.loads(path.read_text().splitlines()[7 - 1])["attempt"] == 2


def test_a_line_that_could_not_be_checked_breaks_only_where_that_is_asked_for(
    here: Path, capsys: Capsys
) -> None:
    asks("version = 1\n[max]\nmemory_of_request = 0.9\n")
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, answer["passed"], answer["lines"][1]["ok"]) == (0, True, None)
    assert answer["lines"][1]["why"] == "no job of this run requested memory"
    code, answer = check(capsys, "observe.toml", "run", "--strict")
    assert (code, answer["passed"], answer["lines"][1]["ok"]) == (1, False, None)


@pytest.mark.parametrize("story", [begun().job(1).end(4, "failed"), killed()])
def test_a_run_that_did_not_succeed_never_passes(here: Path, capsys: Capsys, story: Story) -> None:
    asks("version = 1\n")
    code, answer = check(capsys, "observe.toml", str(story.write(Path("j.jsonl"))))
    assert (code, answer["lines"][0]["ok"]) == (1, False)


def test_without_a_journal_the_newest_run_here_is_checked(
    here: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("run")
    code, answer = check(capsys, "../observe.toml")
    assert code == 0
    assert answer["run"]["journal"] == ".snakemake/observe/20260301T120000-a.jsonl"


def test_what_cannot_be_used_is_2(here: Path, capsys: Capsys) -> None:
    assert refused(capsys, "gone.toml", "run") == (
        "gone.toml: No such file or directory; write a first one with check --init"
    )
    assert refused(capsys, "observe.toml", "gone.jsonl") == "gone.jsonl: No such file or directory"
    asks('version = 1\n[max]\n"\\u001b[2J" = 1\n')
    assert "\\x1b[2J" in refused(capsys, "observe.toml", "run")


# -- what was published ----------------------------------------------------------------------------

PUBLISH = "version = 1\n[publish]\nfiles = ['out/**']\nverify = [['sh', '{here}/verify.sh']]\n"


def publishing(said: str = "exit 0", name: str = "observe.toml") -> None:
    asks(PUBLISH, name)
    asks(said, str(Path(name).with_name("verify.sh")))


def test_files_and_commands_are_looked_at_in_the_run_s_folder(here: Path, capsys: Capsys) -> None:
    publishing("pwd; ls; exit 1", "flow/observe.toml")
    asks("12345", "run/out/a.txt")
    _, answer = check(capsys, "flow/observe.toml", "run")
    files, verify = answer["lines"][1:]
    assert (files["value"], files["ok"], files["file_line"]) == (1, True, 3)
    assert files["files"] == [{"path": "run/out/a.txt", "bytes": 5}]
    assert (verify["value"], verify["ok"], verify["file_line"]) == ("exit code 1", False, 4)
    assert [one["quote"] for one in verify["evidence"]] == [str(here / "run"), "out"]
    assert {(one["kind"], one["ref"]) for one in verify["evidence"]} == {
        ("command", f"sh {here / 'flow' / 'verify.sh'}")
    }


def folder_of(capsys: Capsys, *words: str) -> str:
    publishing("pwd; exit 1")
    _, answer = check(capsys, "observe.toml", *words)
    (said,) = answer["lines"][2]["evidence"]
    assert Path(answer["folder"]).resolve() == Path(said["quote"])
    return str(said["quote"])


def test_the_folder_comes_from_the_paths_that_were_named(
    here: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never from the journal, which says that the run was in /work."""
    inside = "run/.snakemake/observe/20260301T120000-a.jsonl"
    assert json.loads(Path(inside).read_text().splitlines()[0])["workdir"] == "/work"
    (here / "else").mkdir()
    elsewhere = chain().write(Path("kept", "j.jsonl"))
    assert folder_of(capsys, "run") == str(here / "run")
    assert folder_of(capsys, inside) == str(here / "run")
    assert folder_of(capsys, "run/.snakemake/observe") == str(here / "run")
    assert folder_of(capsys, str(elsewhere)) == str(here)
    assert folder_of(capsys, "kept") == str(here)
    assert folder_of(capsys, "run", "--directory", "else") == str(here / "else")
    (here / "far").mkdir()
    (here / "far" / "link").symlink_to(here / "run")
    assert folder_of(capsys, "far/link/../run") == str(here / "run")
    monkeypatch.chdir("run/.snakemake/observe")
    _, answer = check(capsys, str(here / "observe.toml"), "20260301T120000-a.jsonl")
    assert answer["folder"] == str(here / "run")


def test_a_journal_that_lies_in_no_working_directory_says_so(here: Path, capsys: Capsys) -> None:
    publishing()
    kept = str(chain().write(Path("kept", "j.jsonl")))
    _, answer = check(capsys, "observe.toml", kept)
    (note,) = answer["notes"]
    assert note.startswith("the journal is not in a working directory: ")
    _, answer = check(capsys, "observe.toml", kept, "--directory", "run")
    assert answer["notes"] == []


def test_a_glob_that_matches_nothing_is_broken(here: Path, capsys: Capsys) -> None:
    publishing()
    (here / "run" / "out").mkdir()
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, lines(answer)[1]) == (1, ("files", 0, False))
    asks("version = 1\n[publish]\nfiles = ['out']\n")
    _, answer = check(capsys, "observe.toml", "run")
    assert answer["lines"][1]["why"] == "this is a folder; its files are out/**"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("verify = [['gone-tool']]", "gone-tool: No such file or directory"),
        ("verify = [['sleep', '60']]\nverify_timeout_s = 0.2", "not done after 0.2 s"),
        ("verify = [['sh', '-c', 'kill $$']]", "signal 15"),
    ],
)
def test_a_command_that_does_not_end_with_0_is_broken(
    here: Path, capsys: Capsys, text: str, said: str
) -> None:
    asks(f"version = 1\n[publish]\n{text}\n")
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, lines(answer)[1]) == (1, ("verify", said, False))


def test_nothing_is_run_for_a_plan(here: Path, capsys: Capsys) -> None:
    publishing("touch ran")
    plan = begun(kind="dry_run").job(1).end(4, "dry_run").write(Path("plan.jsonl"))
    code, answer = check(capsys, "observe.toml", str(plan))
    assert code == 0
    assert [line["ok"] for line in answer["lines"]] == [None, None, None]
    assert not (here / "ran").exists()


def test_a_later_run_may_have_changed_what_this_one_published(here: Path, capsys: Capsys) -> None:
    publishing()
    old = journal("run", chain())
    _, answer = check(capsys, "observe.toml", str(old))
    assert answer["notes"] == []
    journal("run", begun().end(4, "nothing_to_do"), "20260302T120000-b")
    _, answer = check(capsys, "observe.toml", str(old))
    assert answer["notes"] == []
    journal("run", chain(), "20260303T120000-c")
    _, answer = check(capsys, "observe.toml", str(old))
    assert answer["notes"] == [
        "a later run, 20260303T120000-c.jsonl, may have changed what this run published"
    ]


def test_what_a_journal_says_is_never_run(here: Path, capsys: Capsys) -> None:
    """Commands come from the file alone, whatever the journal's texts look like."""
    evil = begun(workdir=str(here), snakefile="[publish]", tags={"verify": "touch ran"})
    evil.job(1, shellcmd="touch ran", output=("$(touch ran)",)).quick(1, 3, 4, 5).end(6)
    journal("run", evil)
    publishing()
    check(capsys, "observe.toml", "run")
    assert sorted(os.listdir(here)) == ["observe.toml", "run", "verify.sh"]
    assert os.listdir("run") == [".snakemake"]


# -- the baseline ----------------------------------------------------------------------------------

BASELINE = "version = 1\n[baseline]\nsame_work = true\nslower_by = 0.2\n"


def test_the_baseline_is_the_file_s_or_the_command_line_s(here: Path, capsys: Capsys) -> None:
    other = begun().job(1, rule="else").quick(1, 3, 4, 10).end(21)
    other.write(Path("flow", "baseline.jsonl"))
    chain().write(Path("flow", "same.jsonl"))
    asks(BASELINE + 'journal = "baseline.jsonl"\n', "flow/observe.toml")
    _, answer = check(capsys, "flow/observe.toml", "run")
    assert lines(answer)[1:] == [("same_work", None, None), ("slower_by", None, None)]
    assert answer["lines"][1]["why"] == "not comparable, because they have no job in common"
    code, answer = check(capsys, "flow/observe.toml", "run", "--baseline", "flow/same.jsonl")
    assert lines(answer)[1:] == [("same_work", True, True), ("slower_by", 0, True)]
    assert (code, answer["lines"][1]["file_line"]) == (0, 3)


def test_where_none_is_named_it_is_the_newest_success_before_that_is_alike(
    here: Path, capsys: Capsys
) -> None:
    asks(BASELINE)
    why = "no earlier run of its Snakefile and targets succeeded; name one with --baseline"
    _, answer = check(capsys, "observe.toml", "run")
    assert [(line["ok"], line["why"]) for line in answer["lines"][1:]] == [(None, why)] * 2
    earlier = chain()
    earlier.events[0] = earlier.events[0].model_copy(
        update={"process_started": earlier.events[0].process_started - 10**9}
    )
    earlier.events[-1] = earlier.events[-1].model_copy(update={"makespan_s": 21})
    journal("run", earlier, "20260228T120000-z")
    _, answer = check(capsys, "observe.toml", "run")
    assert lines(answer)[1] == ("same_work", True, True)


def test_a_baseline_can_be_asked_for_without_the_file(here: Path, capsys: Capsys) -> None:
    path = chain().write(Path("same.jsonl"))
    code, answer = check(capsys, "observe.toml", "run", "--baseline", str(path))
    assert (code, lines(answer)) == (
        0,
        [("status", "success", True), ("same_work", True, True), ("retries", 0, True)],
    )
    assert refused(capsys, "observe.toml", "run", "--baseline", "gone") == (
        "gone: No such file or directory"
    )


# -- a first file ----------------------------------------------------------------------------------


def test_a_proposal_is_written_once_and_holds_for_the_run_it_came_from(
    here: Path, capsys: Capsys
) -> None:
    story = on_cluster(3, queue_s=2, tool_s=4)
    story.events[2] = story.events[2].model_copy(update={"output": ("out/a.txt", "gone.txt")})
    journal("run", story)
    asks("x", "run/out/a.txt")
    assert main(["check", "--init", "new.toml", "run"]) == 0
    assert capsys.readouterr().out.endswith("then run snakemake-observe check new.toml\n")
    text = Path("new.toml").read_text()
    assert 'files = [\n    "out/a.txt",\n]\n' in text
    code, answer = check(capsys, "new.toml", "run", "--strict")
    assert (code, {line["ok"] for line in answer["lines"]}) == (0, {True})
    assert refused(capsys, "--init", "new.toml", "run") == (
        "new.toml: already exists; not overwritten. Name another file"
    )
    assert Path("new.toml").read_text() == text


def test_a_proposal_can_be_printed(here: Path, capsys: Capsys) -> None:
    before = sorted(os.listdir(here))
    assert main(["check", "--init", "-", "run"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# Limits for runs of this workflow, proposed from 2026")
    assert sorted(os.listdir(here)) == before
    asks(printed)
    assert check(capsys, "observe.toml", "run")[0] == 0


@pytest.mark.parametrize(
    ("story", "status"),
    [
        (begun().job(1).quick(1, 3, 4, 5, status="failed").end(6, "failed"), "failed"),
        (begun(kind="dry_run").job(1).end(4, "dry_run"), "dry run"),
        (killed(), "running"),
    ],
)
def test_only_a_run_that_succeeded_is_an_example(
    here: Path, capsys: Capsys, story: Story, status: str
) -> None:
    story.write(Path("j.jsonl"))
    said = refused(capsys, "--init", "-", "j.jsonl")
    assert said.endswith(f"from a run that succeeded; the status of this run is {status}")


# -- JUnit -----------------------------------------------------------------------------------------


def test_the_junit_file_is_written_beside_the_answer(here: Path, capsys: Capsys) -> None:
    assert main(["check", "observe.toml", "run", "--junit", "deep/down/check.xml"]) == 0
    assert capsys.readouterr().out.startswith("run ")
    assert Path("deep/down/check.xml").read_text().startswith('<?xml version="1.0"')
    assert os.listdir("deep/down") == ["check.xml"]


def test_a_junit_file_that_cannot_be_written_leaves_what_was_there(
    here: Path, capsys: Capsys
) -> None:
    assert (
        refused(capsys, "observe.toml", "run", "--junit", "-")
        == "--junit needs the name of a file, not -"
    )
    Path("folder").mkdir()
    assert refused(capsys, "observe.toml", "run", "--junit", "folder") == "folder: Is a directory"
    assert refused(capsys, "observe.toml", "run", "--junit", "run/x/" + "n" * 300).endswith(
        ": File name too long"
    )
    assert sorted(os.listdir(here)) == ["folder", "observe.toml", "run"]


def test_of_a_run_that_goes_on_only_what_is_over_already_is_broken(
    here: Path, capsys: Capsys
) -> None:
    publishing("exit 1")
    text = Path("observe.toml").read_text()
    asks(f"{text}[max]\nmakespan_s = 10\njobs_planned = 30\n")
    code, answer = check(capsys, "observe.toml", str(killed().write(Path("j.jsonl"))))
    why = "the run has not ended yet"
    assert code == 1
    assert [(line["key"], line["value"], line["ok"], line["why"]) for line in answer["lines"]] == [
        ("status", "running", False, why),
        ("files", None, None, why),
        ("verify", None, None, why),
        ("makespan_s", 20, False, why),
        ("jobs_planned", 3, None, why),
    ]
