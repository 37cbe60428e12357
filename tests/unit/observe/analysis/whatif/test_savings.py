"""What would be saved if something took no time."""

from builders import (
    begun,
    chain,
    mixed,
)
from hypothesis import assume, given
from schedules import Lived, lives
from simulations import MANY, TOLERANCE, makespan

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif import build_model, transforms
from snakemake_logger_plugin_observe.analysis.whatif.savings import savings
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES, cost_class


def saved(run: Run) -> dict[tuple[str, str], int]:
    segments = partition(run)
    found = savings(build_model(run, segments), segments)
    return {(one.kind, one.name): one.saving for one in found}


def test_in_a_chain_each_job_saves_what_it_took() -> None:
    found = saved(chain().run)
    assert found[("job", "1")] == 6_500_000
    assert found[("job", "2")] == 9_500_000
    assert found[("rule", "map")] == found[("class", "compute")] == 16_000_000
    assert found[("phase", "select")] == found[("class", "scheduling")] - 1_000_000 == 1_000_000
    assert found[("class", "limits")] == 0


def test_without_slot_wait_a_job_still_waits_for_its_dependencies() -> None:
    # the group would run from 4 to 20; but 4 needs 1, whose second attempt ends at 25 all the
    # same: 25, 2 s of the main loop, 7 s of the tool, 1 s of shutdown
    found = saved(mixed().run)
    assert found[("phase", "slot_wait")] == 41_000_000 - 35_000_000
    # the group was held until 14, ends at 30 as it did; 4 is chosen at 32, and the run ends at 33
    assert found[("phase", "compute")] == 41_000_000 - 33_000_000


def test_a_job_saves_no_more_than_the_next_longest_parallel_job_allows() -> None:
    # 2 runs for 10 s in parallel with 1 for 8: without 2, the run is 2 s shorter, and not 10
    story = begun(cores=2).job(1, threads=1).job(2, threads=1, rule="other").iteration(3, 3)
    run = story.quick(1, 3, 3, 11).quick(2, 3, 3, 13).end(13).run
    assert saved(run)[("job", "2")] == saved(run)[("rule", "other")] == 2_000_000


@MANY
@given(lives())
def test_a_cost_class_saves_at_most_its_share_and_the_main_thread_s_work_meanwhile(
    lived: Lived,
) -> None:
    """In a run where no job waits for a slot, the path's other segments remain."""
    assume(not any(release.passed_over for release in lived.releases.values()))
    run = lived.run
    measured = account(run)
    for name in ("planning", "queue", "staging", "compute", "scheduling"):
        model = transforms.waits_as_they_were(build_model(run))
        phases = [phase for phase in PHASES if cost_class(phase) == name]
        saving = makespan(model) - makespan(transforms.without_phases(model, phases))
        share = measured.makespan_by_class[name]
        # What others did in the main thread meanwhile may now come before.
        main = sum(w.idle - w.time for w in run.iterations)
        assert saving <= share + main + TOLERANCE * measured.makespan
