"""``check`` on the command line: exit codes, folders, the files it writes, what it never runs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from builders import Story, at, begun, chain, killed, on_cluster, retried
from workflows import a_run, a_workflow

from snakemake_logger_plugin_observe.__main__ import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, with a short check file and a run below ``run``."""
    monkeypatch.chdir(tmp_path)
    write("version = 1\n[max]\nretries = 0\n")
    journal("run", chain())
    return tmp_path


def write(text: str, path: str = "observe.toml") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def journal(folder: str, story: Story, name: str = "20260301T120000-a") -> Path:
    return story.write(Path(folder, ".snakemake", "observe", f"{name}.jsonl"))


def check(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and the answer as JSON."""
    code = main(["check", *args, "--format", "json"])
    out, error = capsys.readouterr()
    assert error == ""
    return code, json.loads(out)


def refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """Return the one line of an error."""
    assert main(["check", *args]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("snakemake-observe: ")
    assert error.count("\n") == 1
    return error.removeprefix("snakemake-observe: ").rstrip("\n")


def lines(answer: dict[str, Any]) -> list[tuple[str, Any, bool | None]]:
    return [(line["key"], line["value"], line["ok"]) for line in answer["lines"]]


Capsys = pytest.CaptureFixture[str]


def test_a_run_that_passes_gives_exit_code_0(here: Path, capsys: Capsys) -> None:
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, answer["passed"]) == (0, True)
    assert lines(answer) == [("status", "success", True), ("retries", 0, True)]


def test_a_failed_line_gives_exit_code_1_with_its_line_and_evidence(
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


def test_a_line_that_could_not_be_checked_fails_only_with_strict(
    here: Path, capsys: Capsys
) -> None:
    write("version = 1\n[max]\nmemory_of_request = 0.9\n")
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, answer["passed"], answer["lines"][1]["ok"]) == (0, True, None)
    assert answer["lines"][1]["why"] == "no job of this run requested memory"
    code, answer = check(capsys, "observe.toml", "run", "--strict")
    assert (code, answer["passed"], answer["lines"][1]["ok"]) == (1, False, None)


@pytest.mark.parametrize("story", [begun().job(1).end(4, "failed"), killed()])
def test_a_run_that_did_not_succeed_never_passes(here: Path, capsys: Capsys, story: Story) -> None:
    write("version = 1\n")
    code, answer = check(capsys, "observe.toml", str(story.write(Path("j.jsonl"))))
    assert (code, answer["lines"][0]["ok"]) == (1, False)


def test_without_a_journal_the_newest_run_here_is_checked(
    here: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("run")
    code, answer = check(capsys, "../observe.toml")
    assert code == 0
    assert answer["run"]["journal"] == ".snakemake/observe/20260301T120000-a.jsonl"


def test_an_unusable_file_or_journal_gives_exit_code_2(here: Path, capsys: Capsys) -> None:
    assert refused(capsys, "gone.toml", "run") == (
        "gone.toml: No such file or directory; write a first one with check --init"
    )
    assert refused(capsys, "observe.toml", "gone.jsonl") == "gone.jsonl: No such file or directory"
    write('version = 1\n[max]\n"\\u001b[2J" = 1\n')
    assert "\\x1b[2J" in refused(capsys, "observe.toml", "run")


# -- required outputs ----------------------------------------------------------------------------

PUBLISH = "version = 1\n[publish]\nfiles = ['out/**']\nverify = [['sh', '{here}/verify.sh']]\n"


def publishing(shown: str = "exit 0", name: str = "observe.toml") -> None:
    write(PUBLISH, name)
    write(shown, str(Path(name).with_name("verify.sh")))


def test_files_and_commands_are_checked_in_the_run_s_folder(here: Path, capsys: Capsys) -> None:
    publishing("pwd; ls; exit 1", "flow/observe.toml")
    write("12345", "run/out/a.txt")
    _, answer = check(capsys, "flow/observe.toml", "run")
    files, verify = answer["lines"][1:]
    assert (files["value"], files["ok"], files["file_line"]) == (1, True, 3)
    assert files["files"] == [{"path": "run/out/a.txt", "bytes": 5}]
    assert (verify["value"], verify["ok"], verify["file_line"]) == ("exit code 1", False, 4)
    assert [one["quote"] for one in verify["evidence"]] == [str(here / "run"), "out"]
    assert {(one["kind"], one["ref"]) for one in verify["evidence"]} == {
        ("command", f"sh {here / 'flow' / 'verify.sh'}")
    }


def folder_of(capsys: Capsys, *args: str) -> str:
    publishing("pwd; exit 1")
    _, answer = check(capsys, "observe.toml", *args)
    (shown,) = answer["lines"][2]["evidence"]
    assert Path(answer["folder"]).resolve() == Path(shown["quote"])
    return str(shown["quote"])


def test_the_folder_comes_from_the_paths_that_the_user_named(
    here: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never from the journal, which names /work."""
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


def test_a_journal_outside_a_working_directory_is_noted(here: Path, capsys: Capsys) -> None:
    publishing()
    kept = str(chain().write(Path("kept", "j.jsonl")))
    _, answer = check(capsys, "observe.toml", kept)
    (note,) = answer["notes"]
    assert note.startswith("the journal is not in a working directory: ")
    _, answer = check(capsys, "observe.toml", kept, "--directory", "run")
    assert answer["notes"] == []


def test_a_glob_that_matches_nothing_fails(here: Path, capsys: Capsys) -> None:
    publishing()
    (here / "run" / "out").mkdir()
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, lines(answer)[1]) == (1, ("files", 0, False))
    write("version = 1\n[publish]\nfiles = ['out']\n")
    _, answer = check(capsys, "observe.toml", "run")
    assert answer["lines"][1]["why"] == "this is a folder; its files are out/**"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("verify = [['gone-tool']]", "gone-tool: No such file or directory"),
        ("verify = [['sleep', '60']]\nverify_timeout_s = 0.2", "not done after 0.2 s"),
        ("verify = [['sh', '-c', 'kill $$']]", "signal 15"),
    ],
)
def test_a_command_that_does_not_exit_with_0_fails(
    here: Path, capsys: Capsys, text: str, shown: str
) -> None:
    write(f"version = 1\n[publish]\n{text}\n")
    code, answer = check(capsys, "observe.toml", "run")
    assert (code, lines(answer)[1]) == (1, ("verify", shown, False))


