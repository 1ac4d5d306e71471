"""Records of options print only what differs from the defaults, so `help(build)` is readable."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from kmanifest import (
    Command,
    ExecPluginOptions,
    KustomizeOptions,
    Limits,
    Options,
    RemoteOptions,
    Reproducible,
    build,
)
from kmanifest.helm import Release, ValueSources, render_chart
from kmanifest.plugin import Secret

RECORDS = (
    ExecPluginOptions,
    KustomizeOptions,
    Limits,
    Options,
    Release,
    RemoteOptions,
    Reproducible,
    ValueSources,
)


@pytest.mark.parametrize("record", RECORDS)
def test_defaults_are_not_printed(record: type[Any]):
    assert repr(record()) == f"{record.__name__}()"


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (Limits(deadline=2.5, max_depth=1_000), "Limits(deadline=2.5)"),
        (Options(strict=True, limits=Limits(max_keys=3)), "Options(limits=Limits(max_keys=3), strict=True)"),
        (Options(engines=(KustomizeOptions("none"),)), "Options(engines=(KustomizeOptions(reorder='none'),))"),
        (Release("web", "prod"), "Release(name='web', namespace='prod')"),
    ],
)  # fmt: skip
def test_changed_fields_are_printed_by_name(record: Any, text: str):
    assert repr(record) == text


@pytest.mark.parametrize(
    "record",
    [
        Reproducible(seed="hunter2"),
        ValueSources(json=("hunter2",), typed=("a=hunter2",), strings=("a=hunter2",)),
        ValueSources(literals=("a=hunter2",)),
        ExecPluginOptions(secrets=(Secret("hunter2"),)),
        Options(env=("TOKEN=hunter2", "HOME")),
        Command("git", environment=(("GIT_CONFIG_VALUE_0", "hunter2"),)),
        Command("a", config=b"hunter2", stdin=b"hunter2"),
    ],
)
def test_secrets_are_masked(record: Any):
    assert "hunter2" not in repr(record)
    assert "***" in repr(record)


@pytest.mark.parametrize("function", [build, render_chart])
def test_signatures_are_short(function: Callable[..., Any]):
    signature = str(inspect.signature(function))
    assert len(signature) < 1_200
    assert " object at 0x" not in signature
    assert " at 0x" not in signature
