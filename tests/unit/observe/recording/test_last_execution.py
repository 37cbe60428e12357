"""The logs of executions on a node: the last one's are the attempt's."""

from builders import an_execution, level

from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.recording.last_execution import best_logs, without

NODE = (LogTail(path="a.log", bytes=9, first_line=1, lines=("no room",)),)
HERE = (LogTail(path="a.log", bytes=8, first_line=1, lines=("no such file",)),)
GONE = (LogTail(path="a.log", problem="it does not exist"),)
FIRST = an_execution(number=1, status="failed").but(logs=HERE)
LAST = an_execution(number=2, status="failed").but(logs=NODE)


def test_what_is_read_here_comes_first() -> None:
    assert best_logs(HERE, [LAST]) == HERE


def test_what_cannot_be_read_here_is_as_the_node_read_it() -> None:
    assert best_logs(GONE, [FIRST, LAST]) == NODE


def test_an_execution_that_succeeded_says_nothing_about_the_failure() -> None:
    assert best_logs(GONE, [LAST, an_execution(number=3)]) == GONE
    assert best_logs(GONE, []) == GONE


def test_of_a_failure_that_the_executor_did_not_notice_the_node_s_log_is_taken() -> None:
    assert best_logs((), [FIRST, LAST]) == NODE


def test_each_execution_keeps_its_logs_but_the_last() -> None:
    (found,) = without((level(FIRST, LAST),), [LAST], "logs")
    assert [one.logs for one in found.executions] == [HERE, ()]
    plain = (level(an_execution()),)
    assert without(plain, plain[0].executions, "logs") is plain
