"""`python -m strace_analyzer` is `strace-analyzer`."""

from __future__ import annotations

import sys

from strace_analyzer.cli import main

if __name__ == "__main__":
    sys.exit(main())
