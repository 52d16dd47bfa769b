#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests are tested: faults are planted, and each must be caught by the test that it names.

    mutants.py [--all] [NAME ...]       plant and test
    mutants.py --write | --check        the table in tests/README.md: write it, or compare;
                                        --check also says which modules have no planted fault

Without --all or names: all faults in C and the quick ones in RTL (what `make check` runs). A
fault is one replacement of text that occurs once in one file. It is planted in a copy of the
tree, build/mutants/; the named test is run there without it first, and must pass. Exit: 0 all
caught; 1 one is not, or its text is not there any more.

What does not compile is not caught: the build of a planted fault must succeed. In Verilog the
spoiled module is elaborated by itself, and a proof must have got as far as its model.
"""
import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TREE = ROOT / "build/mutants"
ROOMS = ("Makefile", "driver", "host", "rtl", "sim", "stack", "tests", "tools")
LINKED = ("venv", "tools")                      # in build/: as they are
BUILT = ("asan", "lib", "model", "obj", "bin")  # in build/: a start for make, which looks at times
PROGRAMS = {"unit": "build/asan/tests/unit", "cosim": "build/tests/cosim"}
LIMIT_S = 600
README = ROOT / "tests/README.md"
BEGIN, END = "<!-- planted faults: written by tests/mutants.py -->", "<!-- end -->"


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    old: str
    new: str
    test: str           # unit/PROGRAM, cosim/PROGRAM, rtl/BENCH or formal/MODULE
    slow: bool = False  # not in `make check`


MUTANTS = [
    # Those in C first: a touched Verilog file has the model made again.
    Mutant("checksum in C: one fold too few", "stack/csum.c",
           "    s = (s & 0xFFFFu) + (s >> 16);\n    s = (s & 0xFFFFu) + (s >> 16);\n",
           "    s = (s & 0xFFFFu) + (s >> 16);\n", "unit/test_csum"),
    Mutant("no retransmission", "stack/tcp_timer.c",
           "        c->snd_nxt = c->snd_una;    /* tcp_output() starts there",
           "        /* tcp_output() starts there", "unit/test_tcp_tx"),
    Mutant("no back-off", "stack/tcp_timer.c", "        v *= 2;", "        v *= 1;",
           "unit/test_tcp_timer"),
    Mutant("queued text is not cut", "stack/tcp_rx.c", "        cut_front(&q, old);",
           "        (void)old;", "unit/test_tcp_twin"),
    Mutant("an ACK drags the old window along", "stack/tcp_rx.c", "!(newer || later)",
           "!((void)newer, later)",
           "unit/test_tcp_random"),
    Mutant("RST judged by the number that trimming left", "stack/tcp_rx.c",
           "    if (!(g->flags & (TCP_RST | TCP_SYN)))\n        trim(", "    trim(",
           "unit/test_tcp_blind"),
    Mutant("ARP asks once", "stack/arp.c", "} else if (e->tries < ARP_TRIES) {",
           "} else if (e->tries < 1) {", "unit/test_arp"),
    Mutant("ARP: who is asked pushes out who is in use", "stack/arp.c",
           "n_asked < ARP_ASKING_MAX ? live : asked", "live ? live : asked", "unit/test_arp"),
    Mutant("fragments that overlap are joined", "stack/ip4_frag.c",
           " || (there && there < (s->len + 7) / 8)", "", "unit/test_ip4_frag"),
    Mutant("sequence numbers compared unsigned", "stack/tcp_seq.h",
           "return (int32_t)(a.v - b.v) < 0;", "return a.v < b.v;", "unit/test_tcp_seq"),
    Mutant("pcapng in microseconds", "sim/pcapng.c", "    put32(p, (uint32_t)t_ns);",
           "    put32(p, (uint32_t)(t_ns / 1000));", "unit/test_pcapng"),
    Mutant("record check in C not looked at", "driver/rec.c", "return -EBADMSG;", "return 0;",
           "unit/test_rec"),
    Mutant("packet given out, not counted", "driver/pkt.c", "    pool->n_free[c]--;\n", "",
           "unit/test_pkt"),
    Mutant("DNS: id not compared", "stack/dns_answer.c", "if (be16_get(h->id) != q->id)", "if (0)",
           "unit/test_dns"),
    Mutant("DHCP: a lease never expires", "stack/dhcp.c", "if (now_ns < d->lease.expires_ns) {",
           "if (1) {", "unit/test_dhcp"),
    Mutant("driver: hash of groups from the highest bit", "driver/nic_filter.c",
           ">> bit % 8 & 1u", ">> (7 - bit % 8) & 1u", "unit/test_nic_filter"),
    Mutant("FCS polynomial, to the divider", "rtl/mac/ly_fcs.v", "32'h1DB7_1064", "32'h1DB7_1065",
           "formal/ly_fcs"),
    Mutant("synchroniser of one flip-flop", "rtl/lib/ly_sync.v", "assign o_q = sync_q;",
           "assign o_q = meta_q;", "formal/ly_sync"),
    Mutant("FIFO takes a word when it is full", "rtl/lib/ly_fifo.v", "s_valid && !full;",
           "s_valid;", "formal/ly_fifo"),
    Mutant("reset ends a cycle early", "rtl/lib/ly_reset.v", "req ? 4'hF : {",
           "req ? 4'hE : {", "formal/ly_reset"),
    Mutant("asynchronous FIFO: full by the rule of plain numbers", "rtl/lib/ly_fifo_async.v",
           "{~rd_seen[ADDR_W -: 2], rd_seen[ADDR_W-2:0]};",
           "{~rd_seen[ADDR_W], rd_seen[ADDR_W-1:0]};", "formal/ly_fifo_async", slow=True),
    Mutant("asynchronous FIFO: the word that waits is passed over", "rtl/lib/ly_fifo_async.v",
           "!empty && (m_ready || !out_valid_q);", "!empty;", "formal/ly_fifo_async", slow=True),
    Mutant("queue memory: a byte into the other lane", "rtl/queue/ly_queue_mem.v",
           "wr_even_q <= i_wr_valid && !i_wr_odd;", "wr_even_q <= i_wr_valid;",
           "formal/ly_queue_mem"),
    Mutant("queue memory of ECP5: what was taken does not stay", "rtl/queue/ly_dp16kd.v",
           ".OCEB(i_rd_take)", ".OCEB(1'b1)", "rtl/queue", slow=True),
    Mutant("time: carry a cycle late", "rtl/regs/ly_timebase.v", "lo_q == 32'hFFFF_FFFE;",
           "lo_q == 32'hFFFF_FFFF;", "formal/ly_timebase"),
    Mutant("registers: half of the address acts at once", "rtl/regs/ly_regs.v",
           "if (write_stb && is_mac_lo)  mac_lo_q      <= i_req_wdata;",
           "if (write_stb && is_mac_lo)  {mac_q[31:0], mac_lo_q} <= {2{i_req_wdata}};",
           "formal/ly_regs"),
    Mutant("counters: 127 octets in the next size", "rtl/regs/ly_stats.v",
           "ev_len[7] ? 3'd2", "ev_len[7] || (&ev_len[6:0]) ? 3'd2", "rtl/stats", slow=True),
    Mutant("counters: a late collision only where the frame went out", "rtl/regs/ly_stats.v",
           "{i_tx_xsdefer, i_tx_late};", "{i_tx_xsdefer, i_tx_late && !tx_gone};", "rtl/stats",
           slow=True),
    Mutant("counters: the length of a runt for that of a good frame", "rtl/regs/ly_stats.v",
           "if (rx_good)  rx_what_q", "if (i_rx_ev_stb) rx_what_q", "formal/ly_stats", slow=True),
    Mutant("counters: no carry into the third word", "rtl/regs/ly_stats.v",
           "sum[16] && more};", "sum[16] && more && word_q == 2'd0};", "formal/ly_stats",
           slow=True),
    Mutant("counters: a snapshot before a lost event is told", "rtl/regs/ly_stats.v",
           "(told || (lost_q == 9'd0 && (enough || !ev_valid)));",
           "(enough || (lost_q == 9'd0 && !ev_valid));", "formal/ly_stats", slow=True),
    Mutant("link: pause in half duplex", "rtl/regs/ly_link.v",
           "i_link_ctrl[LY_LINK_CTRL_PAUSE_RX_BIT] && o_fd;",
           "i_link_ctrl[LY_LINK_CTRL_PAUSE_RX_BIT];", "formal/ly_link"),
    Mutant("link: full duplex first, then speed", "driver/phy.c",
           "{ 0, MSSR_1000HD, 1000, false },\n    ",
           "{ AN_100FD, 0, 100, true }, { 0, MSSR_1000HD, 1000, false },\n    ", "unit/test_phy"),
    Mutant("pause one way taken for both", "driver/phy.c",
           "r.pause_rx = (w->anar & AN_PAUSE) != 0;", "r.pause_rx = true;", "unit/test_phy"),
    Mutant("PHY model: BMSR does not latch", "sim/phy_model.c", "if (up && !m->fell)", "if (up)",
           "unit/test_phy_model"),
    Mutant("FCS polynomial", "rtl/mac/ly_fcs.v", "{32{x[7]}} & 32'hEDB8_8320",
           "{32{x[7]}} & 32'hEDB8_8321", "rtl/fcs"),
    Mutant("FCS check stuck good", "rtl/mac/ly_mac_rx.v", "crc_q != RESIDUE || err_seen_q",
           "err_seen_q", "formal/ly_mac_rx"),
    Mutant("FCS check stuck good, on the wire", "rtl/mac/ly_mac_rx.v",
           "crc_q != RESIDUE || err_seen_q", "err_seen_q", "rtl/mac_rx", slow=True),
    Mutant("half duplex: no backoff", "rtl/mac/ly_csma.v",
           "            if (again)  back_q <= draw != 10'd0;",
           "            if (again)  back_q <= 1'b0;",
           "formal/ly_csma"),
    Mutant("half duplex: backoff beyond its range", "rtl/mac/ly_csma.v",
           "= rnd_q[9:0] & mask_q;", "= rnd_q[9:0];", "formal/ly_csma"),
    Mutant("half duplex: part 2 of the gap looks at the carrier", "rtl/mac/ly_csma.v",
           "i_cnt == GAP : i_cnt > GAP_PART2;", "i_cnt == GAP : i_cnt != 4'd0;", "rtl/mac_tx",
           slow=True),
    Mutant("half duplex: a jam of 24 bits", "rtl/mac/ly_mac_tx.v",
           "        if (jam) begin\n            state_d = ST_FCS;\n            cnt_d   = 4'd3;",
           "        if (jam) begin\n            state_d = ST_FCS;\n            cnt_d   = 4'd2;",
           "formal/ly_mac_tx"),
    Mutant("pause: quanta of 256 bit times", "rtl/mac/ly_pause.v", "i_tick && (&byte_q);",
           "i_tick && (&byte_q[4:0]);", "rtl/pause"),
    Mutant("MII: a new speed waits while frames come", "rtl/phy/ly_phy_gmii.v",
           "wire stays = i_tx_run || (want_mii == mii_q && !(mii_q && gear_kill));",
           "wire stays = 1'b1;", "rtl/phy_gmii",
           slow=True),
    Mutant("MII: a clock that is gone holds TX_EN up", "rtl/phy/ly_phy_gmii.v",
           "(mii_en && !gear_kill);", "mii_en;", "formal/ly_phy_gmii", slow=True),
    Mutant("pause: ours goes on where it collided", "rtl/mac/ly_pause.v",
           "if (mine_q && i_rewind) {at_q", "if (!mine_q && i_rewind) {at_q", "rtl/pause",
           slow=True),
    Mutant("pause: counted from the commit, before padding and FCS", "rtl/mac/ly_pause.v",
           "i_start || (frame_q && !i_end);", "i_start || (frame_q && !i_commit);", "rtl/pause",
           slow=True),
    Mutant("pause: ours starts though it is switched off", "rtl/mac/ly_pause.v",
           "assign m_tx_valid = mine_q ? !drop :", "assign m_tx_valid = mine_q ? 1'b1 :",
           "formal/ly_pause", slow=True),
    Mutant("pause: ours says what is asked now", "rtl/mac/ly_pause.v", "if (xoff_q) octet",
           "if (told_q) octet", "rtl/pause", slow=True),
    Mutant("loopback ends in mid-frame of the wire", "rtl/top/ly_core.v",
           "!mrx_busy && !wire_dv) loop_q", "!mrx_busy) loop_q", "cosim/test_modes", slow=True),
    Mutant("half duplex: a backoff outlives its link", "rtl/mac/ly_csma.v",
           "else if (!half || (byte_q", "else if ((byte_q", "formal/ly_csma", slow=True),
    Mutant("half duplex begins in mid-frame", "rtl/mac/ly_csma.v",
           "i_idle ? !i_full_duplex : half_q", "!i_full_duplex", "rtl/mac_tx", slow=True),
    Mutant("pause: XOFF only for octets", "rtl/queue/ly_level.v",
           " || i_frames[NR_W:5] >= XOFF_FRAMES[NR_W:5];", ";", "formal/ly_level"),
    Mutant("pause: opcode not looked at", "rtl/mac/ly_pause.v", "|| at[15]};",
           "};", "rtl/pause", slow=True),
    Mutant("filter: bits of the hash in the other order", "rtl/mac/ly_filter.v",
           "{i_crc[0], i_crc[1], i_crc[2], i_crc[3], i_crc[4], i_crc[5]};", "i_crc;",
           "formal/ly_filter"),
    Mutant("filter: PASS_PAUSE of the end of the frame", "rtl/mac/ly_filter.v",
           "accept && (pass_q || !i_pause)", "accept && (i_pass_pause || !i_pause)", "rtl/filter",
           slow=True),
    Mutant("RMII: one low di-bit of CRS_DV is the end", "rtl/phy/ly_phy_rmii.v",
           "&& !dv_q && !last_dv_q;", "&& !dv_q;", "rtl/phy_rmii", slow=True),
    Mutant("RMII: false carrier taken for data", "rtl/phy/ly_phy_rmii.v",
           "d_q == 2'b01 ? ST_DATA : ST_SKIP", "ST_DATA", "rtl/phy_rmii", slow=True),
    Mutant("RMII: a new speed in mid frame", "rtl/phy/ly_tx_gear.v", "if (!sends) slow_q",
           "slow_q", "formal/ly_tx_gear"),
    Mutant("RMII: RX_ER of di-bits left over forgotten", "rtl/phy/ly_phy_rmii.v",
           "odd && er_seen_q;", "1'b0;", "formal/ly_phy_rmii", slow=True),
    Mutant("RGMII: TX_CTL without TX_ER at 10 and 100", "rtl/phy/ly_phy_rgmii.v",
           "{txc_fall, txc_fall ? en_q : xor_er, d_fall};",
           "{txc_fall, giga_q ? xor_er : en_q, d_fall};", "formal/ly_phy_rgmii", slow=True),
    Mutant("RGMII: octets or nibbles changed in mid frame", "rtl/phy/ly_rx_octets.v",
           "if (!i_dv && !dv_q) nib_q", "nib_q", "rtl/phy_rgmii", slow=True),
    Mutant("RGMII: a new speed waits for a MAC that pauses", "rtl/phy/ly_phy_rgmii.v",
           "(i_tx_run || !change);", "(flow || i_tx_run || !change);", "rtl/phy_rgmii", slow=True),
    Mutant("MII: the pins change hands in mid frame", "rtl/phy/ly_phy_gmii.v",
           "if (!i_tx_run && !tx_en_q && !gear_busy) mii_q", "mii_q", "formal/ly_phy_gmii",
           slow=True),
    Mutant("RGMII: falling edge of tx half a cycle early", "rtl/phy/ly_ddr_out.v",
           "fall_q ^ high_q", "i_fall ^ high_q", "rtl/phy_rgmii", slow=True),
    Mutant("RGMII: the high half of tx forgets the low one", "rtl/phy/ly_ddr_out.v",
           "i_rise ^ low_q;", "i_rise;", "formal/ly_ddr_out"),
    Mutant("RGMII: edges of rx not of one cycle", "rtl/phy/ly_ddr_in.v", "{rise, fall};",
           "{i_pin, fall};", "rtl/phy_rgmii", slow=True),
    Mutant("RGMII: the falling edge of rx half a cycle early", "rtl/phy/ly_ddr_in.v",
           "assign o_fall = fall_q;", "assign o_fall = fall;", "formal/ly_ddr_in"),
    Mutant("PHY sides: two events come as one, and good", "rtl/phy/ly_rx_cross.v",
           "lost_q || late_q || !wr_ready;", "lost_q || !wr_ready;", "formal/ly_rx_cross"),
    Mutant("PHY sides: lost octets not told", "rtl/phy/ly_rx_cross.v",
           "lost_q || late_q || !wr_ready;", "1'b0;", "rtl/phy_rmii", slow=True),
    Mutant("padding one octet short", "rtl/mac/ly_mac_tx.v", "(min_q || len_q[5:0] == LEN_MIN)",
           "(min_q || len_q[5:0] == LEN_MIN - 6'd1)", "formal/ly_mac_tx"),
    Mutant("no padding", "rtl/mac/ly_mac_tx.v", "state_d = starve || min_q ? ST_FCS : ST_PAD;",
           "state_d = ST_FCS;", "rtl/mac_tx", slow=True),
    Mutant("MDIO: turnaround one bit late", "rtl/mac/ly_mdio.v", "BIT_TA = 5'd14;",
           "BIT_TA = 5'd15;", "rtl/mdio"),
    Mutant("MDIO: twice as fast", "rtl/mac/ly_mdio.v", "MDC_MAX_HZ = 2_500_000",
           "MDC_MAX_HZ = 5_000_000", "rtl/mdio"),
    Mutant("MDIO: sampled one cycle late", "rtl/mac/ly_mdio.v", "if (mdc_q && div_q == 0) in_q",
           "if (mdc_q && div_q == 1) in_q", "formal/ly_mdio"),
    Mutant("MII: SFD does not set the phase of nibbles", "rtl/phy/ly_rx_octets.v",
           "!nib_q || odd_q || sfd;", "!nib_q || odd_q;", "formal/ly_rx_octets"),
    Mutant("MII: RX_ER of a low nibble forgotten", "rtl/phy/ly_rx_octets.v",
           "i_er || er_odd;", "i_er;", "rtl/phy_gmii", slow=True),
    Mutant("checksum: carry lost", "rtl/offload/ly_csum_tx.v", "+ {8'd0, carry_q};", "+ 9'd0;",
           "rtl/csum_tx"),
    Mutant("checksum: sums from one octet later", "rtl/offload/ly_csum_tx.v",
           "wire       op_byte = fire_q && !skip_q[LEN_W];",
           "reg        late_q;\n    always @(posedge clk) if (fire_q) late_q <= !skip_q[LEN_W];\n"
           "    wire       op_byte = fire_q && !skip_q[LEN_W] && late_q;",
           "rtl/csum_tx", slow=True),
    Mutant("DATA_VALID stuck at 1", "rtl/offload/ly_csum_rx.v", "sure && head_ok && body_ok};",
           "1'b1};", "rtl/csum_rx", slow=True),
    Mutant("DATA_VALID stuck at 0", "rtl/offload/ly_csum_rx.v", "sure && head_ok && body_ok};",
           "1'b0};", "rtl/csum_rx", slow=True),
    Mutant("queue emits a frame that was dropped at its end", "rtl/queue/ly_queue.v",
           "wire wr_end  = move && s_last && !s_drop;", "wire wr_end  = move && s_last;",
           "formal/ly_queue", slow=True),
    Mutant("queue loses the last byte", "rtl/queue/ly_queue.v",
           "lens[len_wr_q[NR_W-1:0]] <= {wr_meta_q, wr_half_q, wr_odd_q};",
           "lens[len_wr_q[NR_W-1:0]] <= {wr_meta_q, wr_half_q, 1'b0};", "formal/ly_queue",
           slow=True),
    Mutant("skid loses a beat", "rtl/lib/ly_skid.v", "skid_valid_q <= s_valid;",
           "skid_valid_q <= 1'b0;", "formal/ly_skid"),
    Mutant("record check not looked at", "rtl/link/ly_rec_rx.v",
           "wire check_bad  = in_data != crc_q;", "wire check_bad  = 1'b0;", "rtl/rec_rx",
           slow=True),
    Mutant("done strobe missing for broadcasts", "rtl/mac/ly_mac_tx.v",
           "done_stb_q  <= i_tx_tick && done;", "done_stb_q  <= i_tx_tick && done && !bcast_q;",
           "formal/ly_mac_tx"),
    Mutant("PHY sides: a FIFO of 8 places", "rtl/phy/ly_rx_cross.v",
           ".DATA_W(11), .DEPTH(16)", ".DATA_W(11), .DEPTH(8)", "formal/ly_rx_cross"),
    Mutant("half duplex: three bits of the backoff never drawn", "rtl/mac/ly_csma.v",
           "rnd_q[9:0] & mask_q;", "rnd_q[9:0] & mask_q & 10'h3C7;", "rtl/mac_tx", slow=True),
    Mutant("records: CRC-8 of seven steps", "rtl/link/ly_crc8.v", "i < 8;", "i < 7;",
           "rtl/rec_tx"),
    Mutant("records: a batch is closed though a record waits", "rtl/link/ly_rec_tx.v",
           "{rec_end && !more, out_data}", "{rec_end, out_data}", "rtl/rec_tx"),
    Mutant("records: the flag of a bad sum for that of a good one", "rtl/link/ly_rec_tx.v",
           "if (is_frame && i_rx_meta[1]) hdr_byte", "if (is_frame && i_rx_meta[0]) hdr_byte",
           "rtl/rec_tx", slow=True),
    Mutant("RGMII: a pin turned over on its way", "rtl/phy/ly_delay.v", "assign o_q = i_d;",
           "assign o_q = !i_d;", "rtl/phy_rgmii", slow=True),
    Mutant("queue: what found no room is not told", "rtl/queue/ly_queue.v",
           "assign o_drop_stb   = drop_q;", "assign o_drop_stb   = 1'b0;", "cosim/test_counters"),
    # Wires of ly_core: nobody but a test of the whole NIC sees where they end.
    Mutant("core: late for deferred", "rtl/top/ly_core.v",
           ".i_tx_late(txd_late), .i_tx_deferred(txd_deferred)",
           ".i_tx_late(txd_deferred), .i_tx_deferred(txd_late)", "cosim/test_counters"),
    Mutant("core: a gap for an unknown record", "rtl/top/ly_core.v",
           ".i_rec_gap_stb(ev_gap), .i_rec_unknown_stb(ev_unknown)",
           ".i_rec_gap_stb(ev_unknown), .i_rec_unknown_stb(ev_gap)", "cosim/test_counters",
           slow=True),
    Mutant("core: a stall for a link that is down", "rtl/top/ly_core.v",
           ".i_drop_stall_stb(ev_stall), .i_drop_disabled_stb(ev_disabled)",
           ".i_drop_stall_stb(ev_disabled), .i_drop_disabled_stb(ev_stall)",
           "cosim/test_counters", slow=True),
    Mutant("core: group for broadcast", "rtl/top/ly_core.v",
           ".i_tx_mcast(txd_mcast), .i_tx_bcast(txd_bcast), .i_tx_err",
           ".i_tx_mcast(txd_bcast), .i_tx_bcast(txd_mcast), .i_tx_err", "cosim/test_counters",
           slow=True),
    Mutant("core: a sum inserted for one that does not fit", "rtl/top/ly_core.v",
           ".i_csum_inserted_stb(ev_inserted), .i_csum_drop_stb(ev_csum_drop)",
           ".i_csum_inserted_stb(ev_csum_drop), .i_csum_drop_stb(ev_inserted)",
           "cosim/test_counters", slow=True),
    Mutant("core: disabled for filtered", "rtl/top/ly_core.v",
           ".i_rx_en(rx_en), .i_rx_accept(accept)", ".i_rx_en(accept), .i_rx_accept(rx_en)",
           "cosim/test_counters", slow=True),
    Mutant("the model's top: no nibble is ever left over", "rtl/top/ly_top_sim.v",
           ".i_rx_er(rx_er), .i_rx_odd(rx_odd),", ".i_rx_er(rx_er), .i_rx_odd(1'b0),",
           "cosim/test_counters", slow=True),
]

# Modules of rtl/ in which no fault is planted, and why.
AREA = "synthesised to be measured, in no NIC and in no test; make area"
PROOF = "properties and assumptions, no logic: where it is wrong a proof fails, or a cover"
WITHOUT = {
    "rtl/formal/ly_felastic.v": PROOF,
    "rtl/formal/ly_fframe.v": PROOF,
    "rtl/formal/ly_fstream.v": PROOF,
    "rtl/top/ly_area.v": AREA,
    "rtl/top/ly_area_crc.v": AREA,
    "rtl/top/ly_area_mac.v": AREA,
}


def copy_tree():
    """A copy with times, so that make there builds only what a fault touches."""
    shutil.rmtree(TREE, ignore_errors=True)
    (TREE / "build").mkdir(parents=True)
    skip = shutil.ignore_patterns("__pycache__")
    for room in ROOMS:
        if (ROOT / room).is_dir():
            shutil.copytree(ROOT / room, TREE / room, ignore=skip, symlinks=True)
        else:
            shutil.copy2(ROOT / room, TREE / room)
    for name in LINKED:
        if (ROOT / "build" / name).exists():
            (TREE / "build" / name).symlink_to(ROOT / "build" / name)
    for name in BUILT:
        if (ROOT / "build" / name).exists():
            shutil.copytree(ROOT / "build" / name, TREE / "build" / name, symlinks=True)


def call(argv, env=None):
    """Returns (exit code, output); the code is None where it took too long."""
    try:
        done = subprocess.run(argv, cwd=TREE, env={**os.environ, **(env or {})}, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
                              timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return None, f"not done within {LIMIT_S} s"
    return done.returncode, done.stdout


def verdict(test):
    """Returns ("pass" or "fail", ...) of the named test, or ("broken", output). That a proof has
    no model is an exit code of its own: 4."""
    level, _, name = test.partition("/")
    python = "build/venv/bin/python"
    if level in PROGRAMS:
        program = f"{PROGRAMS[level]}/{name}"
        code, out = call(["make", program], {"LY_DEPS_DONE": "1", "MAKEFLAGS": ""})
        if code != 0:
            return "broken", out
        code, out = call([program])
        return ("pass" if code == 0 else "fail"), out
    if level == "rtl":
        code, out = call([python, "-m", "pytest", "-q", "-x", "--tb=short",
                          "--basetemp=build/tmp", f"tests/rtl/{name}"], {"LY_SIM": "icarus"})
        return {0: "pass", 1: "fail"}.get(code, "broken"), out
    code, out = call([python, "tests/formal/run.py", name])
    return {0: "pass", 1: "fail"}.get(code, "broken"), out


def elaborates(file):
    """Returns (whether the module of this file and those below it can be built, output)."""
    folders = [part for d in sorted((TREE / "rtl").glob("*/"))
               for part in ("-y", str(d.relative_to(TREE)))]
    cells = ["-y", "tests/rtl/queue"]       # DP16KD.v
    code, out = call(["iverilog", "-g2005", "-t", "null", "-I.", *folders, *cells,
                      "-s", Path(file).stem, file])
    return code == 0, out


def plant(mutant):
    """Returns the file and its text without the fault, None if the place is not there."""
    path = TREE / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return None
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return path, text


def try_mutant(mutant, healthy):
    """Returns None if it was caught, else what is wrong."""
    if mutant.test not in healthy:
        healthy[mutant.test] = verdict(mutant.test)
    if healthy[mutant.test][0] != "pass":
        return f"{mutant.test} does not pass without it:\n{healthy[mutant.test][1][-2000:]}"
    planted = plant(mutant)
    if planted is None:
        return f"its text does not occur once in {mutant.file}"
    path, text = planted
    try:
        built, out = elaborates(mutant.file) if mutant.file.endswith(".v") else (True, "")
        word, out = verdict(mutant.test) if built else ("broken", out)
    finally:
        path.write_text(text, encoding="utf-8")
    if word == "fail":
        return None
    return "NOT CAUGHT" if word == "pass" else f"does not build:\n{out[-2000:]}"


def with_table(text):
    """tests/README.md with the table of today between its two marks."""
    lines = ["| planted fault | in | caught by | ring |", "|---|---|---|---|"]
    lines += [f"| {m.name} | `{m.file}` | {m.test} | {'mutants' if m.slow else 'check'} |"
              for m in MUTANTS]
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}"


def uncovered():
    """What is wrong with the choice of modules: one line each."""
    planted = {m.file for m in MUTANTS}
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "rtl").glob("*/*.v")}
    for file in sorted(modules - planted - set(WITHOUT)):
        yield f"{file}:1: no fault is planted here: a row of tests/mutants.py, or a reason"
    for file in sorted(set(WITHOUT) & planted):
        yield f"tests/mutants.py:1: {file} has a row and a reason to have none"
    for file in sorted(set(WITHOUT) - modules):
        yield f"tests/mutants.py:1: {file}, which has no row, is not there"


def table(write):
    text = README.read_text(encoding="utf-8")
    if write:
        README.write_text(with_table(text), encoding="utf-8")
    elif text != with_table(text):
        print("tests/README.md:1: the table of planted faults is not that of tests/mutants.py; "
              "tests/mutants.py --write writes it")
        return 1
    wrong = list(uncovered())
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong and not write else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the slow ones too")
    parser.add_argument("--write", action="store_true", help="write the table, run nothing")
    parser.add_argument("--check", action="store_true",
                        help="compare the table and look for modules without a fault, run nothing")
    parser.add_argument("names", nargs="*", metavar="NAME", help="those whose name contains it")
    args = parser.parse_args()
    if args.write or args.check:
        return table(args.write)
    chosen = [m for m in MUTANTS
              if (any(n in m.name for n in args.names) if args.names else args.all or not m.slow)]
    copy_tree()
    failed, healthy = 0, {}
    try:
        for mutant in chosen:
            start = time.monotonic()
            wrong = try_mutant(mutant, healthy)
            failed += wrong is not None
            print(f"{'FAILED' if wrong else 'caught':7} {mutant.name:50} {mutant.test:22}"
                  f" {time.monotonic() - start:.0f} s", flush=True)
            if wrong:
                print(wrong, flush=True)
    finally:
        shutil.rmtree(TREE, ignore_errors=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
