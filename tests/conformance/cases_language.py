"""The language of Snakefiles: checkpoints, functions, flags of files, modules, configuration."""

from collections.abc import Callable

from cases import LOCAL, Call, Case, all_succeeded, statuses, text
from lab import attempts_of

from snakemake_logger_plugin_observe.run.model import Run

HERE = (LOCAL,)


def ran(**expected: int) -> Callable[..., None]:
    """Return a check of the last run: this number of jobs of each rule ran and succeeded."""

    def check(*runs: Run) -> None:
        all_succeeded(runs[-1])
        assert {rule: len(found) for rule, found in statuses(runs[-1]).items()} == expected

    return check


CHECKPOINT = """
    checkpoint discover:
        output: directory("found")
        shell: "mkdir -p {output}; for i in 1 '{wanted}'; do echo $i > \\"{output}/$i.txt\\"; done"
    rule each:
        input: "found/{i}.txt"
        output: "each/{i}.txt"
        shell: "cp '{input}' '{output}'"
    def gathered(wildcards):
        folder = checkpoints.discover.get().output[0]
        return sorted(expand("each/{i}.txt", i=glob_wildcards(folder + "/{i}.txt").i))
    rule all:
        input: gathered
        output: "all.txt"
        shell: "cat each/*.txt > {output}"
    rule first:
        input: rules.all.output
        default_target: True
"""


def checkpoint(wanted: str) -> str:
    return CHECKPOINT.replace("{wanted}", wanted)


def a_checkpoint_is_recorded(*wildcards: str) -> Callable[[Run], None]:
    def check(run: Run) -> None:
        assert run.status() == "success"
        (discover,) = (job for job in run.jobs.values() if job.rule == "discover")
        assert discover.checkpoint
        found = {run.jobs[a.job_id or 0].wildcards["i"] for a in attempts_of(run, "each")}
        assert found == set(wildcards)
        (replanned,) = [phase for phase in run.phases if phase.detail == "checkpoint"]
        for attempt in attempts_of(run, "each"):
            assert attempt.stamps.ready is not None
            assert attempt.stamps.ready >= replanned.end
            assert (replanned.first_job_id or 0) <= (attempt.job_id or 0)

    return check


TWO_CHECKPOINTS = """
    checkpoint one:
        output: "one.txt"
        shell: "echo 2 > {output}"
    def second(wildcards):
        return "two/" + open(checkpoints.one.get().output[0]).read().strip() + ".txt"
    checkpoint two:
        input: second
        output: "two.txt"
        shell: "cp {input} {output}"
    rule number:
        output: "two/{n}.txt"
        shell: "echo {wildcards.n} > {output}"
    def third(wildcards):
        return "three/" + open(checkpoints.two.get().output[0]).read().strip() + ".txt"
    rule three:
        output: "three/{n}.txt"
        shell: "echo {wildcards.n} > {output}"
    rule all:
        input: third
        output: "all.txt"
        default_target: True
        shell: "cp {input} {output}"
"""


def two_replannings(run: Run) -> None:
    assert run.status() == "success"
    assert len([phase for phase in run.phases if phase.detail == "checkpoint"]) == 2
    assert statuses(run) == {rule: ["success"] for rule in ("all", "number", "one", "three", "two")}


def a_checkpoint_failed(run: Run) -> None:
    assert run.status() == "failed"
    assert statuses(run) == {"one": ["failed"]}


