# shellcheck shell=bash
# What the scripts here have in common. To be sourced.

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# compose_here: the compose to use
compose_here() {
  if [ -n "${COMPOSE:-}" ]; then echo "$COMPOSE"; elif docker compose version >/dev/null 2>&1; then echo docker compose; else echo docker-compose; fi
}

# free PORT...: fails with a sentence if something listens on one of them
free() {
  local port
  for port in "$@"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "port $port on 127.0.0.1 is busy: end what listens there (make run, make up), or choose others with SIDEGATE_PORTS=1 (or 2 to 5)" >&2
      return 1
    fi
  done
}

# within SECONDS COMMAND...: tries a command until it succeeds, or until the time is up
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}

# letter FROM TO SUBJECT BODY: a message file as the old Macintosh half wrote it, on stdout
letter() {
  printf 'VERSION:3.00\r\nTO:CSI:%s\r\nFROM:MSMAIL:%s\r\nDATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:%s\r\nPRIORITY:3\r\nTEXT:%d\r\n%s\r\n' \
    "$2" "$1" "$3" "$((${#4} + 2))" "$4"
}

# drop DIRECTORY: puts stdin into the lowest free slot of a spool directory, as the old half did: all of it under a name
# nobody reads, then the name that counts. Prints the name.
drop() {
  local n
  for n in $(seq 1 10); do
    if [ ! -e "$1/MMFF$n.MSG" ] && [ ! -e "$1/MMFF$n.WRT" ]; then
      cat >"$1/MMFF$n.WRT"
      mv "$1/MMFF$n.WRT" "$1/MMFF$n.MSG"
      echo "MMFF$n.MSG"
      return
    fi
  done
  return 1
}
