"""What a study of this size and knowledge may claim: one pure function, used everywhere."""

from __future__ import annotations

MIN_DONORS = 5
MIN_PAIRS = 6
MIN_RESIDUAL_DF = 4

LEVEL_TEXT = {
    "refuse": "a group holds fewer than two units: nothing can be compared",
    "describe": "donors are unknown: estimates and pictures only, no test",
    "descriptive": "too small for claims: p-values are shown, claims are withheld",
    "tested": "large enough for claims",
}


def evidence_level(
    n_min: int, n_pairs: int | None, donors: str, residual_df: float
) -> tuple[str, str]:
    """Return the level that a study reaches, and why.

    Parameters
    ----------
    n_min
        Donors (or declared independent samples) in the smaller group.
    n_pairs
        Complete pairs of a paired design, else None.
    donors
        `known` (a column), `declared` (`each_sample`) or `unknown`.
    residual_df
        Residual degrees of freedom of the design without composition.

    Returns
    -------
    level
        `refuse`, `describe`, `descriptive` or `tested`.
    why
        One sentence part that names the limit which was not reached; empty for `tested`.

    Notes
    -----
    Five pairs cannot reach .05 two-sided by exact permutation (2 / 2**5 = .0625); at five against
    five the floor is .0079.
    """
    if n_min < 2:
        return "refuse", f"the smaller group has {n_min} unit{'' if n_min == 1 else 's'}, 2 needed"
    if donors == "unknown":
        return "describe", "it is unknown which samples come from one donor"
    if n_pairs is not None and n_pairs < MIN_PAIRS:
        return "descriptive", f"{n_pairs} pairs, {MIN_PAIRS} needed for claims"
    if n_pairs is None and n_min < MIN_DONORS:
        return "descriptive", f"{n_min} in the smaller group, {MIN_DONORS} needed for claims"
    if residual_df < MIN_RESIDUAL_DF:
        return (
            "descriptive",
            f"{residual_df:g} residual degrees of freedom, {MIN_RESIDUAL_DF} needed for claims",
        )
    return "tested", ""
