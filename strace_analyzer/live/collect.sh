#!/bin/sh
# Traces a process for a while and adds what the machine says of its ports: one .tar.gz, for
#   strace-analyzer check FILE.tar.gz
# wherever there is Python. Needs sh, strace and tar; the payload of no call is recorded.
#   sh collect.sh PID|NAME [SECONDS]
set -eu
usage='usage: sh collect.sh PID|NAME [SECONDS]'
case ${1-} in
-h | --help)
  cat <<END
$usage

Traces the process with this id, or all whose program or script has this name (nginx, worker.py,
'php-fpm*'), and their children, for SECONDS (30), and packs the trace with what the machine says of
its ports into a .tar.gz in this directory. Read it where there is Python:
strace-analyzer check FILE.tar.gz
END
  exit 0
  ;;
-*) echo "$usage" >&2; exit 2 ;;
esac
target=${1:?$usage}
seconds=${2:-30}
case $seconds in '' | *[!0-9]*) echo "$usage" >&2; exit 2 ;; esac

fail() { echo "collect: $1" >&2; exit 1; }
command -v strace >/dev/null 2>&1 || fail 'strace is not installed'
command -v tar >/dev/null 2>&1 || fail 'tar is not installed'

# The name of the script that an interpreter runs, of its arguments the only one that is kept.
script() {
  case $1 in
    python* | pypy*) kind=python flags=3bBdEhiIOPqRsStuvVx ;;
    ruby*) kind=ruby flags=acdhlnpsSUvwy ;;
    perl*) kind=perl flags=acfhnpsStTuUvwWX ;;
    php*) kind=php flags=aCeHhilmnqsvw ;;
    node*) kind=node flags=- ;;
    java*) kind=java flags=- ;;
    *) return 0 ;;
  esac
  tr '\0' '\n' <"$2" 2>/dev/null | {
    IFS= read -r word || :
    next=
    while IFS= read -r word; do
      case $next in
        value) next= && continue ;;
        '') case "$kind $word" in
          "python -"[WXQ] | 'python --check-hash-based-pycs' | "ruby -"[CEIr] | 'perl -I' | \
          "php -"[cdzSt] | "node -"[rC] | 'node --require' | 'node --import' | 'node --loader' | \
          'node --experimental-loader' | 'node --conditions' | 'node --env-file' | 'java -cp' | \
          'java -classpath' | 'java --class-path' | 'java -p' | 'java --module-path' | \
          'java --upgrade-module-path' | 'java --add-'[meor]* | 'java --limit-modules' | \
          'java --enable-native-access' | 'java --patch-module' | 'java --source')
            case $word in *=*) ;; *) next=value ;; esac
            continue ;;
          'python -m' | 'php -f' | 'java -jar' | 'java -m' | 'java --module') next=name && continue ;;
          'java -d' | 'java --describe-module' | 'java --module='* | *' --eval='* | *' --print='*) exit 0 ;;
          *' --'*=* | "python -"[WX]* | "ruby -"[CEIrKTWF]?* | "perl -"[IMmCDdFi]?* | "php -"[cdz]?* | \
          'node --no-'* | 'node --trace-'* | 'node --inspect'* | 'node --enable-source-maps' | \
          'java -'*) continue ;;
          *' --'* | *' @'*) exit 0 ;;
          *' -'*) case ${word#-} in '' | *[!$flags]*) exit 0 ;; *) continue ;; esac ;;
        esac ;;
      esac
      case $word in *[[:space:]]*) ;; *) printf '%s\n' "${word##*/}" ;; esac
      exit 0
    done
  }
}
# The parent of a process, which may have ended.
parent() { sed -n 's/^PPid:[^0-9]*//p' "/proc/$1/status" 2>/dev/null; }
# Whether a process has the name, as ps -C shows it, or its program's file has it, or the script that
# an interpreter runs; never by its arguments, and not this shell or what started it.
named() {
  called=
  { read -r called <"/proc/$1/comm"; } 2>/dev/null || return 1
  program=$(readlink "/proc/$1/exe" 2>/dev/null) || program=
  program=${program% (deleted)}
  program=${program##*/}
  ran=
  [ -z "$program" ] || ran=$(script "$program" "/proc/$1/cmdline")
  for one in "$called" "$program" "$ran"; do
    # shellcheck disable=SC2254
    case $one in '') ;; $target | "$short") case " $ours " in *" $1 "*) return 1 ;; esac && return 0 ;; esac
  done
  return 1
}

