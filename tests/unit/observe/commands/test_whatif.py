"""``whatif``: its arguments, its answers in both forms, and errors for invalid arguments."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from answers import render
from builders import Story, begun, chain, grouped, killed, logger_only, on_cluster, retried

from snakemake_logger_plugin_observe.__main__ import main, parser
from snakemake_logger_plugin_observe.commands import whatif
from snakemake_logger_plugin_observe.journal.records import Usage


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return eight jobs on a cluster at the same time, with a status check every ten seconds."""
    settings = {"jobs": 8, "wraps": "cluster-generic", "threads": 1}
    lengths = {"queue_s": 1.0, "startup_s": 2.0, "tool_s": 4.0, "poll_s": 3.0, "every_s": 10.0}
    return on_cluster(8, **lengths, **settings).write(tmp_path / "run.jsonl")


def answer_of(capsys: pytest.CaptureFixture[str], *args: object) -> dict[str, Any]:
    assert main(["whatif", *map(str, args), "--format", "json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def text_of(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    assert main(["whatif", *map(str, args)]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    assert main(["whatif", *map(str, args)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_without_options_the_run_is_simulated_unchanged(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = answer_of(capsys, journal)
    (one,) = answer["predictions"]
    assert one["settings"] == {}
    assert one["predicted_s"] == one["measured_s"] == answer["measured_s"] == 13.0


def test_the_suggested_sweep_is_over_the_limit_that_the_run_had(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--sweep jobs=1,2,4,8" in text_of(capsys, journal)
    local = begun(cores=2).job(1, threads=1).quick(1, 3, 3, 11).end(12).write(tmp_path / "l.jsonl")
    text = text_of(capsys, local)
    assert "Add one, such as --cores 8," in text
    assert "--sweep cores=1,2,4,8" in text


def test_the_answer_in_json_has_the_documented_keys(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = answer_of(capsys, journal, "--startup", "x0.5", "--faster", "map=2")
    assert answer["schema_version"] == 1
    (one,) = answer["predictions"]
    assert one["settings"] == {"startup": 0.5, "faster": {"map": 2.0}}
    assert {"settings", "measured_s", "predicted_s", "by_class_s", "assumptions"} <= set(one)
    assert sum(one["by_class_s"].values()) == pytest.approx(one["predicted_s"])


def test_options_apply_to_every_alternative(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ("--jobs", 4, "--with", "poll=1", "--with", "startup=x0 no-retries")
    settings = [one["settings"] for one in answer_of(capsys, journal, *args)["predictions"]]
    assert settings == [
        {"jobs": 4, "poll_s": 1.0},
        {"jobs": 4, "startup": 0.0, "no_retries": True},
    ]


def test_a_sweep_is_one_alternative_per_value(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions = answer_of(capsys, journal, "--sweep", "jobs=1,2,4,8,16")["predictions"]
    assert [one["settings"]["jobs"] for one in predictions] == [1, 2, 4, 8, 16]
    lengths = [one["predicted_s"] for one in predictions]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] == lengths[-2] == 13.0


def test_sampled_waits_give_an_interval_that_depends_on_the_seed_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = on_cluster(1, queue_s=1, tool_s=1)
    for job_id, queue_s in ((2, 5), (3, 9)):
        other = on_cluster(1, queue_s=queue_s, tool_s=1)
        described, ended = other.events[2:4]
        story.events[-1:-1] = [
            described.but(job_id=job_id),
            ended.but(job_id=job_id),
        ]
    story.events.pop()
    path = story.end(13).write(tmp_path / "run.jsonl")
    first = answer_of(capsys, path, "--queue", "drawn", "--seed", 7)
    low, high = first["predictions"][0]["interval_s"]
    assert low <= first["predictions"][0]["predicted_s"] <= high
    assert low < high
    assert answer_of(capsys, path, "--queue", "drawn", "--seed", 7) == first


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_text_fits_its_terminal(
    journal: Path, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snakemake_logger_plugin_observe.__main__._width", lambda: width)
    args = ("--with", "jobs=2 poll=1 group=map=4", "--with", "local=map", "--with", "queue=drawn")
    lines = text_of(capsys, journal, *args).splitlines()
    long = [line for line in lines if len(line) > width]
    assert all("jsonl" in line or line.startswith("run ") for line in long)
    assert any("group=map=4" in line for line in lines)


def test_the_best_alternative_is_named_with_its_gain_and_assumptions(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = text_of(capsys, journal, "--with", "jobs=2", "--with", "poll=1 startup=x0")
    assert "With poll=1 startup=x0 the run would take" in text
    assert "tools take as long as recorded, however many run at once" in text
    assert "each job's node_startup is 0 times as long" in text


def side_by_side(count: int = 4, at_once: int = 2, **facts: Any) -> Story:
    """Return tools of 10 s on a machine with two cores, most of which they waited for something."""
    story = begun(wraps="local", cores=at_once, cpus=2, **facts)
    for number in range(count):
        begin = 3 + number // at_once * 10
        story.job(number, threads=1, resources={"licence": 1} if facts else {})
        if number % at_once == 0:
            story.iteration(begin, begin, (begin, begin))
        used = Usage(user_s=0.2, system_s=0.0)
        story.quick(number, 3, begin, begin + 10, used=used)
    return story.end(3 + 10 * count / at_once)


@pytest.mark.parametrize(
    ("cores", "bound", "sentence", "assumed"),
    [
        (
            4,
            "lower",
            "With cores=4 the run would take at most 10.0 s less, mostly compute (the tools).",
            "a tool that did not compute did not wait for a core: at most so much is saved",
        ),
        (
            1,
            "upper",
            "With cores=1 the run would take at most 43.0 s: fewer tools run side by side, and",
            "no tool was slowed down by those next to it: if one was, the run takes less",
        ),
    ],
)
def test_whether_a_tool_waited_for_a_core_is_not_known(  # noqa: PLR0917 - what is expected
    cores: int,
    bound: str,
    sentence: str,
    assumed: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = side_by_side().write(tmp_path / "run.jsonl")
    (one,) = answer_of(capsys, path, "--cores", cores)["predictions"]
    assert one["bound"] == bound
    assert assumed in one["assumptions"]
    text = " ".join(text_of(capsys, path, "--cores", cores).split())
    assert sentence in text
    assert {"lower": "≥ 13.0", "upper": "≤ 43.0"}[bound] in text


def test_a_run_that_would_be_longer_is_said_to_be(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slower = text_of(capsys, journal, "--faster", "map=0.25")
    assert "With faster=map=0.25 the run would take 10.0 s longer." in slower
    both = ("--with", "faster=map=0.25", "--with", "faster=map=0.1")
    assert "10.0 s longer, and with the others more." in text_of(capsys, journal, *both)


def test_settings_that_the_run_had_and_those_that_touch_nothing_are_said_to(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = text_of(capsys, journal, "--merge", "map=1")
    assert "Nothing would change: these are the settings that the run had." in text
    assert "no job was retried: without retries, nothing" in text_of(
        capsys, journal, "--no-retries"
    )
    assert "makes the outputs of all 8" in text_of(capsys, journal, "--merge", "map=99")


def test_the_suggested_sweep_is_over_what_kept_work_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = side_by_side(3, 1, resources={"licence": 1})
    story.events[0] = story.events[0].but(cores=6)
    text = text_of(capsys, story.write(tmp_path / "run.jsonl"), "--cores", 8)
    assert "--sweep resources=licence=1,2,3,4  # a curve over licence" in text


def test_a_gain_is_counted_from_the_run_simulated_without_changes(journal: Path) -> None:
    answer = whatif.run(parser().parse_args(["whatif", str(journal), "--poll", "1"])).answer
    off = replace(answer.found.unchanged, predicted=12_000_000)
    found = replace(answer.found, unchanged=off)
    table = " ".join(render(replace(answer, found=found)).split())
    assert "With poll=1 the run would take 2.00 s less" in table
    assert "10.00 −17 %" in table
    assert "7.7 % off the measured time; changes are counted from there." in table


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["--jobs", "0"], "jobs 0"),
        (["--jobs", "-1"], "jobs -1"),
        (["--jobs", "many"], "jobs many"),
        (["--poll", "nan"], "poll nan"),
        (["--poll", "0"], "poll 0"),
        (["--poll", "inf"], "poll inf"),
        (["--queue", "x-1"], "queue x-1"),
        (["--startup", "1e400"], "startup 1e400"),
        (["--faster", "map=0"], "faster 0"),
        (["--faster", "map"], "write NAME=NUMBER"),
        (["--faster", "nix=2"], "no job of a rule named nix ran"),
        (["--group", "nix=2"], "no job of a rule named nix ran"),
        (["--group", "map=0"], "group 0"),
        (["--local", "nix"], "no job of a rule named nix ran"),
        (["--merge", "nix=2"], "no job of a rule named nix ran"),
        (["--scheduler", "ilp"], "only greedy can be simulated"),
        (["--max-jobs-per-timespan", "3"], "write NUMBER/TIMESPAN"),
        (["--max-jobs-per-timespan", "1/0s"], "max-jobs-per-timespan 0"),
        (["--max-jobs-per-timespan", "1/1s"], "does not record this run's"),
        (["--cores", "2"], "its limit is --jobs"),
        (["--set-threads", "map=2"], "its jobs wait for no cores of this run"),
        (["--set-threads", "nix=2"], "no job of a rule named nix ran"),
        (["--resources", "gpu=-1"], "resources gpu: -1: must be a whole number"),
        (["--resources", "gpu=1"], "no job of this run requests it"),
        (["--with", ""], "an empty alternative"),
        (["--with", "speed=9"], "unknown setting speed"),
        (["--with", "no-retries=yes"], "no-retries takes no value"),
        (["--sweep", "jobs"], "--sweep jobs"),
        (["--sweep", "jobs=1,x"], "jobs x"),
        (["--sweep", "jobs=" + ",".join("1" * 51)], "at most 50"),
    ],
)
def test_an_invalid_setting_is_an_error_of_one_line(
    journal: Path, capsys: pytest.CaptureFixture[str], args: list[str], named: str
) -> None:
    assert named in refused(capsys, journal, *args)


def test_cluster_settings_are_errors_for_a_local_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = chain().write(tmp_path / "run.jsonl")
    for args, why in (
        (["--poll", 5], "did not check its jobs"),
        (["--queue", "drawn"], "none can be drawn"),
        (["--startup", "x2"], "none can be scaled"),
    ):
        assert why in refused(capsys, path, *args)


def of_two_rules() -> Story:
    """Return a run on a cluster: of ``map`` one job was tried again, ``here`` ran in main."""
    story = retried()
    story.events.pop()
    return story.job(2, rule="here", local=True).quick(2, 25, 25, 26).end(27)


@pytest.mark.parametrize(
    ("story", "args", "why"),
    [
        (grouped, ["--group", "map=2"], "group map: its jobs already ran in groups"),
        (grouped, ["--local", "map"], "local map: its jobs ran in groups"),
        (
            of_two_rules,
            ["--group", "map=2"],
            "group map: its jobs were retried or have no end",
        ),
        (of_two_rules, ["--group", "here=2"], "group here: its jobs run on the main machine"),
        (
            lambda: on_cluster(2, tool_s=1),
            ["--local", "map", "--group", "map=2"],
            "group map: its jobs run on the main machine",
        ),
        (of_two_rules, ["--local", "here"], "local here: its jobs already ran on the main machine"),
        (
            lambda: on_cluster(tool_s=1),
            ["--group", "map=2"],
            "group map: no two of its jobs could run at the same time",
        ),
    ],
)
def test_a_setting_that_affects_no_job_is_an_error_of_one_line(
    story: Any, args: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = story().write(tmp_path / "run.jsonl")
    assert why in refused(capsys, path, *args)


def test_making_a_rule_local_twice_is_the_same_as_once(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once, twice = (
        answer_of(capsys, journal, *args)["predictions"][0]
        for args in (["--local", "map"], ["--local", "map", "--local", "map"])
    )
    assert twice["predicted_s"] == once["predicted_s"]
    assert twice["assumptions"] == once["assumptions"]


def test_of_a_run_whose_length_nobody_knows_no_change_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = killed().write(tmp_path / "run.jsonl")
    assert main(["whatif", str(path), "--no-retries"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "of a length that nobody knows is unknown." in text
    assert "%" not in text
    assert "What if" not in text


@pytest.mark.parametrize("story", [killed, logger_only, begun])
def test_what_is_unknown_is_listed_and_the_rest_is_simulated(
    story: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = story().write(tmp_path / "run.jsonl")
    answer = answer_of(capsys, path, "--no-retries")
    assert answer["predictions"][0]["predicted_s"] == answer["measured_s"]
    assert answer["unknown"]
