"""Both sides of a comparison: runs that did not succeed, plans, folders, files that are no journals."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from lab import Lab
from pairs import FILES, PLAIN, SUMS, WORKFLOW, Bench, changed, findings_of, verdict
from snakefiles import CHECKPOINTED, NARROW, WIDE

SAME = "the same work (outputs' checksums equal)"
CORES = ("--cores", "2")


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("sides"))


@pytest.fixture(scope="module")
def whole(bench: Bench) -> Path:
    return bench.run()


# -- runs that did not succeed -------------------------------------------------------------------


def test_a_run_that_had_nothing_to_do_left_the_outputs_of_the_one_before(bench: Bench) -> None:
    lab = bench.folder()
    first = lab.new_run(*SUMS, *CORES)
    second = lab.new_run(*SUMS, *CORES)
    answer = bench.compare(first, second)
    assert answer["verdict"] == (
        "B had nothing to do: all 9 jobs were up to date; its outputs' checksums are those of A"
    )
    assert (answer["same_work"], answer["speed"]["verdict"]) == (True, None)
    assert answer["findings"] == []


def test_a_run_that_found_most_up_to_date_did_the_same_work(bench: Bench) -> None:
    lab = bench.folder()
    first = lab.new_run(*SUMS, *CORES)
    (lab.folder / "published" / "report.txt").unlink()
    second = lab.new_run(*SUMS, *CORES)
    answer = bench.compare(first, second)
    assert answer["verdict"] == f"{SAME}; B ran 2 of 9 jobs, A 9 of 9"
    assert (answer["same_work"], answer["checked"], answer["findings"]) == (True, "contents", [])
    assert answer["speed"]["why_not"] == "B ran 2 of 9 jobs, A 9 of 9"
    assert (answer["speed"]["tools"]["ran"], answer["speed"]["tools"]["jobs"]) == (2, 2)


def test_published_files_of_one_folder_are_not_compared_with_a_note(bench: Bench) -> None:
    lab = bench.folder()
    first, second = (lab.new_run(*SUMS, *CORES, "--forceall") for _ in range(2))
    check = lab.folder / "observe.toml"
    check.write_text('version = 1\n[publish]\nfiles = ["published/*"]\n')
    words = ("compare", str(first), str(second), "--publish", str(check), "--format", "json")
    answered = lab.observe(*words)
    assert answered.returncode == 0, answered.stderr
    (note,) = json.loads(answered.stdout)["notes"]
    assert note.startswith(
        f"published files were not compared: A and B ran in the same folder, {lab.folder}"
    )


def test_a_failed_run_is_not_comparable_and_has_no_unsafe_finding(
    bench: Bench, whole: Path
) -> None:
    failing = changed(WORKFLOW, ("wc -l < {input}", "false; wc -l < {input}"))
    answer = bench.compare(whole, bench.run(failing, check=False))
    assert answer["verdict"] == "not comparable, because B failed"
    assert answer["same_work"] is None
    assert "unsafe outputs_not_made" not in findings_of(answer)
    back = bench.compare(Path(answer["journals"]["B"]), whole)
    assert back["verdict"] == "not comparable, because A failed"


def test_a_run_that_was_killed_is_not_comparable(bench: Bench, whole: Path) -> None:
    lab = bench.folder()
    words = lab.command(*SUMS, *CORES)
    process = subprocess.Popen(
        words,
        cwd=lab.folder,
        env=lab.environment(NAP="600"),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while '"rule":"work"' not in "".join(path.read_text() for path in lab.journals):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (journal,) = lab.journals
    answer = bench.compare(whole, journal)
    assert answer["verdict"] == "not comparable, because B was killed"
    assert (answer["same_work"], answer["speed"]["verdict"]) == (None, None)
    assert {finding["kind"] for finding in answer["findings"]} <= {"neutral", "safe"}


def test_different_workflows_have_no_job_in_common(bench: Bench, whole: Path) -> None:
    other = "rule x:\n    output: 'x.txt'\n    shell: 'echo x > {output}'\n"
    answer = bench.compare(whole, bench.run(other))
    assert answer["verdict"] == "not comparable, because they have no job in common"
    assert answer["same_work"] is None


def test_fewer_targets_did_less(bench: Bench, whole: Path) -> None:
    answer = bench.compare(whole, bench.run(WORKFLOW, "published/report.txt"))
    assert (verdict(answer), answer["same_work"]) == ("did less", False)
    assert "unsafe outputs_not_made" in findings_of(answer)


# -- plans ---------------------------------------------------------------------------------------


def planned(bench: Bench, text: str, files: dict[str, str]) -> Path:
    lab = bench.folder(text, files)
    return lab.new_run(*PLAIN, *CORES, "--dry-run")


@pytest.mark.parametrize("text", [WORKFLOW, CHECKPOINTED], ids=["glob", "checkpoint"])
def test_a_run_that_ran_its_plan_is_the_same_work(text: str, bench: Bench) -> None:
    answer = bench.compare(planned(bench, text, NARROW), bench.run(text))
    assert answer["verdict"] == "as planned, the same plan (contents unchecked)"
    assert (answer["same_work"], answer["checked"]) == (True, "plan")
    assert {finding["kind"] for finding in answer["findings"]} <= {"neutral", "safe"}


def test_less_ran_than_was_planned(bench: Bench, whole: Path) -> None:
    answer = bench.compare(planned(bench, WORKFLOW, WIDE), whole)
    assert (answer["verdict"], answer["same_work"]) == ("less than planned", False)
    assert "unsafe discovery_narrowed" in findings_of(answer)


def test_more_ran_than_was_planned(bench: Bench) -> None:
    answer = bench.compare(planned(bench, WORKFLOW, NARROW), bench.run(files=WIDE))
    assert (answer["verdict"], answer["same_work"]) == ("more than planned", False)
    assert "neutral discovery_widened" in findings_of(answer)


# -- the command line ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def five(bench: Bench) -> Lab:
    """A folder with five runs of the same work; the newest has no benchmarks."""
    lab = bench.folder()
    for _ in range(4):
        lab.new_run(*SUMS, *CORES, "--forceall")
    (lab.folder / "Snakefile").write_text(
        changed(WORKFLOW, ('    benchmark: "benchmarks/work/{sample}.tsv"\n', ""))
    )
    lab.new_run(*SUMS, *CORES, "--forceall")
    return lab


def test_without_arguments_the_newest_run_is_compared_with_the_one_before_it(five: Lab) -> None:
    done = five.observe("compare", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert [Path(answer["journals"][side]).name for side in "AB"] == [
        journal.name for journal in five.journals[-2:]
    ]
    assert findings_of(answer) == ["neutral setting_changed", "unsafe benchmark_removed"]
    assert answer["speed"]["runs"] == {"baseline": 4, "candidate": 1}


def test_with_one_argument_the_newest_run_is_compared_with_it(five: Lab) -> None:
    first = str(five.journals[0].relative_to(five.folder))
    answer = json.loads(five.observe("compare", first, "--format", "json").stdout)
    assert answer["journals"]["A"] == first
    assert Path(answer["journals"]["B"]).name == five.journals[-1].name


def test_strict_exits_with_one_unless_it_is_the_same_work(five: Lab) -> None:
    first, second, *_, last = map(str, five.journals)
    assert five.observe("compare", "--strict").returncode == 1
    assert five.observe("compare", first, last, "--strict").returncode == 1
    assert five.observe("compare", first, second, "--strict").returncode == 0
    assert five.observe("compare", first, last).returncode == 0


def test_a_folder_of_journals_stands_for_its_runs(five: Lab, tmp_path: Path) -> None:
    for name, journals in (("old", five.journals[:2]), ("new", five.journals[2:4])):
        (tmp_path / name).mkdir()
        for journal in journals:
            (tmp_path / name / journal.name).write_bytes(journal.read_bytes())
    (tmp_path / "new" / "copy.jsonl").write_bytes(journals[0].read_bytes())
    answer = json.loads(Lab(tmp_path).observe("compare", "old", "new", "--format", "json").stdout)
    assert answer["speed"]["runs"] == {"baseline": 2, "candidate": 2}
    assert [note.partition(";")[0] for note in answer["notes"]] == ["new: 2 of 3 journals count"]
    assert answer["findings"] == []
    assert verdict(answer) == SAME


@pytest.mark.parametrize(
    "content",
    [b"", b"no journal\n", b"\x00\xff" * 1000, b"{}\n", b'{"event": "job"}\n', b"[" * 10_000],
    ids=["empty", "text", "binary", "an object", "no first event", "brackets"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_file_that_is_not_a_journal_is_refused_in_one_line(
    content: bytes, place: int, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "no.jsonl").write_bytes(content)
    sides = [str(whole), str(whole)]
    sides[place] = "no.jsonl"
    done = Lab(tmp_path).observe("compare", *sides)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("snakemake-observe: no.jsonl")
    assert done.stderr.count("\n") == 1


def test_a_newer_schema_is_refused_and_an_unknown_field_is_not(whole: Path, tmp_path: Path) -> None:
    first, _, rest = whole.read_text().partition("\n")
    event = json.loads(first)
    for name, more in (("newer", {"schema_version": 99}), ("minor", {"invented": 1})):
        (tmp_path / f"{name}.jsonl").write_text(f"{json.dumps({**event, **more})}\n{rest}")
    refused = Lab(tmp_path).observe("compare", str(whole), "newer.jsonl")
    assert refused.returncode == 2
    assert "schema version 99 is newer" in refused.stderr
    read = Lab(tmp_path).observe("compare", str(whole), "minor.jsonl", "--format", "json")
    assert json.loads(read.stdout)["verdict"] == "A and B are the same run"


@pytest.mark.parametrize("sides", [(), ("missing.jsonl",), (".",), ("missing.jsonl", "no.jsonl")])
def test_missing_journals_give_one_line_with_a_suggestion(
    sides: tuple[str, ...], tmp_path: Path
) -> None:
    done = Lab(tmp_path).observe("compare", *sides)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_lone_run_has_no_baseline(bench: Bench, whole: Path) -> None:
    lab = Lab(whole.parents[2])
    done = lab.observe("compare")
    assert done.returncode == 2
    assert done.stderr.endswith("name a baseline\n")
    done = lab.observe("compare", str(whole))
    assert done.returncode == 2
    assert "is the newest run here; name a run to compare it with" in done.stderr


def test_terminal_escapes_in_names_and_commands_are_escaped(bench: Bench) -> None:
    escapes = (
        "rule x:\n    output: 'a\\x1b[31m.txt'\n    shell: 'echo \"\\x1b[31m\" > {output:q}'\n"
    )
    before, after = bench.run(escapes), bench.run(escapes.replace('[31m"', '[32m"'))
    done = Lab(bench.root).observe("compare", str(before), str(after))
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "contents" in done.stdout or "code of x changed" in done.stdout


def test_files_that_no_run_reads_change_nothing(bench: Bench, whole: Path) -> None:
    answer = bench.compare(whole, bench.run(files={**FILES, "notes.md": "x"}))
    assert findings_of(answer) == []
    assert (verdict(answer), answer["same_work"]) == (SAME, True)
