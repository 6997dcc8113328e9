#!/usr/bin/env bash
# Runs every fuzzer of the module for FUZZTIME (default 5s) each and stops at the first one that finds something.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
time=${FUZZTIME:-5s}

# One line for each fuzzer: its package and its name. `go test -list` prints a package's names, then "ok PACKAGE".
list=$("$go" test -list '^Fuzz' ./...) || { printf '%s\n' "$list" >&2; echo "FAILED: the tests do not build" >&2; exit 1; }
fuzzers=$(awk '/^Fuzz/ { names[n++] = $1 } /^ok/ { for (i = 0; i < n; i++) print $2, names[i]; n = 0 }' <<<"$list")
[ -n "$fuzzers" ] || { echo "FAILED: no fuzzer found" >&2; exit 1; }
all=$(wc -l <<<"$fuzzers")

done=0
while read -r package name; do
  printf '== %d/%d %s %s\n' "$((done + 1))" "$all" "$package" "$name"
  "$go" test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "$package" </dev/null || {
    echo "FAILED: $name in $package, after $done fuzzers that found nothing; an input it found is in testdata/fuzz now, and go test runs it again" >&2
    exit 1
  }
  done=$((done + 1))
done <<<"$fuzzers"
echo "$done fuzzers, $time each: nothing found"
