"""What is kept of a benchmark when a part of it is measured again."""

from pathlib import Path

from bench.results import BARE, Results, Sample, in_rounds, load


def sample(variant: str, round_: str, cpu_s: float = 1.0, size: int = 400) -> Sample:
    return Sample("local_jobs", size, variant, round_, {"cpu_s": cpu_s})


def test_a_variant_is_compared_with_the_bare_run_of_the_same_round() -> None:
    results = Results()
    results.add([sample(BARE, "a/0", 10), sample("rich", "a/0", 11)])
    results.add([sample(BARE, "a/1", 20), sample("rich", "a/1", 21), sample("rich", "a/2", 99)])
    assert list(results.pairs("local_jobs", 400, "rich", "cpu_s")) == [(10, 11), (20, 21)]
    assert list(results.pairs("local_jobs", 400, BARE, "cpu_s")) == []


def test_what_is_measured_again_replaces_what_was_there() -> None:
    results = Results()
    results.add([sample(BARE, "a/0", 10), sample("rich", "a/0", 11), sample("observe", "a/0", 12)])
    results.add([sample(BARE, "b/0", 20)])
    results.add([sample("observe", "b/0", 21)])
    assert [(one.variant, one.round) for one in results.samples] == [
        (BARE, "a/0"),
        ("rich", "a/0"),
        (BARE, "b/0"),
        ("observe", "b/0"),
    ]


def test_a_bare_run_that_nothing_is_compared_with_any_more_is_dropped() -> None:
    results = Results()
    results.add([sample(BARE, "a/0"), sample("observe", "a/0")])
    results.add([sample(BARE, "b/0"), sample("observe", "b/0")])
    assert [one.round for one in results.samples] == ["b/0", "b/0"]


def test_other_sizes_are_left_alone() -> None:
    results = Results()
    results.add([sample(BARE, "a/0"), sample("observe", "a/0")])
    results.add([sample("observe", "b/0", size=5000)])
    assert results.sizes("local_jobs") == [400, 5000]
    assert len(results.samples) == 3


def test_each_round_begins_with_another_variant() -> None:
    each = [(name, lambda: {"cpu_s": 1.0}) for name in "abc"]
    found = list(in_rounds("starts", 0, each, 3, "now"))
    assert [(one.round, one.variant) for one in found] == [
        *(("now/0", name) for name in "abc"),
        *(("now/1", name) for name in "bca"),
        *(("now/2", name) for name in "cab"),
    ]


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    results = Results({"cores": "2"}, {"rich": "0.5"}, {"flowo": "no"}, [sample("rich", "a/0")])
    results.save(tmp_path / "build" / "results.json")
    assert load(tmp_path / "build" / "results.json") == results
    assert load(tmp_path / "none.json") == Results()
