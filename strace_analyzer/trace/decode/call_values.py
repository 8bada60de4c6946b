"""Convert Lark's tree of one call into values: (arguments, result, duration).

One function per rule of call.lark builds the value from the rule's parts. None of them inspects the
value of a token, so that learning.py can run them once for all texts of one shape.
"""

from __future__ import annotations

from typing import Any

from strace_analyzer.trace.decode.literals import LEAVES
from strace_analyzer.trace.events import Result
from strace_analyzer.trace.learned.grammar import parser
from strace_analyzer.trace.learned.shapes import Teacher
from strace_analyzer.trace.learned.template import Node
from strace_analyzer.trace.values import (
    Alternatives,
    Annotated,
    Array,
    Change,
    Commented,
    Designated,
    Elided,
    Expression,
    Field,
    Flags,
    MacroCall,
    Name,
    Named,
    Struct,
    Text,
)

PINS = frozenset({"_EQUALS", "_COLON", "_LPAR", "_LBRACKET"})
"""A NAME before one of these names a member or a macro, which decides what is built."""

VARYING = frozenset({"_RESULT", "_BLANKS"})
"""strace pads the result to a column, so the number of blanks is not part of a shape."""

# --- values of rules ---


def _fields(members: list[Any]) -> tuple[Field, ...]:
    return tuple(
        Field(member.name, member.value) if isinstance(member, Named) else Field(None, member)
        for member in members
    )


def _outcome(
    returned: Any, errno: Any, notes: Any, unavailable: Any
) -> tuple[Any, Any, Any, Any, Any]:
    """Return the fields of Result, moving a suffix of the returned value into a field of its
    own."""
    annotation_, comment_ = None, None
    while isinstance(returned, (Annotated, Commented)):
        if isinstance(returned, Annotated):
            annotation_ = returned.note
        else:
            comment_ = returned.comment
        returned = returned.value
    return Result(returned, errno, unavailable if notes is None else notes, annotation_, comment_)


NO_RESULT = Result(None)

RULES: dict[str, Any] = {
    "call": lambda name, *rest: (rest[0] if len(rest) == 3 else (), rest[-2], rest[-1]),
    "call_without_result": lambda name, *arguments: (
        (*arguments, NO_RESULT, None) if arguments else ((), NO_RESULT, None)
    ),
    "arguments": lambda *members: members,
    "fields": lambda *members: _fields(list(members)),
    "elements": lambda *members: members,
    "parameters": lambda *members: members,
    "struct": lambda fields=(): Struct(fields),
    "array": lambda elements=(): Array(elements),
    "macro": lambda name, parameters=(): MacroCall(name.text, parameters),
    "named": lambda name, value: Named(name.text, value),
    "named_without_value": lambda name: Named(name.text, Elided("")),
    "counted": lambda macro, value: Named(macro.name, value),
    "indexed": lambda name, index, value: Named(name.text, value),
    "designated": lambda array, value: Designated(
        array.items[0] if len(array.items) == 1 else array, value
    ),
    "change": Change,
    "changed": lambda after: Change(Elided(""), after),
    "elided": Elided,
    "remark": Elided,
    "alternatives": lambda *choices: Alternatives(choices),
    "flags": lambda *members: Flags(members),
    "expression": lambda left, operator, right: Expression(operator, (left, right)),
    "prefixed": lambda operator, operand: Expression(operator, (operand,)),
    "complement": lambda operand: (
        Array(operand.items, complement=True)
        if isinstance(operand, Array)
        else Expression("~", (operand,))
    ),
    "annotated": Annotated,
    "commented": Commented,
    "outcome": _outcome,
    "no_value": lambda _: None,
}
"""Every rule that appears in call.lark's trees, mapped to a function of its children's values."""


TYPES: tuple[type, ...] = (
    *(Alternatives, Annotated, Array, Change, Commented, Designated, Elided, Expression, Field),
    *(Flags, MacroCall, Name, Named, Result, Struct, Text),
)
"""The types that calls are made of."""


def build(node: Node) -> Any:
    """Return (arguments, result, duration) from the grammar's tree."""
    children = [build(child) if isinstance(child, Node) else child for child in node.children]
    return RULES[node.data](*children)


def teacher() -> Teacher:
    from strace_analyzer.trace.learned.learning import (
        Learner,  # Lark: most runs know every shape already
    )

    return Learner(parser("call"), LEAVES, build, pins=PINS, varying=VARYING)
