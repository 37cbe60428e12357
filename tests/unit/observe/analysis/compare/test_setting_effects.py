"""The table of settings is complete, and shown in the docs."""

from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.analysis.compare.setting_effects import (
    TABLE,
    Effect,
    SettingEffect,
    hides_more,
    setting,
)
from snakemake_logger_plugin_observe.recording.workflow_settings import settings_of

DOCS = Path(__file__).parents[5] / "docs" / "comparing.md"
_JUDGED = {
    Effect.TIME: "safe",
    Effect.MEANING: "by the results",
    Effect.HIDING: "unsafe",
    Effect.NEITHER: "neutral",
}


def rows() -> str:
    """Return the table as the docs have it."""
    lines = ["| setting | | judged | what it can do |", "|---|---|---|---|"]
    lines += [
        f"| `{one.name}` | {f'`{one.flag}`' if one.flag else ''} | {_JUDGED[one.effect]} | {one.why} |"
        for one in TABLE
    ]
    return "\n".join(lines) + "\n"


def test_the_docs_show_the_table() -> None:
    assert DOCS.read_text().endswith(rows())


def test_each_setting_is_in_the_table_once() -> None:
    names = [one.name for one in TABLE]
    assert len(names) == len(set(names))


def test_every_recorded_setting_is_in_the_table() -> None:
    recorded = settings_of(object(), None)  # every name, without values
    assert len(recorded) > 70
    assert recorded.keys() <= {one.name for one in TABLE}


def test_a_key_of_the_configuration_is_judged_as_the_configuration() -> None:
    assert setting("config kmer") is setting("config")


def test_an_unknown_setting_may_affect_anything() -> None:
    assert setting("brand_new").effect is Effect.MEANING


@pytest.mark.parametrize(
    ("name", "before", "after", "more"),
    [
        ("rerun_triggers", ["code", "mtime"], ["mtime"], True),
        ("rerun_triggers", ["mtime"], ["code", "mtime"], False),
        ("rerun_triggers", ["code", "mtime"], ["mtime", "code"], False),
        ("lock", True, False, True),
        ("lock", False, True, False),
        ("touch", False, True, True),
        ("consider_ancient", {}, {"map": ["0"]}, True),
        ("consider_ancient", {"map": ["0"]}, {}, False),
    ],
)
def test_a_hiding_setting_is_unsafe_in_one_direction_only(
    name: str, before: object, after: object, more: bool
) -> None:
    assert hides_more(setting(name), before, after) is more


def test_only_hiding_settings_have_a_harmless_value() -> None:
    assert all(one.harmless is None for one in TABLE if one.effect is not Effect.HIDING)
    assert isinstance(TABLE[0], SettingEffect)


if __name__ == "__main__":  # writes the table at the end of docs/comparing.md
    text = DOCS.read_text()
    head = text.partition("| setting |")[0]
    DOCS.write_text(head + rows())


def test_rerun_triggers_of_a_tampered_journal_are_compared_too() -> None:
    triggers = setting("rerun_triggers")
    assert hides_more(triggers, ["code", ["nested"]], ["code"])
    assert not hides_more(triggers, {"a": 1}, "text")
