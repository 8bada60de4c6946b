"""Without any one of the things that Lark does not document, lines are read by plain Lark."""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lark import Lark, Token
from lark.common import LexerConf
from lark.lark import LarkOptions
from lark.lexer import (
    BasicLexer,
    ContextualLexer,
    LexerThread,
    Pattern,
    Scanner,
    TerminalDef,
)
from lark.parsers.lalr_interactive_parser import InteractiveParser
from lark.parsers.lalr_parser_state import ParserState

import strace_analyzer as sa
from strace_analyzer.trace.decode import frames, stream
from strace_analyzer.trace.learned import cache, lark_internals

INTERNALS: list[tuple[type, str]] = [
    (Lark, "options"),
    (Lark, "lexer_conf"),
    (LexerConf, "ignore"),
    (LarkOptions, "parser"),
    (LarkOptions, "lexer"),
    (LarkOptions, "lexer_callbacks"),
    (LarkOptions, "postlex"),
    (LarkOptions, "transformer"),
    (LarkOptions, "g_regex_flags"),
    (LarkOptions, "use_bytes"),
    (LarkOptions, "regex"),
    (InteractiveParser, "lexer_thread"),
    (InteractiveParser, "parser_state"),
    (InteractiveParser, "iter_parse"),
    (InteractiveParser, "feed_eof"),
    (ParserState, "position"),
    (LexerThread, "lexer"),
    (ContextualLexer, "lexers"),
    (BasicLexer, "scanner"),
    (BasicLexer, "callback"),
    (Scanner, "terminals"),
    (TerminalDef, "name"),
    (TerminalDef, "pattern"),
    (Pattern, "to_regexp"),
]
DOCUMENTED = {"parse", "parse_interactive", "iter_subtrees", "children"}
OF_PYTHON = {"append", "get", "items"}

LINES = b"""\
4510  14:29:55.700000 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 19<TCP:[771]> <0.000011>
4510  14:29:55.710000 bind(19<TCP:[771]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
4510  14:29:55.720000 connect(19<TCP:[771]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16 <unfinished ...>
4511  14:29:55.730000 read(3, "a\\33\\"b"..., 4096) = 512
4510  14:29:55.740000 <... connect resumed>) = -1 EINPROGRESS (Operation now in progress)
4511  14:29:55.750000 close(3 <unfinished ...>
4511  14:29:55.760000 <... close resumed>) = 0
4511  14:29:55.765000 futex(0x7f00, FUTEX_WAIT_PRIVATE, 2, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
4511  14:29:55.770000 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4512, si_status=0} ---
4511  14:29:55.780000 getsockopt(19, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
4511  14:29:55.785000 openat(AT_FDCWD</root>, "x", O_RDWR|O_CREAT, 0644) = 5
4511  14:29:55.790000 +++ exited with 0 +++
strace: Process 4513 attached
and what the program printed
4510  14:29:55.800000 bind(19, {sa_family=AF_INET, sin_port=htons(0), sin_addr=
4510  14:29:55.810000 close(19) = 0 what is this
""".splitlines()


def hide(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> None:
    """From the file that uses it, not from Lark itself."""

    def hiding(find: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        def found(self: Any, asked: str) -> Any:
            asks = sys._getframe(1).f_globals["__name__"]
            if asked == name and asks == lark_internals.__name__:
                raise AttributeError(asked)
            return find(self, asked)

        return found

    monkeypatch.setattr(kind, "__getattribute__", hiding(object.__getattribute__))
    if hasattr(kind, "__getattr__"):
        monkeypatch.setattr(kind, "__getattr__", hiding(kind.__getattr__))


@pytest.fixture
def unlearned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Readers that have learned nothing, here or in an earlier run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    every = (cache.directory, frames.line_reader, stream.call_parser)
    for one in every:
        one.cache_clear()
    yield monkeypatch
    for one in every:
        one.cache_clear()


EXPECTED = list(sa.parse(LINES))


def assert_read_by_plain_lark() -> None:
    assert list(sa.parse(LINES)) == EXPECTED
    assert frames.line_reader()._shapes == {}
    assert stream.call_parser()._reader._shapes == {}


def test_the_lines_are_of_many_kinds() -> None:
    kinds = {type(event).__name__ for event in EXPECTED}
    assert kinds >= {"Syscall", "Entered", "SignalDelivered", "Exited", "Foreign", "Unparsed"}
    assert not any("fault" in event.reason for event in EXPECTED if isinstance(event, sa.Unparsed))


def test_all_that_is_used_is_hidden_here() -> None:
    """So that the next one is not forgotten."""
    tree = ast.parse(Path(lark_internals.__file__).read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used = {name for name in used if not name.startswith("_")} - DOCUMENTED - OF_PYTHON
    assert used == {name for _, name in INTERNALS}


@pytest.mark.parametrize(("kind", "name"), INTERNALS)
def test_one_that_is_missing(kind: type, name: str, unlearned: pytest.MonkeyPatch) -> None:
    hide(unlearned, kind, name)
    assert_read_by_plain_lark()


def test_a_state_that_has_no_lexer(unlearned: pytest.MonkeyPatch) -> None:
    """The states have numbers; as text they are not in Lark's table."""
    interactive = vars(InteractiveParser)["__init__"]

    def made(self: InteractiveParser, parser: Any, state: ParserState, thread: Any) -> None:
        interactive(self, parser, state, thread)
        self.iter_parse = lambda: stepping(self, state)  # type: ignore[method-assign]

    def stepping(self: InteractiveParser, state: ParserState) -> Iterator[Token]:
        for token in InteractiveParser.iter_parse(self):
            self.parser_state = SimpleNamespace(position=str(state.position))  # type: ignore[assignment]
            yield token
            self.parser_state = state

    unlearned.setattr(InteractiveParser, "__init__", made)
    assert_read_by_plain_lark()


def test_a_method_that_asks_for_more(unlearned: pytest.MonkeyPatch) -> None:
    unlearned.setattr(InteractiveParser, "iter_parse", lambda self, options: iter(()))
    assert_read_by_plain_lark()


def test_a_tree_with_tokens_of_its_own(unlearned: pytest.MonkeyPatch) -> None:
    """Holes are told by the identity of their tokens."""
    feed_eof = InteractiveParser.feed_eof
    unlearned.setattr(InteractiveParser, "feed_eof", lambda self: copy.deepcopy(feed_eof(self)))
    assert_read_by_plain_lark()


def test_with_all_of_them_shapes_are_learned(unlearned: pytest.MonkeyPatch) -> None:
    assert list(sa.parse(LINES)) == EXPECTED
    assert frames.line_reader()._shapes
    assert stream.call_parser()._reader._shapes
