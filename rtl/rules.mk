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
	$(Q)$(MAKE) -s -C $(MODEL) -f Vly_top_sim.mk OPT_FAST=-O3 OPT_SLOW=-O1 OPT_GLOBAL=-O2 \
		Vly_top_sim__ALL.o verilated.o verilated_threads.o $(if $(filter 0,$(V)),>$(MODEL)/log)
	$(Q)rm -f $@ && ar rcsD $@ $(addprefix $(MODEL)/,Vly_top_sim__ALL.o verilated.o verilated_threads.o)

.PHONY: regs area formal
regs: | deps-test ## write the files made from rtl/regs/nic.rdl
	$(VPYTHON) rtl/regs/gen_regs.py

area: | deps-fpga ## place and route ly_core; limits and memory table
	$(VPYTHON) rtl/top/area.py

formal: | deps-fpga ## the proofs of tests/formal
	$(VPYTHON) tests/formal/run.py
