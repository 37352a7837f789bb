# numasim: what would this workload do on that machine under this policy?
#
#   make demo           install what is missing, build, run the demonstration
#   make check          install what is missing, build four ways, run every test
#   make                build build/numasim, the library and the policies; installs nothing
#   make deps           install what `demo` and `check` need (Debian, Ubuntu)
#
#   make unit           build and run the unit tests alone; TEST=evq runs one of them
#   make matrix         every policy x machine x workload (`check` runs a pairwise cover)
#   make studies        run every study in results/ and check what it expects
#   make accuracy       the same and the tests against real kernels, told in results/ACCURACY.md;
#                       `accuracy-page`: from the studies in results/runs, without running them anew
#   make pictures       draw the README's pictures and fill its tables anew, from the demonstration
#   make bench          measure the engine: ratios for people to read, never pass or fail
#   make pgo            build in build/pgo by a profile of what runs, gcc alone: the same results sooner
#   make fuzz           fuzz each reader for FUZZ_SECONDS (60) seconds
#   make lint           clang-format, and cppcheck and clang-tidy where they are installed
#   make format         rewrite the sources as .clang-format says
#   make golden-update  rewrite the expected outputs; read the difference before committing it
#   make install        into $(DESTDIR)$(PREFIX), PREFIX=/usr/local; `uninstall` removes it
#   make clean          remove build/
#
# Variables: CC=clang builds in build/clang; SAN=address,undefined in build/san-address-undefined;
# BUILD=build/NAME anywhere else. CFLAGS, CPPFLAGS and LDFLAGS are yours and come after ours.
# WERROR=1 makes warnings errors (`check` does). V=1 shows the commands. Without CFLAGS, gcc optimizes
# over the whole program at once; LTO= switches that off.

VERSION := 0.1.0
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

# --- The configuration -------------------------------------------------------------------------

ifeq ($(origin CC),default)
CC := gcc
endif
comma := ,
compiler := $(notdir $(lastword $(CC)))
ifneq ($(SAN),)
BUILD ?= build/san-$(subst $(comma),-,$(SAN))
else ifneq ($(filter gcc cc,$(compiler)),)
BUILD ?= build/release
else
BUILD ?= build/$(compiler)
endif

# A seventh faster than file by file at -O2. Only the program, the policies and the benches are linked
# so: the objects hold machine code as well, from which the many test programs are linked quickly.
ifeq ($(origin CFLAGS),undefined)
CFLAGS := -O3 -g
ifeq ($(SAN)$(filter-out gcc cc,$(compiler)),)
LTO ?= auto
endif
endif
lto_compile := $(if $(LTO),-flto=$(LTO) -ffat-lto-objects)
lto_link := $(if $(LTO),-flto=$(LTO))

# Asked once, and only when something is compiled: before `deps` has run, pkg-config may be missing.
packages := glib-2.0 json-glib-1.0 yaml-0.1 libxxhash hwloc libarchive numa
package_cflags = $(eval package_cflags := $$(patsubst -I%,-isystem %,$$(shell \
	pkg-config --cflags $(packages) 2>/dev/null)))$(package_cflags)
package_libs = $(eval package_libs := $$(shell pkg-config --libs $(packages) 2>/dev/null))$(package_libs)

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
warnings += $(if $(WERROR),-Werror)
# No contraction: a fused multiply-add rounds once, and a result may not depend on the compiler.
common := -std=c17 -ffp-contract=off -fvisibility=hidden $(warnings)
defines := -D_POSIX_C_SOURCE=200809L

ifneq ($(SAN),)
sanitize := -fsanitize=$(SAN) -fno-sanitize-recover=all
common += $(sanitize) -fno-omit-frame-pointer
ifneq ($(findstring clang,$(compiler)),)
# So that the fuzz targets can be linked with the same library.
common += -fsanitize=fuzzer-no-link
endif
endif

