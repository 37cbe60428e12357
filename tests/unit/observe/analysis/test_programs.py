"""Which inputs a job runs as programs, by its command."""

import pytest
from workflows import a_job, a_run

from snakemake_logger_plugin_observe.analysis.programs import runs


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python3 bin/tool.py in.txt", True),
        ("bin/tool.py in.txt", True),
        ("python -u bin/tool.py", True),
        ("sort in.txt | bin/tool.py > out.txt", True),
        ("cd x && bash -eu bin/tool.py; ls", True),
        ("(bin/tool.py)", True),
        ("cat bin/tool.py > out.txt", False),
        ("python3 bin/tool.py2", False),
        ("python3 other.py bin/tool.py", False),
        (None, False),
    ],
)
def test_an_input_that_begins_a_command_or_follows_an_interpreter_is_a_program(
    command: str | None, expected: bool
) -> None:
    job = a_run([a_job("work", "out.txt", "bin/tool.py", shellcmd=command)]).run.jobs[1]
    assert runs(job, "bin/tool.py") is expected
