"""Trading halted by a durable word: what counts as halted, and that nothing but a release ends it."""

import datetime as dt

import pytest

from brokerage.kill_switch import KillSwitch
from schemas.errors import GuardRefusal


@pytest.fixture
def switch(tmp_path):
    return KillSwitch(tmp_path / "home")


def test_a_new_state_folder_is_not_halted(switch):
    switch.require_off()

    assert switch.state() is None


def test_a_halt_holds_for_every_process_until_it_is_released(switch, tmp_path):
    switch.engage("prices look wrong", by="Ada")

    with pytest.raises(GuardRefusal, match="prices look wrong") as refused:
        KillSwitch(tmp_path / "home").require_off()
    assert refused.value.figures["by"] == "Ada"
    assert "riskparity unhalt" in refused.value.remedy

    switch.release("looked at", by="Ada")
    KillSwitch(tmp_path / "home").require_off()


def test_every_halt_and_release_stays_on_record(switch, tmp_path):
    switch.engage("first", by="Ada")
    switch.engage("second", by="circuit breaker")
    switch.release("settled")

    record = (tmp_path / "home" / "halts.jsonl").read_text()
    assert [word in record for word in ("first", "second", "settled")] == [True] * 3


@pytest.mark.parametrize(
    "leftover", [b'{"halted": fal', b"garbage", b"[]", b'{"halted": 0}', b'{"halted": false', b"\xff\xfe"]
)
def test_what_is_not_plainly_a_release_is_a_halt(switch, tmp_path, leftover):
    switch.release()
    with (tmp_path / "home" / "halts.jsonl").open("ab") as file:
        file.write(leftover)

    with pytest.raises(GuardRefusal, match="cannot be read"):
        switch.require_off()

    switch.release("looked at the file")
    switch.require_off()


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_a_file_that_lost_its_content_is_a_halt(switch, tmp_path, content):
    switch.engage("prices look wrong", by="Ada")
    (tmp_path / "home" / "halts.jsonl").write_bytes(content)

    with pytest.raises(GuardRefusal, match="is empty or cannot be read"):
        switch.require_off()


def test_a_file_that_cannot_be_read_is_a_halt(tmp_path):
    (tmp_path / "halts.jsonl").mkdir()

    assert "cannot be read" in KillSwitch(tmp_path).state().reason


def test_the_last_release_is_remembered_whatever_came_after(switch, tmp_path):
    assert switch.last_release() is None
    begun = dt.datetime.now(dt.UTC)

    switch.release("settled")
    switch.engage("again", by="Ada")
    with (tmp_path / "home" / "halts.jsonl").open("ab") as file:
        file.write(b"garbage")

    assert begun <= switch.last_release() <= dt.datetime.now(dt.UTC)
