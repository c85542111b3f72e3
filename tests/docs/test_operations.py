"""What docs/operations.md and deploy/ promise: names, times and paths are those of the project."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
UNITS = sorted((ROOT / "deploy").glob("*.service"))


def test_every_deployment_is_on_the_page_with_its_hour():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for deployment in DEPLOYMENTS:
        row = next(row for row in rows if f"`{deployment['name']}`" in row.split("|")[1])
        for schedule in deployment.get("schedules", []):
            minute, hour = map(int, schedule["cron"].split()[:2])
            assert f"{hour:02d}:{minute:02d}" in row.split("|")[2]


def test_every_schedule_is_in_new_york_and_none_undoes_a_pause():
    """`active: true` would switch a schedule on again that a person has paused, whenever the file is deployed."""
    for deployment in DEPLOYMENTS:
        for schedule in deployment.get("schedules", []):
            assert schedule["timezone"] == "America/New_York"
            assert schedule["slug"]
            assert "active" not in schedule


def test_no_secret_is_deployed():
    assert not re.search(r"(?i)secret_key|api_key|password", (ROOT / "prefect.yaml").read_text())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_commands_that_exist_and_may_write_its_state_only(unit):
    parsed = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parsed.optionxform = str
    parsed.read(unit)
    service = parsed["Service"]

    command = service["ExecStart"].split()[0]
    assert command in {f"/opt/riskparity/.venv/bin/{name}" for name in ("prefect", "riskparity")}
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "riskparity"
    assert "ALPACA" not in service.get("Environment", "")
    assert service["NoNewPrivileges"] == "yes"
    if "server" in unit.stem:
        assert "EnvironmentFile" not in service


def test_only_the_worker_of_the_containers_has_keys_and_nobody_else_reaches_the_server():
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]

    assert [name for name, service in services.items() if "env_file" in service] == ["worker"]
    assert all(port.startswith("127.0.0.1:") for port in services["server"]["ports"])
    assert ".env" in (ROOT / ".dockerignore").read_text().split()
