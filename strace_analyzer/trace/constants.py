"""Map a constant, however strace printed it, to the kernel's number.

`AF_INET`, `2`, `0x2` (-X raw) and `0x2 /* AF_INET */` (-X verbose) are the same. The tables hold
what a model of sockets and descriptors needs, with the numbers of asm-generic (x86, arm, riscv,
...), from include/uapi/{linux,asm-generic}/*.h and include/linux/socket.h. Names used by older
straces are included. The file is long because it is data. MIPS, SPARC, Alpha and PA-RISC use other
numbers for some of SO_*, SOCK_* and O_*: use names there.
"""

from __future__ import annotations

from collections.abc import Mapping

from strace_analyzer.trace.values import (
    Annotated,
    Change,
    Commented,
    Expression,
    Flags,
    Name,
    Named,
    Value,
)

Table = Mapping[str, int]

NETWORK_CALLS = frozenset({
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "recv", "recvfrom", "recvmmsg", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto",
    "setsockopt", "shutdown", "socket", "socketpair",
})  # fmt: skip
"""The calls of sockets: strace's class %network, without sendfile()."""

ADDRESS_FAMILIES: dict[str, int] = {
    prefix + family: number
    for prefix in ("AF_", "PF_")
    for family, number in {
        "UNSPEC": 0, "UNIX": 1, "LOCAL": 1, "FILE": 1, "INET": 2, "AX25": 3, "IPX": 4,
        "APPLETALK": 5, "NETROM": 6, "BRIDGE": 7, "ATMPVC": 8, "X25": 9, "INET6": 10, "ROSE": 11,
        "DECnet": 12, "NETBEUI": 13, "SECURITY": 14, "KEY": 15, "NETLINK": 16, "ROUTE": 16,
        "PACKET": 17, "ASH": 18, "ECONET": 19, "ATMSVC": 20, "RDS": 21, "SNA": 22, "IRDA": 23,
        "PPPOX": 24, "WANPIPE": 25, "LLC": 26, "IB": 27, "MPLS": 28, "CAN": 29, "TIPC": 30,
        "BLUETOOTH": 31, "IUCV": 32, "RXRPC": 33, "ISDN": 34, "PHONET": 35, "IEEE802154": 36,
        "CAIF": 37, "ALG": 38, "NFC": 39, "VSOCK": 40, "KCM": 41, "QIPCRTR": 42, "SMC": 43,
        "XDP": 44, "MCTP": 45,
    }.items()
}  # fmt: skip
"""include/linux/socket.h. PF_ (in socket), AF_FILE and AF_LOCAL are the names used by strace
4.x."""

SOCKET_TYPES: dict[str, int] = {
    "SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5,
    "SOCK_DCCP": 6, "SOCK_PACKET": 10, "SOCK_NONBLOCK": 0o4000, "SOCK_CLOEXEC": 0o2000000,
}  # fmt: skip
"""The type and flags of socket(2), socketpair(2), accept4(2). The type is `number & 0xf`."""

SOCK_TYPE_MASK = 0xF

PROTOCOLS: dict[str, int] = {
    "IPPROTO_IP": 0, "IPPROTO_HOPOPTS": 0, "IPPROTO_ICMP": 1, "IPPROTO_IGMP": 2, "IPPROTO_IPIP": 4,
    "IPPROTO_TCP": 6, "IPPROTO_EGP": 8, "IPPROTO_PUP": 12, "IPPROTO_UDP": 17, "IPPROTO_IDP": 22,
    "IPPROTO_TP": 29, "IPPROTO_DCCP": 33, "IPPROTO_IPV6": 41, "IPPROTO_ROUTING": 43,
    "IPPROTO_FRAGMENT": 44, "IPPROTO_RSVP": 46, "IPPROTO_GRE": 47, "IPPROTO_ESP": 50,
    "IPPROTO_AH": 51, "IPPROTO_ICMPV6": 58, "IPPROTO_NONE": 59, "IPPROTO_DSTOPTS": 60,
    "IPPROTO_MTP": 92, "IPPROTO_BEETPH": 94, "IPPROTO_ENCAP": 98, "IPPROTO_PIM": 103,
    "IPPROTO_COMP": 108, "IPPROTO_L2TP": 115, "IPPROTO_SCTP": 132, "IPPROTO_MH": 135,
    "IPPROTO_UDPLITE": 136, "IPPROTO_MPLS": 137, "IPPROTO_ETHERNET": 143, "IPPROTO_AGGFRAG": 144,
    "IPPROTO_RAW": 255, "IPPROTO_SMC": 256, "IPPROTO_MPTCP": 262,
}  # fmt: skip
"""include/uapi/linux/in.h and in6.h. For AF_INET and AF_INET6 only: in other families the third
argument of socket(2) has other names (`NETLINK_ROUTE`, `htons(ETH_P_ALL)`)."""

