"""Where orders can go, and that they can go nowhere else."""

import copy
import dataclasses
import pickle

import pytest
from pydantic import SecretStr

from brokerage.endpoint import Endpoint, resolve_endpoint
from schemas.errors import ConfigError
from schemas.settings import BrokerSettings, ExchangeSettings

KEYS = {"ALPACA_API_KEY": "PK1", "ALPACA_SECRET_KEY": "sssh"}


def resolve(environ, home, **settings):
    return resolve_endpoint(BrokerSettings(**settings), ExchangeSettings(), home, environ)


def endpoint(
    venue="paper", trading_url="https://paper-api.alpaca.markets", data_url="https://data.alpaca.markets"
):
    return Endpoint(venue, trading_url, data_url, SecretStr("PK1"), SecretStr("sssh"))


@pytest.mark.parametrize(
    "environ",
    [KEYS, {"APCA_API_KEY_ID": "PK1", "APCA_API_SECRET_KEY": "sssh"}],
    ids=["current", "older names"],
)
def test_keys_mean_alpaca_paper(environ, tmp_path):
    found = resolve(environ, tmp_path)

    assert (found.venue, found.trading_url) == ("paper", "https://paper-api.alpaca.markets")
    assert (found.key_id.get_secret_value(), found.secret_key.get_secret_value()) == ("PK1", "sssh")


@pytest.mark.parametrize("present", ["ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID"])
def test_half_a_pair_of_keys_is_a_mistake_not_a_wish_for_the_loopback_exchange(present, tmp_path):
    with pytest.raises(ConfigError, match=f"{present} is set but"):
        resolve({present: "PK1"}, tmp_path)


def test_paper_without_keys_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="needs keys"):
        resolve({}, tmp_path, venue="paper")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.alpaca.markets",
        "https://API.alpaca.markets",
        "https://paper-api.alpaca.markets.example.com",
        "https://paper-api.alpaca.markets@api.alpaca.markets",
        "https://broker-api.alpaca.markets",
        "https://0.0.0.0",
        "http://127.0.0.1:8000",
        "",
    ],
)
def test_paper_keys_go_to_no_other_host(url, tmp_path):
    with pytest.raises(ConfigError, match="when the venue is paper"):
        resolve(KEYS, tmp_path, venue="paper", trading_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "http://paper-api.alpaca.markets",
        "https://paper-api.alpaca.markets/v2",
        "https://paper-api.alpaca.markets:8443",
        "https://user:word@paper-api.alpaca.markets",
        "https://paper-api.alpaca.markets?x=1",
    ],
)
def test_scenario_60_beyond_this_machine_only_https_to_the_bare_host(url, tmp_path):
    with pytest.raises(ConfigError, match="https"):
        resolve(KEYS, tmp_path, trading_url=url)


def test_keys_go_to_no_other_data_service():
    with pytest.raises(ConfigError, match="data_url"):
        endpoint(data_url="https://data.example.com")


def test_the_loopback_venue_cannot_point_at_alpaca():
    with pytest.raises(ConfigError):
        endpoint(venue="loopback")


def test_keys_with_a_url_on_this_machine_are_those_of_somebody_elses_loopback_exchange(tmp_path):
    here = "http://127.0.0.1:8000/"
    found = resolve(KEYS, tmp_path, trading_url=here, data_url=here)

    assert (found.venue, found.trading_url) == ("loopback", "http://127.0.0.1:8000")


def test_no_key_of_this_machine_goes_out_of_it_for_prices(tmp_path):
    with pytest.raises(ConfigError, match="data_url"):
        resolve(KEYS, tmp_path, trading_url="http://127.0.0.1:8000")


def test_no_endpoint_shows_or_stores_its_keys():
    shown = endpoint()

    assert "sssh" not in f"{shown!r} {shown} {dataclasses.asdict(shown)}"
    for store in (pickle.dumps, copy.copy):
        with pytest.raises(ConfigError, match="never stored"):
            store(shown)
