"""Who imports whom, and what `import strace_analyzer` costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import strace_analyzer as sa

ROOT = Path(__file__).resolve().parents[2]


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that are loaded after the statement ran in a fresh interpreter."""
    program = (
        f"{statement}\nimport json, sys\nprint(json.dumps([m.split('.')[0] for m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_the_package_loads_neither_tables_nor_the_command_line() -> None:
    loaded = loaded_by("import strace_analyzer")
    assert "strace_analyzer" in loaded
    assert loaded.isdisjoint({"pandas", "numpy", "typer", "click", "rich"})


def test_the_main_job_loads_no_tables() -> None:
    statement = "\n".join(
        [
            "import io, contextlib",
            "from strace_analyzer.cli import main",
            "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):",
            "    main(['check', 'samples/ssh-b-any.strace'])",
        ]
    )
    assert loaded_by(statement).isdisjoint({"pandas", "numpy"})


def test_public_names_are_there() -> None:
    promised = {
        "Analysis",
        "Analyzer",
        "Clean",
        "Confidence",
        "Event",
        "Finding",
        "Flagged",
        "Foreign",
        "Level",
        "Rule",
        "Step",
        "TraceError",
        "Unparsed",
        "analyze",
        "frames",
        "parse",
    }
    assert promised <= set(sa.__all__)
    assert [name for name in sa.__all__ if getattr(sa, name, None) is None] == []