SOCKET_LEVELS: dict[str, int] = {
    "SOL_IP": 0, "IPPROTO_IP": 0, "SOL_SOCKET": 1, "SOL_TCP": 6, "IPPROTO_TCP": 6, "SOL_UDP": 17,
    "IPPROTO_UDP": 17, "SOL_IPV6": 41, "IPPROTO_IPV6": 41, "SOL_ICMPV6": 58, "SOL_SCTP": 132,
    "IPPROTO_SCTP": 132, "SOL_UDPLITE": 136, "SOL_RAW": 255, "SOL_DCCP": 269, "SOL_NETLINK": 270,
    "SOL_TLS": 282, "SOL_MPTCP": 284, "SOL_SMC": 286, "SOL_PACKET": 263, "SOL_VSOCK": 287,
}  # fmt: skip
"""include/linux/socket.h: the level of setsockopt(2) and getsockopt(2)."""

IP_OPTIONS: dict[str, int] = {
    "IP_TOS": 1, "IP_TTL": 2, "IP_HDRINCL": 3, "IP_OPTIONS": 4, "IP_ROUTER_ALERT": 5,
    "IP_RECVOPTS": 6, "IP_RETOPTS": 7, "IP_PKTINFO": 8, "IP_PKTOPTIONS": 9, "IP_MTU_DISCOVER": 10,
    "IP_RECVERR": 11, "IP_RECVTTL": 12, "IP_RECVTOS": 13, "IP_MTU": 14, "IP_FREEBIND": 15,
    "IP_IPSEC_POLICY": 16, "IP_XFRM_POLICY": 17, "IP_PASSSEC": 18, "IP_TRANSPARENT": 19,
    "IP_ORIGDSTADDR": 20, "IP_RECVORIGDSTADDR": 20, "IP_MINTTL": 21, "IP_NODEFRAG": 22,
    "IP_CHECKSUM": 23, "IP_BIND_ADDRESS_NO_PORT": 24, "IP_RECVFRAGSIZE": 25,
    "IP_RECVERR_RFC4884": 26, "IP_MULTICAST_IF": 32, "IP_MULTICAST_TTL": 33,
    "IP_MULTICAST_LOOP": 34, "IP_ADD_MEMBERSHIP": 35, "IP_DROP_MEMBERSHIP": 36,
    "IP_UNICAST_IF": 50, "IP_LOCAL_PORT_RANGE": 51, "IP_PROTOCOL": 52,
}  # fmt: skip
"""SOL_IP, include/uapi/linux/in.h. Straces older than an option print `0x18 /* IP_??? */`."""

