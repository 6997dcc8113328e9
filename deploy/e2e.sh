#!/usr/bin/env bash
# Builds the images and runs mail through the containers, as somebody on the host would. Everything it starts has a
# name, ports and a directory of its own, is bounded in time, and is removed at the end.
#   KEEP=1           leaves the base image, if it was made here, and its caches in .e2e for a faster next run
#                    (what BuildKit keeps of a build is the engine's to clear, as after any build)
#   COMPOSE=...      the compose to use (default: docker compose if there is one, else docker-compose)
#   SIDEGATE_PORTS   the digit before every published port (default 5: 57401)
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/lib.sh
. deploy/containers.sh
# No grep -q behind a pipe: it leaves at the first match, and pipefail takes the writer that it cut off for a failure.

state=$PWD/.e2e/run-$$
export COMPOSE_PROJECT_NAME=sidegate-e2e-$$ SIDEGATE_VERSION=e2e-$$ SIDEGATE_DIR=$state SIDEGATE_PORTS=${SIDEGATE_PORTS:-5}
pc=127.0.0.1:${SIDEGATE_PORTS}7401 mac=127.0.0.1:${SIDEGATE_PORTS}7402 keeper=127.0.0.1:${SIDEGATE_PORTS}7403
jane=COMPANY/DEPT/jane anna=anna@Design bob=bob@Marketing
checks=0

step() { printf '\n%s== %s (%ss)%s\n' "$bold" "$*" "$SECONDS" "$plain"; }
ok()   { checks=$((checks + 1)); printf '   ok: %s\n' "$*"; }
fail() {
  printf '\nFAILED after %ss: %s\n' "$SECONDS" "$*" >&2
  compose ps >&2 || true
  compose logs --no-color --tail=30 >&2 || true
  exit 1
}

