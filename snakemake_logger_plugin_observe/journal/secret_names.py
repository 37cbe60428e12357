"""Names of secrets: which names of flags, variables, settings and keys say that a secret follows.

A name is strong or weak. After a strong one (``db_password``) every value is a secret, except words
like ``none`` and short numbers. Weak ones (``join_key``, ``signature``) are used for much else, so
only a value that looks random is a secret there.
"""

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final

STEM: Final = re.compile(
    r"(?:pass|pwd|secret|token|credential|signature|auth(?!or)|key|cookie|jwt|sig(?==))[\w.-]*",
    re.IGNORECASE | re.ASCII,
)
"""What each such name contains, with the rest of the name."""
HINTS: Final = (
    *("pass", "pwd", "secret", "token", "credential", "signature", "auth", "key", "cookie", "jwt"),
    "sig=",
)
"""In lower case, each such name contains one of these."""

_LONGEST: Final = 100
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_STRONG: Final = re.compile(
    r"""(?:
        passw(?:or)?ds? | passphrase | passcode | pwd | secrets? | token | credentials?
      | (?:api|access|account|secret|private|shared|master|signing|encryption|storage|service
          |subscription|auth|license|ssh)[._-]?key
      | (?<![a-z])auth | (?<![a-z])jwt | authorization
      | x-(?:amz|goog)-(?:signature|credential)
      | (?<!by)(?<!low)(?<!high)(?<!band)(?<!com)(?<!two)(?<!one)(?<!multi)(?<!first)(?<!second)
        (?<!over)(?<!under)(?<!sur)(?<!tres)(?<!en)(?<!all)(?<!single)(?<!three)pass
    )(?![a-z])""",
    re.VERBOSE,
)
_WEAK: Final = re.compile(r"(?:keys?|signature|sig|cookies?|session)(?![a-z])")
# Variables of the environment: WANDB_KEY=, not SORT_KEY=.
_VARIABLE: Final = re.compile(r"(?:[A-Z][A-Z0-9]*_)+KEY(?:_?\d+)?")
_OTHER_KEYS: Final = re.compile(
    r"(?:^|[._-])(?:primary|foreign|sort|join|group|public|merge|index|unique|partition|row|column"
    r"|cache|hash|map|dict|sample|gene|object|lookup|sorting|config|host)[._-]?keys?(?![a-z])"
)
# It is not the secret itself: where it is, what it is like, whether there is one.
_ABOUT: Final = re.compile(
    r"[._-](?:files?|path|dir|folder|type|names?|len|length|count|size|limit|ttl|expiry|expires"
    r"|lifetime|stdin|env|url|uri|endpoint|mode|method|policy|version|format)$"
    r"|^-{0,2}(?:no|use|with|enable|skip|ask|prompt|has|needs?|require|print|show)[._-]"
    r"|\.(?:txt|tsv|csv|py|r|sh|json|ya?ml|gz|bam|fa|fq)$"
)
_HARMLESS: Final = re.compile(
    r"true|false|none|null|nil|yes|no|on|off|basic|digest|ntlm|negotiate|bearer|oauth2?|required"
    r"|optional|\d{1,3}|\*+|",
    re.IGNORECASE,
)
_RANDOM: Final = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+=_.~%/-]{16,}")
_PATH: Final = re.compile(
    r"\.{0,2}/[^=+]{0,400}|\$\(.{0,400}|\$\{?\w{0,9}PWD\}?.{0,400}|`.{0,400}", re.DOTALL
)


class Strength(Enum):
    """How surely a name is a secret's."""

    NONE = auto()
    WEAK = auto()
    STRONG = auto()


@lru_cache(maxsize=4096)
def strength(name: str) -> Strength:
    """Return how surely *name* is the name of a secret."""
    name = name[-_LONGEST:]
    lower = _CAMEL.sub("_", name).lower()
    if _ABOUT.search(lower):
        return Strength.NONE
    if _STRONG.search(lower):
        return Strength.STRONG
    if _OTHER_KEYS.search(lower):
        return Strength.NONE
    if _VARIABLE.fullmatch(name):
        return Strength.STRONG
    return Strength.WEAK if _WEAK.search(lower) else Strength.NONE


def names_a_secret(name: str) -> bool:
    """Return whether *name* is the name of a secret, whatever its value."""
    return strength(name) is Strength.STRONG


def is_secret(name: str, value: Any, *, in_query: bool = False) -> bool:
    """Return whether *value* is a secret, given its *name*: a text, or a long number.

    In the query of a URL, weak names are as good as strong ones: ``?key=``, ``&sig=``.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    text = str(value)
    match strength(name):
        case Strength.NONE:
            return False
        case Strength.WEAK:
            return looks_random(text) or (in_query and _HARMLESS.fullmatch(text) is None)
        case Strength.STRONG:
            if name.lower().lstrip("-") in ("pwd", "oldpwd") and _PATH.fullmatch(text):
                return False  # the working directory
            return _HARMLESS.fullmatch(text) is None


def looks_random(text: str) -> bool:
    """Return whether *text* looks like a key: long, of letters and digits, no path."""
    text = text.strip("\\\"'")
    return _RANDOM.fullmatch(text) is not None and text.count("/") <= len(text) // 16
