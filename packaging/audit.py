"""A lock file in, the known vulnerabilities of what it pins out: `python packaging/audit.py LOCK`.

pip-audit asks an index for them. Exit status 1 where there is one. Where the service cannot be
reached, or does not know the packages (a mirror of an index has no advisories), that is said and is
no failure: nothing has been audited then, which is not the same as nothing found.
"""

from __future__ import annotations

import json
import subprocess
import sys


def told(output: str) -> tuple[int, str]:
    """Exit status and what to say of pip-audit's JSON; of none of it, that it was not reached."""
    try:
        packages = json.loads(output)["dependencies"]
    except ValueError:
        return 0, "the vulnerability service is not reachable: not audited"
    found = [
        f"{package['name']} {package['version']}: {one['id']}"
        f" (mended in {', '.join(one['fix_versions']) or 'no release'})"
        for package in packages
        for one in package.get("vulns", ())
    ]
    skipped = sum("skip_reason" in package for package in packages)
    if skipped == len(packages):
        return 0, "the vulnerability service is not reachable: not audited"
    unasked = f", {skipped} that the service does not know" if skipped else ""
    found.append(f"{len(packages) - skipped} packages audited{unasked}")
    return int(len(found) > 1), "\n".join(found)


def main(lock: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "-r", lock, "--disable-pip", "-f", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        output = done.stdout
    except subprocess.TimeoutExpired:
        output = ""
    status, words = told(output)
    print(words)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
