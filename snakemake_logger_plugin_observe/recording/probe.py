"""How Snakemake's live objects are asked: what a version does not have costs its answer alone."""

from collections.abc import Callable
from typing import Any


def ask(question: Callable[[], Any], otherwise: Any = None) -> Any:
    """Return what *question* answers, or *otherwise* where Snakemake cannot answer it."""
    try:
        return question()
    except Exception:
        return otherwise
