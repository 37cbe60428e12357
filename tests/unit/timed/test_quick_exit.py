"""``--timed-quick-exit``: the scheduler's timers are cancelled, and nothing else is."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from snakemake_executor_plugin_timed.quick_exit import cancel_timers

LONG_S = 600


@pytest.fixture
def timers() -> Iterator[list[threading.Timer]]:
    """Return a list; the timers in it are cancelled in the end."""
    found: list[threading.Timer] = []
    yield found
    for timer in found:
        timer.cancel()


def test_only_the_scheduler_s_timers_are_cancelled(timers: list[threading.Timer]) -> None:
    scheduler = JobScheduler.__new__(JobScheduler)
    before = set(threading.enumerate())
    scheduler._schedule_reevalutation(LONG_S)
    (own,) = set(threading.enumerate()) - before
    assert isinstance(own, threading.Timer)
    others = threading.Timer(LONG_S, print)
    others.start()
    timers += [own, others]
    cancel_timers(SimpleNamespace(workflow=SimpleNamespace(scheduler=scheduler)))
    own.join(60)
    assert not own.is_alive()
    assert others.is_alive()
