"""Whatever a journal contains: each command that is printed has the arguments that were meant.

And nothing that people read, on a terminal, in a note, in saved evidence, in an error, contains a
character that a terminal obeys.
"""

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from answers import on_slurm, render, triage_answer
from builders import Story, chain, killed, retried
from failing import deterministic, every_job, many
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from strategies import hostile
from tampered import tampered, texts
from triaged import ONE, WIDE, timed, triage_of
from whys import many_causes
from workflows import a_job, a_run, a_workflow, changed

from snakemake_logger_plugin_observe import console
from snakemake_logger_plugin_observe.__main__ import main, parser
from snakemake_logger_plugin_observe.analysis.triage import cluster_jobs
from snakemake_logger_plugin_observe.commands.support.evidence_store import EvidenceStore
from snakemake_logger_plugin_observe.commands.support.known_incidents import known_incidents
from snakemake_logger_plugin_observe.pasting import harmless
from snakemake_logger_plugin_observe.reporters import json_document
from snakemake_logger_plugin_observe.reporters.documents import check_toml

PROGRAMS = (
    *("snakemake-observe", "snakemake", "squeue", "scancel", "bjobs", "bkill", "cd"),
    *("sha256sum", "md5sum", "sha1sum", "--groups"),
)
_LINE = re.compile(rf"({'|'.join(PROGRAMS)}) ")
_JOB_ID = re.compile(r"[0-9]+(_[0-9]+)?|[0-9]+\[[0-9]+\]")
_OURS = re.compile(
    r"[0-9]+|x0\.5|(jobs|cores)=1,2,4,8|incident\.md|evidence|DIR|input|code|params|rules"
)


def published() -> Story:
    """Return a run that succeeded, with a manifest of what it published."""
    jobs = [*a_workflow("ab")[:-1], a_job("sum", "out/all.sha256", "table")]
    return a_run(jobs, command=("snakemake", "--cores", "2", "--config", "depth=3"))


def left_on(scheduler: str) -> Story:
    """Return a run that was killed on this machine with jobs in flight in a cluster."""
    story = killed()
    here = {"wraps": scheduler, "host": socket.gethostname(), "pid": 2**30}
    story.events[0] = story.events[0].but(**here)
    return story


def left_on_slurm() -> Story:
    return left_on("slurm")


def left_on_lsf() -> Story:
    return left_on("lsf")


def slow_tool() -> Story:
    return timed(ONE | {"count": 200})


STORIES = (
    *(on_slurm, left_on_slurm, left_on_lsf, retried, deterministic, every_job, many, many_causes),
    *(published, slow_tool),
)


@dataclass
class Folder:
    """A working directory with a tampered journal, and what its commands may be about."""

    root: Path
    journal: str
    baseline: str
    values: frozenset[str]

    def meant(self, argument: str) -> bool:
        """Return whether an argument is one of ours, or a whole value of the journal."""
        known = argument in self.values or _OURS.fullmatch(argument) is not None
        rule, equals, number = argument.rpartition("=")
        return known or (bool(equals) and number.isdecimal() and rule in self.values)

    def check(self, line: str) -> None:
        """Check one printed command: what each of its arguments is, and that none became a flag."""
        program, *arguments = shlex.split(line, comments=True)
        if program == "snakemake-observe":
            given_ = vars(parser().parse_args(arguments))
            for name in set(given_) - {"command", "format", "sort"}:
                for one in self._plain(given_[name]):
                    assert self.meant(one) or self.is_file(one), (line, one)
        elif program in ("squeue", "scancel", "bjobs", "bkill"):
            ids = [one for one in arguments if one != "-j"]
            for one in [each for joined in ids for each in joined.split(",")]:
                assert _JOB_ID.fullmatch(one), line
                assert one in self.values, line
        elif program in ("cd", "sha256sum", "md5sum", "sha1sum"):
            (one,) = (one for one in arguments if one != "--check")
            assert not one.startswith("-")
            assert self.is_file(one) or self.is_part(one), (line, one)
        else:
            assert program in ("snakemake", "--groups")

    @staticmethod
    def _plain(value: Any) -> list[str]:
        if isinstance(value, bool | float | None):
            return []
        return [str(one) for one in (value if isinstance(value, list) else [value])]

    def is_file(self, argument: str) -> bool:
        """Return whether *argument* is the journal, its baseline, or the folder."""
        named = os.path.normpath(argument)
        stored = f".snakemake/observe/{self.journal}"
        files = (
            self.journal,
            stored,
            self.baseline,
            str(self.root),
            "c.toml",
            "new.toml",
            "observe.toml",
        )
        return named in {os.path.normpath(one) for one in files}

    def is_part(self, argument: str) -> bool:
        """Return whether *argument* is the folder or the name of one of the journal's files."""
        inside = argument.removeprefix(f"{self.root}/").removeprefix("./")
        return any(
            inside in (one, os.path.dirname(one), os.path.basename(one))
            or argument == os.path.join(self.root, os.path.dirname(one))
            for one in self.values
        )


