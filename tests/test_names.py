"""Names of tables and columns: kept as they come, never two in one place."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from random import Random

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from support import Place, record, schema, state
from support_values import ID, refused

from target_dolt import names
from target_dolt.errors import NameCollisionError, SchemaError

TEXT = {"type": ["null", "string"]}


def any_name(longest: int = 90) -> SearchStrategy[str]:
    """Return names over all of Unicode but lone surrogates, which no message brings."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=longest)


def acceptable(name: str) -> bool:
    """Whether a name may be had at all."""
    return bool(name) and "\0" not in name and not name.endswith(" ")


CALLS = settings(max_examples=200, deadline=None)


def fits(name: str) -> bool:
    """Whether every database takes the name as it is: Dolt counts the bytes of UTF-8.

    It takes a capital I with a dot for an i.
    """
    return acceptable(name) and len(name.encode()) <= 64 and "\u0130" not in name


def fits_table(name: str) -> bool:
    """Whether every database takes the name as it is for a table.

    Dolt has no table with an emoji, nor one whose last byte is a blank in Latin-1 to Go, for which
    U+001C to U+001F are none.
    """
    last = name.encode()[-1:]
    blank = last not in b"\x1c\x1d\x1e\x1f" and last.decode("latin-1").isspace()
    return fits(name) and name != "." and max(name) <= "\uffff" and not blank


def fold(name: str) -> str:
    """Return what two names share whom a database could take for one."""
    return unicodedata.normalize("NFKC", name).casefold()


def column(name: str) -> str:
    """Return the column of a property that is alone in its table."""
    return names.column_names([name], {})[name]


@CALLS
@given(any_name())
def test_name_that_a_database_takes_is_kept_as_it_comes(name: str) -> None:
    """No folding to lower case, no stripped letters; any other one is one that it takes."""
    assert column(name) == name if fits(name) else fits(column(name))


@CALLS
@given(st.lists(any_name(), max_size=6, unique=True))
@example(["Name", "name"])
@example(["\u00e9", "e\u0301"])
@example(["\u00df", "SS"])
@example(["\ufb01", "fi"])
@example(["\u212a", "k"])
@example(["", "\0", "\0\0", " ", "  "])
@example(["a", "a ", "a\0"])
@example(["x" * 64 + "a", "x" * 64 + "b", "x" * 64, "X" * 70])
@example(["a", names.with_hash("A", "A"), "A"])
def test_columns_are_one_to_one_for_any_names(properties: list[str]) -> None:
    """No two columns that a database could take for one; the first of a kind keeps its name."""
    columns = names.column_names(properties, {})
    assert list(columns) == properties
    assert len({fold(name) for name in columns.values()}) == len(properties)
    assert all(fits(name) for name in columns.values())
    seen: set[str] = set()
    for name in properties:
        if fits(name) and fold(name) not in seen:
            assert columns[name] == name
        seen |= {fold(name), fold(columns[name])}


@CALLS
@given(st.lists(any_name(), max_size=6, unique=True), st.randoms(use_true_random=False))
def test_columns_stay_what_they_were_when_properties_come_in_another_order(
    properties: list[str], random: Random
) -> None:
    """Also where there are more of them: what is known is kept."""
    first = names.column_names(properties, {})
    shuffled = [*properties, "one more"] if "one more" not in properties else list(properties)
    random.shuffle(shuffled)
    second = names.column_names(shuffled, first)
    assert {name: second[name] for name in properties} == first
    assert len({fold(name) for name in second.values()}) == len(shuffled)


def test_suffix_is_the_same_in_every_run_and_on_every_machine() -> None:
    """The first 55 characters and a stable hash of the whole; not Python's, which changes."""
    assert column("column_" * 12) == "column_" * 7 + "column_31ddb895"
    assert len(column("column_" * 12)) == 64


