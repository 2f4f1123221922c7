# Everything that is done to this repository. `make help` lists it.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOL    := go tool -modfile=tools/go.mod

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/orgd, statically linked
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/orgd ./cmd/orgd

.PHONY: run
run: build ## Build and start the server; ARGS="..." are its flags
	bin/orgd serve $(ARGS)

.PHONY: test
test: ## Run every test with the race detector; coverage.out is the coverage
	scripts/test -timeout 30m -coverprofile coverage.out
	@grep -v '/orgd/bench/[a-z_]*[.]go:' coverage.out | go tool cover -func /dev/stdin | awk 'END { print "coverage of all statements but those that measure:", $$NF }'

.PHONY: lint
lint: ## Check the code by .golangci.yaml, and go.mod for being tidy
	$(TOOL) golangci-lint run ./...
	go mod tidy -diff

.PHONY: soak
soak: ## Run the tests long: twice, with many rounds of killing the server
	ORGD_KILL_ROUNDS=$${ORGD_KILL_ROUNDS:-100} scripts/test -count=2 -timeout 120m

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME, 60s by default
	scripts/fuzz

.PHONY: bench
bench: ## Measure; ARGS="..." are the program's flags
	go run ./bench $(ARGS)

.PHONY: cover
cover: coverage.out ## Write the coverage of the last test as bin/coverage.html
	@mkdir -p bin
	go tool cover -html coverage.out -o bin/coverage.html

coverage.out:
	$(MAKE) test

.PHONY: generate
generate: ## Regenerate the files that are made from the code
	go generate ./...

.PHONY: docs
docs: generate ## The same: the API's description, env.example, README's tables
	git diff --stat

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf bin coverage.out
