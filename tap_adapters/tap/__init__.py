"""`tap-dolt`: a Singer tap of any table at a commit, or of what changed between two."""

from tap_adapters.tap.tap import (
    TapDolt,
    main,
)

__all__ = [
    "TapDolt",
    "main",
]
