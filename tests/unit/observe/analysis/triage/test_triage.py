"""The steps of triage and its note, from journals and a working directory, with citations."""

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import strategies
from answers import render, render_json
from builders import Story, at, begun, chain, killed, logger_only, stamps
from failing import fails
from hypothesis import given
from triaged import triage_of
from workflows import a_job, a_run, a_workflow, changed

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.comparison import Party, compare
from snakemake_logger_plugin_observe.analysis.compare.speed import RunLengths
from snakemake_logger_plugin_observe.analysis.triage.case import Case, LiveAnswer
from snakemake_logger_plugin_observe.analysis.triage.note import NONE_FOUND
from snakemake_logger_plugin_observe.analysis.triage.steps import Triage, triage
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.reporters.answers import Source, TriageAnswer
from snakemake_logger_plugin_observe.reporters.documents.incident_note import render_note
from snakemake_logger_plugin_observe.run.model import Run

FIELDS = ["symptom", "affected_scope", "first_confirming_command", "evidence_consulted"]
FIELDS += ["incident_class", "next_action"]
FINDING = ["id", "incident_class", "where", "claim", "strength", "explains_s", "evidence"]
FINDING += ["wrong_if", "check"]
WIDE = ["a", "b", "c", "a.md5", "b.md5", "c.md5"]


def widened() -> tuple[Story, Story]:
    """Return a run that found checksum files to be samples, and its baseline."""
    return a_run(a_workflow(WIDE), length_s=200), a_run(a_workflow("abc"))


def flaky(line: str = "cut: no blade") -> Story:
    """Return a run in which each of three jobs failed once, in the same way, and recovered."""
    story = begun(targets=("all",))
    for number, sample in enumerate("abc", 1):
        log = f"logs/cut/{sample}.log"
        story.job(number, **a_job("cut", f"cut/{sample}", sample=sample, log=(log,)))
        tail = LogTail(path=log, bytes=20, first_line=1, lines=("cut: begins", line))
        failed = {"status": "failed", "exit_code": 13, "logs": (tail,), "message": "exit status 13"}
        story.quick(number, 3, 3, 10, **failed)
        story.quick(number, 10, 10, 20, number=2)
    return story.end(30)


# -- steps -------------------------------------------------------------------------------------


def test_a_healthy_run_has_no_incident() -> None:
    found = triage_of(a_run(), a_run())
    assert (found.symptoms, found.incidents, found.excerpts) == ((), (), ())
    assert found.scope.text == "nothing"
    assert [claim.text for claim in found.note.incident_class] == [NONE_FOUND]
    assert [claim.text for claim in found.note.next_action] == ["nothing to do"]


def test_the_scope_names_a_suffix_that_only_the_affected_values_share() -> None:
    found = triage_of(*widened())
    assert found.incidents[0].id == "discovery_widened"
    assert found.scope.text == "6 jobs of cut, count; 3 of 6 values of sample, all named *.md5"
    assert len(found.scope.jobs) == 6


def test_the_scope_of_a_failure_is_what_failed() -> None:
    found = triage_of(flaky())
    assert found.incidents[0].incident_class == "masked_failure"
    assert found.scope.text == "3 jobs of cut; all 3 values of sample"


def test_planned_work_is_compared_with_the_baseline_by_rule() -> None:
    (claim,) = triage_of(*widened()).planned
    assert claim.text == (
        "14 jobs were planned to run instead of 8 in the baseline: cut 6 instead of 3; "
        "count 6 instead of 3"
    )
    assert [one.ref for one in claim.evidence] == ["B:4", "A:4"]
    (same,) = triage_of(a_run(), a_run()).planned
    assert same.text == "8 jobs were planned to run, the same as in the baseline"


