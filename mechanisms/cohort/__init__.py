"""Read what a laboratory has into one validated AnnData, and refuse what is wrong."""

from mechanisms.cohort.load import load

__all__ = ["load"]
