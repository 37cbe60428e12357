"""How long an attempt's processes on its node waited at their ends."""

import pytest
from builders import SECOND, in_main, level

from snakemake_logger_plugin_observe.journal.records import Level
from snakemake_logger_plugin_observe.run.exit_waits import exit_wait


@pytest.mark.parametrize(
    ("levels", "waited_s"),
    [
        pytest.param((), None, id="no process"),
        pytest.param((level(started=1, ended=9),), None, id="recorded before"),
        pytest.param((level(started=1, done=8, ended=9),), 1, id="one"),
        pytest.param((level(done=8, ended=9.5), level(done=6, ended=7)), 2.5, id="one in another"),
        pytest.param((level(done=8, ended=9), level(done=7, ended=8.5)), 2, id="at the same time"),
        pytest.param((level(done=8),), None, id="killed while it waited"),
        pytest.param(
            (level(done=8, ended=9), level(host="other", done=7, ended=8.5)),
            2.5,
            id="of another clock",
        ),
        pytest.param((in_main(),), None, id="in the main process"),
    ],
)
def test_waits_of_processes_one_inside_the_other_add_up(
    levels: tuple[Level, ...], waited_s: float | None
) -> None:
    assert exit_wait(levels) == (None if waited_s is None else round(waited_s * SECOND))
