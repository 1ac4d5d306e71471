"""The tables of filters, tests and functions of one render, besides those of jinja2."""

import base64
from collections.abc import Callable, Iterable, Mapping

from jinja2 import TemplateRuntimeError, Undefined, pass_context
from jinja2.runtime import Context as TemplateContext

from kmanifest.engines.jinja.budget import Budget
from kmanifest.engines.jinja.environment import BoundedEnvironment, ReadTemplate
from kmanifest.engines.jinja.filters.collections import (
    CollectionFilters,
    collection_filters,
    collection_tests,
)
from kmanifest.engines.jinja.filters.data import data_filters
from kmanifest.engines.jinja.filters.regexes import regex_filters, regex_tests
from kmanifest.engines.jinja.filters.text import slugify, text_filters, text_tests
from kmanifest.startup.typing import Any, NamedTuple

Functions = dict[str, Callable[..., Any]]


class Toolbox(NamedTuple):
    """What the filters of one render may use."""

    budget: Budget
    environment: BoundedEnvironment
    read: ReadTemplate
    dialect: str = ""
    seed: str | None = None
    now: int | None = None


def make_filters(toolbox: Toolbox) -> Functions:
    """Return the filters by name."""
    budget, dialect = toolbox.budget, toolbox.dialect
    filters: Functions = {
        **data_filters(budget, dialect),
        **collection_filters(budget),
        **regex_filters(budget),
        **text_filters(budget, dialect, toolbox.now),
        "extract": _extract(toolbox),
        "mandatory": _mandatory,
        "random": _random(toolbox),
        "shuffle": _shuffle(toolbox),
    }
    if dialect == "kluctl":
        filters |= {"render": _render(toolbox), "slugify": slugify}
    if dialect == "ansible":
        filters["unique"] = CollectionFilters(budget).unique
    return filters


def make_tests(toolbox: Toolbox) -> Functions:
    """Return the tests by name."""
    return {
        **collection_tests(toolbox.budget),
        **regex_tests(toolbox.budget),
        **text_tests(toolbox.budget),
    }


def make_functions(toolbox: Toolbox) -> Functions:
    """Return the functions by name."""

    def load_base64(name: str, width: int | None = None) -> str:
        text, _ = toolbox.read(name)
        toolbox.budget.text(4 * len(text))
        encoded = base64.b64encode(text.encode()).decode()
        if not width:
            return encoded
        return "\n".join(encoded[start : start + width] for start in range(0, len(encoded), width))

    def bounded_dict(*arguments: Any, **entries: Any) -> dict[Any, Any]:
        toolbox.budget.step(len(entries))
        return dict(*map(toolbox.budget.pairs, arguments), **entries)

    functions: Functions = {
        "dict": bounded_dict,
        "get_var": _get_var(toolbox),
        "load_base64": load_base64,
        "load_template": _load_template(toolbox),
        "merge_dict": lambda left, right: _merge_dict(toolbox, left, right),
        "raise": _raise(toolbox),
    }
    if toolbox.dialect == "kluctl":
        functions |= {
            "debug_print": lambda _: "",
            "render": _render(toolbox),
            "load_sha256": _load_sha256(toolbox),
            "update_dict": lambda left, right: _update_dict(toolbox, left, right),
        }
    return functions


def _extract(toolbox: Toolbox) -> Callable[..., Any]:
    def extract(item: Any, container: Any, morekeys: Any = None) -> Any:
        """Return an item of a container by its key or index, and with more keys a value inside it."""
        keys = [] if morekeys is None else morekeys if isinstance(morekeys, list) else [morekeys]
        for key in (item, *keys):
            container = toolbox.environment.getitem(container, key)
        return container

    return extract


def _mandatory(value: Any, msg: str | None = None) -> Any:
    """Return a value that is not undefined."""
    if isinstance(value, Undefined):
        if msg is not None:
            raise TemplateRuntimeError(msg)
        str(value)  # raises the error with the name
    return value


