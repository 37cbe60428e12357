"""Runs with reasons: what a job reads and makes, and Snakemake's reason for running it."""

from typing import Any

from builders import Story, begun

CODE = "Code has changed since last execution"
INPUTS = "Set of input files has changed since last execution"
FORCED = "Forced execution"
PARAMS = (
    "Params have changed since last execution: Union of exclusive params before and now across "
    "all output: before: 21 now: 31 "
)


def missing(*files: str) -> str:
    return f"Missing output files: {', '.join(files)}"


def newer(*files: str) -> str:
    return f"Updated input files: {', '.join(files)}"


def made(*files: str) -> str:
    return f"Input files updated by another job: {', '.join(files)}"


class Why(Story):
    """A story whose jobs run one after the other, a second each, in the order of their telling."""

    at_s = 3.0

    def ran(
        self,
        job_id: int,
        rule: str,
        reason: str | None,
        *,
        needs: tuple[int, ...] = (),
        reads: tuple[str, ...] = (),
        makes: tuple[str, ...] = (),
        **more: Any,
    ) -> "Why":
        self.planned(job_id, rule, reason, needs=needs, reads=reads, makes=makes, **more)
        self.quick(job_id, self.at_s, self.at_s, self.at_s + 1)
        self.at_s += 1
        return self

    def planned(
        self,
        job_id: int,
        rule: str,
        reason: str | None,
        *,
        needs: tuple[int, ...] = (),
        reads: tuple[str, ...] = (),
        makes: tuple[str, ...] = (),
        **more: Any,
    ) -> "Why":
        self.job(job_id, needs, rule, reason=reason, input=reads, output=makes, **more)
        return self


def story(**facts: Any) -> Why:
    one = Why(**facts)
    one.plan(2, 3)
    return one


def diamond(first: str = CODE) -> Why:
    """Return four jobs: one whose code changed, two that read what it makes, one that reads both."""
    one = story()
    one.ran(4, "trim", first, reads=("in.fq",), makes=("trimmed.fq",))
    one.ran(3, "left", made("trimmed.fq"), needs=(4,), reads=("trimmed.fq",), makes=("left.txt",))
    one.ran(2, "right", made("trimmed.fq"), needs=(4,), reads=("trimmed.fq",), makes=("right.txt",))
    both = ("left.txt", "right.txt")
    return one.ran(1, "join", made(*both), needs=(2, 3), reads=both, makes=("joined.txt",))


def temporary() -> Why:
    """Return a job whose params changed, and one that made its removed temporary input again."""
    one = story()
    one.ran(2, "sort", missing("sorted.bam"), reads=("in.bam",), makes=("sorted.bam",))
    one.ran(
        *(1, "call", f"{made('sorted.bam')}; {PARAMS}"),
        needs=(2,),
        reads=("sorted.bam",),
        makes=("calls.vcf",),
    )
    return one.ran(0, "all", made("calls.vcf"), needs=(1,), reads=("calls.vcf",))


def first_run(samples: int = 2) -> Why:
    """Return a first run: all outputs are missing, and the target is a summary of all."""
    one = story()
    parts = tuple(f"part/{n}.txt" for n in range(samples))
    for n, part in enumerate(parts):
        one.ran(n + 10, "part", missing(part), makes=(part,), wildcards={"n": str(n)})
    needs = tuple(range(10, 10 + samples))
    one.ran(
        *(1, "summary", f"{missing('summary.txt')}; {made(*parts)}"),
        needs=needs,
        reads=parts,
        makes=("summary.txt",),
    )
    return one.ran(0, "all", made("summary.txt"), needs=(1,), reads=("summary.txt",))


def discovered() -> Why:
    """Return a checkpoint whose input was updated, and a job that only its evaluation brought."""
    one = story()
    one.ran(1, "split", newer("samples.txt"), makes=("parts",), checkpoint=True)
    one.plan(one.at_s, one.at_s + 0.5, detail="checkpoint", first_job_id=5)
    one.at_s += 0.5
    one.ran(5, "work", missing("done/a.txt"), reads=("parts/a.txt",), makes=("done/a.txt",))
    return one.ran(0, "all", made("done/a.txt"), needs=(5,), reads=("done/a.txt",))


def many_causes(note: str = "date") -> Why:
    """Return a run with two causes, some jobs that go back to both, and one that is always run."""
    one = story(config_digest=f"sha256:{note}", config_keys={"note": note})
    for n in range(3):
        one.ran(
            *(20 + n, "trim", CODE),
            reads=(f"in/{n}.fq",),
            makes=(f"trim/{n}.fq",),
            wildcards={"n": str(n)},
        )
        one.ran(
            *(10 + n, "screen", made(f"trim/{n}.fq")),
            needs=(20 + n,),
            reads=(f"trim/{n}.fq", "panel.fa"),
            makes=(f"screen/{n}.json",),
            wildcards={"n": str(n)},
        )
    one.ran(2, "panel", newer("panel.fa"), reads=("panel.fa",), makes=("panel.json",))
    files = (*(f"screen/{n}.json" for n in range(3)), "panel.json")
    one.ran(
        *(1, "publish", made(*files)),
        needs=(2, 10, 11, 12),
        reads=files,
        makes=("report.txt",),
    )
    always = "Rules with a run or shell declaration but no output are always executed."
    one.ran(3, "note", always, code_digest=f"sha256:{note}", shellcmd=note)
    return one.end(20)


def plan() -> Why:
    """Return a dry run of the diamond."""
    one = story(kind="dry_run", executor="dryrun", wraps=None)
    for event in diamond().events:
        if event.event == "job":
            one.add(event)
    return one


def up_to_date() -> Story:
    """Return a run that had nothing to do."""
    return begun().end(4, "nothing_to_do")


def cycle() -> Why:
    """Return what Snakemake never records: two jobs that made each other's input."""
    one = story()
    one.ran(1, "hen", made("egg"), needs=(2,), reads=("egg",), makes=("hen",))
    return one.ran(2, "egg", made("hen"), needs=(1,), reads=("hen",), makes=("egg",))
