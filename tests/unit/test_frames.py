"""Values in the frames between a process and its workers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmanifest.io.frames import dump_frame, load_frame

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_a_value_is_read_as_it_was_written(value: object):
    assert load_frame(dump_frame(value)) == value


@pytest.mark.parametrize("data", [b"", b"x", b"s5", b"nn", b"l1:", b"s3:ab", b"ix:"])
def test_damaged_frames_are_refused(data: bytes):
    with pytest.raises(ValueError, match=r"."):
        load_frame(data)
