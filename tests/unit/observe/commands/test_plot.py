"""``plot`` on the command line: what is drawn, for whom, and what is said where nothing can be."""

import json
import re
import stat
import sys
from pathlib import Path

import pytest
from answers import FAILING, STORIES, with_escapes
from builders import Story, begun, chain, killed, on_cluster, stamps
from plotted import SVG, draw, drawing, parsed, texts_in

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.commands import plot
from snakemake_logger_plugin_observe.reporters.plots import PICTURES
from snakemake_logger_plugin_observe.reporters.plots.asked import NothingToDrawError
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.sheet import sheet

HOSTILE = (
    "</text><script>alert(1)</script>",
    "a.b[0]",
    "datum.x || signal('width')",
    '{"expr": "1+1"}',
    "\\u003cb\\u003e ${1} &amp; ]]>",
)
REFUSED = re.compile("nothing to draw|nobody knows how long|cannot be told")
OF_ONE_RUN = ["timeline", "partition", "concurrency", "rules", "whatif-sweep"]


def hostile() -> Story:
    """Return a run whose rules have names that are something else elsewhere."""
    story = Story(snakefile=HOSTILE[0], tags={HOSTILE[0]: HOSTILE[1]}).plan(2, 3)
    for number, rule in enumerate(HOSTILE):
        story.job(number, rule=rule).quick(number, 3, 4, 8 + number)
    return story.end(20)


def spec_or_why(what: str, journal: Path) -> str:
    """Return a picture's specification, or why there is none."""
    try:
        return json.dumps(sheet(drawing(what, journal), Paint()), allow_nan=False)
    except NothingToDrawError as why:
        return str(why)


def no_job() -> Story:
    return begun(kind="dry_run").end(3)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return on_cluster(4, poll_s=30).write(tmp_path / "run.jsonl")


@pytest.mark.parametrize("what", OF_ONE_RUN)
def test_a_picture_is_an_svg_that_says_what_it_shows_of_which_run(
    what: str, journal: Path, tmp_path: Path
) -> None:
    root = parsed(draw(tmp_path / "x.svg", what, str(journal)))
    title, alt = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert title is not None
    assert alt is not None
    assert root.get("role") == "img"
    assert alt.text is not None
    assert alt.text.startswith(f"{title.text}. run of 2026-03-01 12:00:00 UTC · ")
    assert title.text in texts_in(tmp_path / "x.svg")


@pytest.mark.parametrize("what", OF_ONE_RUN)
def test_every_kind_of_run_has_a_picture_or_a_line_that_says_why_not(
    what: str, tmp_path: Path
) -> None:
    for name, story in {**STORIES, **FAILING}.items():
        said = spec_or_why(what, story().write(tmp_path / f"{name}.jsonl"))
        assert said.startswith('{"$schema"') or REFUSED.search(said), name


@pytest.mark.parametrize("what", OF_ONE_RUN)
def test_a_name_is_text_whatever_it_looks_like(what: str, tmp_path: Path) -> None:
    out = draw(tmp_path / "x.svg", what, str(hostile().write(tmp_path / "run.jsonl")))
    root = parsed(out)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        *("svg", "title", "desc", "rect", "g", "path", "line", "text", "tspan"),
        *("defs", "clipPath"),
    }
    assert not [one for one in root.iter() if any("href" in name for name in one.attrib)]
    if what == "rules":
        assert set(HOSTILE) - {HOSTILE[-1]} <= set(texts_in(out))


@pytest.mark.parametrize("what", [one for one in OF_ONE_RUN if one != "whatif-sweep"])
def test_control_characters_are_escaped(what: str, tmp_path: Path) -> None:
    out = draw(tmp_path / "x.svg", what, str(with_escapes().write(tmp_path / "run.jsonl")))
    assert "\x1b" not in out.read_text()
    assert "\u202e" not in out.read_text()


