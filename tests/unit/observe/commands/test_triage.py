"""``triage``: its answer, its note and the saved evidence, of runs in a working directory."""

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import Story, at, begun, chain, killed, logger_only, stamps
from command_line import write_run
from failing import fails
from triaged import flaky, widened
from workflows import a_run

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.journal.records import LogTail

FIELDS = ["symptom", "affected_scope", "first_confirming_command", "evidence_consulted"]
FIELDS += ["incident_class", "next_action"]
FINDING = ["id", "incident_class", "where", "claim", "strength", "explains_s", "evidence"]
FINDING += ["wrong_if", "check"]


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def incident(workdir: Path) -> Path:
    """Return the journal of a run in its working directory, with logs and benchmarks."""
    after, before = widened()
    write_run(workdir, "A", before)
    for job in after.run.jobs.values():
        for path, text in ((job.log, f"{job.rule}: done\n"), ((job.benchmark,), "s\tio\n1\t2\n")):
            for name in filter(None, path):
                (workdir / name).parent.mkdir(exist_ok=True)
                (workdir / name).write_text(text)
    return write_run(workdir, "B", after)


def triage_answer(capsys: pytest.CaptureFixture[str], *words: Any) -> dict[str, Any]:
    assert main(["triage", *map(str, words), "--format", "json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def evidence_in(value: Any) -> Iterator[dict[str, str]]:
    if isinstance(value, dict):
        if value.keys() == {"kind", "ref", "quote"}:
            yield value
        for one in value.values():
            yield from evidence_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from evidence_in(one)


def resolve(answer: dict[str, Any], folder: Path) -> int:
    """Look up every citation, and return how many there are."""
    found = list(evidence_in(answer))
    commands = {one["name"]: one["lines"] for one in answer["commands"]}
    for one in found:
        name, _colon, number = one["ref"].rpartition(":")
        match one["kind"]:
            case "journal":
                line = Path(answer["journals"][name]).read_text().splitlines()[int(number) - 1]
                words = [w.strip(":;,…'") for w in one["quote"].replace("=", " ").split()]
                assert any(word in line for word in words if len(word) > 1), (one, line)
            case "command":
                assert one["quote"] == "" or one["quote"] in commands[one["ref"]]
            case _:
                line = (folder / name).read_text().splitlines()[int(number) - 1]
                assert " ".join(line.split())[:190] == one["quote"][:190]
    return len(found)


def test_every_citation_of_an_answer_can_be_looked_up(
    incident: Path, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = triage_answer(capsys, incident, "--baseline", incident.with_name("A.jsonl"))
    assert resolve(answer, workdir) > 10
    assert answer["files"][0]["text"] == "cut: done"


def test_the_json_has_the_documented_keys(
    incident: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = triage_answer(capsys, incident, "--baseline", incident.with_name("A.jsonl"))
    assert answer["schema_version"] == 1
    assert [list(finding) for finding in answer["findings"]] == [FINDING] * len(answer["findings"])
    assert answer["findings"][0]["incident_class"] == "discovery_widened"
    assert list(answer["note"]) == FIELDS
    assert all(isinstance(field, str) and field for field in answer["note"].values())


def test_a_baseline_is_found_if_none_is_named(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(workdir, "1", a_run(process_started=at(-1000)))
    write_run(workdir, "2", a_run())
    answer = triage_answer(capsys)
    assert answer["journals"]["A"].endswith("1.jsonl")
    assert not any("baseline" in text for text in answer["missing"])


def test_a_dry_run_next_to_the_journal_is_found(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(workdir, "1", a_run(kind="dry_run", process_started=at(-1000)))
    write_run(workdir, "2", a_run(kind="dry_run", process_started=at(-900), snakefile="other"))
    write_run(workdir, "3", a_run())
    assert triage_answer(capsys)["journals"]["P"].endswith("1.jsonl")


@pytest.mark.parametrize(
    ("story", "beginning"),
    [
        (a_run(), "no baseline"),
        (killed(), "no journal of a dry run"),
        (a_run(), "the working directory was /work during the run"),
        (a_run(), "the journal is from another machine (login)"),
        (flaky(), "1 of 4 logs and benchmarks of the affected jobs could not be read"),
        (logger_only(), "recorded without --executor timed"),
        (killed(), "the run has no recorded end: nothing is known after 20.0 s"),
    ],
)
def test_missing_evidence_is_listed_with_its_consequence(
    workdir: Path, capsys: pytest.CaptureFixture[str], story: Story, beginning: str
) -> None:
    write_run(workdir, "1", story)
    (found,) = [text for text in triage_answer(capsys)["missing"] if text.startswith(beginning)]
    assert ":" in found


def test_a_journal_outside_a_working_directory_reads_no_other_folder(
    tmp_path: Path, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder that it names may be anything; it is used only if it is the current directory."""
    for place, missing in ((tmp_path / "elsewhere", True), (workdir, False)):
        journal = flaky().write(tmp_path / "one.jsonl")
        text = journal.read_text().replace('"workdir":"/work"', f'"workdir":"{place}"')
        journal.write_text(text)
        found = triage_answer(capsys, journal)["missing"]
        assert any("is not in its workflow's working directory" in one for one in found) == missing


def test_a_note_is_written_once_in_the_format_of_its_suffix(
    incident: Path, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, begins in (("n.md", "# Incident in run"), ("n.json", "{"), ("n.txt", "symptom  ")):
        assert main(["triage", str(incident), "--note", name]) == 0
        assert (workdir / name).read_text().startswith(begins)
    before = (workdir / "n.md").read_text()
    assert main(["triage", str(incident), "--note", "n.md"]) == 2
    assert (workdir / "n.md").read_text() == before
    assert "already exists" in capsys.readouterr().err
    assert list(json.loads((workdir / "n.json").read_text())) == ["schema_version", *FIELDS]


def test_saved_evidence_is_private_and_only_from_the_working_directory(
    incident: Path, workdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("no business of anyone's\n")
    (workdir / "logs" / "cut.log").unlink()
    (workdir / "logs" / "cut.log").symlink_to(secret)
    (workdir / "logs" / "count.log").unlink()
    os.mkfifo(workdir / "logs" / "count.log")
    words = ["triage", str(incident), "--baseline", str(incident.with_name("A.jsonl"))]
    assert main([*words, "--save", str(tmp_path / "kept")]) == 0
    kept = sorted(p for p in (tmp_path / "kept").rglob("*") if p.is_file())
    names = [str(path.relative_to(tmp_path / "kept")) for path in kept]
    assert "journals/B.jsonl" in names
    assert "files/benchmarks/cut.txt" in names
    assert not any("logs" in name for name in names)
    assert not any("no business" in path.read_text() for path in kept)
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert "missing: logs/cut.log" in (tmp_path / "kept" / "INDEX.txt").read_text()
    assert (tmp_path / "kept" / "journals" / "B.jsonl").read_bytes() == incident.read_bytes()
    capsys.readouterr()
    assert main([*words, "--save", str(tmp_path / "kept")]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_a_log_that_is_nearly_all_hole_is_saved_in_part(
    incident: Path, workdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (workdir / "logs" / "cut.log").open("r+b") as file:
        file.seek(2**40)
        file.write(b"end\n" * 10_000)
    words = ["triage", str(incident), "--baseline", str(incident.with_name("A.jsonl"))]
    assert main([*words, "--save", str(tmp_path / "kept")]) == 0
    saved = (tmp_path / "kept" / "files" / "logs" / "cut.log").read_bytes()
    assert len(saved) == 64 * 2**20
    assert saved.endswith(b"\0" + b"end\n" * 10_000)
    index = (tmp_path / "kept" / "INDEX.txt").read_text()
    assert re.search(r"^files/logs/cut.log .*: only its first and last 32 MiB", index, re.MULTILINE)
    capsys.readouterr()


def test_every_log_that_the_note_cites_is_saved(
    workdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not only the logs of the few jobs that are quoted."""
    story = begun(wraps="local")
    (workdir / "logs").mkdir()
    for number in range(1, 6):
        log, message = f"logs/{number}.log", f"no way out of {'abcde'[number - 1]}"
        (workdir / log).write_text(f"{message}\n")
        story.job(number, rule=f"rule{number}", log=(log,))
        tails = (LogTail(path=log, bytes=20, first_line=1, lines=(message,)),)
        fails(story, number, start_s=3 * number, rule=f"rule{number}", logs=tails)
    journal = write_run(workdir, "B", story.end(60, "failed"))
    assert main(["triage", str(journal), "--save", str(tmp_path / "kept")]) == 0
    kept = sorted(path.name for path in (tmp_path / "kept" / "files" / "logs").iterdir())
    note = (tmp_path / "kept" / "note.md").read_text()
    assert kept == sorted(f"{one}.log" for one in set(re.findall(r"logs/(\d)\.log:1", note)))
    assert kept == ["1.log", "2.log", "3.log", "4.log", "5.log"]
    index = (tmp_path / "kept" / "INDEX.txt").read_text()
    assert "files/logs/5.log log cited in the note\n" in index
    capsys.readouterr()


def test_without_a_journal_the_error_is_one_line(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["triage"]) == 2
    assert main(["triage", "--yes"]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_a_run_cannot_be_its_own_baseline(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_run(workdir, "1", chain())
    assert main(["triage", str(path), "--baseline", str(path)]) == 2
    assert "name another baseline" in capsys.readouterr().err


def test_paths_in_a_journal_that_leave_the_working_directory_are_not_read(
    workdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("no business of anyone's\n")
    story = begun(targets=("all",)).job(1, rule="cut", log=("../secret", str(tmp_path / "secret")))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story.attempt(1, known, status="failed", exit_code=1)
    write_run(workdir, "1", story.end(8, "failed"))
    answer = triage_answer(capsys)
    assert "no business" not in json.dumps(answer)


def test_a_forced_dry_run_is_not_the_plan_of_an_unforced_run(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forced = a_run(kind="dry_run", process_started=at(500), settings={"forceall": True})
    write_run(workdir, "1", a_run())
    write_run(workdir, "2", forced)
    assert "P" not in triage_answer(capsys)["journals"]
    write_run(workdir, "3", a_run(kind="dry_run", process_started=at(600)))
    assert triage_answer(capsys)["journals"]["P"].endswith("3.jsonl")


def test_a_dry_run_with_another_run_in_between_is_not_the_plan(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(workdir, "1", a_run(kind="dry_run", process_started=at(-1000)))
    write_run(workdir, "2", a_run(run_id="2" * 32, process_started=at(-900)))
    asked = write_run(workdir, "3", a_run())
    write_run(workdir, "4", a_run(run_id="4" * 32, process_started=at(500), kind="touch"))
    write_run(workdir, "5", a_run(kind="dry_run", process_started=at(600)))
    assert "P" not in triage_answer(capsys, asked)["journals"]
    write_run(workdir, "6", a_run(kind="dry_run", process_started=at(400)))
    assert triage_answer(capsys, asked)["journals"]["P"].endswith("6.jsonl")


def test_a_dry_run_is_not_its_own_plan(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(workdir, "1", a_run(kind="dry_run"))
    (journal,) = workdir.rglob("*.jsonl")
    assert "P" not in triage_answer(capsys, journal)["journals"]


def test_a_note_may_be_printed(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(workdir, "1", a_run())
    assert main(["triage", "--note", "-"]) == 0
    assert capsys.readouterr().out.startswith("# Incident in run ")
    assert main(["triage", "--note", "-", "--format", "json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["note"]) == FIELDS
    assert not (workdir / "-").exists()


def test_a_note_is_private_and_its_folders_are_made(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(workdir, "1", a_run())
    before = os.umask(0)
    try:
        assert main(["triage", "--note", "incidents/may/n.md"]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((workdir / "incidents" / "may" / "n.md").stat().st_mode) == 0o600


@pytest.mark.parametrize("flag", ["--note", "--save"])
def test_nothing_is_written_through_a_link(
    workdir: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    write_run(workdir, "1", a_run())
    (workdir / "kept").mkdir(mode=0o755)
    (workdir / "link").symlink_to("kept" if flag == "--save" else "kept/new.md")
    assert main(["triage", flag, "link"]) == 2
    assert capsys.readouterr().err.endswith(
        "link: is not a folder. Name a new folder\n"
        if flag == "--save"
        else "link: already exists; not overwritten. Name another file\n"
    )
    assert list((workdir / "kept").iterdir()) == []
    assert stat.S_IMODE((workdir / "kept").stat().st_mode) == 0o755


def test_evidence_is_not_saved_into_a_file(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(workdir, "1", a_run())
    (workdir / "file").write_text("mine")
    assert main(["triage", "--save", "file"]) == 2
    assert capsys.readouterr().err == (
        "snakemake-observe: file: is not a folder. Name a new folder\n"
    )


def test_a_note_as_json_names_its_schema(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(workdir, "1", a_run())
    assert main(["triage", "--note", "note.json"]) == 0
    note = json.loads((workdir / "note.json").read_text())
    assert (note["schema_version"], len(note)) == (1, 7)
