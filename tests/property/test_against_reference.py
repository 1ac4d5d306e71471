"""Random projects of fixed seeds: the same bytes as kustomize, or both fail. `compare.py` runs thousands more."""

import shutil

import pytest

from tests.property.compare import differs

SEEDS = {"plain": range(30_000, 30_060), "layered": range(30_000, 30_030)}


@pytest.mark.parametrize(
    ("kind", "seed"), [(kind, seed) for kind, seeds in SEEDS.items() for seed in seeds]
)
@pytest.mark.skipif(not shutil.which("kustomize"), reason="kustomize is not on PATH")
def test_random_project(kind: str, seed: int):
    assert differs(seed, kind) == ""