# Bytes that are no UTF-8 reach Python as U+DC80 to U+DCFF; nothing reaches it as another surrogate.
_IN_A_COMMAND_LINE = re.compile("[^\0\ud800-\udc7f\udd00-\udfff]+")

names = hostile.map(lambda text: re.sub(r"[/\0\ud800-\udfff]", "", text)[:60]).filter(
    lambda name: name not in ("", ".", "..")
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Story, dict[str, str], str, str, int]:
    """Return a run, what stands in its journal instead, two file names, and a width."""
    story = draw(st.sampled_from(STORIES))()
    known = texts(story)
    chosen = draw(st.lists(st.sampled_from(known), max_size=12, unique=True))
    ids = st.sampled_from(
        ["12_3", "77[1]", "-u", "77 -u root", "7;id", "7\n", "*", "1,2", "\u0667"]
    )
    value = hostile | ids | st.sampled_from(["a/b.sha256", "-x/-y.md5", "out/`id`.sha1"])
    instead = {one: draw(value) for one in chosen}
    return story, instead, draw(names), draw(names), draw(st.sampled_from([60, 80, 100]))


def put(
    world: tuple[Story, dict[str, str], str, str, int], top: Path, monkeypatch: pytest.MonkeyPatch
) -> Folder:
    """Write the folder of *world*, and go into it."""
    story, instead, name, journal, width = world
    root = top / name
    kept = root / ".snakemake" / "observe"
    kept.mkdir(parents=True)
    (root / "Snakefile").write_text("")
    content = tampered(story, instead)
    (kept / f"{journal}.jsonl").write_bytes(content)
    (root / f"{journal}.jsonl").write_bytes(content)
    before = timed(ONE) if story.events[0].targets else chain()
    before.write(kept.parent / "A.jsonl")
    (root / "c.toml").write_text(
        "version = 1\n[max]\nmakespan_s = 1\nfailed_jobs = 0\njobs_planned = 0\n"
        '[publish]\nfiles = ["none/*"]\n'
    )
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", f"{width}")
    values = {instead.get(one, one) for one in texts(story)}
    return Folder(root, f"{journal}.jsonl", ".snakemake/A.jsonl", frozenset(values | {"table"}))


def commands_of(folder: Folder) -> Iterator[list[str]]:
    """Yield the arguments of our own command lines to try."""
    named = f"./{folder.journal}"
    yield from ([one, named] for one in ("cost", "jobs", "path", "why", "validate"))
    yield from (["jobs", named, flag] for flag in ("--failed", "--used"))
    yield ["path", named, "--explain"]
    yield ["why", named, "1"]
    yield ["whatif", named, "--poll", "5"]
    yield ["compare", folder.baseline, named]
    for suffix in ("md", "txt", "json"):
        yield ["triage", named, "--baseline", folder.baseline, "--note", f"note.{suffix}"]
    yield ["triage", "--save", "saved"]
    yield ["check", "c.toml", named, "--junit", "junit.xml"]
    yield ["check", "--init", "new.toml", named]
    yield ["runbook", named, "--out", "RUNBOOK.md"]
    yield ["runbook", "--out", "RUNBOOK-2.md"]
    for one in sorted(folder.values)[:3]:  # in errors
        if one and _IN_A_COMMAND_LINE.fullmatch(one):
            yield ["jobs", named, f"--rule={one}x"]
            yield ["why", named, f"{one}x"]
            yield ["cost", f"./no/{one}"]
            yield ["cost", named, f"--{one}"]
            yield ["check", f"./{one}x.toml", named]


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return what a command line prints on stdout and on stderr."""
    with contextlib.suppress(SystemExit):
        main(arguments)
    done = capsys.readouterr()
    return done.out, done.err


def is_shown_as_it_is(text: str, besides: str = "\n") -> bool:
    bad = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return not any(unicodedata.category(one) in bad for one in text if one not in besides)


READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PLAIN = frozenset(
    {
        *("inline", "text", "text_special", "code_inline", "fence", "softbreak", "hardbreak"),
        *("heading", "paragraph", "bullet_list", "list_item", "strong"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
)


def in_markdown(text: str) -> Iterator[str]:
    """Yield the commands in a document, which has no markup but its own."""
    for block in READER.parse(text):
        for one in (block, *(block.children or ())):
            assert re.sub("_(open|close)$", "", one.type) in PLAIN, one.type
            if one.type == "fence":
                assert one.info == "sh"
                yield from one.content.splitlines()
            elif one.type == "code_inline" and _LINE.match(one.content):
                yield one.content


def in_text(text: str) -> Iterator[str]:
    return (line.strip() for line in text.split("\n") if _LINE.match(line.strip()))


def in_json(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (command for one in value.values() for command in in_json(one))
    elif isinstance(value, list):
        yield from (command for one in value for command in in_json(one))
    elif isinstance(value, str) and _LINE.match(value) and "; " not in value:
        yield value


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(world=worlds(), data=st.data())
def test_every_printed_command_has_the_arguments_that_were_meant(
    world: tuple[Story, dict[str, str], str, str, int],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = put(world, tmp_path_factory.mktemp("world"), monkeypatch)
        questions = data.draw(st.permutations(list(commands_of(folder))))
        for arguments in questions[:5]:
            out, err = run(arguments, capsys)
            assert is_shown_as_it_is(out + err), arguments
            assert len(err.splitlines()) <= 1, err
            for line in in_text(out):
                if "  # " in line:
                    folder.check(line)
            if arguments[0] != "check" or "--junit" not in arguments:
                for line in in_json(as_json(arguments, capsys)):
                    folder.check(line)
        check_files(folder)


def as_json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the answer to a question that writes nothing, as JSON."""
    if {"--note", "--save", "--out", "--init"} & set(arguments):
        return {}
    out, err = run([*arguments, "--format", "json"], capsys)
    assert is_shown_as_it_is(out + err)
    return json.loads(out) if out else {}


