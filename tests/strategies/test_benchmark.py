from __future__ import annotations

import pytest

from schemas.baseline_parameters import BenchmarkParameters
from schemas.errors import ConfigError
from strategies.benchmark import Benchmark


def test_everything_but_the_buffer_in_one_asset(window):
    weights = Benchmark(BenchmarkParameters(symbol="GLD", cash_buffer=0.05)).decide(window()).weights
    assert weights.tolist() == [0.0, 0.0, 0.95, 0.0, 0.0]


def test_a_benchmark_outside_the_universe_is_named(window):
    with pytest.raises(ConfigError, match="benchmark QQQ is not among the assets"):
        Benchmark(BenchmarkParameters(symbol="QQQ")).decide(window())
