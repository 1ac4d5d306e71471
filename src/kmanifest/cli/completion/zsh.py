"""The completion script for zsh."""

from kmanifest.cli.completion.nodes import Node, Words, choices_of, takes_value
from kmanifest.cli.flags import Flag
from kmanifest.cli.help import value_name
from kmanifest.startup.typing import Iterable, Sequence

_START = """\
#compdef kmanifest
# zsh completion for kmanifest. Written by `kmanifest completion zsh`.

"""
_END = """\
if [ "$funcstack[1]" = _kmanifest ]; then
    _kmanifest "$@"
else
    compdef _kmanifest kmanifest
fi
"""


def write_script(nodes: Sequence[Node]) -> str:
    """The script: a function for each verb."""
    return _START + "\n".join(map(_function, nodes)) + "\n" + _END


def _name(path: Words) -> str:
    return "_".join(("_kmanifest", *path))


def _function(node: Node) -> str:
    specs = [spec for flag in node.flags for spec in _flag_specs(flag)]
    if node.verbs:
        specs += ["'1: :->verb'", "'*:: :->arguments'"]
    else:
        last = len(node.arguments) - 1
        specs += [
            f"'{'*' if index == last else ''}:{_quoted(_label(completion))}:{_action(completion)}'"
            for index, completion in enumerate(node.arguments)
        ]
    lines = [f"{_name(node.path)}() {{"]
    if node.verbs:
        lines += ["    local context state line", "    typeset -A opt_args"]
    arguments = " \\\n".join(f"        {spec}" for spec in specs)
    lines.append(f"    _arguments -s -S {'-C ' if node.verbs else ''}\\\n{arguments}")
    if node.verbs:
        lines += _verb_lines(node)
    return "\n".join([*lines, "}", ""])


def _verb_lines(node: Node) -> Iterable[str]:
    yield "    case $state in"
    yield "        verb)"
    yield "            local -a verbs=("
    for names, summary in node.verbs:
        yield f"                '{_quoted(names[0])}:{_quoted(summary)}'"
    yield "            )"
    yield "            _describe verb verbs"
    yield "            ;;"
    yield "        arguments)"
    yield "            case $line[1] in"
    for names, _ in node.verbs:
        yield f"                {'|'.join(names)}) {_name((*node.path, names[0]))} ;;"
    yield "            esac"
    yield "            ;;"
    yield "    esac"


def _flag_specs(flag: Flag) -> Iterable[str]:
    """The specifications of a flag for `_arguments`: one for the name and one for the letter."""
    exclusive = ""
    if flag.kind == "list":
        exclusive = "*"
    elif flag.short:
        exclusive = f"(-{flag.short} --{flag.name})"
    value = ""
    if takes_value(flag):
        value = f":{value_name(flag)}:{_action(choices_of(flag) or flag.path)}"
    help_text = f"[{_quoted(flag.help)}]"
    equals, plus = ("=", "+") if takes_value(flag) else ("", "")
    yield f"'{exclusive}--{flag.name}{equals}{help_text}{value}'"
    if flag.short:
        yield f"'{exclusive}-{flag.short}{plus}{help_text}{value}'"


def _action(completion: str | Words) -> str:
    if isinstance(completion, tuple):
        return f"({' '.join(completion)})"
    return {"directory": "_files -/", "file": "_files"}.get(completion, "")


def _label(completion: str | Words) -> str:
    return "argument" if isinstance(completion, tuple) or not completion else completion


def _quoted(text: str) -> str:
    """The text for a specification in single quotes."""
    for char in "\\[]:":
        text = text.replace(char, f"\\{char}")
    return text.replace("'", "'\\''")
