"""What a run handed on, by when it ended: jobs that were on their own, and groups as a whole."""

from bisect import bisect_right

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run


class Submissions:
    """The submissions of a run that have any length, in the order of their ends."""

    def __init__(self, run: Run) -> None:
        """Gather them; of several that ended at one moment the one told last comes last."""
        ended = [
            (attempt.segments[-1].end, number, attempt)
            for number, attempt in enumerate(run.attempts.values())
            if attempt.segments and not attempt.is_member
        ]
        ended.sort()
        self.attempts: list[Attempt] = [attempt for _, _, attempt in ended]
        self.ends: list[Micros] = [end for end, _, _ in ended]

    def last_ended(self, before: Micros) -> Attempt | None:
        """Return the one that was the last to end, at the moment *before* at the latest."""
        index = bisect_right(self.ends, before)
        return self.attempts[index - 1] if index else None
