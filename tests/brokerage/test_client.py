"""An order is sent at most once, whatever the network does to the answer."""

import datetime as dt
import pickle
from decimal import Decimal

import pytest

from brokerage.client import LOOK_UP_PAUSES, Broker
from brokerage.endpoint import Endpoint
from brokerage.models import Order, OrderTicket
from schemas.errors import BrokerRefusal, ConfigError, TemporaryError, UnknownOutcome

POST, LOOK_UP = "POST /v2/orders", "GET /v2/orders:by_client_order_id"
TICKET = OrderTicket("risk_parity-2015-W23-1-B-SPY-1", "SPY", "buy", notional=Decimal("250.10"))


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def broker(misbehaving_endpoint, impatient, pauses, three_tries):
    return Broker(misbehaving_endpoint, impatient, sleep=pauses.append)


def sent(misbehaving):
    return len(misbehaving.received(POST))


def test_an_order_goes_out_in_exact_decimals(broker, misbehaving):
    exact = OrderTicket("id", "SPY", "sell", qty=Decimal("1234567.000000001"))

    broker.submit(exact)

    assert misbehaving.received(POST)[0].body == {
        "symbol": "SPY",
        "qty": "1234567.000000001",  # alpaca-py's own float would be 1234567.0000000009...
        "side": "sell",
        "type": "market",
        "time_in_force": "day",
        "client_order_id": "id",
    }


def test_tiny_sizes_are_sent_in_plain_notation():
    assert OrderTicket("id", "SPY", "sell", qty=Decimal("1E-9")).figures() == {"qty": "0.000000001"}


def test_scenario_03_an_order_whose_answer_never_comes_is_given_up_found_and_adopted(
    broker, misbehaving, acts
):
    misbehaving.script(POST, acts.accept(then=acts.hang))

    assert broker.submit(TICKET).client_order_id == TICKET.client_order_id
    assert sent(misbehaving) == 1


def test_scenario_07_one_missed_look_up_is_no_proof(broker, misbehaving, acts, pauses):
    """Alpaca's replicas lag: the order shows only at the third look."""
    missing = acts.refuse(404, 40410000, "order not found")
    misbehaving.script(POST, acts.accept(then=acts.reset))
    misbehaving.script(LOOK_UP, missing, missing, acts.look_up)

    broker.submit(TICKET)

    assert sent(misbehaving) == 1
    assert [p for p in pauses if p] == list(LOOK_UP_PAUSES[:3])


def test_an_order_that_never_arrived_is_sent_once_more_under_its_id(broker, misbehaving, acts):
    misbehaving.script(POST, acts.reset, acts.accept())

    broker.submit(TICKET)

    ids = [request.body["client_order_id"] for request in misbehaving.received(POST)]
    assert ids == [TICKET.client_order_id] * 2
    assert len(misbehaving.book) == 1


def test_when_both_were_lost_and_nothing_is_found_a_person_must_look(broker, misbehaving, acts):
    misbehaving.script(POST, acts.answer(503, {}))

    with pytest.raises(UnknownOutcome) as caught:
        broker.submit(TICKET)

    assert sent(misbehaving) == 2
    assert caught.value.figures["client_order_id"] == TICKET.client_order_id


def test_when_the_order_cannot_even_be_looked_up_a_person_must_look(broker, misbehaving, acts):
    misbehaving.script(POST, acts.accept(then=acts.reset))
    misbehaving.script(LOOK_UP, acts.answer(503, {}))

    with pytest.raises(UnknownOutcome):
        broker.submit(TICKET)
    assert sent(misbehaving) == 1


def test_an_order_the_rate_limit_held_back_provably_never_arrived(broker, misbehaving, acts, pauses):
    misbehaving.script(POST, acts.refuse(429, 42910000, "rate limit exceeded", **{"Retry-After": "20"}))

    with pytest.raises(TemporaryError):
        broker.submit(TICKET)
    assert pauses[0] == 20


def test_the_id_exists_already_so_the_order_does(broker, misbehaving):
    first = broker.submit(TICKET)

    assert broker.submit(TICKET) == first
    assert len(misbehaving.book) == 1


def test_an_id_that_belongs_to_another_trade_is_never_adopted(broker):
    broker.submit(OrderTicket(TICKET.client_order_id, "TLT", "sell", qty=Decimal(1)))

    with pytest.raises(UnknownOutcome, match="sell TLT"):
        broker.submit(TICKET)


