"""Native functions of a program: those that `library` needs, and those of the caller."""

from collections.abc import Callable, Mapping

from kmanifest.engines.jsonnet.library import NATIVES
from kmanifest.engines.jsonnet.programs import CallNative, Program
from kmanifest.startup.typing import Any


class NativeCaller:
    """Calls native functions: those that `library` needs here, all others through the caller's function."""

    def __init__(self, program: Program, call_native: CallNative) -> None:
        self._functions = {**NATIVES, **(_tanka_natives() if program.with_natives else {})}
        own = [(name, parameters) for name, (parameters, _) in self._functions.items()]
        self.signatures = (*own, *program.natives)
        self._call_native = call_native

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Return the result of a native function."""
        native = self._functions.get(name)
        if native is not None:
            return native[1](*arguments)
        return self._call_native(name, arguments)


def _tanka_natives() -> Mapping[str, tuple[tuple[str, ...], Callable[..., Any]]]:
    from kmanifest.engines.jsonnet.tanka_natives import TANKA_NATIVES  # for builds only

    return TANKA_NATIVES
