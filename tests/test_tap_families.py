"""One tap of each family, run for real: the tables hold what the source holds.

Taps that read a log are in `test_log_based.py`.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support import Place
from support_following import plain
from support_pets import SDK, STEPS
from support_sources import HOST, MariaDB, Postgres, needs_postgres
from support_taps import LOG_TAPS, LogTap, Tap, last_state, needs_tap

LIVE = [pytest.param(one, marks=one.needs, id=one.name) for one in LOG_TAPS.values()]
ROWS_A_PAGE = 2


@pytest.mark.parametrize("tap", LIVE)
def test_full_tables_end_in_exactly_the_rows_of_the_source(
    place: Place, tap: LogTap, request: pytest.FixtureRequest
) -> None:
    """By ACTIVATE_VERSION, nothing set: deleted rows and a changed key's old row are gone."""
    server: Postgres | MariaDB = request.getfixturevalue(tap.server).with_new_database()
    reader = None
    for step in STEPS:
        server.run(tap.source.statements.get(step, ""))
        if reader is None:
            reader = tap.on(server, place.directory)
            reader.select("FULL_TABLE")
        reader.state = place.load(reader.run())[-1]
        for table, rows in tap.source.content(server).items():
            assert plain(place.rows(table)) == plain(rows), (step, table)
    assert place.log()[-1] == "Load pets: 1 added, 1 deleted"  # of "moved"; then nothing differs


@pytest.mark.parametrize("tap", LIVE)
def test_an_incremental_run_adds_and_changes_and_deletes_nothing(
    place: Place, tap: LogTap, request: pytest.FixtureRequest
) -> None:
    """Each run begins with the same version; a row below the bookmark keeps its old values."""
    server: Postgres | MariaDB = request.getfixturevalue(tap.server).with_new_database()
    server.run(tap.source.statements["filled"])
    reader = tap.on(server, place.directory)
    reader.select("INCREMENTAL", "pets", **{"replication-key": "id"})
    reader.state = place.load(reader.run())[-1]
    filled = tap.source.content(server)["pets"]
    assert plain(place.rows("pets")) == plain(filled)
    server.run(tap.source.statements["changed"])
    reader.state = place.load(reader.run())[-1]
    new = [row for row in tap.source.content(server)["pets"] if row["id"] == 4]
    assert plain(place.rows("pets")) == plain([*filled, *new])
    assert place.log()[-1] == "Load pets: 1 added"
    before = place.commits()
    place.load(reader.run())
    assert place.commits() == before


@pytest.mark.parametrize(
    ("more", "settings"),
    [({}, {"load_method": "overwrite"}), ({"emit_activate_version_messages": True}, {})],
    ids=["overwrite", "versions"],
)
@needs_postgres
@needs_tap("tap-postgres")
def test_an_sdk_tap_of_a_database_leaves_exactly_the_rows_of_the_source(
    place: Place, postgres: Postgres, more: dict[str, Any], settings: dict[str, Any]
) -> None:
    """By `load_method: overwrite`, or by the versions that it sends where it is told to."""
    server = postgres.with_new_database()
    config = {**_sdk_config(server), **more}
    reader = Tap("tap-postgres", "tap-postgres", config, place.directory)
    for steps in (["filled"], ["changed", "deleted", "moved"], ["idle"]):
        for step in steps:
            server.run(SDK.statements.get(step, ""))
        if not reader.catalog:
            reader.select("FULL_TABLE")
        before = place.commits()
        place.load(reader.run(), **settings)
        for table, rows in SDK.content(server).items():
            assert plain(place.rows(table)) == plain(rows), (steps, table)
        assert (place.commits() == before) == (steps == ["idle"])
        # The tap's versions are whole seconds: two runs in one second are of one version.
        time.sleep(1 - time.time() % 1)


@pytest.mark.parametrize("versions", [False, True], ids=["", "versions"])
@needs_postgres
@needs_tap("tap-postgres")
def test_an_sdk_tap_reads_what_changed_since_its_last_state(
    place: Place, postgres: Postgres, *, versions: bool
) -> None:
    """INCREMENTAL by a moment: what was added or changed; the rest stays, deleted rows too."""
    server = postgres.with_new_database()
    reader = Tap("tap-postgres", "tap-postgres", _sdk_config(server), place.directory)
    reader.config = {**reader.config, "emit_activate_version_messages": versions}
    server.run(SDK.statements["filled"])
    server.run("ALTER TABLE pets ADD touched timestamptz DEFAULT now()")
    server.run("UPDATE pets SET touched = now() - interval '1 hour' * (10 - id)")
    reader.select("INCREMENTAL", "pets", **{"replication-key": "touched"})
    [pets] = [one for one in reader.catalog["streams"] if one["table_name"] == "pets"]
    pets["replication_key"] = "touched"
    reader.catalog["streams"] = [pets]

    def load() -> None:
        reader.state = place.load(reader.run())[-1]

    def there() -> list[dict[str, Any]]:
        own = SDK.columns["pets"].keys()
        return plain([{k: v for k, v in row.items() if k in own} for row in place.rows("pets")])

    load()
    assert there() == plain(SDK.content(server)["pets"])
    server.run(
        "INSERT INTO pets (id, name) VALUES (4, 'Ada');"
        "UPDATE pets SET name = 'Cleopatra', price = 0.5, touched = now() WHERE id = 1;"
        "UPDATE pets SET name = 'not seen' WHERE id = 2;"
    )
    load()
    content = SDK.content(server)["pets"]
    [unseen] = [row for row in content if row["id"] == 2]
    assert there() == plain(
        [{**row, "name": "Pancakes 🥞"} if row is unseen else row for row in content]
    )
    assert place.log() == ["Load pets: 3 added", "Load pets: 1 added, 1 changed"]
    server.run("DELETE FROM pets WHERE id = 3; UPDATE pets SET touched = now() WHERE id = 2;")
    load()
    [gone] = [row for row in content if row["id"] == 3]
    content = SDK.content(server)["pets"]
    assert there() == plain(sorted([*content, gone], key=lambda row: row["id"]))
    before = place.commits()
    load()
    assert place.commits() == before


