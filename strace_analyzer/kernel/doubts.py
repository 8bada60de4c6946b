"""All doubts there can be about a trace: code, meaning, consequence and remedy.

A doubt reaches the report as an entry of `unknown` (once per process), as a warning (once per
trace), or as the reason why a finding is only probable; the code is the same in all three.

It is long because it is one list, without logic.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Effect(StrEnum):
    """What a doubt does to the result."""

    MISS = "may-miss"
    """findings may be missing: nothing found is no all-clear"""
    OVERREPORT = "may-overreport"
    """findings may be harmless"""
    LOWER = "lowers-confidence"


class Question(NamedTuple):
    """What a doubt leaves open about a finding: which calls would answer it, what they would tell,
    and what the answer could change."""

    calls: str
    asks: str
    harmless: str = ""


AGAIN = "take it again with: {command}"
"""`{command}` is the strace command line that hides nothing."""
FOLLOW = "give all lines (or all files of -ff), or follow threads and children (-f): {command}"
WHOLE = f"give the whole trace, or {AGAIN}"
LOOK = (
    "look at the lines: where the text was edited, folded or quoted on its way, give the original;"
    f" or {AGAIN}"
)
COPY = f"copy the file again from where it was taken, or {AGAIN}"
AS_FILE = "save the trace to a file and check that, or take the stream with --strict"
READABLE = "give the file that strace wrote, or leave this one out"
TO_ITS_END = "read it to its end: strace-analyzer TRACE"


class Doubt(StrEnum):
    """Something that a trace does not tell. The value is its code in reports.

    `reason` says what is unknown, `effect` what follows, `remedy` what to do (`{command}` stands
    for the strace command line); `question` is asked about a finding that the doubt makes probable.
    """

    reason: str
    effect: Effect
    remedy: str
    question: Question | None

    def __new__(
        cls,
        code: str,
        reason: str,
        effect: Effect = Effect.MISS,
        remedy: str = AGAIN,
        question: Question | None = None,
    ) -> Doubt:
        member = str.__new__(cls, code)
        member._value_ = code
        member.reason = reason
        member.effect = effect
        member.remedy = remedy
        member.question = question
        return member

    # what a process's calls leave open

    IO_URING = (
        "io-uring",
        "io_uring was set up: calls made through it are invisible to strace",
        Effect.MISS,
        "trace the program without io_uring (sysctl kernel.io_uring_disabled=2): {command}",
    )
    RECEIVED = (
        "received-descriptor",
        "a descriptor came from another process: its binding is not known",
        Effect.MISS,
        "trace the process that sends it, too: {command}",
        Question("recvmsg", "which socket was received?", "it may be another one"),
    )
    PASSED = (
        "passed-descriptor",
        "a bound socket was passed to another process: its connect may be there",
        Effect.MISS,
        "trace the process that receives it, too: {command}",
        Question("sendmsg", "who connected the socket?", "it may not have been connected"),
    )
    UNDECODED = (
        "undecoded-address",
        "the address of this bind() or connect() cannot be read: strace did not decode it, or the "
        "text was edited",
        Effect.MISS,
        AGAIN,
        Question("addresses", "which address and port?", "another one would be harmless"),
    )
    OLDER = (
        "older-socket",
        "connect() on a socket older than the trace: it may have been bound early",
        Effect.MISS,
        AGAIN,
        Question("socket", "TCP or UDP? its socket() is not shown", "UDP would be harmless"),
    )
    OLDER_BIND = (
        "older-bind",
        "the bind() of this socket is older than the trace",
        Effect.LOWER,
        AGAIN,
        Question("bind", "which port did it ask for?", "an explicit one would be harmless"),
    )
    BIND_HIDDEN = (
        "bind-hidden",
        "a socket had a port that connect() did not give it, and no bind() of it is in the trace",
    )
    CONNECT_HIDDEN = (
        "connect-hidden",
        "data moved on a socket whose connect() is not in the trace",
        Effect.MISS,
        AGAIN,
        Question("connect", "was it connected?", "then its port was used"),
    )
    PAIRING = (
        "pairing",
        "it is not certain which clone() made this task, and so which descriptors it has",
        Effect.MISS,
        AGAIN,
        Question("clone", "which clone made this task?", "another table is another socket"),
    )
    FD_REUSE = (
        "fd-reuse",
        "this number may have been given to another file unseen",
        Effect.LOWER,
        AGAIN,
        Question("close, dup", "is it the same socket?", "a reused number would be harmless"),
    )
    RELEASE_UNCLEAR = (
        "release-unclear",
        "whether the failed connect() gave the port back is not known",
        Effect.OVERREPORT,
        AGAIN,
        Question("times", "did the failed connect give the port back?", "then it was harmless"),
    )
    NO_COMMON_CLOCK = (
        "no-common-clock",
        "the files of this trace share no clock: which of two threads used a socket first is not "
        "known",
        Effect.LOWER,
        AGAIN,
        Question("times", "which thread came first?", "another socket may have been meant"),
    )
    RULE_FAILED = (
        "rule-failed",
        "a rule raised an error here: it may have missed findings",
        Effect.MISS,
        "fix the rule, or leave it out",
    )

    # lines and tasks that are missing

    OWN_FAULT = (
        "own-fault",
        "strace-analyzer failed here by a fault of its own: what these lines show is not in the "
        "report",
        Effect.MISS,
        "report the fault, with the line that standard error names",
    )

    UNREAD = (
        "unread-line",
        "a line that can decide was not understood",
        Effect.MISS,
        LOOK,
    )
    MOSTLY_UNREAD = (
        "mostly-unread",
        "most lines of calls were not understood",
        Effect.MISS,
        LOOK,
    )
    NOT_FOLLOWED = (
        "not-followed",
        "tasks were made here that say nothing in this trace",
        Effect.MISS,
        FOLLOW,
    )
    LET_GO = (
        "let-go",
        "strace let a task go at its execve() (-b execve): what the program did then is not in the "
        "trace",
        Effect.MISS,
        f"without -b execve, {AGAIN}",
    )
    ONE_THREAD = (
        "one-thread",
        "this is the part of one thread or child: what its parent and the others did is not in it",
        Effect.MISS,
        FOLLOW,
    )
    CHILDREN_APART = (
        "children-not-traced",
        "children of the traced process were running already, and are not traced",
        Effect.MISS,
        "attach to them too: strace-analyzer attach --tree PID",
    )
    GIVEN_TWICE = (
        "number-given-twice",
        "a descriptor's number was given out again, and its close() is not in the trace: a task "
        "that is not in it may have closed it",
        Effect.MISS,
        FOLLOW,
    )
    IMPOSSIBLE = (
        "impossible-result",
        "a call returned what the kernel never returns for a socket in this state: something that "
        "is not in the trace happened to it",
        Effect.LOWER,
        WHOLE,
    )
    OMITTED = (
        "lines-left-out-by-hand",
        "a line says that others were left out",
        Effect.MISS,
        WHOLE,
    )
    NUMBERS_JUMP = (
        "line-numbers-jump",
        "the line numbers before the lines jump: the lines between are missing",
        Effect.MISS,
        WHOLE,
    )
    NOT_TRACED = (
        "not-traced",
        "strace said that it could not trace a task: what that did is not in the trace",
        Effect.MISS,
        "take the trace as the user who runs the program, or as root: {command}",
    )
    ESCAPED_IN_PART = (
        "escaped-in-part",
        "some lines are escaped as HTML and others are not: the text was put together from pieces",
        Effect.MISS,
        LOOK,
    )
    FOLDED_RESULT = (
        "folded-result",
        "lines were folded, or may have been, where a number stands: a part of one reads like a "
        "whole one, and a descriptor or a pid may be another",
        Effect.MISS,
        "give the text that was not folded: the file itself, or a wider terminal",
    )
    TRUNCATED_START = (
        "truncated-start",
        "the trace begins in the middle of calls: what happened before is not known",
    )
    TRUNCATED_END = (
        "truncated-end",
        "the trace breaks off in the middle of a call or of a line: it goes on",
        Effect.MISS,
        WHOLE,
    )
    HALVES_LOST = (
        "halves-lost",
        "calls of which the trace has only one half: lines were lost or left out",
        Effect.MISS,
        WHOLE,
    )
    REFUSED = ("refused", "this file could not be read", Effect.MISS, READABLE)
    DAMAGED = ("damaged", "the end of this trace is missing", Effect.MISS, COPY)
    INTERRUPTED = ("interrupted", "the trace was not read to its end", Effect.MISS, TO_ITS_END)
    LINES_LEFT_OUT = (
        "lines-left-out",
        "the lines of this stream changed their form: before that, lines that can matter were "
        "skipped",
        Effect.MISS,
        AS_FILE,
    )
    LONG_LINES = (
        "long-lines",
        "lines of over 1 MiB: only the beginning and the end of each was read",
        Effect.MISS,
        "take the trace with a smaller -s: {command}",
    )
    INJECTED = (
        "injected",
        "strace made results up (-e inject): they are no answers of the kernel",
        Effect.LOWER,
        f"without -e inject, {AGAIN}",
    )
    INJECTED_DECIDING = (
        "injected-socket-call",
        "strace made results of socket calls up (-e inject): what the program does with the "
        "kernel's answers is not in this trace",
        Effect.MISS,
        f"without -e inject, {AGAIN}",
    )
    CLOCK = (
        "clock",
        "times in this trace go backwards: how long ports were held is not certain",
        Effect.LOWER,
        AGAIN,
        Question("times", "in which order did the calls happen?"),
    )

    NO_TIMES = (
        "no-times",
        "no times in this trace: levels assume that it lasted less than 60 s, so that every port "
        "that this side closed first was in TIME_WAIT at once",
        Effect.OVERREPORT,
        AGAIN,
        Question(
            "times",
            "did all of it happen within 60 s?",
            "if not, it may be harmless",
        ),
    )

    # what strace's options hid

    DESCRIPTORS_HIDDEN = (
        "descriptor-calls-hidden",
        "no close() in this trace: a descriptor's number may have been used again unseen",
        Effect.LOWER,
        AGAIN,
        Question("close, dup", "is it the same socket?", "a reused number would be harmless"),
    )
    COPIES_HIDDEN = (
        "copies-hidden",
        "descriptors were copied by calls that this trace does not show (dup, fcntl, fork): which "
        "socket a number stands for is not certain",
        Effect.LOWER,
    )
    SOCKET_HIDDEN = (
        "socket-hidden",
        "no socket() in this trace: whether a socket is TCP or UDP is known only where -yy shows "
        "it",
        Effect.LOWER,
    )
    OPTIONS_HIDDEN = (
        "setsockopt-hidden",
        "no setsockopt() in this trace: IP_BIND_ADDRESS_NO_PORT, which makes the bind harmless, "
        "would not be seen",
        Effect.OVERREPORT,
        AGAIN,
        Question("setsockopt", "IP_BIND_ADDRESS_NO_PORT set?", "that would be harmless"),
    )
    OPTION_UNSEEN = (
        "no-port-unseen",
        "-yy shows no port of a bound socket where it does of others: IP_BIND_ADDRESS_NO_PORT, "
        "which makes the bind harmless, was set unseen",
        Effect.OVERREPORT,
        AGAIN,
        Question("setsockopt", "IP_BIND_ADDRESS_NO_PORT set?", "that would be harmless"),
    )
    CLOEXEC_HIDDEN = (
        "close-on-exec-hidden",
        "no ioctl() or no fcntl() in this trace, which change what execve() closes: a program that "
        "was started while a socket was open may have inherited it",
        Effect.LOWER,
        AGAIN,
        Question("ioctl, fcntl", "was FD_CLOEXEC cleared (FIONCLEX, F_SETFD)?"),
    )
    FAILURES_HIDDEN = (
        "failures-hidden",
        "no call in this trace failed: with -z, non-blocking connects and refused connections are "
        "not shown",
        Effect.MISS,
        AGAIN,
        Question("failed calls", "did a connect fail?", "it gives the port back"),
    )
    SUCCESSES_HIDDEN = (
        "successes-hidden",
        "the options of this trace hid every call that succeeded (-Z)",
    )
    ADDRESSES_HIDDEN = (
        "addresses-hidden",
        "the options of this trace hid the addresses of bind() and connect()",
    )
    BOTH_HIDDEN = (
        "bind-and-connect-hidden",
        "the options of this trace hid bind() and connect()",
    )
    SUMMARY = (
        "calls-counted-only",
        "this is the summary of strace -c, which counts the calls and shows none of them",
    )
    COUNTED_MORE = (
        "calls-not-shown",
        "the table of strace -C counts calls that no line shows",
        Effect.MISS,
        WHOLE,
    )
    NO_CALLS = ("no-calls", "this trace shows no call at all")
    KINSHIP = (
        "clone-hidden",
        "no clone() in this trace: tasks are taken for threads of one process, which share their "
        "descriptors",
        Effect.LOWER,
        AGAIN,
        Question("clone", "which process and descriptor table?", "another is another socket"),
    )
