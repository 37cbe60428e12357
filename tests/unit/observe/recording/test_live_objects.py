"""What is read of a workflow's live objects: profiles, config, and nothing secret."""

import hashlib
import json
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_logger_plugin_observe.recording.live_objects import profile_files, workflow_facts


def facts(config: Any) -> dict[str, Any]:
    return workflow_facts(SimpleNamespace(config=config), None)


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def test_each_config_key_has_a_short_digest_of_its_value() -> None:
    config = {"samples": {"b": 1, "a": [2, "é"]}, "n": 5, 'odd": x': 1}
    found = facts(config)
    assert found["config_digest"] == f"sha256:{digest(config)}"
    assert found["config_keys"] == {
        'odd": x': digest(1)[:12],
        "n": digest(5)[:12],
        "samples": digest({"a": [2, "é"], "b": 1})[:12],
    }


def test_changing_one_key_changes_only_its_digest() -> None:
    before, after = facts({"a": 1, "b": {"c": 2}}), facts({"b": {"c": 3}, "a": 1})
    assert before["config_keys"]["a"] == after["config_keys"]["a"]
    assert before["config_keys"]["b"] != after["config_keys"]["b"]
    assert before["config_digest"] != after["config_digest"]


def test_a_key_named_like_a_secret_has_no_digest() -> None:
    found = facts({"api_token": "abc", "n": 1})["config_keys"]
    assert found == {"api_token": "***", "n": digest(1)[:12]}


@pytest.mark.parametrize("config", [{1: "a", 2: None}, {None: 1}, {True: {"a": [1.5]}}])
def test_config_keys_may_be_any_yaml_scalar(config: dict[Any, Any]) -> None:
    found = facts(config)
    assert found["config_digest"] == f"sha256:{digest(config)}"
    assert found["config_keys"] == {str(key): digest(v)[:12] for key, v in config.items()}


def test_an_empty_config_has_a_digest_and_no_keys() -> None:
    found = facts({})
    assert (found["config_digest"], found["config_keys"]) == (f"sha256:{digest({})}", {})


def test_a_config_that_cannot_be_digested_has_no_digests() -> None:
    found = facts({1: "a", "b": "c"})  # keys that cannot be sorted
    assert not {"config_digest", "config_keys"} & set(found)
    assert "settings" in found


def args_to_api(args: Any, parser: Any) -> Any:
    """Stand in for Snakemake's function of this name, whose variables are read."""
    assert parser
    return workflow_facts(SimpleNamespace(), args)["profiles"], profile_files()


@pytest.mark.parametrize(
    ("named", "own", "files", "profiles"),
    [
        (None, None, [], ()),
        ("p", None, ["p/config.yaml"], ("p",)),
        (["p", "q"], None, ["p/config.yaml", "q/profile.yaml"], ("p", "q")),
        (["p"], "w", ["p/config.yaml", "profiles/w/config.yaml"], ("p", "w")),
        (None, "w", ["profiles/w/config.yaml"], ("w",)),
        (None, None, ["profiles/default/config.yaml"], ("profiles/default",)),
        (["none"], None, [], ()),
        (None, "none", [], ()),
    ],
)
def test_profiles_are_those_that_snakemake_read(
    named: Any, own: str | None, files: list[str], profiles: tuple[str, ...]
) -> None:
    args = SimpleNamespace(profile=named, workflow_profile=own)
    parser = SimpleNamespace(_default_config_files=files)
    assert args_to_api(args, parser) == (profiles, tuple(files))
