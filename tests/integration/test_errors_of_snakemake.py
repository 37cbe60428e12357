"""Errors of Snakemake itself, in real runs: what is wrong, and what to do about it."""

import json
import os
import shutil
import subprocess
from importlib.metadata import version
from typing import Any, NamedTuple

import pytest
from lab import BOTH, Lab
from packaging.version import parse

OLD = parse(version("snakemake")) < parse("9.22")
RULE = "rule all:\n    output: 'a'\n    shell: 'touch a'\n"
SCRIPT = "rule summarise:\n    output: 'a'\n    script: 'scripts/summarise.py'\n"
AMBIGUOUS = """
rule all:
    input: "x.txt"
rule a:
    output: "{n}.txt"
    shell: "touch {output}"
rule b:
    output: "x.{e}"
    shell: "touch {output}"
"""
INPUT_FUNCTION = """
samples = {}
def bam(wildcards):
    return samples["S1"]
rule all:
    input: bam
"""
CALLED = """
import json
import sys
sys.path.insert(0, ".")
import tables
tables.read()
"""
SCHEMA = """
$schema: "http://json-schema.org/draft-07/schema#"
type: object
required: [samples]
"""


class Error(NamedTuple):
    """A workflow that cannot be planned, and what is said about it."""

    snakefile: str
    files: dict[str, str]
    kind: str | None
    cause: str
    to_do: str


