"""A tag and built archives in, what contradicts the tag out: `python packaging/release.py TAG`.

Run in the root of the checkout that is to be released. The version is written once, in
pyproject.toml, so that an archive can be built without git; the tag, CHANGELOG.md, the commit and
the archives in dist/ have to agree with it. Exit status 1 where one does not, each on a line.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

_ENTRY = re.compile(r"^## \[([^]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$", re.M)
"""`## [1.2.0] - 2026-12-01` in CHANGELOG.md: the version, and the day."""


def contradictions(root: Path, tag: str) -> Iterator[str]:
    """What does not fit `tag` (`v1.2.0`) in the checkout at `root`, a line each."""
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{version}":
        yield f"pyproject.toml: the version is {version}, which is tagged v{version}, not {tag}"
    yield from _in_changelog((root / "CHANGELOG.md").read_text(), version)
    yield from _in_git(root, tag)
    yield from _in_archives(root / "dist", version)


def _in_changelog(text: str, version: str) -> Iterator[str]:
    entries = list(_ENTRY.finditer(text))
    names = [entry[1] for entry in entries[:2]]
    if names != ["Unreleased", version]:
        yield f"CHANGELOG.md: Unreleased, then {version} should come first, not {', '.join(names)}"
        return
    if not entries[1][2]:
        yield f"CHANGELOG.md: {version} has no date"
    if text[entries[0].end() : entries[1].start()].strip():
        yield f"CHANGELOG.md: what stands under Unreleased is part of {version}, or not released"


def _in_git(root: Path, tag: str) -> Iterator[str]:
    if _git(root, "status", "--porcelain"):
        yield "git: the checkout has changes that are not committed"
    tagged = _git(root, "rev-parse", "--quiet", "--verify", f"refs/tags/{tag}^{{commit}}")
    if not tagged:
        yield f"git: there is no tag {tag}"
    elif tagged != _git(root, "rev-parse", "HEAD"):
        yield f"git: {tag} is not the commit that is checked out"


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True).stdout.strip()


def _in_archives(dist: Path, version: str) -> Iterator[str]:
    wheels, sdists = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sdists) != 1:
        yield f"dist/: {len(wheels)} wheels and {len(sdists)} sdists, where one of each is released"
    for archive in (*wheels, *sdists):
        inside = HeaderParser().parsestr(_metadata(archive))["Version"]
        if inside != version:
            yield f"dist/{archive.name}: built as {inside}, not {version}"


def _metadata(archive: Path) -> str:
    """The metadata of a wheel (`.dist-info/METADATA`) or an sdist (`PKG-INFO`)."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
            return wheel.read(name).decode()
    with tarfile.open(archive) as sdist:
        file = sdist.extractfile(f"{archive.name.removesuffix('.tar.gz')}/PKG-INFO")
        assert file is not None
        return file.read().decode()


def main(tag: str) -> int:
    """Exit status; prints what contradicts, or what may be uploaded."""
    found = list(contradictions(Path.cwd(), tag))
    print("\n".join(found) or f"dist/ is {tag}: push the tag, and upload it")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