SOCKET_OPTIONS: dict[str, int] = {
    "SO_DEBUG": 1, "SO_REUSEADDR": 2, "SO_TYPE": 3, "SO_ERROR": 4, "SO_DONTROUTE": 5,
    "SO_BROADCAST": 6, "SO_SNDBUF": 7, "SO_RCVBUF": 8, "SO_KEEPALIVE": 9, "SO_OOBINLINE": 10,
    "SO_NO_CHECK": 11, "SO_PRIORITY": 12, "SO_LINGER": 13, "SO_BSDCOMPAT": 14, "SO_REUSEPORT": 15,
    "SO_PASSCRED": 16, "SO_PEERCRED": 17, "SO_RCVLOWAT": 18, "SO_SNDLOWAT": 19, "SO_RCVTIMEO": 20,
    "SO_RCVTIMEO_OLD": 20, "SO_SNDTIMEO": 21, "SO_SNDTIMEO_OLD": 21, "SO_BINDTODEVICE": 25,
    "SO_ATTACH_FILTER": 26, "SO_DETACH_FILTER": 27, "SO_PEERNAME": 28, "SO_TIMESTAMP": 29,
    "SO_TIMESTAMP_OLD": 29, "SO_ACCEPTCONN": 30, "SO_PEERSEC": 31, "SO_SNDBUFFORCE": 32,
    "SO_RCVBUFFORCE": 33, "SO_PASSSEC": 34, "SO_MARK": 36, "SO_PROTOCOL": 38, "SO_DOMAIN": 39,
    "SO_RXQ_OVFL": 40, "SO_BUSY_POLL": 46, "SO_INCOMING_CPU": 49, "SO_ATTACH_BPF": 50,
    "SO_ATTACH_REUSEPORT_CBPF": 51, "SO_ATTACH_REUSEPORT_EBPF": 52, "SO_COOKIE": 57,
    "SO_PEERGROUPS": 59, "SO_ZEROCOPY": 60, "SO_TXTIME": 61, "SO_BINDTOIFINDEX": 62,
    "SO_DETACH_REUSEPORT_BPF": 68, "SO_RESERVE_MEM": 73, "SO_TXREHASH": 74,
}  # fmt: skip
"""SOL_SOCKET, include/uapi/asm-generic/socket.h."""

TCP_OPTIONS: dict[str, int] = {
    "TCP_NODELAY": 1, "TCP_MAXSEG": 2, "TCP_CORK": 3, "TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 6, "TCP_SYNCNT": 7, "TCP_LINGER2": 8, "TCP_DEFER_ACCEPT": 9,
    "TCP_WINDOW_CLAMP": 10, "TCP_INFO": 11, "TCP_QUICKACK": 12, "TCP_CONGESTION": 13,
    "TCP_MD5SIG": 14, "TCP_USER_TIMEOUT": 18, "TCP_REPAIR": 19, "TCP_FASTOPEN": 23,
    "TCP_TIMESTAMP": 24, "TCP_NOTSENT_LOWAT": 25, "TCP_FASTOPEN_CONNECT": 30, "TCP_ULP": 31,
    "TCP_FASTOPEN_KEY": 33, "TCP_FASTOPEN_NO_COOKIE": 34, "TCP_INQ": 36, "TCP_TX_DELAY": 37,
    "TCP_IS_MPTCP": 43,
}  # fmt: skip
"""SOL_TCP, include/uapi/linux/tcp.h."""

IPV6_OPTIONS: dict[str, int] = {
    "IPV6_ADDRFORM": 1, "IPV6_CHECKSUM": 7, "IPV6_UNICAST_HOPS": 16, "IPV6_MULTICAST_IF": 17,
    "IPV6_MULTICAST_HOPS": 18, "IPV6_MULTICAST_LOOP": 19, "IPV6_ADD_MEMBERSHIP": 20,
    "IPV6_DROP_MEMBERSHIP": 21, "IPV6_MTU_DISCOVER": 23, "IPV6_MTU": 24, "IPV6_RECVERR": 25,
    "IPV6_V6ONLY": 26, "IPV6_RECVPKTINFO": 49, "IPV6_PKTINFO": 50, "IPV6_TCLASS": 67,
    "IPV6_ADDR_PREFERENCES": 72, "IPV6_ORIGDSTADDR": 74, "IPV6_TRANSPARENT": 75,
    "IPV6_UNICAST_IF": 76, "IPV6_FREEBIND": 78,
}  # fmt: skip
"""SOL_IPV6, include/uapi/linux/in6.h."""

OPTIONS_OF_LEVEL: dict[int, Table] = {
    0: IP_OPTIONS, 1: SOCKET_OPTIONS, 6: TCP_OPTIONS, 41: IPV6_OPTIONS,
}  # fmt: skip

