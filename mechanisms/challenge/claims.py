"""The claim: one pure function from the evidence on a signature to one class."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

from mechanisms import vocabulary as words

ALPHA = 0.05
SUGGESTIVE_UP_TO = 0.10
HIGH_GROUP_R2 = 0.8
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one signature in one contrast.

    Attributes
    ----------
    measurable
        Every direction is covered.
    level
        Evidence level of its units.
    expected
        `up`, `down` or `none`.
    raw, adjusted
        Estimates without and with composition; NaN where there is none.
    q_raw
        BH of the raw p over the family.
    p_adjusted
        p with composition in the design.
    q
        BH over the family of P, the larger of both p (the raw p where nothing is adjusted).
    group_r2
        Share of the group that the composition components tell.
    unadjusted
        Why composition does not apply (`purified cells`, a written reason); empty where it does.
    one_gene, within_random
        The outcome of gates 4 and 5; None where a gate was not applied.
    """

    measurable: bool
    level: str
    expected: str
    raw: float
    adjusted: float
    q_raw: float
    p_adjusted: float
    q: float
    group_r2: float = nan
    unadjusted: str = ""
    one_gene: bool | None = None
    within_random: bool | None = None


def classify(e: Evidence) -> str:
    """Return the claim: the first row of the decision table that holds.

    Three cases that the simulated table leaves open are decided on the careful side: where
    composition should be adjusted for and cannot be, or where the adjusted effect has the other
    sign, nothing is `supported`; and what differs raw, is nominally there when adjusted, and does
    not survive the family is `not separable`, not `no evidence`.
    """
    if not e.measurable or isnan(e.raw):
        return words.NOT_MEASURABLE
    if e.level != "tested":
        return words.DESCRIPTIVE
    differs = e.q_raw <= ALPHA
    holds = e.q <= ALPHA
    applies = not e.unadjusted
    if applies and differs and (e.group_r2 > HIGH_GROUP_R2 or isnan(e.adjusted)):
        return words.NOT_SEPARABLE
    if applies and holds and not e.raw * e.adjusted > 0:
        return words.NOT_SEPARABLE
    if holds and e.one_gene:
        return words.ONE_GENE
    if holds and e.within_random:
        return words.NOT_BEYOND_RANDOM
    if holds:
        return _supported(e)
    if applies and differs and e.p_adjusted >= ALPHA:
        shrunk = e.adjusted * (1 if e.raw > 0 else -1) <= HALF * abs(e.raw)
        return words.EXPLAINED if shrunk else words.NOT_SEPARABLE
    if e.q <= SUGGESTIVE_UP_TO and not (applies and isnan(e.adjusted)):
        return words.SUGGESTIVE
    if applies and differs:
        return words.NOT_SEPARABLE
    return words.NO_EVIDENCE


def _supported(e: Evidence) -> str:
    opposite = (e.expected == "up" and e.raw < 0) or (e.expected == "down" and e.raw > 0)
    claim = words.SUPPORTED_OPPOSITE if opposite else words.SUPPORTED
    return f"{claim} (unadjusted: {e.unadjusted})" if e.unadjusted else claim


def classify_balance(own: str, plus: float, minus: float, raw: float) -> str:
    """Return the claim of a balance from its own class and what its sides do.

    Parameters
    ----------
    own
        The class of the balance's score by `classify`.
    plus, minus
        Estimate of each side where that side moves (P <= .05), else 0.
    raw
        Estimate of the balance.

    Returns
    -------
    `own`, except that a supported balance needs both sides to move, apart from each other.
    """
    if not own.startswith(words.SUPPORTED):
        return own
    apart = plus * raw > 0 and minus * raw < 0
    return own if apart else words.ONE_SIDE
