"""Check a tiny traced workload for the right findings, or raise: the part of the benchmarks run in
CI.

Times are ignored. The workload says which sockets it bound early; both ways of counting must agree,
with one job and with the default, with Hyperscan and without.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import bench
import traces
import yardsticks


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name in traces.KINDS:
            traces.trace_workload(Path(directory), name, rounds=30, threads=3)
            trace = traces.load(Path(directory), name)
            for work in [*yardsticks.text_tools(trace.path), *bench.ours(trace.path)]:
                done = subprocess.run(work.command, capture_output=True, check=False)
                assert done.returncode in (0, 1), f"{work.name}: {done.stderr.decode()[-400:]}"
            for options in ((), bench.ONE_JOB, ("--strict",)):
                bench.right(trace, *options)
            used = sum(trace.truth.values())
            print(f"{name}: {trace.early_binds} early binds of {used} sockets, all found")


if __name__ == "__main__":
    main()
