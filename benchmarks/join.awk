# What an engineer writes by hand: key = thread id + fd number. Wrong by design: it knows no threads, no
# dup, no fork and no IP_BIND_ADDRESS_NO_PORT. For traces of `strace -f -tt` (the call is field 3).
{ call = $3 }
call ~ /^bind\(/ { fd = call; sub(/^bind\(/, "", fd); sub(/[^0-9].*/, "", fd); key = $1 SUBSEP fd
  if ($0 ~ /sin6?_port=htons\(0\)/ && $0 ~ /("0\.0\.0\.0"|"::")/) bound[key] = $0; else delete bound[key]; next }
call ~ /^connect\(/ { fd = call; sub(/^connect\(/, "", fd); sub(/[^0-9].*/, "", fd); key = $1 SUBSEP fd
  if (key in bound) { sockets++; threads[$1]++; delete bound[key] } next }
call ~ /^close\(/ { fd = call; sub(/^close\(/, "", fd); sub(/[^0-9].*/, "", fd); delete bound[$1 SUBSEP fd] }
END { for (tid in threads) count++; print sockets + 0, "sockets,", count + 0, "threads" }
