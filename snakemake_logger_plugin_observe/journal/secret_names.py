"""Names of secrets: which names of flags, variables, settings and keys say that a secret follows.

A name is strong, mixed or weak. After a strong one (``db_password``) every value is a secret,
except words like ``none`` and short numbers. Mixed ones (``pass``, ``BATCH_KEY``) are words of
quality control and of tables, too: numbers, paths and file names are none there. Weak ones
(``join_key``, ``signature``) are used for much else, so only a value that looks random is a secret.
"""

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final

STEM: Final = re.compile(
    r"(?:pass|pwd|secret|token|cred|signature|auth(?!or)|key|cookie|jwt|sig(?==)"
    r"|pw(?=[ \t\n\r\"'=:]))[\w.-]*",
    re.IGNORECASE | re.ASCII,
)
"""What each such name contains, with the rest of the name."""
HINTS: Final = (
    *("pass", "pwd", "secret", "token", "cred", "signature", "auth", "key", "cookie", "jwt"),
    *("sig=", "pw=", "pw:", "pw ", "pw\t", "pw\n", "pw\r", 'pw"', "pw'"),
)
"""In lower case, each such name contains one of these."""

_LONGEST: Final = 100
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_STRONG: Final = re.compile(
    r"""(?:
        passw(?:or)?ds? | passphrase | passcode | pwd | secrets? | token | credentials?
      | (?:api|access|account|secret|private|shared|master|signing|encryption|storage|service
          |subscription|auth|license|ssh)[._-]?key
      | (?<![a-z])auth | (?<![a-z])jwt | authorization | (?<![a-z])creds
      | x-(?:amz|goog)-(?:signature|credential)
      | (?:db|my|pg|sql|user|usr|ftp|smtp|mail|root|admin|ldap|http|proxy|ssh|login)[._-]?pass
    )(?![a-z])""",
    re.VERBOSE,
)
# Of language models: what a word is numbered, and the words that begin and end a text.
_OF_WORDS: Final = re.compile(
    r"token[._-](?:ids?|ind(?:ex|ices)|idx|num|rate|ratio|sum|total)$"
    r"|(?:pad|bos|eos|unk|sep|cls|mask|special|start|end|stop)[._-]tokens?(?![a-z])"
)
_PASS: Final = re.compile(
    r"""(?<!by)(?<!low)(?<!high)(?<!band)(?<!com)(?<!two)(?<!one)(?<!multi)(?<!first)(?<!second)
        (?<!over)(?<!under)(?<!sur)(?<!tres)(?<!en)(?<!all)(?<!single)(?<!three)pass(?![a-z])
        | (?<![a-z])pw(?![a-z])""",
    re.VERBOSE,
)
_WEAK: Final = re.compile(r"(?:keys?|signature|sig|cookies?|session)(?![a-z])")
# Variables of the environment: WANDB_KEY=, not SORT_KEY=.
_VARIABLE: Final = re.compile(r"(?:[A-Z][A-Z0-9]*_)+KEY(?:_?\d+)?")
_OTHER_KEYS: Final = re.compile(
    r"(?:^|[._-])(?:primary|foreign|sort|join|group|public|merge|index|unique|partition|row|column"
    r"|cache|hash|map|dict|sample|gene|object|lookup|sorting|config|host|batch"
    r"|read|lane|chrom|feature|barcode|umi|cell|cluster|tag|region|label|id|run|file|data)[._-]?keys?(?![a-z])"
)
# KeyError, InvalidTokenException: what follows is what was not found.
_EXCEPTION: Final = re.compile(r"[a-z](?:Error|Exception|Warning)\Z")
# It is not the secret itself: where it is, what it is like, whether there is one.
_ABOUT: Final = re.compile(
    r"[._-](?:files?|path|dir|folder|type|names?|len|length|count|size|limit|ttl|expiry|expires"
    r"|lifetime|stdin|env|url|uri|endpoint|mode|method|policy|version|format)$"
    r"|^-{0,2}(?:no|use|with|enable|skip|ask|prompt|has|needs?|require|print|show)[._-]"
    r"|\.(?:txt|tsv|csv|py|r|sh|json|ya?ml|gz|bam|fa|fq)$"
)
_HARMLESS: Final = re.compile(
    r"true|false|none|null|nil|yes|no|on|off|basic|digest|ntlm|negotiate|bearer|oauth2?|required"
    r"|optional|pass|fail|passed|failed|\d{1,3}|\*+|",
    re.IGNORECASE,
)
_RANDOM: Final = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+=_.~%/-]{16,}")
_PARTS: Final = re.compile(r"[_.-]+")
_WORD_OR_NUMBER: Final = re.compile(r"[A-Za-z]*\d*|\d+[A-Za-z]{0,3}")
_LONGEST_WORD: Final = 11
_NO_SECRET_AFTER_MIXED: Final = re.compile(
    r"""[+-]?\d[\d,_]*(?:\.\d*)?(?:e[+-]?\d+)?[kmgt%]?[})\];]*  # a number
      | [a-z_]{1,40}=\d+[a-z]{0,2}  # a resource of a rule
      | \$\d+ | [a-z_]+[+*-]\d{1,3}[})\];]* | [a-z_]\w*\(.*  # arithmetic, a column of awk, a call
      | <[^<>]{1,40}> | \[[a-z]{2,8}\] | \{[\w.\[\]]{1,60}\}  # a placeholder
      | (?:\.{0,2}|~)/[\w.@/{}*-]* | [\w.-]+/(?:[\w.{}*-]*/)+[\w.{}*-]* | [\w.-]+/  # a path
      | [\w./{}*-]+\.(?:[bsc]am|[bvc]cf|f(?:ast)?[aq]|fna|bed|g[tf]f3?|txt|[tc]sv|json|ya?ml|html
          |log|pdf|png|svg|h5|h5ad|rds|rda|npz?|parquet|zip|tar|py|r|sh|smk|ok|done)(?:\.[bx]?gz)?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_PATH: Final = re.compile(
    r"\.{0,2}/[^=+]{0,400}|\$\(.{0,400}|\$\{?\w{0,9}PWD\}?.{0,400}|`.{0,400}", re.DOTALL
)


class Strength(Enum):
    """How surely a name is a secret's."""

    NONE = auto()
    WEAK = auto()
    MIXED = auto()
    STRONG = auto()


@lru_cache(maxsize=4096)
def strength(name: str) -> Strength:
    """Return how surely *name* is the name of a secret."""
    name = name[-_LONGEST:]
    lower = _CAMEL.sub("_", name).lower()
    if _ABOUT.search(lower) or _EXCEPTION.search(name):
        return Strength.NONE
    if _OF_WORDS.search(lower):
        return Strength.MIXED
    if _STRONG.search(lower):
        return Strength.STRONG
    if _PASS.search(lower):
        return Strength.MIXED
    if _OTHER_KEYS.search(lower):
        return Strength.NONE
    if _VARIABLE.fullmatch(name):
        return Strength.MIXED
    return Strength.WEAK if _WEAK.search(lower) else Strength.NONE


def names_a_secret(name: str) -> bool:
    """Return whether *name* is the name of a secret, whatever its value."""
    return strength(name) is Strength.STRONG


def is_secret(name: str, value: Any, *, in_query: bool = False) -> bool:
    """Return whether *value* is a secret, given its *name*: a text, or a long number.

    In the query of a URL, other names are as good as strong ones: ``?key=``, ``&sig=``.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    text = str(value)
    known = strength(name)
    if known is Strength.NONE or _HARMLESS.fullmatch(text) is not None:
        return False
    if known is Strength.STRONG:  # except for the working directory
        return name.lower().lstrip("-") not in ("pwd", "oldpwd") or _PATH.fullmatch(text) is None
    if in_query:
        return True
    return looks_random(text) if known is Strength.WEAK else not after_mixed_harmless(text)


def after_mixed_harmless(text: str) -> bool:
    """Return whether *text* is a number, a path or the like: no secret after a mixed name."""
    return _NO_SECRET_AFTER_MIXED.fullmatch(text[:400]) is not None


def looks_random(text: str) -> bool:
    """Return whether *text* looks like a key: long, of letters and digits, no path and no words."""
    text = text.strip("\\\"'")
    if _RANDOM.fullmatch(text) is None or text.count("/") > len(text) // 16:
        return False
    if after_mixed_harmless(text):
        return False
    unlike = [part for part in _PARTS.split(text) if _WORD_OR_NUMBER.fullmatch(part) is None]
    return any(len(part) > _LONGEST_WORD for part in unlike) or len(unlike) > 1
