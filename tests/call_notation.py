"""A readable notation of calls for corpus cases.

One line has the name, one each argument, one the result: `= 3 ENOENT (note)`, then `annotation`,
`comment` and `seconds` if present. Large numbers are hexadecimal, strings decoded. `"a"~` is a
truncated string, `@"a"` an abstract name, `(A | B)` flags, `(a + b)` an expression, `a => b` a
change, `name: value` a named argument or a member, `v <note>` an annotation, `v /comment/` a
comment, `«...»` what strace left out.
"""

from strace_analyzer.trace.events import Call
from strace_analyzer.trace.values import (
    Alternatives,
    Annotated,
    Array,
    Change,
    Commented,
    Designated,
    Elided,
    Expression,
    Flags,
    MacroCall,
    Name,
    Named,
    Struct,
    Text,
    Value,
)


def written(call: Call | None) -> str:
    if call is None:
        return "unparsed"
    result = call.result
    words = ["=", "?" if result.value is None else str(result.value)]
    words += [result.errno] if result.errno else []
    words += [f"({result.note})"] if result.note is not None else []
    words += [f"annotation <{result.annotation}>"] if result.annotation is not None else []
    words += [f"comment /{result.comment}/"] if result.comment is not None else []
    words += [f"seconds {call.duration:.6f}"] if call.duration is not None else []
    return "\n".join([call.name, *(f"  {shown(value)}" for value in call.args), " ".join(words)])


def shown(value: Value) -> str:
    match value:
        case int():
            return hex(value) if value >= 1 << 32 else str(value)
        case Name(text):
            return text
        case Text(data, truncated, abstract):
            body = repr(data)[2:-1].replace('"', '\\"').replace("\\'", "'")
            return f'{"@" * abstract}"{body}"{"~" * truncated}'
        case Flags(members):
            return f"({' | '.join(map(shown, members))})"
        case Expression(operator, (operand,)):
            return f"({operator}{shown(operand)})"
        case Expression(operator, (left, right)):
            return f"({shown(left)} {operator} {shown(right)})"
        case Alternatives(choices):
            return f"({' or '.join(map(shown, choices))})"
        case Struct(fields):
            return (
                "{"
                + ", ".join(
                    shown(field.value)
                    if field.name is None
                    else f"{field.name}: {shown(field.value)}"
                    for field in fields
                )
                + "}"
            )
        case Array(items, complement):
            return f"{'~' * complement}[{', '.join(map(shown, items))}]"
        case Designated(designator, inner):
            return f"[{shown(designator)}]: {shown(inner)}"
        case MacroCall(name, arguments):
            return f"{name}({', '.join(map(shown, arguments))})"
        case Annotated(inner, note):
            return f"{shown(inner)} <{note}>"
        case Commented(inner, comment):
            return f"{shown(inner)} /{comment}/"
        case Change(before, after):
            return f"{shown(before)} => {shown(after)}"
        case Named(name, inner):
            return f"{name}: {shown(inner)}"
        case Elided(text):
            return f"«{text}»"
        case _:
            raise AssertionError(f"no notation for {value!r}")
