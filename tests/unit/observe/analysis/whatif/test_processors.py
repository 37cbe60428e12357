"""Tools that are too many for the machine's cores share them."""

import pytest
from builders import Story, begun
from hypothesis import given
from simulations import FEW, S, assumptions, changed
from strategies import Simulated, simulated_runs

from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.processors import simulate_here
from snakemake_logger_plugin_observe.journal.records import Usage
from snakemake_logger_plugin_observe.run.model import Run


def busy(cores: float, *, cpus: int | None = 2, at_once: int = 1) -> Run:
    """Return four tools of 10 s, *at_once* at a time, each of which keeps *cores* cores busy."""
    story: Story = begun(wraps="local", cores=at_once, cpus=cpus)
    for number in range(4):
        begin = 3 + number // at_once * 10
        story.job(number, threads=1)
        if number % at_once == 0:
            story.iteration(begin, begin, (begin, begin))
        used = Usage(user_s=cores * 10, system_s=0.0)
        story.quick(number, 3, begin, begin + 10, used=used)
    return story.end(3 + 40 // at_once).run


def length_s(run: Run, text: str) -> float:
    model = changed(run, text)
    return simulate_here(model)[0].makespan(model) / S


@pytest.mark.parametrize(
    ("cores", "at_once", "tools_s"),
    [
        (2.0, 2, 40),  # each fills the machine
        (1.5, 2, 30),  # 60 s of CPU time on two cores
        (1.0, 2, 20),
        (0.0, 4, 10),  # all asleep
        (0.5, 4, 10),
        (1.0, 4, 20),
    ],
)
def test_more_at_once_are_as_fast_as_the_cores_allow(
    cores: float, at_once: int, tools_s: float
) -> None:
    assert length_s(busy(cores), f"cores={at_once}") == pytest.approx(3 + tools_s, rel=0.01)


def test_a_machine_and_a_tool_of_which_nothing_is_known_are_no_limit() -> None:
    alone = "tools take as long as recorded, however many run at once: each has its own cores"
    assert length_s(busy(2, cpus=None), "cores=2") == 23
    assert alone in assumptions(busy(2, cpus=None), "cores=2")
    shared = "tools that together would keep more than 2 cores busy share them"
    assert shared in assumptions(busy(2), "cores=2")


def test_faster_tools_use_less_of_the_cores() -> None:
    assert length_s(busy(2), "cores=2 faster=map=2") == pytest.approx(23, rel=0.01)


def test_one_job_in_place_of_two_keeps_as_many_cores_busy() -> None:
    assert length_s(busy(2), "cores=2 merge=map=2") == pytest.approx(43, rel=0.01)


def test_a_run_that_used_more_cores_than_the_machine_is_said_to_have_had_them() -> None:
    assert length_s(busy(2, at_once=2), "cores=2") == 23


@FEW
@given(simulated_runs())
def test_unchanged_a_run_has_the_cores_that_it_had(simulated: Simulated) -> None:
    model = build_model(simulated.run)
    found, slowed = simulate_here(model)
    assert slowed is model
    assert found.end > 0
