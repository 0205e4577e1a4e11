"""`dolt_commit_message`: a plugin writes a commit's message."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Message, Place, record, schema, state
from support_values import ID, lite

from target_dolt import PendingCommit, TableChange, hookimpl
from target_dolt.plugins import load_plugins

LINES: list[Message | str] = [
    schema("crm-dogs", {"id": ID}),
    record("crm-dogs", id=1),
    record("crm-dogs", id=2),
    state({"n": 1}),
]


class Messages:
    """Writes a message from what is pending; None where it has nothing to say."""

    def __init__(self, text: str | None) -> None:
        """Choose the text."""
        self.text = text
        self.pending: list[PendingCommit] = []

    @hookimpl
    def dolt_commit_message(self, commit: PendingCommit) -> str | None:
        """Note what is pending and answer."""
        self.pending.append(commit)
        return self.text


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh DoltLite file."""
    return lite(tmp_path)


def test_plugin_writes_the_message_from_what_is_pending(place: Place) -> None:
    """Branch, pipeline, run, records by stream and rows by table."""
    plugin = Messages("Nightly: 'quoted' 😀\n\nwith a body")
    place.load(LINES, plugins=load_plugins([plugin]), pipeline_id="night")
    [(message,)] = place.query("SELECT message FROM dolt_log LIMIT 1")
    assert message == plugin.text
    [pending] = plugin.pending
    assert (pending.branch, pending.pipeline) == ("main", "night")
    assert pending.records == {"crm-dogs": 2}
    assert pending.changes == (TableChange("dogs", added=2, changed=0, deleted=0),)


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        pytest.param(None, {}, "Load dogs: 2 added", id="none-leaves-the-default"),
        pytest.param("Plugin", {"commit_message": "Set {added}"}, "Set 2", id="the-setting-wins"),
    ],
)
def test_message_comes_from_the_setting_then_the_plugin_then_the_default(
    place: Place, text: str | None, settings: dict[str, str], expected: str
) -> None:
    """A user's own words are worth most."""
    place.load(LINES, plugins=load_plugins([Messages(text)]), **settings)
    assert place.log() == [expected]


def test_hook_is_not_asked_where_there_is_no_commit(place: Place) -> None:
    """A run that changes nothing has no message."""
    place.load(LINES)
    plugin = Messages("again")
    assert place.load(LINES, plugins=load_plugins([plugin])) == [{"n": 1}]
    assert plugin.pending == []
    assert len(place.commits()) == 1