def _sdk_config(server: Postgres) -> dict[str, Any]:
    return {
        "host": HOST,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "database": server.database,
        "filter_schemas": ["public"],
    }


class Api:
    """A REST API on loopback: pets in pages, those changed since a moment."""

    def __init__(self) -> None:
        """Begin with a few pets."""
        self.pets: list[dict[str, Any]] = [
            self.pet(number, f"2026-01-0{number}T00:00:00Z") for number in (1, 2, 3)
        ]
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(api.page(parse_qs(urlsplit(self.path).query))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                del args

        self.server = ThreadingHTTPServer((HOST, 0), Handler)

    @staticmethod
    def pet(number: int, updated: str, name: str = "Größe 😀") -> dict[str, Any]:
        """Return a pet."""
        return {
            "id": number,
            "name": name,
            "price": number / 10,
            "updated": updated,
            "tags": ["a", number],
            "owner": {"id": number * 10},
        }

    def page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return one page."""
        since = query.get("since", [""])[0]
        found = [one for one in self.pets if one["updated"] >= since]
        number = int(query.get("page", ["1"])[0])
        end = number * ROWS_A_PAGE
        more = {"next_page": number + 1} if end < len(found) else {}
        return {"pets": found[end - ROWS_A_PAGE : end], **more}


@pytest.fixture
def api() -> Iterator[Api]:
    """An API that answers as long as the test runs."""
    served = Api()
    thread = threading.Thread(target=served.server.serve_forever)
    thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()


@needs_tap("tap-rest-api-msdk")
def test_a_rest_api_is_read_page_by_page_and_then_what_changed(place: Place, api: Api) -> None:
    """The tap makes columns of an object's properties, and text of an array."""
    stream = {
        "name": "pets",
        "path": "/pets",
        "records_path": "$.pets[*]",
        "primary_keys": ["id"],
        "next_page_token_path": "$.next_page",
        "replication_key": "updated",
        "source_search_field": "since",
        "source_search_query": "$last_run_date",
    }
    config = {"api_url": f"http://{HOST}:{api.server.server_port}", "streams": [stream]}
    reader = Tap("tap-rest-api-msdk", "tap-rest-api-msdk", config, place.directory)

    def expected() -> list[dict[str, Any]]:
        return plain(
            {
                **{name: pet[name] for name in ("id", "name", "price", "updated")},
                "tags": json.dumps(pet["tags"]),
                "owner_id": pet["owner"]["id"],
            }
            for pet in api.pets
        )

    reader.state = place.load(reader.run())[-1]
    assert plain(place.rows("pets")) == expected()
    api.pets[0] = api.pet(1, "2026-02-01T00:00:00Z", "Cleo")
    api.pets.append(api.pet(4, "2026-02-02T00:00:00Z"))
    reader.state = place.load(reader.run())[-1]
    assert plain(place.rows("pets")) == expected()
    place.load(reader.run())
    assert place.log() == ["Load pets: 3 added", "Load pets: 1 added, 1 changed"]
    del api.pets[1], stream["replication_key"]
    reader.state = None
    place.load(reader.run(), load_method="overwrite")
    assert plain(place.rows("pets")) == expected()
    assert place.log()[-1] == "Load pets: 1 deleted"


@needs_tap("tap-spreadsheets")
def test_files_are_read_again_when_they_change(place: Place, tmp_path: Path) -> None:
    """Every cell is text; what the tap says of the file is left out by stream maps."""
    file = tmp_path / "pets.csv"
    rows = [
        {"id": "1", "name": "Cleo", "price": "12.50", "note": 'a, "b"\nc'},
        {"id": "2", "name": "Größe 😀", "price": "", "note": "007"},
    ]

    moments = itertools.count(1_700_000_000, 60)

    def write() -> None:
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        # The tap looks at whole seconds, and two of its runs may fall into one.
        moment = next(moments)
        os.utime(file, (moment, moment))

    config = {
        "files": [
            {
                "path": str(tmp_path / "*.csv"),
                "format": "csv",
                "table_name": "pets",
                "primary_keys": ["id"],
            }
        ]
    }
    own = ("_sdc_last_modified", "_sdc_filename", "_sdc_stream", "_sdc_worksheet")
    settings = {"stream_maps": {"pets": dict.fromkeys(own, "__NULL__")}}
    reader = Tap("tap-spreadsheets", "tap-spreadsheets", config, tmp_path)
    write()
    reader.state = last_state(lines := reader.run())
    assert place.load(lines, **settings)[-1] == reader.state
    assert plain(place.rows("pets")) == rows
    rows[0]["name"] = "Cleopatra"
    rows.append({"id": "3", "name": "Rex", "price": "0.1", "note": ""})
    write()
    place.load(reader.run(), **settings)
    assert plain(place.rows("pets")) == rows
    assert place.log() == ["Load pets: 2 added", "Load pets: 1 added, 1 changed"]
    del rows[1]
    write()
    reader.state = None
    place.load(reader.run(), load_method="overwrite", **settings)
    assert plain(place.rows("pets")) == rows
    assert place.log()[-1] == "Load pets: 1 deleted"
