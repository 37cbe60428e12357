"""Failed commands and scripts: what their exit codes mean, and commands that fail as they did."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from lab import BOTH, Lab

SNAKEFILE = '''
    rule all:
        input: expand("{name}.txt", name=RULES)
    rule matches:
        output: "matches.txt"
        log: "logs/matches.log"
        shell: "(cat a | grep nowhere | sort > {output}) 2> {log}"
    rule head:
        output: "head.txt"
        shell: "seq 1000000 | head -n 5 > {output}"
    rule count:
        output: "count.txt"
        shell: """
            N=$(grep -c nowhere a)
            echo "found $N" > {output}
            """
    rule unset:
        output: "unset.txt"
        log: "logs/unset.log"
        shell: "echo $REFERENCE_DIR > {output} 2> {log}"
    rule activate:
        output: "activate.txt"
        log: "logs/activate.log"
        shell: "source ./activate; tool > {output}"
    rule spoke:
        output: "spoke.txt"
        log: "logs/spoke.log"
        shell: "exec 2> {log}; source ./activate; tool > {output}"
    rule script:
        output: "script.txt"
        log: "logs/script.log"
        script: "make.py"
    rule logged:
        output: "logged.txt"
        log: "logs/logged.log"
        script: "logged.py"
    rule ran:
        output: "ran.txt"
        run:
            {}["missing_sample"]
    rule called:
        output: "called.txt"
        run:
            shell("""
                cat a
                grep nowhere a > {output}
            """)
    rule inside:
        output: directory("inside.txt")
        log: "inside.txt/tool.log"
        shell: "echo '[E::open] no such sample' > {log}; for i in 1 2 3; do echo $i% >> {log}; done; exit 3"
'''
RULES = (
    *("matches", "head", "count", "unset", "activate", "spoke", "script", "logged", "ran"),
    "inside",
    "called",
)
MAKE = 'import json\nconfig = {"columns": 1}\nvalue = config["colums"]\n'
LOGGED = f'import sys\nsys.stderr = open(snakemake.log[0], "w")\n{MAKE}'


@pytest.fixture(scope="module")
def failed(new_lab: Callable[[str], Lab]) -> Lab:
    lab = new_lab("meanings")
    lab.snakefile(SNAKEFILE.replace("RULES", repr(RULES)))
    (lab.folder / "a").write_text("foo\n")
    (lab.folder / "activate").write_text('PATH="$NO_SUCH_OLD_PATH"\n')
    (lab.folder / "make.py").write_text(MAKE)
    (lab.folder / "logged.py").write_text(LOGGED)
    lab.snakemake(*BOTH, "--cores", "1", "--keep-going", check=False)
    return lab


def failure(lab: Lab, rule: str) -> dict[str, Any]:
    answer = json.loads(lab.observe("jobs", "--failed", "--rule", rule, "--format", "json").stdout)
    (one,) = answer["failures"]
    failed: dict[str, Any] = one
    return failed


@pytest.mark.parametrize(
    ("rule", "strength", "text"),
    [
        ("matches", "likely", "grep found no match, which is its exit code 1"),
        ("head", "likely", "head ended before what writes into the pipe had written all"),
        ("count", "likely", "grep found no match, which is its exit code 1"),
        ("called", "likely", "grep found no match, which is its exit code 1"),
        ("unset", "likely", "$REFERENCE_DIR is not set where the job ran"),
        ("activate", "likely", "./activate, which the command reads with `source`, is not there"),
        ("spoke", "certain", "the variable NO_SUCH_OLD_PATH is not set"),
        ("script", "likely", "make.py ended by an exception that nothing caught, or by sys.exit"),
    ],
)
def test_an_exit_code_means(failed: Lab, rule: str, strength: str, text: str) -> None:
    first = failure(failed, rule)["meanings"][0]
    assert first["text"].startswith(text)
    assert first["strength"] == strength


def test_the_exception_of_a_script_is_quoted_from_its_log(failed: Lab) -> None:
    assert failure(failed, "logged")["raised"] == "KeyError: 'colums' (logged.py:5)"


@pytest.mark.parametrize(
    ("rule", "advice"),
    [
        ("matches", None),
        ("unset", "`2> {log}` gets what the programs print, but not what bash itself says"),
        ("activate", "log: redirects nothing by itself: begin the command with `exec 2> {log};`"),
        ("spoke", None),
        ("script", "log: redirects nothing by itself: what make.py printed went to the terminal"),
        ("logged", None),
        ("inside", "inside.txt/tool.log is inside the output folder inside.txt, and Snakemake"),
    ],
)
def test_a_silent_log_needs(failed: Lab, rule: str, advice: str | None) -> None:
    said = failure(failed, rule)["log_advice"]
    assert (said or "").startswith(advice or "")
    assert (said is None) == (advice is None)


def test_the_error_is_quoted_before_news_of_progress_from_a_log_that_is_gone(failed: Lab) -> None:
    line = failure(failed, "inside")["failures"][0]["last_line"]
    assert (line["number"], line["text"]) == (1, "[E::open] no such sample")


@pytest.mark.parametrize("rule", [*RULES])
def test_the_commands_fail_as_the_job_did(failed: Lab, rule: str) -> None:
    """A shell command ends with the same exit code; of a script, its job fails again, and alone."""
    one = failure(failed, rule)
    shell = rule not in ("script", "logged", "ran", "called", "inside")
    assert one["repeat"]["how"] == ("command" if shell else "job")
    line = " && ".join(one["repeat"]["commands"])
    if shell:
        done = subprocess.run(["bash", "-c", line], cwd=failed.folder, check=False)
        assert done.returncode == one["failures"][0]["exit_code"]
        assert not (failed.folder / f"{rule}.txt").exists()  # or the next run takes it for made
        return
    program, *arguments = line.split()
    assert (program, arguments[0]) == ("snakemake", f"--until={rule}.txt")
    done = failed.snakemake(arguments[0], "--cores", "1", "--keep-going", check=False)
    assert done.returncode == 1
    assert f"Error in rule {rule}:" in done.stderr
    assert done.stderr.count("Error in rule ") == 1


def test_triage_says_what_to_change_and_how_to_see_it_fail(failed: Lab) -> None:
    answer = json.loads(failed.observe("triage", "--format", "json").stdout)
    found = {one["id"]: one for one in answer["findings"]}
    actions = {one["finding"]: one for one in answer["actions"]}
    matches = found["tool_failure:matches"]
    assert (matches["strength"], matches["where"]) == ("likely", "workflow semantics")
    assert matches["wrong_if"] == "grep finds a match in what it reads"
    assert "(grep nowhere || [ $? -eq 1 ])" in actions["tool_failure:matches"]["action"]
    assert actions["tool_failure:matches"]["commands"] == [
        (
            "bash -c 'set -euo pipefail; (cat a | grep nowhere | sort > matches.txt) "
            "2> logs/matches.log'; (e=$?; rm -f matches.txt; exit $e)"
        )
    ]
    assert "set +o pipefail" in actions["tool_failure:head"]["action"]
    assert "KeyError: 'missing_sample'" in actions["tool_failure:ran"]["action"]


def test_the_newest_runs_answer_says_what_to_do(failed: Lab) -> None:
    output = " ".join(failed.observe().stdout.split())
    assert "What to do:" in output
    assert "run again: what is done stays done" in output
