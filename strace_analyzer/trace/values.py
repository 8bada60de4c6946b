"""The values of call arguments: one small type for each form that strace prints.

Plain integers (decimal, octal, hexadecimal) are `int`; everything else is one of the types below.
All of them are immutable and compare by value.
"""

from __future__ import annotations

from typing import NamedTuple


class Name(NamedTuple):
    """A symbolic constant or bare word: `AF_INET`, `NULL`, `SIGCHLD`, `61:62:63:64`, a UUID."""

    text: str


class Text(NamedTuple):
    """A quoted string with its escapes decoded; `truncated` when strace printed `"..."...`.

    A character constant, `'Q'`, is a Text of one byte.
    """

    value: bytes
    truncated: bool = False
    abstract: bool = False
    """True for an abstract UNIX name, `@"..."`."""


class Flags(NamedTuple):
    """A set of bits: `SOCK_STREAM|SOCK_CLOEXEC`, `S_IFREG|0644`, `0x1|0x80000`."""

    members: tuple[Value, ...]


class Expression(NamedTuple):
    """Arithmetic that strace left unevaluated: `8192*1024`, `1<<5`, `SKF_AD_OFF+4`, `!FLAG`.

    There are two `operands`, or one after a prefix (`-ENOENT`, `&sin6_addr`). A wait status is an
    Expression too: `WIFEXITED(s) && WEXITSTATUS(s) == 0`.
    """

    operator: str
    operands: tuple[Value, ...]


class Alternatives(NamedTuple):
    """An ioctl request shared by several drivers: `SNDCTL_TMR_TIMEBASE or TCGETS`."""

    choices: tuple[Value, ...]


class Field(NamedTuple):
    """One member of a struct; `name` is None for an unnamed one (old strace, bare macro calls)."""

    name: str | None
    value: Value


class Struct(NamedTuple):
    """`{sa_family=AF_INET, sin_port=htons(0), ...}`."""

    fields: tuple[Field, ...]

    def get(self, name: str) -> Value | None:
        """The value of the first field called `name`, or None."""
        for field in self.fields:
            if field.name == name:
                return field.value
        return None


class Array(NamedTuple):
    """`[1, 2]`, a set `[HUP INT]`, or its complement `~[USR1]`."""

    items: tuple[Value, ...]
    complement: bool = False


class Designated(NamedTuple):
    """An array element with its index: `[NAME]=value`, `[0]=1`."""

    designator: Value
    value: Value


class MacroCall(NamedTuple):
    """A C macro or function call used as a value: `htons(0)`, `makedev(0x1, 0x3)`."""

    name: str
    arguments: tuple[Value, ...]


class Annotated(NamedTuple):
    """A descriptor or pid and what -y, -yy or -Y print after it: `3<TCP:[1234]>`, `4510<bash>`.

    `note` is the text between the angle brackets, escapes decoded (with -xx it is all hex escapes).
    """

    value: Value
    note: str


class Commented(NamedTuple):
    """A value and strace's comment on it: `0x2 /* AF_INET */`, `0x7ffc3a8bbdc0 /* 24 vars */`.

    A security context (--secontext) is a Commented too, with its brackets:
    `[system_u:object_r:etc_t:s0]`.
    """

    value: Value
    comment: str


class Change(NamedTuple):
    """A value that the kernel changed during the call: `[112 => 16]`, `{...} => {...}`."""

    before: Value
    after: Value


class Named(NamedTuple):
    """An argument with its name (`-N`, or `flags=CLONE_VM` in clone): `fd=3`."""

    name: str
    value: Value


class Elided(NamedTuple):
    """What strace left out: `...`, `???`, `<... resuming interrupted poll ...>`.

    Also the text of a bare comment (`20 entries` of `/* 20 entries */`), and "" for a missing
    value.
    """

    text: str


Value = (
    int
    | Name
    | Text
    | Flags
    | Expression
    | Alternatives
    | Struct
    | Array
    | Designated
    | MacroCall
    | Annotated
    | Commented
    | Change
    | Named
    | Elided
)


def plain(value: Value) -> Value:
    """Return `value` without its wrappers: the newer side of a change, no name, comment or
    annotation."""
    while isinstance(value, (Named, Change, Commented, Annotated)):
        value = value.after if isinstance(value, Change) else value.value
    return value


def descriptor_number(value: Value | None) -> int | None:
    """Return the number that `value` is, without its name and annotation; None if it is none that a
    descriptor can have."""
    while isinstance(value, (Named, Annotated)):
        value = value.value
    return value if isinstance(value, int) and 0 <= value < 2**31 else None
