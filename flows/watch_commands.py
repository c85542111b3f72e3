"""``riskparity watch`` and ``riskparity automations``: what tells a person that something died, or never lived."""

from __future__ import annotations

import json as jsons
import os
from typing import Annotated

from cyclopts import Parameter

from schemas.errors import ConfigError, TemporaryError

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
    PREFECT_API_URL names, else that of `riskparity serve` in this state folder. Notifications go where NOTIFY_WEBHOOK_URL and NOTIFY_EMAIL_URL say, in the environment or `.env`.

    Args:
        send_test: Send a test message to every destination first.
        json: Print JSON instead of text.
    """
    from config.settings import secrets  # noqa: PLC0415

    os.environ["PREFECT_API_URL"] = _server()  # before Prefect is imported, which reads it then
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


def _server() -> str:
    import requests  # noqa: PLC0415

    from config.settings import home  # noqa: PLC0415
    from flows.served import served_api  # noqa: PLC0415

    url = os.environ.get("PREFECT_API_URL") or served_api(home())
    if not url:
        raise ConfigError(
            "No Prefect server is named, and none is kept running for this state folder",
            remedy="Start one with `riskparity serve`, which installs its automations itself, or set PREFECT_API_URL.",
        )
    try:
        requests.get(f"{url}/health", timeout=10).raise_for_status()
    except requests.RequestException as error:
        raise TemporaryError(
            "The Prefect server does not answer; nothing was installed",
            figures={"url": url, "reason": type(error).__name__},
            remedy="Start it, or correct PREFECT_API_URL; then: riskparity automations",
        ) from None
    return url
