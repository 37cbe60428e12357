"""Masking of secrets before they reach a journal: values of ``envvars:``, and likely secrets."""

import json
import re
import shlex
import urllib.parse
from typing import Any, Final

MASK: Final = "***"

# A name is a secret's if it, or a part of it, ends with a keyword: not max-tokens, tokenizer.
_NAME: Final = (
    r"[\w.-]*(?:passw(?:or)?d|passphrase|(?<![a-z])pass|[_-]pwd|secret|token|signature|credentials?"
    r"|(?:api|access|private)[_-]?key)(?![a-z])[\w.-]*"
)
_VALUE: Final = r"""(?:"[^"]*"|'[^']*'|[^\s"'&,;)]+)"""
_SECRETS: Final = re.compile(
    rf"""
    (?P<url>[a-z][a-z0-9+.-]*://[^\s/:@'"]*:)[^\s/'"]+(?=@)       # user:password@host
  | (?P<user>[a-z][a-z0-9+.-]*://)[^\s/:@'"]{{16,}}(?=@)           # token@host
  | (?P<curl>(?<!\S)-u\s+["']?[^\s:"']+:)[^\s"']+                # -u user:password
  | (?P<flag>(?<!\S)--?{_NAME}\s+)(?!-){_VALUE}                   # --token VALUE
  | (?P<assignment>\b{_NAME}["']?\s*[=:]\s*){_VALUE}             # TOKEN=VALUE, "token": "VALUE"
  | (?P<header>\b(?:authorization:\s*\w+|bearer)\s+)[A-Za-z0-9._~+/=-]{{8,}}
  | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
  | \bAKIA[0-9A-Z]{{16}}\b | \bgh[pousr]_[A-Za-z0-9]{{20,}}\b | \bglpat-[\w-]{{16,}}
  | \bgithub_pat_\w{{20,}} | \bhf_[A-Za-z0-9]{{20,}} | \bsk-(?:ant|proj)-[\w-]{{16,}}
  | \bnpm_[A-Za-z0-9]{{20,}} | \bAIza[\w-]{{30,}} | \bASIA[0-9A-Z]{{16}}\b | \bdckr_pat_[\w-]{{16,}}
  | \bxox[abprs]-[\w-]{{10,}} | \beyJ[\w-]{{10,}}\.[\w-]{{10,}}\.[\w-]*
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_QUOTED_COMMAND: Final = re.compile(  # it may be cut
    r"(?<=\bCommand )'(?:.*'(?= (?:returned non-zero exit status|died with))|.*\Z)", re.DOTALL
)
_PATTERNS_FLAG: Final = "--logger-observe-mask"
_SECRET_FLAG: Final = re.compile(rf"--?{_NAME}", re.IGNORECASE)
_SECRETS_NAME: Final = re.compile(_NAME, re.IGNORECASE)
# These fields cannot contain secrets, but their values may look like one.
_SHAPE: Final = frozenset(
    {
        *("event", "time", "status", "kind", "phase", "level", "clock", "wraps", "run_id"),
        *("stamps", "segments", "waits", "start", "end", "started", "loaded", "parsed"),
        *("planned", "ended", "selected", "begun", "prepared", "running", "tool_started"),
        *("tool_ended", "reported", "checked", "node_starts", "process_started", "idle"),
        *("plugin_loaded", "workflow_started", "selections", "plugins"),
    }
)
# Every secret contains one of these in lower case: without one, no pattern can match.
_HINTS: Final = (
    *(b"pass", b"pwd", b"secret", b"token", b"credential", b"signature", b"private", b"-u"),
    *(b"github_pat_", b"hf_", b"sk-", b"npm_", b"aiza", b"asia", b"dckr_pat_"),
    *(b"api_key", b"api-key", b"apikey"),
    *(b"access_key", b"access-key", b"accesskey", b"bearer", b"authorization", b"://", b"akia"),
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"glpat-", b"xox", b"eyj"),
)
_SHORTEST: Final = 4


def names_a_secret(name: str) -> bool:
    """Return whether *name* is the name of a secret."""
    return _SECRETS_NAME.fullmatch(name) is not None


class Masker:
    """Replaces secrets in texts, also inside lists and mappings."""

    def __init__(
        self,
        values: tuple[str, ...] = (),
        patterns: tuple[re.Pattern[str], ...] = (),
        *,
        commands: bool = True,
    ) -> None:
        """Set what to mask in addition to likely secrets.

        Args:
            values: secret texts (values of declared environment variables).
            patterns: text that matches one of them is masked, too.
            commands: whether a message may quote the shell command that failed.

        """
        self._patterns = patterns if commands else (*patterns, _QUOTED_COMMAND)
        forms = {form for v in values if len(v) >= _SHORTEST for form in _forms(v)}
        long_enough = sorted(forms, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, long_enough))) if long_enough else None
        # JSON escapes quotes, backslashes and so on: the longest plain part is the hint.
        self._hints = (*_HINTS, *(_plain_part(value) for value in long_enough))

    def may_hold_a_secret(self, line: bytes) -> bool:
        """Return whether a JSON *line* must be masked: a quick test that misses none."""
        if self._patterns:  # JSON's escapes may hide what they match
            return True
        lower = line.lower()
        return any(hint in lower for hint in self._hints)

    def text(self, text: str) -> str:
        """Return *text* with every secret in it replaced by ``***``."""
        if self._values is not None:
            text = self._values.sub(MASK, text)
        for pattern in self._patterns:
            text = pattern.sub(MASK, text)
        return _SECRETS.sub(_replace, text)

    def any(self, value: Any) -> Any:
        """Return *value* with all texts in it masked, at any depth."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {k: v if k in _SHAPE else self.any(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.any(item) for item in value)
        return value

    def arguments(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """Return the *arguments* of a command line, masked.

        The flag of a secret masks the argument after it; the flag for patterns masks all of its
        values.
        """
        masked: list[str] = []
        flag = ""
        for before, argument in zip(("", *arguments), arguments, strict=False):
            if argument.startswith("-"):
                flag = argument
            hidden = not argument.startswith("-") and (
                flag == _PATTERNS_FLAG or _SECRET_FLAG.fullmatch(before)
            )
            masked.append(MASK if hidden else self.text(argument))
        return tuple(masked)


def _forms(value: str) -> set[str]:
    """Return *value* as it is, and as shells, Python, JSON and URLs write it."""
    quoted = {
        repr(value)[1:-1],
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
    }
    return {value, shlex.quote(value), urllib.parse.quote(value, safe=""), *quoted}


def _plain_part(value: str) -> bytes:
    parts = re.split(r"[^\x20-\x7e]|[\"\\]", value)
    return max(parts, key=len).lower().encode()


def _replace(match: re.Match[str]) -> str:
    kept = next(filter(None, match.groupdict().values()), "")
    quote = match[0][len(kept)]
    return kept + (f"{quote}{MASK}{quote}" if quote in "\"'" else MASK)
