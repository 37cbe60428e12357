"""A watched run: the scheduler is asked rarely, and believed no longer than its node allows."""

import os
import socket
from pathlib import Path

import pytest
from builders import Story, at
from out_on_cluster import answered, computing, out, queued

from snakemake_logger_plugin_observe.commands.support import watched as module
from snakemake_logger_plugin_observe.commands.support.watched import Watched
from snakemake_logger_plugin_observe.external import slurm_queue
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.writing import to_line
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer


class Cluster:
    """Slurm and its nodes as a test wants them, and when they were asked."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.answer = QueueAnswer()
        self.reports: dict[str, NodeReport] = {}
        self.moment = 0.0
        self.is_alive = True
        patch.setattr(slurm_queue, "query", self._query)
        patch.setattr(module, "NodeFragments", lambda _folder: self)
        patch.setattr(module.time, "monotonic", lambda: self.moment)
        patch.setattr(module.clock, "now", lambda: at(60 + self.moment))
        patch.setattr(module.find_journal, "is_alive", lambda _run: self.is_alive)
        patch.setattr(module.processes, "is_stopped", lambda _started: False)

    def _query(self, ids: list[str], _since: int) -> QueueAnswer:
        self.asked.append(tuple(ids))
        return self.answer

    def read(self, fragments: tuple[str, ...]) -> NodeReport:
        return self.reports.get(fragments[0].rpartition("/")[2], NodeReport())

    def close(self) -> None:
        return


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return Cluster(monkeypatch)


def watched(tmp_path: Path, story: Story, *, offline: bool = False) -> Watched:
    return Watched(story.write(tmp_path / "j.jsonl"), offline=offline, once=True)


def on_slurm(*ids: str) -> Story:
    facts = {"host": socket.gethostname(), "pid": os.getpid(), "process_started": None}
    return out(*ids, jobs=4, **facts).planned(3, {"map": len(ids)})


def test_the_scheduler_is_asked_once_in_thirty_seconds(tmp_path: Path, cluster: Cluster) -> None:
    cluster.answer = answered(queued("71"))
    one = watched(tmp_path, on_slurm("71"))
    for second in range(91):
        cluster.moment = second
        one.look()
    assert cluster.asked == [("71",)] * 4


def test_offline_it_is_never_asked_and_that_is_said(tmp_path: Path, cluster: Cluster) -> None:
    view = watched(tmp_path, on_slurm("71"), offline=True).look()
    assert cluster.asked == []
    assert view.asked == "scheduler: the scheduler was not asked (--offline)"
    assert [one.state for one in view.flights] == ["unknown"]


def test_a_pending_job_has_its_reason(tmp_path: Path, cluster: Cluster) -> None:
    cluster.answer = answered(queued("71", reason="Resources"))
    (one,) = watched(tmp_path, on_slurm("71")).look().flights
    assert (one.state, one.reason) == ("pending", "Resources")


def test_what_the_node_shows_since_then_is_newer_than_the_answer(
    tmp_path: Path, cluster: Cluster
) -> None:
    cluster.answer = answered(queued("71"))
    one = watched(tmp_path, on_slurm("71"))
    assert [each.state for each in one.look().flights] == ["pending"]
    cluster.moment, cluster.reports = 5, {"1": computing(62)}
    (seen,) = one.look().flights
    assert (seen.state, seen.length) == ("computing", 3_000_000)
    assert len(cluster.asked) == 1


def test_what_was_submitted_since_the_answer_is_not_said_to_be_gone(
    tmp_path: Path, cluster: Cluster
) -> None:
    cluster.answer = answered(queued("71"))
    path = tmp_path / "j.jsonl"
    one = Watched(on_slurm("71").write(path), offline=False, once=True)
    one.look()
    more = on_slurm("71", "72").events[-2:]
    with path.open("ab") as file:
        for event in more:
            file.write(to_line(event) + b"\n")
    cluster.moment = 20
    states = {each.external_jobid: (each.state, each.reason) for each in one.look().flights}
    assert states["71"] == ("pending", "Priority")
    assert states["72"][0] == "unknown"
    assert "is asked within 30 s" in (states["72"][1] or "")


def test_of_a_killed_run_the_cluster_is_asked_once_more_and_what_is_still_there_is_named(
    tmp_path: Path, cluster: Cluster
) -> None:
    cluster.answer = answered(queued("71"), queued("72", reason="JobHeldUser"))
    one = watched(tmp_path, on_slurm("71", "72"))
    one.look()
    cluster.answer = answered(
        queued("71", state="RUNNING", started=61), queued("72", reason="JobHeldUser")
    )
    cluster.moment, cluster.reports, cluster.is_alive = 5, {"1": computing(62)}, False
    view = one.look()
    assert view.status == "killed"
    assert len(cluster.asked) == 2
    assert [(each.external_jobid, each.state, each.length) for each in view.flights] == [
        ("72", "pending", 60_000_000),
        ("71", "computing", 3_000_000),
    ]
    assert view.still_out == ("71", "72")


def test_of_a_killed_run_whose_cluster_is_not_asked_it_is_not_known_what_is_still_there(
    tmp_path: Path, cluster: Cluster
) -> None:
    cluster.reports, cluster.is_alive = {"1": computing(52)}, False
    view = watched(tmp_path, on_slurm("71"), offline=True).look()
    assert [each.state for each in view.flights] == ["computing"]
    assert view.still_out is None


def test_it_reads_the_journal_s_new_lines_only(tmp_path: Path, cluster: Cluster) -> None:
    one = watched(tmp_path, on_slurm("71"))
    one.look()
    taken: list[str] = []
    take = one.so_far.take
    one.so_far.take = lambda event: (taken.append(event.event), take(event))[1]  # type: ignore[method-assign]
    one.look()
    assert taken == []
