#!/usr/bin/env bash
# base.sh [TAG]: sees to it that the base image of deploy/Dockerfile is there, and prints on stdout what it is:
#   found     it was here already          pulled    it came from a registry
#   stand-in  neither: made here, of this machine's Go, a static busybox, the CA certificates and the modules that go.mod
#             names, with what the compiler has made of them. It is tagged TAG, or, without one, with the very name that
#             the Dockerfile wants, so that the Dockerfile does not change. Building on it needs no network.
set -euo pipefail
cd "$(dirname "$0")/.."
image=$(sed -n 's/^ARG GO_IMAGE=//p' deploy/Dockerfile)
tag=${1:-$image}
stage=$PWD/.e2e/base
label=sidegate.stand-in
key=$( (go version; cat go.sum deploy/base.sh) | sha256sum | cut -c1-16)

note() { printf '   %s\n' "$*" >&2; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# made IMAGE: prints the key of a stand-in, nothing for any other image, and fails if there is none
made() {
  docker image inspect --format "{{with .Config.Labels}}{{with index . \"$label\"}}{{.}}{{end}}{{end}}" "$1" 2>/dev/null
}

# busybox: the path of a static one, installed if need be
busybox() {
  local at
  for at in /bin/busybox /usr/bin/busybox; do
    if [ -x "$at" ] && ! ldd "$at" >/dev/null 2>&1; then echo "$at"; return; fi
  done
  command -v apt-get >/dev/null || fail "no static busybox here, and no apt-get to install busybox-static with"
  note "installing busybox-static"
  local get=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends busybox-static)
  { "${get[@]}" || { apt-get update -qq && "${get[@]}"; }; } >/dev/null 2>&1 ||
    fail "busybox-static could not be installed (is this root?)"
  echo /bin/busybox
}

# tools: what RUN lines and the Go command need of a system
tools() {
  local box name ca
  box=$(busybox)
  mkdir -p "$stage"/{bin,tmp,etc/ssl/certs,usr/local,root,go}
  cp "$box" "$stage/bin/busybox"
  for name in $("$box" --list); do [ "$name" = busybox ] || ln -s busybox "$stage/bin/$name"; done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$stage/etc/passwd"
  for ca in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -f "$ca" ]; then cp -L "$ca" "$stage/etc/ssl/certs/ca-certificates.crt"; break; fi
  done
  cp -RL "$(go env GOROOT)" "$stage/usr/local/go"
  rm -rf "$stage"/usr/local/go/{test,doc,api,src/cmd}
}

# modules: those of go.mod, out of this machine's cache and checked against go.sum, and what they compile to
modules() {
  go mod download
  export GOMODCACHE=$stage/go/pkg/mod GOFLAGS=-modcacherw GOSUMDB=off
  GOPROXY="file://$1/cache/download" go mod download
  GOPROXY=off GOCACHE=$PWD/.e2e/gocache CGO_ENABLED=0 go build -trimpath -o "$PWD/.e2e/seed/" ./pcside ./macside ./coordinator
  rm -rf "$PWD/.e2e/seed"
  mkdir -p "$stage/root/.cache"
  cp -Rl "$PWD/.e2e/gocache" "$stage/root/.cache/go-build"
}

standin() {
  rm -rf "$stage"
  tools
  ( modules "$(go env GOMODCACHE)" ) >&2
  # Nobody tests there, and every file costs time at every step of a build.
  tar -C "$stage" --exclude='*_test.go' --exclude='usr/local/go/*/testdata' --exclude='go/pkg/mod/*/testdata' -cf - . | docker import \
    --change 'ENV PATH=/usr/local/go/bin:/bin HOME=/root GOPATH=/go GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-buildvcs=false' \
    --change "LABEL $label=$key" - "$tag" >/dev/null
  rm -rf "$stage"
}

if old=$(made "$image") && [ -z "$old" ]; then echo found; exit 0; fi
if [ "$(made "$tag")" != "$key" ]; then
  note "BASE: looking for $image in its registry"
  limit=()
  if command -v timeout >/dev/null; then limit=(timeout 300); fi
  if ${limit[@]+"${limit[@]}"} docker pull --quiet "$image" >/dev/null 2>&1; then echo pulled; exit 0; fi
  note "BASE: $image cannot be pulled; making a STAND-IN tagged $tag, of $(go version | cut -d' ' -f3,4) and busybox"
  standin
fi
note "BASE: the stand-in $tag"
echo stand-in
