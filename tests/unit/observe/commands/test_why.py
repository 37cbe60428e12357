"""``why`` on the command line: which arguments are the selection, and which is the journal."""

from pathlib import Path

import pytest
from whys import diamond

from snakemake_logger_plugin_observe.commands.why import split_selection


def test_the_journal_among_the_arguments_is_recognised_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    journal = diamond().write(tmp_path / "a.jsonl")
    inside = diamond().write(tmp_path / "run" / ".snakemake" / "observe" / "b.jsonl")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "rows.jsonl").write_text('{"event": "sunset"}\n')
    assert split_selection([]) == (None, None)
    assert split_selection(["publish"]) == ("publish", None)
    assert split_selection([str(journal)]) == (None, journal)
    assert split_selection(["run"]) == (None, Path("run"))
    assert split_selection(["publish", str(inside)]) == ("publish", inside)
    assert split_selection(["run", "screen", "n=1"]) == ("screen n=1", Path("run"))
    assert split_selection(["screen", "n=1", "a.jsonl"]) == ("screen n=1", Path("a.jsonl"))
    assert split_selection(["results"]) == ("results", None)
    assert split_selection(["results/rows.jsonl"]) == ("results/rows.jsonl", None)
    assert split_selection(["publish", "nowhere.jsonl"]) == ("publish", Path("nowhere.jsonl"))
    assert split_selection(["rows.jsonl"]) == ("rows.jsonl", None)
    assert split_selection(["x" * 5000]) == ("x" * 5000, None)
    assert split_selection(["x\0"]) == ("x\0", None)
