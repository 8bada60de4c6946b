"""The script, module or class that an interpreter's command line names: never an argument of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from report.fixtures import process

from strace_analyzer.live.collect import script
from strace_analyzer.rules.words import script_of, shared_by

LINES = [
    ("python3 -I a1.py zz", "a1.py"),
    ("python3 -u -W ignore -X dev /srv/a1.py -m x", "a1.py"),
    ("python3 -Wignore -bIS a.py", "a.py"),
    ("python3 --check-hash-based-pycs always a.py", "a.py"),
    ("python3 -Im http.server 80", "http.server"),
    ("python3 -m http.server 80", "http.server"),
    ("python3 -c code zz", None),
    ("python3 -Ic code zz", None),
    ("python3 - zz", None),
    ("python3 --unheard zz", None),
    ("node --import tsx srv.ts", "srv.ts"),
    ("node --import=tsx -r ./a.js --inspect srv.js", "srv.js"),
    ("node --loader l.mjs --env-file .env -C x srv.js", "srv.js"),
    ("node --max-old-space-size=4096 --no-warnings srv.js", "srv.js"),
    ("node -e code zz", None),
    ("node -p code zz", None),
    ("node --eval=code zz", None),
    ("node --stack-size 4096 srv.js", None),
    ("php -d x=1 a.php", "a.php"),
    ("php -dx=1 -c php.ini -z x.so -e a.php", "a.php"),
    ("php -f a.php zz", "a.php"),
    ("php -S 0.0.0.0:80 -t public router.php", "router.php"),
    ("php -r code zz", None),
    ("ruby -I lib -r json -Ku a.rb", "a.rb"),
    ("ruby -Ilib -rjson -w -C dir a.rb", "a.rb"),
    ("ruby -ne code zz", None),
    ("perl -I lib -MFoo=bar -w a.pl", "a.pl"),
    ("perl -d:NYTProf -T a.pl", "a.pl"),
    ("perl -E code zz", None),
    ("perl -lane code zz", None),
    ("java --module-path m -m mod/cls", "cls"),
    ("java -p m --add-modules x --add-opens a/b=c -jar api.jar zz", "api.jar"),
    ("java -Xmx1g -Dx=y -cp a.jar:b.jar org.x.Main zz", "org.x.Main"),
    ("java --add-opens=a/b=c --add-exports a/b=c --add-reads a=b org.x.Main", "org.x.Main"),
    ("java @options org.x.Main", None),
    ("sh -o pipefail s.sh", "s.sh"),
    ("bash -e s.sh", "s.sh"),
    ("bash -euo pipefail +x -O extglob --norc s.sh zz", "s.sh"),
    ("bash --rcfile rc s.sh", "s.sh"),
    ("bash -ec code zz", None),
    ("bash -s zz", None),
    ("sh -- s.sh", "s.sh"),
    ("curl -I a1.py", None),
]


@pytest.mark.parametrize(("line", "named"), LINES)
def test_the_script_of_a_command_line(line: str, named: str | None) -> None:
    words = line.split()
    assert script_of(words[0], words) == named


@pytest.mark.parametrize(("line", "named"), LINES)
def test_a_fingerprint_is_shared_where_the_words_are_not_shown(
    line: str, named: str | None
) -> None:
    """-s 0 leaves nothing of any word, a shorter -s some of one: then it is of every script."""
    words = line.split()
    ran = process(command=words[0], argv=tuple(words))
    every = "" if words[0] == "curl" else f"every script of {words[0]}"
    assert shared_by(words[0], ran) == ""
    cut = ran._replace(argv_cut=frozenset(range(len(words))))
    assert shared_by(words[0], cut) == every
    assert shared_by(words[0], cut._replace(argv=("",) * len(words))) == every
    assert shared_by(words[0], ran._replace(argv=())) == every
    assert shared_by(words[0], None) == every
    assert shared_by(None, None) == "every program"


def test_an_option_that_is_cut_may_take_the_next_word() -> None:
    words = ["java", "--module...", "m", "org.x.Main"]
    assert script_of("java", words, {1}) is None
    assert script_of("java", ["java", "-Da.b=/o...", "org.x.Main"], {1}) == "org.x.Main"


@pytest.mark.parametrize(
    ("line", "named"), [one for one in LINES if not one[0].startswith(("sh ", "bash "))]
)
def test_the_program_that_collects_names_it_likewise_or_not_at_all(
    line: str, named: str | None, tmp_path: Path
) -> None:
    words = line.split()
    (tmp_path / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
    function = "script() {" + script().partition("\nscript() {")[2].partition("\n}\n")[0] + "\n}\n"
    done = subprocess.run(
        ["sh", "-eu", "-c", f'{function}script "$1" "$2"', "sh", words[0], tmp_path / "cmdline"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said = done.stdout.strip() or None
    assert said in (named, None)
    assert said == named or line in MAY_BE_UNKNOWN_THERE


MAY_BE_UNKNOWN_THERE = {"python3 -Im http.server 80"}
