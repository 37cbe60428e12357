"""The colours of cost classes can be told apart, also by people who see fewer colours."""

import re
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.reporters import page
from snakemake_logger_plugin_observe.reporters.palette import DARK, LIGHT, PALETTE
from snakemake_logger_plugin_observe.run.phases import CLASSES

# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as it is seen.
SEEN = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
GROUNDS = {"light": LIGHT.ground, "dark": DARK.ground}


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]


def seen(colour: str, eyes: str) -> list[float]:
    rgb = linear(colour)
    mixed = (sum(a * b for a, b in zip(row, rgb, strict=True)) for row in SEEN[eyes])
    return [min(1.0, max(0.0, one)) for one in mixed]


def oklab(rgb: list[float]) -> tuple[float, float, float]:
    """Return linear RGB in Ottosson's Oklab (2020), where distances are as they are seen."""
    r, g, b = rgb
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def distance(one: str, other: str, eyes: str) -> float:
    pairs = zip(oklab(seen(one, eyes)), oklab(seen(other, eyes)), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 defines it."""
    lights = sorted(
        0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(other))
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def test_every_cost_class_has_a_colour_in_their_order() -> None:
    assert list(PALETTE) == list(CLASSES)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("eyes", SEEN)
def test_two_classes_never_look_alike(ground: str, eyes: str) -> None:
    """Two per cent of the way from black to white are just seen; these are several times as far."""
    near = {
        (a, b): round(apart, 3)
        for a, b in combinations(PALETTE, 2)
        if (apart := distance(getattr(PALETTE[a], ground), getattr(PALETTE[b], ground), eyes))
        < 0.06
    }
    assert near == {}


@pytest.mark.parametrize("ground", GROUNDS)
def test_text_on_a_colour_can_be_read(ground: str) -> None:
    for one in PALETTE.values():
        assert contrast(getattr(one, ground), getattr(one, f"{ground}_ink")) >= 4.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_stretch_is_seen_on_its_ground(ground: str) -> None:
    for one in PALETTE.values():
        assert contrast(getattr(one, ground), GROUNDS[ground]) >= 1.5


def test_a_terminal_has_another_colour_for_each_class() -> None:
    assert len({one.terminal for one in PALETTE.values()}) == len(PALETTE)


def test_pictures_and_the_page_have_the_same_grounds() -> None:
    css = (Path(page.__file__).parent / "assets" / "page.css").read_text()
    light, dark, again = (
        dict(re.findall(r"--(\w+): (#\w+);", line))
        for line in css.splitlines()
        if "--ground:" in line
    )
    assert dark == again
    for ground, known in ((LIGHT, light), (DARK, dark)):
        assert {name: known[name] for name in asdict(ground)} == asdict(ground)