# A plugin sees the public header and nothing else; -Isim is for the house itself.
sim_flags = $(common) -fPIE -Wmissing-prototypes $(defines) -Isim $(package_cflags)
plugin_flags = $(common) -fPIC -fno-plt -Wmissing-prototypes -Isim/policy -Ipolicies/common
test_flags = $(common) -fPIE $(defines) -Isim -Isim/policy -Itests/unit -Ipolicies/common $(package_cflags)
link_flags = -pie $(sanitize)
link_libs = $(package_libs) -ldl

# The version goes into results, the install paths into the command, and neither anywhere else.
define_version := -DNUMASIM_VERSION='"$(VERSION)"'
cppflags-observe := $(define_version)
cppflags-cli := $(define_version) -DNUMASIM_LIBDIR='"$(PREFIX)/lib/numasim"' \
	-DNUMASIM_DATADIR='"$(PREFIX)/share/numasim"'

Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-7s %s\n')
# Without -j of the caller's own, a make that we start uses every CPU.
jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# --- What there is -----------------------------------------------------------------------------

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

lib_sources := $(sort $(filter-out sim/cli/%,$(wildcard sim/*/*.c sim/*/*/*.c)))
cli_sources := $(sort $(wildcard sim/cli/*.c))
single_plugins := $(patsubst policies/%.c,%,$(sort $(wildcard policies/*.c)))
folder_plugins := $(patsubst policies/%/,%,$(sort $(dir $(wildcard policies/*/*.c))))
plugins := $(sort $(single_plugins) $(folder_plugins))
test_plugins := $(patsubst tests/plugins/%.c,%,$(sort $(wildcard tests/plugins/*.c)))
unit_sources := $(sort $(wildcard tests/unit/test-*.c tests/truth/test-*.c))
unit_shared := $(sort $(filter-out $(unit_sources) tests/unit/fake-host.c, \
	$(wildcard tests/unit/*.c tests/truth/*.c)))
bench_shared := tests/bench/bench-fixture.c
bench_sources := $(sort $(filter-out $(bench_shared),$(wildcard tests/bench/*.c)))
fuzz_sources := $(sort $(wildcard tests/fuzz/*.c))

library := $(BUILD)/libnumasim.a
program := $(if $(cli_sources),$(BUILD)/numasim)
plugin_files := $(plugins:%=$(BUILD)/policies/%.so)
test_plugin_files := $(test_plugins:%=$(BUILD)/tests/plugins/%.so)
unit_tests := $(unit_sources:%.c=$(BUILD)/%)
# These try a policy's plugin alone: a fake host stands in for the library.
fake_host_tests := $(patsubst %,$(BUILD)/tests/unit/test-%,eevdf eevdf-buddy eevdf-random eevdf-protection cfs \
	fifo-rr)
benches := $(bench_sources:%.c=$(BUILD)/%)
fuzzers := $(fuzz_sources:%.c=$(BUILD)/%)
formatted = $(sort $(wildcard sim/*/*.[ch] sim/*/*/*.[ch] policies/*.[ch] policies/*/*.[ch] \
	tests/*/*.[ch]))

.PHONY: all demo check unit matrix studies accuracy accuracy-page pictures bench pgo fuzz lint lint-tidy format install
.PHONY: uninstall clean help deps golden-update build-tests build-fuzzers run-checks remove-stale
.PHONY: FORCE

# What was built from policies whose sources are gone; a plugin put there by hand stays.
built_plugins := $(patsubst $(BUILD)/policies/%.o,%,$(wildcard $(BUILD)/policies/*.o)) \
	$(patsubst $(BUILD)/policies/%/,%,$(sort $(dir $(wildcard $(BUILD)/policies/*/*.o))))
stale_plugins := $(addprefix $(BUILD)/policies/,$(filter-out $(plugins),$(built_plugins)))

all: $(library) $(program) $(plugin_files) $(if $(stale_plugins),remove-stale)
remove-stale:
	$(say) REMOVE '$(stale_plugins:%=%.so)'
	$(Q)rm -rf $(stale_plugins) $(stale_plugins:%=%.so) $(stale_plugins:%=%.o) $(stale_plugins:%=%.d)

build-tests: all $(unit_tests) $(test_plugin_files)
build-fuzzers: $(fuzzers)

