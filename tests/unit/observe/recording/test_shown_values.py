"""The params and config values that a journal holds: bounded, and none of a secret's name."""

from types import SimpleNamespace
from typing import Any

import pytest
from secret_texts import SHAPES, Shape

from snakemake_logger_plugin_observe.recording.shown_values import (
    KeptParams,
    of_config,
    of_params,
)


def a_job(*params: tuple[str | None, Any], derived: tuple[Any, ...] = ()) -> Any:
    values = [value for _name, value in params]
    return SimpleNamespace(
        params=SimpleNamespace(
            _allitems=lambda: iter([*params, *((None, one) for one in derived)])
        ),
        non_derived_params=values,
    )


def test_params_are_texts_with_their_names() -> None:
    job = a_job((None, 5), ("k", [1, "a"]), ("o", {"x": {1}}), derived=("in.txt.idx",))
    assert of_params(job) == ("5", "k=[1, 'a']", "o={'x': {1}}")


def test_a_param_named_like_a_secret_has_no_value() -> None:
    assert of_params(a_job(("api_token", ["abc"]))) == ("api_token=***",)
    nested = a_job(("opts", {"password": ["abc"], "k": 5}), ("key", "a1" * 20))
    assert of_params(nested) == ("opts={'password': '***', 'k': 5}", "key='***'")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.what)
def test_a_secret_that_is_known_by_its_shape_is_in_no_param(shape: Shape) -> None:
    """``repr`` escapes line ends and quotes, and splits a command into words."""
    text = shape.text.replace("{}", shape.secret)
    values = (text, f"x\n#{text}\n#y", [text], {"a": [1, {"b": text}]}, text.encode(), text.split())
    for value in values:
        assert shape.secret not in " ".join(of_params(a_job(("p", value))))
    assert shape.secret not in " ".join(of_config({"p": text, "q": [text], "r": {"s": text}}))


def test_what_snakemake_does_not_compare_is_left_out() -> None:
    assert of_params(a_job(("f", object()), ("n", None))) == ("n=None",)


def test_params_of_a_job_are_bounded() -> None:
    job = a_job(("a", "x" * 1500), ("b", "y" * 1500), ("c", 1))
    texts = of_params(job)
    assert texts[1:] == ("b=str of 1502 …", "c=1")
    assert of_params(a_job(("many", list(range(10**6))))) == ("many=list of 1000000 …",)


def test_each_different_params_of_a_rule_are_kept_once() -> None:
    kept = KeptParams()
    assert kept.is_new("map", "d1", ("k=1",))
    assert not kept.is_new("map", "d1", ("k=1",))
    assert kept.is_new("sort", "d1", ("k=1",))
    assert not kept.is_new("map", None, ("k=2",))


@pytest.mark.parametrize(("length", "written"), [(4, 100), (1500, 100)])
def test_jobs_with_params_of_their_own_do_not_fill_the_journal(length: int, written: int) -> None:
    kept = KeptParams()
    new = [kept.is_new("map", f"d{n}", ("x" * length,)) for n in range(10_000)]
    assert sum(new) == written


def test_many_rules_do_not_fill_the_journal_either() -> None:
    kept = KeptParams()
    new = [kept.is_new(f"rule{n}", "d", ("x" * 2000,)) for n in range(1000)]
    assert sum(new) == 250


def test_short_plain_values_of_the_config_are_texts() -> None:
    config = {
        "kmer": 21,
        "time": None,
        "bwa": {"k": 1.5, "flags": ["-a", "-b"], 3: True},
        "samples": [{"id": 1}],
        "long": "x" * 500,
        "password": "abc",
        "a=b": 1,
    }
    assert of_config(config) == (
        *("kmer=21", "time=null", "bwa.k=1.5", 'bwa.flags=["-a", "-b"]', "bwa.3=true"),
    )


def test_the_config_s_values_are_bounded() -> None:
    assert sum(map(len, of_config({f"key{n}": n for n in range(10_000)}))) <= 4000
