# SPDX-License-Identifier: Apache-2.0
stack.src := $(wildcard stack/*.c)