def check_files(folder: Folder) -> None:
    """Check every file that was written for people."""
    for name in ("note.md", "RUNBOOK.md", "RUNBOOK-2.md", "saved/note.md"):
        if (path := folder.root / name).exists():
            text = path.read_text()
            assert is_shown_as_it_is(text)
            for line in in_markdown(text):
                folder.check(line)
    for name in ("note.txt", "note.json", "saved/INDEX.txt", "junit.xml", "new.toml"):
        if (path := folder.root / name).exists():
            assert is_shown_as_it_is(path.read_text())
    if (path := folder.root / "note.txt").exists():
        for line in in_text(path.read_text()):
            folder.check(line)
    if (path := folder.root / "note.json").exists():
        json.loads(path.read_text())
    if (path := folder.root / "junit.xml").exists():
        ET.parse(path)  # noqa: S314 - ours
    if (path := folder.root / "new.toml").exists():
        tomllib.loads(path.read_text())


# -- one hole each, as it was ------------------------------------------------------------------------

EVIL = "`touch gone`"


def stored(root: Path, story: Story, name: str = "1") -> Path:
    """Write a journal where Snakemake keeps it, in a folder with a Snakefile."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "Snakefile").write_text("")
    return story.write(root / ".snakemake" / "observe" / f"{name}.jsonl")


def pasted(lines: list[str], folder: Path) -> list[list[str]]:
    """Paste lines into a shell whose programs only record their arguments; return these."""
    programs, seen = folder / "programs", folder / "seen"
    programs.mkdir()
    for name in (*PROGRAMS, "touch"):
        if name not in ("cd", "--groups"):
            (programs / name).write_text(f'#!/bin/sh\nprintf "%s\\0" "${{0##*/}}" "$@" >>{seen}\n')
            (programs / name).chmod(0o700)
            with (programs / name).open("a") as file:
                file.write(f"printf '\\n' >>{seen}\n")
    subprocess.run(
        ["/bin/bash"], input="\n".join(lines), text=True, env={"PATH": str(programs)}, check=True
    )
    return [line.split("\0")[:-1] for line in seen.read_text().splitlines()]


def test_a_folder_s_name_in_a_markdown_note_executes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / EVIL
    journal = stored(work, deterministic())
    monkeypatch.chdir(tmp_path)
    run(["triage", str(journal), "--note", "note.md", "--save", "saved"], capsys)
    (line,) = in_markdown((tmp_path / "note.md").read_text())
    assert pasted([line], tmp_path) == [["snakemake-observe", "jobs", "--failed", str(journal)]]
    assert not (tmp_path / "gone").exists()


def test_a_folder_s_name_in_a_runbook_executes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / EVIL
    stored(work, published())
    monkeypatch.chdir(tmp_path)
    run(["runbook", EVIL, "--out", "RUNBOOK.md"], capsys)
    lines = list(in_markdown((tmp_path / "RUNBOOK.md").read_text()))
    ran = pasted([line for line in lines if not line.startswith("cd ")], tmp_path)
    assert not [one for one in ran if one[0] == "touch"]
    assert f"cd '{work}'" in lines
    asked = [one for one in ran if one[0] == "snakemake"]
    assert [one[one.index("--directory") + 1] for one in asked] == [str(work)] * len(asked)
    assert asked


@pytest.mark.parametrize("planted", ["-u root", "77 --user=root", "77;id", "-", "*", "77\n78", ""])
@pytest.mark.parametrize("scheduler", ["slurm", "lsf", "sge", "pbs", "htcondor"])
def test_a_planted_id_is_in_no_command(scheduler: str, planted: str) -> None:
    assert cluster_jobs.commands(scheduler, [planted]) == ()
    shown, cancel = cluster_jobs.commands(scheduler, ["77", planted])
    assert str(cancel).endswith(" 77")
    assert str(shown).endswith(" 77")


def test_each_scheduler_s_own_ids_are_offered() -> None:
    def cancel(scheduler: str, *ids: str) -> str:
        return str(cluster_jobs.commands(scheduler, ids)[1])

    assert cancel("slurm", "77", "78_3", "79+1") == "scancel 77 78_3 79+1"
    assert cancel("lsf", "77", "78[3]") == "bkill 77 '78[3]'"
    assert cancel("sge", "77", "78.3") == "qdel 77 78.3"
    assert cancel("pbs", "77.head-1.site", "78[].head", "79[3]") == (
        "qdel 77.head-1.site '78[].head' '79[3]'"
    )
    assert cancel("htcondor", "77.0") == "condor_rm 77.0"
    assert cluster_jobs.commands("kubernetes", ["77"]) == ()


def test_a_job_with_a_planted_id_is_named_without_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = tampered(left_on("slurm"), {"77": "-u root"})
    monkeypatch.chdir(tmp_path)
    Path("1.jsonl").write_bytes(content)
    out, _ = run(["triage", "1.jsonl"], capsys)
    assert "ask the scheduler for your jobs" in " ".join(out.split())  # it is the id of none
    assert "scancel" not in out
    assert "squeue -j" not in out


LINK = "\x1b]8;;https://elsewhere\x1b\\here\x1b]8;;\x1b\\"


def test_an_index_of_saved_evidence_is_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    story = deterministic()
    content = tampered(story, {one: f"{one}{LINK}\n\u202e" for one in texts(story)})
    journal = tmp_path / f"a\nb{LINK.replace('/', '')}" / "1.jsonl"
    journal.parent.mkdir()
    journal.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    run(["triage", str(journal), "--save", "saved"], capsys)
    text = Path("saved/INDEX.txt").read_text()
    assert is_shown_as_it_is(text)
    assert text.startswith(f"journals/B.jsonl journal B: {tmp_path}/a\\nb\\x1b]8;;")
    assert Path("saved/journals/B.jsonl").read_bytes() == content  # evidence is copied as it is


def test_what_a_live_snakemake_printed_is_saved_as_text(tmp_path: Path) -> None:
    store = EvidenceStore.new(tmp_path / "saved")
    store.text("commands/L1.txt", f"out\t{LINK}\nnext\r\n")
    text = (tmp_path / "saved/commands/L1.txt").read_text()
    assert text == f"out\t{harmless(LINK)}\nnext\\r\n"


def test_names_are_no_html_and_no_links_in_notes_and_runbooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not those of a journal, and not those of a note that lies in the folder."""
    evil = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) | ```"
    story = published()
    stored(tmp_path / "work", story).write_bytes(
        tampered(story, {"cut": evil, "count": evil, "all": evil})
    )
    fields = {"incident_class": evil, "next_action": evil}
    (tmp_path / "work" / "note.json").write_text(json.dumps(fields))
    (tmp_path / "work" / "note.md").write_text(
        f"# Incident in run 1\n\n- **incident class**: {evil}\n- **next action**: {evil}\n"
    )
    monkeypatch.chdir(tmp_path)
    run(["runbook", "work", "--out", "RUNBOOK.md"], capsys)
    run(["triage", "work", "--note", "note.md"], capsys)
    for name in ("RUNBOOK.md", "note.md"):
        list(in_markdown(Path(name).read_text()))
    assert Path("RUNBOOK.md").read_text().count("next: \\<img") == 1  # the other one is the same


def test_a_note_that_never_closes_its_brackets_is_read_in_no_time(tmp_path: Path) -> None:
    text = "# Incident in run 1\n\n- **incident class**: {0}\n- **next action**: {0}\n"
    (tmp_path / "a.md").write_text(text.format("[" * 120_000))
    (tmp_path / "b.md").write_text(text.format("".join(f"{'`' * n} " for n in range(1, 480))))
    assert len(list(known_incidents(tmp_path))) == 2