TABLES = [
    pytest.param("users", "", "users", id="plain"),
    pytest.param("public-users", "", "users", id="after-the-dash"),
    pytest.param("db-public-users", "", "users", id="after-the-last-dash"),
    pytest.param("public-users", "raw_", "raw_users", id="prefix"),
    pytest.param("Users.\u00dcber uns", "", "Users.\u00dcber uns", id="kept-as-it-comes"),
    pytest.param("users", "dolt_", "_dolt_users", id="prefix-that-is-reserved"),
    pytest.param("dolt_log", "", "_dolt_log", id="dolt"),
    pytest.param("DOLT_log", "", "_DOLT_log", id="dolt-in-capitals"),
    pytest.param("sqlite_master", "", "_sqlite_master", id="sqlite"),
    pytest.param("users", "-", "_-users", id="option"),
    pytest.param("_target_dolt_state", "", "__target_dolt_state", id="own"),
    pytest.param("x-_target_dolt_columns", "", "__target_dolt_columns", id="own-after-a-dash"),
]


@pytest.mark.parametrize(("stream", "prefix", "expected"), TABLES)
def test_stream_goes_to_its_table(place: Place, stream: str, prefix: str, expected: str) -> None:
    """The part after the last dash with `table_prefix` before it, outside of what is taken."""
    place.load(
        [schema(stream, {"id": ID}), record(stream, id=1), state({"n": 1})], table_prefix=prefix
    )
    assert place.tables() == [expected]
    assert place.rows(expected) == [{"id": 1}]
    assert place.kept_state() == {"n": 1}


@pytest.mark.parametrize(
    "stream",
    ["", "public-", "a\0b", "a ", "a\n", "a-.", "citt\u00e0", "\U0001f600", "x" * 300],
    ids=ascii,
)
def test_stream_whose_name_no_table_can_have_gets_one_with_a_suffix(
    place: Place, stream: str
) -> None:
    """The same at the next run."""
    for n in (1, 2):
        place.load([schema(stream, {"id": ID}), record(stream, id=n), state({"n": n})])
    [table] = place.tables()
    assert fits_table(table)
    assert place.rows(table) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    "table",
    [
        *("", "a ", "a\0b", "x" * 65, "dolt_users", "DOLT", "sqlite_users", "_target_dolt_state"),
        *("citt\u00e0", "\U0001f600", ".", "-A"),
    ],
    ids=ascii,
)
def test_table_of_the_map_that_nobody_may_have_is_refused_before_anything_is_made(
    place: Place, table: str
) -> None:
    """What a user has chosen is not changed without a word."""
    end = refused(place, [schema("users", {"id": ID})], table_map={"users": table})
    assert isinstance(end.error, SchemaError)
    assert "stream 'users'" in end.message
    assert "table_map" in end.message
    assert place.tables() == []
    assert place.commits() == []


def test_table_map_that_gives_two_streams_one_table_is_refused(place: Place) -> None:
    """By letter case too; before the second's table is made, and what came before is kept."""
    end = refused(
        place,
        [
            schema("a", {"id": ID}),
            record("a", id=1),
            state({"n": 1}),
            schema("b", {"id": ID}),
            record("b", id=2),
        ],
        table_map={"a": "Users", "b": "users"},
    )
    assert isinstance(end.error, NameCollisionError)
    for part in ("'a'", "'b'", "table_map"):
        assert part in end.message
    assert end.states == [{"n": 1}]
    assert place.tables() == ["Users"]
    assert place.rows("Users") == [{"id": 1}]


def test_table_map_and_prefix_of_a_real_load(place: Place) -> None:
    """One stream mapped by its whole name, one prefixed."""
    place.load(
        [
            schema("shop-users", {"id": ID}),
            schema("shop-orders", {"id": ID}),
            record("shop-users", id=1),
            record("shop-orders", id=2),
            state({"n": 1}),
        ],
        table_map={"shop-users": "Peo-ple", "orders": "nobody"},
        table_prefix="raw_",
    )
    assert place.tables() == ["Peo-ple", "raw_orders"]
    assert (place.rows("Peo-ple"), place.rows("raw_orders")) == ([{"id": 1}], [{"id": 2}])


TWINS = [
    pytest.param("Name", "name", id="letter-case"),
    pytest.param("caf\u00e9", "cafe\u0301", id="unicode-form"),
    pytest.param("stra\u00dfe", "STRASSE", id="sharp-s"),
    pytest.param("\u212a", "k", id="kelvin-sign"),
]


