"""Reading YAML ends at the deadline, by both backends, and `%TAG` directives are bounded (F4, F7)."""

import importlib
import time
from typing import Any

import pytest

from kmanifest import LimitError
from kmanifest.model.deadline import limited_by
from kmanifest.model.limits import Limits
from kmanifest.pipeline.context import Meter


@pytest.fixture(params=["python", "native"])
def backend(request: pytest.FixtureRequest) -> Any:
    if request.param == "native":
        pytest.importorskip("kmanifest_native")
    return importlib.import_module(f"kmanifest.yaml.{request.param}")


INPUTS = {
    "lines": b"".join(b"k%07d: v\n" % index for index in range(400_000)),
    "list": b"a: [" + b"x," * 2_000_000 + b"]",
    "deep list": b"a: " + b"[" * 900 + b"x," * 1_000_000 + b"]" * 900,
    "mapping": b"a: {" + b"".join(b"k%07d: 1," % index for index in range(400_000)) + b"}",
    "anchors": b"".join(b"- &a%06d x\n" % index for index in range(400_000)),
    "comments": b"# c\n- x\n" * 500_000,
    "escapes": b'a: ["' + b'\\u00e9", "' * 700_000 + b'"]',
}


@pytest.mark.parametrize("name", INPUTS)
def test_reading_ends_at_the_deadline(backend: Any, name: str):
    meter = Meter(Limits(deadline=0.02), time.process_time)
    start = time.process_time()
    with pytest.raises(LimitError, match="deadline"), limited_by(meter):
        backend.load_documents(INPUTS[name])
    # Of the seconds that the whole input takes; in CPU time, and tolerant of a machine that is slow for a moment.
    assert time.process_time() - start < 0.3


def test_printing_ends_at_the_deadline():
    from kmanifest.yaml import python

    body = {f"k{index}": [{"a": "b"}] for index in range(300_000)}
    meter = Meter(Limits(deadline=0.02), time.process_time)
    start = time.process_time()
    with pytest.raises(LimitError, match="deadline"), limited_by(meter):
        python.Dumper().dump(body)
    assert time.process_time() - start < 0.4


def test_finding_a_position_ends_at_the_deadline(backend: Any):
    meter = Meter(Limits(deadline=0.02), time.process_time)
    start = time.process_time()
    try:
        with limited_by(meter):
            backend.find_position(INPUTS["anchors"], (399_999,))
    except LimitError:
        pass
    assert time.process_time() - start < 0.3


def test_directives_are_bounded(backend: Any):
    directives = b"".join(b"%%TAG !a%d! !b\n" % index for index in range(50_000))
    with pytest.raises(LimitError, match="more than 1000 %TAG directives"):
        backend.load_values(directives + b"---\na: 1\n")
    few = b"".join(b"%%TAG !a%d! !b\n" % index for index in range(1000))
    assert backend.load_values(few + b"---\na: 1\n") == {"a": 1}
