# Spillway - build, try, test and install.  `make help` lists the targets.
#
# Everything built lands in build/$(MODE), so that modes never mix and the
# source tree stays clean.  CC, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS belong to
# the person who builds; the flags that the code needs are kept apart from them.

MODE       ?= release
BUILD      := build/$(MODE)
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
INSTALL    ?= install
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
JOBS       ?= $(shell nproc 2>/dev/null || echo 2)

MAKEFLAGS  += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# --- flags ------------------------------------------------------------------
# $(call cc-option,FLAG): FLAG if this compiler takes it, else nothing.
cc-option = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null \
                    2>/dev/null && echo $(1))
# $(call ld-option,FLAG): the same for linking; a comma in FLAG is $(comma).
ld-option = $(shell echo 'int main(void){return 0;}' | \
                    $(CC) $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')
comma    := ,

PACKAGES   := libmicrohttpd gnutls libcrypto libcjson yaml-0.1
TEST_PACKAGES := $(PACKAGES) libssl cmocka
DEP_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
DEP_LIBS   := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
TEST_LIBS  := $(shell $(PKG_CONFIG) --libs $(TEST_PACKAGES) 2>/dev/null)

WARNINGS := -Wall -Wextra -Wformat=2 -Wconversion -Wsign-conversion -Wshadow \
            -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
            -Wwrite-strings -Wcast-qual -Wpointer-arith -Wundef -Wvla \
            -Wimplicit-fallthrough -Werror=format-security -Werror=implicit \
            -Werror=incompatible-pointer-types -Werror=int-conversion \
            $(call cc-option,-Wlogical-op) $(call cc-option,-Wduplicated-cond) \
            $(call cc-option,-Wtrampolines) $(call cc-option,-Wbidi-chars=any)

HARDEN.cc := -fPIE -fstack-protector-strong \
             $(call cc-option,-fstack-clash-protection) \
             -fno-delete-null-pointer-checks -fno-strict-overflow \
             $(call cc-option,-ftrivial-auto-var-init=zero) \
             $(call cc-option,-fcf-protection=full) \
             $(call cc-option,-mbranch-protection=standard)
HARDEN.ld := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack

# Nothing unwinds the stack at run time, and relocations can be packed.
SMALL.cc := -ffunction-sections -fdata-sections \
            -fno-asynchronous-unwind-tables -fno-unwind-tables
SMALL.ld := -Wl,--as-needed -Wl,--gc-sections \
            $(call ld-option,-Wl$(comma)-z$(comma)pack-relative-relocs)

# What one mode adds.  _FORTIFY_SOURCE hides bugs from ASan: release only.
MODE.release.cc := $(HARDEN.cc) $(SMALL.cc) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
MODE.release.ld := $(HARDEN.ld) $(SMALL.ld)
MODE.asan.cc    := -O1 -fno-omit-frame-pointer -fno-common \
                   -fsanitize=address,undefined -fno-sanitize-recover=all
MODE.asan.ld    := -fsanitize=address,undefined
MODE.tsan.cc    := -O2 -fsanitize=thread
MODE.tsan.ld    := -fsanitize=thread
MODE.fuzz.cc    := -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all \
                   -fsanitize=fuzzer-no-link,address,undefined
MODE.fuzz.ld    := -fsanitize=address,undefined

CODE    := -std=gnu17 -D_GNU_SOURCE -Iinclude -ffile-prefix-map=$(CURDIR)=.
compile = $(CC) $(CODE) -Itests/support -pthread -MMD -MP $(WARNINGS) \
          $(if $(WERROR),-Werror) $(DEP_CFLAGS) $(CPPFLAGS) $(CFLAGS) \
          $(MODE.$(MODE).cc)
link    = $(CC) -pthread $(CFLAGS) $(MODE.$(MODE).ld) $(LDFLAGS)

ifneq ($(V),1)
say = @printf '  %-5s %s\n' $(1) $(2);
endif

# --- program ----------------------------------------------------------------
SRCS    := $(sort $(wildcard src/*.c src/*/*.c))
HEADERS := $(sort $(wildcard include/spillway/*.h))
OBJS    := $(SRCS:%.c=$(BUILD)/%.o)
LIB     := $(BUILD)/libspillway.a
BIN     := $(BUILD)/spillway

.PHONY: all
all: $(BIN)  ## build the program at build/spillway (MODE=release|asan|tsan)
	@$(if $(filter release,$(MODE)),ln -sfn release/spillway build/spillway)

$(BIN): $(BUILD)/src/main.o $(LIB)
	$(call say,LD,$@) $(link) -o $@ $^ $(DEP_LIBS) -lm $(LDLIBS)

$(LIB): $(filter-out $(BUILD)/src/main.o,$(OBJS))
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $^

# All but the reading and merging of reviews is made small rather than fast.
HOT  := src/base/json% src/base/arena% src/base/buf% src/base/text% \
        src/core/merge% src/core/term%
$(filter-out $(HOT:%=$(BUILD)/%),$(OBJS)): MODE.release.cc += -Os

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<) $(compile) -c -o $@ $<

# --- what it needs ------------------------------------------------------------
BUILD_DEPS := gcc libc6-dev make pkg-config libmicrohttpd-dev libgnutls28-dev libssl-dev \
              libcjson-dev libyaml-dev
TEST_DEPS  := libcmocka-dev curl libxml2-utils
LLVM       ?= 14
FUZZ_DEPS  := clang-$(LLVM) libclang-rt-$(LLVM)-dev
LINT_DEPS  := clang-$(LLVM) clang-format-$(LLVM) clang-tidy-$(LLVM) cppcheck

# Install what is missing of the packages in $(1), with apt and, when not root,
# sudo; elsewhere say what is needed.
install_deps = @.ci/deps $(1)

.PHONY: deps
deps:  ## install the packages that building, trying and testing need
	$(call install_deps,$(BUILD_DEPS) $(TEST_DEPS))

# Flags come from pkg-config when the Makefile is read, so what needs packages
# first runs in a make of its own.
AGAIN = @$(MAKE) --no-print-directory -j$(JOBS) MODE=$(MODE)

# --- trying it ----------------------------------------------------------------
.PHONY: run demo
run: deps  ## build, start the webhook here, show it a gateway pod; Ctrl-C ends it
	$(AGAIN) all
	@tests/demo.sh run

demo: deps  ## as run, but stop after the diff
	$(AGAIN) all
	@tests/demo.sh demo

# --- tests ------------------------------------------------------------------
UNIT        := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
PROPERTY    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/property/test_*.c))
INTEGRATION := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/test_*.c))
FAULTS      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/faults/test_*.c))
SHIM        := $(BUILD)/tests/faults/shim.so
SUPPORT     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
TESTS       := $(UNIT) $(PROPERTY) $(INTEGRATION) $(FAULTS)

$(TESTS): %: %.o $(SUPPORT) $(LIB)
	$(call say,LD,$@) $(link) -o $@ $^ $(TEST_LIBS) -lm $(LDLIBS)

# Attacks share what is in attack.c.
ATTACK      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/attack/test_*.c))

$(ATTACK): %: %.o $(BUILD)/tests/attack/attack.o $(SUPPORT) $(LIB)
	$(call say,LD,$@) $(link) -o $@ $^ $(TEST_LIBS) -lm $(LDLIBS)

# A target without a fuzzing engine replays files; `make fuzz` puts one here.
FUZZ        := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
LIB_FUZZING_ENGINE ?= $(BUILD)/tests/fuzz/standalone.o

$(FUZZ): %: %.o $(BUILD)/tests/fuzz/common.o $(LIB) $(filter %.o,$(LIB_FUZZING_ENGINE))
	$(call say,LD,$@) $(link) -o $@ $< $(BUILD)/tests/fuzz/common.o \
	    $(LIB_FUZZING_ENGINE) $(LIB) $(DEP_LIBS) -lm $(LDLIBS)

# Loaded into the server before all others, so never instrumented.
$(SHIM): tests/faults/shim.c tests/faults/shim.h Makefile
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(CODE) $(WARNINGS) -O2 -g -fPIC -shared -o $@ $<

.PHONY: test tests test-unit test-property test-golden test-integration test-faults test-fuzz
test: deps  ## run every test, having installed what they need
	$(AGAIN) all $(TESTS) $(SHIM) $(FUZZ)
	@$(MAKE) --no-print-directory -j1 MODE=$(MODE) tests

tests: test-unit test-property test-golden test-examples test-deploy test-transcript test-shell test-junit test-fuzz test-integration test-faults

test-unit: $(UNIT)  ## the cmocka suites, module by module
	@set -e; for t in $^; do $$t; done

test-property: $(PROPERTY)  ## the laws of the merge, on generated pods
	@set -e; for t in $^; do $$t; done

test-golden: $(BIN)  ## recorded reviews and corner cases, replayed
	@$(BIN) test tests/golden

.PHONY: test-examples
test-examples: $(BIN)  ## the policies of deploy/examples pass their cases
	@SPILLWAY=$(BIN) tests/examples.sh

.PHONY: test-deploy
test-deploy: $(BIN)  ## the manifests agree with the program
	@SPILLWAY=$(BIN) tests/deploy.sh

.PHONY: test-transcript
test-transcript: $(BIN)  ## what the README shows is what the program says
	@SPILLWAY=$(BIN) tests/transcript.sh

.PHONY: test-shell
test-shell: $(BIN)  ## completion in real shells, and what install installs
	@SPILLWAY=$(BIN) MAKE='$(MAKE)' MODE=$(MODE) tests/completion.sh

.PHONY: test-junit
test-junit: $(BIN)  ## the JUnit XML of `spillway test` keeps to its schema
	@SPILLWAY=$(BIN) tests/junit.sh

test-integration: $(INTEGRATION) $(BIN)  ## the built program, over real TLS
	@set -e; for t in $(INTEGRATION); do SPILLWAY=$(BIN) $$t; done

test-faults: $(FAULTS) $(SHIM) $(BIN)  ## the same, without memory and under constant change
	@set -e; for t in $(FAULTS); do SPILLWAY=$(BIN) SPILLWAY_SHIM_LIBRARY=$(abspath $(SHIM)) $$t; done

.PHONY: attack attack-run
attack: deps  ## hostile HTTP and TLS, over raw sockets (MODE=release|asan|tsan)
	$(AGAIN) $(BIN) $(ATTACK)
	@$(SANITIZE) $(MAKE) --no-print-directory MODE=$(MODE) attack-run

attack-run:
	@set -e; for t in $(ATTACK); do SPILLWAY=$(BIN) $$t; done

MINUTES ?= 10
SOAK    := $(BUILD)/tests/soak/soak

$(SOAK): %: %.o $(SUPPORT) $(LIB)
	$(call say,LD,$@) $(link) -o $@ $^ $(TEST_LIBS) -lm $(LDLIBS)

.PHONY: soak
soak: deps  ## mixed load for MINUTES (10): memory and descriptors stay flat
	$(AGAIN) $(BIN) $(SOAK)
	@SPILLWAY=$(BIN) $(SOAK) $(MINUTES)

# --- benchmarks ---------------------------------------------------------------
BENCH       := $(BUILD)/tests/bench
BENCH_PARTS := $(patsubst %,$(BENCH)/%.o,process figures)
BENCH_TOOLS := $(patsubst %,$(BENCH)/%,engine null rate bench report)
BENCH_DEPS  := wrk valgrind binutils

# The allocator is counted.
$(BENCH)/engine: $(BENCH)/engine.o $(LIB)
	$(call say,LD,$@) $(link) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	    -o $@ $^ $(DEP_LIBS) -lm $(LDLIBS)

$(BENCH)/bench: $(patsubst %,$(BENCH)/%.o,servers latency peers inputs ask)
$(BENCH)/report: $(BENCH)/plot.o
$(BENCH)/null $(BENCH)/rate $(BENCH)/bench $(BENCH)/report: $(BENCH)/%: $(BENCH)/%.o $(BENCH_PARTS) $(LIB)
	$(call say,LD,$@) $(link) -o $@ $(filter %.o,$^) $(LIB) $(TEST_LIBS) -lm $(LDLIBS)

ROUNDS     ?= 11
BENCH_FILE ?= build/bench.json

.PHONY: bench bench-peers bench-report bench-compare bench-instructions
bench: deps  ## measure engine and server, against a server that does nothing: build/bench.json
	$(call install_deps,$(BENCH_DEPS))
	$(AGAIN) $(BIN) $(BENCH_TOOLS)
	@$(BENCH)/bench -n $(ROUNDS) -o $(BENCH_FILE) $(BUILD)
	@$(MAKE) --no-print-directory MODE=$(MODE) bench-report

# controller-runtime's webhook and, where a control plane can be run, an API
# server; what is found is added to the file.
bench-peers: deps e2e-tools  ## the server against a webhook in Go, and in front of an API server
	$(call install_deps,$(BENCH_DEPS))
	$(AGAIN) $(BIN) $(BENCH_TOOLS)
	@cd tests && CGO_ENABLED=0 $(GO) build -o $(CURDIR)/$(BENCH)/ ./bench/peers/...
	@$(GO_ENV) $(BENCH)/bench -n $(ROUNDS) -o $(BENCH_FILE) \
	    -p $(BENCH)/webhook -c $(BENCH)/podcreate $(BUILD)
	@$(BENCH)/report table $(BENCH_FILE)

bench-report:  ## the table and the plots of what was measured
	@$(BENCH)/report table $(BENCH_FILE)
	@$(BENCH)/report latency $(BENCH_FILE) >build/bench-latency.svg
	@$(BENCH)/report size $(BENCH_FILE) >build/bench-size.svg
	@echo; echo "$(BENCH_FILE) build/bench-latency.svg build/bench-size.svg"

bench-compare:  ## what got slower than in BASE=file by more than the noise
	@test -n "$(BASE)" || { echo "BASE is the file to compare with: make bench-compare BASE=old.json" >&2; exit 2; }
	@$(BENCH)/report compare $(BASE) $(BENCH_FILE)

# Counts do not depend on how busy the machine is.  What they were is in
# tests/bench/instructions.json; `make bench-instructions ACCEPT=1` renews it.
bench-instructions: deps  ## the engine's instructions; 5 % more than before fails
	$(call install_deps,$(BENCH_DEPS))
	$(AGAIN) $(BENCH_TOOLS)
	@$(BENCH)/bench -i -o build/instructions.json $(BUILD)
	@$(if $(ACCEPT),cp build/instructions.json tests/bench/instructions.json)
	@$(BENCH)/report instructions tests/bench/instructions.json build/instructions.json

# Recorded reviews are seeds, too.
REVIEWS := $(wildcard tests/golden/*/review.json)
SEEDS   := tests/fuzz/corpus

test-fuzz: $(FUZZ)  ## the corpora of the fuzz targets, replayed
	@set -e; for t in $(FUZZ); do n=$${t##*/fuzz_}; case $$n in \
	    review | json | mutate) more='$(REVIEWS)' ;; *) more= ;; esac; \
	    $$t $(SEEDS)/$$n $$more; done

FUZZ_TIME    ?= 60
FUZZ_TARGETS ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: fuzz fuzz-run
fuzz:  ## fuzz every target for FUZZ_TIME seconds, with clang; FUZZ_TARGETS="json http"
	$(call install_deps,$(BUILD_DEPS) $(FUZZ_DEPS))
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=fuzz CC=clang-$(LLVM) \
	    LIB_FUZZING_ENGINE=-fsanitize=fuzzer $(FUZZ:$(BUILD)/%=build/fuzz/%)
	@$(MAKE) --no-print-directory MODE=fuzz fuzz-run

# What is found stays in build/fuzz/found; an input that broke a law, too.  The
# server's threads allocate as they like, and LeakSanitizer would stop them all
# to look whose that is.
fuzz-run:
	@set -e; for n in $(FUZZ_TARGETS); do \
	    found=build/fuzz/found/$$n; mkdir -p $$found/corpus $$found/reviews; \
	    case $$n in review | json | mutate) for r in $(REVIEWS); do \
	        d=$${r%/review.json}; cp $$r $$found/reviews/$${d##*/}; done ;; esac; \
	    echo "fuzzing $$n for $(FUZZ_TIME) s"; \
	    build/fuzz/tests/fuzz/fuzz_$$n -max_total_time=$(FUZZ_TIME) -timeout=60 \
	        -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 \
	        $$(test $$n = http && echo -detect_leaks=0) \
	        -artifact_prefix=$$found/ $$found/corpus $(SEEDS)/$$n $$found/reviews; done

.PHONY: check-asan check-tsan
check-asan check-tsan: check-%: deps  ## the same tests under sanitizers, warnings fatal
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=$* WERROR=1 all \
	    $(TESTS:$(BUILD)/%=build/$*/%) build/$*/tests/faults/shim.so \
	    $(FUZZ:$(BUILD)/%=build/$*/%)
	@$(SANITIZE) $(NO_ASLR) $(MAKE) --no-print-directory -j1 MODE=$* WERROR=1 tests

# Older sanitizer runtimes do not start when the kernel randomizes addresses
# widely, as that of Ubuntu 24.04 does.  What ThreadSanitizer is told not to
# report, with the reason of each line, is in tests/tsan.supp.
NO_ASLR  := $(shell setarch -R true 2>/dev/null && echo setarch -R)
SANITIZE := TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp $(TSAN_OPTIONS)"

# --- tests against Kubernetes -------------------------------------------------
# A Go module of its own under tests/; nothing of it is in the program.  The
# programs of a control plane are found as controller-runtime's envtest does,
# in the directory that KUBEBUILDER_ASSETS names, or else are built here.
GO         ?= go
TOOLS      := tests/e2e/tools
TOOLS_DIR  := build/controlplane
ASSETS     := $(abspath $(or $(KUBEBUILDER_ASSETS),$(TOOLS_DIR)))
GO_ENV      = CGO_ENABLED=0 SPILLWAY=$(CURDIR)/$(BIN) KUBEBUILDER_ASSETS=$(ASSETS)
GO_TEST     = cd tests && $(GO_ENV) $(GO) test -v -count=1 -timeout 30m
# The version of module $(1) that the go.mod of tool $(2) requires.
required    = $(shell awk '$$1 == "$(1)" && $$2 ~ /^v/ { print $$2 }' $(TOOLS)/$(2)/go.mod)
KUBERNETES := $(call required,k8s.io/kubernetes,kubernetes)
KUBE_LINK  := -s -w -X k8s.io/component-base/version.gitVersion=$(KUBERNETES) \
              -X k8s.io/component-base/version.gitMajor=$(word 1,$(subst ., ,$(KUBERNETES:v%=%))) \
              -X k8s.io/component-base/version.gitMinor=$(word 2,$(subst ., ,$(KUBERNETES:v%=%)))

.PHONY: e2e oracle record e2e-tools need-go
e2e: deps e2e-tools  ## the shipped manifests and the program on a real control plane
	$(AGAIN) all
	@$(GO_TEST) ./e2e

oracle: deps e2e-tools  ## the engine against Kubernetes' own libraries, on generated pods
	$(AGAIN) all
	@$(GO_TEST) ./oracle ./record

record: e2e-tools  ## record the reviews of tests/golden anew, from tests/e2e/manifests
	@cd tests && $(GO_ENV) $(GO) run ./record

e2e-tools: need-go $(if $(KUBEBUILDER_ASSETS),,$(TOOLS_DIR)/.etcd $(TOOLS_DIR)/.kubernetes)  ## build etcd and Kubernetes, unless KUBEBUILDER_ASSETS is set

need-go:
	@command -v $(GO) >/dev/null || { \
	    echo "Go 1.21 or later is needed, and is not on PATH: https://go.dev/doc/install" >&2; \
	    exit 1; }

$(TOOLS_DIR)/.etcd: $(TOOLS)/etcd/go.mod $(TOOLS)/etcd/go.sum | need-go
	@echo "building etcd $(call required,go.etcd.io/etcd/server/v3,etcd)"
	@mkdir -p $(@D)
	@cd $(TOOLS)/etcd && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' \
	    -o $(CURDIR)/$(@D)/etcd go.etcd.io/etcd/server/v3
	@touch $@

$(TOOLS_DIR)/.kubernetes: $(TOOLS)/kubernetes/go.mod $(TOOLS)/kubernetes/go.sum | need-go
	@echo "building Kubernetes $(KUBERNETES): some minutes, the first time"
	@mkdir -p $(@D)
	@cd $(TOOLS)/kubernetes && CGO_ENABLED=0 $(GO) build -trimpath \
	    -ldflags '$(KUBE_LINK)' -o $(CURDIR)/$(@D)/ tool
	@touch $@

# --- upkeep -----------------------------------------------------------------
FORMATTED := $(SRCS) $(HEADERS) $(wildcard tests/*/*.[ch])

.PHONY: format lint
format:  ## rewrite the sources with clang-format
	clang-format-$(LLVM) -i $(FORMATTED)

lint:  ## clang-format, headers alone, gcc and clang with -Werror, clang-tidy, cppcheck, go vet
	$(call install_deps,$(BUILD_DEPS) $(TEST_DEPS) $(LINT_DEPS))
	@$(MAKE) --no-print-directory -j$(JOBS) lint-all

.PHONY: lint-all lint-format lint-headers lint-warnings lint-tidy lint-cppcheck lint-go
lint-all: lint-format lint-headers lint-warnings lint-tidy lint-cppcheck \
          $(if $(shell command -v $(GO)),lint-go)

lint-format:
	clang-format-$(LLVM) --dry-run --Werror $(FORMATTED)

lint-headers:
	@set -e; for h in $(HEADERS); do \
	    $(CC) $(CODE) $(WARNINGS) -Werror $(DEP_CFLAGS) -x c -fsyntax-only $$h; \
	done

lint-warnings:
	@$(MAKE) --no-print-directory BUILD=build/lint-gcc CC=gcc WERROR=1 build/lint-gcc/spillway
	@$(MAKE) --no-print-directory BUILD=build/lint-clang CC=clang-$(LLVM) WERROR=1 build/lint-clang/spillway

lint-tidy:
	@printf '%s\n' $(SRCS) | xargs -P$(JOBS) -n4 sh -c \
	    'clang-tidy-$(LLVM) --quiet "$$@" -- $(CODE) $(DEP_CFLAGS) -pthread' lint

lint-cppcheck:
	cppcheck --quiet --std=c11 --enable=warning,portability,performance \
	    --inline-suppr --suppress=missingIncludeSystem --suppress=memleak \
	    --error-exitcode=1 \
	    -j$(JOBS) -Iinclude src

lint-go:
	@cd tests && test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	cd tests && CGO_ENABLED=0 $(GO) vet ./...

.PHONY: man completion install uninstall image image-test clean help
# Pages and scripts are printed by the program, a page for each command that
# `spillway help` lists.
man: $(BIN)  ## write the man pages to build/man
	@rm -rf build/man && mkdir -p build/man
	@$(BIN) help --man >build/man/spillway.1
	@set -e; $(BIN) help | sed -n 's/^  \([a-z][a-z -]*[a-z]\)  .*/\1/p' | \
	    while read -r c; do \
	        $(BIN) help --man $$c >build/man/spillway-$$(echo $$c | tr ' ' -).1; \
	    done

completion: $(BIN)
	@rm -rf build/completion && mkdir -p build/completion
	@$(BIN) completion bash >build/completion/spillway
	@$(BIN) completion zsh >build/completion/_spillway

install: $(BIN) man completion  ## install under $(DESTDIR)$(PREFIX)
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 \
	    $(DESTDIR)$(BASHCOMPDIR) $(DESTDIR)$(ZSHCOMPDIR)
	$(INSTALL) -m 0755 $(BIN) $(DESTDIR)$(BINDIR)/spillway
	$(INSTALL) -m 0644 build/man/*.1 $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 0644 build/completion/spillway $(DESTDIR)$(BASHCOMPDIR)/spillway
	$(INSTALL) -m 0644 build/completion/_spillway $(DESTDIR)$(ZSHCOMPDIR)/_spillway

uninstall: man  ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/spillway \
	    $(DESTDIR)$(BASHCOMPDIR)/spillway $(DESTDIR)$(ZSHCOMPDIR)/_spillway
	cd build/man && for page in *.1; do \
	    rm -f $(DESTDIR)$(MANDIR)/man1/$$page; done

image:  ## build the container image with buildah
	@tests/image.sh build

image-test:  ## build the image without any registry, and run the program in it
	@tests/image.sh test

clean:  ## delete build/
	rm -rf build

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z0-9_ -]+:.*## / { \
	    n = split($$1, names, " "); \
	    for (i = 1; i <= n; i++) printf "  %-18s %s\n", names[i], $$2 }' \
	    $(firstword $(MAKEFILE_LIST))

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
