"""Two hundred requests a minute, refilled evenly; trading and data have a budget each."""

from __future__ import annotations

import time

import pytest
import requests

from brokerage.paper_exchange.rate_limit import RateLimiter
from schemas.errors import DataError


class Watch:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def test_a_budget_can_be_spent_at_once_and_comes_back_evenly():
    watch = Watch()
    limiter = RateLimiter(200, watch)
    burst = [limiter.take("trading") for _ in range(201)]
    assert [allowance.granted for allowance in burst] == [True] * 200 + [False]
    assert [allowance.remaining for allowance in burst[:3]] == [199, 198, 197]
    assert limiter.take("data").granted
    watch.seconds += 0.31
    assert [limiter.take("trading").granted for _ in range(2)] == [True, False]
    watch.seconds += 3600
    assert limiter.take("trading").remaining == 199


def test_a_refusal_says_when_the_next_request_is_granted():
    limiter = RateLimiter(2, Watch())
    allowances = [limiter.take("trading") for _ in range(3)]
    assert not allowances[2].granted
    assert 29 <= allowances[2].reset - time.time() <= 31


@pytest.mark.integration
def test_every_answer_tells_the_budget_and_a_spent_one_is_429(exchange):
    session = requests.Session()
    session.trust_env = False
    address = exchange.address
    session.headers.update({"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key})

    def get(path):
        return session.get(address.url + path, timeout=10)

    assert get("/v2/clock").headers["X-RateLimit-Remaining"] == "200"  # nothing is limited unless asked for
    exchange.control.set_rate_limit(2)
    answers = [get("/v2/clock") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == {"code": 42910000, "message": "rate limit exceeded"}
    told = [
        {name: answer.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining")} for answer in answers
    ]
    assert [budget["Remaining"] for budget in told] == ["1", "0", "0"]
    assert {budget["Limit"] for budget in told} == {"2"}
    assert int(answers[2].headers["X-RateLimit-Reset"]) > time.time()
    data = [get("/v2/stocks/bars/latest?symbols=SPY") for _ in range(3)]
    assert [answer.status_code for answer in data] == [200, 200, 429]
    assert data[2].json() == {"message": "rate limit exceeded"}
    assert [line["status"] for line in exchange.control.requests()] == [200, 200, 200, 429, 200, 200, 429]
    for nonsense in (-1, 0.5, "200", 1_000_000):
        with pytest.raises(DataError, match="per_minute"):
            exchange.control.set_rate_limit(nonsense)
