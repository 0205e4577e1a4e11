"""A bad network between a Postgres and a snapshot of it, or a restore into it.

The first cannot go on, for a snapshot is one instant of the source; the second is one transaction.
So both end in words, with nothing half done, and come through when they are run again.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, database_of
from support_proxy import CUTS, Proxy, Toxic
from support_restore import contents, shape
from support_snapshot import Source, needs_pgserver, new_postgres

from demo.postgres import Postgres as PgServer
from tap_adapters.restore import restore
from tap_adapters.sources.connecting import SourceError
from tap_adapters.sync import snapshot

pytestmark = needs_pgserver

TABLES = (
    "CREATE TABLE users (id integer PRIMARY KEY, name varchar(200) NOT NULL)",
    "CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users (id))",
    "INSERT INTO users SELECT n, repeat('x', n % 200) FROM generate_series(1, 300) n",
    "INSERT INTO orders SELECT n, n FROM generate_series(1, 300) n",
)
CHANGES = (
    "UPDATE users SET name = 'changed' WHERE id % 3 = 0",
    "DELETE FROM orders WHERE id % 5 = 0",
    "CREATE TABLE fresh (id integer PRIMARY KEY, note text)",
    "INSERT INTO fresh SELECT n, 'note' FROM generate_series(1, 300) n",
)


@pytest.fixture
def proxy(pgserver: PgServer) -> Iterator[Proxy]:
    """The way to the Postgres."""
    with Proxy(pgserver.port) as opened:
        yield opened


def through(proxy: Proxy, source: Source) -> str:
    """Return a source's URL by way of a proxy."""
    url = sa.make_url(source.url).set(port=proxy.port)
    return url.render_as_string(hide_password=False)


def any_byte(passed: dict[Any, int], count: int, seed: int) -> Iterator[Toxic]:
    """Yield so many events of each kind, each way, at bytes chosen by chance."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    for kind, way, _ in itertools.product(CUTS, passed, range(count)):
        yield Toxic(kind, way, chosen.randrange(passed[way] - 5))  # the last packet says goodbye


class Way:
    """A snapshot of a Postgres and a restore into one, each by way of a proxy."""

    def __init__(self, place: Place, server: PgServer, proxy: Proxy) -> None:
        """Take a snapshot, change the source; do both undisturbed, which counts the bytes."""
        self.place, self.server, self.proxy = place, server, proxy
        self.source = new_postgres(server)
        self.source.execute(*TABLES)
        first = snapshot(self.source.url, database_of(place)).commit
        assert first is not None
        self.first = first.hash
        place.call("dolt_branch", "seed", "main")
        self.old = (shape(self.source), contents(self.source))
        self.source.execute(*CHANGES)
        self.new = (shape(self.source), contents(self.source))
        proxy.arm(None)
        taken = snapshot(through(proxy, self.source), database_of(place)).commit
        assert taken is not None
        self.second = taken.hash
        self.bytes_taken = dict(proxy.passed)
        there = self.there()
        proxy.arm(None)
        self.restore(through(proxy, there))
        self.bytes_restored = dict(proxy.passed)
        assert self.found(there) == self.new

    def there(self) -> Source:
        """Return a database that has the first commit's tables."""
        there = new_postgres(self.server)
        there.execute(*TABLES)
        return there

    def restore(self, url: str) -> None:
        """Carry the second commit back."""
        restore(database_of(self.place), url, at=self.second, base=self.first, check=False)

    def found(self, source: Source) -> tuple[Any, Any]:
        """Return what a database's tables are, and hold."""
        return shape(source), contents(source)

    def snapshot_is_disturbed(self, toxic: Toxic) -> None:
        """Let one thing happen to a snapshot; look, and take it again."""
        self.place.call("dolt_branch", "-f", "again", "seed")
        self.proxy.arm(toxic)
        with pytest.raises(SourceError) as told:
            snapshot(through(self.proxy, self.source), database_of(self.place), branch="again")
        assert self.proxy.happened, toxic
        self.proxy.up()
        assert "127.0.0.1" in str(told.value)
        self.password_is_not_in(str(told.value))
        assert self.place.log("again") == self.place.log("seed"), toxic
        assert self.place.branches() == ["again", "main", "seed"], toxic
        snapshot(self.source.url, database_of(self.place), branch="again")
        for table in self.place.tables():
            assert self.place.rows(table, at="again") == self.place.rows(table), toxic
        assert len(self.place.log("again")) == 2

    def restore_is_disturbed(self, toxic: Toxic) -> str:
        """Let one thing happen to a restore; look, and carry back again. Return what it said."""
        there = self.there()
        self.proxy.arm(toxic)
        with pytest.raises(SourceError) as told:
            self.restore(through(self.proxy, there))
        assert self.proxy.happened, toxic
        self.proxy.up()
        text = str(told.value)
        self.password_is_not_in(text)
        there.sessions_are_gone()
        if text.endswith("nothing was changed there"):
            assert self.found(there) == self.old, toxic
        else:
            assert "all or not at all" in text, toxic
            assert self.found(there) in (self.old, self.new), toxic
        self.restore(there.url)
        assert self.found(there) == self.new, toxic
        return text

    def password_is_not_in(self, text: str) -> None:
        """A message is for anybody's eyes."""
        assert self.server.password not in text