@pytest.mark.parametrize(("one", "two"), TWINS)
def test_two_columns_that_a_database_could_take_for_one_are_two(
    place: Place, one: str, two: str
) -> None:
    """In the same places at the next run, whose SCHEMA has them in another order."""
    both = {"id": ID, one: TEXT, two: TEXT}
    place.load([schema("t", both), record("t", id=1, **{one: "1", two: "2"}), state({"n": 1})])
    turned = dict(reversed(both.items()))
    place.load([schema("t", turned), record("t", id=2, **{one: "1", two: "2"}), state({"n": 2})])
    other = names.with_hash(two, two)
    assert place.rows("t") == [{"id": n, one: "1", other: "2"} for n in (1, 2)]
    known = place.query(
        "SELECT property_name, column_name FROM _target_dolt_columns WHERE table_name = 't'"
    )
    assert dict(known) == {"id": "id", one: one, two: other}


@pytest.mark.parametrize(("one", "two"), TWINS)
def test_new_column_that_a_database_could_take_for_an_old_one_is_another(
    place: Place, one: str, two: str
) -> None:
    """In a later run, which does not have the old one any more."""
    place.load([schema("t", {"id": ID, one: TEXT}), record("t", id=1, **{one: "a"}), state(1)])
    place.load([schema("t", {"id": ID, two: TEXT}), record("t", id=2, **{two: "b"}), state(2)])
    other = names.with_hash(two, two)
    assert place.rows("t") == [{"id": 1, one: "a", other: None}, {"id": 2, one: None, other: "b"}]


@pytest.mark.parametrize(("one", "two"), [*TWINS, pytest.param("a-t", "b-t", id="dash")])
@pytest.mark.parametrize("runs", [1, 2], ids=["one-run", "two-runs"])
def test_two_streams_that_a_database_could_take_for_one_are_two_tables(
    place: Place, one: str, two: str, runs: int
) -> None:
    """In the same places at each run, whichever stream comes first or alone."""
    first = [schema(one, {"id": ID}), record(one, id=1), state({"n": 1})]
    second = [schema(two, {"id": ID}), record(two, id=2), state({"n": 2})]
    for lines in [[*first, *second]] if runs == 1 else [first, second]:
        place.load(lines)
    mine = one.rsplit("-", 1)[-1]
    other = names.with_hash(two.rsplit("-", 1)[-1], two)
    assert place.tables() == sorted([mine, other])
    again = [schema(two, {"id": ID}), record(two, id=3), schema(one, {"id": ID})]
    place.load([*again, record(one, id=4), state({"n": 3})])
    assert place.tables() == sorted([mine, other])
    assert place.rows(mine) == [{"id": 1}, {"id": 4}]
    assert place.rows(other) == [{"id": 2}, {"id": 3}]


def test_name_that_differs_in_the_database_is_logged_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """With the name that came; the next run is silent about it."""
    lines = [schema("b-t", {"id": ID, "Name": TEXT, "name": TEXT}), record("b-t", id=1), state(1)]
    place.load([schema("a-t", {"id": ID}), state(0)])
    caplog.clear()
    place.load(lines)
    told = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert told == [
        f"The stream 'b-t' goes to the table '{names.with_hash('t', 'b-t')}'",
        f"stream 'b-t': 'name' is the column '{names.with_hash('name', 'name')}'",
    ]
    caplog.clear()
    place.load(lines)
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == []


HOSTILE = [
    '"; DROP TABLE canary; --',
    "'; DROP TABLE canary; --",
    "`; DROP TABLE canary; --",
    "[canary]",
    "100%",
    "%s",
    "%(x)s",
    ":x",
    ":id",
    "?",
    "?1",
    "$1",
    "@x",
    "{x}",
    "back\\slash",
    "new\nline",
    "tab\there",
    "\r",
    " leading",
    "a.b",
    "a/b",
    "a b",
    "5x",
    "select",
    "rowid",
    "_rowid_",
    "table",
    "0",
    "名前",
    "naïve",
    "😀",
    "\u202eright-to-left",
    "\u200b",
    "[red]x[/red]",
    "null",
    "x" * 300,
]


