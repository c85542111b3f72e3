"""A full disk, at any moment of a rebalance: nothing goes out that is not written down, nothing that was written is torn."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prefect.logging import disable_run_logger

from schemas.errors import ConfigError, GuardRefusal
from tests.pipeline import Pipeline
from warehouse import Warehouse
from warehouse.check import check

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CAPACITY = "16m"
BALLAST = "ballast"


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """A file system that is soon full."""
    folder = tmp_path_factory.mktemp("small")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={CAPACITY}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a file system of a limited size takes root to mount")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def home(small_disk, exchange, monkeypatch):
    """A state folder there; its exchange lives elsewhere, as a broker does."""
    home = small_disk / "home"
    home.mkdir()
    shutil.copy(exchange.home / "exchange.json", home)
    monkeypatch.setenv("RISKPARITY_HOME", str(home))
    monkeypatch.setenv("RISKPARITY__EXECUTION__POLL_SECONDS", "0.05")
    with disable_run_logger():
        yield home
    shutil.rmtree(home)


@pytest.fixture
def posts(exchange):
    return lambda: [r for r in exchange.control.requests() if r["method"] == "POST"]


def fill(home, *, but=0):
    """Until only so many bytes are left."""
    with (home / BALLAST).open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            ballast.truncate(max(0, ballast.tell() - but))


def make_room(home):
    (home / BALLAST).unlink()


def completed_once(home, posts):
    store = Warehouse(home)
    account = store.last_account("risk_parity")
    assert store.runs("risk_parity", account)["outcome"].tolist() == ["complete"]
    assert len(posts()) == len(store.history("fills", "risk_parity", account))
    assert check(home).sound


@pytest.mark.parametrize("left", [0, 120_000])
def test_a_disk_that_is_full_before_the_orders_sends_none_and_says_so(home, posts, left):
    fill(home, but=left)

    with pytest.raises((GuardRefusal, ConfigError), match=r"No space left|cannot be written down") as refused:
        Pipeline().open().decide().send()

    assert "run again" in str(refused.value) or "run the same again" in str(refused.value)
    assert posts() == []
    make_room(home)
    Pipeline().rebalance()
    completed_once(home, posts)


def test_a_disk_that_fills_up_between_two_orders_stops_the_sending_and_the_same_run_sends_the_rest(
    home, posts, monkeypatch
):
    run = Pipeline().open().decide()
    monkeypatch.setattr(
        "tasks.execution.require_not_halted", lambda: fill(home) if len(posts()) == 2 else None
    )

    with pytest.raises(ConfigError, match="No space left"):
        run.send()

    assert len(posts()) == 2
    monkeypatch.setattr("tasks.execution.require_not_halted", lambda: None)
    make_room(home)
    run.send().close()
    completed_once(home, posts)
