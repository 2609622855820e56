"""The empty form of a signature, with a comment for every field."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Collection as Ids

from mechanisms.errors import SignatureError

ID = re.compile(r"[a-z][a-z0-9_]*")

FORM = """\
# A signature of your own. Fill in what is empty; what you do not need may be deleted.
#   mechanisms signatures lint FILE       says what is still missing or wrong
#   mechanisms demo --signatures FILE     scores it in the embedded cohort
# In a study file:  signatures: {{collection: core, add: [FILE]}}

signatures:

- id: {id}
  # One line for figures and tables.
  title: ""
  mechanism: {mechanism}
  # mechanism (tested), covariate (composition), confounder or qc (explain, never support)
  role: mechanism
  # core (on) or extended (off unless asked for)
  tier: core
  # What a high score says about the sample.
  high_means: ""
  # In herniations that resorb: up, down, or none where there is no defensible sign.
  expected: none
  # A: a model of herniation or direct human evidence; B: association in human herniation;
  # C: degeneration or general biology; D: hypothesis. Say the basis in words too.
  grade: D
  basis: hypothesis only for resorption
  # What no transcriptome can say of it, and which experiment would.
  rna_cannot_show: ""
  assay: ""
  # Who showed what, in which tissue. What you did not read is unverified: say so.
  evidence: ""
  # Such as "PMID 12345678", "doi 10.1000/182" or "unverified: author year".
  citations: []
  # Public sets to compare with, such as HALLMARK_HYPOXIA; not sources of the genes.
  comparators: []
  # What misleads.
  cautions: ""
  # Approved human symbols, each once and in one direction: at least five in all, and three in a
  # direction that has any. Give each a reason; leave out those that only follow cell numbers.
  genes:
    up: []
    down: []
  # A line for each gene whose part is ambiguous, such as  CCL2: rises with M-CSF
  gene_notes: {{}}
  curator: ""
  date: "{date}"
  version: "1.0"
"""


def skeleton(
    id: str, mechanism: str, *, taken: Ids[str], mechanisms: Ids[str], date: str = ""
) -> str:
    """The YAML text of a new signature file.

    Parameters
    ----------
    id
        Lower-case letters, digits and underscores; none of `taken`.
    mechanism
        One of `mechanisms`, or a word of the user's own that is no misspelling of them.
    date
        Year-month-day; today by default.

    Raises
    ------
    SignatureError
        When the id is taken or misshapen, or the mechanism all but one of the known.
    """
    if not ID.fullmatch(id):
        raise SignatureError(
            f"The id {id!r} is not lower-case letters, digits and underscores. Name the mechanism "
            "first, such as matrix_my_enzymes."
        )
    if id in taken:
        raise SignatureError(
            f"The id {id!r} is taken by the shipped collection. Choose another: "
            f"`mechanisms signatures show {id}` says what it holds."
        )
    close = difflib.get_close_matches(mechanism, list(mechanisms), n=1, cutoff=0.85)
    if not ID.fullmatch(mechanism) or (close and close[0] != mechanism):
        meant = f"; did you mean {close[0]!r}?" if close else "."
        raise SignatureError(
            f"The mechanism {mechanism!r} is not known{meant} Known are "
            f"{', '.join(sorted(set(mechanisms)))}; a word of your own is lower-case letters, "
            "digits and underscores."
        )
    return FORM.format(id=id, mechanism=mechanism, date=date or datetime.date.today().isoformat())