@pytest.mark.parametrize(
    ("begins_s", "when"),
    [(-500, "before the run planned 6 jobs"), (500, "after the run still plans 6 jobs")],
)
def test_a_dry_run_shows_what_was_planned_before_or_is_left_after(
    begins_s: float, when: str
) -> None:
    plan = a_run(a_workflow("ab"), kind="dry_run", process_started=at(begins_s))
    planned = triage_of(a_run(), plan=plan.run).planned
    assert planned[1].text == f"a dry run {when}"
    assert planned[1].evidence[0].ref == "P:4"


def test_the_most_telling_changes_come_first() -> None:
    slow = changed(a_workflow(), "count", code_digest="sha256:other", benchmark=None)
    after = a_run(slow, command=("snakemake", "-j2"), host="other")
    texts = [one.text for one in triage_of(after, a_run(command=("snakemake", "-j4"))).changed]
    assert [text.partition(":")[0] for text in texts] == ["count", "host", "command line", "count"]
    assert "code" in texts[0]
    assert "benchmark" in texts[-1]


def test_changes_that_snakemake_gave_as_reasons_count_their_jobs() -> None:
    """Missing or forced outputs are no change."""
    reason = "Code has changed since last execution"
    after = a_run([a_job("cut", "cut/a", sample="a", reason=reason), a_job("all", None, "cut/a")])
    assert [(one.text, one.evidence[0].quote) for one in triage_of(after).changed] == [
        ("Snakemake ran 1 job because of changed code of cut", reason)
    ]
    missing = a_run([a_job("cut", "cut/a", reason="Missing output files: cut/a")])
    assert triage_of(missing).changed == ()


def test_a_live_snakemake_is_cited_by_the_line_that_it_printed() -> None:
    header = "output_file\tdate\trule\tlog-file(s)\tstatus\tplan"
    stale = "table\tnow\tjoin\tlogs/join.log\trule implementation changed\tupdate pending"
    answers = (
        LiveAnswer("L1", "plan", "snakemake all --dry-run", ("Job stats:", "total           5")),
        LiveAnswer("L2", "input", "snakemake --list-changes input", ()),
        LiveAnswer("L3", "code", "snakemake --list-changes code", ("table", "count/a")),
        LiveAnswer("L4", "params", "snakemake --list-changes params", (), "exit code 1: no"),
        LiveAnswer("L5", "summary", "snakemake --summary", (header, stale)),
    )
    found = triage_of(a_run(), live_answers=answers)
    assert found.planned[-1].text == "a dry run now plans 5 jobs"
    assert found.planned[-1].evidence == (Citation("command", "L1", "total           5"),)
    assert [(one.text, one.evidence[0].ref) for one in found.changed] == [
        ("Snakemake now sees no changed input", "L2"),
        ("Snakemake now sees changed code for table, count/a", "L3"),
        ("snakemake --summary lists rule implementation changed: table", "L5"),
    ]


def reading(files: dict[str, LogTail]) -> Any:
    return lambda path: files.get(path, LogTail(path=path, problem="it does not exist"))


def test_logs_and_benchmarks_of_affected_jobs_are_quoted_with_file_and_line() -> None:
    log = LogTail(path="logs/cut/a.log", first_line=7, lines=("cut: begins", "cut: dull", ""))
    benchmark = LogTail(path="benchmarks/cut.txt", first_line=1, lines=("s\tmax_rss", "0.5\t3.1"))
    found = triage_of(flaky(), read=reading({one.path: one for one in (log, benchmark)}))
    first, second = found.excerpts[:2]
    assert (first.kind, first.path, first.line, first.text) == ("log", log.path, 8, "cut: dull")
    assert (second.line, second.text, second.figures) == (2, "0.5\t3.1", "s=0.5 max_rss=3.1")
    assert [one.problem for one in found.excerpts if one.path == "logs/cut/b.log"] == [
        "it does not exist"
    ]
    assert {one.job for one in found.excerpts} == {"cut sample=a", "cut sample=b", "cut sample=c"}


