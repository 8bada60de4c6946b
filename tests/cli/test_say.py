"""What is said on standard error."""

from __future__ import annotations

from pathlib import Path

from cli.running import SSH, run


def test_the_name_of_a_directory_cannot_command_the_terminal(tmp_path: Path) -> None:
    there = tmp_path / "a\x1b[2Jb"
    there.mkdir()
    (there / "strace-analyzer.toml").write_text('level = "note"\n')
    there.chmod(0o777)
    done = run("check", SSH, cwd=there)
    assert "\x1b" not in done.stderr
    assert "a\\x1b[2Jb/strace-analyzer.toml is not used: others can write to " in done.stderr
