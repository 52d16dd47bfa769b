# SPDX-License-Identifier: Apache-2.0
# The Verilated model, made once for all trees, and what is made from the RTL.
rtl.src := $(wildcard rtl/*/*.v)
rtl.inc := $(wildcard rtl/*/*.vh)
RTL_DIRS := $(sort $(patsubst %/,%,$(dir $(rtl.src))))
RTL_INCLUDES := -I. $(addprefix -I,$(RTL_DIRS))

# Random initial values come from --x-initial unique.
# Whatever the top is called, its class is Vly_top_sim, which nic_model.cpp knows.
VERILATE := --cc --prefix Vly_top_sim $(RTL_INCLUDES) \
	-O3 --x-assign fast --x-initial unique

# $(1) tree's folder, $(2) more flags, $(3) what else of Verilator's own is compiled, $(4) the top.
# The generated makefile carries Verilator's own flags, so it is the one that compiles.
define model_rules
$(1)/lib/libmodel.a: $(4) $(rtl.src) $(rtl.inc) rtl/rules.mk | deps-run
	$$(call say,MODEL,$$@)
	$$(Q)mkdir -p $$(@D) && rm -rf $(1)/model
	$$(Q)$$(VERILATOR) $$(VERILATE) $(4) --top-module $$(basename $$(notdir $(4))) $(2) --Mdir $(1)/model
	$$(Q)! test -d $(1)/model || $$(MAKE) $$(if $$(filter 0,$$(V)),-s) -C $(1)/model -f Vly_top_sim.mk \
		OPT_FAST=-O3 OPT_SLOW=-O1 OPT_GLOBAL=-O2 Vly_top_sim__ALL.o verilated.o verilated_threads.o $(3)
	$$(Q)rm -f $$@ && ar rcsD $$@ $$(addprefix $(1)/model/,Vly_top_sim__ALL.o verilated.o verilated_threads.o $(3))
endef

# Without a trace, and with one in a tree of its own: even switched off it costs time.
$(eval $(call model_rules,$(B),,,rtl/top/ly_top_sim.v))
$(eval $(call model_rules,$(B)/fst,--trace-fst,verilated_fst_c.o,rtl/top/ly_top_sim.v))

# Other sizes behind the same pins, for co-simulations whose names end so. fs: ice40-fs as area.py
# has it. 8k: the least queue of MAC frames with flow control.
MODELS := fs 8k
model.fs := -GCLK_HZ=24000000 -GRX_QUEUE_BYTES=65536 -GTX_QUEUE_BYTES=32768 -GQUEUE_MEM='"SPRAM"'
model.8k := -GCLK_HZ=24000000 -GRX_QUEUE_BYTES=8192 -GTX_QUEUE_BYTES=8192
$(foreach m,$(MODELS),$(eval $(call model_rules,$(B)/models/$(m),$(model.$(m)),,rtl/top/ly_top_sim.v)))

.PHONY: regs area formal
## regs: write the files made from rtl/regs/nic.rdl
regs: | deps-test
	$(VPYTHON) rtl/regs/gen_regs.py

## area: place and route: limits of ly_core, the MAC beside others
area: $(B)/peers/liteeth_mac.v | deps-fpga
	$(VPYTHON) rtl/top/area.py
	$(VPYTHON) rtl/top/area_rows.py

## formal: the proofs of tests/formal
formal: | deps-fpga
	$(VPYTHON) tests/formal/run.py
