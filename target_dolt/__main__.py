"""`python -m target_dolt`: the command, for a Python that is not on PATH."""

import gc
import sys

# Started again with DoltLite's library, it is run by this file's path, and its folder comes first:
# `types` would be ours for whatever is imported next.
if sys.path[0] == __file__.removesuffix("__main__.py").rstrip("/\\"):
    del sys.path[0]

gc.disable()  # what modules make stays, and looking for cycles takes a fifth of the start-up
from target_dolt.command import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
