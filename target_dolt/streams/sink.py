"""A table's buffer and load method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from singer_sdk.sinks import Sink

from target_dolt.dialect import ColumnType
from target_dolt.errors import PluginError, SchemaError
from target_dolt.input.fields import no_object
from target_dolt.loading.load import Load
from target_dolt.plans.by_columns import ColumnRows
from target_dolt.plans.json_schema import Validator, compile_validator
from target_dolt.plans.plan import NeedsWiderError
from target_dolt.settings import load_method
from target_dolt.streams.changes import DELETED_AT, Delete, Part, part_validator
from target_dolt.streams.one_step import OneStep
from target_dolt.streams.passed_over import PassedOver
from target_dolt.streams.table_writes import TableWrites
from target_dolt.types import type_text
from target_dolt.writer import Row

if TYPE_CHECKING:
    from singer_sdk import Target

_MOMENT = {"type": ["null", "string"], "format": "date-time"}

_T = TypeVar("_T")


class DoltSink(Sink):
    """Buffers rows of one stream and writes them to the run branch by its load method.

    Attributes:
        load: The run that the sink belongs to.
        method: `upsert`, `append-only` or `overwrite`.
        plan: How records become rows.
        received: Records of the stream taken so far.
        committed: How many of them the last commit point has passed.
        passed_over: What the load method does not look at.
        version: The version of the stream that was seen last, None before the first.
        has_cleared: Whether there were rows when the table began to be replaced.
        rejected: Keys of bad records since the table was last replaced, as they came.
        before_rows: Called once, before the first rows are written.
        before_changes: Called once, before the first delete or part is taken: neither comes where a
            stream is sent whole.
    """

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        """Choose the load method; `setup` makes the table."""
        self.load: Load = target.load  # type: ignore[attr-defined]  # our target has one
        self._hard_delete = self.load.settings.hard_delete
        # Postgres's log leaves out a long text that an UPDATE did not touch: of a stream that
        # reads a log, a record without all of these is a part of its row.
        reads_log = bool(key_properties) and DELETED_AT in schema["properties"]
        names = schema["properties"] if reads_log else ()
        self._whole = frozenset(name for name in names if not name.startswith("_sdc_"))
        super().__init__(target, stream_name, schema, key_properties)
        chosen = self.load.settings.load_method
        self.method = load_method(chosen, stream_name, self.key_properties)
        self.received = 0
        self.committed = 0
        self.passed_over = PassedOver(stream_name)
        self.version: int | None = None
        self.has_cleared = False
        self.rejected: list[Mapping[str, Any]] = []
        self.before_rows: Callable[[], None] | None = None
        self.before_changes: Callable[[], None] | None = None
        self._buffer: list[Any] = []
        self._is_mixed = False
        self._check_part: Validator | None = None
        self._wider: dict[str, ColumnType] = {}

    def get_validator(self) -> None:
        """The plan validates; the SDK's validator would cost most of a run's time."""

    def _remove_sdc_metadata_from_schema(self) -> None:
        """Keep the mark of a deleted row where that is how deletes are kept."""
        mark = self.schema["properties"].get(DELETED_AT)
        super()._remove_sdc_metadata_from_schema()
        if mark is not None and not self._hard_delete:
            self.schema["properties"][DELETED_AT] = mark

    @property
    def max_size(self) -> int:
        """How many rows are buffered: what the setting says, or what the database is best given."""
        return self.batch_size_rows or self.load.database.rows_at_once

    def setup(self) -> None:
        """Make or evolve the table and compile the plan; all DDL of a SCHEMA is here."""
        keys = [] if self.method == "append-only" else list(self.key_properties)
        validate = self._check_part = None
        if self.validate_schema:
            try:
                validate = compile_validator(self.original_schema)
                self._check_part = part_validator(self.original_schema)
            except SchemaError as error:
                msg = f"stream '{self.stream_name}': {error}"
                raise SchemaError(msg) from error
        self.plan = self.load.plan(self.stream_name, self.schema, keys, validate, self._wider)
        self._writes = TableWrites(self.load, self.plan)
        self._properties = self.plan.properties
        self._row = self.plan.row
        self._one_step = None
        if self.load.settings.strict_types:  # else values are counted as well
            validates = validate is not None
            self._one_step = OneStep(
                self.plan, self.original_schema, validates=validates, whole=self._whole
            )
        self._typed = None if self._one_step is None else self._one_step.lines
        self._delete = self._remove if self._hard_delete else self._mark
        self._buffer_rows = self.max_size

    def process_record(self, record: dict[str, Any], context: Mapping[str, Any]) -> None:
        """Take one record: the SDK's name for `take`."""
        del context
        self.take(record)

    @property
    def reads_lines(self) -> bool:
        """Whether `take_line` can take any line of the stream."""
        return self._typed is not None

    def take_line(self, line: bytes) -> bool:
        """Take the record of one line, as `take` does; False where that must see it decoded."""
        if self._typed is None or (row := self._typed.row(line, self.version)) is None:
            return False
        self._buffer.append(row)
        self.received += 1
        if len(self._buffer) >= self._buffer_rows:
            self.flush()
        return True

    def take_columns(self, message: Mapping[str, Any], rows: ColumnRows) -> bool:
        """Take rows of a BATCH, as `take` does; False where that must see them as records."""
        if self._one_step is None or message.get("version", self.version) != self.version:
            return False
        return self._take_made(self._one_step.rows(rows))

    def take_record(self, message: Mapping[str, Any], line: bytes) -> bool:
        """Take a record of a BATCH, as `take` does; False where that must see it decoded."""
        if self._typed is None or message.get("version", self.version) != self.version:
            return False
        row = self._typed.row_of_record(line)
        return self._take_made(None if row is None else [row])

    def _take_made(self, rows: Sequence[Row] | None) -> bool:
        if rows is None:
            return False
        self._buffer += rows
        self.received += len(rows)
        if len(self._buffer) >= self._buffer_rows:
            self.flush()
        return True

    def take(self, record: Any) -> None:
        """Take one record into the buffer, as a row; write the buffer out where it is full."""
        if type(record) is not dict:
            raise no_object(self.stream_name)
        if not record.keys() <= self._properties:
            self.passed_over.fields(record.keys() - self._properties)
        if record.get(DELETED_AT) is not None and self._takes_deletes():
            self._delete(record)
        elif self._hard_delete and record.get(DELETED_AT) is not None:
            pass  # counted: append-only knows no rows to remove
        elif self._whole <= record.keys() or not self.plan.table.key:
            row = self._made(lambda: self._row(record))  # which may give the sink a new buffer
            self._buffer.append(row)
        else:
            self._change({DELETED_AT: None, **record})
        self.received += 1
        if len(self._buffer) >= self._buffer_rows:
            self.flush()

    def _made(self, make: Callable[[], _T]) -> _T:
        """Return what is made, once each column that would bend a value is wide enough."""
        while True:
            try:
                return make()
            except NeedsWiderError as need:
                self._widen(need)

    def _widen(self, need: NeedsWiderError) -> None:
        """Widen a column for a value that it would bend, after the rows that came before."""
        if type_text(self.plan.table.types[need.column]) == type_text(need.wider):
            msg = (
                f"stream '{self.stream_name}', column '{need.column}': the converter of its values "
                f"asks for {type_text(need.wider)}, which it has"
            )
            raise PluginError(msg)
        self.flush()
        self._wider[need.column] = need.wider
        self.setup()

    def _takes_deletes(self) -> bool:
        """Whether a delete finds its row; without a key it is a record like any other."""
        if self.plan.table.key:
            return True
        self.passed_over.deletes += 1
        return False

    def _remove(self, record: dict[str, Any]) -> None:
        self._mix(Delete(self.plan.key(record)))

    def _mix(self, change: Delete | Part) -> None:
        if self.before_changes is not None:
            self.before_changes()
        self._is_mixed = True
        self._buffer.append(change)

    def _mark(self, record: dict[str, Any]) -> None:
        """A delete may carry no more than the key: what it does not carry stays as it was."""
        if DELETED_AT not in self._properties:
            # MySQL's taps send the mark without a word of it in the SCHEMA.
            self.flush()
            self.schema["properties"][DELETED_AT] = _MOMENT
            self.setup()
        self._change(record)

    def _change(self, record: dict[str, Any]) -> None:
        """Take what a record carries; what it does not carry stays as it was."""
        check = self._check_part
        part = self._made(lambda: Part(self.plan.key(record), self.plan.part(record, check)))
        self._mix(part)

    def reject(self, key: Mapping[str, Any]) -> None:
        """Count a record that is left out, and remember its key."""
        self.received += 1
        self.rejected.append(key)

    def flush(self) -> None:
        """Write the buffer to the run branch, in one transaction of its own."""
        rows, self._buffer = self._buffer, []
        if not rows:
            return
        self._buffer_rows = self.max_size
        if self.before_rows is not None:
            self.before_rows()
        is_mixed, self._is_mixed = self._is_mixed, False
        # Not within the SDK's timer: what is asked for here is written later, beside the reading.
        with self.load.overlap.noted():
            if is_mixed:
                self._writes.changes(rows)
            else:
                self._writes.rows(rows)
        self.record_counter_metric.increment(len(rows))
        self.tally_record_read(len(rows))
        self.mark_drained()

    def follow(self, older: DoltSink) -> None:
        """Go on counting where the sink of the stream's older SCHEMA ended."""
        self.received, self.committed = older.received, older.committed
        self.passed_over = older.passed_over
        self.version = older.version
        self.has_cleared, self.rejected = older.has_cleared, older.rejected

    def tell_passed_over(self) -> None:
        """Log what the load method has passed over."""
        self.passed_over.tell(self.plan.table.name, self.method)

    def clear(self, *, again: bool) -> None:
        """Remove the table's rows on the run branch, to be replaced.

        Args:
            again: Whether it was being replaced.
        """
        self._buffer.clear()
        # Of a version that another one follows, rows of the last commit may be gone already.
        self.has_cleared = self._writes.clear() or (again and self.has_cleared)

    def restore(self) -> None:
        """Put the rows back that the last commit has and this run has not sent."""
        self.flush()
        if self.has_cleared:
            self._writes.restore()

    def put_back(self) -> None:
        """Put back what a table that was replaced keeps of what it had."""
        rejected, self.rejected = self.rejected, []
        if self.has_cleared:
            self._writes.restore_rejected(rejected)
            self._writes.keep_others()

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Write the buffer: the SDK's name for `flush`."""
        self.flush()
