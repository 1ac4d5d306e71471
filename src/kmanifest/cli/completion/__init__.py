"""`kmanifest completion`: print a completion script, built from the tables of verbs and flags."""

from kmanifest.cli.flags import CommandLine, UsageError
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import Command, Group
from kmanifest.startup.typing import Sequence

SHELLS = ("bash", "zsh", "fish", "powershell")


def completion(command_line: CommandLine, table: Group, _files: Sequence[str]) -> int:
    """Print the script for a shell and return the exit code."""
    if len(command_line.arguments) != 1:
        raise UsageError(f"specify one shell: {', '.join(SHELLS)}")
    (shell,) = command_line.arguments
    if shell not in SHELLS:
        from kmanifest.model.errors import near_names

        near = near_names(shell, SHELLS, most=1)
        hint = f"did you mean {near[0]}?" if near else f"shells: {', '.join(SHELLS)}"
        raise UsageError(f"unknown shell: {shell} ({hint})")
    from kmanifest.cli.completion.nodes import find_nodes
    from kmanifest.startup.lazy import load_attribute

    write = load_attribute(f"kmanifest.cli.completion.{shell}", "write_script")
    return print_text(write(find_nodes(table)))


COMMAND = Command(
    ("completion",),
    "|".join(SHELLS),
    """\
Print a script that completes the verbs, flags and values of kmanifest in a shell.

  bash: put `eval "$(kmanifest completion bash)"` into ~/.bashrc
  zsh: put `eval "$(kmanifest completion zsh)"` into ~/.zshrc, after compinit
  fish: kmanifest completion fish > ~/.config/fish/completions/kmanifest.fish
  powershell: put `kmanifest completion powershell | Out-String | Invoke-Expression` into $PROFILE
""",
    (),
    completion,
    completions=(SHELLS,),
    needs_table=True,
)
