"""Both YAML backends give the same results, if the compiled one is installed; `backends.py` runs more inputs."""

import inspect
import json
import random
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.yaml import python

pytest.importorskip("kmanifest_native")

from kmanifest.yaml import native
from tests.property import backends

TABLE = Path(__file__).parents[3] / "shared" / "spec" / "scalars.jsonl"
MARKS = st.sampled_from([*backends.TOKENS, *"abc", "key: ", "\n", "\n  "])


def test_same_names_and_signatures():
    assert python.__all__ == native.__all__
    for name in ("load_documents", "load_values", "dump", "find_position"):
        parameters = [
            [(each.name, each.kind, each.default) for each in signature.parameters.values()]
            for signature in (
                inspect.signature(getattr(backend, name)) for backend in backends.BACKENDS
            )
        ]
        assert parameters[0] == parameters[1]


def test_every_row_of_the_table_of_scalars():
    if not TABLE.exists():
        pytest.skip("the tables (../shared/spec) are not here")
    for line in TABLE.read_text("utf-8").splitlines():
        data = json.loads(line)["input"].encode("utf-8", "surrogatepass")
        assert backends.difference(data, DEFAULT_LIMITS) == "", data


@pytest.mark.parametrize("seed", range(4))
def test_changed_fixtures(seed: int):
    chance = random.Random(seed)
    for data in islice(backends.inputs(seed, backends.corpus([backends.FIXTURES])), 750):
        assert backends.difference(data, chance.choice(backends.LIMITS)) == "", data


@settings(derandomize=True, deadline=None, database=None, max_examples=500)
@given(st.lists(MARKS, max_size=12).map("".join))
def test_texts_of_marks(text: str):
    assert backends.difference(text.encode("utf-8", "surrogatepass"), DEFAULT_LIMITS) == "", text
