"""A shell's name -> its completion script, printed: `make generated` keeps the three in packaging/.

They are typer's own, which ask the program itself what can follow. Those know `--format js` but not
`--format=js`, so the shell hands the latter to the program as two words. Takes `bash`, `zsh` or
`fish`.
"""

from __future__ import annotations

import re
import sys

from command_line import TOOL
from typer.completion import get_completion_script  # type: ignore[attr-defined]

NAME = TOOL.replace("-", "_")
VARIABLE = f"_{NAME.upper()}_COMPLETE"
FUNCTION = f"_{NAME}_completion"
"""As typer names it."""

BASH_WORDS = """
    # bash splits --option=value at the "=", into three words
    local word words=()
    for word in "${COMP_WORDS[@]:0:COMP_CWORD}"; do
        [ "$word" = = ] || words+=("$word")
    done
    word="${COMP_WORDS[COMP_CWORD]}"
    words+=("${word#=}")
"""
ZSH_WORDS = """
  local typed="${words[1,$CURRENT]}"
  if [[ "$PREFIX" == --*=* ]]; then
    typed="${words[1,$CURRENT-1]} ${PREFIX%%=*} ${PREFIX#*=}"
    compset -P '*='
  fi
"""
ZSH_EVAL = f"""\
  local answer="$(env _TYPER_COMPLETE_ARGS="$typed" {VARIABLE}=complete_zsh {TOOL})"
  eval "${{answer//\\'\\'/'\\''}}"  # typer doubles an apostrophe, which leaves none of it
"""
FISH = """\
function __{name}_complete --argument-names action
    set -l before (commandline -cp)
    set -l option (string match --regex -- '^--[^=]+=' (commandline -ct))
    if set -q option[1]  # fish wants --option=value back in one word
        set before (string replace --regex -- '=([^=]*)$' ' $1' "$before")
    end
    env {variable}=complete_fish _TYPER_COMPLETE_FISH_ACTION=$action \\
        _TYPER_COMPLETE_ARGS="$before" {tool} | string replace --regex -- '^' "$option"
    return $pipestatus[1]
end

complete --command {tool} --no-files --arguments "(__{name}_complete get-args)" \\
    --condition "__{name}_complete is-args"
"""


def script(shell: str) -> str:
    """What the shell has to read."""
    if shell == "fish":
        return FISH.format(name=NAME, variable=VARIABLE, tool=TOOL)
    made = get_completion_script(prog_name=TOOL, complete_var=VARIABLE, shell=shell) + "\n"
    if shell == "zsh":
        made = replaced(made, f"{FUNCTION}() {{\n", ZSH_WORDS.lstrip("\n"))
        made = re.sub(r"^  eval .*\n", lambda _: ZSH_EVAL, made, flags=re.M)
        # in $fpath the file is the body of a function, which is to be called too
        return made.replace(f"\ncompdef {FUNCTION} {TOOL}", f"\n{FUNCTION}")
    made = replaced(made, "    local IFS=$'\n'\n", BASH_WORDS.lstrip("\n"))
    made = made.replace("${COMP_WORDS[*]}", "${words[*]}")
    return made.replace("COMP_CWORD=$COMP_CWORD", "COMP_CWORD=$((${#words[@]} - 1))")


def replaced(text: str, behind: str, more: str) -> str:
    """`text` with `more` behind the one place that is `behind`."""
    before, found, after = text.partition(behind)
    assert found, text
    return before + found + more + after


if __name__ == "__main__":
    print(script(sys.argv[1]), end="")
