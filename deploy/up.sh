#!/usr/bin/env bash
# Builds the images and starts the trio of compose.yaml. Where the base image cannot be had, a stand-in takes its place
# under a name of its own; see base.sh. docker compose up does the same where the base image can be pulled.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/lib.sh
standin=sidegate/go:stand-in
base=$(deploy/base.sh "$standin")
cd deploy
export SIDEGATE_OWNER=${SIDEGATE_OWNER:-$(id -u):$(id -g)}
mkdir -p "${SIDEGATE_DIR:-.}"/{pki,spool} # yours, and not the engine's
read -r -a compose <<<"$(compose_here)"
args=()
if [ "$base" = stand-in ]; then args=(--build-arg "GO_IMAGE=$standin"); fi
"${compose[@]}" build ${args[@]+"${args[@]}"}
"${compose[@]}" up -d --no-build
