"""The environment of templates: jinja2's immutable sandbox with strict undefined values, and bounds on what it lacks."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from jinja2 import StrictUndefined, Template, TemplateNotFound, UndefinedError
from jinja2.environment import Environment
from jinja2.lexer import Token, TokenStream
from jinja2.loaders import BaseLoader
from jinja2.runtime import Context as TemplateContext
from jinja2.runtime import LoopContext, Macro, markup_join
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment, SandboxedFormatter
from jinja2.utils import Namespace, missing
from markupsafe import escape

from kmanifest.engines.jinja.budget import Budget
from kmanifest.engines.jinja.compiling import BoundedGenerator, TracingGenerator
from kmanifest.engines.jinja.operators import (
    SAFE_METHODS,
    STRING_METHODS,
    binary_operators,
    check_decode,
    check_integer,
    format_width,
)
from kmanifest.model.errors import KmanifestError, LimitError, MissingError, SourceError
from kmanifest.startup.typing import Any, Final

_MAX_TOKENS: Final = 200_000
_MAX_ALTERNATIVES: Final = 100
_PIECES_PER_PART: Final = 10_000
_LONG_TEXT: Final = 4_096
_ESCAPED: Final = 6  # characters for one character of HTML
_MUTATIONS: Final = frozenset({"append", "insert", "pop", "remove", "setdefault", "update"})
_SHORT: Final = frozenset((int, float, bool, type(None)))
"""Types of values that are never long when they are printed: Python prints no larger integer than the bound allows."""

_DATA: Final = (str, int, float, bool, type(None))

ReadTemplate = Callable[[str], tuple[str, str]]
"""Returns the text and the path of the template with a name. Raises MissingError if there is none."""


class UnknownNameError(UndefinedError):
    """A template uses an undefined value. `name` is its name, `owner` the value that has no such attribute."""

    name: object = None
    owner: object = None


class NamedUndefined(StrictUndefined):
    """An undefined value whose error has its name, so that similar names can be found."""

    __slots__ = ()

    def __init__(
        self, hint: Any = None, obj: Any = missing, name: Any = None, exc: Any = None
    ) -> None:
        super().__init__(hint, obj, name, exc or UndefinedError)
        if exc is None:
            self._undefined_exception = self._named_error  # type: ignore[assignment]  # it is only called

    def _named_error(self, message: str | None) -> UnknownNameError:
        error = UnknownNameError(message)
        error.name, error.owner = self._undefined_name, self._undefined_obj
        return error


class TreeLoader(BaseLoader):
    """Loads templates with a function, never from a file of this machine."""

    def __init__(self, read: ReadTemplate) -> None:
        self._read = read

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        del environment
        try:
            text, path = self._read(template)
        except MissingError as error:
            raise TemplateNotFound(template) from error
        return text, path, lambda: True


class BoundedFormatter(SandboxedFormatter):
    """The formatter of `str.format` in templates."""

    def __init__(self, environment: "BoundedEnvironment") -> None:
        super().__init__(environment)
        self._budget = environment.budget

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion is not None:
            self._budget.text(self._budget.whole(value))
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> Any:
        self._budget.text(self._budget.whole(value) + format_width(format_spec))
        return super().format_field(value, format_spec)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The environment of one render."""

    intercepted_binops = frozenset({"*", "**", "%", "+", "-"})
    code_generator_class = BoundedGenerator

    def __init__(
        self, budget: Budget, read: ReadTemplate, *, is_mutable: bool = False, **options: Any
    ) -> None:
        super().__init__(
            loader=TreeLoader(read),
            undefined=NamedUndefined,
            auto_reload=False,
            optimized=False,
            **options,
        )
        self.budget = budget
        self._is_mutable = is_mutable
        self.binop_table = binary_operators(budget)
        self.concat = self._concat  # type: ignore[method-assign]  # jinja2 looks it up here
        del self.globals["lipsum"]  # its text is random

    # --- what compiled templates call ------------------------------------------------------------------------------

    def bounded(self, iterable: Any) -> Any:
        """Return the iterable of a loop, with its items counted."""
        return self.budget.bounded(iterable)

    def comparable(self, value: Any) -> Any:
        """Return an operand of a comparison. The values inside it are counted, as a comparison visits them."""
        if value.__class__ not in _DATA:
            self.budget.whole(value)
        elif value.__class__ is str and len(value) > _LONG_TEXT:
            self.budget.work(value)
        return value

    def sliceable(self, value: Any) -> Any:
        """Return a value of which a slice is copied."""
        self.budget.work(value)
        return value

    def to_text(self, value: Any) -> str:
        """Return a value as it is printed."""
        kind = value.__class__
        if kind is str:
            return value  # type: ignore[no-any-return]  # just compared
        if kind in _SHORT:
            return str(value)
        self.budget.text(self.budget.whole(value))
        return str(value)

    def to_escaped(self, value: Any) -> str:
        """Return a value as it is printed inside `{% autoescape true %}`."""
        self.budget.text(_ESCAPED * self.budget.whole(value))
        return escape(value)

    def join_escaped(self, values: Iterable[Any]) -> str:
        """Return the result of the operator `~` inside `{% autoescape true %}`."""
        for value in values:
            self.budget.text(_ESCAPED * self.budget.whole(value))
        return markup_join(values)

    def join_strings(self, values: Iterable[Any]) -> str:
        """Return the result of the operator `~`."""
        parts = [value if value.__class__ is str else self.to_text(value) for value in values]
        self.budget.text(sum(map(len, parts)))
        return "".join(parts)

    def _concat(self, pieces: Iterable[str]) -> str:
        """Join the output of a template, a macro or a block."""
        parts: list[str] = []
        pieces = iter(pieces)
        while chunk := list(islice(pieces, _PIECES_PER_PART)):
            self.budget.text(sum(map(len, chunk)))
            parts.append("".join(chunk))
        if len(parts) > 1:
            self.budget.text(sum(map(len, parts)))
        return parts[0] if len(parts) == 1 else "".join(parts)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        del context
        return self.binop_table[operator](left, right)

    def call(self, context: TemplateContext, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.budget.step()
        owner = getattr(function, "__self__", None)
        if owner.__class__ in SAFE_METHODS:
            self._count_method(owner, args)
        if isinstance(owner, bytes) and function.__name__ == "decode":
            check_decode(self.budget, owner, *args, **kwargs)
        if isinstance(owner, str):
            check = STRING_METHODS.get(function.__name__)
            if check is not None:
                if function.__name__ == "join" and args:
                    args = (self._joinable(args[0]), *args[1:])
                check(self.budget, owner, *args, **kwargs)
        elif isinstance(function, LoopContext) and args:
            args = (self.bounded(args[0]), *args[1:])
        elif isinstance(owner, dict) or function is Namespace:
            args = tuple(map(self.budget.pairs, args))
        elif not isinstance(function, Macro):
            self.budget.arguments(args, kwargs)
        return super().call(context, function, *args, **kwargs)

    def _count_method(self, owner: Any, arguments: tuple[Any, ...]) -> None:
        """Count a method of data as one pass over it, or over all values inside it if it is compared with others."""
        self.budget.work(owner)
        if arguments and isinstance(owner, list | tuple):
            self.budget.whole(owner)
            self.budget.whole(arguments)

    def _joinable(self, parts: Any) -> Any:
        return parts if isinstance(parts, list | tuple | str) else list(self.bounded(parts))

    def getitem(self, obj: Any, argument: Any) -> Any:
        return super().getitem(obj, self.budget.hashable(argument))

    def _filter_test_common(self, name: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._filter_test_common(self.budget.hashable(name), *args, **kwargs)

    def _load_template(self, name: Any, globals: Any) -> Template:  # noqa: A002 - jinja2's name
        return super()._load_template(self.budget.hashable(name), globals)

    # --- the sandbox -------------------------------------------------------------------------------------------------

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        safe = SAFE_METHODS.get(obj.__class__)
        if safe is not None and attr in safe:
            return True
        if self._is_mutable and isinstance(obj, list | dict) and attr in _MUTATIONS:
            return SandboxedEnvironment.is_safe_attribute(self, obj, attr, value)
        return safe is None and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        if super().wrap_str_format(value) is None:
            return None
        template: str = value.__self__
        is_format_map = value.__name__ == "format_map"

        def call(*args: Any, **kwargs: Any) -> str:
            if is_format_map:
                args, kwargs = (), dict(*map(self.budget.pairs, args), **kwargs)
            return BoundedFormatter(self).vformat(template, args, kwargs)

        return call

    # --- compilation -------------------------------------------------------------------------------------------------

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        stream = super()._tokenize(source, name, filename, state)
        return TokenStream(self._counted_tokens(stream), name, filename)

    def _counted_tokens(self, stream: Iterable[Token]) -> Iterator[Token]:
        for count, token in enumerate(stream):
            if token.type == "integer":
                check_integer(token.value)
            if count % 1000 == 0:
                self.budget.check_time()
                if count >= _MAX_TOKENS:
                    raise LimitError(f"a template of more than {_MAX_TOKENS} tokens")
            yield token

    def compile(  # type: ignore[override]  # no caller needs the generated source
        self, source: Any, name: str | None = None, filename: str | None = None, **options: Any
    ) -> Any:
        """Return the code of a template. Python refuses what is nested too deeply for its parser, or for this stack."""
        try:
            return super().compile(source, name, filename, **options)
        except KmanifestError as error:
            raise error.within(file=filename or "") from error
        except ValueError as error:  # Python reads no integer of so many digits
            raise SourceError(str(error)).within(file=filename or "") from error
        except (SyntaxError, MemoryError, RecursionError, OverflowError) as error:
            problem = "it is nested too deeply (max_depth)"
            if isinstance(error, SyntaxError):
                problem = error.msg
            message = f"this template can't be compiled: {problem}"
            raise LimitError(message).within(file=filename or "") from error

    def select_template(self, names: Iterable[Any], *args: Any, **kwargs: Any) -> Template:
        if isinstance(names, list | tuple) and len(names) > _MAX_ALTERNATIVES:
            raise LimitError(f"more than {_MAX_ALTERNATIVES} names of templates to choose from")
        return super().select_template(names, *args, **kwargs)


class PrintedText(str):
    """A text that an expression printed, not one of the template itself."""

    __slots__ = ()


class TracingEnvironment(BoundedEnvironment):
    """An environment whose templates yield each piece of text apart."""

    code_generator_class = TracingGenerator

    def to_text(self, value: Any) -> str:
        return PrintedText(super().to_text(value))


def check_template_name(name: object) -> str:
    """Return the name of a template. Raises SourceError if it is no relative path in a tree."""
    if not isinstance(name, str):
        raise SourceError(f"the name of a template must be a string, not {type(name).__name__}")
    if "\0" in name or "://" in name:
        raise SourceError(f"not a path of a template: {name!r}")
    return name
