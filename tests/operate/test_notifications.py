"""What a person is told, where, and in which words: a real server sends to a webhook and a mailbox on this machine."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from prefect import flow
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Crashed, Failed, Pending, Running, Scheduled

from flows.automations import install_automations
from flows.notifications import Destinations, send_test
from schemas.errors import ConfigError, TemporaryError
from tests.operate.receivers import mailbox, webhook

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SOON = timedelta(seconds=10)
"""The least that Prefect takes for something that does not happen."""


@pytest.fixture(scope="module")
def told(prefect_environment):
    """A server that tells a webhook and a mailbox; what arrived there."""
    with (
        temporary_settings({PREFECT_API_URL: prefect_environment["PREFECT_API_URL"]}),
        webhook() as (url, posts),
        mailbox() as (address, mails),
    ):
        destinations = Destinations(url, address)
        install_automations(destinations, silence=SOON, slow_start=SOON)
        yield destinations, posts, mails


@pytest.fixture(scope="module")
def server(told, prefect_environment):
    from tests.operate.operator import Operator  # noqa: PLC0415

    with Operator.at(prefect_environment["PREFECT_API_URL"]) as operator:
        yield operator.client
        for automation in operator.client.read_automations():
            operator.client.delete_automation(automation.id)


@pytest.fixture
def ended(server):
    """Record a flow run that came to an end: ``ended("weekly-rebalance", Failed(...), name="…")``."""

    def record(of: str, *states, **known):
        run = server.create_flow_run(flow(name=of)(lambda: None), state=Running(), **known)
        for state in states:
            server.set_flow_run_state(run.id, state, force=True)
        return run

    return record


@pytest.fixture(scope="module", autouse=True)
def unheard(server):
    """Runs of which nothing is heard after this: what comes of them is told while other tests are at work."""
    of = flow(name="weekly-rebalance")(lambda: None)
    states = {"late": Scheduled(name="Late"), "silent": Running(), "never begun": Pending()}
    return {name: server.create_flow_run(of, state=state) for name, state in states.items()}


@pytest.fixture
def arrives(told):
    """The first notification about a run, at the webhook and in the mailbox."""

    def wait(run):
        _, posts, mails = told
        post = posts.first(lambda post: str(run.id) in post.get("url", ""))
        return post, mails.first(lambda mail: str(run.id) in mail.get_payload(decode=True).decode())

    return wait


def test_a_failure_tells_strategy_week_reason_and_what_to_do(ended, arrives):
    run = ended(
        "weekly-rebalance",
        Failed(message="GuardRefusal: prices <stale> (age: 4 d)"),
        name="risk_parity-2015-W23-1",
    )

    post, mail = arrives(run)

    assert (post["strategy"], post["week"], post["outcome"]) == ("risk_parity", "2015-W23", "failed")
    assert post["url"].endswith(f"/runs/flow-run/{run.id}")
    assert mail["Subject"] == "risk_parity 2015-W23: failed"
    for text in post["text"], mail.get_payload(decode=True).decode().replace("\r\n", "\n"):
        assert "GuardRefusal: prices <stale> (age: 4 d)" in text
        assert "Retry, on the page below, goes on where it stopped and sends no order twice" in text


def test_a_run_that_needs_a_person_tells_the_command_to_go_on_with(ended, arrives):
    run = ended(
        "weekly-rebalance", Completed(name="Needs_human", message="…"), name="downside_risk_parity-2015-W24-2"
    )

    post, _ = arrives(run)

    assert (post["strategy"], post["outcome"]) == ("downside_risk_parity", "needs human")
    assert "`riskparity acknowledge downside_risk_parity-2015-W24-2 --reason TEXT`" in post["text"]


def test_before_a_run_is_opened_its_parameters_and_its_schedule_say_whose_it_was(ended, arrives, server):
    run = ended(
        "weekly-rebalance",
        Crashed(message="killed"),
        parameters={"parameters": {"strategy": {"name": "equal_weight"}}},
    )

    post, _ = arrives(run)

    assert (post["strategy"], post["outcome"]) == ("equal_weight", "crashed")
    assert post["week"] == server.read_flow_run(run.id).expected_start_time.strftime("%G-W%V")


def test_a_missed_week_is_told_in_the_words_of_the_watch(ended, arrives):
    run = ended(
        "watch",
        Failed(name="Missed", message="equal_weight was not rebalanced in 2015-W24"),
        parameters={"strategy": "equal_weight"},
    )

    post, _ = arrives(run)

    assert (post["strategy"], post["outcome"]) == ("equal_weight", "missed")
    assert "equal_weight was not rebalanced in 2015-W24" in post["text"]


def test_what_ends_as_it_should_or_has_a_person_in_front_of_it_is_not_told(ended, arrives, told):
    complete = ended("weekly-rebalance", Completed(name="Complete"))
    refused = ended("weekly-rebalance", Completed(name="Refused"))
    sweep = ended("sweep", Failed(message="of no concern at night"))

    arrives(ended("weekly-rebalance", Failed(message="and this is told after them")))

    assert not [
        post for post in told[1] for run in (complete, refused, sweep) if str(run.id) in post.get("url", "")
    ]


def test_a_run_that_nobody_begins_is_told(unheard, arrives):
    post, _ = arrives(unheard["late"])

    assert post["outcome"] == "late"
    assert "riskparity serve" in post["text"]


@pytest.mark.parametrize("which", ["silent", "never begun"])
def test_a_run_that_falls_silent_or_never_begins_has_crashed_and_is_told(unheard, server, arrives, which):
    assert arrives(unheard[which])[0]["outcome"] == "crashed"
    assert server.read_flow_run(unheard[which].id).state.name == "Crashed"


def test_installing_again_asks_after_runs_that_the_server_has_forgotten_to_wait_for(
    server, ended, arrives, told
):
    for automation in server.read_automations():
        server.delete_automation(automation.id)  # they forget with it
    run = ended("weekly-rebalance")

    install_automations(told[0], silence=SOON, slow_start=SOON)

    assert arrives(run)[0]["outcome"] == "crashed"


def test_installing_again_changes_nothing_and_takes_away_what_is_not_wanted_any_more(server, told):
    before = {automation.id for automation in server.read_automations()}

    switched_off = next(iter(before))
    server.pause_automation(switched_off)
    install_automations(told[0], silence=SOON, slow_start=SOON)
    assert {automation.id for automation in server.read_automations()} == before
    assert [one.id for one in server.read_automations() if not one.enabled] == [switched_off]
    server.resume_automation(switched_off)

    install_automations(Destinations("", ""), silence=SOON, slow_start=SOON)
    assert {automation.id for automation in server.read_automations()} < before
    install_automations(told[0], silence=SOON, slow_start=SOON)


def test_no_address_is_in_an_automation_an_event_or_a_log(ended, arrives, server, told, prefect_environment):
    arrives(ended("weekly-rebalance", Failed(message="so that something was sent")))

    events = server.request("POST", "/events/filter", json={"limit": 50}).text
    automations = json.dumps([one.model_dump(mode="json") for one in server.read_automations()])
    log = Path(prefect_environment["PREFECT_HOME"], "server.log").read_text()
    for text in (events, automations, log):
        assert "s3cret" not in text
        assert "me@example.com" not in text


def test_a_test_message_goes_to_both_and_a_destination_that_does_not_take_it_is_named_without_its_address(
    told,
):
    _, posts, mails = told
    send_test(told[0])
    assert "A test" in posts.first(lambda post: "url" not in post)["text"]
    assert mails.first(lambda mail: mail["Subject"] == "riskparity: test")["To"] == "me@example.com"

    with (
        webhook(status=410) as (gone, _),
        pytest.raises(TemporaryError, match=r"webhook.*status 410") as refused,
    ):
        send_test(Destinations(gone, ""))
    with pytest.raises(TemporaryError, match="e-mail"):
        send_test(Destinations("", "mailto://127.0.0.1:1/?mode=insecure&from=a@example.com&to=b@example.com"))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("NOTIFY_WEBHOOK_URL", "http://hooks.example.com/s3cret"),
        ("NOTIFY_EMAIL_URL", "mailto://me:s3cret@smtp.example.com"),
        ("NOTIFY_EMAIL_URL", "smtp.example.com:s3cret"),
    ],
)
def test_an_address_that_cannot_work_or_would_show_its_secret_is_refused_and_not_repeated(name, address):
    with pytest.raises(ConfigError, match=name) as refused:
        Destinations.of({name: address})
    assert "s3cret" not in str(refused.value)
