"""What a submission used of its memory and time, compared with what it had requested."""

from builders import a_record, begun, grouped
from failing import fails, on_node

from snakemake_logger_plugin_observe.analysis.failures.request_use import (
    RequestUse,
    request_use,
)
from snakemake_logger_plugin_observe.journal.records import Usage

MB = 1_000_000


def test_a_group_member_has_its_group_s_record() -> None:
    story = grouped()
    record = a_record("77", state="OUT_OF_MEMORY")
    story.accounting(None, record, group="g1")
    run = story.run
    assert run.record_of(run.attempts[(1, 1)]) == record
    assert run.record_of(run.attempts[("g1", 1)]) == record


def test_use_is_the_largest_known_peak_and_the_longest_known_time() -> None:
    requested = {"mem_mb": 1000, "runtime": 1}
    story = on_node(begun().job(1, resources=requested), 1, 1, used=Usage(peak_rss_bytes=5 * MB))
    run = story.run
    assert request_use(run, run.attempts[(1, 1)]) == RequestUse(5 * MB, 1000 * MB, 3.0, 60.0)
    story.accounting(1, a_record("71", peak_rss_bytes=7 * MB, started=0, ended=70))
    run = story.run
    assert request_use(run, run.attempts[(1, 1)]) == RequestUse(7 * MB, 200 * 2**20, 70.0, 300)


def test_without_measurements_nothing_is_known() -> None:
    run = fails(begun().job(1), 1).run
    assert request_use(run, run.attempts[(1, 1)]) == RequestUse()
    assert not RequestUse().nearly_all_memory
    assert not RequestUse(time_s=5).nearly_all_time
