"""The position of the first descriptor among the arguments of each system call.

From the prototypes in section 2 of the man pages (and of strace for old calls without a page). For
a call with several descriptors, the first counts; poll() and select() take sets, and have none.
"""

from __future__ import annotations

from strace_analyzer.report.events.row import Argument
from strace_analyzer.trace.events import Entered

_FIRST = """
accept accept4 bind cachestat close close_range connect copy_file_range dup dup2 dup3
epoll_ctl epoll_pwait epoll_pwait2 epoll_wait execveat faccessat faccessat2 fadvise64
fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat
fcntl fcntl64 fdatasync fgetxattr finit_module flistxattr flock fremovexattr fsconfig fsetxattr
fsmount fspick fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat
getdents getdents64 getpeername getsockname getsockopt getxattrat inotify_add_watch
inotify_rm_watch io_uring_enter io_uring_register ioctl kexec_file_load landlock_add_rule
landlock_restrict_self linkat listen listxattrat lseek llseek _llseek mkdirat mknodat mount_setattr
move_mount mq_getsetattr mq_notify mq_timedreceive mq_timedreceive_time64 mq_timedsend
mq_timedsend_time64 name_to_handle_at newfstatat oldfstat open_by_handle_at open_tree openat openat2
pidfd_getfd pidfd_send_signal pread pread64 preadv preadv2 process_madvise process_mrelease pwrite
pwrite64 pwritev pwritev2 quotactl_fd read readahead readlinkat readv recv recvfrom recvmmsg
recvmmsg_time64 recvmsg removexattrat renameat renameat2 send sendfile sendfile64 sendmmsg sendmsg
sendto setns setsockopt setxattrat shutdown signalfd signalfd4 splice statx sync_file_range
sync_file_range2 syncfs tee timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64
unlinkat utimensat utimensat_time64 vmsplice write writev
"""

FIRST_DESCRIPTOR: dict[str, int] = {
    **dict.fromkeys(_FIRST.split(), 0),
    "mmap": 4,
    "mmap2": 4,
    "perf_event_open": 3,
    "symlinkat": 1,
}
"""A call that is not listed has a descriptor only if strace's -y shows one as its first
argument."""

ADDRESS: dict[str, tuple[int, bool]] = {
    "bind": (1, True),
    "getsockname": (1, True),
    "connect": (1, False),
    "getpeername": (1, False),
    "accept": (1, False),
    "accept4": (1, False),
    "sendto": (4, False),
    "recvfrom": (4, False),
}
"""Calls with a socket address -> the position of the argument, and whether it is the local
address."""


def number_in_front(half: Entered) -> int | None:
    """Return the descriptor that is the first argument of a call that has begun. Its other
    arguments are not decoded, since that would happen twice."""
    return half.call.number if FIRST_DESCRIPTOR.get(half.name) == 0 else None


def descriptor_of(name: str, args: tuple[Argument, ...]) -> Argument | None:
    """Return the first argument that is a descriptor."""
    place = FIRST_DESCRIPTOR.get(name)
    if place is not None:
        return args[place] if place < len(args) else None
    return args[0] if args and args[0].target is not None else None
