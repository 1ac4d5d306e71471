"""The completion script for PowerShell 5 and later."""

from kmanifest.cli.completion.nodes import Node, Words, choices_of, flag_words, takes_value
from kmanifest.startup.typing import Iterable, Sequence

_SCRIPT = """\
# PowerShell completion for kmanifest. Written by `kmanifest completion powershell`.

using namespace System.Management.Automation

Register-ArgumentCompleter -Native -CommandName kmanifest -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $verbs = @{
%(verbs)s
    }
    $values = @{
%(values)s
    }

    $path = 'kmanifest'
    $count = 0
    $flag = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete) { break }
        $word = $element.Extent.Text
        if ($flag) {
            $flag = ''
        } elseif ($word.StartsWith('-')) {
            if ($values[$path] -ccontains $word) { $flag = $word }
        } elseif ($verbs.ContainsKey("$path $word")) {
            $path = $verbs["$path $word"]
        } else {
            $count++
        }
    }

    $candidates = @(
        if ($flag) {
            switch -CaseSensitive ("$path $flag") {
%(choices)s
            }
        } elseif ($wordToComplete.StartsWith('-')) {
            switch ($path) {
%(flags)s
            }
        } else {
            switch ($path) {
%(arguments)s
            }
        }
    )
    $candidates | Where-Object { $_.CompletionText -like "$wordToComplete*" } | Sort-Object -Property ListItemText
}
"""


def write_script(nodes: Sequence[Node]) -> str:
    """The script. Where nothing is offered, PowerShell completes files."""
    return _SCRIPT % {
        "verbs": _indented(8, _verb_rows(nodes)),
        "values": _indented(8, _value_rows(nodes)),
        "choices": _indented(16, _choice_cases(nodes)),
        "flags": _indented(16, _flag_cases(nodes)),
        "arguments": _indented(16, _argument_cases(nodes)),
    }


def _indented(width: int, lines: Iterable[str]) -> str:
    return "\n".join(" " * width + line for line in lines)


def _name(path: Words) -> str:
    return "/".join(("kmanifest", *path))


def _verb_rows(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        for names, _ in node.verbs:
            target = _quoted(_name((*node.path, names[0])))
            for name in names:
                yield f"{_quoted(f'{_name(node.path)} {name}')} = {target}"


def _value_rows(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        words = [word for flag in node.flags if takes_value(flag) for word in flag_words(flag)]
        yield f"{_quoted(_name(node.path))} = @({', '.join(map(_quoted, words))})"


def _choice_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        for flag in node.flags:
            choices = choices_of(flag)
            for word in flag_words(flag) if choices else ():
                yield f"{_quoted(f'{_name(node.path)} {word}')} {{"
                yield from (
                    f"    {_result(choice, 'ParameterValue', flag.help)}" for choice in choices
                )
                yield "}"


def _flag_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        yield f"{_quoted(_name(node.path))} {{"
        for flag in node.flags:
            for word in flag_words(flag):
                yield f"    {_result(word, 'ParameterName', flag.help)}"
        yield "}"


def _argument_cases(nodes: Sequence[Node]) -> Iterable[str]:
    for node in nodes:
        rows = [(names[0], summary) for names, summary in node.verbs]
        first = node.arguments[0] if node.arguments else ""
        if isinstance(first, tuple):
            rows += [(word, word) for word in first]
        if rows:
            yield f"{_quoted(_name(node.path))} {{"
            yield "    if ($count -eq 0) {"
            yield from (f"        {_result(word, 'ParameterValue', text)}" for word, text in rows)
            yield "    }"
            yield "}"


def _result(word: str, kind: str, help_text: str) -> str:
    text = _quoted(word)
    return f"[CompletionResult]::new({text}, {text}, [CompletionResultType]::{kind}, {_quoted(help_text)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
