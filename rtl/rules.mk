# SPDX-License-Identifier: Apache-2.0
# The Verilated model, made once for all trees, and what is made from the RTL.
rtl.src := $(wildcard rtl/*/*.v)
rtl.inc := $(wildcard rtl/*/*.vh)
RTL_DIRS := $(sort $(patsubst %/,%,$(dir $(rtl.src))))
RTL_INCLUDES := -I. $(addprefix -I,$(RTL_DIRS))
MODEL := $(B)/model

# No trace: waves are another build. Random initial values come from --x-initial unique.
VERILATE := --cc rtl/top/ly_top_sim.v --top-module ly_top_sim --prefix Vly_top_sim $(RTL_INCLUDES) \
	-O3 --x-assign fast --x-initial unique --Mdir $(MODEL)

# The generated makefile carries Verilator's own flags, so it is the one that compiles.
$(B)/lib/libmodel.a: $(rtl.src) $(rtl.inc) rtl/rules.mk | deps-run
	$(call say,MODEL,$@)
	$(Q)mkdir -p $(@D) && rm -rf $(MODEL)
	$(Q)$(VERILATOR) $(VERILATE)
	$(Q)! test -d $(MODEL) || $(MAKE) $(if $(filter 0,$(V)),-s) -C $(MODEL) -f Vly_top_sim.mk \
		OPT_FAST=-O3 OPT_SLOW=-O1 OPT_GLOBAL=-O2 Vly_top_sim__ALL.o verilated.o verilated_threads.o
	$(Q)rm -f $@ && ar rcsD $@ $(addprefix $(MODEL)/,Vly_top_sim__ALL.o verilated.o verilated_threads.o)

.PHONY: regs area formal
## regs: write the files made from rtl/regs/nic.rdl
regs: | deps-test
	$(VPYTHON) rtl/regs/gen_regs.py

## area: place and route ly_core; limits and memory table
area: | deps-fpga
	$(VPYTHON) rtl/top/area.py

## formal: the proofs of tests/formal
formal: | deps-fpga
	$(VPYTHON) tests/formal/run.py
