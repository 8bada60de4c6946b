"""A shell's name -> its completion script, printed: `make generated` keeps the three in packaging/.

They are typer's own, which ask the program itself what can follow. Takes `bash`, `zsh` or `fish`.
"""

from __future__ import annotations

import sys

from command_line import TOOL
from typer.completion import get_completion_script  # type: ignore[attr-defined]

VARIABLE = f"_{TOOL.replace('-', '_').upper()}_COMPLETE"


def script(shell: str) -> str:
    """What the shell has to read."""
    made = get_completion_script(prog_name=TOOL, complete_var=VARIABLE, shell=shell)
    if shell == "zsh":  # in $fpath the file is the body of a function, which is to be called too
        made = made.replace(f"\ncompdef {name(TOOL)} {TOOL}", f"\n{name(TOOL)}")
    return made + "\n"


def name(tool: str) -> str:
    """The function that typer makes."""
    return f"_{tool.replace('-', '_')}_completion"


if __name__ == "__main__":
    print(script(sys.argv[1]), end="")