def test_nothing_is_run_for_a_dry_run(here: Path, capsys: Capsys) -> None:
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
    idle, later = begun(run_id="b"), begun(run_id="c")
    journal("run", idle.end(4, "nothing_to_do"), "20260302T120000-b")
    _, answer = check(capsys, "observe.toml", str(old))
    assert answer["notes"] == []
    journal("run", later.job(1).quick(1, 3, 4, 5).end(6), "20260303T120000-c")
    _, answer = check(capsys, "observe.toml", str(old))
    assert answer["notes"] == [
        "a later run, 20260303T120000-c.jsonl, may have changed what this run published"
    ]


def test_nothing_in_a_journal_is_ever_run(here: Path, capsys: Capsys) -> None:
    """Commands come from the check file only."""
    evil = begun(workdir=str(here), snakefile="[publish]", tags={"verify": "touch ran"})
    evil.job(1, shellcmd="touch ran", output=("$(touch ran)",)).quick(1, 3, 4, 5).end(6)
    journal("run", evil)
    publishing()
    check(capsys, "observe.toml", "run")
    assert sorted(os.listdir(here)) == ["observe.toml", "run", "verify.sh"]
    assert os.listdir("run") == [".snakemake"]


# -- the baseline ----------------------------------------------------------------------------------

BASELINE = "version = 1\n[baseline]\nsame_work = true\nslower_by = 0.2\n"


