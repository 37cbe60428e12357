"""Snakefiles that several tests run."""

import textwrap

from pairs import FILES

CHECKPOINTED = textwrap.dedent("""\
    def works(wildcards):
        lines = open(checkpoints.discover.get().output[0]).read().split()
        return expand("work/{sample}.txt", sample=lines)

    rule all:
        input: "published/report.txt"

    checkpoint discover:
        input: "data"
        output: "samples.txt"
        shell: "ls {input} | sed 's/.txt//' > {output}"

    rule work:
        input: "data/{sample}.txt"
        output: "work/{sample}.txt"
        shell: "sleep ${{NAP:-0}}; cp {input} {output}"

    rule gather:
        input: works
        output: "published/report.txt"
        shell: "cat {input} > {output}"
""")


FAILING = """
    rule all:
        input: "x.txt", "y.txt"
    rule x:
        output: "x.txt"
        priority: 1  # one order of jobs, whatever else
        shell: "echo no >&2; exit 4"
    rule y:
        output: "y.txt"
        shell: "touch {output}"
"""

MORE = {f"data/{name}.txt": f"{name}\n" for name in "defgh"}
NARROW, WIDE = FILES, {**FILES, **MORE}
"""Inputs that a checkpoint or a glob finds: few, and more."""
