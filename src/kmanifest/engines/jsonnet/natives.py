"""Native functions of a program: those that `library` needs, and those of the caller."""

from kmanifest.engines.jsonnet.library import NATIVES
from kmanifest.engines.jsonnet.programs import CallNative, Program
from kmanifest.startup.typing import Any


class NativeCaller:
    """Calls native functions: those that `library` needs here, all others through the caller's function."""

    def __init__(self, program: Program, call_native: CallNative) -> None:
        own = [(name, parameters) for name, (parameters, _) in NATIVES.items()]
        self.signatures = (*own, *program.natives)
        self._call_native = call_native

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Return the result of a native function."""
        native = NATIVES.get(name)
        if native is not None:
            return native[1](*arguments)
        return self._call_native(name, arguments)
