# shellcheck shell=bash disable=SC2154,SC2086
# The docker half of e2e.sh. To be sourced, after lib.sh.
base=
base_image=$(sed -n 's/^ARG GO_IMAGE=//p' deploy/Dockerfile)
before=$(docker images --quiet --filter dangling=true --no-trunc | sort) || { echo "FAILED: docker does not answer" >&2; exit 1; }

# All that compose is asked for is bounded: a hung engine is a failure, not a hang.
read -r -a with_compose <<<"$(compose_here)"
compose() { timeout 180 "${with_compose[@]}" --file deploy/compose.yaml "$@"; }

# quietly COMMAND...: shows what a command says only if it fails
quietly() { "$@" >"$state.log" 2>&1 || { cat "$state.log" >&2; fail "$*"; }; }

# container SERVICE: its ID, running or not
container() {
  docker ps --all --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --filter "label=com.docker.compose.service=$1"
}

# build_images: the three targets with the classic builder and, where a docker in PATH can, with BuildKit as well
build_images() {
  local docker target network=()
  base=$(deploy/base.sh) || fail "there is no base image"
  printf '%s   BASE: %s is %s%s\n' "$bold" "$base_image" "$base" "$plain"
  if [ "$base" = stand-in ]; then network=(--network none); fi
  for target in pcside macside coordinator; do
    build 0 docker "$target" "sidegate/$target:$SIDEGATE_VERSION"
  done
  while read -r docker; do
    if printf 'FROM scratch\nCOPY go.mod /\n' | DOCKER_BUILDKIT=1 timeout 60 "$docker" build --quiet --tag "sidegate/probe:$SIDEGATE_VERSION" --file - tools/grpcurl >/dev/null 2>&1; then
      build 1 "$docker" pcside "sidegate/pcside:$SIDEGATE_VERSION-buildkit"
      return
    fi
  done < <(type -ap docker | sort -u)
  echo "   not tried: no docker here speaks BuildKit"
}

# build 0|1 DOCKER TARGET TAG, with or without BuildKit
build() {
  local begin=$SECONDS builder=(classic BuildKit) tidy=()
  [ "$1" = 1 ] || tidy=(--force-rm) # a failed step leaves no container
  DOCKER_BUILDKIT=$1 timeout 900 "$2" build ${tidy[@]+"${tidy[@]}"} ${network[@]+"${network[@]}"} --build-arg "VERSION=$SIDEGATE_VERSION" \
    --target "$3" --tag "$4" --file deploy/Dockerfile . >"$state.log" 2>&1 || { tail -n 30 "$state.log" >&2; fail "$3 does not build"; }
  ok "$3: ${builder[$1]} builder${network[*]:+, ${network[*]}}, $((SECONDS - begin)) s, $(docker image inspect --format '{{.Size}}' "$4") bytes"
}

# unbuild removes the images of this run and the layers it left behind; nothing that was there before.
unbuild() {
  local left
  docker images --quiet --filter "reference=sidegate/*:$SIDEGATE_VERSION*" | sort -u | xargs -r docker image rm --force >/dev/null 2>&1 || true
  left=$(comm -13 <(echo "$before") <(docker images --quiet --filter dangling=true --filter label=sidegate.stand-in --no-trunc | sort))
  [ -z "$left" ] || xargs docker image rm >/dev/null 2>&1 <<<"$left" || true
  if [ "$base" = stand-in ] && [ -z "${KEEP:-}" ]; then
    docker image rm "$base_image" >/dev/null 2>&1 || true
    rm -rf .e2e/gocache
  fi
  rm -f "$state.log"
}

# check_compose: every compose here accepts the file, with and without its variables
check_compose() {
  local tool
  for tool in "docker compose" docker-compose; do
    $tool version >/dev/null 2>&1 || { echo "   not tried: there is no $tool"; continue; }
    $tool --file deploy/compose.yaml config >/dev/null || fail "$tool refuses compose.yaml"
    env -u SIDEGATE_VERSION -u SIDEGATE_DIR -u SIDEGATE_OWNER -u SIDEGATE_PORTS $tool --file deploy/compose.yaml config >/dev/null || fail "$tool refuses compose.yaml without variables"
    ok "$tool $($tool version --short) accepts compose.yaml"
  done
  echo "   using ${with_compose[*]}"
}

# is WHAT SERVICE TEMPLATE WANTED: one property of a container
is() {
  local got
  got=$(docker inspect --format "$3" "$(container "$2")")
  [ "$got" = "$4" ] || fail "$2: $1 is $got, not $4"
}

# check_hardening: what the file asks for is what the engine and the kernel do
check_hardening() {
  local service pid status=0
  for service in macside pcside coordinator; do
    is user "$service" '{{.Config.User}}' 65532:65532
    is "read-only root" "$service" '{{.HostConfig.ReadonlyRootfs}}' true
    is "dropped capabilities" "$service" '{{json .HostConfig.CapDrop}}' '["ALL"]'
    is "added capabilities" "$service" '{{len .HostConfig.CapAdd}}' 0
    is privileged "$service" '{{.HostConfig.Privileged}}' false
    is "security options" "$service" '{{json .HostConfig.SecurityOpt}}' '["no-new-privileges:true"]'
    is restarts "$service" '{{.RestartCount}}' 0
    pid=$(docker inspect --format '{{.State.Pid}}' "$(container "$service")")
    if [ -r "/proc/$pid/status" ]; then
      status=1
      [ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" = "65532 65532 65532 65532" ] || fail "$service does not run as 65532"
      [ "$(awk '/^Cap(Inh|Prm|Eff|Bnd|Amb):/ { print $2 }' "/proc/$pid/status" | sort -u)" = 0000000000000000 ] || fail "$service has capabilities"
      [ "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$pid/status")" = 1 ] || fail "$service may gain privileges"
      awk '$5 == "/" { exit $6 ~ /^ro(,|$)/ ? 0 : 1 }' "/proc/$pid/mountinfo" || fail "$service can write to its root"
    fi
  done
  ok "uid 65532, read-only root, no capabilities, no new privileges$([ $status = 1 ] || echo ' (as the engine says; the processes cannot be seen from here)')"
}
