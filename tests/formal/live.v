// SPDX-License-Identifier: Apache-2.0
// Read before the modules whose assumptions and assertions a co-simulation is to look at.
`define FORMAL
`define FORMAL_GATHER
`define FORMAL_LIVE
