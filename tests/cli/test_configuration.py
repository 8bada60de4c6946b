"""The configuration file: where it is found, whose it must be, what it says, what is wrong with
it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cli.running import COMMAND, SSH, environment, run

from strace_analyzer.cli import main
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
    )
    assert configuration(tmp_path) == Configuration(port_range=(40000, 40099), autobind_reuse=True)


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
        "strace-analyzer: level 'warnings': not one of note, warning, error; did you mean "
        "'warning'?\n",
    )


PLANTED = """
open(r"{proof}", "w").close()
"""
"""Python that shows that it ran"""
NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make another user's file")


class Place:
    """A directory with a configuration file whose rules would leave a trace, were they run."""

    def __init__(self, scratch: Path, name: str = "strace-analyzer.toml") -> None:
        self.directory = scratch / "place"
        self.directory.mkdir()
        self.proof = scratch / "it-ran"
        self.rules = self.directory / "planted.py"
        self.rules.write_text(PLANTED.format(proof=self.proof))
        self.file = self.directory / name
        head = "[tool.strace-analyzer]\n" if name == "pyproject.toml" else ""
        self.file.write_text(f'{head}rules = ["planted.py"]\nfail-on = "never"\n')

    def ran(self, *words: str) -> tuple[int, bool]:
        """The exit status, and whether its rules ran."""
        status = main(list(words))
        return status, self.proof.exists()


@pytest.fixture(params=["strace-analyzer.toml", "pyproject.toml"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path, request.param)
    monkeypatch.chdir(made.directory)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return made


GATED = ("--fail-on", "note", str(SSH))


def test_rules_of_a_file_that_was_only_found_do_not_run(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.ran(str(SSH)) == (0, False)
    said = capsys.readouterr().err
    assert said == (
        f"strace-analyzer: the rules of {place.file} are not run; to run them: "
        f"--config {place.file}\n"
    )


def test_rules_of_a_file_that_was_named_run(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.ran("--config", place.file.name, str(SSH)) == (2, True)
    assert "no rule in it" in capsys.readouterr().err


@needs_root
@pytest.mark.parametrize("whose", ["file", "directory"])
@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("words", [GATED, ("rules",), ("ports", str(SSH))])
def test_another_user_s_file_is_not_used(
    place: Place,
    whose: str,
    below: bool,
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever the user is below it: neither its rules nor what it says of the gate."""
    theirs = place.file if whose == "file" else place.directory
    os.chown(theirs, NOBODY, NOBODY)
    if below:
        (place.directory / "a").mkdir()
        monkeypatch.chdir(place.directory / "a")
    status, ran = place.ran(*words)
    assert (status, ran) == (1 if words is GATED else 0, False)
    said = capsys.readouterr().err
    assert said == f"strace-analyzer: {place.file} is not used: {theirs} belongs to nobody\n"


@needs_root
@pytest.mark.parametrize("whose", ["file", "directory", "rules"])
def test_rules_that_another_user_can_change_do_not_run_even_where_the_file_is_named(
    place: Place, whose: str, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = {"file": place.file, "directory": place.directory, "rules": place.rules}[whose]
    os.chown(theirs, NOBODY, NOBODY)
    assert place.ran("--config", str(place.file), str(SSH)) == (2, False)
    assert capsys.readouterr().err == (
        f"strace-analyzer: {place.file}: its rules are not run: {theirs} belongs to nobody\n"
    )


@pytest.mark.parametrize("mode", [0o777, 0o722, 0o1777])
def test_who_can_write_to_the_directory_could_have_put_the_file_there(
    place: Place, mode: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sticky directory (/tmp) is left out: what belongs to the user there is the user's."""
    place.directory.chmod(mode)
    is_sticky = mode == 0o1777
    assert place.ran("--fail-on", "note", str(SSH)) == (1, False)
    said = capsys.readouterr().err
    refused = f"{place.file} is not used: others can write to {place.directory}"
    assert (refused in said) is not is_sticky


def test_a_file_that_others_can_write_does_not_decide_the_gate(tmp_path: Path) -> None:
    file = tmp_path / "strace-analyzer.toml"
    file.write_text('fail-on = "never"\n')
    for mode, rule in ((0o644, ("never",)), (0o646, ()), (0o666, ())):
        file.chmod(mode)
        assert configuration(tmp_path).fail_on == rule


def test_a_link_is_as_trusted_as_its_way(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    (tmp_path / "safe.toml").write_text('fail-on = "never"\n')
    (open_to_all / "between").symlink_to(tmp_path / "safe.toml")
    here = tmp_path / "here"
    here.mkdir()
    (here / "strace-analyzer.toml").symlink_to("../open/between")
    assert configuration(here) == Configuration()
    (here / "strace-analyzer.toml").unlink()
    (here / "strace-analyzer.toml").symlink_to("../safe.toml")
    assert configuration(here).fail_on == ("never",)


def test_the_user_s_own_file_counts_below_what_the_project_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    own = tmp_path / "config" / "strace-analyzer" / "strace-analyzer.toml"
    own.parent.mkdir(parents=True)
    (own.parent / "mine.py").write_text("")
    own.write_text('rules = ["mine.py"]\nlevel = "warning"\nfail-on = "error"\n')
    project = tmp_path / "project"
    project.mkdir()
    (project / "strace-analyzer.toml").write_text('fail-on = "note"\n')
    assert configuration(project) == Configuration(
        level="warning", fail_on=("note",), rules=(own.parent / "mine.py",)
    )
    assert configuration(project, project / "strace-analyzer.toml") == Configuration(
        fail_on=("note",)
    )


def test_a_file_that_was_named_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(tmp_path / "none.toml"), str(SSH)]) == 2
    assert capsys.readouterr().err == (
        f"strace-analyzer: {tmp_path}/none.toml: No such file or directory\n"
    )


@pytest.mark.parametrize(
    "words", [[SSH], ["sockets", SSH], ["ports", SSH], ["rules"], ["check", SSH, "-o", "OUT"]]
)
def test_a_current_directory_that_was_removed_has_none(
    words: list[str | Path], tmp_path: Path
) -> None:
    words = [tmp_path / "report" if word == "OUT" else word for word in words]
    script = 'mkdir gone; cd gone; rmdir ../gone; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, *words],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout or (tmp_path / "report").stat().st_size