SIGNALS: dict[str, int] = {
    "SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGBUS": 7,
    "SIGFPE": 8, "SIGKILL": 9, "SIGUSR1": 10, "SIGSEGV": 11, "SIGUSR2": 12, "SIGPIPE": 13,
    "SIGALRM": 14, "SIGTERM": 15, "SIGSTKFLT": 16, "SIGCHLD": 17, "SIGCONT": 18, "SIGSTOP": 19,
    "SIGTSTP": 20, "SIGTTIN": 21, "SIGTTOU": 22, "SIGURG": 23, "SIGXCPU": 24, "SIGXFSZ": 25,
    "SIGVTALRM": 26, "SIGPROF": 27, "SIGWINCH": 28, "SIGIO": 29, "SIGPWR": 30, "SIGSYS": 31,
    "SIGRTMIN": 32,
}  # fmt: skip
"""signal(7)."""

CLONE_FLAGS: dict[str, int] = {
    "CLONE_VM": 0x100, "CLONE_FS": 0x200, "CLONE_FILES": 0x400, "CLONE_SIGHAND": 0x800,
    "CLONE_PIDFD": 0x1000, "CLONE_PTRACE": 0x2000, "CLONE_VFORK": 0x4000, "CLONE_PARENT": 0x8000,
    "CLONE_THREAD": 0x10000, "CLONE_NEWNS": 0x20000, "CLONE_SYSVSEM": 0x40000,
    "CLONE_SETTLS": 0x80000, "CLONE_PARENT_SETTID": 0x100000, "CLONE_CHILD_CLEARTID": 0x200000,
    "CLONE_DETACHED": 0x400000, "CLONE_UNTRACED": 0x800000, "CLONE_CHILD_SETTID": 0x1000000,
    "CLONE_NEWCGROUP": 0x2000000, "CLONE_NEWUTS": 0x4000000, "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000, "CLONE_NEWPID": 0x20000000, "CLONE_NEWNET": 0x40000000,
    "CLONE_IO": 0x80000000, "CLONE_NEWTIME": 0x80, "CLONE_CLEAR_SIGHAND": 0x100000000,
    "CLONE_INTO_CGROUP": 0x200000000, **SIGNALS,
}  # fmt: skip
"""clone(2), clone3(2), unshare(2), setns(2); the low byte of clone's flags is the exit signal."""

FCNTL_COMMANDS: dict[str, int] = {
    "F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_SETFL": 4, "F_GETLK": 5,
    "F_SETLK": 6, "F_SETLKW": 7, "F_SETOWN": 8, "F_GETOWN": 9, "F_SETSIG": 10, "F_GETSIG": 11,
    "F_GETLK64": 12, "F_SETLK64": 13, "F_SETLKW64": 14, "F_SETOWN_EX": 15, "F_GETOWN_EX": 16,
    "F_OFD_GETLK": 36, "F_OFD_SETLK": 37, "F_OFD_SETLKW": 38, "F_SETLEASE": 1024,
    "F_GETLEASE": 1025, "F_NOTIFY": 1026, "F_DUPFD_QUERY": 1027, "F_CREATED_QUERY": 1028,
    "F_CANCELLK": 1029, "F_DUPFD_CLOEXEC": 1030, "F_SETPIPE_SZ": 1031, "F_GETPIPE_SZ": 1032,
    "F_ADD_SEALS": 1033, "F_GET_SEALS": 1034,
}  # fmt: skip

FD_FLAGS: dict[str, int] = {"FD_CLOEXEC": 1}
"""fcntl(2) F_GETFD and F_SETFD."""

OPEN_FLAGS: dict[str, int] = {
    "O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2, "O_CREAT": 0o100, "O_EXCL": 0o200, "O_NOCTTY": 0o400,
    "O_TRUNC": 0o1000, "O_APPEND": 0o2000, "O_NONBLOCK": 0o4000, "O_NDELAY": 0o4000,
    "O_DSYNC": 0o10000, "O_ASYNC": 0o20000, "FASYNC": 0o20000, "O_NOATIME": 0o1000000,
    "O_CLOEXEC": 0o2000000, "O_SYNC": 0o4010000, "O_PATH": 0o10000000,
}  # fmt: skip
"""open(2), pipe2(2), dup3(2), F_SETFL; also EFD_CLOEXEC and the like, which equal O_CLOEXEC."""

