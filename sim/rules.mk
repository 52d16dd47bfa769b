# SPDX-License-Identifier: Apache-2.0
# nic_model.cpp is the only C++, and the only file that sees the Verilated model.
sim.src := $(wildcard sim/*.c sim/*.cpp)

# $(1) folder of the tree whose model is meant
model_includes = -isystem $(1)/model -isystem $(VERILATOR_ROOT_DIR)/include \
	-isystem $(VERILATOR_ROOT_DIR)/include/vltstd
MODEL_INCLUDES = $(call model_includes,$(B))

# LY_INITIAL(name, bits) for each variable of a model that Verilator would give a random initial
# value: nic_model.cpp draws them by name. Not one is left out, or there is no model.
%/model/initial.h: %/lib/libmodel.a sim/rules.mk
	$(call say,INITIAL,$@)
	$(Q)sed -n -e 's/^ *vlSelf->\(\w*\).* = VL_RAND_RESET_[IQ](\([0-9]*\));$$/LY_INITIAL(\1, \2)/p' \
		-e 's/^ *VL_RAND_RESET_W(\([0-9]*\), vlSelf->\(\w*\).*);$$/LY_INITIAL(\2, \1)/p' $(@D)/*.cpp >$@.new
	$(Q)test -s $@.new && test $$(wc -l <$@.new) = $$(cat $(@D)/*.cpp | grep -c VL_RAND_RESET)
	$(Q)mv $@.new $@

$(foreach t,$(TREES),$(tree.$(t))/obj/sim/nic_model.o): $(B)/model/initial.h
$(foreach t,$(TREES),$(tree.$(t))/obj/sim/nic_model.o): private sim.flags = $(MODEL_INCLUDES)

# Which RTL a recording was made on, and who gave it its initial values. Known when libmodel.a is
# there, and made again with it.
RTL_ID = $(shell cat $(sort $(rtl.src) $(rtl.inc)) sim/nic_model.cpp | sha256sum | cut -c 1-16)
$(foreach t,$(TREES),$(tree.$(t))/obj/sim/tape.o): $(B)/lib/libmodel.a sim/nic_model.cpp
$(foreach t,$(TREES),$(tree.$(t))/obj/sim/tape.o): private sim.flags = -DLY_RTL_ID='"$(RTL_ID)"'
