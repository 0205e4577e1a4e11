"""What a stream has sent and its load method has passed over, told once or at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

_log = logging.getLogger("target-dolt")


@dataclass
class PassedOver:
    """What was passed over of a stream.

    Attributes:
        stream: The stream.
        deletes: Deletes that a table without a key could not take.
        versions: Versions that the load method does not look at.
    """

    stream: str
    deletes: int = 0
    versions: int = 0
    _fields: set[str] = field(default_factory=set)

    def fields(self, names: Iterable[str]) -> None:
        """Log names of a record that its SCHEMA has not, each once; the SDK's own are none."""
        unknown = {name for name in names if not name.startswith("_sdc_")} - self._fields
        if unknown:
            self._fields |= unknown
            listed = ", ".join(sorted(unknown))
            _log.warning("stream '%s': %s not in the SCHEMA, left out", self.stream, listed)

    def tell(self, table: str, method: str) -> None:
        """Log how many deletes and versions there were, and why."""
        for count, what, why in (
            (self.deletes, "delete", f"the table '{table}' has no key"),
            (self.versions, "version", f"`load_method` is {method}"),
        ):
            if count:
                some = f"{count} {what}{'' if count == 1 else 's'}"
                _log.warning("stream '%s': %s passed over, %s", self.stream, some, why)
