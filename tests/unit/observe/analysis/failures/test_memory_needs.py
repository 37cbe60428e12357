"""What to request for jobs that ran out of memory, and where a request does not help."""

import pytest
from builders import begun
from failing import fails

from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.memory_needs import MemoryNeeds, memory_needs

HEAP = "java.lang.OutOfMemoryError: Java heap space"


def needs(said: str, **more: object) -> MemoryNeeds:
    story = begun(wraps="local").job(1, rule="map", **more)
    found = failures(fails(story, 1, said, code=1).end(9, "failed").run)
    return memory_needs(story.run, found)


@pytest.mark.parametrize(
    ("resources", "end"),
    [({"mem_mb": 2000}, "and mem_mb with it"), ({}, "and request mem_mb for it")],
)
def test_a_full_heap_of_java_is_raised_by_its_own_option(
    resources: dict[str, int], end: str
) -> None:
    found = needs(HEAP, resources=resources)
    assert found.fix("map") == (
        "raise Java's heap in the command of map (-Xmx, for example -Xmx{resources.mem_mb}m, with "
        f"some memory left beside it), {end}"
    )
    assert found.why == "Java takes no more memory than its -Xmx allows, whatever the job requested"


def test_a_local_job_has_what_its_machine_has_free() -> None:
    found = needs("terminate called after throwing an instance of 'std::bad_alloc'")
    assert found.fix("map").startswith("let fewer jobs run beside map (--cores; or mem_mb for ")
    assert found.why == "no request gives a local job memory: it has what its machine has free"