def test_a_line_proposed_for_a_snakefile_has_a_rule_s_name_as_its_text() -> None:
    rule = 'a", shell="touch gone'
    wide = [{**one, "rule": rule} if one["rule"] == "cut" else one for one in a_workflow(WIDE)]
    jobs = changed(wide, rule, log=(), benchmark=None)
    (claim,) = triage_of(a_run(jobs, length_s=200), a_run()).missing_evidence
    assert 'log: "logs/a\\", shell=\\"touch gone/{sample}.log"' in claim.claim


@pytest.mark.parametrize(
    "arguments",
    [
        ["cost", f"no{LINK}\nline"],
        ["cost", f"--{LINK}"],
        ["jobs", "1.jsonl", "--rule", f"{LINK}\u202e"],
        ["jobs", "1.jsonl", "--status", LINK],
        ["why", f"{LINK}\n", "1.jsonl"],
        ["whatif", "1.jsonl", "--group", LINK],
        ["check", f"{LINK}.toml", "1.jsonl"],
        ["triage", "1.jsonl", "--note", f"1.jsonl/{LINK}"],
        [f"{LINK}\udcff"],
    ],
)
def test_an_error_is_one_line_that_is_text(tmp_path: Path, arguments: list[str]) -> None:
    """Also with a name that is not UTF-8; each is a process of its own."""
    chain().write(tmp_path / "1.jsonl")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake_logger_plugin_observe", *arguments],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    text = done.stderr.decode()
    assert done.returncode == 2
    assert len(text.splitlines()) == 1
    assert is_shown_as_it_is(text)


