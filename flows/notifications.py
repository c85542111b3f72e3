"""Whom a notification goes to, and what it says.

The Prefect server renders and sends it, also when worker and flow are dead. It keeps the destinations as blocks, encrypted;
automations refer to those, so that no address with a secret stands in an automation, an event or a log.
"""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar, cast
from uuid import UUID

from prefect.blocks.core import Block
from prefect.blocks.webhook import Webhook
from prefect.events.actions import ActionTypes, CallWebhook, SendNotification
from prefect.types import SecretDict
from pydantic import SecretStr

from flows.mail_block import Mail
from flows.weekly_rebalance import CONFIGURED
from schemas.errors import ConfigError, TemporaryError

T = TypeVar("T")

WEBHOOK, EMAIL = "NOTIFY_WEBHOOK_URL", "NOTIFY_EMAIL_URL"
"""Variables of the environment or ``.env`` that say where notifications go."""

BLOCK = "riskparity"
"""Name under which the server keeps each destination."""

# A run is called by its own id, strategy-week-attempt, once the guard has opened it. Before, its schedule says the week.
_FACTS = (
    """
{%- set opened = '-W' in flow_run.name %}
{%- set name = flow_run.name.split('-') %}
{%- set given = flow_run.parameters %}
{%- set meant = given.parameters.strategy.name or given.strategy or 'CONFIGURED' %}
{%- set strategy = name[0] if opened else meant %}
{%- set scheduled = flow_run.expected_start_time.strftime('%G-W%V') %}
{%- set week = name[1:3]|join('-') if opened else scheduled %}
{%- set outcome = flow_run.state.name|lower|replace('_', ' ') %}
{%- set url = flow_run|ui_url -%}
"""
).replace("CONFIGURED", CONFIGURED.strategy.name)
_SUBJECT = _FACTS + "{{ strategy }} {{ week }}: {{ outcome }}"
_BODY = (
    _FACTS
    + """{{ strategy }} {{ week }}: {{ outcome }} ({{ flow.name }}, run {{ flow_run.name }})
{{ flow_run.state.message or '' }}

{% if outcome == 'needs human' -%}
  Look at the account and at `riskparity run {{ strategy }} status`; then
  `riskparity acknowledge {{ flow_run.name }} --reason TEXT`.
{%- elif outcome == 'late' -%}
  Nobody has begun it for ten minutes: start a worker (`riskparity serve`), and see `riskparity doctor`.
{%- elif outcome == 'missed' -%}
  Until it is made up, and all of next week, this is told every weekday.
{%- else -%}
  Retry, on the page below, goes on where it stopped and sends no order twice; `riskparity doctor` says what stands in the way.
{%- endif %}

{{ url }}
"""
)
_PAYLOAD = (
    _FACTS
    + "{%- set text %}"
    + _BODY
    + """{% endset -%}
{"text": {{ text|tojson }}, "strategy": {{ strategy|tojson }}, "week": {{ week|tojson }}, "outcome": {{ outcome|tojson }},
 "flow": {{ flow.name|tojson }}, "run": {{ flow_run.name|tojson }}, "url": {{ url|tojson }}}"""
)


class Destinations(NamedTuple):
    """Where notifications go; none where it is empty."""

    webhook: str
    email: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Destinations:
        """As the environment says.

        Raises:
            ConfigError: An address cannot work, or would send its secret in the clear. It is not repeated.
        """
        webhook, email = environ.get(WEBHOOK, ""), environ.get(EMAIL, "")
        if webhook and not _is_private(webhook, "https", "http"):
            raise _unusable(WEBHOOK, "https://…; plain http goes to this machine only")
        if email and not _is_private(email, "mailtos", "mailto"):
            form = "mailtos://user:password@smtp.example.com/?from=me@example.com&to=you@example.com"
            raise _unusable(EMAIL, f"{form}; plain mailto goes to this machine only")
        return cls(webhook, email)

    def names(self) -> list[str]:
        """What is configured, without any address."""
        return [name for name, address in zip(("webhook", "e-mail"), self, strict=True) if address]


def notices(destinations: Destinations) -> list[ActionTypes]:
    """Keep the destinations at the server, and say what to send them: one action each."""
    actions: list[ActionTypes] = []
    if destinations.webhook:
        kept = _kept(_webhook(destinations))
        actions.append(CallWebhook(block_document_id=kept, payload=_PAYLOAD))
    if destinations.email:
        kept = _kept(_mail(destinations))
        actions.append(SendNotification(block_document_id=kept, subject=_SUBJECT, body=_BODY))
    return actions


def send_test(destinations: Destinations) -> None:
    """Send a word to every destination, from this process.

    Raises:
        TemporaryError: One of them did not take it.
    """
    said = "A test of riskparity's notifications: this is where they go."
    if destinations.webhook:
        answer = _tried("webhook", lambda: asyncio.run(_webhook(destinations).call({"text": said})))
        if not answer.is_success:
            raise _undelivered("webhook", f"status {answer.status_code}")
    if destinations.email:
        mail = _mail(destinations)
        with mail.raise_on_failure():
            _tried("e-mail", lambda: mail.notify(said, subject="riskparity: test"))


def _webhook(destinations: Destinations) -> Webhook:
    headers = SecretDict({"Content-Type": "application/json"})
    return Webhook(url=SecretStr(destinations.webhook), headers=headers)


def _mail(destinations: Destinations) -> Mail:
    # as plain text, or Apprise takes what stands between < and > for markup
    mark = "&" if "?" in destinations.email else "?"
    return Mail(url=SecretStr(f"{destinations.email}{mark}format=text"))


def _kept(block: Block) -> UUID:
    return cast(UUID, block.save(BLOCK, overwrite=True))


def _tried(name: str, send: Callable[[], T]) -> T:
    try:
        return send()
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold the address
        raise _undelivered(name, type(error).__name__) from None


def _undelivered(name: str, why: str) -> TemporaryError:
    return TemporaryError(
        f"The {name} destination did not take the test message",
        figures={"said": why},
        remedy=f"Correct {WEBHOOK if name == 'webhook' else EMAIL}, then: riskparity automations --send-test",
    )


def _is_private(url: str, secure: str, plain: str) -> bool:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == secure or (parts.scheme == plain and parts.hostname in {"127.0.0.1", "localhost"})


def _unusable(variable: str, form: str) -> ConfigError:
    return ConfigError(f"{variable} is no address that can be used", remedy=f"It is given as {form}.")
