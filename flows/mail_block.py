"""E-mail over SMTP as a Prefect block: Prefect itself brings only SendGrid's.

Named under ``prefect.collections`` in pyproject.toml, so that the server knows it, which is what sends notifications.
"""

from __future__ import annotations

from prefect.blocks.notifications import AppriseNotificationBlock


class Mail(AppriseNotificationBlock):
    """An e-mail account, as ``mailtos://user:password@smtp.example.com/?from=…&to=…``."""

    _block_type_name = "Mail over SMTP"
    _block_type_slug = "mail-over-smtp"