def test_a_warning_on_the_console_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    console.warn(f"no journal in {LINK}\n\u202e")
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert is_shown_as_it_is(text)


@given(text=hostile)
def test_json_is_ascii_and_gives_back_the_text(text: str) -> None:
    document = json_document.dumps({"a": text, text: [text]})
    assert document.isascii()
    assert is_shown_as_it_is(document)
    assert json.loads(document) == {"a": text, text: [text]}


@given(names=st.lists(hostile, max_size=4))
def test_a_check_file_gives_back_the_names_of_files(names: list[str]) -> None:
    text = check_toml.render(LINK, [], names)
    assert is_shown_as_it_is(text)
    kept = [one for one in names if not re.search("[\ud800-\udfff]", one)]
    assert tomllib.loads(text)["publish"].get("files", []) == kept


def test_a_command_is_on_one_line_at_every_width() -> None:
    for width in (20, 60, 80, 100):
        text = render(triage_answer(timed(ONE | {"count": 200}), timed(ONE)), width)
        lines = [line for line in text.splitlines() if line.startswith("snakemake-observe")]
        assert [line.partition("  # ")[2] for line in lines] == [
            "confirms it",
            "the predicted gain",
            "write a note, save the evidence",
        ]


@pytest.mark.parametrize("story", [many, deterministic, on_slurm])
def test_text_that_is_wrapped_does_not_look_like_a_command(
    story: Callable[[], Story],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name that fills a line puts what follows it at the beginning of the next one."""
    monkeypatch.chdir(tmp_path)
    made = story()
    for name in (f"{'x' * 120} scancel -u root  # cancels them", "scancel -u root  # cancels them"):
        Path("1.jsonl").write_bytes(tampered(made, {one: f"{name} {one}" for one in texts(made)}))
        for width in (60, 80, 100):
            monkeypatch.setenv("COLUMNS", f"{width}")
            for arguments in (["cost"], ["jobs", "--failed"], ["path"], ["why"], ["triage"]):
                out, _ = run([*arguments, "1.jsonl"], capsys)
                assert not [line for line in out.splitlines() if line.startswith("scancel")]
        Path("note.txt").unlink(missing_ok=True)
        run(["triage", "1.jsonl", "--note", "note.txt"], capsys)
        told = [line.strip() for line in Path("note.txt").read_text().splitlines()]
        assert not [line for line in told if line.startswith("scancel")]


def test_the_table_of_what_was_tried_names_these_tests() -> None:
    page = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text()
    section = page.partition("## What is printed to be pasted\n")[2].partition("\n## ")[0]
    named = set(re.findall("`(test_[a-z0-9_]+)`", section))
    assert named
    assert named <= set(globals())