def test_hostile_names_are_columns_like_any_other(place: Place) -> None:
    """Loaded, read back under their own names, widened, and nothing else is touched."""
    place.load([schema("canary", {"id": ID}), record("canary", id=1), state({"n": 1})])
    first = {name: f"first {n}" for n, name in enumerate(HOSTILE)}
    last = {name: f"last {n}" for n, name in enumerate(HOSTILE)}
    place.load(
        [
            schema("t", {"id": ID, **dict.fromkeys(HOSTILE, TEXT)}),
            record("t", id=1, **first),
            record("t", id=2),
            record("t", id=1, **last),
            state({"n": 2}),
        ],
        batch_size_rows=2,
    )
    expected = {"id": 1} | {column(name): value for name, value in last.items()}
    assert place.rows("t") == [expected, {"id": 2} | dict.fromkeys(list(expected)[1:])]
    assert place.rows("canary") == [{"id": 1}]
    known = place.query(
        "SELECT property_name, column_name FROM _target_dolt_columns WHERE table_name = 't'"
    )
    assert dict(known) == {"id": "id"} | {name: column(name) for name in HOSTILE}
    number = {name: {"type": "integer"} for name in HOSTILE}
    place.load([schema("t", {"id": ID, **number, "more": TEXT}), record("t", id=3), state(3)])
    assert place.rows("t")[0] == {**expected, "more": None}


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_name_is_a_table_and_a_key_like_any_other(place: Place, name: str) -> None:
    """Made, altered, upserted, deleted from and committed under its own name."""
    place.load([schema("canary", {"id": ID}), record("canary", id=1), state({"n": 1})])
    place.load([schema(name, {name: ID}, [name]), record(name, **{name: 1}), state({"n": 2})])
    [table] = [one for one in place.tables() if one != "canary"]
    plain = name.rsplit("-", 1)[-1]
    assert (table == plain) == fits_table(plain)
    deleted = {"type": ["null", "string"]}
    properties = {name: ID, "more": TEXT, "_sdc_deleted_at": deleted}
    states = place.load(
        [
            schema(name, properties, [name]),
            record(name, **{name: 1}, _sdc_deleted_at="2026-01-31T00:00:00Z"),
            record(name, **{name: 2}, more="x"),
            state({"n": 3}),
        ]
    )
    assert states == [{"n": 3}]
    assert place.rows(table) == [{column(name): 2, "more": "x"}]
    assert sorted(place.tables()) == sorted(["canary", table])
    assert place.rows("canary") == [{"id": 1}]
    assert len(place.commits()) == 3


FEW = settings(max_examples=10, deadline=None)


@FEW
@given(properties=st.lists(any_name(70).filter(acceptable), min_size=1, max_size=5, unique_by=fold))
def test_any_names_are_columns_that_are_read_back(
    new_place: Callable[[], Place], properties: list[str]
) -> None:
    """All of Unicode, in a real table."""
    properties = [name for name in properties if fold(name) not in {"key", "_sdc_deleted_at"}]
    place = new_place()
    values = {name: str(n) for n, name in enumerate(properties)}
    place.load(
        [
            schema("t", {"key": ID, **dict.fromkeys(properties, TEXT)}, ["key"]),
            record("t", key=1, **values),
            state({"n": 1}),
        ]
    )
    expected = {column(name): value for name, value in values.items()}
    assert place.rows("t") == [{"key": 1, **expected}]


@FEW
@given(name=any_name(70))
def test_any_name_is_a_table_that_is_read_back(new_place: Callable[[], Place], name: str) -> None:
    """All of Unicode, in a real database; of a name that no table can have, by another one."""
    place = new_place()
    place.load([schema(name, {"id": ID}), record(name, id=1), state({"n": 1})])
    [table] = place.tables()
    assert place.rows(table) == [{"id": 1}]
    plain = name.rsplit("-", 1)[-1]
    reserved = fold(plain).startswith(("dolt", "sqlite_", "_target_dolt_"))
    assert reserved or (table == plain) == fits_table(plain)


@pytest.mark.parametrize("bulk_load", ["auto", "insert"])
def test_a_capital_i_with_a_dot_costs_no_value_and_no_table(place: Place, bulk_load: str) -> None:
    """Dolt writes NULL into such a column, and takes such a table for the one of an i."""
    values = {"\u0130": "one", "i": "two", "x\u0130x": "three", "xix": "four"}
    settings = {} if "path" in place.config else {"bulk_load": bulk_load}
    for run in (1, 2):
        for number, name in enumerate(values):
            place.load(
                [
                    schema(name, {"id": ID, **dict.fromkeys(values, TEXT)}),
                    record(name, id=10 * number + run, **values),
                    state({"n": run}),
                ],
                **settings,
            )
    for number, name in enumerate(values):
        table, known = mapping(place)[name]
        rows = [{known[one]: value for one, value in values.items()} for _ in (1, 2)]
        for run, row in enumerate(rows, 1):
            row["id"] = 10 * number + run
        assert place.rows(table) == rows


