"""The configuration file: where it is found, what it says, what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.running import SSH, run

from strace_analyzer.cli.configuration import Configuration, configuration
from strace_analyzer.errors import ConfigurationError

OWN = 'rule = ["bind-any-port-zero"]\nfail-on = "note"\nlevel = "warning"\n'


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert configuration(tmp_path) == Configuration()


def test_the_nearest_file_above_counts(tmp_path: Path) -> None:
    (tmp_path / "strace-analyzer.toml").write_text(OWN)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert configuration(below) == Configuration(
        rule=("bind-any-port-zero",), fail_on=("note",), level="warning"
    )
    (tmp_path / "a" / "strace-analyzer.toml").write_text("")
    assert configuration(below) == Configuration()


def test_a_table_in_pyproject_is_as_good(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.strace-analyzer]\nport-range = "40000-40099"\nautobind-reuse = true\n'
        'rules = ["my/rules"]\n'
    )
    assert configuration(tmp_path) == Configuration(
        port_range="40000-40099", autobind_reuse=True, rules=(str(tmp_path / "my" / "rules"),)
    )


def test_a_pyproject_of_something_else_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "strace-analyzer.toml").write_text(OWN)
    inner = tmp_path / "project"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert configuration(inner).level == "warning"


def test_a_broken_pyproject_of_something_else_is_not_our_business(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.ruff\xff")
    assert configuration(tmp_path) == Configuration()


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "strace-analyzer.toml").write_bytes(b"level = '\xff'")
    with pytest.raises(ConfigurationError, match="'utf-8' codec"):
        configuration(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("failon = 'note'", "unknown key 'failon'; did you mean 'fail-on'?"),
        ("level = 3", "level must be text"),
        ("rule = [1]", "rule must be a list of text"),
        ("autobind-reuse = 'yes'", "autobind-reuse must be true or false"),
        ("level = ", "strace-analyzer.toml: Invalid value"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "strace-analyzer.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=message.replace("?", r"\?")):
        configuration(tmp_path)


def test_the_file_is_in_force_and_what_is_typed_goes_before_it(tmp_path: Path) -> None:
    (tmp_path / "strace-analyzer.toml").write_text('fail-on = "note"\n')
    assert run(SSH, cwd=tmp_path).returncode == 1
    assert run(SSH, "--fail-on", "error", cwd=tmp_path).returncode == 0


def test_a_level_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "strace-analyzer.toml").write_text('level = "warnings"\n')
    done = run(SSH, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "strace-analyzer: level 'warnings': no such level; did you mean 'warning'?\n",
    )
