"""Values and labels as a reader sees them: one way of rounding, one way of shortening."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

_LISTED = 4  # names before "and n more"
# Characters that neither HTML nor SVG may hold.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: Any) -> str:
    """Return text without control characters."""
    return _UNPRINTABLE.sub("", str(text))


def number(value: Any, digits: int = 2) -> str:
    """Return a number with a true minus sign, or 'NA'."""
    if value is None or pd.isna(value):
        return "NA"
    value = float(value)
    if not math.isfinite(value):
        return "infinite" if value > 0 else "minus infinite"
    if abs(value) >= 100:
        digits = 0
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def probability(value: Any) -> str:
    """Return a p or q value: three decimals, four below 0.001, never zero."""
    if value is None or pd.isna(value):
        return "NA"
    value = float(value)
    if value < 0.0001:
        return "<0.0001"
    text = f"{value:.4f}" if value < 0.001 else f"{value:.3f}"
    return text if float(text) < 1 or value >= 1 else ">0.999"


def percent(share: Any) -> str:
    """Return a share as '2.2 %', or 'NA'."""
    if share is None or pd.isna(share):
        return "NA"
    return f"{100 * float(share):.1f} %"


def stated(symbol: str, value: Any) -> str:
    """Return 'p = 0.012' or 'p < 0.0001'."""
    text = probability(value)
    return f"{symbol} {text[0]} {text[1:]}" if text[0] in "<>" else f"{symbol} = {text}"


def plain(label: Any) -> str:
    """Return a label of the data as words: ``non_resorbing`` is non-resorbing."""
    text = re.sub(r"^non_(?=\w)", "non-", printable(label))
    return " ".join(text.replace("_", " ").split())


def sentence(text: Any) -> str:
    """Return text as a sentence: a capital first, a full stop last; empty stays empty."""
    line = " ".join(str(text or "").split())
    if not line:
        return ""
    return line[0].upper() + line[1:] + ("" if line[-1] in ".!?" else ".")


def brief(title: Any, limit: int = 60) -> str:
    """Return a title without what stands in brackets or behind a colon, for lists and tables."""
    line = " ".join(printable(title).split())
    text = " ".join(re.sub(r"\s*\([^()]*\)", "", line).split())
    text = text.split(": ")[0].strip() or line
    if len(text) <= limit:
        return text
    whole = text[: limit - 1].rpartition(" ")[0] or text[: limit - 1]
    return whole.rstrip(" ,;") + "…"


def shorten(text: Any, limit: int) -> str:
    """Return text on one line, cut in the middle when it is longer than ``limit``."""
    line = " ".join(printable(text).split())
    if len(line) <= limit:
        return line
    head = (limit - 1) * 2 // 3
    return line[:head].rstrip() + "…" + line[len(line) - (limit - 1 - head) :].lstrip()


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    """Return 'a, b and c', or 'a, b, c, d and 3 more'."""
    shown = list(names)
    if len(shown) > most:
        return f"{', '.join(shown[:most])} and {len(shown) - most} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
