#!/usr/bin/env bash
# Runs every fuzzer of the module for FUZZTIME (default 5s) each, with one worker, FUZZJOBS packages at once (default: one for
# each processor). Prints one line for each fuzzer; goes on after one that finds something, and fails at the end.
#
#   deploy/fuzz.sh                       every fuzzer
#   deploy/fuzz.sh coordinator/mmff ...  those of some packages
#
# An input that was found is in testdata/fuzz of its package: from then on, go test runs it. Inputs that reached new code are
# kept in the build cache, so that each run begins where the last one ended.
set -euo pipefail
cd "$(dirname "$0")/.."
export GO=${GO:-go} FUZZTIME=${FUZZTIME:-5s}
FUZZ_CACHE=$("$GO" env GOCACHE)/fuzz
FUZZ_WORK=$(mktemp -d)
export FUZZ_CACHE FUZZ_WORK
trap 'rm -rf "$FUZZ_WORK"' EXIT
jobs=${FUZZJOBS:-$(nproc 2>/dev/null || echo 2)}

# fuzzing runs one fuzzer; its output goes to a file. Shrinking inputs is left out: it takes time, and when that runs out in the
# middle of it the run counts as failed although nothing was found.
fuzzing() {
  (cd "$1" && "$2" -test.run '^$' -test.fuzz "^$3\$" -test.fuzztime "$FUZZTIME" -test.fuzzminimizetime 0s -test.parallel 1 \
    -test.fuzzcachedir "$FUZZ_CACHE/sidegate/$1" </dev/null >"$4" 2>&1)
}

# package builds the fuzzers of one directory once, and runs them. -fuzz at the build would instrument everything that is linked,
# the standard library and the database included: that takes minutes, and inputs are then kept for reaching code that is not
# ours.
package() {
  local instrumented=('-gcflags=sidegate/...=-d=libfuzzer' '-gcflags=github.com/emersion/...=-d=libfuzzer')
  local dir=$1 program=$FUZZ_WORK/${1//\//_}.test log=$FUZZ_WORK/${1//\//_} names name figures
  if ! "$GO" test -c "${instrumented[@]}" -o "$program" "./$dir" >"$log.build" 2>&1; then
    { cat "$log.build"; printf 'FAILED  %s does not build\n' "$dir"; } | tee "$FUZZ_WORK/failed.${dir//\//_}"
    return
  fi
  names=$("$program" -test.list '^Fuzz')
  for name in $names; do
    if fuzzing "$dir" "$program" "$name" "$log.$name" ||
      { grep -q 'context deadline exceeded' "$log.$name" && ! grep -q 'Failing input written' "$log.$name" &&
        fuzzing "$dir" "$program" "$name" "$log.$name"; }; then
      figures=$(sed -n 's/^fuzz: elapsed: [^,]*, \(execs: [0-9]*\) ([^)]*)\(.*\)$/\1\2/p' "$log.$name" | tail -n 1)
      printf 'ok      %-40s %-22s %s\n' "$dir" "$name" "$figures"
      echo "$name" >"$log.$name.done"
    else
      { cat "$log.$name"; printf 'FAILED  %-40s %s\n' "$dir" "$name"; } >"$FUZZ_WORK/failed.${dir//\//_}.$name"
      cat "$FUZZ_WORK/failed.${dir//\//_}.$name"
    fi
  done
}
export -f fuzzing package

if [ $# -gt 0 ]; then
  dirs=$(printf '%s\n' "$@")
else
  dirs=$(git ls-files '*_test.go' | xargs grep -l '^func Fuzz' | xargs -n 1 dirname | sort -u)
fi
[ -n "$dirs" ] || { echo "FAILED: there is no fuzzer" >&2; exit 1; }
began=$SECONDS
xargs -P "$jobs" -I '{}' bash -c 'package "$1"' _ '{}' <<<"$dirs"

count=$(find "$FUZZ_WORK" -name '*.done' | wc -l)
if failed=$(grep -h '^FAILED' "$FUZZ_WORK"/failed.* 2>/dev/null); then
  printf '\n%s\n%d fuzzers found nothing in %s each; these did:\n%s\n' "-----" "$count" "$FUZZTIME" "$failed" >&2
  exit 1
fi
[ "$count" -gt 0 ] || { echo "FAILED: no fuzzer ran" >&2; exit 1; }
echo "$count fuzzers, $FUZZTIME each: nothing found ($((SECONDS - began))s)"
