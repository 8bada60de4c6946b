"""Starts strace, gives its process; asks beforehand, with a program that does nothing, whether
it can."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from strace_analyzer.live.refusals import TracingError, explain, strace_path
from strace_analyzer.machine.facts import Facts, of_this_machine
from strace_analyzer.strace_command import strace_command

_PR_SET_PDEATHSIG = 1
_LAST_WORDS = 5.0
"""seconds that strace gets to detach before it is ended with force"""
_SECONDS_TO_TRY = 30.0

_OF_OUR_OWN = (
    "--output",
    "--attach",
    "--daemonize",
    "-ff",
    "-c",
    "-C",
    "-h",
    "-V",
)
"""options that would take the trace away from us"""
_HIDING = ("-e", "-z", "-Z", "-P", "-b", "--trace", "--status", "--failed", "--successful")
"""options after which not all that matters is shown, or perhaps not"""


def check_options(options: Sequence[str]) -> None:
    """Raises TracingError for an option of the user's own that cannot be combined with ours."""
    for option in options:
        if option.split("=")[0] in _OF_OUR_OWN or option.startswith(("-o", "-p", "-D")):
            raise TracingError(
                f"--strace-option {option}: strace-analyzer needs that one for itself"
            )


def show_everything(options: Sequence[str]) -> bool:
    """True if the user's own `options` take nothing away from what our options show."""
    return not any(option.startswith(_HIDING) for option in options)


def run_command(
    program: Sequence[str], output: str, *, stacks: bool, lean: bool, more: Sequence[str]
) -> list[str]:
    """The command line that traces `program` here, tried out on a program that does nothing.

    An old strace, or a kernel without seccomp, does without --seccomp-bpf: the trace is the same.
    Raises TracingError if strace is missing, may not trace, or does not know an option.
    """
    strace = strace_path()
    said: list[str] = []
    for seccomp in (True, False):
        trial = strace_command(
            program=[shutil.which("true") or "true"],
            output=os.devnull,
            stacks=stacks,
            seccomp=seccomp,
            lean=lean,
            more=more,
        )
        status, said = _tried([strace, *trial[1:]])
        is_about_seccomp = seccomp and any("seccomp" in line for line in said)
        if status == 0 and not is_about_seccomp:
            words = strace_command(
                program=program,
                output=output,
                stacks=stacks,
                seccomp=seccomp,
                lean=lean,
                more=more,
            )
            return [strace, *words[1:]]
        if not is_about_seccomp:
            break
    raise TracingError(explain(said))


def _tried(words: Sequence[str]) -> tuple[int, list[str]]:
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_SECONDS_TO_TRY,
        )
    except subprocess.TimeoutExpired as late:
        raise TracingError("strace hangs on a program that does nothing") from late
    return done.returncode, done.stderr.decode(errors="replace").splitlines()


def start_attached(words: Sequence[str]) -> subprocess.Popen[bytes]:
    """strace on running processes: in a session of its own, so that Ctrl-C reaches us alone and
    we tell it to detach; it is told so too if we die."""
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


@contextmanager
def ended(strace: subprocess.Popen[bytes]) -> Iterator[int]:
    """A descriptor that becomes readable when `strace` has ended: a pidfd for kernels before
    5.3."""
    reading, writing = os.pipe()

    def wait() -> None:
        strace.wait()
        os.close(writing)

    threading.Thread(target=wait, daemon=True).start()
    try:
        yield reading
    finally:
        os.close(reading)


def end_attached(strace: subprocess.Popen[bytes]) -> None:
    """Let strace detach and end; with force if it does not, which detaches too (ptrace(2))."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if strace.poll() is not None:
            return
        strace.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            strace.wait(_LAST_WORDS)


def facts(options: Sequence[str]) -> Facts:
    """What is kept of this machine at the head of a trace: its ports, kernel, strace and the
    time; and whether the user's own `options` hide nothing."""
    said = subprocess.run([strace_path(), "-V"], capture_output=True, text=True).stdout
    return of_this_machine(
        strace=said.partition("\n")[0].rpartition(" ")[2],
        date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        shown="all" if show_everything(options) else "in part",
    )
