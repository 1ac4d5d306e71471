"""Files and directories that are exchanged for links while they are read and written: `tests.property.link_races`."""

from pathlib import Path

import pytest

from tests.exchange import is_supported
from tests.property import link_races

pytestmark = pytest.mark.skipif(not is_supported(), reason="needs renameat2")


@pytest.mark.parametrize("exchanged", ["d", "d/f"])
@pytest.mark.parametrize("name", [*link_races.READS, *link_races.WRITES])
def test_nothing_outside_is_touched(tmp_path: Path, name: str, exchanged: str):
    project = link_races.make_project(tmp_path)
    way = {**link_races.READS, **link_races.WRITES}[name]
    outcomes = link_races.race(project, way, 100, exchanged)
    assert outcomes[link_races.OUTSIDE] == 0
    assert outcomes[link_races.INSIDE] + outcomes[link_races.REFUSED] == 100
