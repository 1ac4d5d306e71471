"""The completion script for bash 3.2 and later."""

from kmanifest.cli.completion.nodes import Node, Words, choices_of, flag_words, takes_value
from kmanifest.startup.typing import Iterable, Sequence

_SCRIPT = r"""# bash completion for kmanifest. Written by `kmanifest completion bash`.

_kmanifest_verb() { # a path and a word: prints the path of the verb
    case "$1/$2" in
%(verbs)s
        *) return 1 ;;
    esac
}

_kmanifest_takes_value() { # a path and a flag
    case "$1 $2" in
%(values)s
        *) return 1 ;;
    esac
}

_kmanifest_words() { # the word to complete and the candidates
    local current="$1" word
    shift
    for word in "$@"; do
        [[ $word == "$current"* ]] && COMPREPLY+=("$word")
    done
}

_kmanifest_paths() { # `-d` or `-f`, and the word to complete
    local path
    while IFS= read -r path; do
        COMPREPLY+=("$path")
    done < <(compgen "$1" -- "$2")
    compopt -o filenames 2>/dev/null
}

_kmanifest_value() { # a path, a flag and the word to complete
    case "$1 $2" in
%(choices)s
    esac
}

_kmanifest_flags() { # a path and the word to complete
    case "$1" in
%(flags)s
    esac
}

_kmanifest_argument() { # a path, the number of arguments before it and the word to complete
    case "$1 $2" in
%(arguments)s
    esac
}

_kmanifest() {
    local path=kmanifest flag="" flags_end="" count=0 index word next current
    COMPREPLY=()
    # `=` is a word of its own in COMP_WORDS.
    current="${COMP_WORDS[COMP_CWORD]}"
    [[ $current == "=" ]] && current=""
    for ((index = 1; index < COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        if [[ $word == "=" ]]; then
            continue
        elif [[ -n $flag ]]; then
            flag=""
        elif [[ -z $flags_end && $word == "--" ]]; then
            flags_end=yes
        elif [[ -z $flags_end && $word == -* ]]; then
            _kmanifest_takes_value "$path" "$word" && flag="$word"
        elif next=$(_kmanifest_verb "$path" "$word"); then
            path="$next"
        else
            count=$((count + 1))
        fi
    done
    if [[ -n $flag ]]; then
        _kmanifest_value "$path" "$flag" "$current"
    elif [[ -z $flags_end && $current == --*=* ]]; then # `=` is not a word break here
        _kmanifest_value "$path" "${current%%%%=*}" "${current#*=}"
        for index in "${!COMPREPLY[@]}"; do
            COMPREPLY[index]="${current%%%%=*}=${COMPREPLY[index]}"
        done
    elif [[ -z $flags_end && $current == -* ]]; then
        _kmanifest_flags "$path" "$current"
    else
        _kmanifest_argument "$path" "$count" "$current"
    fi
}

complete -F _kmanifest kmanifest
"""


def write_script(nodes: Sequence[Node]) -> str:
    """The script."""
    return _SCRIPT % {
        "verbs": _lines(_verb_cases(nodes)),
        "values": _lines(_value_cases(nodes)),
        "choices": _lines(_choice_cases(nodes)),
        "flags": _lines(_flag_cases(nodes)),
        "arguments": _lines(_argument_cases(nodes)),
    }


def _lines(cases: Iterable[str]) -> str:
    return "\n".join(f"        {case} ;;" for case in cases)


def _name(path: Words) -> str:
    """The name of a node in the script."""
    return "/".join(("kmanifest", *path))


def _verb_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        for names, _ in node.verbs:
            patterns = " | ".join(f"{_name(node.path)}/{name}" for name in names)
            yield f"{patterns}) echo {_name((*node.path, names[0]))}"


def _value_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        words = [word for flag in node.flags if takes_value(flag) for word in flag_words(flag)]
        yield " | ".join(f'"{_name(node.path)} {word}"' for word in words) + ")"


def _choice_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        by_action: dict[str, list[str]] = {}
        for flag in node.flags:
            action = _action(choices_of(flag) or flag.path, "$3")
            if takes_value(flag) and action:
                by_action.setdefault(action, []).extend(flag_words(flag))
        for action, words in by_action.items():
            patterns = " | ".join(f'"{_name(node.path)} {word}"' for word in words)
            yield f"{patterns}) {action}"


def _action(completion: str | Words, current: str) -> str:
    """The command that completes a value; empty if any text is valid."""
    if isinstance(completion, tuple):
        return f'_kmanifest_words "{current}" {" ".join(completion)}'
    if not completion:
        return ""
    return f'_kmanifest_paths {"-d" if completion == "directory" else "-f"} "{current}"'


def _flag_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        words = [word for flag in node.flags for word in reversed(flag_words(flag))]
        yield f'{_name(node.path)}) _kmanifest_words "$2" {" ".join(words)}'


def _argument_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        if node.verbs:
            names = tuple(names[0] for names, _ in node.verbs)
            yield f'"{_name(node.path)} "*) {_action(names, "$3")}'
        for index, completion in enumerate(node.arguments):
            is_last = index == len(node.arguments) - 1
            pattern = f'"{_name(node.path)} "*' if is_last else f'"{_name(node.path)} {index}"'
            yield f"{pattern}) {_action(completion, '$3')}".rstrip()
