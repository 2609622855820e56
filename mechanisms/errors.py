"""The four errors a user can meet; each message says what, where, what was allowed, what to do."""


class MechanismsError(Exception):
    """Base of all refusals. The command line prints the message alone and exits with 2."""


class DataError(MechanismsError):
    """A matrix, sample sheet or store that cannot be read or used as it is."""


class SignatureError(MechanismsError):
    """A signature file, id or gene list that cannot be used."""


class DesignError(MechanismsError):
    """A comparison that the samples cannot support."""


class StudyError(MechanismsError):
    """A study file, option or output folder that cannot be used."""


class MechanismsWarning(UserWarning):
    """Something was decided for the user; the text says what and how to decide otherwise."""
