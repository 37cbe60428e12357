"""Pictures of runs that tests build: their specifications, and the files that are drawn of them."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.reporters.plots import PICTURES
from snakemake_logger_plugin_observe.reporters.plots.asked import PlotAsked
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.sheet import Drawing

SVG = "{http://www.w3.org/2000/svg}"


def drawing(what: str, *journals: Path, **asked: Any) -> Drawing:
    """Return a picture of runs before it is drawn."""
    sources = tuple(find_journal.load(one, PICTURES[what].DETAIL) for one in journals)
    return PICTURES[what].draw(PlotAsked(Paint(), sources, **asked))


def values_of(found: Drawing, *fields: str) -> list[dict[str, Any]]:
    """Return what the layers of a picture draw that has all of these fields."""
    values = [one for layer in found.layers for one in layer["data"]["values"]]
    return [one for one in values if set(fields) <= set(one)]


def draw(out: Path, what: str, *arguments: str) -> Path:
    """Draw a picture as the command does; without what it is drawn with, the test is skipped."""
    pytest.importorskip("vl_convert", reason="an extra: pip install '.[plot]'")
    assert main(["plot", what, *arguments, "-o", str(out), "--force"]) == 0
    return out


def parsed(picture: Path) -> ET.Element:
    """Return the root of an SVG."""
    return ET.fromstring(picture.read_text())  # noqa: S314 - we have drawn it


def texts_in(picture: Path) -> list[str]:
    """Return all texts that are written in an SVG."""
    return ["".join(one.itertext()) for one in parsed(picture).iter(f"{SVG}text")]
