"""Scripts that complete the command line in a shell, made from its parser."""

import argparse

from finley.cli.arguments import QUESTIONS, parser

BASH = """\
_finley() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words
    case ${{COMP_WORDS[1]}} in
{cases}
        *) words="{commands}" ;;
    esac
    [ "$COMP_CWORD" = 1 ] && words="{commands}"
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [ ${{#COMPREPLY[@]}} = 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}}
complete -o filenames -F _finley finley
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n"


def script(shell: str) -> str:
    """Return the script for bash, zsh or fish."""
    words = _words()
    if shell == "fish":
        return _fish(words)
    cases = "\n".join(f'        {name}) words="{" ".join(of)}" ;;' for name, of in words.items())
    text = BASH.format(cases=cases, commands=" ".join(words))
    return ZSH + text if shell == "zsh" else text


def _words() -> dict[str, list[str]]:
    """Return the words that may follow each command: its options, and the questions of `ask`."""
    (action,) = (item for item in parser()._actions if isinstance(item, argparse._SubParsersAction))
    words: dict[str, list[str]] = {}
    for name, command in action.choices.items():
        options = [option for item in command._actions for option in item.option_strings]
        choices = [str(choice) for item in command._actions for choice in item.choices or ()]
        words[name] = [*options, *choices, *(QUESTIONS if name == "ask" else ())]
    return words


def _fish(words: dict[str, list[str]]) -> str:
    lines = [f"complete -c finley -n __fish_use_subcommand -f -a '{' '.join(words)}'"]
    for name, of in words.items():
        here = f"__fish_seen_subcommand_from {name}"
        lines.append(f"complete -c finley -n '{here}' -a '{' '.join(of)}'")
    return "\n".join(lines) + "\n"
