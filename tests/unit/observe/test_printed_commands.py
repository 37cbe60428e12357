"""In a command that is printed, nothing from a journal is a flag: not a rule's name, nor a path."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from answers import FAILING, STORIES
from builders import Story

from snakemake_logger_plugin_observe.__main__ import main, parser

COMMANDS = (
    *(("cost",), ("jobs",), ("jobs", "--failed"), ("jobs", "--used"), ("path",), ("why",)),
    *(("whatif", "--jobs", "2"), ("whatif",), ("triage",), ("validate",)),
)
_RULE = re.compile(r'"rule":"([^"]*)"')
_OWN = re.compile(r"^\W*(snakemake-observe .*)$", re.MULTILINE)


def with_rules_like_flags(story: Story) -> str:
    """Return a story's journal in which each rule is called ``--save=evil-RULE``."""
    text = b"\n".join(story.lines).decode() + "\n"
    for rule in set(_RULE.findall(text)):
        text = text.replace(json.dumps(rule), json.dumps(f"--save=evil-{rule}"))
    return text


def printed_commands(text: str) -> Iterator[list[str]]:
    for line in _OWN.findall(text):
        yield shlex.split(line, comments=True)[1:]


@pytest.mark.parametrize("story", [*STORIES.values(), *FAILING.values()])
def test_no_rule_and_no_path_is_a_flag_in_a_printed_command(
    story: Callable[[], Story],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-n.jsonl").write_text(with_rules_like_flags(story()))
    seen = 0
    for command in COMMANDS:
        assert main([*command, "./-n.jsonl"]) in (0, 1, 2)
        for arguments in printed_commands(capsys.readouterr().out):
            read = vars(parser().parse_args(arguments))
            assert read.get("save") in (None, Path("evidence"))
            paths = [read[name] for name in ("journal", "candidate") if read.get(name)]
            assert [path.exists() for path in paths] == [True] * len(paths)
            seen += 1
    assert seen
