"""The filters and tests of jinja2, with a bound on each whose result or time can be far larger than its value."""

from collections.abc import Callable, Mapping
from itertools import islice

from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from kmanifest.engines.jinja.budget import Budget
from kmanifest.engines.jinja.operators import add, check_format, check_integer, check_replace
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Any, Final

Check = Callable[..., None]
"""A check before a filter. It receives the budget, the value and the arguments of the filter."""

_MAX_PRECISION: Final = 1_000
_ESCAPED: Final = 6  # characters for one character of HTML or JSON
_QUOTED: Final = 12  # characters for one character of a URL


def _check_pass(budget: Budget, value: Any, *_: Any, **__: Any) -> None:
    budget.work(value)


def _check_whole(budget: Budget, value: Any, *_: Any, **__: Any) -> None:
    budget.work(value)
    budget.whole(value)


def _check_text(factor: int) -> Check:
    def check(budget: Budget, value: Any, *_: Any, **__: Any) -> None:
        budget.text(factor * budget.whole(value))

    return check


def _check_pattern(name: str) -> Check:
    def check(budget: Budget, value: Any, *_: Any, **__: Any) -> None:
        budget.pattern_text(name, budget.to_text(value))

    return check


def _check_wordwrap(budget: Budget, value: Any, *args: Any, **options: Any) -> None:
    text = budget.to_text(value)
    budget.pattern_text("wordwrap", text)
    separators = filter(_is_text, (*args, *options.values()))
    budget.text(len(text) * max(map(len, separators), default=1))


def _check_urlize(budget: Budget, value: Any, *args: Any, **options: Any) -> None:
    text = budget.to_text(value)
    budget.pattern_text("urlize", text)
    attributes = sum(map(len, filter(_is_text, (*args, *options.values()))))
    budget.text(_ESCAPED * (len(text) + (len(text.split()) + 1) * attributes))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _check_json(budget: Budget, value: Any, indent: Any = None) -> None:
    size = budget.whole(value)
    if isinstance(indent, str):
        indent = len(indent)
    budget.text(_ESCAPED * size + size * max(indent if isinstance(indent, int) else 0, 0))


def _check_center(budget: Budget, value: Any, width: int = 80, *_: Any) -> None:
    budget.text(max(budget.whole(value), width))


def _check_format(budget: Budget, value: Any, *args: Any, **kwargs: Any) -> None:
    check_format(budget, budget.to_text(value), kwargs or args)


def _check_indent(budget: Budget, value: Any, width: Any = 4, *_: Any, **__: Any) -> None:
    indent = len(width) if isinstance(width, str) else int(width)
    budget.text(budget.whole(value) + (budget.to_text(value).count("\n") + 1) * max(indent, 0))


def _check_replace(
    budget: Budget, value: Any, old: Any = "", new: Any = "", count: Any = None, **_: Any
) -> None:
    old, new = budget.to_text(old), budget.to_text(new)
    check_replace(budget, budget.to_text(value), old, new, -1 if count is None else count)


def _check_batch(budget: Budget, value: Any, size: int = 1, *_: Any, **__: Any) -> None:
    budget.work(value)
    budget.items(abs(int(size)))


def _check_round(budget: Budget, value: Any, precision: int = 0, *_: Any, **__: Any) -> None:
    budget.work(value)
    if abs(precision) > _MAX_PRECISION:
        raise LimitError(f"a precision of more than {_MAX_PRECISION} digits")


_CHECKS: Final[Mapping[str, Check]] = {
    **dict.fromkeys(
        ("capitalize", "lower", "safe", "string", "title", "trim", "truncate", "upper", "wordcount"),
        _check_text(1),
    ),
    **dict.fromkeys(("e", "escape", "forceescape", "xmlattr"), _check_text(_ESCAPED)),
    **{name: _check_pattern(name) for name in ("pprint", "striptags")},
    "tojson": _check_json,
    "urlize": _check_urlize,
    "wordwrap": _check_wordwrap,
    "urlencode": _check_text(_QUOTED),
    "center": _check_center,
    "format": _check_format,
    "indent": _check_indent,
    "replace": _check_replace,
    "batch": _check_batch,
    "slice": _check_batch,
    "round": _check_round,
}  # fmt: skip
"""The checks by the names of filters. A filter without one is counted as one pass over its value."""

_COMPARISONS: Final = (
    "!=", "<", "<=", "==", ">", ">=", "eq", "equalto", "ge", "greaterthan", "gt", "in", "le", "lessthan", "lt", "ne",
)  # fmt: skip

