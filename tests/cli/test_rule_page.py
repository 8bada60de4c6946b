"""docs/writing-rules.md: the rule that it shows works in one file, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from cli.running import ROOT, run

LINGERS = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=30}, 8) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""


def test_the_rule_of_the_page_works_as_it_stands_there(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "writing-rules.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, re.S)
    assert found is not None
    file = tmp_path / "long_linger.py"
    file.write_text(found[1])
    assert run("rule", "--test", file).stdout == "long-linger: 2 examples, all as marked\n"
    assert run("--rules", file, "--format", "concise", given=LINGERS).stdout == (
        "<stdin>:4: note: long-linger: process[?] fd 3 -> 192.0.2.7:80\n"
    )
