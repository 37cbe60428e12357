"""Names and texts that are hard to handle: in paths, wildcards, commands and jobs' output."""

from collections.abc import Callable

from cases import CLUSTER, LOCAL, Call, Case, all_succeeded, statuses
from lab import the_attempt

from snakemake_logger_plugin_observe.run.model import Run

BY_WILDCARD = r"""
    NAME = {name}
    rule all:
        input: "w/" + NAME + ".out"
        output: touch("all.done")
    rule one:
        input: "in.txt"
        output: "w/{{n}}.out"
        params: word=lambda wildcards: wildcards.n
        shell: "cp {{input}} {{output:q}}; printf %s {{params.word:q}} >> {{output:q}}"
"""


def by_wildcard(name: str) -> str:
    return BY_WILDCARD.format(name=repr(name))


def named(name: str) -> Callable[[Run], None]:
    """Return a check that rule ``one`` ran for the wildcard *name*, and is recorded under its true name."""

    def check(run: Run) -> None:
        all_succeeded(run)
        assert statuses(run) == {"all": ["success"], "one": ["success"]}
        (job,) = (job for job in run.jobs.values() if job.rule == "one")
        assert job.wildcards == {"n": name}
        assert job.output == (f"w/{name}.out",)
        assert name in (job.shellcmd or "") or "'" in name

    return check


IN = {"in.txt": "hello\n"}
HARD = {
    "unicode": "größe-日本-🐍",
    "spaces": "two  words ",
    "quotes": 'it\'s "so"',
    "dollar": "$HOME-`id`",
    "backslash": "a\\x",
    "shell-signs": "a;b&c|d>e*?[f]~#",
    "braces": "a(b)c+d^",
}


def without_node_stamps(run: Run) -> None:
    """If the folder's name is not safe in shells, the node is not timed, and the journal has the reason."""
    assert run.status() == "success"
    attempt = the_attempt(run, "all")
    assert "compute" not in attempt.phases
    assert attempt.unobserved == ("no timing from the node yet",)
    reasons = [one.text for one in run.messages if one.kind == "unobserved"]
    words = "the working directory's path contains characters that shells expand"
    assert reasons == [f"node phases are not observed: {words}"]


def ended_before_any_job(run: Run) -> None:
    assert run.status() == "failed"
    assert run.attempts == {}


CASES = [
    *(
        Case(
            f"name-{kind}",
            f"names: {kind.replace('-', ' ')} in a wildcard, a path and a command",
            by_wildcard(name),
            IN,
            # With others the bare run fails on a cluster, or does not end.
            executors=(LOCAL, CLUSTER) if kind in ("unicode", "spaces", "dollar") else (LOCAL,),
            sample="" if kind in ("braces", "shell-signs", "backslash") else LOCAL,
            check=named(name),
        )
        for kind, name in HARD.items()
    ),
    Case(
        "name-newline",
        "names: a newline in an output's path",
        r"""
        rule all:
            input: "two\nlines.txt"
            output: touch("all.done")
        rule one:
            output: "two\nlines.txt"
            shell: "echo x > {output:q}"
        """,
        calls=(Call(says="contains line break"),),
        check=all_succeeded,
        executors=(LOCAL,),
    ),
    Case(
        "wildcard-newline",
        "names: a newline in a wildcard, which Snakemake does not match",
        by_wildcard("two\nlines"),
        IN,
        calls=(Call(code=1, says="MissingInputException"),),
        executors=(LOCAL,),
        sample="",
        check=ended_before_any_job,
    ),
    Case(
        "name-bytes",
        "names: bytes that are not UTF-8 in an input's path, which Snakemake does not survive",
        """
        rule all:
            input: expand("found/{i}.txt", i=glob_wildcards("found/{i}.txt").i)
            output: "out.txt"
            shell: "cat found/* > {output}"
        """,
        calls=(
            Call(
                code=1,
                says="UnicodeEncodeError",
                before=r"mkdir -p found; echo x > $(printf 'found/a\377.txt')",
            ),
        ),
        executors=(LOCAL,),
        check=ended_before_any_job,
    ),
    Case(
        "text-bytes",
        "names: bytes that are not UTF-8 in what a job prints",
        r"""
        rule all:
            output: "out.txt"
            shell: r"printf 'a\377b\n'; printf 'c\377d\n' >&2; touch {output}"
        """,
        check=all_succeeded,
    ),
    Case(
        "text-bytes-failing",
        "names: bytes that are not UTF-8 in what a failing job prints and logs",
        r"""
        rule all:
            output: "out.txt"
            log: "out.log"
            shell: r"printf 'a\377b\n' | tee {log} >&2; exit 1"
        """,
        calls=(Call(code=1),),
    ),
    Case(
        "command-lines",
        "names: a command of several lines, with braces, quotes and comments",
        '''
        rule all:
            output: "out.txt"
            shell:
                r"""
                # a comment with 'quotes' and "more"
                for i in 1 2; do
                    awk 'BEGIN {{ printf "%s\\n", "'$i'" }}' >> {output}
                done
                cat <<'END' >> {output}
                $not `run` \\ and {{braces}}
                END
                true
                """
        ''',
        check=all_succeeded,
    ),
    Case(
        "folder-spaces",
        "names: spaces and unicode in the working directory's path",
        "rule all:\n    output: 'out.txt'\n    shell: 'echo x > {output}'\n",
        common=("--directory", "two wörds"),
        check=all_succeeded,
    ),
    Case(
        "folder-signs",
        "names: quotes and $ in the working directory's path",
        "rule all:\n    output: 'out.txt'\n    shell: 'echo x > {output}'\n",
        common=("--directory", "pay $5 'now'"),
        executors=(LOCAL,),  # the bare run does not end on a cluster
        check=all_succeeded,
    ),
    Case(
        "folder-percent",
        "names: % and ! in the working directory's path",
        "rule all:\n    output: 'out.txt'\n    shell: 'echo x > {output}'\n",
        common=("--directory", "100% done!"),
        executors=(CLUSTER,),
        sample="",
        check=without_node_stamps,
    ),
    Case(
        "rule-unicode",
        "names: a rule's name in unicode",
        "rule größe:\n    output: 'out.txt'\n    shell: 'touch {output}'\n",
        check=all_succeeded,
    ),
]
