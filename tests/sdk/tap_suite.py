"""singer-sdk's tap test suite on one database, which `test_tap_suite.py` runs in a pytest of its
own: the SDK asks for the streams when its class is made, before any fixture is there."""

from __future__ import annotations

import json
import os

from singer_sdk.testing import get_tap_test_class

from tap_adapters.tap import TapDolt

CONFIG = json.loads(os.environ["TAP_DOLT_SUITE_CONFIG"])

TestTapDolt = get_tap_test_class(TapDolt, config=CONFIG)