def test_an_overwritten_log_is_cited_by_the_journal_that_kept_its_lines() -> None:
    now = LogTail(path="logs/cut/a.log", first_line=1, lines=("cut: begins", "cut: done"))
    (found,) = triage_of(flaky(), read=reading({now.path: now})).incidents
    assert {one.kind for one in found.evidence} == {"journal"}
    assert "logs/cut/a.log:2: cut: no blade" in [one.quote for one in found.evidence]
    still = now.model_copy(update={"lines": ("cut: begins", "cut: no blade")})
    (found,) = triage_of(flaky(), read=reading({now.path: still})).incidents
    assert Citation("log", "logs/cut/a.log:2", "cut: no blade") in found.evidence


def test_affected_rules_without_a_log_or_benchmark_get_a_proposal() -> None:
    jobs = changed(a_workflow(WIDE), "cut", log=(), benchmark=None)
    (claim,) = triage_of(a_run(jobs, length_s=200), a_run()).missing_evidence
    assert claim.claim == (
        'rule cut has no log and no benchmark; add log: "logs/cut/{sample}.log" and '
        'benchmark: "benchmarks/cut/{sample}.txt"'
    )
    assert claim.evidence[0].kind == "journal"
    assert triage_of(a_run(changed(a_workflow(), "cut", log=())), a_run()).missing_evidence == ()


# -- the note ------------------------------------------------------------------------------------

UNCITED = ("a check that catches it", "would be wrong if:", "L1: ", "nothing to do", NONE_FOUND)
UNCITED += ("escalate: no detector", "snakemake-observe ")


@pytest.mark.parametrize(
    "found",
    [
        triage_of(*widened()),
        triage_of(flaky()),
        triage_of(a_run(), a_run()),
        triage_of(killed()),
        triage_of(logger_only()),
        triage_of(a_run(status="failed")),
    ],
)
def test_every_claim_of_a_note_has_a_citation(found: Triage) -> None:
    for _name, claims in found.note.named_fields():
        assert claims
        for claim in claims:
            assert claim.evidence or claim.text.startswith(UNCITED), claim.text


def test_a_symptom_that_no_detector_explains_is_escalated() -> None:
    found = triage_of(a_run(a_workflow("ab")), a_run())
    assert (found.symptoms[0].id, found.incidents) == ("fewer_jobs", ())
    assert found.note.next_action[0].text.startswith("escalate: no detector explains")


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def put(workdir: Path, name: str, story: Story) -> Path:
    return story.write(workdir / ".snakemake" / "observe" / f"{name}.jsonl")


@pytest.fixture
def incident(workdir: Path) -> Path:
    """Return the journal of a run in its working directory, with logs and benchmarks."""
    after, before = widened()
    put(workdir, "A", before)
    for job in after.run.jobs.values():
        for path, text in ((job.log, f"{job.rule}: done\n"), ((job.benchmark,), "s\tio\n1\t2\n")):
            for name in filter(None, path):
                (workdir / name).parent.mkdir(exist_ok=True)
                (workdir / name).write_text(text)
    return put(workdir, "B", after)


def answered(capsys: pytest.CaptureFixture[str], *words: Any) -> dict[str, Any]:
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
    answer = answered(capsys, incident, "--baseline", incident.with_name("A.jsonl"))
    assert resolve(answer, workdir) > 10
    assert answer["files"][0]["text"] == "cut: done"


