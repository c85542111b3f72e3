"""What a fault rule does to an answer: before there is one, to its content, and on its way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from brokerage.paper_exchange.delivery import Answer, hang_up, outlast, send_answer
from brokerage.paper_exchange.fault_rule import FaultRule
from brokerage.paper_exchange.lies import distort

_BODIES = {
    401: {"code": 40110000, "message": "request is not authorized"},
    403: {"code": 40310000, "message": "forbidden"},
    404: {"code": 40410000, "message": "endpoint not found"},
    422: {"code": 42210000, "message": "unprocessable entity"},
    429: {"code": 42910000, "message": "rate limit exceeded"},
    500: {"code": 50010000, "message": "internal server error occurred"},
    504: {"code": 50410000, "message": "request timed out"},
}
"""What Alpaca sends with a status."""

_NOT_PROCESSED = ("status", "page_500", "redirect")
_NOT_ANSWERED = ("drop_before", "reset_before", "hang")

Process = Callable[[], Awaitable[Answer]]


class Mishaps:
    """Applies rules to answers; remembers what was answered when a rule made answers stale."""

    def __init__(self) -> None:
        # a rule is kept beside its snapshot so that its id is not given to another
        self._snapshots: dict[tuple[int, str], tuple[FaultRule, Answer]] = {}

    async def answer(self, rule: FaultRule | None, request: Request, process: Process) -> Answer | None:
        """The answer as the client shall see it; ``process`` is called unless the request is lost."""
        if rule is None:
            return await process()
        if rule.action in _NOT_ANSWERED:
            return None
        if rule.action in _NOT_PROCESSED:
            return _canned(rule)
        if rule.action == "delay":
            await asyncio.sleep(rule.seconds)
        return self._told(rule, request, await process())

    async def deliver(
        self, rule: FaultRule | None, answer: Answer | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send the answer, or let it be lost on the way."""
        action = rule.action if rule else ""
        if action.startswith("hang"):
            await outlast(receive)
        elif answer is None or action.startswith(("drop_", "reset_")):
            await hang_up(scope, reset=action.startswith("reset_"))
        elif action == "truncate_body":
            await send_answer(answer, scope, send, sent=0.5)
            await hang_up(scope, reset=False)
        else:
            await send_answer(answer, scope, send)

    def _told(self, rule: FaultRule, request: Request, answer: Answer) -> Answer:
        if rule.action == "status_after_commit":
            return _canned(rule)
        if rule.action == "bad_json":
            return replace(answer, body=b'{"id": "' + answer.body[:20].replace(b'"', b""))
        if rule.action == "empty_200":
            return replace(answer, status=200, body=b"")
        if rule.action == "stale_response":
            return self._snapshots.setdefault((id(rule), str(request.url)), (rule, answer))[1]
        return answer.with_json(distort(rule, json.loads(answer.body))) if answer.is_json else answer


def _canned(rule: FaultRule) -> Answer:
    if rule.action == "redirect":
        return Answer(302, {"location": rule.location, **rule.headers})
    content = rule.answer
    if content is None:
        content = _BODIES.get(rule.status, {"message": "fault injected"})
    if isinstance(content, str):
        return Answer(rule.status, {"content-type": "text/html", **rule.headers}, content.encode())
    return Answer(rule.status, {"content-type": "application/json", **rule.headers}).with_json(content)
