# SPDX-License-Identifier: Apache-2.0
# nic_model.cpp is the only C++, and the only file that sees the Verilated model.
sim.src := $(wildcard sim/*.c sim/*.cpp)

# $(1) folder of the tree whose model is meant
model_includes = -isystem $(1)/model -isystem $(VERILATOR_ROOT_DIR)/include \
	-isystem $(VERILATOR_ROOT_DIR)/include/vltstd
MODEL_INCLUDES = $(call model_includes,$(B))

$(foreach t,$(TREES),$(tree.$(t))/obj/sim/nic_model.o): $(B)/lib/libmodel.a
$(foreach t,$(TREES),$(tree.$(t))/obj/sim/nic_model.o): private sim.flags = $(MODEL_INCLUDES)

# Which RTL a recording was made on. Known when libmodel.a is there, and made again with it.
RTL_ID = $(shell cat $(sort $(rtl.src) $(rtl.inc)) | sha256sum | cut -c 1-16)
$(foreach t,$(TREES),$(tree.$(t))/obj/sim/tape.o): $(B)/lib/libmodel.a
$(foreach t,$(TREES),$(tree.$(t))/obj/sim/tape.o): private sim.flags = -DLY_RTL_ID='"$(RTL_ID)"'