def test_a_refusal_is_final_and_in_the_brokers_words(broker, misbehaving, acts):
    misbehaving.script(POST, acts.refuse(403, 40310000, "insufficient buying power"))

    with pytest.raises(BrokerRefusal, match="insufficient buying power"):
        broker.submit(TICKET)
    assert sent(misbehaving) == 1
    assert not misbehaving.received(LOOK_UP)


def test_a_refusal_after_a_lost_answer_may_be_the_doing_of_the_order_itself(broker, misbehaving, acts):
    """The first POST arrived unheard and has spent the money that the second one lacks."""
    missing = acts.refuse(404, 40410000, "order not found")
    poor = acts.refuse(403, 40310000, "insufficient buying power")
    misbehaving.script(POST, acts.accept(then=acts.reset), poor)
    misbehaving.script(LOOK_UP, *[missing] * len(LOOK_UP_PAUSES), acts.look_up)

    assert broker.submit(TICKET).client_order_id == TICKET.client_order_id
    assert sent(misbehaving) == 2


def test_while_that_order_stays_missing_the_refusal_proves_nothing(broker, misbehaving, acts):
    misbehaving.script(POST, acts.reset, acts.refuse(403, 40310000, "insufficient buying power"))

    with pytest.raises(UnknownOutcome) as caught:
        broker.submit(TICKET)
    assert caught.value.figures["message"] == "insufficient buying power"


@pytest.mark.parametrize(
    "body", [{"message": "unauthorized."}, {"code": 40110000, "message": "request is not authorized"}]
)
@pytest.mark.parametrize("status", [401, 403])
def test_wrong_keys_are_told_apart_from_a_refused_order(broker, misbehaving, acts, status, body):
    misbehaving.script("GET /v2/account", acts.answer(status, body))

    with pytest.raises(ConfigError, match="ALPACA_API_KEY"):
        broker.account()


def test_a_missing_order_is_none_but_a_missing_page_is_not(broker, misbehaving, acts):
    assert broker.order("unknown") is None

    misbehaving.script(LOOK_UP, acts.answer(404, raw=b"<html>not here</html>"))
    with pytest.raises(BrokerRefusal):
        broker.order("unknown")


def test_canceling_what_has_ended_is_no_error(broker, misbehaving, acts):
    misbehaving.script(
        "DELETE /v2/orders/7c1e5d9e-0000-4000-8000-000000000000",
        acts.refuse(422, 42210000, 'order is already in "filled" state'),
    )

    broker.cancel(order("7c1e5d9e-0000-4000-8000-000000000000"))


def test_canceling_something_else_is(broker, misbehaving, acts):
    with pytest.raises(BrokerRefusal):
        broker.cancel(order("7c1e5d9e-0000-4000-8000-000000000000"))


def test_answers_with_news_and_gaps_are_understood(broker, misbehaving, acts):
    account = acts.account_json(
        status="ACCOUNT_CLOSED_PENDING",
        trading_blocked=None,
        brand_new={"x": 1},
        non_marginable_buying_power="900.5",
    )
    misbehaving.script("GET /v2/account", acts.answer(200, account))

    found = broker.account()

    assert found.spendable == Decimal("900.5")
    assert found.obstacles == ("status ACCOUNT_CLOSED_PENDING",)


def test_a_status_never_seen_before_counts_as_open(acts):
    assert not Order.model_validate(acts.order_json("id", "SPY", "buy", status="brand_new")).is_terminal


def test_an_order_remembers_when_it_ended(acts):
    ended = Order.model_validate(
        acts.order_json("id", "SPY", "buy", status="canceled", canceled_at="2015-06-01T14:00:00.123456789Z")
    )

    assert ended.closed_at == dt.datetime(2015, 6, 1, 14, 0, 0, 123456, dt.UTC)


def test_no_broker_and_no_error_holds_a_key(broker, misbehaving, acts, planted):
    echo = " ".join(planted)
    misbehaving.script("GET /v2/account", acts.answer(401, {"message": echo}))

    with pytest.raises(ConfigError) as caught:
        broker.account()

    stored = pickle.dumps(caught.value)
    assert not any(
        key in f"{caught.value} {caught.value!r} {vars(caught.value)} {broker!r}" for key in planted
    )
    assert not any(key.encode() in stored for key in planted)
    with pytest.raises(ConfigError, match="never stored"):
        pickle.dumps(broker)


def test_a_broker_is_made_without_calling_anybody(misbehaving_endpoint: Endpoint, impatient, misbehaving):
    Broker(misbehaving_endpoint, impatient)

    assert misbehaving.requests == []


def order(order_id):
    return Order(id=order_id, client_order_id="id", symbol="SPY", side="buy", status="new")
