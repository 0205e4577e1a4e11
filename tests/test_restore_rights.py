"""A restore's dry run says what Postgres would not let its user do, on each backend."""

from __future__ import annotations

import sqlalchemy as sa
from support import Place, database_of
from support_snapshot import Source, needs_pgserver, new_postgres
from test_remotes import out, run

from demo.postgres import Postgres as PgServer

pytestmark = needs_pgserver


def new_user(source: Source, *grants: str) -> tuple[str, str]:
    """Make a user with some rights; return the name, and the source's URL with it."""
    url = sa.make_url(source.url)
    role = f"user_of_{url.database}"
    source.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD 'a-password'",
        *(f"GRANT {grant} TO {role}" for grant in grants),
    )
    url = url.set(username=role, password="a-password")  # noqa: S106
    return role, url.render_as_string(hide_password=False)


def test_a_dry_run_says_which_rights_its_user_lacks(place: Place, pgserver: PgServer) -> None:
    """To write rows, to make tables, and to make one again; the restore is refused for them too."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TABLE dogs (id integer PRIMARY KEY, name text)",
        "INSERT INTO dogs VALUES (1, 'Rex'), (2, 'Max')",
    )
    out(run("snapshot", source.url, database_of(place)))
    source.execute(
        "UPDATE dogs SET name = 'Eve' WHERE id = 1",
        "INSERT INTO dogs VALUES (3, 'Ada')",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    )
    role, reader = new_user(source, "SELECT ON dogs")

    def refused(*more: str) -> list[str]:
        words = []
        for dry in (["--dry-run"], []):
            result = run("restore", database_of(place), reader, "--overwrite", *more, *dry)
            assert result.exit_code == 1, result.output
            words.append(result.stderr)
        assert "permission denied" in words[1] or "must be owner" in words[1]
        return words[0].removeprefix("Error: the restore would be refused: ").strip().split("; ")

    assert refused() == ["its user may not write 'public.dogs' (UPDATE, DELETE)"]
    assert refused("--table", "dogs=hounds") == [
        "its user may make no tables in the schema 'public' (CREATE)"
    ]
    source.execute(f"GRANT UPDATE (name), DELETE ON dogs TO {role}")
    allowed = run("restore", database_of(place), reader, "--overwrite", "--dry-run")
    assert (allowed.exit_code, allowed.stderr) == (0, "")
    source.execute("ALTER TABLE dogs ADD COLUMN age integer")
    assert refused() == [
        "its user may make no tables in the schema 'public' (CREATE)",
        "its user does not own 'public.dogs', so may not make it again",
    ]
    assert len(source.query("SELECT * FROM dogs")) == 3
    source.execute(
        f"ALTER DATABASE {sa.make_url(reader).database} SET default_transaction_read_only = on"
    )
    result = run("restore", database_of(place), source.url, "--overwrite", "--dry-run")
    words = "the database takes no writes: it is read-only, or a standby"
    assert (result.exit_code, words in result.stderr) == (1, True)


def test_a_schema_is_asked_for_by_its_very_name(place: Place, pgserver: PgServer) -> None:
    """Postgres folds letters where nothing quotes them, and would find none."""
    source = new_postgres(pgserver)
    source.execute(
        'CREATE SCHEMA "Kennel"',
        'CREATE TABLE "Kennel".dogs (id integer PRIMARY KEY)',
    )
    out(run("snapshot", source.url, database_of(place)))
    source.execute('DROP TABLE "Kennel".dogs')
    _, maker = new_user(source, 'USAGE ON SCHEMA "Kennel"')
    result = run("restore", database_of(place), maker, "--dry-run")
    words = "its user may make no tables in the schema 'Kennel' (CREATE)"
    assert (result.exit_code, words in result.stderr) == (1, True), result.output


def test_rows_with_unique_values_are_replaced_so_that_needs_other_rights(
    place: Place, pgserver: PgServer
) -> None:
    """To delete and to insert, as the restore itself is told."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TABLE dogs (id integer PRIMARY KEY, tag integer UNIQUE)",
        "INSERT INTO dogs VALUES (1, 1)",
    )
    out(run("snapshot", source.url, database_of(place)))
    source.execute("UPDATE dogs SET tag = 2")
    _, changer = new_user(source, "SELECT, UPDATE ON dogs")
    told = run("restore", database_of(place), changer, "--overwrite", "--dry-run")
    words = "its user may not write 'public.dogs' (INSERT, DELETE)"
    assert (told.exit_code, words in told.stderr) == (1, True), told.output
    refused = run("restore", database_of(place), changer, "--overwrite")
    assert (refused.exit_code, "permission denied" in refused.stderr) == (1, True)