# The command of the default configuration, where the README says that it is.
ifeq ($(BUILD),build/release)
ifneq ($(program),)
all: build/numasim
build/numasim: $(program)
	@ln -sfn release/numasim $@ && touch -h $@
endif
endif

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

# --- Compiling ---------------------------------------------------------------------------------

# Each stamp is rewritten only when its text changes, so that what depends on it is rebuilt then.
define stamp
@mkdir -p $(@D)
@printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' > $@
endef

$(BUILD)/flags: FORCE
	@pkg-config --exists $(packages) 2>/dev/null || { \
		echo 'numasim needs pkg-config and the libraries $(packages): try `make deps`' >&2; exit 1; }
	$(call stamp,$(CC) $(sim_flags) | $(plugin_flags) | $(link_flags) $(link_libs) | \
		$(CPPFLAGS) | $(CFLAGS) $(lto_compile) | $(LDFLAGS))
$(BUILD)/flags-cli: FORCE
	$(call stamp,$(cppflags-cli))
$(BUILD)/library-members: FORCE
	$(call stamp,$(lib_sources))
$(BUILD)/program-members: FORCE
	$(call stamp,$(cli_sources))

$(call objects,$(cli_sources) $(filter sim/observe/%,$(lib_sources))): $(BUILD)/flags-cli

$(BUILD)/sim/%.o: sim/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(sim_flags) $(cppflags-$(patsubst sim/%/,%,$(dir $<))) $(CPPFLAGS) $(CFLAGS) \
		$(lto_compile) -MMD -MP -c -o $@ $<

$(library): $(call objects,$(lib_sources)) $(BUILD)/library-members
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcD $@ $(filter %.o,$^) && ranlib -D $@

# The whole archive, because a plugin may call a function that the program itself never calls.
define link_with_library
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) $(link_flags) $(1) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $(filter %.o,$^) \
		-Wl,--whole-archive $(library) -Wl,--no-whole-archive $(link_libs)
endef

$(BUILD)/numasim: $(call objects,$(cli_sources)) $(library) $(BUILD)/program-members
	$(call link_with_library,$(lto_link))

# --- Plugins -----------------------------------------------------------------------------------

