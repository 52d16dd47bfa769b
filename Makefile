# SPDX-License-Identifier: Apache-2.0
# The one Makefile: each folder's rules.mk says what it holds and adds its targets.
# Everything made lies in build/. Needs GNU make 4.3; the rest comes with `make deps`.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

B := build
V ?= 0
Q := $(if $(filter 0,$(V)),@)
comma := ,
say = @printf '  %-7s %s\n' $(1) $(2)

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
CLANG ?= clang
CLANGXX ?= clang++
VERILATOR ?= verilator
IVERILOG ?= iverilog
PYTHON ?= /usr/bin/python3
VENV := $(B)/venv
VPYTHON := $(VENV)/bin/python

# What Python leaves behind belongs into build/ as well.
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(B)/pycache

# A child that ends with make, whatever ends make: no process outlives a killed run.
TIED := setpriv --pdeathsig KILL

# ------------------------------------------------------------------ trees
# Trees by the same rules: build/ is what people run, build/asan (gcc) and build/clang carry ASan
# and UBSan and are what unit tests link; build/fuzz tells libFuzzer which code an input reached.
TREES := main asan clang fuzz
tree.main := $(B)
tree.asan := $(B)/asan
tree.clang := $(B)/clang
tree.fuzz := $(B)/fuzz
cc.main = $(CC)
cxx.main = $(CXX)
cc.asan = $(CC)
cxx.asan = $(CXX)
cc.clang = $(CLANG)
cxx.clang = $(CLANGXX)
cc.fuzz = $(CLANG)
cxx.fuzz = $(CLANGXX)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
opt.main := -O2 -g
opt.asan := -O1 -g $(SANITIZE)
opt.clang := -O1 -g $(SANITIZE)
opt.fuzz := $(opt.clang) -fsanitize=fuzzer-no-link
deps.main := deps-run
deps.asan := deps-run
deps.clang := deps-run deps-test
deps.fuzz := deps-run deps-test

WERROR ?= -Werror
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wvla $(WERROR)
C_STYLE := -std=c11 -D_POSIX_C_SOURCE=200809L $(WARN) -Wshadow -Wstrict-prototypes -Wmissing-prototypes
CXX_STYLE := -std=c++17 $(WARN)

# Asked once, and only after deps has seen that the tools are there.
VERILATOR_ROOT_DIR = $(eval VERILATOR_ROOT_DIR := $(shell $(VERILATOR) --getenv VERILATOR_ROOT))$(VERILATOR_ROOT_DIR)
XML_CFLAGS = $(eval XML_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags libxml-2.0)))$(XML_CFLAGS)

ROOMS := host stack driver sim
include $(addsuffix /rules.mk,$(ROOMS) rtl tests)

LIBS := -lcurl -lxml2 -lslirp -lpcap -lz -lm -pthread

# $(1) tree. The libraries in the order in which they need each other.
libs_of = $(foreach r,host stack sim driver model,$(if $(filter model,$(r)),$(B),$(tree.$(1)))/lib/lib$(r).a)

# $(1) tree, $(2) room
define room_rules
$(tree.$(1))/lib/lib$(2).a: $(patsubst %,$(tree.$(1))/obj/%.o,$(basename $($(2).src))) $(tree.$(1))/obj/$(2).list
	$$(call say,AR,$$@)
	$(Q)mkdir -p $$(@D) && rm -f $$@ && ar rcsD $$@ $$(filter %.o,$$^)

# Changes with the list of sources, so that a file taken away leaves the library too.
$(tree.$(1))/obj/$(2).list: FORCE
	@mkdir -p $$(@D) && echo '$$($(2).src)' | cmp -s - $$@ || echo '$$($(2).src)' >$$@
endef

# $(1) tree
define tree_rules
flags.$(1).c = $$(cc.$(1)) $(C_STYLE) $$(opt.$(1)) -I. $$(CPPFLAGS) $$(CFLAGS)
flags.$(1).cpp = $$(cxx.$(1)) $(CXX_STYLE) $$(opt.$(1)) -I. $$(CPPFLAGS) $$(CXXFLAGS)

# Another compiler or another option builds everything again.
$(tree.$(1))/obj/flags: FORCE | $$(deps.$(1))
	@mkdir -p $$(@D) && echo '$$(flags.$(1).c) $$(flags.$(1).cpp)' | cmp -s - $$@ \
		|| echo '$$(flags.$(1).c) $$(flags.$(1).cpp)' >$$@

$(tree.$(1))/obj/%.o: %.c $(tree.$(1))/obj/flags
	$$(call say,CC,$$@)
	$(Q)mkdir -p $$(@D) && $$(flags.$(1).c) $$($$(firstword $$(subst /, ,$$*)).flags) -MMD -MP -c -o $$@ $$<

$(tree.$(1))/obj/%.o: %.cpp $(tree.$(1))/obj/flags
	$$(call say,CXX,$$@)
	$(Q)mkdir -p $$(@D) && $$(flags.$(1).cpp) $$($$(firstword $$(subst /, ,$$*)).flags) -MMD -MP -c -o $$@ $$<

