"""What is pruned, as text."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from answers import ESCAPES
from builders import T0

from snakemake_logger_plugin_observe.pasting import command
from snakemake_logger_plugin_observe.reporters.as_json import prune as prune_json
from snakemake_logger_plugin_observe.reporters.as_text import prune
from snakemake_logger_plugin_observe.reporters.forms import FORMS
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.run_list import ListedRun, PruneAnswer, PrunedRun


def listed(name: str, state: str, size: int) -> ListedRun:
    return ListedRun(Path(name), T0, state, None, bytes=size)


def a_plan() -> PruneAnswer:
    pruned = (
        PrunedRun(listed("20260301T120000-000001.jsonl", "dry_run", 8_000), "dry run"),
        PrunedRun(
            listed("20260302T120000-000002.jsonl", "killed", 2_000_000),
            "beyond the newest 5 and old",
            fragments=("0" * 32,),
        ),
    )
    kept = ((listed("20260303T120000-000003.jsonl", "unknown", 9_000), "it has no end"),)
    doing = command("snakemake-observe", "runs", "--keep", "5", "--prune", purpose="remove them")
    return PruneAnswer((Path(),), "remove", False, pruned, kept, 5, doing)


def shown(answer: PruneAnswer, form: str = "text") -> str:
    return FORMS[form](Reply(answer, prune.parts, prune_json.shape), width=80)


def test_a_plan_and_what_was_done_are_as_in_the_golden_files(
    golden: Callable[[str, str], None],
) -> None:
    golden("prune-80.txt", shown(a_plan()))
    first, second = a_plan().pruned
    done = (replace(first, bytes_after=900), replace(second, problem="Permission denied"))
    answer = replace(a_plan(), action="compress", done=True, pruned=done)
    golden("prune-done-80.txt", shown(answer))


def test_nothing_in_it_is_obeyed_by_a_terminal() -> None:
    one = PrunedRun(listed(ESCAPES, ESCAPES, 1), ESCAPES, problem=ESCAPES)
    answer = replace(a_plan(), folders=(Path(ESCAPES),), pruned=(one,))
    for form in ("text", "json"):
        assert not {"\x1b", "\r", "\u202e"} & set(shown(answer, form))