# $(1): the shared object without suffix, $(2): its sources, $(3): its own headers. The hash names
# the sources that a result came from; it covers the public header and those that policies share,
# and no path.
shared_headers := sim/policy/numasim-policy.h sim/policy/numasim-memory.h $(sort $(wildcard policies/common/*.h))
define plugin_rules
$(BUILD)/$(1).so: $(call objects,$(2))
$(call objects,$(2)): $(2) $(3) $(shared_headers)
$(call objects,$(2)): hashed := $(sort $(2) $(3)) $(shared_headers)
endef
$(foreach p,$(single_plugins),$(eval $(call plugin_rules,policies/$(p),policies/$(p).c,)))
$(foreach p,$(folder_plugins),$(eval $(call plugin_rules,policies/$(p),$(sort $(wildcard \
	policies/$(p)/*.c)),$(sort $(wildcard policies/$(p)/*.h)))))
$(foreach p,$(test_plugins),$(eval $(call plugin_rules,tests/plugins/$(p),tests/plugins/$(p).c,)))

define compile_plugin
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)hash=$$(cat $(hashed) | sha256sum | cut -c1-16) && \
	$(CC) $(plugin_flags) -DNUMASIM_SOURCE_HASH="\"$$hash\"" $(CPPFLAGS) $(CFLAGS) \
		$(lto_compile) -MMD -MP -c -o $@ $<
endef
$(BUILD)/policies/%.o: policies/%.c $(BUILD)/flags
	$(compile_plugin)
$(BUILD)/tests/plugins/%.o: tests/plugins/%.c $(BUILD)/flags
	$(compile_plugin)

$(plugin_files) $(test_plugin_files): $(BUILD)/flags
	$(say) PLUGIN $@
	$(Q)$(CC) -shared $(sanitize) $(CFLAGS) $(lto_link) $(LDFLAGS) -o $@ $(filter %.o,$^)

# --- Test programs -----------------------------------------------------------------------------

$(BUILD)/tests/fuzz/%.o: tests/fuzz/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(test_flags) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -MMD -MP -c -o $@ $<
$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(test_flags) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(filter-out $(fake_host_tests),$(unit_tests)): $(BUILD)/%: $(BUILD)/%.o \
		$(call objects,$(unit_shared)) $(library)
	$(call link_with_library,-fno-lto)
# It takes in a plugin's own sources.
$(BUILD)/tests/unit/test-linux-numa-rules.o: test_flags += -Isim/policy
$(fake_host_tests:%=%.o): test_flags += -Isim/policy -Ipolicies/eevdf -Ipolicies
$(fake_host_tests): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/unit/fake-host.o $(plugin_files)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) $(link_flags) -fno-lto $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $(filter %.o,$^) $(link_libs)
$(benches): $(BUILD)/%: $(BUILD)/%.o $(bench_shared:%.c=$(BUILD)/%.o) $(library)
	$(call link_with_library,$(lto_link))
$(fuzzers): $(BUILD)/%: $(BUILD)/%.o $(library)
	$(call link_with_library,-fsanitize=fuzzer)

-include $(wildcard $(BUILD)/sim/*/*.d $(BUILD)/sim/*/*/*.d $(BUILD)/policies/*.d \
	$(BUILD)/policies/*/*.d $(BUILD)/tests/*/*.d)

# --- Running -----------------------------------------------------------------------------------

test_env = LC_ALL=C G_DEBUG=fatal-warnings G_SLICE=always-malloc G_TEST_SRCDIR='$(CURDIR)'
scripts = $(sort $(wildcard $(1:%=tests/%/*.t)))
# $(1): the environment, $(2): the tests; without any, prove would look for a folder t.
prove = $(Q)$(if $(strip $(2)),$(1) prove --timer -e '' $(2),echo 'There are no such tests.')

deps:
	@tests/deps.sh build plot check

demo:
	@tests/deps.sh build plot
	@+$(MAKE) --no-print-directory $(jobs) CC=gcc BUILD=build/release all
	@NUMASIM='$(CURDIR)/build/numasim' results/demo.sh

unit: build-tests
	$(call prove,$(test_env),$(if $(TEST),$(BUILD)/tests/unit/test-$(TEST),$(unit_tests)))

# The four builds of `check`: the one that is tested, the two that must give the same digests, and
# the one that looks for undefined behaviour (with the fuzz targets).
check_gcc := WERROR=1 CC=gcc SAN= CFLAGS='-O3 -g' LTO=auto BUILD=build/gcc-O3
check_gcc_O0 := WERROR=1 CC=gcc SAN= CFLAGS='-O0 -g' BUILD=build/gcc-O0
check_clang_O3 := WERROR=1 CC=clang SAN= CFLAGS='-O3 -g' BUILD=build/clang-O3
check_san := WERROR=1 CC=clang SAN=address,undefined CFLAGS='-O1 -g' \
	BUILD=build/san-address-undefined
submake = +$(Q)$(MAKE) --no-print-directory $(jobs)

check:
	@tests/deps.sh build plot check
	$(submake) $(check_gcc) build-tests
	$(submake) $(check_gcc_O0) all
	$(submake) $(check_clang_O3) all
	$(submake) $(check_san) build-tests build-fuzzers
ifneq ($(cli_sources),)
	@rm -rf build/stage
	$(submake) $(check_gcc) PREFIX=/usr/local DESTDIR='$(CURDIR)/build/stage' install
endif
	$(submake) $(check_gcc) run-checks

# One prove for everything, so that its last lines count everything.
run-checks:
	$(Q)$(test_env) NUMASIM='$(CURDIR)/build/gcc-O3/numasim' \
		NUMASIM_GCC_O0='$(CURDIR)/build/gcc-O0/numasim' \
		NUMASIM_CLANG_O3='$(CURDIR)/build/clang-O3/numasim' \
		NUMASIM_SAN='$(CURDIR)/build/san-address-undefined/numasim' \
		NUMASIM_FUZZERS='$(CURDIR)/build/san-address-undefined/tests/fuzz' \
		NUMASIM_STAGE='$(CURDIR)/build/stage' \
		NUMASIM_CC='$(CC) $(sim_flags)' \
		prove -j$$(nproc) --timer -e '' $(sort $(wildcard tests/check-*.sh)) $(unit_tests) \
		$(unit_sources:%.c=build/san-address-undefined/%) \
		$(call scripts,cli bad golden truth determinism matrix)

release_env = $(test_env) NUMASIM='$(CURDIR)/$(BUILD)/numasim'

matrix: build-tests
	$(call prove,$(release_env) NUMASIM_MATRIX=full,$(call scripts,matrix))

golden-update: build-tests
	$(call prove,$(release_env) NUMASIM_UPDATE_GOLDEN=1,$(call scripts,cli bad golden))

studies: all
	$(Q)status=0; for study in $(sort $(wildcard results/*.yaml results/studies/*.yaml)); do \
		name=$$(basename $$study .yaml); echo "== $$name"; \
		$(BUILD)/numasim study $$study -o results/runs/$$name || status=1; \
	done; \
	echo "== $$(cat results/runs/*/study.json | grep -A1 '"passed": false' | \
		grep -c '"known_miss"') known misses in all"; \
	exit $$status

# What agrees with what: the outcomes of all studies and of tests against real kernels on one page.
truth_tests := $(BUILD)/tests/truth/test-domains $(BUILD)/tests/truth/test-machines-qemu
truth_outcomes := $(BUILD)/tests/outcomes

accuracy: all
	-$(Q)$(MAKE) --no-print-directory studies
	$(Q)$(MAKE) --no-print-directory accuracy-page
accuracy-page: all $(truth_tests)
	$(Q)rm -rf $(truth_outcomes) && mkdir -p $(truth_outcomes)
	$(Q)for test in $(truth_tests) tests/truth/numa-scans.t; do \
		name=$$(basename $$test .t); \
		$(release_env) $$test > $(truth_outcomes)/$${name#test-}.tap || true; \
	done
	$(Q)$(BUILD)/numasim accuracy results/runs $(truth_outcomes) -o results/ACCURACY.md

# Built to count what runs, run, and built again by those counts, which lie beside the objects.
pgo_engine := build/pgo/tests/bench/bench-engine
pgo:
	$(Q)rm -rf build/pgo
	$(submake) CC=gcc SAN= LTO= BUILD=build/pgo CFLAGS='-O3 -g -fprofile-generate' all $(pgo_engine)
	$(Q)$(pgo_engine) build/pgo/policies 256 256
	$(Q)build/pgo/numasim run -t epyc-7763-2s-nps4 -w numa-process:replicas=4 -p linux-6.12 -d 1s >/dev/null
	$(submake) CC=gcc SAN= LTO=auto BUILD=build/pgo CFLAGS='-O3 -g -fprofile-use -fprofile-correction \
		-Wno-missing-profile -Wno-coverage-mismatch' all $(pgo_engine)

bench: all $(benches)
	$(Q)for bench in $(benches); do echo "== $$(basename $$bench)"; LC_ALL=C $$bench || exit 1; done

pictures: demo
	@results/pictures.sh

fuzz:
	$(submake) $(check_san) build-fuzzers
	$(Q)NUMASIM_FUZZERS=build/san-address-undefined/tests/fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) \
		tests/fuzz.sh

# What has been looked at is looked at again only once it, a header of its or a flag has changed:
# clang-tidy leaves a stamp per source that is as old as its object may be, cppcheck has a folder of
# its own for that.
tidy_checks := -*,clang-analyzer-core.*,clang-analyzer-deadcode.*
tidy_stamps := $(patsubst %.c,$(BUILD)/lint/%.tidy,$(lib_sources) $(cli_sources) \
	$(sort $(wildcard policies/*.c policies/*/*.c)))

lint:
	$(Q)tests/check-format.sh
	$(Q)if command -v cppcheck >/dev/null; then \
		mkdir -p $(BUILD)/lint/cppcheck && \
		cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
			--suppress=unknownMacro --error-exitcode=1 -j$$(nproc) -Isim -Isim/policy \
			-Ipolicies/common --cppcheck-build-dir=$(BUILD)/lint/cppcheck sim policies; \
	else echo 'cppcheck is not installed: skipped'; fi
	+$(Q)if command -v clang-tidy >/dev/null; then \
		$(MAKE) --no-print-directory $(jobs) -k BUILD=$(BUILD) lint-tidy; \
	else echo 'clang-tidy is not installed: skipped'; fi
lint-tidy: $(tidy_stamps)

define tidy
	@mkdir -p $(@D)
	$(say) TIDY $<
	$(Q)clang-tidy --quiet --checks='$(tidy_checks)' --warnings-as-errors='*' $< -- $(1) \
		>$@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@
endef
$(BUILD)/lint/sim/%.tidy: sim/%.c $(BUILD)/sim/%.o
	$(call tidy,$(sim_flags) $(cppflags-cli))
$(BUILD)/lint/policies/%.tidy: policies/%.c $(BUILD)/policies/%.o
	$(call tidy,$(plugin_flags) -DNUMASIM_SOURCE_HASH='""')

format:
	$(Q)$(if $(formatted),clang-format -i $(formatted))

clean:
	rm -rf build

# --- Installing --------------------------------------------------------------------------------

bin_dir := $(DESTDIR)$(PREFIX)/bin
lib_dir := $(DESTDIR)$(PREFIX)/lib/numasim
data_dir := $(DESTDIR)$(PREFIX)/share/numasim
include_dir := $(DESTDIR)$(PREFIX)/include/numasim
pkgconfig_dir := $(DESTDIR)$(PREFIX)/lib/pkgconfig
man_dir := $(DESTDIR)$(PREFIX)/share/man/man1
bash_dir := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zsh_dir := $(DESTDIR)$(PREFIX)/share/zsh/site-functions
data_folders := topologies workloads policies results

# The policies' C sources stay behind, except the skeleton that `policy new` starts from. Pages and
# completions are printed by the program, from the tables that its parser reads.
install: all
	$(say) INSTALL $(DESTDIR)$(PREFIX)
	$(Q)install -d $(bin_dir) $(lib_dir)/policies $(data_dir) $(include_dir) $(pkgconfig_dir) \
		$(man_dir) $(bash_dir) $(zsh_dir)
	$(Q)install -m 755 $(BUILD)/numasim $(bin_dir)/numasim
	$(Q)$(if $(plugin_files),install -m 644 $(plugin_files) $(lib_dir)/policies/)
	$(Q)install -m 644 sim/policy/numasim-policy.h sim/policy/numasim-memory.h $(include_dir)/
	$(Q)find $(wildcard $(data_folders)) -path results/runs -prune -o -type f \
		\( ! -name '*.[ch]' -o -path policies/skeleton.c \) -print | while read -r file; do \
		mode=644; [ -x "$$file" ] && mode=755; \
		install -D -m $$mode "$$file" "$(data_dir)/$$file" || exit 1; done
	$(Q)printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include' \
		'plugindir=$${prefix}/lib/numasim/policies' '' 'Name: numasim' \
		'Description: Header for policies of the numasim scheduling and NUMA simulator' \
		'Version: $(VERSION)' 'Cflags: -I$${includedir}/numasim' > $(pkgconfig_dir)/numasim.pc
	$(Q)pages=$$($(BUILD)/numasim man --list) && for page in $$pages; do \
		command=$${page#numasim}; $(BUILD)/numasim man $${command#-} > $(man_dir)/$$page.1 || exit 1; \
	done
	$(Q)$(BUILD)/numasim completion bash > $(bash_dir)/numasim
	$(Q)$(BUILD)/numasim completion zsh > $(zsh_dir)/_numasim

uninstall:
	rm -rf $(lib_dir) $(data_dir) $(include_dir)
	rm -f $(bin_dir)/numasim $(pkgconfig_dir)/numasim.pc $(man_dir)/numasim.1 \
		$(man_dir)/numasim-*.1 $(bash_dir)/numasim $(zsh_dir)/_numasim