def test_the_command_line_s_baseline_replaces_the_file_s(here: Path, capsys: Capsys) -> None:
    other = begun().job(1, rule="else").quick(1, 3, 4, 10).end(21)
    other.write(Path("flow", "baseline.jsonl"))
    chain().write(Path("flow", "same.jsonl"))
    write(BASELINE + 'journal = "baseline.jsonl"\n', "flow/observe.toml")
    _, answer = check(capsys, "flow/observe.toml", "run")
    assert lines(answer)[1:] == [("same_work", None, None), ("slower_by", None, None)]
    assert answer["lines"][1]["why"] == "not comparable, because they have no job in common"
    code, answer = check(capsys, "flow/observe.toml", "run", "--baseline", "flow/same.jsonl")
    assert lines(answer)[1:] == [("same_work", True, True), ("slower_by", 0, True)]
    assert (code, answer["lines"][1]["file_line"]) == (0, 3)


def test_the_default_baseline_is_the_newest_earlier_success(here: Path, capsys: Capsys) -> None:
    write(BASELINE)
    why = "no earlier run of the same Snakefile and targets succeeded; name one with --baseline"
    _, answer = check(capsys, "observe.toml", "run")
    assert [(line["ok"], line["why"]) for line in answer["lines"][1:]] == [(None, why)] * 2
    earlier = chain()
    earlier.events[0] = earlier.events[0].but(
        process_started=earlier.events[0].process_started - 10**9
    )
    earlier.events[-1] = earlier.events[-1].but(makespan_s=21.0)
    journal("run", earlier, "20260228T120000-z")
    _, answer = check(capsys, "observe.toml", "run")
    assert lines(answer)[1] == ("same_work", True, True)


def test_a_baseline_can_be_given_without_a_baseline_in_the_file(here: Path, capsys: Capsys) -> None:
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


def test_a_proposal_is_written_once_and_its_run_passes_it(here: Path, capsys: Capsys) -> None:
    story = on_cluster(3, queue_s=2, tool_s=4)
    story.events[2] = story.events[2].but(output=("out/a.txt", "gone.txt"))
    journal("run", story)
    write("x", "run/out/a.txt")
    assert main(["check", "--init", "new.toml", "run"]) == 0
    assert capsys.readouterr().out.endswith(
        "\nsnakemake-observe check new.toml  # checks a run against them\n"
    )
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
    write(printed)
    assert check(capsys, "observe.toml", "run")[0] == 0


@pytest.mark.parametrize(
    ("story", "status"),
    [
        (begun().job(1).quick(1, 3, 4, 5, status="failed").end(6, "failed"), "failed"),
        (begun(kind="dry_run").job(1).end(4, "dry_run"), "dry run"),
        (killed(), "unknown"),
    ],
)
def test_a_proposal_needs_a_run_that_succeeded(
    here: Path, capsys: Capsys, story: Story, status: str
) -> None:
    story.write(Path("j.jsonl"))
    shown = refused(capsys, "--init", "-", "j.jsonl")
    assert shown.endswith(f"from a run that succeeded; the status of this run is {status}")


def test_a_run_that_only_touched_its_outputs_proposes_no_limits(here: Path, capsys: Capsys) -> None:
    begun(kind="touch").job(1).quick(1, 3, 4, 5).end(6).write(Path("j.jsonl"))
    shown = refused(capsys, "--init", "-", "j.jsonl")
    assert shown.endswith("limits cannot be proposed from a run that only touched its outputs")


def test_a_folder_that_is_not_there_is_an_error(here: Path, capsys: Capsys) -> None:
    shown = refused(capsys, "observe.toml", "run", "--directory", "nosuch")
    assert shown == "nosuch: no such folder; name the run's working directory"


def test_a_first_file_is_for_the_team(here: Path, capsys: Capsys) -> None:
    """It contains limits and globs only, and is meant to be committed and read by CI."""
    before = os.umask(0o022)
    try:
        assert main(["check", "new/first.toml", "--init", "run"]) == 0
    finally:
        os.umask(before)
    assert Path("new/first.toml").stat().st_mode & 0o777 == 0o644


# -- JUnit -----------------------------------------------------------------------------------------


def test_the_junit_file_is_written_in_addition_to_the_answer(here: Path, capsys: Capsys) -> None:
    assert main(["check", "observe.toml", "run", "--junit", "deep/down/check.xml"]) == 0
    assert capsys.readouterr().out.startswith("run ")
    assert Path("deep/down/check.xml").read_text().startswith('<?xml version="1.0"')
    assert os.listdir("deep/down") == ["check.xml"]


