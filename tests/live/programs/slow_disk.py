"""The command line with a slow disk: a third of a second for each 8 KiB."""

import sys
import time

from strace_analyzer.cli import main
from strace_analyzer.trace.input.source import SourceInput

whole = SourceInput.blocks


def slowly(self, size=0, *told):
    for block in whole(self, 1 << 13, *told):
        time.sleep(0.33)
        yield block


SourceInput.blocks = slowly
sys.exit(main())