$(foreach r,$(ROOMS),$(eval $(call room_rules,$(1),$(r))))

$(tree.$(1))/bin/lanyard: $(tree.$(1))/obj/host/main.o $(call libs_of,$(1))
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D) && $$(cxx.$(1)) $$(opt.$(1)) $$(LDFLAGS) -o $$@ $$^ $(LIBS)
endef
$(foreach t,$(TREES),$(eval $(call tree_rules,$(t))))

# lanyard once more, with a model that can write waves (--fst): only what sees the model differs.
$(B)/fst/obj/sim/nic_model.o: sim/nic_model.cpp $(B)/fst/model/initial.h $(B)/obj/flags
	$(call say,CXX,$@)
	$(Q)mkdir -p $(@D) && $(flags.main.cpp) -DLY_WAVES $(call model_includes,$(B)/fst) -MMD -MP -c -o $@ $<

$(B)/bin/lanyard-fst: $(B)/obj/host/main.o $(B)/fst/obj/sim/nic_model.o \
		$(filter-out %/libmodel.a,$(call libs_of,main)) $(B)/fst/lib/libmodel.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CXX) $(opt.main) $(LDFLAGS) -o $@ $^ $(LIBS)

# And once for each other top: lanyard --nic sim:@NAME. SIM_TOP is one more; $(1) its file.
SIM_TOPS := $(sort $(wildcard sim/tops/*.v) $(SIM_TOP))
define top_rules
$(call model_rules,$(B)/tops/$(basename $(notdir $(1))),$(2),,$(1))

$(B)/tops/$(basename $(notdir $(1)))/obj/sim/nic_model.o: sim/nic_model.cpp $(B)/obj/flags \
		$(B)/tops/$(basename $(notdir $(1)))/model/initial.h
	$$(call say,CXX,$$@)
	$(Q)mkdir -p $$(@D) && $$(flags.main.cpp) -DLY_TOP='"$(basename $(notdir $(1)))"' \
		$(call model_includes,$(B)/tops/$(basename $(notdir $(1)))) -MMD -MP -c -o $$@ $$<

$(B)/bin/lanyard-$(basename $(notdir $(1))): $(B)/obj/host/main.o \
		$(B)/tops/$(basename $(notdir $(1)))/obj/sim/nic_model.o \
		$(filter-out %/libmodel.a,$(call libs_of,main)) \
		$(B)/tops/$(basename $(notdir $(1)))/lib/libmodel.a
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D) && $$(CXX) $$(opt.main) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach t,$(SIM_TOPS),$(eval $(call top_rules,$(t),-I$(patsubst %/,%,$(dir $(t))))))

$(foreach t,$(TREES),$(call tests_tree_rules,$(t)))

-include $(shell test -d $(B) && find $(B) -path '*/obj/*' -name '*.d')

# tools/lint.py holds every file against the same flags.
export LY_C_STYLE = $(C_STYLE)
export LY_CXX_STYLE = $(CXX_STYLE)
export LY_RTL_INCLUDES = $(RTL_INCLUDES)
lint check: export LY_XML_CFLAGS = $(XML_CFLAGS)
lint check: export LY_MODEL_INCLUDES = $(MODEL_INCLUDES)
lint check: export LY_WAVES_INCLUDES = $(call model_includes,$(B)/fst)

# ---------------------------------------------------------------- targets
.PHONY: FORCE help all fst top deps deps-run deps-test deps-fpga deps-peers clean
FORCE:

## help: this list
help:
	@echo 'Lanyard: an open Ethernet NIC, its driver, a TCP/IP stack, and the simulation that joins them.'
	@echo
	@sed -n 's/^## \([a-z]*\): /  make \1\t/p' $(MAKEFILE_LIST) | sort | expand -t 16
	@echo
	@echo 'Options: V=1 shows commands, JUNIT=FILE makes test and check write a report, -j2 builds on two cores.'

## all: build build/bin/lanyard
all: $(B)/bin/lanyard

## fst: build build/bin/lanyard-fst, which lanyard --fst FILE needs
fst: $(B)/bin/lanyard-fst

## top: SIM_TOP=FILE.v: build build/bin/lanyard-FILE, for lanyard --nic sim:@FILE
top: $(foreach t,$(or $(SIM_TOP),$(SIM_TOPS)),$(B)/bin/lanyard-$(basename $(notdir $(t))))

## deps: what run, test and check need: looks first, installs only what is missing
deps:
	@tools/deps.sh run test fpga peers

deps-run deps-test deps-fpga deps-peers: deps-%:
	@tools/deps.sh $*

# One after the other: they share the package manager's lock and the virtual environment.
deps-test: | deps-run
deps-fpga: | deps-test
deps-peers: | deps-fpga

## clean: remove build/
clean:
	rm -rf $(B)
