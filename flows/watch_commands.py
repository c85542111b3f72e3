"""``riskparity watch`` and ``riskparity automations``: what tells a person that something died, or never lived."""

from __future__ import annotations

import json as jsons
from typing import Annotated

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]


def watch(strategy: str = "risk_parity") -> int:
    """Ask whether a week went by without a rebalance; exits with 6 when one did.

    Needs no Prefect server, and so also tells what a server that is down cannot: `riskparity watch || mail …` in a crontab.

    Args:
        strategy: A registered strategy.
    """
    from flows import screens  # noqa: PLC0415
    from tasks.watch import missed_rebalance  # noqa: PLC0415

    missed = missed_rebalance(strategy)
    if missed:
        raise missed
    screens.answer(f"{strategy}: no week was missed.")
    return 0


def automations(*, send_test: Flag = False, json: Json = False) -> int:
    """Have the Prefect server end dead runs, and notify on failed, crashed, late and missed ones and when a person is needed.

    To be run whenever the server has started (`riskparity serve` does it); a second time changes nothing. The server is the one
    PREFECT_API_URL names. Notifications go where NOTIFY_WEBHOOK_URL and NOTIFY_EMAIL_URL say, in the environment or `.env`.

    Args:
        send_test: Send a test message to every destination first.
        json: Print JSON instead of text.
    """
    from config.settings import secrets  # noqa: PLC0415
    from flows import notifications, screens  # noqa: PLC0415
    from flows.automations import install_automations  # noqa: PLC0415

    destinations = notifications.Destinations.of(secrets())
    if send_test:
        notifications.send_test(destinations)
    installed, told = install_automations(destinations), destinations.names()
    if json:
        screens.answer(jsons.dumps({"automations": installed, "destinations": told}, indent=2))
        return 0
    for name in installed:
        screens.answer(name)
    screens.answer(
        f"Told by: {', '.join(told)}."
        if told
        else "Nobody is told: NOTIFY_WEBHOOK_URL and NOTIFY_EMAIL_URL are not set."
    )
    return 0
