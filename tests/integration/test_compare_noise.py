"""Noise alone is never called faster or slower, and a tool that got slower is."""

import itertools
import json
from pathlib import Path

import pytest
from lab import Lab
from pairs import PLAIN, Bench, compare

TEN_JOBS = """\
rule all:
    input: expand("out/{n}.txt", n=range(10))

rule work:
    output: "out/{n}.txt"
    shell: "sleep ${{NAP:-0.1}}; echo {wildcards.n} > {output}"
"""
CORES = ("--cores", "2", "--forceall")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A folder with ten runs of one workflow."""
    lab = Bench(tmp_path_factory.mktemp("noise")).folder(TEN_JOBS, {})
    for _ in range(10):
        lab.new_run(*PLAIN, *CORES)
    return lab


def folder_of(journals: list[Path], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for journal in journals:
        (folder / journal.name).write_bytes(journal.read_bytes())
    return folder


def test_none_of_ten_equal_runs_is_faster_or_slower_than_those_before_it(
    ten: Lab, tmp_path: Path
) -> None:
    for count in range(2, 11):
        known = folder_of(ten.journals[:count], tmp_path / str(count) / ".snakemake" / "observe")
        done = Lab(known.parents[1]).observe("compare", "--format", "json")
        answer = json.loads(done.stdout)
        expected = "as fast" if count > 4 else "cannot tell"  # four runs before it show the noise
        assert answer["speed"]["verdict"] == expected, answer["speed"]
        assert answer["findings"] == []


def test_no_equal_run_is_faster_or_slower_than_another(ten: Lab) -> None:
    for before, after in itertools.combinations(ten.journals, 2):
        answer = compare(ten.folder, before, after)
        assert answer["speed"]["verdict"] in ("as fast", "cannot tell"), answer["speed"]


def test_five_runs_are_as_fast_as_five_others(ten: Lab, tmp_path: Path) -> None:
    first = folder_of(ten.journals[:5], tmp_path / "first")
    last = folder_of(ten.journals[5:], tmp_path / "last")
    for sides in ((first, last), (last, first)):
        answer = compare(tmp_path, *sides)
        assert answer["speed"]["runs"] == {"baseline": 5, "candidate": 5}
        assert answer["verdict"] == "as fast, the same plan (contents unchecked)"


def test_a_tool_three_times_slower_is_called_slower_and_the_way_back_faster(
    tmp_path: Path,
) -> None:
    lab = Bench(tmp_path).folder(TEN_JOBS, {})
    quick, slow = (lab.new_run(*PLAIN, *CORES, NAP=nap) for nap in ("1", "3"))
    answer = compare(tmp_path, quick, slow)
    assert answer["verdict"] == "slower, the same plan (contents unchecked)"
    (moved,) = answer["speed"]["moved"]
    assert (moved["rule"], moved["phase"]) == ("work", "compute")
    assert compare(tmp_path, slow, quick)["speed"]["verdict"] == "faster"
