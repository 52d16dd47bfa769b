# SPDX-License-Identifier: Apache-2.0
# tests/README.md says what each level proves. A program per tests/unit/test_*.c and
# tests/cosim/test_*.c; other C files there are helpers that all of a level may use.

# $(1) tree, $(2) level
programs = $(patsubst tests/$(2)/%.c,$(tree.$(1))/tests/$(2)/%,$(wildcard tests/$(2)/test_*.c))
helpers = $(patsubst %.c,$(tree.$(1))/obj/%.o,$(filter-out tests/$(2)/test_%,$(wildcard tests/$(2)/*.c)))

# $(1) tree, $(2) level, $(3) programs, $(4) libraries
define program_rules
$(3): $(tree.$(1))/tests/$(2)/%: $(tree.$(1))/obj/tests/$(2)/%.o $(call helpers,$(1),$(2)) $(4)
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D) && $$(cxx.$(1)) $$(opt.$(1)) $$(LDFLAGS) -o $$@ $$^ -lcmocka $(LIBS)
endef

# A program whose name ends like one of MODELS has that model; what sees the model is made again.
# $(1) tree, $(2) model
libs_with = $(tree.$(1))/models/$(2)/obj/sim/nic_model.o $(filter-out %/libmodel.a,$(call libs_of,$(1))) \
	$(B)/models/$(2)/lib/libmodel.a
define with_model_rules
$(tree.$(1))/models/$(2)/obj/sim/nic_model.o: sim/nic_model.cpp $(tree.$(1))/obj/flags \
		$(B)/models/$(2)/model/initial.h
	$$(call say,CXX,$$@)
	$(Q)mkdir -p $$(@D) && $$(flags.$(1).cpp) $(call model_includes,$(B)/models/$(2)) -MMD -MP -c -o $$@ $$<

$(call program_rules,$(1),cosim,$(filter %_$(2),$(call programs,$(1),cosim)),$(call libs_with,$(1),$(2)))
endef

define level_rules
$(call program_rules,$(1),$(2),$(filter-out $(MODELS:%=\%_%),$(call programs,$(1),$(2))),$(call libs_of,$(1)))

$(patsubst $(tree.$(1))/tests/%,$(tree.$(1))/obj/tests/%.o,$(call programs,$(1),$(2))): | deps-test
endef

# Some co-simulations once more on a model in which all that modules assume of each other, and
# assert, is looked at in every cycle. What is named before live.v is read without.
LIVE := $(addprefix $(B)/live/tests/cosim/,test_line_rate test_hub_load test_pause)
$(eval $(call model_rules,$(B)/models/live,--assert --output-split 100000000 -Wno-WIDTH \
	rtl/mac/ly_mdio.v $(wildcard rtl/lib/*.v rtl/phy/*.v) tests/formal/live.v,,rtl/top/ly_top_sim.v))
$(B)/models/live/lib/libmodel.a: tests/formal/live.v

define live_rules
$(call with_model_rules,main,live)

$(LIVE): $(B)/live/tests/cosim/%: $(B)/obj/tests/cosim/%.o $(call helpers,main,cosim) $(call libs_with,main,live)
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D) && $(CXX) $(opt.main) $$(LDFLAGS) -o $$@ $$^ -lcmocka $(LIBS)
endef

# A harness per tests/fuzz/fuzz_*.c, with libFuzzer's main() in the tree of that name, else with
# that of replay.c. They stand on the helpers of unit tests.
harnesses = $(patsubst tests/fuzz/%.c,$(tree.$(1))/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
main.of = $(if $(filter fuzz,$(1)),-fsanitize=fuzzer,$(tree.$(1))/obj/tests/fuzz/replay.o)

define fuzz_rules
$(call harnesses,$(1)): $(tree.$(1))/tests/fuzz/%: $(tree.$(1))/obj/tests/fuzz/%.o \
		$(filter %.o,$(call main.of,$(1))) $(call helpers,$(1),unit) $(call libs_of,$(1))
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D) && $$(cxx.$(1)) $$(opt.$(1)) $$(LDFLAGS) -o $$@ $$^ $(filter -%,$(call main.of,$(1))) \
		-lcmocka $(LIBS)

$(patsubst $(tree.$(1))/tests/%,$(tree.$(1))/obj/tests/%.o,$(call harnesses,$(1))): | deps-test
endef

tests_tree_rules = $(foreach l,unit cosim,$(eval $(call level_rules,$(1),$(l)))) \
	$(foreach m,$(MODELS),$(eval $(call with_model_rules,$(1),$(m)))) $(eval $(call fuzz_rules,$(1))) $(eval $(call nth_rules,$(1))) \
	$(if $(filter main,$(1)),$(eval $(live_rules)))

# lanyard with calls that can be made to fail: tests/nth/nth.c. What it wraps is asked from itself.
nth.wraps = $(sort $(shell sed -n 's/.*\b__wrap_\(\w*\).*;$$/\1/p; s/^    X.[^,]*, \(\w*\),.*/\1/p' \
	tests/nth/nth.c))

define nth_rules
$(tree.$(1))/obj/tests/nth/nth.o: private tests.flags = $$(XML_CFLAGS)
$(tree.$(1))/tests/nth/lanyard: $(tree.$(1))/obj/host/main.o $(tree.$(1))/obj/tests/nth/nth.o $(call libs_of,$(1))
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D) && $$(cxx.$(1)) $$(opt.$(1)) $$(LDFLAGS) $$(addprefix -Wl$$(comma)--wrap=,$$(nth.wraps)) \
		-o $$@ $$^ $(LIBS)
endef

$(B)/bin/noinet: $(B)/obj/tests/support/noinet.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(opt.main) $(LDFLAGS) -o $@ $^

# Verilog of LiteEth, to be compared with: tests/peers/README.md.
PEERS := $(addprefix $(B)/peers/,liteeth_mac.v liteeth_phy_rmii.v)
$(PEERS) &: tests/peers/gen_liteeth.py tools/requirements-peers.txt | deps-peers
	$(call say,PEERS,$(B)/peers)
	$(Q)$(VPYTHON) tests/peers/gen_liteeth.py $(B)/peers

# The looped MAC, ours and LiteEth's, by the same flags: tests/bench/README.md. What LiteX writes is
# not held to our warnings; the harness and our own side are.
BENCH_LOOPS := $(foreach w,lanyard liteeth,$(B)/bench/loop_$(w)/mac_loop)
loop.lanyard := $(addprefix rtl/mac/,ly_fcs.v ly_csma.v ly_mac_tx.v ly_mac_rx.v)
loop.liteeth := $(B)/peers/liteeth_mac.v
loop.flags.lanyard := -Wall -Wno-PINMISSING -Wno-DECLFILENAME
loop.flags.liteeth := -Wno-lint -Wno-style -Wno-COMBDLY -Wno-UNOPTFLAT -Wno-TIMESCALEMOD

# $(1) whose
define loop_rules
$(B)/bench/loop_$(1)/mac_loop: tests/bench/loop_$(1).v tests/bench/mac_loop.cpp $(loop.$(1)) | deps-run
	$$(call say,MODEL,$$@)
	$$(Q)rm -rf $$(@D) && mkdir -p $$(@D)
	$$(Q)$$(VERILATOR) --cc --exe -O3 --x-assign fast --x-initial unique $(loop.flags.$(1)) --top-module mac_loop \
		--prefix Vmac_loop --Mdir $$(@D) -o mac_loop -CFLAGS '-std=c++17 -Wall -Wextra $(WERROR)' -LDFLAGS -lz \
		tests/bench/loop_$(1).v $(loop.$(1)) $(CURDIR)/tests/bench/mac_loop.cpp
	$$(Q)! test -d $$(@D) || $$(MAKE) $$(if $$(filter 0,$$(V)),-s) -C $$(@D) -f Vmac_loop.mk OPT_FAST=-O3 \
		OPT_SLOW=-O1 OPT_GLOBAL=-O2
endef
$(foreach w,lanyard liteeth,$(eval $(call loop_rules,$(w))))

.PHONY: bench
## bench: speed of the model, of TCP, of pings and of the MAC loop, with goals
bench: $(B)/bin/lanyard $(BENCH_LOOPS) | deps-test
	@$(TIED) $(VPYTHON) tests/support/bench.py
	@exec $(TIED) $(PYTHON) tests/bench/mac_loop.py $(if $(WRITE),--write)

# JUNIT=FILE writes a report, ONLY=unit,interop runs some of the groups, LY_SEED=N begins the
# random numbers of all tests elsewhere (make passes it on).
RUN_TESTS = exec $(TIED) $(PYTHON) tests/run.py --target $@ $(if $(JUNIT),--junit '$(JUNIT)') $(if $(ONLY),--only '$(ONLY)')

.PHONY: test check lint
## test: quick proofs; unit, bench, co-simulation and interop tests
test: $(call programs,asan,unit) $(call programs,main,cosim) $(B)/bin/lanyard $(B)/bin/noinet \
		$(B)/bin/lanyard-fst $(B)/bin/lanyard-ly_top_mini | deps-test
	@$(RUN_TESTS) formal:quick rtl:icarus unit:asan cosim:main interop

## check: second compiler and simulator, mutants, fuzzing, nth failures, proofs, area, bench, lint, house
check: $(call programs,asan,unit) $(call programs,clang,unit) $(call programs,clang,cosim) $(B)/clang/bin/lanyard \
		$(foreach t,asan clang fuzz,$(call harnesses,$(t))) $(B)/asan/tests/nth/lanyard \
		$(B)/bin/lanyard $(B)/bin/lanyard-fst $(B)/bin/lanyard-ly_top_mini $(BENCH_LOOPS) $(PEERS) $(LIVE) | deps-fpga
	@$(RUN_TESTS) mutants area bench formal rtl:verilator nth fuzz corpus:asan corpus:clang unit:clang cosim:clang live lint house

.PHONY: soak
## soak: all faults, fuzzers, failures and the long run: hours; SOAK_MINUTES=1 for a short one
soak: $(call programs,asan,unit) $(call programs,main,cosim) $(B)/bin/lanyard $(B)/bin/noinet \
		$(call harnesses,fuzz) $(B)/asan/tests/nth/lanyard $(PEERS) | deps-fpga
	@exec $(TIED) $(PYTHON) tests/soak.py $(if $(ONLY),--only '$(ONLY)')

.PHONY: coverage
## coverage: line and toggle coverage of each module of rtl/ by its bench
coverage: | deps-test
	@exec $(TIED) $(VPYTHON) tests/coverage.py $(if $(WRITE),--write)

.PHONY: fuzz
## fuzz: every parser under random inputs, FUZZ_SECONDS=10 each; FUZZ='dns net' for some
FUZZ_SECONDS ?= 10
fuzz: $(call harnesses,fuzz) | deps-test
	@exec $(TIED) $(PYTHON) tests/fuzz/run.py --seconds $(FUZZ_SECONDS) $(FUZZ)

.PHONY: mutants
## mutants: faults are planted; each must be caught by the test that it names
mutants: $(call programs,asan,unit) | deps-fpga
	@exec $(TIED) $(PYTHON) tests/mutants.py --all

## lint: compilers, Verilog linters, clock crossings, generated files, include row, sizes
lint: | deps-fpga
	@$(PYTHON) tools/lint.py
