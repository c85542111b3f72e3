"""The configuration model and its layers."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas.backtest_parameters import BacktestParameters
from schemas.errors import ConfigError
from schemas.forms import Parameters
from schemas.parameters import (
    CleaningParameters,
    ExecutionParameters,
    GuardParameters,
    IngestionParameters,
    RebalanceParameters,
    StrategyParameters,
)
from schemas.settings import BrokerSettings, ExchangeSettings, LimitSettings
from schemas.simulation_parameters import Rules

FOLDER = Path(__file__).parent
_PREFIX = "RISKPARITY__"


class Universe(Parameters):
    """A named set of assets."""

    description: str
    symbols: tuple[str, ...] = Field(min_length=1)
    """Tickers that may be held."""
    hedges: tuple[str, ...] = ()
    """Members of the negative-return sleeve; empty means by the sign of the mean return."""


class Settings(Parameters, BaseSettings):
    """Everything that can be configured."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter="__")

    broker: BrokerSettings = BrokerSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    ingestion: IngestionParameters = IngestionParameters()
    cleaning: CleaningParameters = CleaningParameters()
    guard: GuardParameters = GuardParameters()
    execution: ExecutionParameters = ExecutionParameters()
    limits: LimitSettings = LimitSettings()
    strategies: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Parameters by strategy, over the strategy's own defaults."""
    universes: dict[str, Universe] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The layers, the strongest first."""
        return init_settings, env_settings, *_from_files(settings_cls).values()

    def rebalance(self, strategy: str) -> RebalanceParameters:
        """The parameters of one weekly rebalance of ``strategy``, as configured.

        Raises:
            ConfigError: The strategy or one of its parameters is unknown or out of bounds.
        """
        return RebalanceParameters(
            strategy=self.strategy(strategy),
            ingestion=self.ingestion,
            cleaning=self.cleaning,
            guard=self.guard,
            execution=self.execution,
        )

    def backtest(self, strategy: str) -> BacktestParameters:
        """The parameters of a backtest of ``strategy``, as configured: it holds and goes as far as the live guard says.

        Raises:
            ConfigError: The strategy or one of its parameters is unknown or out of bounds.
        """
        return BacktestParameters(
            strategy=self.strategy(strategy),
            rules=Rules(drift_threshold=self.guard.drift_threshold, max_turnover=self.guard.max_turnover),
            cleaning=self.cleaning,
            ingestion=self.ingestion,
        )

    def strategy(self, name: str) -> StrategyParameters:
        """The parameters of a strategy, as configured.

        Raises:
            ConfigError: It, or one of its parameters, is unknown or out of bounds.
        """
        configured = {"name": name, **self.strategies.get(name, {})}
        try:
            parameters: StrategyParameters = TypeAdapter(StrategyParameters).validate_python(configured)
        except ValidationError as error:
            raise invalid(error, "config/strategies.toml") from None
        return parameters

    def universe(self, name: str, venue: str) -> Universe:
        """The assets meant by a universe's name, by ``auto``, or by tickers separated by commas.

        Raises:
            ConfigError: No universe has that name.
        """
        if name == "auto":
            name = "bundled" if venue == "loopback" else "diversified"
        if name in self.universes:
            return self.universes[name]
        symbols = tuple(dict.fromkeys(symbol.strip() for symbol in name.split(",") if symbol.strip()))
        if not symbols or not all(symbol.isupper() for symbol in symbols):
            near = difflib.get_close_matches(name, self.universes, n=1)
            raise ConfigError(
                f"There is no universe named '{name}'",
                figures={"known": ", ".join(self.universes)},
                remedy=f"{f'Did you mean {near[0]!r}? ' if near else ''}Give a name, or tickers: universe=SPY,TLT,GLD.",
            )
        return Universe(description="given by hand", symbols=symbols)


def load_settings() -> Settings:
    """Read config/*.toml, lay ``RISKPARITY__SECTION__KEY`` over it and validate the whole.

    Raises:
        ConfigError: A file is not TOML, or a key or value is wrong.
    """
    try:
        return Settings(**_unknown_sections())
    except ValidationError as error:
        raise invalid(error, "config/*.toml and RISKPARITY__… variables") from None


def origins() -> dict[str, str]:
    """Where each configured value came from, by its dotted name; what is absent is a default."""
    layers = {**_from_files(Settings), "environment": EnvSettingsSource(Settings)}
    return {key: name for name, source in layers.items() for key in _dotted(source())}


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The one folder that holds all state: ``RISKPARITY_HOME``, else ``data/`` beside the project."""
    return Path(environ.get("RISKPARITY_HOME") or FOLDER.parent / "data").resolve()


def secrets(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment with the project's ``.env`` beneath it. Only for what resolves credentials."""
    from_file = dotenv_values(FOLDER.parent / ".env")
    return {**{key: value for key, value in from_file.items() if value is not None}, **environ}


def invalid(error: ValidationError, where: str) -> ConfigError:
    """A validation failure as an error that names each offending key."""
    figures = {
        ".".join(str(part) for part in problem["loc"]) or "value": problem["msg"].removeprefix(
            "Value error, "
        )
        for problem in error.errors()
    }
    return ConfigError(
        f"Configuration is not valid ({where})",
        figures=figures,
        remedy="Correct the value; `riskparity config` shows every key, its value and where it came from.",
    )


def _from_files(settings: type[BaseSettings]) -> dict[str, TomlConfigSettingsSource]:
    return {f"config/{path.name}": _toml(settings, path) for path in sorted(FOLDER.glob("*.toml"))}


def _toml(settings: type[BaseSettings], path: Path) -> TomlConfigSettingsSource:
    try:
        return TomlConfigSettingsSource(settings, path)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"config/{path.name} is not valid TOML: {error}", remedy="Correct the line and run again."
        ) from None


def _unknown_sections() -> dict[str, Any]:
    """Variables of sections that do not exist: the library passes them over, a misspelt one must not go unnoticed."""
    misspelt = [
        n
        for n in os.environ
        if n.startswith("RISKPARITY_") and not n.startswith((_PREFIX, "RISKPARITY_HOME"))
    ]
    if misspelt:
        raise ConfigError(
            f"{misspelt[0]} is no variable of this project",
            remedy="Sections and keys are set apart by two underscores: RISKPARITY__GUARD__MAX_TURNOVER.",
        )
    names = [name.removeprefix(_PREFIX).lower() for name in os.environ if name.startswith(_PREFIX)]
    return {section: None for name in names if (section := name.split("__")[0]) not in Settings.model_fields}


def _dotted(values: dict[str, Any], at: str = "") -> list[str]:
    nested = [
        _dotted(value, f"{at}{key}.") if isinstance(value, dict) else [f"{at}{key}"]
        for key, value in values.items()
    ]
    return [key for keys in nested for key in keys]