CLOSE_RANGE_FLAGS: dict[str, int] = {"CLOSE_RANGE_UNSHARE": 2, "CLOSE_RANGE_CLOEXEC": 4}

MSG_FLAGS: dict[str, int] = {
    "MSG_OOB": 1, "MSG_PEEK": 2, "MSG_DONTROUTE": 4, "MSG_CTRUNC": 8, "MSG_PROXY": 0x10,
    "MSG_TRUNC": 0x20, "MSG_DONTWAIT": 0x40, "MSG_EOR": 0x80, "MSG_WAITALL": 0x100,
    "MSG_FIN": 0x200, "MSG_SYN": 0x400, "MSG_CONFIRM": 0x800, "MSG_RST": 0x1000,
    "MSG_ERRQUEUE": 0x2000, "MSG_NOSIGNAL": 0x4000, "MSG_MORE": 0x8000, "MSG_WAITFORONE": 0x10000,
    "MSG_BATCH": 0x40000, "MSG_ZEROCOPY": 0x4000000, "MSG_FASTOPEN": 0x20000000,
    "MSG_CMSG_CLOEXEC": 0x40000000,
}  # fmt: skip
"""Flags of send(2), recv(2) and related calls, include/linux/socket.h."""

SHUTDOWN_HOW: dict[str, int] = {"SHUT_RD": 0, "SHUT_WR": 1, "SHUT_RDWR": 2}

CONTROL_TYPES: dict[str, int] = {
    "SCM_RIGHTS": 1, "SCM_CREDENTIALS": 2, "SCM_SECURITY": 3, "SCM_PIDFD": 4,
}  # fmt: skip
"""cmsg_type under SOL_SOCKET, unix(7)."""

NOTHING: Table = {"NULL": 0}
"""The table for arguments that are plain numbers."""


def number(value: Value | None, table: Table = NOTHING) -> int | None:
    """Return `value` as a number, looking up names in `table`; None if it has no known number.

    Looks through argument names, fd annotations, comments and changes (the newer side counts), adds
    up flag sets, and evaluates `8192*1024`, `1<<5`. An unknown name in a flag set makes it None;
    use `includes` to test a single flag.
    """
    match value:
        case int():
            return value
        case Name():
            return table.get(value.text)
        case Flags():
            bits = 0
            for member in value.members:
                bit = number(member, table)
                if bit is None:
                    return None
                bits |= bit
            return bits
        case Named(_, inner) | Commented(inner, _) | Annotated(inner, _) | Change(_, inner):
            return number(inner, table)
        case Expression(operator, (left, right)):
            first, second = number(left, table), number(right, table)
            if first is None or second is None:
                return None
            return _apply(operator, first, second)
        case _:
            return None


def _apply(operator: str, first: int, second: int) -> int | None:
    match operator:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
        case "<<" if 0 <= second < 64:
            return first << second
        case _:
            return None


def includes(value: Value | None, flag: str, table: Table) -> bool | None:
    """Return whether the flag set `value` contains `flag`, a name of `table`; None if unknown.

    Names other than `flag` are other bits, known or not: `CLONE_VM|CLONE_NEWFOO` does not include
    CLONE_FILES.
    """
    bits = table[flag]
    match value:
        case int():
            return value & bits == bits
        case Name():
            return value.text == flag or table.get(value.text, 0) & bits == bits
        case Flags():
            answers = [includes(member, flag, table) for member in value.members]
            return True if True in answers else None if None in answers else False
        case Named(_, inner) | Commented(inner, _) | Annotated(inner, _) | Change(_, inner):
            return includes(inner, flag, table)
        case Expression():
            whole = number(value, table)
            return None if whole is None else whole & bits == bits
        case _:
            return None