MODULE = """
    rule made:
        output: "made.txt"
        params: word=config["word"]
        shell: "echo {params.word} > {output}"
    rule other:
        output: "other.txt"
        shell: "touch {output}"
"""
CASES = [
    Case(
        "checkpoint",
        "checkpoints: one, with a directory",
        checkpoint("2"),
        check=a_checkpoint_is_recorded("1", "2"),
        unordered=True,
    ),
    Case(
        "checkpoint-names",
        "checkpoints: names in unicode, with spaces",
        checkpoint("zwei drei ö日本"),
        check=a_checkpoint_is_recorded("1", "zwei drei ö日本"),
        unordered=True,
        executors=HERE,
    ),
    Case(
        "checkpoints",
        "checkpoints: several, one after the other",
        TWO_CHECKPOINTS,
        check=two_replannings,
    ),
    Case(
        "checkpoint-fails",
        "checkpoints: one that fails",
        TWO_CHECKPOINTS.replace("echo 2 >", "exit 3 >"),
        calls=(Call(code=1),),
        check=a_checkpoint_failed,
        executors=HERE,
        sample="",
    ),
    Case(
        "checkpoint-again",
        "checkpoints: on a second run",
        TWO_CHECKPOINTS,
        calls=(Call(), Call(before="rm all.txt")),
        check=ran(all=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "module",
        "language: module, use rule",
        "module sub:\n    snakefile: 'sub/Snakefile'\n    config: {'word': 'moved'}\n    prefix: 'results'\nuse rule * from sub as sub_*\nuse rule other from sub as mine with:\n    output: 'mine.txt'\nrule all:\n    default_target: True\n    input: 'results/made.txt', 'mine.txt'\n    output: touch('all.done')\n",
        {"sub/Snakefile": text(MODULE)},
        check=ran(all=1, mine=1, sub_made=1),
        unordered=True,
    ),
    Case(
        "include",
        "language: include",
        "include: 'rules/made.smk'\nrule all:\n    default_target: True\n    input: 'made.txt'\n    output: touch('all.done')\n",
        {"rules/made.smk": text(MODULE).replace('config["word"]', '"x"')},
        check=ran(all=1, made=1),
        executors=HERE,
    ),
    Case(
        "inheritance",
        "language: rule inheritance",
        "rule base:\n    output: 'a.txt'\n    params: word='a'\n    shell: 'echo {params.word} > {output}'\nuse rule base as derived with:\n    output: 'b.txt'\n    params: word='b'\n",
        calls=(Call(("b.txt",)),),
        check=ran(derived=1),
        executors=HERE,
    ),
    Case(
        "ruleorder",
        "language: ruleorder",
        "ruleorder: two > one\nrule one:\n    output: 'a.txt'\n    shell: 'echo 1 > {output}'\nrule two:\n    output: '{x}.txt'\n    shell: 'echo 2 > {output}'\n",
        calls=(Call(("a.txt",)),),
        check=ran(two=1),
        executors=HERE,
    ),
    Case(
        "default-target",
        "language: default_target",
        "rule one:\n    output: 'a.txt'\n    shell: 'touch {output}'\nrule two:\n    default_target: True\n    output: 'b.txt'\n    shell: 'touch {output}'\n",
        check=ran(two=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "input-functions",
        "language: input functions, lookup, branch, expand, collect",
        """
        samples = {"one": {"file": "x.in"}}
        rule all:
            input:
                first=lookup(dpath="one/file", within=samples),
                second=branch(True, then="x.in", otherwise="y.in"),
                third=collect("{name}.in", name=["x"]),
                more=expand("{a}{b}.in", zip, a=["x"], b=[""]),
            output: "all.txt"
            params: word=lookup(dpath="one/file", within=samples), size=lambda wildcards, input: len(input)
            shell: "cat {input} > {output}; echo {params.word} {params.size} >> {output}"
        rule made:
            output: "{n}.in"
            shell: "echo {wildcards.n} > {output}"
        """,
        check=ran(all=1, made=1),
    ),
    Case(
        "unpack",
        "language: unpack, multiext, wildcard_constraints",
        """
        wildcard_constraints: n="[a-z]+"
        rule all:
            input: unpack(lambda wildcards: {"one": "x.in", "two": "x.log"})
            output: multiext("out", ".a", ".b")
            shell: "cat {input.one} {input.two} | tee {output[0]} > {output[1]}"
        rule made:
            output: multiext("{n}", ".in", ".log")
            shell: "echo {wildcards.n} | tee {output[0]} > {output[1]}"
        """,
        check=ran(all=1, made=1),
        executors=HERE,
    ),
    Case(
        "resource-functions",
        "language: functions of resources and threads",
        "rule all:\n    output: 'out.txt'\n    threads: lambda wildcards: 1\n    resources: mem_mb=lambda wildcards, attempt, threads: 100 * attempt * threads\n    shell: 'echo {threads} {resources.mem_mb} > {output}'\n",
        check=ran(all=1),
    ),
    Case(
        "temp",
        "files: temp",
        "rule all:\n    input: 't.txt'\n    output: 'out.txt'\n    shell: 'cp {input} {output}'\nrule t:\n    output: temp('t.txt')\n    shell: 'echo x > {output}'\n",
        check=ran(all=1, t=1),
    ),
    Case(
        "protected",
        "files: protected",
        "rule all:\n    output: protected('out.txt')\n    shell: 'touch {output}'\n",
        check=ran(all=1),
        sample="",
    ),
    Case(
        "ancient",
        "files: ancient",
        "rule all:\n    input: ancient('in.txt')\n    output: 'out.txt'\n    shell: 'cp {input} {output}'\n",
        {"in.txt": "x"},
        calls=(Call(), Call(before="sleep 0.1; touch in.txt", says="Nothing to be done")),
        executors=HERE,
    ),
    Case(
        "directory-output",
        "files: directory",
        "rule all:\n    output: directory('d')\n    shell: 'mkdir -p {output}/deep; touch {output}/deep/a'\n",
        check=ran(all=1),
    ),
    Case(
        "touch-output",
        "files: touch",
        "rule all:\n    output: touch('done')\n    shell: 'true'\n",
        check=ran(all=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "update",
        "files: update",
        "rule all:\n    input: 'in.txt'\n    output: update('table.txt')\n    shell: 'cat {input} >> {output}'\n",
        {"in.txt": "new\n", "table.txt": "old\n"},
        calls=(Call(before="touch -d 2000-01-01 table.txt"),),
        check=ran(all=1),
    ),
    Case(
        "before-update",
        "files: before_update",
        "rule all:\n    input: 'u.txt'\n    output: 'out.txt'\n    shell: 'cp {input} {output}'\nrule u:\n    input: 'in.txt'\n    output: 'u.txt'\n    shell: 'cp {input} {output}'\n",
        {"in.txt": "new\n"},
        check=ran(all=1, u=1),
        sample="",
        executors=HERE,
    ),
    Case(
        "ensure",
        "files: ensure that holds",
        "rule all:\n    output: ensure('out.txt', non_empty=True)\n    shell: 'echo x > {output}'\n",
        check=ran(all=1),
        sample="",
    ),
    Case(
        "benchmark-repeat",
        "language: benchmark, repeated",
        "rule all:\n    output: 'out.txt'\n    benchmark: repeat('all.bench', 2)\n    shell: 'echo x > {output}'\n",
        check=ran(all=1),
    ),
    Case(
        "folders-of-logs",
        "language: benchmark and log in folders",
        "rule all:\n    output: 'out.txt'\n    benchmark: 'benchmarks/all.bench'\n    log: 'logs/deep/all.log'\n    shell: 'echo x > {output} 2> {log}'\n",
        check=ran(all=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "configfile-directive",
        "language: configfile, validated",
        "from snakemake.utils import validate\nconfigfile: 'config.yaml'\nvalidate(config, 'schema.yaml')\nrule all:\n    output: 'out.txt'\n    shell: 'echo {config[word]} > {output}'\n",
        {
            "config.yaml": "word: hello\n",
            "schema.yaml": "$schema: https://json-schema.org/draft/2020-12/schema\ntype: object\nproperties:\n  word:\n    type: string\n  more:\n    type: string\n    default: x\n",
        },
        check=ran(all=1),
    ),
    Case(
        "envvars",
        "language: envvars",
        "envvars: 'MY_WORD'\nrule all:\n    output: 'out.txt'\n    params: word=os.environ['MY_WORD']\n    shell: 'echo {params.word} > {output}'\n",
        environment={"MY_WORD": "from outside"},
        check=ran(all=1),
    ),
    Case(
        "scattergather",
        "language: scattergather",
        "scattergather:\n    split=2\nrule all:\n    input: gather.split('part/{scatteritem}.txt')\n    output: 'all.txt'\n    shell: 'cat {input} > {output}'\nrule part:\n    output: 'part/{scatteritem}.txt'\n    shell: 'echo {wildcards.scatteritem} > {output}'\n",
        check=ran(all=1, part=2),
        unordered=True,
        executors=HERE,
    ),
    Case(
        "local-flag",
        "files: local",
        "rule all:\n    input: local('in.txt')\n    output: local('out.txt')\n    shell: 'cp {input} {output}'\n",
        {"in.txt": "x\n"},
        check=ran(all=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "strings",
        "language: format strings, literals, :q",
        "word = 'a b'\nrule all:\n    output: f'{word[0]}.txt'\n    params: text=\"it's & $HOME\"\n    shell: 'printf %s {params.text:q} > {output}'\n",
        check=ran(all=1),
        executors=HERE,
    ),
    Case(
        "exists",
        "language: exists",
        "rule all:\n    input: branch(exists('in.txt'), then='in.txt')\n    output: 'out.txt'\n    shell: 'cp {input} {output}'\n",
        {"in.txt": "x\n"},
        check=ran(all=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "shell-prefix",
        "language: shell.prefix, shell.executable",
        "shell.executable('/bin/bash')\nshell.prefix('set -u; ')\nrule all:\n    output: 'out.txt'\n    shell: 'echo $BASH_VERSION | cut -c1 > {output}'\n",
        check=ran(all=1),
        sample="",
    ),
    Case(
        "script-by-wildcard",
        "language: script, selected by a wildcard",
        "rule all:\n    input: 'x.txt'\n    output: touch('all.done')\nrule s:\n    output: '{n}.txt'\n    script: 'scripts/{wildcards.n}.py'\n",
        {"scripts/x.py": "open(snakemake.output[0], 'w').write(snakemake.wildcards.n)\n"},
        check=ran(all=1, s=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "report-flags",
        "language: report, and --report-after-run",
        "rule all:\n    output: report('out.txt', caption='c.rst')\n    shell: 'echo x > {output}'\n",
        {"c.rst": "text\n"},
        check=ran(all=1),
        executors=HERE,
    ),
    Case(
        "said-while-parsing",
        "language: print and logger in a Snakefile",
        "print('said while parsing')\nfrom snakemake.logging import logger\nlogger.warning('a warning of the workflow')\nrule all:\n    output: 'out.txt'\n    shell: 'echo said by the tool; echo and on stderr >&2; touch {output}'\n",
        check=ran(all=1),
        calls=(Call(says="a warning of the workflow"),),
    ),
    Case(
        "big-dag",
        "language: many jobs",
        "rule all:\n    input: expand('{i}.txt', i=range(12))\n    output: touch('all.done')\nrule one:\n    output: '{i}.txt'\n    shell: 'touch {output}'\n",
        check=ran(all=1, one=12),
        executors=HERE,
        unordered=True,
        sample="",
    ),
]
