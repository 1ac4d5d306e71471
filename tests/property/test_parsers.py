"""Both template parsers return the same trees, if the compiled one is installed.

`parsers.py` runs more cases.
"""

from itertools import islice

import pytest

if not hasattr(pytest.importorskip("kmanifest_native"), "TemplateParser"):
    pytest.skip("the extension is an older one", allow_module_level=True)

from tests.property import parsers
from tests.property.template_facts import FACTS, TEMPLATES

FILES = parsers.corpus([parsers.FIXTURES])


def test_every_fact_and_every_fixture_chart():
    pair = parsers.ParserPair()
    for text in (*FACTS, *(text for text, _ in TEMPLATES), *FILES):
        assert pair.verdict(text) in ("same", "refused", "left"), text


def test_charts_are_read_by_the_compiled_parser():
    pair = parsers.ParserPair()
    assert {pair.verdict(text) for text in FILES} <= {"same", "refused"}


@pytest.mark.parametrize("seed", range(4))
def test_changed_templates(seed: int):
    pair = parsers.ParserPair()
    for text in islice(parsers.generate_texts(seed, FILES), 1500):
        assert pair.verdict(text) in ("same", "refused", "left"), text
