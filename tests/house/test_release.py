"""What is released is what its tag says: pyproject.toml, CHANGELOG.md, the commit and the archives."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n- A change.\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One that may be released as v1.2.0."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / ".gitignore").write_text("/dist/\n")
    git(tmp_path, "init", "-q")
    tag(tmp_path)
    build(tmp_path, "1.2.0")
    return tmp_path


def git(root: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def tag(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "a")
    git(root, "tag", "-f", "-a", "v1.2.0", "-m", "a")


def build(root: Path, version: str) -> None:
    """Archives that have nothing but their metadata."""
    (root / "dist").mkdir(exist_ok=True)
    metadata = f"Metadata-Version: 2.4\nName: a\nVersion: {version}\n"
    with zipfile.ZipFile(root / "dist" / f"a-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"a-{version}.dist-info/METADATA", metadata)
    with tarfile.open(root / "dist" / f"a-{version}.tar.gz", "w:gz") as sdist:
        member = tarfile.TarInfo(f"a-{version}/PKG-INFO")
        member.size = len(metadata)
        sdist.addfile(member, io.BytesIO(metadata.encode()))


def said(root: Path, tag: str = "v1.2.0") -> tuple[int, list[str]]:
    command = [sys.executable, ROOT / "packaging" / "release.py", tag]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_where_all_agree_it_may_be_uploaded(checkout: Path) -> None:
    assert said(checkout) == (0, ["dist/ is v1.2.0: push the tag, and upload it"])


def test_the_tag_is_the_version(checkout: Path) -> None:
    git(checkout, "tag", "v1.3.0")
    assert said(checkout, "v1.3.0") == (
        1,
        ["pyproject.toml: the version is 1.2.0, which is tagged v1.2.0, not v1.3.0"],
    )


@pytest.mark.parametrize(
    ("replaced", "by", "complaint"),
    [
        ("## [1.2.0] - 2026-12-01", "## [1.2.0]", "1.2.0 has no date"),
        (
            "## [1.2.0]",
            "## [1.1.0]",
            "Unreleased, then 1.2.0 should come first, not Unreleased, 1.1.0",
        ),
        (
            "## [Unreleased]",
            "## [Unreleased]\n\n- Another.",
            "what stands under Unreleased is part of 1.2.0, or not released",
        ),
    ],
)
def test_the_changelog_has_the_version(
    checkout: Path, replaced: str, by: str, complaint: str
) -> None:
    (checkout / "CHANGELOG.md").write_text(CHANGELOG.replace(replaced, by))
    tag(checkout)
    assert said(checkout) == (1, [f"CHANGELOG.md: {complaint}"])


def test_the_tag_is_what_is_checked_out(checkout: Path) -> None:
    git(checkout, "commit", "-q", "--allow-empty", "-m", "b")
    (checkout / "new").touch()
    assert said(checkout) == (
        1,
        [
            "git: the checkout has changes that are not committed",
            "git: v1.2.0 is not the commit that is checked out",
        ],
    )
    (checkout / "new").unlink()
    git(checkout, "tag", "-d", "v1.2.0")
    assert said(checkout) == (1, ["git: there is no tag v1.2.0"])


def test_archives_of_another_version_are_not_uploaded(checkout: Path) -> None:
    build(checkout, "1.1.0")
    assert said(checkout) == (
        1,
        [
            "dist/: 2 wheels and 2 sdists, where one of each is released",
            "dist/a-1.1.0-py3-none-any.whl: built as 1.1.0, not 1.2.0",
            "dist/a-1.1.0.tar.gz: built as 1.1.0, not 1.2.0",
        ],
    )
