"""Read what a laboratory has into one validated AnnData, and refuse what is wrong."""

from mechanisms.cohort.load import load
from mechanisms.cohort.propose import Proposal, propose
from mechanisms.cohort.remarks import fields_of, refuse_cells, remarks
from mechanisms.cohort.write_formats import write_cohort
from mechanisms.cohort.write_init import write_study

__all__ = [
    "Proposal",
    "fields_of",
    "load",
    "propose",
    "refuse_cells",
    "remarks",
    "write_cohort",
    "write_study",
]
