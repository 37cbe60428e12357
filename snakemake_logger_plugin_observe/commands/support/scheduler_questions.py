"""What Slurm is asked about a run that is watched: in the background, and rarely."""

import threading
import time
from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.live import on_cluster
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.commands.support.live import why_not_asked
from snakemake_logger_plugin_observe.external import slurm_queue
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer

_ASK_EVERY_S: Final = 30.0


class SchedulerQuestions:
    """Asks Slurm about jobs that are out, in the background, at most once in 30 seconds."""

    def __init__(self, *, offline: bool) -> None:
        """Ask nothing yet; with *offline*, never."""
        self._offline = offline
        self._asked: float | None = None
        self._thread: threading.Thread | None = None
        self.answer = QueueAnswer()
        self.answered: float | None = None
        self.begun_then: dict[Key, int] = {}
        """How many starts of each submission its node had reported when that was asked."""

    def ask(
        self, so_far: SoFar, begun: dict[Key, int], *, wait: bool, anew: bool = False
    ) -> str | None:
        """Ask if it is time to; return why Slurm is not asked at all, if it is not.

        Args:
            so_far: the run.
            begun: how many starts of each submission its node has reported.
            wait: whether to wait for the answer, three seconds at most.
            anew: whether to ask however short ago it was asked, and wait for that answer.

        """
        run = so_far.run
        if (why := why_not_asked(run, offline=self._offline)) is not None:
            return why
        now = time.monotonic()
        if anew and self._thread is not None:
            self._thread.join()
        busy = self._thread is not None and self._thread.is_alive()
        recent = self._asked is not None and now - self._asked < _ASK_EVERY_S and not anew
        if busy or recent:
            return None
        ids = [one.external_jobid for one in on_cluster.out(run) if one.external_jobid is not None]
        if not ids:
            return None
        self._asked = now
        since = (run.start or 0) // 1_000_000
        self._thread = threading.Thread(
            target=self._query, args=(ids, since, begun), daemon=True, name="scheduler"
        )
        self._thread.start()
        if wait:
            self._thread.join()
        return None

    def _query(self, ids: Sequence[str], since: int, begun: dict[Key, int]) -> None:
        answer = slurm_queue.query(ids, since)
        self.begun_then = begun
        self.answer, self.answered = answer, time.monotonic()

    def age(self) -> str:
        """Return when it was asked last."""
        if self.answered is None:
            return (
                "scheduler: not asked yet" if self._asked is None else "scheduler: asked just now"
            )
        return f"scheduler asked {time.monotonic() - self.answered:.0f} s ago, every 30 s"
