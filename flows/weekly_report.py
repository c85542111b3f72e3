"""The report of the week, after its last session: a page, and the same on the run's page. It never sends an order."""

from __future__ import annotations

from prefect import flow

from schemas.upkeep_parameters import WeeklyReportParameters
from tasks.weekly_report import report_week

CONFIGURED = WeeklyReportParameters()
"""What the form in the Prefect UI starts from."""


@flow(name="weekly-report")
def weekly_report(parameters: WeeklyReportParameters = CONFIGURED) -> str:
    """Report the account, its positions and drift, the week's runs and trades, and how far it is from its model."""
    return report_week(parameters)


if __name__ == "__main__":
    weekly_report()