def test_the_json_has_the_documented_keys(
    incident: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = answered(capsys, incident, "--baseline", incident.with_name("A.jsonl"))
    assert answer["schema_version"] == 1
    assert [list(finding) for finding in answer["findings"]] == [FINDING] * len(answer["findings"])
    assert answer["findings"][0]["incident_class"] == "discovery_widened"
    assert list(answer["note"]) == FIELDS
    assert all(isinstance(field, str) and field for field in answer["note"].values())


def test_a_baseline_is_found_if_none_is_named(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(workdir, "1", a_run(process_started=at(-1000)))
    put(workdir, "2", a_run())
    answer = answered(capsys)
    assert answer["journals"]["A"].endswith("1.jsonl")
    assert not any("baseline" in text for text in answer["missing"])


def test_a_dry_run_next_to_the_journal_is_found(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(workdir, "1", a_run(kind="dry_run", process_started=at(-1000)))
    put(workdir, "2", a_run(kind="dry_run", process_started=at(-900), snakefile="other"))
    put(workdir, "3", a_run())
    assert answered(capsys)["journals"]["P"].endswith("1.jsonl")


@pytest.mark.parametrize(
    ("story", "beginning"),
    [
        (a_run(), "no baseline"),
        (a_run(), "no journal of a dry run"),
        (a_run(), "the working directory was /work during the run"),
        (a_run(), "the journal is from another machine (login)"),
        (flaky(), "4 of 4 logs and benchmarks of the affected jobs could not be read"),
        (logger_only(), "recorded without --executor timed"),
        (killed(), "the run has not ended"),
    ],
)
def test_missing_evidence_is_named_with_its_consequence(
    workdir: Path, capsys: pytest.CaptureFixture[str], story: Story, beginning: str
) -> None:
    put(workdir, "1", story)
    (found,) = [text for text in answered(capsys)["missing"] if text.startswith(beginning)]
    assert ":" in found


def test_a_journal_outside_a_working_directory_reads_no_other_folder(
    tmp_path: Path, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder that it names may be anything; it is used only if it is the current directory."""
    for place, missing in ((tmp_path / "elsewhere", True), (workdir, False)):
        journal = flaky().write(tmp_path / "one.jsonl")
        text = journal.read_text().replace('"workdir":"/work"', f'"workdir":"{place}"')
        journal.write_text(text)
        found = answered(capsys, journal)["missing"]
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
    assert list(json.loads((workdir / "n.json").read_text())) == FIELDS


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
    journal = put(workdir, "B", story.end(60, "failed"))
    assert main(["triage", str(journal), "--save", str(tmp_path / "kept")]) == 0
    kept = sorted(path.name for path in (tmp_path / "kept" / "files" / "logs").iterdir())
    note = (tmp_path / "kept" / "note.md").read_text()
    assert kept == sorted(f"{one}.log" for one in set(re.findall(r"logs/(\d)\.log:1", note)))
    assert kept == ["1.log", "2.log", "3.log", "4.log", "5.log"]
    index = (tmp_path / "kept" / "INDEX.txt").read_text()
    assert "files/logs/5.log log cited in the note\n" in index
    capsys.readouterr()


def test_no_path_leads_out_of_the_working_directory(tmp_path: Path) -> None:
    folder = Workdir(tmp_path / "work")
    folder.root.mkdir()
    (folder.root / "in.txt").write_text("one\ntwo\n")
    (tmp_path / "out.txt").write_text("other\n")
    (folder.root / "link").symlink_to(tmp_path / "out.txt")
    assert folder.read("in.txt").lines == ("one", "two")
    for name in ("../out.txt", str(tmp_path / "out.txt"), "link", "", "a\0b"):
        assert folder.inside(name) is None
        assert folder.read(name).problem == "it is not in the workflow's folder"
    assert folder.there(["in.txt", "../out.txt", "gone"]) == {"in.txt"}
    assert folder.gone(["in.txt", "../none.txt", "gone", "in.txt/below"]) == {
        "gone",
        "in.txt/below",
    }


def test_files_that_another_run_wrote_are_not_evidence(tmp_path: Path) -> None:
    folder = Workdir(tmp_path, since=100.0, until=200.0)
    for name, written in (("before", 99), ("mine", 150), ("after", 200)):
        (tmp_path / name).write_text("text\n")
        os.utime(tmp_path / name, (written, written))
    assert folder.read("before").problem == "it was written before this run began"
    assert folder.read("mine").lines == ("text",)
    assert folder.read("after").problem == "it was written after the next run here began"
    assert folder.read("gone").problem == "it does not exist"
    assert folder.there(["mine", "after", "gone"]) == {"mine"}
    assert folder.gone(["mine", "after", "gone"]) == {"gone"}


def test_a_long_log_is_quoted_from_its_end_with_line_numbers(tmp_path: Path) -> None:
    (tmp_path / "long.log").write_bytes(b"x" * 99 + b"\n" + b"line\n" * 2_000_000 + b"the end\n")
    tail = Workdir(tmp_path).read("long.log")
    assert tail.first_line is not None
    assert tail.lines[-1] == "the end"
    assert tail.first_line + len(tail.lines) - 1 == 2_000_002


def test_without_a_journal_the_error_is_one_line(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["triage"]) == 2
    assert main(["triage", "--yes"]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_a_run_cannot_be_its_own_baseline(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(workdir, "1", chain())
    assert main(["triage", str(path), "--baseline", str(path)]) == 2
    assert "name another baseline" in capsys.readouterr().err


def test_paths_in_a_journal_that_leave_the_working_directory_are_not_read(
    workdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("no business of anyone's\n")
    story = begun(targets=("all",)).job(1, rule="cut", log=("../secret", str(tmp_path / "secret")))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story.attempt(1, known, status="failed", exit_code=1)
    put(workdir, "1", story.end(8, "failed"))
    answer = answered(capsys)
    assert "no business" not in json.dumps(answer)


# -- bad input -------------------------------------------------------------------------------------


@given(strategies.hostile_runs(), strategies.hostile_runs())
def test_triage_handles_any_run(run: Run, other: Run) -> None:
    before, after = (Party(one, one.status(), RunLengths((), ())) for one in (other, run))
    case = Case(run, run.status(), other, compare(before, after))
    paths = {"B": "b.jsonl", "A": "a.jsonl"}
    answer = TriageAnswer(Source(Path("b.jsonl"), run, run.status()), None, triage(case), (), paths)
    assert render(answer, width=60).endswith("\n")
    assert render_json(answer, width=60).endswith("\n")
    for suffix in (".md", ".json", ".txt"):
        assert render_note(answer, suffix).endswith("\n")


def test_a_note_of_a_tampered_journal_is_harmless_to_terminals_and_markdown() -> None:
    evil = "\x1b[2J<script>`rm`\u202e"
    story = begun(targets=(evil,)).job(1, rule=evil, wildcards={evil: evil}, log=(evil,))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    run = story.attempt(1, known, status="failed", message=evil).end(8, "failed").run
    source = Source(Path(evil), run, "failed")
    answer = TriageAnswer(source, None, triage(Case(run, "failed")), (evil,), {"B": evil})
    for suffix in (".md", ".txt"):
        text = render_note(answer, suffix)
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert re.search(r"(?<![\\`])<script>", render_note(answer, ".md").replace("`", "")) is None


def test_a_forced_dry_run_is_not_the_plan_of_an_unforced_run(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forced = a_run(kind="dry_run", process_started=at(500), settings={"forceall": True})
    put(workdir, "1", a_run())
    put(workdir, "2", forced)
    assert "P" not in answered(capsys)["journals"]
    put(workdir, "3", a_run(kind="dry_run", process_started=at(600)))
    assert answered(capsys)["journals"]["P"].endswith("3.jsonl")


def test_a_dry_run_is_not_its_own_plan(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(workdir, "1", a_run(kind="dry_run"))
    (journal,) = workdir.rglob("*.jsonl")
    assert "P" not in answered(capsys, journal)["journals"]


def test_a_note_cannot_go_to_stdout(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(workdir, "1", a_run())
    assert main(["triage", "--note", "-"]) == 2
    assert "--note needs the name of a file, not -" in capsys.readouterr().err
