"""Takes a call on a UNIX socket that failed, gives why, as a code of report.meaning."""

from __future__ import annotations

_SERVICES = (
    "/nscd/socket", "/sss/pipes/", "/systemd/userdb/", "/systemd/resolve/", "/avahi-daemon/",
    "/dev/log", "/systemd/journal/", "/dbus/system_bus_socket", "/systemd/private",
)  # fmt: skip
"""UNIX sockets that libraries try in passing (nss, syslog(3), D-Bus), whose service need not run"""
_OF_CALL = {
    ("connect", "ENOENT"): "no-file",
    ("connect", "EAGAIN"): "backlog-full",
    ("connect", "EPROTOTYPE"): "another-type",
    ("connect", "EACCES"): "not-permitted",
    ("connect", "EPERM"): "not-permitted",
    ("bind", "ENOENT"): "no-file",
    ("bind", "EADDRINUSE"): "file-exists",
    ("bind", "EACCES"): "not-permitted",
    ("bind", "EPERM"): "not-permitted",
    ("bind", "EINVAL"): "bound-already",
}


def of_unix_socket(call: str, errno: str, path: str | None) -> str | None:
    """Why bind() or connect() failed with `errno` (unix(7); net/unix/af_unix.c); None if the error
    means what it means elsewhere. `path` begins with `@` if the name is an abstract one."""
    if (call, errno) == ("bind", "EADDRINUSE") and path is not None and path.startswith("@"):
        return "name-taken"
    return _OF_CALL.get((call, errno))


def is_in_passing(path: str) -> bool:
    """It is the socket of a service that libraries ask if it runs, and do without if not."""
    return any(name in path for name in _SERVICES)
