"""The completion script for fish."""

from kmanifest.cli.completion.nodes import Node, Words, choices_of, flag_words, takes_value
from kmanifest.cli.flags import Flag
from kmanifest.startup.typing import Iterable, Sequence

_SCRIPT = """\
# fish completion for kmanifest. Written by `kmanifest completion fish`.

function __kmanifest_values --description 'The flags that take a value, after a verb'
    switch $argv[1]
{values}
    end
end

function __kmanifest_verb --description 'The path of a verb, from a path and a word'
    switch "$argv[1] $argv[2]"
{verbs}
    end
end

function __kmanifest_path --description 'The path of the verb and the number of its arguments'
    set -l words (commandline -opc)
    set -l path kmanifest
    set -l count 0
    set -l flag ''
    for word in $words[2..]
        if test -n "$flag"
            set flag ''
        else if string match -q -- '-*' $word
            contains -- $word (__kmanifest_values $path); and set flag $word
        else
            set -l next (__kmanifest_verb $path $word)
            if test -n "$next"
                set path $next
            else
                set count (math $count + 1)
            end
        end
    end
    echo $path
    echo $count
end

function __kmanifest_at --description 'Whether the words before the cursor end at a verb'
    test (__kmanifest_path)[1] = $argv[1]
end

function __kmanifest_argument --description 'Whether the cursor is at an argument of a verb'
    set -l found (__kmanifest_path)
    test $found[1] = $argv[1]; and begin
        test $found[2] = $argv[2]
        or begin; test "$argv[3]" = last; and test $found[2] -gt $argv[2]; end
    end
end

complete -c kmanifest -e
complete -c kmanifest -f
{completions}
"""


def write_script(nodes: Sequence[Node]) -> str:
    """The script."""
    return _SCRIPT.format(
        values="\n".join(_value_cases(nodes)),
        verbs="\n".join(_verb_cases(nodes)),
        completions="\n".join(_completions(nodes)),
    )


def _name(path: Words) -> str:
    return "/".join(("kmanifest", *path))


def _value_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        words = [word for flag in node.flags if takes_value(flag) for word in flag_words(flag)]
        yield f"        case {_name(node.path)}"
        yield f"            printf '%s\\n' {' '.join(words)}"


def _verb_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        for names, _ in node.verbs:
            patterns = " ".join(f"'{_name(node.path)} {name}'" for name in names)
            yield f"        case {patterns}"
            yield f"            echo {_name((*node.path, names[0]))}"


def _completions(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        name = _name(node.path)
        for names, summary in node.verbs:
            yield (
                f"complete -c kmanifest -n '__kmanifest_argument {name} 0' "
                f"-a {names[0]} -d {_quoted(summary)}"
            )
        last = len(node.arguments) - 1
        for index, completion in enumerate(node.arguments):
            condition = f"__kmanifest_argument {name} {index}{' last' if index == last else ''}"
            if action := _action(completion):
                yield f"complete -c kmanifest -n '{condition}' {action}"
        for flag in node.flags:
            yield f"complete -c kmanifest -n '__kmanifest_at {name}' {_flag(flag)}"


def _flag(flag: Flag) -> str:
    letter = f"-s {flag.short} " if flag.short else ""
    value = ""
    if takes_value(flag):
        action = _action(choices_of(flag) or flag.path)
        value = f"-r {action} " if action else "-x "
    return f"{letter}-l {flag.name} {value}-d {_quoted(flag.help)}"


def _action(completion: str | Words) -> str:
    if isinstance(completion, tuple):
        return f"-f -a '{' '.join(completion)}'"
    if completion == "directory":
        return "-f -a '(__fish_complete_directories)'"
    return "-F" if completion == "file" else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
