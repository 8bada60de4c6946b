"""Wrap lines of a trace as other tools, mails and web pages show them.

A Wrapping is a function from lines to lines; `places` says where each of the original lines is
then.
"""

from __future__ import annotations

import html
import json
import quopri
import random
from collections.abc import Callable

Lines = list[bytes]
Wrapping = Callable[[Lines], Lines]


def before(prefix: bytes) -> Wrapping:
    return lambda lines: [prefix + line for line in lines]


def numbered(form: bytes) -> Wrapping:
    return lambda lines: [form % number + line for number, line in enumerate(lines, 1)]


def each(change: Callable[[bytes], bytes]) -> Wrapping:
    return lambda lines: [change(line) for line in lines]


def mixed(lines: Lines) -> Lines:
    marks = (b"> ", b">> ", b"> > ", b">")
    return [marks[number % 4] + line for number, line in enumerate(lines)]


def docker_json(line: bytes) -> bytes:
    said = {"log": line.decode("latin-1") + "\n", "stream": "stderr", "time": "2026-11-29T21:28Z"}
    return json.dumps(said).encode()


def entities(line: bytes) -> bytes:
    return html.escape(line.decode("latin-1")).encode("latin-1")


def printable(line: bytes) -> bytes:
    return quopri.encodestring(line).replace(b"=\n", b"").rstrip(b"\n")


def member(*keys: str) -> Callable[[bytes], bytes]:
    """Return a function that wraps a line as JSON: an object in an object, with these keys."""

    def wrapped(line: bytes) -> bytes:
        said: object = line.decode("latin-1")
        for key in reversed(keys):
            said = {"timestamp": 1796002133123, key: said, "host": "n1"}
        return json.dumps(said).encode()

    return wrapped


def row(line: bytes) -> bytes:
    """Return a line as CSV (RFC 4180)."""
    cell = line.replace(b'"', b'""')
    return b'"2026-11-29T21:28:53.000+0000","n1","' + cell + b'","main"'


def github(lines: Lines) -> Lines:
    """Return the HTML source of a page that shows a file."""
    return [
        b'<tr><td id="L%d" class="num">%d</td><td>%b</td></tr>' % (number, number, entities(line))
        for number, line in enumerate(lines, 1)
    ]


def numbered_cells(lines: Lines) -> Lines:
    """Return a Markdown table."""
    return [b"| %d | %b |" % (number, line) for number, line in enumerate(lines, 1)]


def shown(line: bytes) -> bytes:
    """Return a line as printed by cat -A."""
    return line.replace(b"\t", b"^I") + b"$"


def narrow(line: bytes) -> bytes:
    """Return the text as in a PDF: ligatures, non-breaking blanks, curly quotes."""
    text = line.decode("latin-1").replace("fl", "\ufb02").replace("fi", "\ufb01")
    return text.replace('"', "\u201d").replace(", ", ",\u00a0").encode()


