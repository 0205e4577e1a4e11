"""`python -m target_dolt`: the command, for a Python that is not on PATH."""

import sys

# Started again with DoltLite's library, it is run by this file's path, and its folder comes first:
# `types` would be ours for whatever is imported next.
if sys.path[0] == __file__.removesuffix("__main__.py").rstrip("/\\"):
    del sys.path[0]

from target_dolt.command import main

if __name__ == "__main__":
    main()