@pytest.fixture
def way(place: Place, pgserver: PgServer, proxy: Proxy) -> Way:
    """A Postgres behind a proxy, and a database on each backend."""
    return Way(place, pgserver, proxy)


def test_a_snapshot_whose_source_is_lost_at_some_byte_leaves_nothing(way: Way) -> None:
    """No commit, no branch; one event of each kind, each way."""
    for toxic in any_byte(way.bytes_taken, 1, seed=1):
        way.snapshot_is_disturbed(toxic)


def test_a_restore_whose_connection_is_lost_at_some_byte_is_all_there_or_not_at_all(
    way: Way,
) -> None:
    """And the error says which; one event of each kind, each way."""
    for toxic in any_byte(way.bytes_restored, 1, seed=2):
        way.restore_is_disturbed(toxic)


def test_a_restore_whose_commit_was_not_answered_says_that_nobody_knows(way: Way) -> None:
    """All is there, and the error does not say that nothing was changed."""
    text = way.restore_is_disturbed(Toxic("limit_data", on=b"COMMIT\0"))
    assert "all or not at all" in text


def test_a_slow_and_narrow_network_changes_nothing(place: Place, pgserver: PgServer) -> None:
    """Each answer comes in pieces, and late: both snapshot and restore come through."""
    with Proxy(pgserver.port, slice_bytes=400, latency=0.0005) as proxy:
        assert Way(place, pgserver, proxy).bytes_taken["downstream"] > 20_000


@pytest.mark.parametrize("number", [3, 10])
def test_sessions_that_postgres_ends_leave_nothing_half_done(way: Way, number: int) -> None:
    """pg_terminate_backend at some statement of a restore, early and late."""
    there = way.there()
    count = itertools.count(1)

    def end(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        del statement
        if connection.dialect.name == "postgresql" and next(count) == number:
            name = sa.make_url(there.url).database
            way.server.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            )

    sa.event.listen(sa.Engine, "before_cursor_execute", end)
    try:
        with pytest.raises(SourceError, match="nothing was changed there"):
            way.restore(there.url)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", end)
    assert way.found(there) == way.old
    way.restore(there.url)
    assert way.found(there) == way.new


@pytest.mark.fuzz
def test_a_snapshot_whose_source_is_lost_at_any_byte_leaves_nothing(way: Way) -> None:
    """A hundred bytes."""
    for toxic in any_byte(way.bytes_taken, 12, seed=3):
        way.snapshot_is_disturbed(toxic)


@pytest.mark.fuzz
def test_a_restore_whose_connection_is_lost_at_any_byte_is_all_there_or_not_at_all(
    way: Way,
) -> None:
    """A hundred bytes."""
    for toxic in any_byte(way.bytes_restored, 12, seed=4):
        way.restore_is_disturbed(toxic)
