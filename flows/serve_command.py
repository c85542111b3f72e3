"""``riskparity serve``: its flags and its help; what it does is imported when it is used."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number


def serve(*, port: Annotated[int, Parameter(validator=Number(gte=1024, lte=65535))] = 4200) -> int:
    """Run the schedule on this machine: Prefect's server and UI, the deployments of prefect.yaml, and a worker; until Ctrl-C.

    What has died is begun again. The server listens on 127.0.0.1 only, and never sees the keys to Alpaca. Database and logs are
    in the state folder (prefect/), bounded in size. While it serves, `riskparity run` in the same state folder uses its server,
    and its runs are in the UI.

    A schedule that was paused in the UI stays paused when it is started anew. docs/operations.md has what survives reboots.

    Args:
        port: TCP port on 127.0.0.1 of the UI and the API.
    """
    from flows import serving  # noqa: PLC0415

    return serving.serve(port)


def deploy() -> int:
    """Bring a running Prefect server up to date: work pool, deployments of prefect.yaml, automations. Done twice, it changes nothing.

    `riskparity serve` does it by itself; this is for a server and workers that are kept by systemd or in containers. The server
    is that of PREFECT_API_URL, else that of `riskparity serve` in this state folder.
    """
    from flows import serving  # noqa: PLC0415

    return serving.deploy()
