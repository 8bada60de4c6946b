"""Render a template to a page with its styles and scripts, and a policy that allows nothing else to
run or load."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from strace_analyzer.report.version import TOOL, version

_ROOM = "strace_analyzer.report.html"
_TEMPLATES = ("frame.html.j2", "page.html.j2", "comparison.html.j2", "merged.html.j2")


class Asset(NamedTuple):
    """A style or script, and its source expression for the policy."""

    text: Markup
    hash: str


def rendered(
    template: str, styles: Sequence[Asset], scripts: Sequence[Asset] = (), **parts: object
) -> str:
    """Render the template file with `parts`; everything in them that is not Markup is escaped."""
    return (
        _templates()
        .get_template(template)
        .render(
            tool=f"{TOOL} {version()}",
            policy=_policy(styles, scripts),
            styles=[style.text for style in styles],
            scripts=[script.text for script in scripts],
            **parts,
        )
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=DictLoader({name: _text(name) for name in _TEMPLATES}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def asset(name: str) -> Asset:
    """Return the style or script in the file `name`."""
    return _hashed(_text(name))


@cache
def colours() -> Asset:
    """Return the style, with dark colours if the reader or the system asks for them; print is
    light."""
    dark = _text("dark.css")
    return _hashed(
        _text("report.css").replace(
            "/* dark */",
            f'@media screen {{\n:root[data-theme="dark"] {{\n{dark}}}\n}}\n'
            "@media screen and (prefers-color-scheme: dark) {\n"
            f":root:not([data-theme]) {{\n{dark}}}\n}}",
        )
    )


def _hashed(text: str) -> Asset:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return Asset(Markup(text), f"'sha256-{digest}'")


@cache
def _text(name: str) -> str:
    return (files(_ROOM) / name).read_text(encoding="utf-8")


def _policy(styles: Sequence[Asset], scripts: Sequence[Asset]) -> str:
    """Return the Content-Security-Policy of a page with only these."""
    allowed = " ".join(script.hash for script in scripts) or "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {allowed}",
            f"style-src {' '.join(style.hash for style in styles)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