clean() {
  local code=$?
  trap '' INT TERM HUP
  trap - EXIT
  step "cleaning up"
  compose down --volumes --timeout 10 >/dev/null 2>&1 || true
  unbuild
  rm -rf "$state"
  exit "$code"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The host's user: an ordinary one where this runs as root, so that owners and modes are tested too.
as=()
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then as=(setpriv --reuid=12345 --regid=12345 --clear-groups); fi
host() { ${as[@]+"${as[@]}"} timeout 60 "$@"; }

pcside()  { host bin/pcside "$@" --addr "$pc" --tls-dir "$state/pki/user"; }
macside() { host bin/macside "$@" --addr "$mac" --tls-dir "$state/pki/user"; }
grpc()    { host .bin/grpcurl -max-time 20 -import-path proto -proto sidegate/v1/mail_service.proto "$@"; }
with()    { printf -- '-cacert %s/ca.crt -cert %s/tls.crt -key %s/tls.key' "$state/pki/$1" "$state/pki/$1" "$state/pki/$1"; }

# count PROGRAM MAILBOX SUBJECT: how often a subject is in a mailbox
count() { "$1" inbox "$2" --output jsonl | grep -cF -- "\"$3\"" || true; }
there() { [ "$(count "$@" 2>/dev/null)" -ge 1 ]; }
once() {
  within 60 there "$@" || fail "\"$3\" did not arrive in $2"
  [ "$(count "$@")" = 1 ] || fail "\"$3\" is $(count "$@") times in $2"
}
arrived() { once "$@"; ok "\"$3\" is in $2, once"; }

taken() { # TEXT: the file in PCTOMAC that holds it, in $letter
  for letter in "$state"/spool/STORE/PCTOMAC/*.MSG; do
    if [ -e "$letter" ] && grep -qF -- "$1" "$letter"; then return 0; fi
  done
  return 1
}

healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$(container "$1")" 2>/dev/null)" = healthy ]; }
all_healthy() {
  local service
  for service in macside pcside coordinator; do
    within 120 healthy "$service" || fail "$service is not healthy after 120 s"
  done
  ok "HEALTHCHECK of all three says healthy"
}

step "programs for the host"
mkdir -p .e2e
make --no-print-directory build "$PWD/.bin/grpcurl" >/dev/null
host test -x bin/pcside || { as=(); echo "   ordinary users cannot reach this directory: the host's user is $(id -un)"; }
export SIDEGATE_OWNER
SIDEGATE_OWNER=$(host id -u):$(host id -g)
free "${SIDEGATE_PORTS}"740{1,2,3} "${SIDEGATE_PORTS}"940{1,2,3} || exit 1

step "images"
build_images

step "compose"
check_compose
mkdir -p "$state"/{pki,spool}
chmod 755 "$state"
quietly compose up -d --no-build
all_healthy
check_hardening

step "mail"
pcside send --from "$jane" --to "$anna" --subject "PC to Mac" --body one >/dev/null
arrived macside "$anna" "PC to Mac"
macside send --from "$anna" --to "$jane" --subject "Mac to PC" --body two >/dev/null
arrived pcside "$jane" "Mac to PC"
slot=$(letter "$bob" "$jane" "Spool to PC" "three" | host bash -c '. deploy/lib.sh; drop "$1"' - "$state/spool/STORE/MACTOPC") || fail "the host cannot write into MACTOPC"
arrived pcside "$jane" "Spool to PC"
[ ! -e "$state/spool/STORE/MACTOPC/$slot" ] || fail "$slot is still in MACTOPC"
pcside send --from "$jane" --to "$bob" --subject "PC to spool" --body four >/dev/null
within 60 taken "SUBJECT:PC to spool" || fail "\"PC to spool\" did not come out in PCTOMAC"
host bin/coordinator mmff show "$letter" --output json | grep -F '"kind":' >/dev/null || fail "$letter cannot be read by the host's user"
ok "\"PC to spool\" is $(basename "$letter") in PCTOMAC"
host rm "$letter" || fail "the host cannot take $letter away"

step "grpcurl"
# shellcheck disable=SC2046 # words on purpose
{
  host .bin/grpcurl -max-time 20 $(with user) "$pc" list | grep -x sidegate.v1.MailService >/dev/null || fail "reflection does not list MailService to a user"
  ok "reflection lists the services to a user"
  mail='{"message":{"sender":"'$jane'","recipients":{"to":["'$anna'"]},"subject":"From grpcurl","body":"five"},"requestId":"e2e"}'
  if grpc $(with operator) -d "$mail" "$pc" sidegate.v1.MailService/SubmitMessage >/dev/null 2>&1; then fail "an operator may submit mail"; fi
  ok "an operator may not submit"
  first=$(grpc $(with user) -d "$mail" "$pc" sidegate.v1.MailService/SubmitMessage)
  [ "$(grpc $(with user) -d "$mail" "$pc" sidegate.v1.MailService/SubmitMessage)" = "$first" ] || fail "the same request ID has two answers"
  arrived macside "$anna" "From grpcurl"
  grpc $(with user) -d '{"mailbox":"'$anna'"}' "$mac" sidegate.v1.MailService/ReceiveMessages | grep -F '"five"' >/dev/null || fail "grpcurl does not receive the text"
  ok "a user submits and receives, and the same request ID is one message"
  for address in "$pc" "$mac" "$keeper"; do
    if host .bin/grpcurl -max-time 10 -cacert "$state/pki/user/ca.crt" "$address" list >/dev/null 2>&1; then fail "$address answers a caller without certificate"; fi
    if host .bin/grpcurl -max-time 10 -plaintext "$address" list >/dev/null 2>&1; then fail "$address answers in plaintext"; fi
  done
  ok "a call without certificate and a call in plaintext are refused, by all three"
}

step "kill -9"
for n in 1 2 3 4 5 6 7 8; do pcside send --from "$jane" --to "$anna" --to "$jane" --subject "Before the kill $n" --body "$n" >/dev/null; done
docker kill --signal KILL "$(container pcside)" >/dev/null
macside send --from "$anna" --to "$jane" --subject "While it was dead" --body six >/dev/null
docker start "$(container pcside)" >/dev/null
within 120 healthy pcside || fail "pcside is not healthy after the kill"
for n in 1 2 3 4 5 6 7 8; do
  once macside "$anna" "Before the kill $n"
  once pcside "$jane" "Before the kill $n"
done
ok "what was answered before the kill is in both mailboxes, once: 8 messages"
arrived pcside "$jane" "While it was dead"

step "stop"
for service in coordinator pcside macside; do
  begin=$SECONDS
  docker stop --time 30 "$(container "$service")" >/dev/null
  code=$(docker inspect --format '{{.State.ExitCode}}' "$(container "$service")")
  [ "$code" = 0 ] || fail "$service ended with $code at SIGTERM"
  ok "$service: SIGTERM, $((SECONDS - begin)) s, exit code 0"
done

step "down and up"
quietly compose down --timeout 30
quietly compose up -d --no-build
all_healthy
for subject in "PC to Mac" "From grpcurl" "Before the kill 8"; do arrived macside "$anna" "$subject"; done
for subject in "Mac to PC" "Spool to PC" "While it was dead"; do arrived pcside "$jane" "$subject"; done
pcside send --from "$jane" --to "$anna" --subject "After all" --body seven >/dev/null
arrived macside "$anna" "After all"

step "passed: $checks checks, base image $base"
