"""`python -m target_dolt`: the command, for a Python that is not on PATH."""

from target_dolt.command import main

if __name__ == "__main__":
    main()
