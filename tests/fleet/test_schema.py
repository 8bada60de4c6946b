"""`check --merged --format json` is what docs/merged-schema.json says, field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from strace_analyzer.cli import main

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "merged-schema.json").read_text())
TABLES = [
    name for name, part in SCHEMA["properties"].items() if "items" in part and name != "redacted"
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("logs")
    (place / "20261129.notes").write_text("no trace\n")
    dated = place / "20261129.strace"
    dated.write_text((ROOT / "samples" / "ssh-b-any.strace").read_text())
    samples = sorted(map(str, (ROOT / "samples").glob("*.strace")))
    out = place / "out.json"
    words = ["check", "--merged", "--format", "json", "-o", str(out), "--jobs", "1"]
    assert main([*words, *samples, str(dated), str(place / "20261129.notes")]) == 2
    return json.loads(out.read_text())


def test_it_is_valid_and_has_rows_in_every_table(report: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(report, SCHEMA)
    assert [name for name in TABLES if not report[name]] == []


@pytest.mark.parametrize("name", TABLES)
def test_a_field_that_is_not_described_is_not_valid(name: str, report: Any) -> None:
    changed = json.loads(json.dumps(report))
    changed[name][0]["new"] = 1
    with pytest.raises(jsonschema.ValidationError, match="'new' was unexpected"):
        jsonschema.validate(changed, SCHEMA)


def test_every_field_has_a_word() -> None:
    for name in TABLES:
        fields = SCHEMA["properties"][name]["items"]["properties"]
        assert all(field["description"] for field in fields.values())
