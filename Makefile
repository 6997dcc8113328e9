# Sidegate. `make run` shows it working, `make test` proves it, `make help` lists the rest.
SHELL   := /bin/bash
GO      ?= go
BIN     := bin
TOOLS   := $(CURDIR)/.bin
SECONDS ?= 60
SEED    ?=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X sidegate/internal/cli.version=$(VERSION) -X sidegate/internal/cli.commit=$(COMMIT) -X sidegate/internal/cli.date=$(DATE)
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)

.PHONY: help build run demo test check generate generate-check lint proto-lint docs-check race e2e bench fuzz fuzz-nightly torture legacy smb docs up down clean tools

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

build: ## static binaries in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./pcside ./macside ./coordinator

run: build ## the trio on loopback with a sample spool, until Ctrl-C
	@deploy/try.sh run

demo: build ## the same, ending by itself: exit 0 once all mail has arrived
	@deploy/try.sh demo

test: ## every test a developer needs
	$(GO) test ./...

check: generate-check proto-lint lint docs-check race ## what CI asks besides the tests

lint: $(TOOLS)/staticcheck ## vet, format and staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(TOOLS)/staticcheck ./...

RACY := ./internal/store ./internal/route ./internal/intake ./internal/link ./internal/liveness ./internal/forward \
        ./internal/side ./internal/admin ./internal/addressbook ./internal/console ./internal/identity ./coordinator/handshake \
        ./coordinator/spool

docs-check: build ## the command reference says what the help texts say
	deploy/docs.sh --check

race: ## the packages with concurrency of their own, under the race detector
	$(GO) test -race -short -shuffle=on $(RACY)

generate: $(TOOLS)/buf $(TOOLS)/protoc-gen-go ## the Go code of the protos
	PATH=$(TOOLS):$$PATH $(TOOLS)/buf generate

generate-check: generate ## the committed generated code is what the protos say
	@git diff --exit-code -- proto || { echo "run make generate and commit proto/"; exit 1; }

proto-lint: $(TOOLS)/buf ## lint the protos; breaking changes are looked for from the first tag on
	$(TOOLS)/buf lint
	@tag=$$(git describe --tags --abbrev=0 2>/dev/null) && $(TOOLS)/buf breaking --against ".git#tag=$$tag" || test -z "$$tag"

tools: $(TOOLS)/buf $(TOOLS)/protoc-gen-go $(TOOLS)/grpcurl $(TOOLS)/staticcheck ## build the pinned tools

$(TOOLS)/buf: tools/buf/go.mod
	cd tools/buf && GOBIN=$(TOOLS) $(GO) install tool && touch $@

$(TOOLS)/protoc-gen-go: tools/protoc/go.mod
	cd tools/protoc && GOBIN=$(TOOLS) $(GO) install tool && touch $@

$(TOOLS)/grpcurl: tools/grpcurl/go.mod
	cd tools/grpcurl && GOBIN=$(TOOLS) $(GO) install tool && touch $@

$(TOOLS)/staticcheck: tools/lint/go.mod
	cd tools/lint && GOBIN=$(TOOLS) $(GO) install tool && touch $@

e2e: ## build the images without network and run mail through the containers
	deploy/e2e.sh

bench: build ## durable end-to-end rates, latency and memory, beside the disk's own figures
	$(GO) run ./internal/bench

fuzz: ## every fuzzer for FUZZTIME (default 5s) each
	deploy/fuzz.sh

fuzz-nightly: ## every fuzzer for 10 minutes of one processor each
	FUZZTIME=10m deploy/fuzz.sh

torture: build ## kill, cut and partition for SECONDS=60, from SEED= if given
	SIDEGATE_TORTURE_SECONDS=$(SECONDS) SIDEGATE_SEED=$(SEED) $(GO) test -count=1 -v -timeout 0 -run 'Torture' ./internal/simtest ./internal/crashtest

legacy: ## the scripted old halves against coordinators, 10,000 messages each way
	SIDEGATE_LEGACY=10000 $(GO) test -count=1 -v -timeout 0 ./internal/legacytest

smb: ## the old halves over a real SMB server, Samba's, on this machine; SMB=60 messages each way; needs root
	SIDEGATE_SMB=$(or $(SMB),60) $(GO) test -count=1 -v -run TestSMB ./internal/legacytest

docs: build ## the command reference in docs/, from the help texts
	deploy/docs.sh

up: ## the trio in containers
	COMPOSE='$(COMPOSE)' SIDEGATE_VERSION=$(VERSION) SIDEGATE_COMMIT=$(COMMIT) deploy/up.sh

down: ## stop the containers; volumes stay
	cd deploy && $(COMPOSE) down

clean: ## remove what was built and the stores of make run
	rm -rf $(BIN) .run .e2e
