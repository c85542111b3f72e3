"""One validated configuration: config/*.toml, then RISKPARITY__SECTION__KEY, then flags."""

from config.settings import Settings, load_settings

__all__ = ["Settings", "load_settings"]
