"""A marker shows in every view at once, however slow the disk: its stamp is young when it is put in place."""

import datetime as dt
import itertools

import pytest

from warehouse.marker import YOUNG, put_marker

NOON = dt.datetime(2015, 6, 1, 12)


class SlowDisk:
    """A clock that goes on by ``seconds``, of one file after another, while a file is written."""

    def __init__(self, *seconds):
        self.now, self.seconds, self.stamps = NOON, itertools.chain(seconds, itertools.repeat(0)), []

    def clock(self):
        return self.now

    def content(self, stamp):
        self.stamps.append(stamp)
        self.now += dt.timedelta(seconds=next(self.seconds))
        return stamp.isoformat().encode()


@pytest.mark.parametrize("slow", [(0.2,), (3.0,), (3.0, 20.0), (1.5, 2.0, 30.0, 400.0)])
def test_the_stamp_that_counts_is_no_more_than_a_second_old(slow, tmp_path):
    disk = SlowDisk(*slow)

    put_marker(tmp_path / "run.parquet", disk.content, disk.clock)

    (marker,) = tmp_path.iterdir()
    stamp = dt.datetime.fromisoformat(marker.read_text())
    assert stamp == disk.stamps[-1]
    assert disk.now <= stamp + YOUNG


def test_a_quick_disk_gets_the_time_that_it_is(tmp_path):
    disk = SlowDisk(0.01)
    put_marker(tmp_path / "run.parquet", disk.content, disk.clock)
    assert disk.stamps == [NOON]


def test_a_marker_that_is_there_stays(tmp_path):
    (tmp_path / "run.parquet").write_text("first")
    disk = SlowDisk(0.01)
    put_marker(tmp_path / "run.parquet", disk.content, disk.clock)
    assert (tmp_path / "run.parquet").read_text() == "first"


def test_another_that_comes_in_between_wins(tmp_path):
    destination = tmp_path / "run.parquet"

    def overtaken(stamp):
        destination.write_text("the other's")
        return b"ours"

    put_marker(destination, overtaken)
    assert destination.read_text() == "the other's"
    assert [path.name for path in tmp_path.iterdir()] == ["run.parquet"]
