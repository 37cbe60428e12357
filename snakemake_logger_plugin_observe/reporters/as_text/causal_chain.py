"""The chain of a job's causes as a tree of lines, down to the roots; each job appears once."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.why.origins import Link, upwards
from snakemake_logger_plugin_observe.analysis.why.roots import Chain
from snakemake_logger_plugin_observe.analysis.why.selection import Relation
from snakemake_logger_plugin_observe.reporters.answers import WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_text import cause_words, rerun_words
from snakemake_logger_plugin_observe.reporters.words import job_name

_STARTS_SHOWN: Final = 3
_ROOTS_SHOWN: Final = 3
_LINES: Final = 36
_NARROWEST: Final = 30
_LONGEST_NAME: Final = 40
_ROOT: Final = " · root"
_EVIDENCE: Final = r"\[line \d+\]|· root$"
_TIED: Final = "\N{NO-BREAK SPACE}"
_Branch = tuple[Link, int | None, int, bool]
"""A cause, the job behind it, how many more jobs of that rule, and whether it is a root."""
_RELATIONS: Final[dict[Relation, str]] = {
    "job": "",
    "rule": "",
    "made": "{what} was made by {jobs}",
    "updated": "{what} was updated before {jobs} read it",
    "read": "{what} is not a reason for any job; {jobs} read it",
}


def parts(answer: WhyAnswer, width: int) -> list[RenderableType]:
    """Return what was selected, and the trees of its causes."""
    chain, subject = answer.chain, answer.subject
    if chain is None or subject is None:
        return []
    found: list[RenderableType] = []
    what = cause_words.shortened(subject.text, _LONGEST_NAME)
    has = "has" if len(chain.starts) == 1 else "have"
    roots = [
        cause_words.root(one, answer.reruns_of(one.root))
        for one in answer.why.roots
        if one.root in chain.roots
    ]
    summary = f"{_selected(chain, what, subject.relation)} {has} {_causes(roots)}"
    if relation := _RELATIONS[subject.relation]:
        text = relation.format(what=what, jobs=plural(len(subject.jobs), "job"))
        found += [Text(line, "bold") for line in textwrap.wrap(text, width)]
    found += [Text(line, "bold") for line in textwrap.wrap(summary, width)]
    found += rerun_words.taken_up(answer, width, chain.starts)
    found += rerun_words.about(answer, chain.starts, width)
    tree = _Tree(chain, width)
    for job_id in _different(chain)[:_STARTS_SHOWN]:
        found += tree.begin(job_id)
    if (left := len(chain.starts) - min(len(_different(chain)), _STARTS_SHOWN)) > 0:
        found.append(Text(f"… {plural(left, 'more job')} like these", "dim"))
    if tree.cut:
        found.append(Text("Shortened to one screen; --format json has the rest.", "dim"))
    return [*found, Text()]


def _selected(chain: Chain, what: str, relation: Relation) -> str:
    """Return the name of the selected jobs."""
    if len(chain.starts) > 1:
        of = f" of {what}" if relation == "rule" else ""
        return f"The {len(chain.starts):,} jobs{of}"
    job = chain.steps[chain.starts[0]].job
    return job_name(job.rule, job.wildcards, None)


def _causes(roots: Sequence[str]) -> str:
    """Return the root causes, as the end of a sentence."""
    if len(roots) <= 1:
        return f"one root cause: {''.join(roots)}"
    left = len(roots) - _ROOTS_SHOWN
    more = f"; and {left:,} more" if left > 0 else ""
    return f"{len(roots):,} root causes: {'; '.join(roots[:_ROOTS_SHOWN])}{more}"


def _different(chain: Chain) -> list[int]:
    """Return one selected job for each combination of rule, causes and roots."""
    ways: dict[object, int] = {}
    for job_id in chain.starts:
        step = chain.steps[job_id]
        kinds = tuple(link.cause.kind if link.cause is not None else None for link in step.links)
        ways.setdefault((step.job.rule, kinds, step.roots), job_id)
    return list(ways.values())


@dataclass
class _Tree:
    """The lines of a chain, as far as there is room."""

    chain: Chain
    width: int
    shown: set[int] = field(default_factory=set)
    lines: int = 0
    cut: bool = False

    def begin(self, job_id: int) -> Iterator[Text]:
        """Yield a selected job, and its causes below it."""
        if job_id in self.shown:
            return
        yield from self._line("", "", f"{self._name(job_id)} ran because", "bold")
        yield from self._causes(job_id)

    def _causes(self, start: int) -> Iterator[Text]:
        """Walk the causes depth first, without recursion, since a chain may be long."""
        self.shown.add(start)
        waiting = [("", one, last) for one, last in _ends(self._branches(start))]
        waiting.reverse()
        while waiting:
            if self.lines >= _LINES:
                self.cut = True
                return
            indent, (link, job_id, others, is_root), last = waiting.pop()
            seen = job_id in self.shown
            text = self._text(link, job_id, others, seen) + (_ROOT if is_root else "")
            branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
            yield from self._line(indent + branch, indent + below, text)
            if job_id is None or seen:
                continue
            self.shown.add(job_id)
            if len(indent) + len(below) + _NARROWEST > self.width:
                self.cut = True
                continue
            next_ones = [(indent + below, one, end) for one, end in _ends(self._branches(job_id))]
            waiting += reversed(next_ones)

    def _branches(self, job_id: int) -> list[_Branch]:
        """Return a job's causes, one for each rule behind them, with how many more jobs."""
        step = self.chain.steps[job_id]
        found: list[_Branch] = []
        for link in self._not_shown_yet(step.links):
            by_rule: dict[str, list[int]] = {}
            for other in link.jobs:
                by_rule.setdefault(self.chain.steps[other].job.rule, []).append(other)
            found += [
                (self._of(link, jobs), jobs[0], len(jobs) - 1, False) for jobs in by_rule.values()
            ]
            if not link.jobs:
                found.append((link, None, 0, link in step.at_roots))
        return sorted(found, key=lambda one: not one[3])

    def _not_shown_yet(self, links: Sequence[Link]) -> list[Link]:
        """Leave out the job that needs a file or added a job, if it is shown already.

        Of several that need a file, those come first that do not only run because it was made.
        """
        new = []
        for link in links:
            if link.relation not in ("needed_by", "brought_by"):
                new.append(link)
            elif left := tuple(filter(self._leads_on, link.jobs)):
                new.append(replace(link, jobs=left))
            elif self.shown.isdisjoint(link.jobs):
                new.append(link)
        return [self._first_reader(link) for link in new or links[-1:]]

    def _leads_on(self, job_id: int) -> bool:
        """Return whether a job is not shown yet, and has a cause other than jobs that are."""
        return job_id not in self.shown and any(
            link.relation != "made_by" or not self.shown.issuperset(link.jobs)
            for link in self.chain.steps[job_id].links
        )

    def _first_reader(self, link: Link) -> Link:
        """Return *link* with one of the jobs that need a file: any of them is enough."""
        return replace(link, jobs=link.jobs[:1]) if link.relation == "needed_by" else link

    def _of(self, link: Link, jobs: list[int]) -> Link:
        """Return *link* with only the files that *jobs* made, if other jobs made some too."""
        if link.cause is None or link.relation != "made_by" or len(jobs) == len(link.jobs):
            return link
        made = {path for one in jobs for path in self.chain.steps[one].job.output}
        files = tuple(path for path in link.cause.files if not made.isdisjoint(upwards(path)))
        return replace(link, cause=replace(link.cause, files=files)) if files else link

    def _text(self, link: Link, job_id: int | None, others: int, seen: bool) -> str:
        if job_id is None:
            return cause_words.cause(link.cause) if link.cause else ""
        more = f" and {others:,} more of its rule" if others else ""
        above = " (above)" if seen else ""
        causes = [one.cause for one in self.chain.steps[job_id].links]
        missing = any(one is not None and one.kind == "missing_output" for one in causes)
        return cause_words.leading(link, f"{self._name(job_id)}{above}{more}", missing=missing)

    def _name(self, job_id: int) -> str:
        step = self.chain.steps[job_id]
        line = f" [line{_TIED}{step.line}]" if step.line is not None else ""
        name = job_name(step.job.rule, step.job.wildcards, None)
        return f"{name} (job{_TIED}{job_id}){line}"

    def _line(self, first: str, later: str, text: str, style: str = "") -> Iterator[Text]:
        room = max(self.width - len(first), _NARROWEST // 2)
        for number, line in enumerate(textwrap.wrap(text, room) or [""]):
            self.lines += 1
            shown = Text((later if number else first) + line.replace(_TIED, " "), style)
            if not style:
                shown.highlight_regex(_EVIDENCE, "dim")
            yield shown


def _ends(
    branches: Sequence[_Branch],
) -> list[tuple[_Branch, bool]]:
    """Return the branches, each with whether it is the last."""
    return [(one, at == len(branches) - 1) for at, one in enumerate(branches)]
