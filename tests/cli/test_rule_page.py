"""docs/writing-rules.md: the rule that it shows works in one file, as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from cli.running import ROOT, SAMPLES, environment, run

LINGERS = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=30}, 8) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""


def blocks() -> list[str]:
    """The rule, and the imports that it has as a built-in one."""
    page = (ROOT / "docs" / "writing-rules.md").read_text()
    return re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)


def rule_of_the_page(directory: Path) -> Path:
    """The rule, in a file of its own."""
    file = directory / "long_linger.py"
    file.write_text(blocks()[0])
    return file


def test_the_rule_of_the_page_works_as_it_stands_there(tmp_path: Path) -> None:
    file = rule_of_the_page(tmp_path)
    assert run("rule", "--test", file).stdout == "long-linger: 5 examples, all as marked\n"
    assert run("--rules", file, "--format", "concise", given=LINGERS).stdout == (
        "<stdin>:4: note: long-linger: process[?] fd 3 -> 192.0.2.7:80\n"
    )


def test_it_is_a_built_in_rule_once_its_imports_are(tmp_path: Path) -> None:
    """In a copy of the package, with the tests that every built-in rule has to pass."""
    rule, imports = blocks()
    shutil.copytree(ROOT / "strace_analyzer", tmp_path / "strace_analyzer")
    shutil.copytree(ROOT / "grammars", tmp_path / "grammars")
    shutil.copy(ROOT / "tests" / "rules" / "test_examples.py", tmp_path)
    own = re.sub(r"^from collections.*?\n\n\n", f"{imports}\n\n", rule, count=1, flags=re.M | re.S)
    (tmp_path / "strace_analyzer" / "rules" / "long_linger.py").write_text(own)
    words = (
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "long-linger",
        "test_examples.py",
    )
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert re.match(r"\.{7} ", done.stdout), done.stdout  # five examples, and two tests of the rule
    assert done.returncode == 0


def test_it_runs_on_a_real_trace_to_its_end(tmp_path: Path) -> None:
    """Sockets that exit() closes come to the rule without a call."""
    done = run("--rules", rule_of_the_page(tmp_path), SAMPLES / "java-bindany.strace")
    assert done.stderr == ""
    assert done.returncode == 1  # its early binds


def test_its_report_speaks_in_the_words_of_the_rule(tmp_path: Path) -> None:
    file = rule_of_the_page(tmp_path)
    report = run("--rules", file, given=LINGERS).stdout
    assert report.startswith(
        "note: the traced program: close() waits because of SO_LINGER\n\n"
        "  The call blocks until everything sent is acknowledged or the time is over.\n\n"
        "  DESTINATION   TIMES  CONNECTED  FD  LINES\n"
        "  192.0.2.7:80      1          1  3   4\n\n"
        "  Fix    Leave SO_LINGER alone; call shutdown() and read to the end.\n\n"
        "  Proof  <stdin>\n"
    )