# Processes: by number or by name, and their children, which a trace of the parent does not show.
pids=
case $target in
*[!0-9]*)
  short=$(printf '%.15s' "$target") # the kernel keeps 15 characters of a name
  ours=$$ up=$$
  while up=$(parent "$up") && [ "${up:-0}" -gt 0 ]; do ours="$ours $up"; done
  for place in /proc/[0-9]*; do
    pid=${place#/proc/}
    if named "$pid"; then pids="$pids $pid"; fi
  done
  [ -n "$pids" ] || fail "no process is named $target, nor runs a script of this name"
  ;;
*)
  [ -d "/proc/$target" ] || fail "no process $target"
  pids=" $target"
  ;;
esac
grown=yes
while [ $grown = yes ]; do
  grown=no
  for place in /proc/[0-9]*; do
    pid=${place#/proc/}
    case " $pids " in *" $pid "*) continue ;; esac
    above=$(parent "$pid") || continue
    [ -n "$above" ] || continue
    case " $pids " in
    *" $above "*) if [ "$pid" != $$ ]; then pids="$pids $pid" grown=yes; fi ;;
    esac
  done
done

work=${TMPDIR:-/tmp}/strace-collect.$$
(umask 077 && mkdir "$work") || fail "cannot make $work: set TMPDIR to a directory that can be written"
# The result goes to this directory: to know after the tracing that it cannot is too late.
(: >".strace-collect.$$" && rm ".strace-collect.$$") 2>/dev/null || { rmdir "$work"; fail "this directory cannot be written: cd to one that can"; }
tracer=
end() { [ -z "$tracer" ] || kill -TERM "$tracer" 2>/dev/null || :; rm -rf "$work"; }
trap end EXIT
# Facts of the network namespace of the first process, from inside of it where that is allowed.
first=${pids# }
first=${first%% *}
inside() {
  if nsenter -t "$first" -n true 2>/dev/null; then nsenter -t "$first" -n "$@"; else "$@"; fi
}
facts() {
  for name in @SYSCTLS@; do
    value=$(inside cat "/proc/sys/$(echo "$name" | tr . /)" 2>/dev/null | tr '\t' ' ') || continue
    [ -z "$value" ] || echo "# strace-analyzer: $name = $value"
  done
  for pid in $pids; do
    program=$(readlink "/proc/$pid/exe" 2>/dev/null) || program=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
    program=${program% (deleted)}
    echo "# strace-analyzer: program.$pid = $program"
    script=$(script "${program##*/}" "/proc/$pid/cmdline")
    [ -z "$script" ] || echo "# strace-analyzer: script.$pid = $script"
    echo "# strace-analyzer: threads.$pid = $(echo $(ls "/proc/$pid/task" 2>/dev/null))"
  done
  echo "# strace-analyzer: kernel = $(uname -r)"
  echo "# strace-analyzer: strace = $(strace -V 2>/dev/null | sed -n '1s/.* //p')"
  echo "# strace-analyzer: shown = all"
  echo "# strace-analyzer: date = $(date -u '+%Y-%m-%dT%H:%M:%SZ')"
}
sockets() {
  if command -v ss >/dev/null 2>&1; then
    inside ss -tanp 2>/dev/null
  else
    cat "/proc/$first/net/tcp" "/proc/$first/net/tcp6" 2>/dev/null
  fi
}
facts >"$work/facts.txt"
command -v ss >/dev/null 2>&1 && inside ss -s >"$work/ss-s.txt" 2>/dev/null || :
sockets >"$work/ss.txt" || :

attach=
for pid in $pids; do attach="$attach -p $pid"; done
# shellcheck disable=SC2086
@STRACE@ -o "$work/calls" $attach 2>"$work/strace-says.txt" &
tracer=$!
# shellcheck disable=SC2086
echo "collect: tracing" $pids "for $seconds s, which slows them down; Ctrl-C ends it" >&2
trap 'kill -TERM "$tracer" 2>/dev/null || :' INT TERM
(sleep "$seconds"; kill -TERM "$tracer") >/dev/null 2>&1 </dev/null &
timer=$!
# Twice, as a signal ends the first; some shells say of a job how it ended.
wait "$tracer" 2>/dev/null || :
wait "$tracer" 2>/dev/null || :
kill "$timer" 2>/dev/null || :
wait "$timer" 2>/dev/null || :
trap - INT TERM
tracer=
[ -s "$work/calls" ] || { cat "$work/strace-says.txt" >&2; fail 'strace recorded nothing'; }
# Of the calls that tasks were in as strace detached, the trace may show the first half alone.
sed -n 's/^.*: \(Process [0-9]* detached\)$/strace: \1/p' "$work/strace-says.txt" >>"$work/calls"
cat "$work/facts.txt" "$work/calls" >"$work/trace.txt"
rm "$work/calls"

file="strace-$(echo "$target" | tr -c 'A-Za-z0-9._\n' _)-$(date -u '+%Y%m%dT%H%M%S').tar"
(cd "$work" && tar cf - ./*) >"$file"
if command -v gzip >/dev/null 2>&1; then gzip -f "$file" && file=$file.gz; fi
echo "$file"