ERRORS = [
    Error(
        "include: 'rules/x.smk'\n" + RULE,
        {},
        "missing_snakefile",
        "the workflow includes rules/x.smk, which was not there (FileNotFoundError)",
        "at Snakefile:1",
    ),
    Error(
        "configfile: 'config.yaml'\n" + RULE,
        {"config.yml": "a: 1"},
        "missing_config",
        "the config file config.yaml was not there, but config.yml was (WorkflowError)",
        "--configfile",
    ),
    Error(
        "names = open('samples.tsv').read()\n" + RULE,
        {"sample.tsv": ""},
        "missing_file",
        "Snakefile:1 reads samples.tsv, which was not there, but sample.tsv was (FileNotFoundError)",
        "put samples.tsv there",
    ),
    Error(
        "from snakemake.utils import validate\nvalidate(config, 'schema.yaml')\n" + RULE,
        {"schema.yaml": SCHEMA},
        "schema",
        (
            "the config file does not fit the workflow's schema: 'samples' is a required property (WorkflowError)"
        ),
        "correct the config file (or what --config sets)",
    ),
    Error(
        CALLED + RULE,
        {"tables.py": "import json\ndef read():\n    return json.loads('{')\n"},
        None,
        (
            "the workflow's own code at tables.py:3 failed: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        ),
        "correct the workflow at tables.py:3, or the config or file that it reads",
    ),
    Error(
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/x')\n" + RULE,
        {},
        "network",
        (
            "something that the workflow fetches could not be reached over the network: <urlopen error [Errno 111] Connection refused> (URLError)"
        ),
        "see that this machine reaches that address",
    ),
    Error(
        INPUT_FUNCTION,
        {},
        "function",
        "function bam of rule all failed: KeyError: 'S1' (InputFunctionException)",
        "add 'S1' to the config or the table that the function reads, or correct the function at Snakefile:4",
    ),
    Error(
        "configfile: 'config.yaml'\n" + RULE,
        {"config.yaml": "a: [1\nb: 2\n"},
        "config_syntax",
        ("config file config.yaml:2 cannot be read: it is no valid YAML or JSON (WorkflowError)"),
        "Snakefile:1 reads it",
    ),
    Error(
        RULE.replace("shell:", "resources: mem_mb='lots'\n    shell:"),
        {},
        "resources",
        "resource mem_mb of rule all must be a number, and is 'lots' (RuleException)",
        "give mem_mb a number",
    ),
    Error(
        RULE.replace("output: 'a'", "output: 'results/a'"),
        {"results": "a file"},
        "file_for_folder",
        "results/a, or a part of that path, is a file where a folder is needed (NotADirectoryError)",
        "namei results/a",
    ),
    Error(
        "names = open('tables').read()\n" + RULE,
        {"tables/a.tsv": ""},
        "folder_for_file",
        "tables is a folder where a file is needed (IsADirectoryError)",
        "correct the path",
    ),
    Error(
        "import nosuchmodule\n" + RULE,
        {},
        "python_module",
        (
            "Snakefile:1 imports nosuchmodule, which is not installed where Snakemake runs (ModuleNotFoundError)"
        ),
        "install nosuchmodule",
    ),
]


def finding(lab: Lab) -> dict[str, Any]:
    """Return the newest run's finding, but those of missing evidence, with its action."""
    done = lab.observe("triage", "--format", "json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    (one,) = (each for each in answer["findings"] if not each["id"].startswith("missing_evidence"))
    (action,) = (each for each in answer["actions"] if each["finding"] == one["id"])
    return {**one, **action}


@pytest.mark.parametrize("case", ERRORS, ids=[one.kind or "code" for one in ERRORS])
def test_an_error_before_any_job_has_its_cause_and_what_to_do(lab: Lab, case: Error) -> None:
    kind, cause, to_do = case.kind, case.cause, case.to_do
    lab.snakefile(case.snakefile)
    for name, content in case.files.items():
        (lab.folder / name).parent.mkdir(exist_ok=True)
        (lab.folder / name).write_text(content)
    (lab.folder / ".snakemake").mkdir()
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    one = finding(lab)
    assert one["claim"] == cause
    assert one["id"] == (f"workflow_error:{kind}" if kind else "workflow_error")
    assert to_do in one["action"]
    for path in ("/lib/python", "site-packages"):
        assert path not in one["action"]
    for command in ((), ("jobs", "--failed")):
        said = " ".join(lab.observe(*command).stdout.split())
        assert to_do in said
        assert cause.rpartition(" (")[0] in said


def test_a_script_that_is_not_there_is_named_with_its_rule_and_a_similar_one(lab: Lab) -> None:
    lab.snakefile(SCRIPT)
    (lab.folder / "scripts").mkdir()
    (lab.folder / "scripts" / "summarize.py").write_text("")
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    one = finding(lab)
    assert one["incident_class"] == "workflow_error"
    known = "" if OLD else ", but scripts/summarize.py was (FileNotFoundError)"
    assert one["claim"] == f"rule summarise names scripts/summarise.py, which was not there{known}"
    assert one["action"].startswith("correct the name of the script in rule summarise")


def test_a_missing_input_is_named_with_a_similar_one(lab: Lab) -> None:
    (lab.folder / "reads").mkdir()
    (lab.folder / "reads" / "S1.fq.gz").write_text("")
    lab.snakefile(
        "rule all:\n    input: 'reads/S1.fastq.gz'\n    output: 'a'\n    shell: 'touch a'\n"
    )
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    assert finding(lab)["claim"] == (
        "planning failed: all needs reads/S1.fastq.gz, which was not there though reads/S1.fq.gz was"
    )


def test_ambiguous_rules_are_named_in_the_order_that_decides_between_them(lab: Lab) -> None:
    lab.snakefile(AMBIGUOUS)
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    one = finding(lab)
    assert one["id"] == "workflow_error:ambiguous_rules"
    first, second = ("a", "b") if "rules a and b" in one["claim"] else ("b", "a")
    assert one["claim"] == (
        f"rules {first} and {second} can both make x.txt (AmbiguousRuleException)"
    )
    assert f"ruleorder: {first} > {second}" in one["action"]
    lab.snakefile(f"ruleorder: {first} > {second}\n{AMBIGUOUS}")
    lab.snakemake("--cores", "1")


def test_missing_cores_are_the_command_line_s(lab: Lab) -> None:
    lab.snakefile(RULE)
    lab.snakemake(*BOTH, check=False)
    one = finding(lab)
    assert one["id"] == "workflow_error:cores"
    assert one["where"] == "operating context"
    assert one["action"].startswith("add --cores N")


@pytest.mark.parametrize(
    ("output", "command", "made"),
    [
        ("'d'", "mkdir d", "a folder, and declares its output d as a file"),
        (
            "directory('d')",
            "touch d",
            "a file, and declares its output d as a folder (directory())",
        ),
    ],
)
def test_an_output_of_another_type_is_not_the_tool_s_failure(
    lab: Lab, output: str, command: str, made: str
) -> None:
    lab.snakefile(f"rule all:\n    output: {output}\n    shell: '{command}'\n")
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    one = finding(lab)
    assert (one["id"], one["claim"]) == (
        "workflow_error:all:output_type",
        f"rule all made {made}",
    )
    assert f"rule all made {made}" in lab.observe("jobs", "--failed").stdout


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="root may write protected files")
def test_a_protected_output_has_why_it_has_to_run_again(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "copy.db"
        rule copy:
            input: "heavy.db"
            output: "copy.db"
            shell: "cp {input} {output}"
        rule heavy:
            input: "raw.txt"
            output: protected("heavy.db")
            shell: "wc {input} > {output}"
    """)
    raw = lab.folder / "raw.txt"
    raw.write_text("one")
    os.utime(raw, (1_000_000_000, 1_000_000_000))
    plain_user = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    for code in (0, 1):
        done = subprocess.run(
            [*plain_user, *lab.command(*BOTH, "--cores", "1")],
            cwd=lab.folder,
            env=lab.environment(),
            check=False,
            timeout=600,
            capture_output=True,
        )
        assert done.returncode == code
        raw.write_text("two")
        os.utime(raw)
    one = finding(lab)
    assert one["id"] == "workflow_error:protected_output"
    by_copy = "its input heavy.db is made anew (by rule heavy: raw.txt was updated)"
    assert one["claim"] in (  # the first that Snakemake looks at
        (
            "rule heavy has to run again because raw.txt was updated, but its output heavy.db is "
            "write-protected, as is copy.db (ProtectedOutputException)"
        ),
        (
            f"rule copy has to run again because {by_copy}, but its output copy.db is "
            "write-protected, as is heavy.db (ProtectedOutputException)"
        ),
    )
    (command,) = one["commands"]
    assert sorted(command.split()) == ["chmod", "copy.db", "heavy.db", "u+w"]
    assert "raw.txt was updated" in " ".join(lab.observe("why").stdout.split())