def _random(toolbox: Toolbox) -> Callable[..., Any]:
    def random(value: Any, end: Any = None, start: int = 0, step: int = 1, seed: Any = None) -> Any:
        """Return an item of a list, or a number below `value`, chosen by a seed."""
        del end
        if isinstance(value, int):
            return _generator(toolbox, seed, "random").randrange(start, value, step)
        items = list(toolbox.budget.bounded(value))
        if len(items) == 1:
            return items[0]
        return _generator(toolbox, seed, "random").choice(items)

    return random


def _shuffle(toolbox: Toolbox) -> Callable[..., Any]:
    def shuffle(value: Any, seed: Any = None) -> list[Any]:
        """Return the items of a list in an order that a seed chooses."""
        items = list(toolbox.budget.bounded(value))
        if len(items) > 1:
            _generator(toolbox, seed, "shuffle").shuffle(items)
        return items

    return shuffle


def _generator(toolbox: Toolbox, seed: Any, name: str) -> Any:
    from kmanifest.io.system import python_random  # for few templates

    seed = toolbox.seed if seed is None else seed
    if seed is None:
        raise ValueError(f"{name} needs a seed: an argument, or --seed")
    return python_random(seed)


def _raise(toolbox: Toolbox) -> Callable[..., Any]:
    def raise_error(message: Any) -> None:
        raise TemplateRuntimeError(toolbox.budget.to_text(message))

    return raise_error


def _get_var(toolbox: Toolbox) -> Callable[..., Any]:
    @pass_context
    def get_var(context: TemplateContext, path: Any, default: Any = None) -> Any:
        """Return the value at the first path that exists, from the names at the top level."""
        paths = path if isinstance(path, list | tuple) else (path,)
        return _find_path(context.get_all(), map(toolbox.budget.to_text, paths), default)

    return get_var


def _find_path(values: Mapping[str, Any], paths: Iterable[str], default: Any) -> Any:
    for candidate in paths:
        value: Any = values
        for step in candidate.replace("[", ".").replace("]", "").split("."):
            name = step.strip("'\"")
            if isinstance(value, Mapping) and name in value:
                value = value[name]
            elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            elif name not in ("", "$"):
                break
        else:
            return value
    return default


def _merge_dict(toolbox: Toolbox, left: Any, right: Any) -> dict[Any, Any]:
    return CollectionFilters(toolbox.budget).combine(left or {}, right or {}, recursive=True)


def _update_dict(toolbox: Toolbox, left: dict[Any, Any], right: Mapping[Any, Any]) -> str:
    left.update(_merge_dict(toolbox, left, right))
    return ""


def _load_template(toolbox: Toolbox) -> Callable[..., Any]:
    @pass_context
    def load_template(context: TemplateContext, path: str, /, **variables: Any) -> str:
        """Return the text of another template."""
        template = toolbox.environment.get_template(path)
        inner = template.new_context({**context.get_all(), **variables})
        return toolbox.environment.concat(template.root_render_func(inner))

    return load_template


def _render(toolbox: Toolbox) -> Callable[..., Any]:
    @pass_context
    def render(context: TemplateContext, source: str) -> str:
        """Return the text of a template that is a string."""
        template = toolbox.environment.from_string(source)
        inner = template.new_context(context.get_all())
        return toolbox.environment.concat(template.root_render_func(inner))

    return render


def _load_sha256(toolbox: Toolbox) -> Callable[..., Any]:
    load_template = _load_template(toolbox)

    @pass_context
    def load_sha256(context: TemplateContext, path: str, length: int | None = None) -> str:
        """Return the digest of the text of another template."""
        if "__calc_sha256__" in context:
            return "__self_sha256__"
        import hashlib  # 3 ms

        text = load_template(context, path, __calc_sha256__=True)
        return hashlib.sha256(text.encode()).hexdigest()[:length]

    return load_sha256
