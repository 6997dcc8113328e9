#!/usr/bin/env bash
# Starts pcside, macside and a coordinator on loopback, sends mail every way and shows it arriving.
#   try.sh run    keeps its stores in .run and stays until Ctrl-C, which ends all three in good order
#   try.sh demo   begins anew in .run/demo and ends by itself: 0 once everything has arrived, else 1
# SIDEGATE_PORTS=1 puts a digit from 1 to 5 before every port (17401), for when 7401 is taken.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/lib.sh
mode=${1:-run}
port=${SIDEGATE_PORTS:-}
case $port in
  '' | [1-5]) ;;
  *) echo "SIDEGATE_PORTS=$port is not a digit from 1 to 5, to be put before 7401" >&2; exit 2 ;;
esac
case $mode in
  run) dir=.run${port:+/ports-$port} ;;
  demo) dir=.run/demo${port:+-$port} ;;
  *) echo "usage: try.sh run|demo" >&2; exit 2 ;;
esac
spool=$dir/spool tls=$dir/pki
names=(macside pcside coordinator) pids=()

pc=127.0.0.1:${port}7401 mac=127.0.0.1:${port}7402 keeper=127.0.0.1:${port}7403
http_pc=127.0.0.1:${port}9401 http_mac=127.0.0.1:${port}9402 http_keeper=127.0.0.1:${port}9403

fail() {
  printf '\nFAILED: %s\n' "$*" >&2
  for name in "${names[@]}"; do
    [ ! -s "$dir/$name.log" ] || { printf '%s\n' "-- the end of $dir/$name.log"; tail -n 12 "$dir/$name.log"; } >&2
  done
  exit 1
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# stop ends what start began, each with one SIGTERM: the second would cut its drain short.
stop() {
  local pid
  trap '' INT TERM HUP
  trap - EXIT
  for pid in ${pids[@]+"${pids[@]}"}; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in ${pids[@]+"${pids[@]}"}; do
    within 45 gone "$pid" || { echo "process $pid does not end and is killed" >&2; kill -KILL "$pid" 2>/dev/null || true; }
  done
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# start NAME FLAG...: in a process group of its own, so that a Ctrl-C reaches only this script
start() {
  local name=$1
  shift
  : >"$dir/$name.log"
  set -m
  "bin/$name" serve --data "$dir/$name" --tls-dir "$tls/$name" "$@" >>"$dir/$name.log" 2>&1 </dev/null &
  pids+=($!)
  set +m
}

# ready NAME ADDR PID: waits until a program takes mail
ready() {
  local end=$((SECONDS + 30))
  until "bin/$1" health --http "$2" >/dev/null 2>&1; do
    if gone "$3"; then fail "$1 ended at its start"; fi
    [ "$SECONDS" -lt "$end" ] || fail "$1 did not become ready in 30 s"
    sleep 0.1
  done
}

pcside()  { bin/pcside "$@" --addr "$pc" --tls-dir "$tls/user"; }
macside() { bin/macside "$@" --addr "$mac" --tls-dir "$tls/user"; }

# arrived PROGRAM MAILBOX SUBJECT: follows a mailbox until a message comes, and shows it
arrived() {
  local line id
  line=$("$1" inbox "$2" --follow --output jsonl --timeout 60s 2>>"$dir/client.log" | grep -m1 -F -- "\"$3\"") ||
    fail "\"$3\" did not arrive in $2 within a minute"
  id=$(sed -n 's/.*"messageId": *"\([^"]*\)".*/\1/p' <<<"$line")
  "$1" read "$2" "$id" || fail "\"$3\" arrived in $2 and cannot be read"
}

# taken TEXT: plays the old Macintosh half. It takes every file out of PCTOMAC, and succeeds at the one that holds TEXT,
# whose new place it leaves in $letter.
taken() {
  local file
  for file in "$spool"/STORE/PCTOMAC/*.MSG; do
    [ -e "$file" ] || continue
    letter=$dir/taken/$(date +%H%M%S)-$(basename "$file")
    mv "$file" "$letter"
    if grep -qF -- "$1" "$letter"; then return 0; fi
  done
  return 1
}

free "${port}"740{1,2,3} "${port}"940{1,2,3} || exit 1
[ "$mode" = run ] || rm -rf "$dir"
mkdir -p "$dir/taken"
: >"$dir/client.log"
bin/coordinator pki init "$tls" >/dev/null
bin/coordinator spool init "$spool" >/dev/null

say "Starting macside, pcside and a coordinator"
start macside --listen "$mac" --http "$http_mac" --serves '*@Design' --auto-mailbox \
  --accept-peer sidegate://peer/pcside --accept-peer sidegate://peer/coordinator
start pcside --listen "$pc" --http "$http_pc" --serves 'COMPANY/DEPT/*' --auto-mailbox \
  --peer "$mac=sidegate://peer/macside" --accept-peer sidegate://peer/coordinator
start coordinator --listen "$keeper" --http "$http_keeper" --spool "$spool" --role pc --serves '*@Marketing' \
  --serves 'MACNET/MACPO/*' --peer "$pc=sidegate://peer/pcside" --peer "$mac=sidegate://peer/macside"
ready macside "$http_mac" "${pids[0]}"
ready pcside "$http_pc" "${pids[1]}"
ready coordinator "$http_keeper" "${pids[2]}"
echo "ready: pcside $pc, macside $mac, coordinator $keeper, spool $spool"
now=$(date +%H:%M:%S)

say "1. PC -> Mac"
pcside send --from COMPANY/DEPT/jsmith --to anna@Design --subject "Hello from the PC side ($now)" --body "It arrived." >/dev/null
arrived macside anna@Design "Hello from the PC side ($now)"

say "2. Mac -> PC"
macside send --from anna@Design --to COMPANY/DEPT/jsmith --subject "Hello from the Mac side ($now)" --body "So did this." >/dev/null
arrived pcside COMPANY/DEPT/jsmith "Hello from the Mac side ($now)"

say "3. A file of the old system in $spool/STORE/MACTOPC -> PC"
letter bob@Marketing COMPANY/DEPT/jsmith "Hello from 1994 ($now)" "This text was written by a program of 1994." |
  drop "$spool/STORE/MACTOPC" || fail "no free slot in MACTOPC"
arrived pcside COMPANY/DEPT/jsmith "Hello from 1994 ($now)"

say "4. PC -> a file of the old system in $spool/STORE/PCTOMAC"
id=$(pcside send --from COMPANY/DEPT/jsmith --to bob@Marketing --subject "Hello, 1994 ($now)" --body "We still speak your language.")
within 60 taken "Hello, 1994 ($now)" || fail "nothing was written into PCTOMAC"
echo "the old half took $letter:"
bin/coordinator mmff show "$letter"

say "The way of the last message"
pcside track "$id"

if [ "$mode" = demo ]; then say "All four arrived."; exit 0; fi

say "Running. Status page: http://$http_pc/"
cat <<END
Try, in another terminal:
  bin/pcside send --addr $pc --tls-dir $tls/user --from COMPANY/DEPT/jsmith --to anna@Design --subject Hi --body "What a day."
  bin/macside inbox anna@Design --addr $mac --tls-dir $tls/user
  bin/pcside status --addr $pc --tls-dir $tls/operator
Ctrl-C ends it.
END
trap 'say "Draining"; stop; exit 0' INT TERM HUP
while :; do
  sleep 1 &
  wait $! || true
  for i in 0 1 2; do
    if gone "${pids[$i]}"; then fail "${names[$i]} has ended"; fi
  done
done
