"""What other programs read of this repository: the GitHub Action, the pre-commit hook, the issue forms, the
container's recipe. Each is checked by its own schema or linter, and what it runs is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from strace_analyzer.cli import main
from strace_analyzer.trace.input.content import COMPRESSED

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
EARLY = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
FIXED = ROOT / "samples" / "erlang25-inets-httpc-40req.strace"
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*-*.yml"))
SCHEMAS = {
    "vendor.github-actions": [ROOT / "action.yml"],
    "vendor.github-issue-forms": [*FORMS, ROOT / ".github" / "ISSUE_TEMPLATE" / "idea.yml"],
    "vendor.github-issue-config": [ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"],
}


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_github_reads_is_as_its_schema_says(schema: str) -> None:
    check = [BIN / "check-jsonschema", "--builtin-schema", schema, *SCHEMAS[schema]]
    done = subprocess.run(check, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(FORMS) == 2


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_report_has_the_line_and_the_version_of_strace(form: Path) -> None:
    fields = [field["attributes"] for field in loaded(form)["body"] if "id" in field]
    asked = " ".join(f"{field['label']} {field.get('description', '')}" for field in fields)
    assert "strace -V" in asked
    assert "redacted" in asked or "replaced" in asked


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = loaded(ROOT / "action.yml")["runs"]["steps"]
    return found


def test_every_script_of_the_action_is_one() -> None:
    scripts = [step["run"] for step in steps() if "run" in step]
    for script in scripts:
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
    assert len(scripts) == 4


def ran(script: str, directory: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """A script of the action, as GitHub runs it, with what its step gives it."""
    env = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(directory / "summary.md"),
        "GITHUB_OUTPUT": str(directory / "output"),
        **given,
    }
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(shell, env=env, cwd=directory, capture_output=True, text=True)


@pytest.mark.live
@pytest.mark.parametrize("status", [0, 3])
def test_what_a_program_did_is_shown_though_it_failed(status: int, tmp_path: Path) -> None:
    (script,) = (step["run"] for step in steps() if step.get("id") == "run")
    done = ran(script, tmp_path, COMMAND=f"exit {status}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text() == f"status={status}\n"
    assert (tmp_path / "strace-analyzer.trace").stat().st_size > 0


@pytest.mark.parametrize(
    ("of_run", "of_check", "status"), [("", "0", 0), ("", "1", 1), ("0", "1", 1), ("3", "1", 3)]
)
def test_the_action_ends_as_the_program_or_else_as_the_gate(
    of_run: str, of_check: str, status: int, tmp_path: Path
) -> None:
    done = ran(steps()[-1]["run"], tmp_path, OF_RUN=of_run, OF_CHECK=of_check)
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize(("trace", "status"), [(EARLY, 1), (FIXED, 0)])
def test_the_action_writes_sarif_and_a_summary_and_ends_as_the_gate_says(
    trace: Path, status: int, tmp_path: Path
) -> None:
    (script,) = (step["run"] for step in steps() if step.get("id") == "check")
    gate = loaded(ROOT / "action.yml")["inputs"]["fail-on"]["default"]
    sarif = str(tmp_path / "found.sarif")
    done = ran(script, tmp_path, TRACES=str(trace), FAIL_ON=gate, SARIF=sarif)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text() == f"status={status}\n"
    assert ("::error " in done.stdout) is (status == 1)
    assert json.loads((tmp_path / "found.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "summary.md").stat().st_size > 100


def test_the_action_looks_at_every_trace_that_it_is_given(tmp_path: Path) -> None:
    (script,) = (step["run"] for step in steps() if step.get("id") == "check")
    gate = loaded(ROOT / "action.yml")["inputs"]["fail-on"]["default"]
    for between in ("\n", "  ", "\n\n"):
        traces = f"{FIXED}{between}{EARLY}{between}"
        ran(script, tmp_path, TRACES=traces, FAIL_ON=gate, SARIF=str(tmp_path / "found.sarif"))
    assert (tmp_path / "output").read_text() == "status=1\n" * 3


def test_the_hook_looks_at_traces_and_fails_on_an_early_bind() -> None:
    (hook,) = loaded(ROOT / ".pre-commit-hooks.yaml")
    assert {"id", "name", "entry", "language", "files"} <= set(hook)
    program, *arguments = shlex.split(hook["entry"])
    assert program == "strace-analyzer"
    for suffix in ("", *(f".{name}" for name in COMPRESSED)):
        assert re.search(hook["files"], f"traces/a.strace{suffix}"), suffix
    assert not re.search(hook["files"], "strace_analyzer/strace.py")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = " ".join(name for some in project["optional-dependencies"].values() for name in some)
    assert [name for name in hook["additional_dependencies"] if name not in extras] == []
    assert main([*arguments, str(FIXED)]) == 0
    assert main([*arguments, str(EARLY)]) == 1


def test_the_container_is_built_by_the_book_and_does_not_run_as_root() -> None:
    recipe = ROOT / "packaging" / "Containerfile"
    done = subprocess.run([BIN / "hadolint", recipe], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    lines = recipe.read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["1000"]
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--" not in line]
    assert [name for names in copied for name in names if not (ROOT / name).exists()] == []
