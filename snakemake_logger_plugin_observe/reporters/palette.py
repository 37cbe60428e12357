"""The colours of cost classes and of grounds, the same on the page, in terminals, in pictures.

The hues are Okabe and Ito's (2008), which people with a colour vision deficiency can tell apart; a
test computes that for every pair, as it is seen with each deficiency.
"""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.run.phases import UNATTRIBUTED, UNOBSERVED


@dataclass(frozen=True, slots=True)
class Colour:
    """How a cost class is painted."""

    light: str
    """On a light ground: ``#rrggbb``."""
    dark: str
    """On a dark ground."""
    light_ink: str
    """Text on the colour ``light``."""
    dark_ink: str
    """Text on the colour ``dark``."""
    terminal: str
    """The closest of a terminal's own sixteen colours, by rich's name."""


_BLACK: Final = "#16191d"
_WHITE: Final = "#ffffff"

PALETTE: Final[dict[str, Colour]] = {
    "planning": Colour("#0072b2", "#0072b2", _WHITE, _WHITE, "blue"),
    "scheduling": Colour("#e69f00", "#e69f00", _BLACK, _BLACK, "yellow"),
    "limits": Colour("#cc79a7", "#cc79a7", _BLACK, _BLACK, "magenta"),
    "queue": Colour("#56b4e9", "#8fd0f5", _BLACK, _BLACK, "cyan"),
    "staging": Colour("#c44e00", "#d9601a", _WHITE, _BLACK, "red"),
    "compute": Colour("#009e73", "#009e73", _BLACK, _BLACK, "green"),
    UNOBSERVED: Colour("#6b7179", "#6b7179", _WHITE, _WHITE, "bright_black"),
    UNATTRIBUTED: Colour("#c9ced4", "#4a5058", _BLACK, _WHITE, "white"),
}
"""By cost class, in their display order."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a picture or the page is painted on, and with."""

    ground: str
    ink: str
    """Texts that matter."""
    faint: str
    """Texts that explain."""
    line: str
    """Axes and rules."""
    bad: str
    """What failed."""
    good: str
    """What succeeded."""


LIGHT: Final = Ground("#ffffff", "#16191d", "#5c6570", "#dfe3e8", "#b3001b", "#00714f")
DARK: Final = Ground("#14171a", "#e8ebee", "#9aa4af", "#343a41", "#ff6b78", "#3fd0a4")
