"""Random projects of fixed seeds: the same bytes as the reference, or both refuse. `compare.py` runs thousands more."""

import shutil

import pytest

from tests.property.compare import differs

SEEDS = range(30_000, 30_060)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.skipif(not shutil.which("kustomize"), reason="kustomize is not on PATH")
def test_random_project(seed: int):
    assert differs(seed) == ""
