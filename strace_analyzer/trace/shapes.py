"""Text and its Lark parser -> what the text says. (Plain Lark for now.)"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

Part = Callable[[Any], Any]


class Reader:
    def __init__(
        self,
        parser: Lark,
        leaves: Mapping[str, Callable[[bytes], object]],
        build: Callable[[Tree[Any]], tuple[object, ...]],
    ) -> None:
        self._parser = parser
        self._leaves = leaves
        self._build = build

    def read(
        self, key: bytes, text: bytes
    ) -> tuple[tuple[Part, ...], re.Match[bytes] | None] | None:
        try:
            tree = self._parser.parse(text.decode("latin-1"))
        except UnexpectedInput:
            return None
        values = self._build(self._fill(tree))
        return tuple((lambda _, v=v: v) for v in values), None  # type: ignore[misc]

    def _fill(self, node: Any) -> Any:
        if isinstance(node, Tree):
            return Tree(node.data, [self._fill(child) for child in node.children])
        if isinstance(node, Token):
            leaf = self._leaves.get(node.type)
            return leaf(node.encode("latin-1")) if leaf else str(node)
        return node