def test_a_junit_file_that_cannot_be_written_changes_nothing(here: Path, capsys: Capsys) -> None:
    assert (
        refused(capsys, "observe.toml", "run", "--junit", "-")
        == "--junit needs the name of a file, not -"
    )
    Path("folder").mkdir()
    assert (
        refused(capsys, "observe.toml", "run", "--junit", "folder")
        == "folder: is a folder; name a file in it"
    )
    assert refused(capsys, "observe.toml", "run", "--junit", "run/x/" + "n" * 300).endswith(
        ": File name too long"
    )
    assert sorted(os.listdir(here)) == ["folder", "observe.toml", "run"]


def test_a_run_without_an_end_fails_only_what_it_has_exceeded_already(
    here: Path, capsys: Capsys
) -> None:
    publishing("exit 1")
    text = Path("observe.toml").read_text()
    write(f"{text}[max]\nmakespan_s = 10\njobs_planned = 30\n")
    code, answer = check(capsys, "observe.toml", str(killed().write(Path("j.jsonl"))))
    why = "the journal has no end: the run still goes on, or was killed"
    assert code == 1
    assert [(line["key"], line["value"], line["ok"], line["why"]) for line in answer["lines"]] == [
        ("status", "unknown", False, why),
        ("files", None, None, why),
        ("verify", None, None, why),
        ("makespan_s", 20, False, why),
        ("jobs_planned", 3, None, why),
    ]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--strict"], "--strict"),
        (["--junit", "a.xml", "--baseline", "b"], "--baseline, --junit"),
    ],
)
def test_a_proposal_takes_no_option_of_a_check(
    here: Path, capsys: Capsys, options: list[str], named: str
) -> None:
    assert refused(capsys, "--init", "-", *options).endswith(f"checks nothing: leave out {named}")


def test_a_status_is_printed_in_words(here: Path, capsys: Capsys) -> None:
    journal("work", begun().end(9, "nothing_to_do"))
    write("version = 1\n")
    assert main(["check", "observe.toml", "work"]) == 0
    assert "status = success: nothing to do" in capsys.readouterr().out


# -- runs of other extents -------------------------------------------------------------------------


def extents(folder: str) -> None:
    """Write a full run, and a newer one of the same workflow that found most of it up to date."""
    full = a_run(sums=True, process_started=at(-1000))
    rest = [job for job in a_workflow() if job["rule"] in ("join", "all")]
    kept = {"cut": 3, "count": 3}
    part = a_run(rest, sums={"table": "f" * 64}, up_to_date=kept, process_started=at(0))
    for name, story in (("1", full), ("2", part)):
        story.events[0] = story.events[0].but(run_id=f"run {name}")
        journal(folder, story, name)


def test_limits_are_proposed_from_the_newest_full_run(here: Path, capsys: Capsys) -> None:
    extents("two")
    assert main(["check", "--init", "-", "two"]) == 0
    text = capsys.readouterr().out
    assert "proposed from 1.jsonl" in text
    assert "jobs_planned = 8" in text
    assert main(["check", "--init", "-", "two/.snakemake/observe/2.jsonl"]) == 0
    text = capsys.readouterr().out
    assert "# No run of all jobs was found (2 of 8 jobs ran in this one)" in text
    assert "jobs_planned" not in text


def test_outputs_that_are_not_as_recorded_fail_the_check(here: Path, capsys: Capsys) -> None:
    extents("two")
    write(f'version = 1\n[outputs.sha256]\ntable = "{"0" * 64}"\n')
    code, answer = check(capsys, "observe.toml", "two")
    assert code == 1
    assert [(one["key"], one["ok"], one["why"]) for one in answer["lines"]][1:] == [
        ("sha256", False, "1 of 1 differs: table")
    ]


def test_recorded_checksums_that_are_compared_with_nothing_are_mentioned(
    here: Path, capsys: Capsys
) -> None:
    extents("two")
    (note,) = check(capsys, "observe.toml", "two")[1]["notes"]
    assert note.startswith("outputs: not checked, though their checksums are recorded")
