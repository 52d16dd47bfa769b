# SPDX-License-Identifier: Apache-2.0
# The lanyard program. main.c stays out of the library, so that tests can link the rest.
host.src := $(filter-out host/main.c,$(wildcard host/*.c))
host.flags = $(XML_CFLAGS)

.PHONY: run
## run: a web page from a real server through the Verilated NIC
run: $(B)/bin/lanyard $(B)/bin/noinet | deps-run
	@exec $(TIED) $(PYTHON) tests/support/run_page.py
