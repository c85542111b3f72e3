"""The deployments as prefect.yaml describes them and the server knows them."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def test_the_rebalance_is_scheduled_on_weekdays_in_new_york(operator):
    schedule = operator.deployment("weekly-rebalance").schedules[0].schedule

    assert (schedule.cron, schedule.timezone) == ("45 10 * * MON-FRI", "America/New_York")


def test_the_form_in_the_ui_explains_every_parameter(operator):
    schema = operator.deployment("weekly-rebalance").parameter_openapi_schema
    silent = [
        f"{name}.{key}"
        for name, section in schema["definitions"].items()
        for key, field in section["properties"].items()
        if not field.get("description") and "$ref" not in str(field) and key != "name"
    ]

    assert silent == []
    assert schema["definitions"]["RiskParityParameters"]["properties"]["lookback"]["maximum"] == 5000
