"""The source has no code of the kinds behind the faults of the audit, but for uses with a reason."""

import pytest

from tests.static_checks import ALLOWED, all_uses, find_uses, main


def test_the_source_has_only_uses_that_are_allowed():
    found = all_uses()
    assert found - set(ALLOWED) == set()
    assert set(ALLOWED) - found == set()


def test_the_command_prints_nothing(capsys: pytest.CaptureFixture[str]):
    assert main() == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("while text:\n    text = text[1:]", ["front"]),
        ("while text:\n    head, _, text = text.partition(',')", ["front"]),
        ("while self.rest:\n    if x:\n        self.rest = self.rest.lstrip()", ["front"]),
        ("for item in items:\n    items.pop(0)", ["front"]),
        ("while at < size:\n    at = text.find(',', at) + 1", []),
        ("while text:\n    part = text[1:]", []),
        ("text = text[1:]", []),
        ("raise ValueError('x')", ["raise"]),
        ("raise KeyError", ["raise"]),
        ("raise SourceError('x')", []),
        ("try:\n    f()\nexcept Exception:\n    pass", ["catch"]),
        ("try:\n    f()\nexcept:\n    pass", ["catch"]),
        ("try:\n    f()\nexcept ValueError:\n    pass", []),
        ("open(path)", ["open"]),
        ("Path(path).read_text()", ["open"]),
        ("tree.read(path)", []),
        ("f'{x}: {self.url} {mask_url(url)}'", ["url"]),
    ],
)
def test_the_search_finds_each_kind(code: str, kinds: list[str]):
    assert [use.kind for use in find_uses("a.py", code)] == kinds
