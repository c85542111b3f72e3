"""Which code wrote an artifact."""

from importlib.metadata import version


def code_version() -> str:
    """Version of this project as installed."""
    return version("riskparity")
