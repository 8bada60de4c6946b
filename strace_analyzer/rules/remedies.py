"""Gives, per runtime, what to write instead, for programs that bind() to 0.0.0.0 port 0 and for
those that make a connection for every request.

Each remedy was tried on the named versions, or comes from the project's own change (RULES.md has
the references).
"""

from __future__ import annotations

from typing import NamedTuple


class Remedy(NamedTuple):
    """`fix` is what to do, `until` what else to know. From version `cured_in` on the runtime binds
    only when told to, so a program on that version has set an option itself (`fix_after`)."""

    fix: str
    until: str = ""
    cured_in: int | None = None
    fix_after: str = ""

    def sentences(self, major: int | None) -> tuple[str, ...]:
        """What to say to a user of version `major` (None: unknown)."""
        if self.cured_in is not None and major is not None and major >= self.cured_in:
            return (self.fix_after,)
        return (self.fix, self.until) if self.until else (self.fix,)


BINDING: dict[str, Remedy] = {
    "beam": Remedy(
        "use OTP 24 or later, without {ip,any}.",
        "Until then: add {raw,0,24,<<1:32/native>>} to the socket options.",
        cured_in=24,
        fix_after="leave {ip,any} and {ip,{0,0,0,0}} out of the socket options.",
    ),
    "java": Remedy(
        "do not call Socket.bind(null) or bind(new InetSocketAddress(0)), nor give a local "
        "address to new Socket(...).",
        "Plain new Socket(host, port) and HttpClient do not bind.",
    ),
    "node": Remedy(
        "leave localAddress: '0.0.0.0' out of the options of net.connect(), http.request() or"
        " the agent."
    ),
    "go": Remedy(
        "leave net.Dialer.LocalAddr nil.",
        "Where it is needed: set IP_BIND_ADDRESS_NO_PORT in net.Dialer.Control.",
    ),
    "python": Remedy(
        "leave out source_address=('0.0.0.0', 0), ('', 0) or local_addr: the default None "
        "does not bind.",
        "Where sock.bind() is called by hand before connect(): remove it.",
    ),
    "ruby": Remedy("leave the local host '0.0.0.0' out of TCPSocket.new(host, port, local_host)."),
    "tcl": Remedy(
        "none in the script: `socket HOST PORT` of Tcl 8.6 always binds to 0.0.0.0 port 0.",
        "Keep connections open and reuse them, or connect through a program that does not bind "
        "(open |command).",
    ),
    "perl": Remedy(
        "leave LocalHost => '0.0.0.0' (LocalAddr) out of IO::Socket::IP->new and of what is built on "
        "it; IO::Socket::INET does not bind for it.",
        "Where bind() is called by hand before connect(): remove it.",
    ),
    "php": Remedy(
        "leave out socket_bind() before socket_connect().",
        "Streams need no change: the context option bindto sets IP_BIND_ADDRESS_NO_PORT, and '0:0' "
        "binds nothing (PHP 8.2).",
    ),
    "lua": Remedy(
        "leave out tcp:bind('*', 0) before tcp:connect(), and the local address of "
        "socket.connect(host, port, local_address, local_port)."
    ),
    "ssh": Remedy("leave out -b 0.0.0.0 (BindAddress in ssh_config)."),
    "wget": Remedy("leave out --bind-address=0.0.0.0 (bind_address in wgetrc)."),
    "socat": Remedy("leave bind=0.0.0.0:0 out of the address."),
    "ncat": Remedy("leave out -s 0.0.0.0."),
    "nc": Remedy("leave out -s 0.0.0.0."),
    "iperf": Remedy("leave out -B 0.0.0.0."),
    "bind9": Remedy(
        "none needed for single queries: its TCP client always binds, one connection at a time."
    ),
    "redis": Remedy("leave out bind-source-addr 0.0.0.0 (--bind-source-addr)."),
    "nginx": Remedy("upgrade to 1.11.4 or later, where proxy_bind sets IP_BIND_ADDRESS_NO_PORT."),
    "curl": Remedy(
        "upgrade to 7.75 or later, where --interface sets IP_BIND_ADDRESS_NO_PORT, or leave "
        "--interface out."
    ),
    "haproxy": Remedy("leave out source 0.0.0.0, or upgrade: recent versions do not bind for it."),
    "squid": Remedy(
        "upgrade to 6 or later, where tcp_outgoing_address sets IP_BIND_ADDRESS_NO_PORT."
    ),
    "envoy": Remedy("upgrade, or leave the wildcard out of upstream_bind_config."),
    "dotnet": Remedy(
        "upgrade to .NET 5 or later, whose Socket.ConnectAsync binds on Windows only."
    ),
}

KEEPING = {
    "go": "one http.Client for all, with Transport.MaxIdleConnsPerHost as high as the concurrency; "
    "read each body to its end (io.Copy(io.Discard, body)) and close it.",
    "node": "one http.Agent({keepAlive: true}) for all requests (the default since Node.js 19).",
    "nginx": 'keepalive in the upstream block, proxy_http_version 1.1 and proxy_set_header Connection "".',
    "python": "one requests.Session() or urllib3.PoolManager for all requests (aiohttp: one "
    "ClientSession), read to their ends; a connection pool for databases.",
    "java": "one HttpClient or a pooling connection manager for all requests; read each body to its "
    "end and close it, so that keep-alive can use the connection again.",
    "php": "one curl handle for all requests (curl_reset), persistent connections (pfsockopen, "
    "PDO::ATTR_PERSISTENT), under php-fpm too.",
    "beam": "a pool: hackney_pool, gun, or httpc with a profile and "
    '{max_keep_alive_length, N}; no {"connection", "close"} in the headers.',
    "ruby": "Net::HTTP.start with a block for all requests, or the net-http-persistent gem.",
    "dotnet": "one HttpClient (IHttpClientFactory) for all requests, none in a using block.",
    "perl": "LWP::UserAgent->new(keep_alive => 10), or HTTP::Tiny, for all requests.",
    "haproxy": "http-reuse safe (or always) in the backend, and no option httpclose.",
    "envoy": "no max_requests_per_connection of 1 in the cluster.",
    "curl": "several URLs in one call of curl, which then keeps the connection (or --next).",
}
"""How to keep connections open and reuse them, by the family of the runtime."""
LISTING = {"UDP": "-uanp", "SCTP": "-Sanp", "DCCP": "-danp"}
"""The option of ss(8) that lists the sockets of a protocol; for TCP and MPTCP it is -tanp."""
