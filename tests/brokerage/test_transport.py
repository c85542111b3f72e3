"""The network at its worst, and what the hardened session makes of it."""

import pickle
import traceback

import pytest
from alpaca.common.constants import DEFAULT_RETRY_EXCEPTION_CODES
from alpaca.trading.client import TradingClient

from brokerage.failures import CallFailed
from brokerage.models import Account
from brokerage.transport import LONGEST_PAUSE, harden, once, with_retries

ACCOUNT = "GET /v2/account"


@pytest.fixture
def client(misbehaving, impatient, planted):
    key_id, secret_key = planted
    return harden(TradingClient(key_id, secret_key, raw_data=True, url_override=misbehaving.url), impatient)


def failure_of(call):
    with pytest.raises(CallFailed) as caught:
        once(call)
    return caught.value


def test_alpaca_py_itself_never_retries(client):
    """``_retry`` is private to alpaca-py: this notices when a new version renames it."""
    untouched = TradingClient("key", "secret")

    assert untouched._retry > 0
    assert client._retry == 0
    assert DEFAULT_RETRY_EXCEPTION_CODES == [429, 504]


def test_a_silent_server_is_given_up(client, misbehaving, acts):
    misbehaving.script(ACCOUNT, acts.hang)

    failure = failure_of(client.get_account)

    assert failure.is_temporary
    assert failure.may_have_arrived
    assert "ReadTimeout" in failure.message


def test_an_answer_that_drips_is_given_up_although_every_byte_is_in_time(client, misbehaving, acts):
    misbehaving.script(ACCOUNT, acts.drip(acts.account_json(), seconds=0.1))  # some 7 seconds in all

    assert failure_of(client.get_account).is_temporary


def test_a_slow_answer_within_its_time_is_taken(client, misbehaving, acts):
    misbehaving.script(ACCOUNT, acts.drip(acts.account_json(), seconds=0.002))

    assert once(client.get_account) == acts.account_json()


def test_a_refused_connection_provably_sent_nothing(client, misbehaving):
    misbehaving.stop()

    failure = failure_of(client.get_account)

    assert failure.is_temporary
    assert not failure.may_have_arrived


def test_a_reset_may_have_arrived(client, misbehaving, acts):
    misbehaving.script(ACCOUNT, acts.reset)

    assert failure_of(client.get_account).may_have_arrived


def test_scenario_60_a_redirect_is_not_followed_and_the_keys_stay_here(client, misbehaving, acts):
    misbehaving.script(ACCOUNT, acts.answer(302, {}, {"Location": f"{misbehaving.url}/elsewhere"}))

    failure = failure_of(client.get_account)

    assert failure.status == 302
    assert not failure.is_temporary
    assert not misbehaving.received("GET /elsewhere")


@pytest.mark.parametrize("raw", [b"", b'{"cash": "1', b"<html>fine</html>", b"\xff\xfe"])
def test_an_unreadable_success_is_temporary_and_may_have_arrived(client, misbehaving, acts, raw):
    misbehaving.script(ACCOUNT, acts.answer(200, raw=raw))

    failure = failure_of(lambda: Account.model_validate(client.get_account()))

    assert failure.is_temporary
    assert failure.may_have_arrived


def test_an_html_error_page_is_an_error_like_any_other(client, misbehaving, acts):
    misbehaving.script(ACCOUNT, acts.answer(500, raw=b"<html>Bad gateway</html>"))

    failure = failure_of(client.get_account)

    assert (failure.status, failure.code, failure.is_temporary) == (500, None, True)


def test_scenario_70_a_proxy_in_the_environment_is_ignored(client, misbehaving, acts, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert once(client.get_account) == acts.account_json()


def test_scenario_10_reads_are_retried_until_the_broker_is_well_and_it_is_told_meanwhile(
    client, misbehaving, acts, monkeypatch, caplog
):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    pages = [acts.answer(status, raw=b"<html>Bad gateway</html>") for status in (500, 502, 503)]
    misbehaving.script(ACCOUNT, *pages, acts.reset, acts.answer(200, acts.account_json()))

    assert with_retries(client.get_account, 30.0) == acts.account_json()
    assert len(misbehaving.received(ACCOUNT)) == 5
    assert len(caplog.messages) == 4
    assert "GET /v2/account" in caplog.text


def test_what_will_not_pass_is_not_retried(client, misbehaving, acts, three_tries):
    misbehaving.script(ACCOUNT, acts.refuse(403, 40310000, "no"))

    with pytest.raises(CallFailed):
        with_retries(client.get_account, 30.0)
    assert len(misbehaving.received(ACCOUNT)) == 1


def test_the_pause_the_broker_asks_for_is_kept(client, misbehaving, acts, monkeypatch):
    """Alpaca says when the request budget renews; asking earlier only prolongs the refusal."""
    pauses = []
    monkeypatch.setattr("tenacity.nap.time.sleep", pauses.append)
    misbehaving.script(
        ACCOUNT,
        acts.refuse(429, 42910000, "rate limit exceeded", **{"Retry-After": "7"}),
        acts.answer(200, acts.account_json()),
    )

    with_retries(client.get_account, 30.0)

    assert pauses == [7.0]


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"X-RateLimit-Reset": "99999999999"}, LONGEST_PAUSE),
        ({"X-RateLimit-Reset": "1"}, 0.0),
        ({"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_after_too_many_requests(client, misbehaving, acts, headers, pause):
    misbehaving.script(ACCOUNT, acts.refuse(429, 42910000, "rate limit exceeded", **headers))

    failure = failure_of(client.get_account)

    assert failure.retry_after == pause
    assert not failure.may_have_arrived


def test_no_failure_leads_back_to_the_keys(client, misbehaving, acts, planted):
    """Prefect pickles exceptions into its results: what they hold, the disk holds.

    The server even echoes the keys in its error message.
    """
    echo = acts.refuse(403, 40310000, " ".join(planted))
    for act in (echo, acts.answer(500, raw=b"oops"), acts.hang, acts.reset, acts.answer(200, raw=b"{")):
        misbehaving.script(ACCOUNT, act)

        failure = failure_of(client.get_account)

        seen = "".join(traceback.format_exception(failure)) + repr(vars(failure)) + repr(failure)
        frames = [repr(frame.f_locals) for frame, _ in traceback.walk_tb(failure.__traceback__)]
        stored = pickle.dumps((failure.args, vars(failure)))
        assert failure.__context__ is None
        assert not any(secret in text for secret in planted for text in [seen, *frames])
        assert not any(secret.encode() in stored for secret in planted)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("account PA3ABCDEF is not authorized to trade", "account *** is not authorized to trade"),
        ("account 123456789 is closed", "account *** is closed"),
        ("requested: 0.123456789, available: 1234567890", "requested: 0.123456789, available: 1234567890"),
        ("PATCH is not allowed", "PATCH is not allowed"),
    ],
)
def test_no_failure_names_an_account(said, kept, client, misbehaving, acts):
    misbehaving.script("GET /v2/account", acts.refuse(403, 40310000, said))

    with pytest.raises(CallFailed) as failed:
        once(client.get_account)
    assert failed.value.message == kept
