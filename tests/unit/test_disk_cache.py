"""The cache on disk: entries are found by later processes, and damaged or outdated entries are ignored."""

from pathlib import Path

import pytest

from kmanifest.io import disk_cache
from kmanifest.io.disk_cache import DiskCache
from kmanifest.io.system import is_private

KEY = ("templates", "a.yaml", "text")
VALUE = (("a.yaml", ("text", (0, 1.5, True, None)), False),)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "parser.py"
    path.write_text("one = 1")
    return path


@pytest.fixture
def cache(tmp_path: Path, module: Path) -> DiskCache:
    return DiskCache(str(tmp_path / "kept"), {"templates": [str(module)]})


def test_an_entry_is_found_by_another_cache_object(
    cache: DiskCache, tmp_path: Path, module: Path
) -> None:
    assert cache.find(KEY) is None
    cache.keep(KEY, VALUE, weight=1)
    assert DiskCache(str(tmp_path / "kept"), {"templates": [str(module)]}).find(KEY) == VALUE
    assert cache.find(("templates", "a.yaml", "other")) is None
    assert cache.find(("templates", "a.yamlt", "ext")) is None


def test_only_listed_kinds_are_kept(cache: DiskCache, tmp_path: Path) -> None:
    cache.keep(("other", "a"), VALUE, weight=1)
    cache.keep("templates", VALUE, weight=1)
    assert cache.find(("other", "a")) is None
    assert cache.find("templates") is None
    assert not (tmp_path / "kept").exists()


def test_another_version_of_the_modules_finds_nothing(cache: DiskCache, module: Path) -> None:
    cache.keep(KEY, VALUE, weight=1)
    module.write_text("one = 2")
    assert cache.find(KEY) is None
    module.unlink()
    assert cache.find(KEY) is None
    cache.keep(KEY, VALUE, weight=1)


def test_the_directory_is_private(cache: DiskCache, tmp_path: Path) -> None:
    cache.keep(KEY, VALUE, weight=1)
    directory = tmp_path / "kept"
    (file,) = directory.iterdir()
    assert directory.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    directory.chmod(0o777)
    assert cache.find(KEY) is None
    file.unlink()
    cache.keep(KEY, VALUE, weight=1)
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("change", [lambda data: b"", lambda data: data[:-1], lambda data: data[:40] + b"\0" + data[41:], lambda data: data + b"x"])  # fmt: skip
def test_a_damaged_file_is_ignored(cache: DiskCache, tmp_path: Path, change) -> None:
    cache.keep(KEY, VALUE, weight=1)
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(change(file.read_bytes()))
    assert cache.find(KEY) is None
    cache.keep(KEY, VALUE, weight=1)
    assert cache.find(KEY) == VALUE


def test_values_that_are_not_plain_data_are_not_kept(cache: DiskCache, tmp_path: Path) -> None:
    cache.keep(KEY, object(), weight=1)
    assert cache.find(KEY) is None
    blocked = DiskCache(str(tmp_path / "parser.py"), {"templates": []})
    blocked.keep(KEY, VALUE, weight=1)
    assert blocked.find(KEY) is None


def test_old_entries_are_removed(
    cache: DiskCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_cache, "_MAX_FILES", 10)
    for number in range(100):
        cache.keep(("templates", str(number)), VALUE, weight=1)
    assert len(list((tmp_path / "kept").iterdir())) <= 10
    assert cache.find(("templates", "99")) == VALUE


def test_files_of_others_are_never_removed(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_cache, "_MAX_FILES", 4)
    directory = tmp_path / "templates"
    directory.mkdir(mode=0o700)
    names = [f"t{number}.yaml" for number in range(20)]
    for name in names:
        (directory / name).write_text("a template of a chart")
    cache = DiskCache(str(directory), {"templates": [str(module)]})
    for number in range(10):
        cache.keep(("templates", str(number)), VALUE, weight=1)
    assert {path.name for path in directory.iterdir()} >= set(names)
    assert len(list(directory.iterdir())) - len(names) <= 5


def test_a_directory_that_another_user_could_exchange_is_not_private(tmp_path: Path) -> None:
    directory = tmp_path / "shared" / "kept"
    directory.mkdir(parents=True, mode=0o700)
    assert is_private(str(directory))
    (tmp_path / "shared").chmod(0o777)
    assert not is_private(str(directory))
    (tmp_path / "shared").chmod(0o1777)
    assert is_private(str(directory))
    (tmp_path / "link").symlink_to(directory)
    (tmp_path / "shared").chmod(0o777)
    assert not is_private(str(tmp_path / "link"))
