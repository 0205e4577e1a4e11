"""One run: its branch, its lanes, what its tables keep, and how the target branch is moved."""
