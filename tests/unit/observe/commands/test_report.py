"""``report`` on the command line: what is written, for whom, and what is left out."""

import base64
import hashlib
import json
import re
import stat
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from answers import FAILING, STORIES, with_escapes
from builders import Story, begun, chain, killed, on_cluster, stamps
from pages import data_of, write_page
from whys import up_to_date

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.analysis.advice import advice
from snakemake_logger_plugin_observe.commands.support import triage_case, why_answer
from snakemake_logger_plugin_observe.journal.records import Usage
from snakemake_logger_plugin_observe.reporters.page import sections

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'


def page_of(story: Story, folder: Path, *options: str) -> str:
    return write_page(story.write(folder / "run.jsonl"), *options).read_text()


class Elements(HTMLParser):
    """The elements of a page with their attributes, and what is in its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def hostile() -> Story:
    """Return a run with markup in every name that a workflow or a cluster gives."""
    story = Story(snakefile=HOSTILE, tags={HOSTILE: HOSTILE}).plan(2, 3)
    story.job(1, rule=HOSTILE, wildcards={HOSTILE: HOSTILE}, shellcmd=HOSTILE, log=(HOSTILE,))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story.attempt(1, known, status="failed", external_jobid=HOSTILE, message=HOSTILE, node=HOSTILE)
    return story.message(8, HOSTILE, kind="unobserved").end(9, status="failed")


@pytest.mark.parametrize("name", [*STORIES, *FAILING])
def test_every_kind_of_run_has_a_page(name: str, tmp_path: Path) -> None:
    page = page_of({**STORIES, **FAILING}[name](), tmp_path)
    assert page.startswith("<!doctype html>")
    assert data_of(page)["attempts"]["count"] >= 0


def test_the_page_says_what_cost_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = page_of(on_cluster(4, poll_s=30), tmp_path)
    capsys.readouterr()
    assert main(["cost", str(tmp_path / "run.jsonl")]) == 0
    lines = capsys.readouterr().out.split("\n\n")[1].split("What to change: ")
    said = " ".join(text_of(page).split())
    for sentence in lines:
        assert " ".join(sentence.split()) in said


def test_only_its_own_script_and_styles_may_run_and_nothing_is_fetched(tmp_path: Path) -> None:
    page = page_of(hostile(), tmp_path)
    elements = Elements(page).found
    (policy,) = (a["content"] for tag, a in elements if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    for kind, text in (
        ("script", page.rsplit("<script>", 1)[1].split("</script>", 1)[0]),
        ("style", page.split("<style>", 1)[1].split("</style>", 1)[0]),
    ):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    for tag, attributes in elements:
        assert tag not in {"img", "iframe", "link", "object", "embed", "base", "form"}
        assert not {"src", "style", "srcset", "action"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#").startswith("#")
    assert sum(tag == "script" for tag, _ in elements) == 2


def test_names_stay_text(tmp_path: Path) -> None:
    page = page_of(hostile(), tmp_path)
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert HOSTILE not in page
    assert data_of(page)["attempts"]["rules"] == [HOSTILE]


def test_control_characters_are_escaped(tmp_path: Path) -> None:
    page = page_of(with_escapes(), tmp_path)
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_only_the_user_can_read_it_and_it_is_kept_unless_forced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal, out = chain().write(tmp_path / "run.jsonl"), tmp_path / "new" / "page.html"
    assert main(["report", str(journal), "-o", str(out)]) == 0
    assert f"Wrote {out} (" in capsys.readouterr().out
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    out.write_text("mine")
    assert main(["report", str(journal), "-o", str(out)]) == 2
    assert "already exists; not overwritten. --force replaces it" in (capsys.readouterr().err)
    assert out.read_text() == "mine"
    assert main(["report", str(journal), "-o", str(out), "--force"]) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [one.name for one in out.parent.iterdir()] == ["page.html"]


def test_json_names_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal, out = chain().write(tmp_path / "run.jsonl"), tmp_path / "page.html"
    assert main(["report", str(journal), "-o", str(out), "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["page"], answer["bytes"]) == (str(out), out.stat().st_size)


def text_of(page: str) -> str:
    """Return a page without its markup."""
    return re.sub(r"<[^>]+>", "", unescape(page))


def secrets(word: str = "sesame") -> Story:
    """Return a run that failed, with a log, a command, and a message that quotes both."""
    story = Story(command=("snakemake", "--config", f"{word}=1")).plan(2, 3)
    story.job(1, rule="map", shellcmd=f"map --{word}", params=(f"p='{word}'",), log=("map.log",))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    log = {"path": "map.log", "bytes": 20, "first_line": 1, "lines": ("Error: abracadabra",)}
    story.attempt(
        1, known, status="failed", exit_code=1, message=f"map --{word}: abracadabra", logs=(log,)
    )
    return story.message(8, f"abracadabra {word}", level="error").end(9, status="failed")


def test_a_page_shows_logs_and_commands_unless_told_not_to(tmp_path: Path) -> None:
    page = page_of(secrets(), tmp_path)
    assert "abracadabra" in page
    assert "sesame" in page
    without_logs = page_of(secrets(), tmp_path, "--no-logs")
    assert "abracadabra" not in without_logs
    assert "made with --no-logs" in text_of(without_logs)
    without_commands = page_of(secrets(), tmp_path, "--no-commands")
    assert "sesame" not in without_commands
    assert "made with --no-commands" in text_of(without_commands)
    assert "Error: abracadabra" in without_commands


@pytest.mark.parametrize("content", ["", "no journal\n", '{"event":"run_started"'])
def test_what_is_no_journal_is_named_on_one_line(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "run.jsonl"
    journal.write_text(content)
    assert main(["report", str(journal), "-o", str(tmp_path / "page.html")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


def test_a_journal_cut_off_anywhere_has_a_page(tmp_path: Path) -> None:
    whole = chain().write(tmp_path / "whole.jsonl").read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole), max(1, (len(whole) - first) // 12)):
        journal = tmp_path / "run.jsonl"
        journal.write_bytes(whole[:end])
        write_page(journal)


def test_a_run_without_an_end_has_bounds_and_no_shares(tmp_path: Path) -> None:
    page = page_of(killed(), tmp_path)
    attempts = data_of(page)["attempts"]
    assert attempts["statuses"] == ["success", "in flight"]
    assert data_of(page)["ended"] is False
    assert "path so far" in page
    assert "actual path" not in page.split("<script>")[0]
    assert " % of the run" not in text_of(page.split("<script>")[0])


def test_where_no_request_is_recorded_the_use_is_shown(tmp_path: Path) -> None:
    used = {"peak_rss_bytes": 95_000_000, "peak_rss_bound_bytes": 95_000_000}
    page = text_of(page_of(on_cluster(2, tool_s=4, used=Usage(**used)), tmp_path))
    requested = page.split("Requested and used", 1)[1].split("Of the jobs that", 1)[0]
    assert "≥ 95 MB no request recorded" in requested
    assert "cores: busy of threads" not in requested


def test_a_run_of_any_size_has_why_and_triage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advice, "MOST_JOBS", 2)
    monkeypatch.setattr(why_answer, "last_success", None)  # neither is asked for
    monkeypatch.setattr(triage_case, "baseline_side", None)
    page = text_of(page_of(on_cluster(4, poll_s=30), tmp_path))
    assert "Why it ran" in page
    assert "Findings" in page
    assert "What costs the run most" not in page
    assert "snakemake-observe path --savings shows it" in page
    assert "no other run was looked at" in page
    assert "no other run is looked at; snakemake-observe why and triage show" in page


def test_of_very_many_findings_the_first_are_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "MOST_FINDINGS", 2)
    page = page_of(FAILING["many"](), tmp_path)
    shown = page.count('<article class="finding">')
    (more,) = re.findall(r"(\d+) more are not on the page; snakemake-observe triage", page)
    assert (shown, int(more) > 0) == (2, True)


def test_the_middle_of_a_very_long_text_is_left_out(tmp_path: Path) -> None:
    story = Story(snakefile="M" * 100_000).plan(2, 3).end(4)
    page = page_of(story, tmp_path)
    assert f"{'M' * 1_500} … (98,100 characters left out) … {'M' * 400}</dd>" in page


@pytest.mark.parametrize("story", [up_to_date, chain])
def test_for_a_page_to_send_no_other_run_is_looked_at(
    story: Callable[[], Story], tmp_path: Path
) -> None:
    before = Story(command=("sesame",)).plan(1, 2).job(1, shellcmd="sesame", output=("sesame",))
    before.quick(1, 2, 2, 3).end(4).write(tmp_path / "0.jsonl")
    page = page_of(story(), tmp_path, "--no-commands")
    assert "no other run was looked at" in page
    assert "sesame" not in page


# -- two runs --------------------------------------------------------------------------------------


def pair_of(before: Story, after: Story, folder: Path, *options: str) -> str:
    journals = [
        str(story.write(folder / f"{name}.jsonl")) for name, story in (("a", before), ("b", after))
    ]
    out = folder / "pair.html"
    assert main(["report", *journals, "-o", str(out), "--force", *options]) == 0
    return out.read_text()


def test_two_runs_have_one_unit_of_time_and_the_verdict_of_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = pair_of(on_cluster(4, poll_s=30), on_cluster(4, poll_s=2), tmp_path)
    sides = data_of(page)["sides"]
    assert data_of(page)["end"] == max(one["end"] for one in sides)
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]) == 0
    verdict = capsys.readouterr().out.splitlines()[0]
    assert verdict in unescape(page)


@pytest.mark.parametrize("name", [*STORIES, *FAILING])
def test_any_two_runs_have_a_page(name: str, tmp_path: Path) -> None:
    story = {**STORIES, **FAILING}[name]
    assert len(data_of(pair_of(chain(), story(), tmp_path))["sides"]) == 2


def test_nothing_is_less_in_a_run_that_was_killed_and_nothing_has_a_share(tmp_path: Path) -> None:
    page = pair_of(on_cluster(4, poll_s=30), killed(), tmp_path)
    moved = page.split('id="moved"', 1)[1].split("</table>", 1)[0]
    assert "% of the longer" not in moved
    assert "B so far, s" in moved
    assert "A s" in moved
    assert "−" not in moved.split("</thead>")[1]
    assert "not said to be less" in page
    assert "<b>B</b> ≥ 20.0 s" in page


def test_no_bar_of_what_moved_is_longer_than_its_half(tmp_path: Path) -> None:
    before = begun().job(1).phase("plan", 3, 9).quick(1, 9, 9, 10).end(11)
    after = begun().job(1).phase("hooks", 3, 9).quick(1, 9, 9, 10).end(11)
    moved = pair_of(before, after, tmp_path).split('id="moved"', 1)[1].split("</table>", 1)[0]
    bars = re.findall(r'class="f-\w+" x="([\d.-]+)" width="([\d.]+)"', moved)
    assert max(float(width) for _, width in bars) == 50
    assert all(0 <= float(x) <= 50 for x, _ in bars)


def test_commands_are_left_out_of_both_runs(tmp_path: Path) -> None:
    assert "sesame" in pair_of(secrets("open"), secrets(), tmp_path)
    assert "sesame" not in pair_of(secrets("open"), secrets(), tmp_path, "--no-commands")


def test_more_than_two_runs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = str(chain().write(tmp_path / "run.jsonl"))
    assert main(["report", *[journal] * 3, "-o", str(tmp_path / "page.html")]) == 2
    assert "name one run, or two" in capsys.readouterr().err
