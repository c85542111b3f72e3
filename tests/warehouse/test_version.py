"""Which code wrote an artifact: any change of it shows."""

from __future__ import annotations

import pytest

from warehouse.version import ROOMS, code_digest, code_version


@pytest.fixture
def project(tmp_path):
    """A project with a module in each room; ``project(room, content)`` makes another one with that room changed."""

    def make(changed=None, content=""):
        root = tmp_path / f"{changed}-{content}"
        for room in ROOMS:
            (root / room / "deep").mkdir(parents=True)
            (root / room / "deep" / "helper.py").write_text(content if room == changed else "x = 1")
        return root

    return make


@pytest.mark.parametrize("room", ROOMS)
def test_a_changed_helper_is_another_code(project, room):
    assert code_digest(project(room, "x = 2")) != code_digest(project())


def test_a_module_that_was_moved_is_another_code(project):
    moved = project(content="moved")
    (moved / "tasks" / "deep" / "helper.py").rename(moved / "tasks" / "deep" / "helpful.py")

    assert code_digest(moved) != code_digest(project())


def test_the_same_code_elsewhere_is_the_same(project):
    assert code_digest(project()) == code_digest(project(ROOMS[0], "x = 1"))


def test_the_version_names_release_and_code():
    release, _, digest = code_version().partition("+")

    assert release.count(".") == 2
    assert len(digest) == 12