NEAR = st.text(st.sampled_from("aA-._ \u00e0\u00df\u212a\U0001f600"), max_size=4)
"""Names of few letters: many of them fall together."""


def mapping(place: Place) -> dict[str, tuple[str, dict[str, str]]]:
    """Return the table of each stream with the columns of its properties, as they are kept."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for stream, table, name, in_table in place.query(
        "SELECT stream, table_name, property_name, column_name FROM _target_dolt_columns"
    ):
        assert found.setdefault(stream, (table, {}))[0] == table
        found[stream][1][name] = in_table
    return found


@FEW
@given(
    streams=st.lists(NEAR, min_size=2, max_size=3, unique=True),
    properties=st.lists(NEAR.filter(lambda name: name != "id"), max_size=3, unique=True),
    order=st.randoms(),
)
def test_any_lists_of_names_are_one_to_one_and_the_same_at_the_next_run(
    new_place: Callable[[], Place], streams: list[str], properties: list[str], order: Random
) -> None:
    """Whatever order the streams and the properties come in; each row is where it belongs."""
    place = new_place()
    kept = []
    for run in (1, 2):
        columns = {"id": ID, **dict.fromkeys(properties, TEXT)}
        for stream in streams:
            values = {name: f"{stream}/{name}" for name in properties}
            place.load(
                [schema(stream, columns), record(stream, id=run, **values), state({"n": run})]
            )
        kept.append(mapping(place))
        order.shuffle(streams)
        order.shuffle(properties)
    assert kept[0] == kept[1]
    assert set(kept[0]) == set(streams)
    assert len({fold(table) for table, _ in kept[0].values()}) == len(streams)
    for stream, (table, known) in kept[0].items():
        assert len({fold(one) for one in known.values()}) == len(properties) + 1
        expected = {known[name]: f"{stream}/{name}" for name in properties}
        assert place.rows(table) == [{"id": run, **expected} for run in (1, 2)]


@pytest.mark.parametrize("keys", [["id"], []], ids=["with-a-key", "without-a-key"])
def test_all_three_names_of_sqlite_s_row_number_may_be_columns(
    place: Place, keys: list[str]
) -> None:
    """They are columns like any others; there is then no name left for the number itself."""
    values = {"rowid": "a", "_rowid_": "b", "oid": "c"}
    properties = {"id": ID, **dict.fromkeys(values, TEXT)}
    place.load([schema("t", properties, keys), record("t", id=1, **values), state({"n": 1})])
    assert place.rows("t") == [{"id": 1, **values}]


def test_long_names_that_share_64_characters_are_two_columns(place: Place) -> None:
    """Each ends in a hash of its whole name."""
    one, two = "x" * 64 + "a", "x" * 10_000
    place.load(
        [schema("t", {"id": ID, one: TEXT, two: TEXT}), record("t", id=1, **{one: "1", two: "2"})]
    )
    assert place.rows("t") == [{"id": 1, column(one): "1", column(two): "2"}]


def test_identifiers_are_quoted_by_the_database_s_own_rules(place: Place) -> None:
    """The names that the database itself reports are the ones that came."""
    odd = ['a"b', "c`d", "e\nf", "g'`\nh", "), i", "PRIMARY KEY (`j`)"]
    place.load([schema("t", {"id": ID, **dict.fromkeys(odd, TEXT)}, ["id"]), record("t", id=1)])
    database = place.open()
    with database.connect() as connection, connection.begin():
        found = [column["name"] for column in sa.inspect(connection).get_columns("t")]
    database.close()
    assert found == ["id", *odd]


@pytest.mark.parametrize("word", ["nothing", "returning", "select", "versions", "groups"])
def test_a_reserved_word_is_a_name(place: Place, word: str) -> None:
    """A table and a column may be called as SQL's own words are, in a first load and after."""
    messages = [schema(word, {"id": {"type": "integer"}, word: {"type": "string"}})]
    place.load([*messages, record(word, **{"id": 1, word: "a"}), state(1)])
    place.load([*messages, record(word, **{"id": 1, word: "b"}), state(2)])
    assert place.rows(word) == [{"id": 1, word: "b"}]