def test_a_png_is_twice_as_large_as_the_svg(journal: Path, tmp_path: Path) -> None:
    root = parsed(draw(tmp_path / "x.svg", "partition", str(journal)))
    header = draw(tmp_path / "x.png", "partition", str(journal)).read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    sides = [int.from_bytes(header[at : at + 4], "big") for at in (16, 20)]
    assert sides == [2 * float(root.get(name) or 0) for name in ("width", "height")]
    assert sides[0] // 10 == 240  # the end of an axis is a pixel beyond the plot


def test_only_the_user_can_read_it_and_it_is_kept_unless_forced(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = draw(tmp_path / "new" / "x.png", "rules", str(journal))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    out.write_text("mine")
    assert main(["plot", "rules", str(journal), "-o", str(out)]) == 2
    assert "already exists; not overwritten. --force replaces it" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["plot", "rules", str(journal), "-o", str(out), "--force"]) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [one.name for one in out.parent.iterdir()] == ["x.png"]


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.svg.gz", "-"])
def test_another_ending_is_one_line(
    name: str, journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", "rules", str(journal), "-o", name]) == 2
    assert capsys.readouterr().err == (
        f"snakemake-observe: {name}: name a file that ends in .svg or .png\n"
    )


def test_without_the_extra_one_line_names_it(
    journal: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert main(["plot", "rules", str(journal), "-o", str(tmp_path / "x.svg")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "it is the extra plot: pip install '.[plot]'" in said


@pytest.mark.parametrize("what", OF_ONE_RUN)
def test_of_a_dry_run_there_is_nothing_to_draw(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("vl_convert", reason="an extra: pip install '.[plot]'")
    journal = no_job().write(tmp_path / "run.jsonl")
    assert main(["plot", what, str(journal), "-o", str(tmp_path / "x.svg")]) == 2
    assert capsys.readouterr().err == (
        f"snakemake-observe: {journal}: a dry run, so there is nothing to draw\n"
    )
    assert not (tmp_path / "x.svg").exists()


@pytest.mark.parametrize("what", [one for one in OF_ONE_RUN if one != "partition"])
def test_a_picture_of_one_run_is_not_of_two(
    what: str, journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "x.svg")
    assert main(["plot", what, str(journal), str(journal), "-o", out]) == 2
    assert capsys.readouterr().err == f"snakemake-observe: plot {what}: name one run\n"


def test_json_names_the_file_and_says_what_it_shows(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = draw(tmp_path / "x.svg", "partition", str(journal), "--format", "json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["plot"], answer["path"]) == ("partition", str(out))
    assert answer["bytes"] == out.stat().st_size
    assert answer["alt"].startswith(f"{answer['title']}. ")


def test_a_killed_run_has_no_shares(tmp_path: Path) -> None:
    out = draw(tmp_path / "x.svg", "partition", str(killed().write(tmp_path / "run.jsonl")))
    said = texts_in(out)
    assert any("until the last sign of life" in one for one in said)
    assert not any("%" in one for one in said if "0.5 %" not in one)


def test_a_journal_cut_off_anywhere_has_a_picture_or_a_line(tmp_path: Path) -> None:
    whole = chain().write(tmp_path / "whole.jsonl").read_bytes()
    first, journal = whole.index(b"\n") + 1, tmp_path / "run.jsonl"
    for end in range(first, len(whole), max(1, (len(whole) - first) // 24)):
        journal.write_bytes(whole[:end])
        for what in OF_ONE_RUN:
            said = spec_or_why(what, journal)
            assert said.startswith('{"$schema"') or REFUSED.search(said), (what, end)


def test_help_lists_every_picture(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["plot", "--help"])
    said = "".join(capsys.readouterr().out.split())
    for name, module in PICTURES.items():
        assert "".join(f"{name}: {module.HELP}".split()) in said


def test_a_run_with_retries_counts_all_attempts(tmp_path: Path) -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story = begun().job(1).attempt(1, known, status="failed").quick(1, 8, 9, 12, attempt=2)
    out = draw(tmp_path / "x.svg", "rules", str(story.end(13).write(tmp_path / "run.jsonl")))
    assert any(one.endswith("· 1 job") for one in texts_in(out))


# -- what is asked for ---------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["plot", *arguments]) == 2
    return capsys.readouterr().err.removeprefix("snakemake-observe: ")


@pytest.mark.parametrize(
    ("what", "option", "of"),
    [
        ("rules", ("--by", "node"), "--by is for timeline only"),
        ("timeline", ("--jobs", "1,2"), "--jobs is for whatif-sweep only"),
        ("whatif-sweep", ("--workflow", "x"), "--workflow is for history only"),
        ("partition", ("--limit", "3"), "--limit is for history only"),
    ],
)
def test_an_option_without_an_effect_is_refused(
    what: str, option: tuple[str, str], of: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, what, *option, "-o", "x.svg") == f"plot {what}: {of}\n"


@pytest.mark.parametrize("values", ["0", "1,x", ",", "1,2,3,4,5,6,7,8,9,10,11,12,13", "²"])
def test_limits_that_make_no_sense_are_refused(
    values: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["plot", "whatif-sweep", "--jobs", values, "-o", "x.svg"])
    assert capsys.readouterr().err.count("\n") == 1


def test_lanes_and_limits_are_those_asked_for(journal: Path, tmp_path: Path) -> None:
    out = draw(tmp_path / "x.svg", "timeline", str(journal), "--by", "rule")
    assert "When each attempt ran, by rule" in texts_in(out)
    out = draw(tmp_path / "x.svg", "whatif-sweep", str(journal), "--jobs", "3,1,3")
    assert {"1", "3"} <= set(texts_in(out))


def a_folder(tmp_path: Path) -> Path:
    """Return a folder with the runs of two workflows."""
    folder = tmp_path / "data"
    for number, snakefile in enumerate(("a.smk", "a.smk", HOSTILE[0])):
        story = begun(snakefile=snakefile, run_id=f"{number:032x}").planned(2, {"map": 1})
        name = f"2026030{number + 1}T120000-{number:06x}.jsonl"
        story.job(1).quick(1, 3, 3, 5).end(9).write(folder / ".snakemake" / "observe" / name)
    return folder


def test_history_is_of_the_newest_run_s_workflow_or_of_the_one_named(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    out = draw(tmp_path / "x.svg", "history", str(folder), "--workflow", "a.smk")
    assert "How long the runs of a.smk took" in texts_in(out)
    assert any(one.startswith("2 runs from") for one in texts_in(out))


def test_history_of_a_hostile_name_is_text(tmp_path: Path) -> None:
    out = draw(tmp_path / "x.svg", "history", str(a_folder(tmp_path)), "--workflow", "script")
    assert f"How long the runs of {HOSTILE[0]} took" in texts_in(out)


def test_history_is_of_a_folder(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("vl_convert", reason="an extra: pip install '.[plot]'")
    out = str(tmp_path / "x.svg")
    said = refused(capsys, "history", str(journal), "-o", out)
    assert said == f"{journal}: history is of all runs: name their working directory\n"
    said = refused(capsys, "history", str(a_folder(tmp_path)), "--workflow", "b", "-o", out)
    assert said.startswith("--workflow b: no run of such a Snakefile; there are: ")


def test_a_picture_on_a_dark_ground(journal: Path, tmp_path: Path) -> None:
    out = draw(tmp_path / "x.svg", "rules", str(journal), "--dark")
    assert "#14171a" in out.read_text()


def test_runs_are_named_by_the_last_parts_of_what_the_user_gave_if_these_differ() -> None:
    assert plot.names_of([Path("a/before.jsonl"), Path("b/after.jsonl")]) == (
        "before.jsonl",
        "after.jsonl",
    )
    assert plot.names_of([Path("a/run.jsonl"), Path("b/run.jsonl")]) == (
        "a/run.jsonl",
        "b/run.jsonl",
    )
    assert plot.names_of([Path("wake=on"), Path("wake=off")]) == ("wake=on", "wake=off")