TIME = b"2026-11-29T21:28:53.123456789Z "
WRAPPINGS: dict[str, Wrapping] = {
    "quoted": before(b"> "),
    "quoted twice": before(b"> > "),
    "quoted twice, close": before(b">> "),
    "bars": before(b"| "),
    "mark and bar": before(b"> | "),
    "levels by line": mixed,
    "docker compose": before(b"web-1  | "),
    "docker compose with times": before(b"web-1  | " + TIME),
    "kubectl --prefix": before(b"[pod/api-7d4f/app] "),
    "kubectl --timestamps": before(TIME),
    "CRI": before(TIME + b"stderr F "),
    "journal": before(b"Nov 29 21:28:53 host app[812]: "),
    "journal, short-iso": before(b"2026-11-29T21:28:53+0000 host app[812]: "),
    "journal, short-precise": before(b"Nov 29 21:28:53.123456 host app[812]: "),
    "RFC 3164": before(b"<13>Nov  9 21:28:53 host app[812]: "),
    "RFC 5424": before(b"<13>1 2026-11-29T21:28:53.003Z host app 812 - - "),
    "docker json-file": each(docker_json),
    "GitHub Actions": before(b"2026-11-29T21:28:53.1234567Z "),
    "GitHub Actions, debug": before(b"##[debug]"),
    "GitHub Actions, debug with times": before(b"2026-11-29T21:28:53.1234567Z ##[debug]"),
    "a name": before(b"web: "),
    "names with strokes": before(b"prod/web/1: "),
    "nomad": before(b"[0f3a9c12/web] "),
    "grep -n": numbered(b"%d:"),
    "grep -Hn": numbered(b"trace.txt:%d:"),
    "cat -n": numbered(b"%6d\t"),
    "nl": numbered(b"%6d  "),
    "an editor's numbers": numbered(b"%3d "),
    "a patch": before(b"+"),
    "slashes": before(b"// "),
    "hashes": before(b"# "),
    "stars": before(b" * "),
    "indented": before(b"      "),
    "HTML": each(entities),
    "HTML with breaks": each(lambda line: entities(line).replace(b"&quot;", b"&#34;") + b"<br>"),
    "quoted-printable": each(printable),
    "Markdown": each(lambda line: line.replace(b"_", b"\\_").replace(b"[", b"\\[")),
    "bold": each(lambda line: b"**" + line + b"**"),
    "code": each(lambda line: b"`" + line + b"`"),
    "coloured": each(lambda line: b"\x1b[32m" + line + b"\x1b[0m"),
    "curly quotes": each(lambda line: line.replace(b'"', "\u201d".encode())),
    "an unknown tool": before(b"mytool[host7]: "),
    "an unknown tool that looks like a call": before(b"mytool(812): "),
    "aws logs tail": before(b"2026-11-29T21:28:53.123000+00:00 app/web/0f3a9c "),
    "docker service logs": before(b"web_app.1.k4n2x8v0qf1h@node1    | "),
    "stern": before(b"api-6d4f9c7b5-x2x8q app "),
    "heroku": before(b"2026-11-29T21:28:53.123456+00:00 app[web.1]: "),
    "GitLab CI": before(b"2026-11-29T21:28:53.123456Z 01O "),
    "Jenkins": before(b"[2026-11-29T21:28:53.123Z] "),
    "Jenkins, time of day": before(b"21:28:53  "),
    "ts": before(b"Nov 29 21:28:53 "),
    "glog": before(b"I1129 21:28:53.123456     812 tracer.go:41] "),
    "logrus": each(
        lambda line: (
            b'time="2026-11-29T21:28:53Z" level=info msg='
            + json.dumps(line.decode("latin-1")).encode()
        )
    ),
    "python logging": before(b"2026-11-29 21:28:53,123 - tracer - INFO - "),
    "log4j": before(b"2026-11-29 21:28:53,123 [main] INFO  tracer - "),
    "Elasticsearch": each(member("_source", "message")),
    "Loki": each(member("line")),
    "CloudWatch": each(member("message")),
    "Google Cloud": each(member("jsonPayload", "message")),
    "a member of JSON": each(
        lambda line: b'      "message": ' + json.dumps(line.decode("latin-1")).encode() + b","
    ),
    "CSV": each(row),
    "cat -A": each(shown),
    "a PDF": each(narrow),
    "git log -p": before(b"    +"),
    "less -N": numbered(b"%7d "),
    "bat": numbered(b"%4d   \xe2\x94\x82 "),
    "vim's numbers": numbered(b"%3d\xe2\x94\x82"),
    "Monolog": each(
        lambda line: b"[2026-11-29T21:28:53.123456+00:00] app.INFO: " + line + b" [] []"
    ),
    "PHP-FPM": each(
        lambda line: (
            b'[29-Nov-2026 21:28:53] WARNING: [pool www] child 812 said into stderr: "%b"' % line
        )
    ),
    "Loki's labels": before(b'{app="web", pod="web-1"} '),
    "logcli": before(b'2026-11-29T21:28:53Z {app="web"} '),
    "GDB/MI": each(lambda line: b"~" + json.dumps(line.decode("latin-1") + "\n").encode()),
    "fluent-bit": each(
        lambda line: (
            b'[3] tail.0: [1796002133.123456789, {"log"=>%b}]'
            % json.dumps(line.decode("latin-1")).encode()
        )
    ),
    "logfmt in the journal": each(
        lambda line: (
            b"Nov 29 21:28:53 host app[812]: level=info msg="
            + json.dumps(line.decode("latin-1")).encode()
        )
    ),
    "pino-pretty": before(b"[21:28:53.123] INFO (812): "),
    "git blame": numbered(b"a1b2c3d4 (Jo Doe 2026-11-29 21:28:53 +0100 %4d) "),
    "Buildkite": before(b"\x1b_bk;t=1796002133123\x07"),
    "GELF": each(member("short_message")),
    "ECS": each(lambda line: member("message")(line)[:-1] + b', "log": {"level": "info"}}'),
    "an unknown member of JSON": each(member("event", "output")),
    "a frame of tmux": each(lambda line: "│".encode() + line.ljust(200) + "│".encode()),
    "a table with numbers": numbered_cells,
    "a page of GitHub": github,
    "XML": each(lambda line: b"<line level='info'>" + entities(line) + b"</line>"),
    "tabs": each(lambda line: line.replace(b", ", b",\t")),
    "unexpanded": each(lambda line: line.replace(b") = ", b")\t= ")),
    "rsyslog": each(
        lambda line: (
            b"Nov 29 21:28:53 host app[812]: "
            + line.replace(b'"', b"#042").replace(b") = ", b")#011= ")
            + b"#015"
        )
    ),
    "arrows of French": each(
        lambda line: line.replace(b"<", "\u2039".encode()).replace(b">", "\u203a".encode())
    ),
    "IRC": before(b"21:28 <alice> "),
    "Slack": before(b"&gt; "),
}


def folded(lines: Lines, width: int, indent: bytes = b"") -> tuple[Lines, dict[int, int]]:
    """Return `lines` broken at a column, and for each line the number of its first piece."""
    pieces: Lines = []
    places = {}
    for number, line in enumerate(lines, 1):
        places[number] = len(pieces) + 1
        parts = [line[at : at + width] for at in range(0, len(line), width)] or [b""]
        pieces += [parts[0], *(indent + part for part in parts[1:])]
    return pieces, places


def two_of_them(seed: int) -> tuple[str, str]:
    """Return the names of two wrappings, the second of which is put around the first."""
    inner, outer = random.Random(seed).sample(sorted(WRAPPINGS), 2)
    return inner, outer
