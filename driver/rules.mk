# SPDX-License-Identifier: Apache-2.0
driver.src := $(wildcard driver/*.c)