_WHOLE: Final = ("dictsort", "groupby", "max", "min", "sort", "unique")
_GENERATORS: Final = ("map", "reject", "rejectattr", "select", "selectattr")


def bounded_filters(budget: Budget) -> dict[str, Callable[..., Any]]:
    """Return the filters of jinja2, without those whose result is random, each with its check."""
    filters = {
        name: _with_check(budget, _CHECKS.get(name, _check_pass), function)
        for name, function in FILTERS.items()
    }
    filters |= {name: _with_whole_items(budget, FILTERS[name]) for name in _WHOLE}
    filters |= {name: _with_counted_items(budget, FILTERS[name]) for name in _GENERATORS}
    filters |= {name: FILTERS[name] for name in ("d", "default")}  # their value may be undefined
    filters["list"] = lambda value: _list(budget, value)
    filters["join"] = _with_check(budget, _check_whole, _with_listed_items(budget, FILTERS["join"]))
    filters["sum"] = _sum(budget)
    filters["int"] = lambda *args, **kwargs: check_integer(FILTERS["int"](*args, **kwargs))
    del filters["random"]
    return filters


def bounded_tests(budget: Budget) -> dict[str, Callable[..., Any]]:
    """Return the tests of jinja2. Comparisons count what they visit."""
    tests: dict[str, Any] = {**TESTS}
    return tests | {name: _with_comparison(budget, tests[name]) for name in _COMPARISONS}


def with_counted_arguments(
    budget: Budget, functions: Mapping[str, Callable[..., Any]]
) -> dict[str, Callable[..., Any]]:
    """Return filters or tests by name. All values inside their arguments, but the value itself, are counted before."""
    return {name: _counting(budget, function) for name, function in functions.items()}


def _counting(budget: Budget, function: Callable[..., Any]) -> Callable[..., Any]:
    start = 2 if _takes_environment(function) else 1

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > start or kwargs:
            budget.arguments(args[start:], kwargs)
        return function(*args, **kwargs)

    return _like(call, function)


def _takes_environment(function: Callable[..., Any]) -> bool:
    return hasattr(function, "jinja_pass_arg")


def _like(wrapper: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the wrapper, which gets the same first argument from jinja2 as the function."""
    kind = getattr(function, "jinja_pass_arg", None)
    if kind is not None:
        wrapper.jinja_pass_arg = kind  # type: ignore[attr-defined]  # the mark that jinja2 reads
    return wrapper


def _with_check(budget: Budget, check: Check, function: Callable[..., Any]) -> Callable[..., Any]:
    if _takes_environment(function):

        def call_with_environment(first: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
            check(budget, value, *args, **kwargs)
            return function(first, value, *args, **kwargs)

        return _like(call_with_environment, function)

    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        check(budget, value, *args, **kwargs)
        return function(value, *args, **kwargs)

    return call


def _with_counted_items(budget: Budget, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(first: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        return function(first, budget.bounded(value), *args, **kwargs)

    return _like(call, function)


def _with_whole_items(budget: Budget, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that compares or hashes its items, which are counted before, also those of an iterator."""

    def call(first: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        items = budget.pairs(value)
        _check_whole(budget, items)
        return function(first, items, *args, **kwargs)

    def call_plain(value: Any, *args: Any, **kwargs: Any) -> Any:
        items = budget.pairs(value)
        _check_whole(budget, items)
        return function(items, *args, **kwargs)

    return _like(call, function) if _takes_environment(function) else call_plain


def _with_listed_items(budget: Budget, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `join` with a check of its result."""

    def call(first: Any, value: Any, d: Any = "", attribute: Any = None) -> Any:
        items = _list(budget, value)
        budget.text(budget.whole(items) + len(budget.to_text(d)) * len(items))
        return function(first, items, d, attribute)

    return _like(call, function)


def _list(budget: Budget, value: Any) -> list[Any]:
    if hasattr(value, "__len__"):
        budget.items(len(value))
        return list(value)
    items = list(islice(budget.bounded(value), budget.limits.max_items + 1))
    budget.items(len(items))
    return items


def _sum(budget: Budget) -> Callable[..., Any]:
    """Return the filter `sum`, which can also join lists."""

    def call(first: Any, value: Any, attribute: Any = None, start: Any = 0) -> Any:
        items = value
        if attribute is not None:
            items = FILTERS["map"](first, value, attribute=attribute)
        total = start
        for item in budget.bounded(items):
            total = add(budget, total, item)
        return total

    return _like(call, FILTERS["map"])


def _with_comparison(budget: Budget, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(left: Any, right: Any) -> Any:
        budget.whole(left)
        budget.whole(right)
        return function(left, right)

    return call
