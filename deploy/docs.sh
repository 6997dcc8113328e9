#!/usr/bin/env bash
# Writes docs/commands.md from the help texts of the three programs in bin/. With --check it only says whether the file
# is up to date.
set -euo pipefail
# shellcheck disable=SC2016 # the fences are no commands
cd "$(dirname "$0")/.."
page=docs/commands.md

# help PROGRAM [COMMAND...]: a help text as it is everywhere, whatever the terminal, the environment and the version
help() {
  local program=$1
  shift
  env -i HOME=/nonexistent LC_ALL=C TZ=UTC NO_COLOR=1 "bin/$program" "$@" --help | sed -e '/^VERSION:/,/^$/d' -e 's/[[:space:]]*$//'
}

# plain: a help text on stdin without what is bound to differ from program to program
plain() {
  sed -E -e 's/pcside|macside|coordinator/PROGRAM/g' -e 's/(PCSIDE|MACSIDE|COORDINATOR)_/PROGRAM_/g' -e 's/(740|940)[123]/PORT/g' \
    -e 's!NET/PO/ANN|bob@Marketing!ADDRESS!g' -e 's/[[:space:]]+/ /g'
}

# commands: the names under COMMANDS in a help text on stdin
commands() {
  awk '/^COMMANDS:/ { on = 1; next } on && /^[^ ]/ { exit } on && /^   [a-z]/ { sub(/,$/, "", $1); print $1 }'
}

# section PROGRAM [COMMAND...]: one command and those below it. What pcside has word for word is not written again.
section() {
  local program=$1 text name
  shift
  text=$(help "$program" "$@")
  if [ "$program" = pcside ] || ! twin=$(help pcside "$@" 2>/dev/null) || [ "$(plain <<<"$text")" != "$(plain <<<"$twin")" ]; then
    printf '### %s%s\n\n```text\n%s\n```\n\n' "$program" "${*:+ $*}" "$text"
  fi
  [ "${1:-}" = completion ] || for name in $(commands <<<"$text"); do
    [ "$name" = help ] || section "$program" "$@" "$name"
  done
}

# brief: a page on stdin, with each block of flags written once in a program's part
brief() {
  awk '
    function flush() {
      if (head == "") return
      if ((head, body) in seen) print head ": as above"
      else printf "%s\n\n%s", head, body
      seen[head, body]
      head = body = ""
    }
    /^## / { split("", seen) }
    /^   [A-Z][A-Z ]+$/ { flush(); head = $0; next }
    head != "" && /^   -/ { body = body $0 "\n"; next }
    head != "" && body == "" && /^$/ { next }
    { flush(); print }'
}

reference() {
  cat <<'TOP'
# Commands

Written by `make docs` from the help texts of the programs. What the programs have in common stands under pcside; for the
others read their own name for `pcside`, `MACSIDE_` or `COORDINATOR_` for `PCSIDE_`, and ports ending in 2 or 3 for those
ending in 1. Every command explains itself with `--help`.

## pcside

TOP
  section pcside
  printf '## macside, where it differs\n\n'
  section macside
  printf '## coordinator, where it differs\n\n'
  section coordinator
}

for program in pcside macside coordinator; do
  [ -x "bin/$program" ] || { echo "FAILED: bin/$program is missing; make build makes it" >&2; exit 1; }
done
fresh=$(reference | brief)
case ${1:-} in
  --check)
    diff -u "$page" - <<<"$fresh" || { echo "FAILED: $page is out of date; run make docs and commit it" >&2; exit 1; }
    echo "$page is up to date" ;;
  "")
    mkdir -p docs
    printf '%s\n' "$fresh" >"$page"
    echo "$page: $(wc -l <"$page") lines" ;;
  *) echo "usage: docs.sh [--check]" >&2; exit 2 ;;
esac
