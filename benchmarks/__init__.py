"""How fast `target-dolt` loads, what it stores, and what it needs. No test: nothing asserts."""
