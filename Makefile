# `make demo` shows what the library does, `make test` proves it. Each target installs what it needs and has not (tools/setup.sh).

# Variables given to make reach the scripts by the environment: RPC_URL, BLOCK, ADDRESS; PREFIX, DESTDIR, LIBDIR, INCLUDEDIR.

CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help lib demo demo-ts demo-py demo-go demo-zig test bench soak lint fmt header conformance install clean

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

lib: ## the shared and the static library, in release
	@tools/setup.sh rust
	@tools/build.sh

demo: ## a real chain, forked through the C interface; RPC_URL=, BLOCK=, ADDRESS= choose another one
	@tools/demo.sh

demo-ts: ## the same in TypeScript, under Bun and under Node; RPC_URL=, ADDRESS= choose another chain
	@bindings/typescript/demo.sh

demo-py: lib ## the same in Python, with asyncio and an execution; RPC_URL= chooses another chain
	@tools/setup.sh python npm
	@bindings/python/demo.sh

demo-go: ## the same in Go
	@bindings/go/demo.sh

demo-zig: ## the same in Zig
	@bindings/zig/demo.sh

test: ## every test; PARTS="…" runs some of them (tests/run.py --list)
	@tools/setup.sh python
	@tests/run.py $(PARTS)

bench: ## the benchmarks: ours beside a floor and the peers
	@tools/setup.sh rust cc
	@benches/run.sh

soak: ## random load under random faults for ten minutes; SOAK_SECONDS=, SOAK_SEED=, SOAK_VERIFY=1, SOAK_CACHE=1
	@tools/setup.sh rust npm
	@$(CARGO) run --quiet --example soak

lint: ## format, clippy, documentation, header, scripts
	@tools/setup.sh rust node python
	@tools/lint.sh

fmt: ## formats the code of every language
	@tools/fmt.sh

header: ## writes include/worldstate.h from the code
	@tools/setup.sh rust
	@WORLDSTATE_WRITE_HEADER=1 $(CARGO) test --quiet --test header

conformance: ## every state test of the official fixtures; FIXTURES= says where they are
	@tools/setup.sh rust
	@$(if $(FIXTURES),WORLDSTATE_FIXTURES='$(abspath $(FIXTURES))') $(CARGO) test --quiet --test conformance -- --full

install: lib ## into PREFIX (default /usr/local), staged under DESTDIR
	@tools/install.sh

clean: ## removes all that was built or installed here
	@$(CARGO) clean --quiet
	@rm -rf build benches/target bindings/typescript/dist bindings/typescript/node_modules bindings/zig/.zig-cache bindings/zig/zig-out
