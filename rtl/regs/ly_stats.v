`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_stats - the counters, 48 bits each, in one RAM of 512 x 16, moved from one event per frame.
// Events wait in a FIFO of 32; one engine adds them: 4 cycles per counter that moves, 1 per one
// that does not, 3 more per carry into the next 16 bits. An event that finds the FIFO full is lost
// whole and counted in events_lost. i_snap_stb: once all events 5 cycles older are counted (after
// 34 of them it waits for no younger one) all are copied to the snapshot bank, 9 cycles each;
// o_snap_busy until then, and twice that after reset, while both banks are cleared. Registers read
// the snapshot bank only, 16 bits at a time: i_rd_addr = {counter, word} stands from i_rd_stb to
// o_rd_valid, which waits for o_snap_busy.
// Which strobe comes from where, and how close they may follow: rtl/regs/README.md.
// Clock: clk. Source: RFC 2819 (etherStats), IEEE 802.3 30.3.1 (the meaning of the counters).
module ly_stats #(
    parameter integer LEN_W = 14            // bits of a frame length that are looked at
) (
    input  wire        clk,
    input  wire        rst,
    // ly_mac_tx; all stand for 12 cycles after the strobe
    input  wire        i_tx_done_stb,
    input  wire [15:0] i_tx_len,
    input  wire [5:0]  i_tx_pad,
    input  wire        i_tx_mcast,          // group address, broadcast included
    input  wire        i_tx_bcast,
    input  wire        i_tx_err,
    input  wire        i_tx_pause,          // ours, not a frame of the host
    input  wire [3:0]  i_tx_coll,           // collisions before it went out
    input  wire        i_tx_xscoll,         // given up after the last; i_tx_err counts no more
    input  wire        i_tx_late,
    input  wire        i_tx_deferred,
    input  wire        i_tx_xsdefer,
    // ly_csum_tx
    input  wire        i_csum_inserted_stb,
    input  wire        i_csum_drop_stb,
    // ly_rec_rx
    input  wire        i_drop_stall_stb,
    input  wire        i_drop_disabled_stb,
    input  wire        i_drop_length_stb,
    input  wire        i_rec_bad_header_stb,
    input  wire        i_rec_gap_stb,
    input  wire        i_rec_unknown_stb,
    // ly_mac_rx
    input  wire        i_rx_ev_stb,
    input  wire [25:0] i_rx_ev,             // {pause, align_err, fcs_err, rx_er, undersize,
                                            //  fragment, oversize, jabber, len[15:0], mcast,
                                            //  bcast}
    input  wire        i_rx_false_stb,
    // with i_rx_ev_stb of a good frame, what the queue is told; then the queue's write side; the
    // meta stands from the commit until the next frame's end
    input  wire        i_rx_en,
    input  wire        i_rx_accept,         // 0: filtered
    input  wire        i_rx_commit_stb,
    input  wire        i_rx_full_stb,
    input  wire [1:0]  i_rx_meta,           // {csum_bad, data_valid}
    // ly_regs
    input  wire        i_snap_stb,
    output wire        o_snap_busy,
    input  wire        i_rd_stb,
    input  wire [7:0]  i_rd_addr,           // {counter[5:0], word[1:0]}, word 0 to 2
    output wire        o_rd_valid,
    output wire [15:0] o_rd_data,
    output wire        o_busy               // something is still to be counted or copied
);

    `include "rtl/regs/ly_regs.vh"

    // ---- Events wait to be put into the FIFO: one bit each, the most frequent ones first ----
    localparam [1:0] KIND_ONE = 2'd0;       // one counter, + 1
    localparam [1:0] KIND_TX  = 2'd1;
    localparam [1:0] KIND_RX  = 2'd2;
    localparam [1:0] KIND_ERR = 2'd3;       // one counter of rx, + 1
    localparam integer EV_W   = 2 + 6 + 2 + 2 + 2 + LEN_W;

    // Codes of 2 or 3 bits rather than counter numbers: they are spread below.
    reg       err_q, rec_q, csum_q, rx_q, tx_q;     // what waits
    reg [2:0] err_code_q;       // 7 FCS, else symbol, undersize, fragment, oversize, jabber, align
    reg       false_q;
    reg [2:0] rec_code_q;                   // {1, header gap unknown} or {0, disabled length stall}
    reg       csum_drop_q;
    reg [1:0] rx_code_q;                    // delivered, filter, full, disabled
    reg [LEN_W+2:0]  rx_what_q;             // of the last good frame
    wire             rx_pause_q = rx_what_q[LEN_W+2];
    wire [LEN_W-1:0] rx_len_q   = rx_what_q[LEN_W+1:2];
    wire [1:0]       rx_cast_q  = rx_what_q[1:0];   // {group address, broadcast}
    initial {err_q, rec_q, csum_q, rx_q, tx_q} = 5'd0;

    wire rx_good  = i_rx_ev_stb && i_rx_ev[24:18] == 7'd0;
    wire rx_end   = (rx_good && !(i_rx_en && i_rx_accept)) || i_rx_commit_stb || i_rx_full_stb;
    wire csum_stb = i_csum_inserted_stb || i_csum_drop_stb;

    // ly_rec_rx decides late in the cycle: its strobes are registered before anything else.
    reg  bad_q, gap_q, unknown_q, stall_q, disabled_q, length_q;
    wire rec_stb  = bad_q || gap_q || unknown_q;
    wire drop_stb = stall_q || disabled_q || length_q;
    initial {bad_q, gap_q, unknown_q, stall_q, disabled_q, length_q} = 6'd0;

    always @(posedge clk) begin
        bad_q      <= i_rec_bad_header_stb && !rst;
        gap_q      <= i_rec_gap_stb && !rst;
        unknown_q  <= i_rec_unknown_stb && !rst;
        stall_q    <= i_drop_stall_stb && !rst;
        disabled_q <= i_drop_disabled_stb && !rst;
        length_q   <= i_drop_length_stb && !rst;
    end

    always @(posedge clk) begin
        err_q  <= !rst && ((i_rx_ev_stb && !rx_good) || i_rx_false_stb);
        rec_q  <= !rst && (rec_stb || drop_stb || (rec_q && err_q));
        csum_q <= !rst && (csum_stb || (csum_q && (err_q || rec_q)));
        rx_q   <= !rst && (rx_end || (rx_q && (err_q || rec_q || csum_q)));
        tx_q   <= !rst && (i_tx_done_stb || (tx_q && (err_q || rec_q || csum_q || rx_q)));

        // One cause per frame: RX_ER before length before FCS.
        err_code_q <= i_rx_false_stb || i_rx_ev[22] ? 3'd0
                    : i_rx_ev[21] ? 3'd1
                    : i_rx_ev[20] ? 3'd2
                    : i_rx_ev[19] ? 3'd3
                    : i_rx_ev[18] ? 3'd4
                    : i_rx_ev[24] ? 3'd5 : 3'd7;
        false_q <= i_rx_false_stb;
        // One cause per record: a gap before what would have become of the frame.
        if (rec_stb || drop_stb)
            rec_code_q <= rec_stb ? {1'b1, unknown_q, gap_q}
                                  : {1'b0, stall_q, length_q};
        if (csum_stb) csum_drop_q <= i_csum_drop_stb;
        if (rx_end)   rx_code_q   <= {i_rx_full_stb || (rx_good && !i_rx_en), rx_good};
        if (rx_good)  rx_what_q   <= {i_rx_ev[25], i_rx_ev[LEN_W+1:0]};
    end

    // The spreading holds for these numbers only: 15 to 20, 53; 28 to 30, 6, 8, 9; 5, 7; 21 to 23,
    // 27.
    localparam [71:0] SPREAD = {LY_CTR_RX_FCS_ERRORS, LY_CTR_RX_SYMBOL_ERRORS, LY_CTR_RX_JABBER,
                                LY_CTR_REC_BAD_HEADER, LY_CTR_REC_UNKNOWN, LY_CTR_TX_DROP_STALL,
                                LY_CTR_TX_DROP_LENGTH, LY_CTR_TX_CSUM_INSERTED,
                                LY_CTR_TX_DROP_CSUM, LY_CTR_RX_DROP_FILTER, LY_CTR_RX_DELIVERED,
                                LY_CTR_RX_ALIGNMENT_ERRORS};
    generate
        if (SPREAD != {6'd15, 6'd16, 6'd20, 6'd28, 6'd30, 6'd6, 6'd9, 6'd5, 6'd7, 6'd21, 6'd27,
                       6'd53})
        begin : g_check
            counters_were_renumbered u_error();
        end
    endgenerate

    wire [5:0] err_ctr  = {err_code_q == 3'd5, !(&err_code_q), &err_code_q, err_code_q};
    wire [4:0] rec_ctr  = {rec_code_q[2], rec_code_q[2] || !rec_code_q[1],
                           rec_code_q[2] || rec_code_q[1], rec_code_q[1:0]};
    wire [4:0] csum_ctr = {3'b001, csum_drop_q, 1'b1};

    // What became of a frame to send: collisions count where it went out.
    wire       tx_gone = i_tx_xscoll || i_tx_err || i_tx_pause;
    wire [1:0] tx_how  = i_tx_coll == 4'd0 ? {1'b0, i_tx_deferred} : {1'b1, i_tx_coll != 4'd1};

    wire take_one = err_q || rec_q || csum_q;
    wire [1:0] in_kind = err_q ? KIND_ERR : take_one ? KIND_ONE : rx_q ? KIND_RX
                       : tx_gone ? KIND_ONE : KIND_TX;
    wire [5:0] in_arg  = err_q       ? err_ctr
                       : rec_q       ? {1'b0, rec_ctr}
                       : csum_q      ? {1'b0, csum_ctr}
                       : rx_q        ? {4'd0, rx_code_q}
                       : i_tx_xscoll ? LY_CTR_TX_EXCESS_COLLISIONS
                       : i_tx_err    ? LY_CTR_TX_UNDERRUN
                       : i_tx_pause  ? LY_CTR_TX_PAUSE_FRAMES : i_tx_pad;
    wire [1:0] in_meta = rx_q ? i_rx_meta : tx_how;
    wire [1:0] in_also = err_q ? {1'b0, false_q} : take_one ? 2'b00
                       : rx_q ? {1'b0, rx_pause_q} : {i_tx_xsdefer, i_tx_late};
    wire [1:0] in_cast = rx_q ? rx_cast_q : {i_tx_mcast, i_tx_bcast};
    wire [LEN_W-1:0] in_len = rx_q ? rx_len_q : i_tx_len[LEN_W-1:0];

    wire            in_valid = take_one || rx_q || tx_q;
    wire            in_ready;
    wire            ev_valid, ev_pop;
    wire [EV_W-1:0] ev;

    ly_fifo #(.DATA_W(EV_W), .DEPTH(32)) u_events (
        .clk    (clk),
        .rst    (rst),
        .s_valid(in_valid),
        .s_ready(in_ready),
        .s_data ({in_kind, in_arg, in_meta, in_cast, in_also, in_len}),
        .m_valid(ev_valid),
        .m_ready(ev_pop),
        .m_data (ev)
    );

    wire [1:0]       ev_kind = ev[EV_W-1 -: 2];
    wire [5:0]       ev_arg  = ev[EV_W-3 -: 6];
    wire [1:0]       ev_meta = ev[EV_W-9 -: 2];
    wire [1:0]       ev_cast = ev[EV_W-11 -: 2];
    wire [1:0]       ev_also = ev[EV_W-13 -: 2];
    wire [LEN_W-1:0] ev_len  = ev[LEN_W-1:0];

    // ---- The engine: for each step of an event read, add, write; go on while it carries ----
    localparam [2:0] ST_IDLE  = 3'd0;
    localparam [2:0] ST_STEP  = 3'd1;       // which counter, how much
    localparam [2:0] ST_READ  = 3'd2;       // address at the RAM
    localparam [2:0] ST_WAIT  = 3'd3;       // its output goes into a register
    localparam [2:0] ST_WRITE = 3'd4;

    reg [2:0]       state_q, state_d;
    reg [2:0]       step_q;
    reg [7:0]       rest_q;                 // bit 0: this step moves a counter; above: the next
    reg [5:0]       ctr_q;
    reg [1:0]       word_q;
    reg [LEN_W-1:0] add_q;
    reg [8:0]       lost_q;                 // lost events that are not counted yet
    reg             lost_op_q;              // these are being counted
    reg             snap_q;                 // a snapshot is wanted
    reg [5:0]       since_q;                // events since then: 34, 35 with those that were lost
    reg             walk_q, bank_q;         // all counters: clear bank 0, then copy 0 to 1
    initial state_q   = ST_IDLE;
    initial {lost_q, lost_op_q, snap_q, since_q} = 17'd0;
    initial {walk_q, bank_q} = 2'b10;
    initial {ctr_q, word_q, add_q} = 0;

    (* no_rw_check *)                       // no word is read in the cycle of its write
    reg  [15:0] ram [0:511];
    reg  [15:0] ram_q, rd_q;                // rd_q: block RAM of ECP5 is too late for an adder
    wire [16:0] sum = {1'b0, rd_q} + {{(17 - LEN_W){1'b0}}, add_q};

    wire st_write  = state_q == ST_WRITE;
    wire more      = word_q != 2'd2 && (walk_q || sum[16]);
    wire is_rx     = ev_kind == KIND_RX;
    wire delivered = is_rx && ev_arg[1:0] == 2'd0;
    wire last_step = rest_q[7:1] == 7'd0;
    wire last_ctr  = ctr_q == LY_CTR_COUNT[5:0] - 6'd1;
    wire skip      = state_q == ST_STEP && !rest_q[0];
    wire step_end  = st_write && !more && !walk_q;
    wire walk_end  = st_write && !more && walk_q && last_ctr && bank_q;
    wire idle      = state_q == ST_IDLE && !walk_q;
    wire enough    = since_q[5] && since_q[1];
    wire told      = enough && since_q[0];
    wire lost_go   = idle && lost_q != 9'd0 && (!ev_valid || lost_q[8] || enough) && !told;
    wire walk_go   = idle && snap_q && (told || (lost_q == 9'd0 && (enough || !ev_valid)));
    assign ev_pop  = state_q == ST_STEP && rest_q[0] && last_step && !lost_op_q;

    always @(*) begin
        state_d = state_q;
        case (state_q)
            ST_IDLE:  if (walk_q || walk_go) state_d = ST_READ;
                      else if (ev_valid || lost_go) state_d = ST_STEP;
            ST_STEP:  if (rest_q[0] && !(lost_op_q && in_lost)) state_d = ST_READ;
            ST_READ:  state_d = ST_WAIT;
            ST_WAIT:  state_d = ST_WRITE;
            default:  if (more) state_d = ST_READ;
                      else if (walk_q) state_d = walk_end ? ST_IDLE : ST_READ;
                      else state_d = last_step ? ST_IDLE : ST_STEP;
        endcase
    end

    // Which steps of the event move something: frames, octets, fate or padding, group, size;
    // checksum or collisions; what else there was.
    wire       multi = ev_kind == KIND_RX || ev_kind == KIND_TX;
    wire [7:0] need  = {ev_also, delivered || (ev_kind == KIND_TX && ev_meta != 2'd0), multi,
                        multi && ev_cast[1], is_rx || (multi && ev_arg != 6'd0), multi, 1'b1};

    // Size of the frame by RFC 2819, 0 to 5
    wire [2:0] size = ev_len[LEN_W-1:10] != 0 ? 3'd5 : ev_len[9] ? 3'd4 : ev_len[8] ? 3'd3
                    : ev_len[7] ? 3'd2 : {2'd0, ev_len[6] && ev_len[5:0] != 6'd0};
    reg [5:0] size_ctr;
    always @(*) case ({is_rx, size})
        4'b0000: size_ctr = LY_CTR_TX_64;
        4'b0001: size_ctr = LY_CTR_TX_65_127;
        4'b0010: size_ctr = LY_CTR_TX_128_255;
        4'b0011: size_ctr = LY_CTR_TX_256_511;
        4'b0100: size_ctr = LY_CTR_TX_512_1023;
        4'b1000: size_ctr = LY_CTR_RX_64;
        4'b1001: size_ctr = LY_CTR_RX_65_127;
        4'b1010: size_ctr = LY_CTR_RX_128_255;
        4'b1011: size_ctr = LY_CTR_RX_256_511;
        4'b1100: size_ctr = LY_CTR_RX_512_1023;
        default: size_ctr = is_rx ? LY_CTR_RX_1024_MAX : LY_CTR_TX_1024_MAX;
    endcase

    // Which counter, how much
    reg [5:0]       step_ctr;
    reg [LEN_W-1:0] step_add;
    always @(*) begin
        step_ctr = ev_arg;
        step_add = 1;
        case (step_q)
            3'd0: if (multi) step_ctr = is_rx ? LY_CTR_RX_FRAMES : LY_CTR_TX_FRAMES;
            3'd1: begin
                step_ctr = is_rx ? LY_CTR_RX_OCTETS : LY_CTR_TX_OCTETS;
                step_add = ev_len;
            end
            3'd2: begin
                // 27 where delivered, else 21 to 23
                step_ctr = is_rx ? {2'b01, delivered, !delivered, ev_arg[1:0] | {2{delivered}}}
                                 : LY_CTR_TX_PAD_OCTETS;
                if (!is_rx) step_add = {{(LEN_W - 6){1'b0}}, ev_arg};
            end
            3'd3: begin
                if (is_rx) step_ctr = ev_cast[0] ? LY_CTR_RX_BROADCAST : LY_CTR_RX_MULTICAST;
                else       step_ctr = ev_cast[0] ? LY_CTR_TX_BROADCAST : LY_CTR_TX_MULTICAST;
            end
            3'd4: step_ctr = size_ctr;
            3'd5: begin
                if (is_rx) step_ctr = ev_meta[0] ? LY_CTR_RX_CSUM_GOOD
                                    : ev_meta[1] ? LY_CTR_RX_CSUM_BAD : LY_CTR_RX_CSUM_NONE;
                else       step_ctr = !ev_meta[1] ? LY_CTR_TX_DEFERRED
                                    : ev_meta[0] ? LY_CTR_TX_MULTIPLE_COLLISIONS
                                    : LY_CTR_TX_SINGLE_COLLISIONS;
            end
            3'd6: step_ctr = is_rx ? LY_CTR_RX_PAUSE_FRAMES
                           : ev_kind == KIND_ERR ? LY_CTR_RX_FALSE_CARRIERS
                           : LY_CTR_TX_LATE_COLLISIONS;
            default: step_ctr = LY_CTR_TX_EXCESS_DEFERRAL;
        endcase
        if (lost_op_q) begin
            step_ctr = LY_CTR_EVENTS_LOST;
            step_add = {{(LEN_W - 9){1'b0}}, lost_q};
        end
    end

    wire in_lost = in_valid && !in_ready;

    always @(posedge clk) begin
        state_q <= state_d;
        if (state_q == ST_IDLE)    step_q <= 3'd0;
        else if (step_end || skip) step_q <= step_q + 3'd1;
        if (state_q == ST_IDLE)    rest_q <= lost_go ? 8'd1 : need;
        else if (step_end || skip) rest_q <= {1'b0, rest_q[7:1]};

        if (state_q == ST_IDLE) lost_op_q <= lost_go;
        if (state_q == ST_STEP) begin
            ctr_q  <= step_ctr;
            add_q  <= step_add;
        end
        if (st_write) begin
            word_q <= more ? word_q + 2'd1 : 2'd0;
            add_q  <= {{(LEN_W - 1){1'b0}}, sum[16] && more};   // the carry
            if (walk_q && !more) begin
                ctr_q  <= last_ctr ? 6'd0 : ctr_q + 6'd1;
                bank_q <= bank_q || last_ctr;
            end
        end
        if (walk_go)  {walk_q, bank_q, ctr_q} <= {2'b11, 6'd0};
        if (walk_end) walk_q <= 1'b0;

        if (in_lost) lost_q <= lost_q + 9'd1;
        else if (state_q == ST_STEP && lost_op_q) lost_q <= 9'd0;
        if (walk_go) snap_q <= 1'b0;
        if (i_snap_stb) snap_q <= 1'b1;
        if (!snap_q || i_snap_stb) since_q <= 6'd0;
        else if (enough ? step_end && lost_op_q : ev_pop) since_q <= since_q + 6'd1;

        if (rst) begin
            state_q   <= ST_IDLE;
            lost_op_q <= 1'b0;
            lost_q    <= 9'd0;
            snap_q    <= 1'b0;
            walk_q    <= 1'b1;
            bank_q    <= 1'b0;
            ctr_q     <= 6'd0;
            word_q    <= 2'd0;
            add_q     <= 0;
        end
    end

    // ---- The RAM: {bank, counter, word}; the snapshot is read whenever the engine does not ----
    reg  rd_want_q, rd_1_q, rd_2_q;
    initial {rd_want_q, rd_1_q, rd_2_q} = 3'd0;

    wire st_read = state_q == ST_READ;
    wire rd_go   = rd_want_q && !st_read && !o_snap_busy;
    wire [8:0] ram_addr = st_read ? {1'b0, ctr_q, word_q} : {1'b1, i_rd_addr};

    always @(posedge clk) begin
        if (st_write) ram[{walk_q && bank_q, ctr_q, word_q}] <= sum[15:0];
    end
    always @(posedge clk) ram_q <= ram[ram_addr];
    always @(posedge clk) begin
        rd_q <= walk_q && !bank_q ? 16'd0 : ram_q;

        rd_want_q <= !rst && (i_rd_stb || (rd_want_q && !rd_go));
        rd_1_q    <= !rst && rd_go;
        rd_2_q    <= !rst && rd_1_q;
    end

    assign o_snap_busy = snap_q || walk_q;
    assign o_rd_valid  = rd_2_q;
    assign o_rd_data   = rd_q;
    assign o_busy      = state_q != ST_IDLE || rec_stb || drop_stb || in_valid || ev_valid
                      || lost_q != 9'd0 || o_snap_busy || rd_want_q || rd_1_q || rd_2_q;

    wire unused = &{1'b0, i_tx_len, i_rx_ev};

`ifndef SYNTHESIS
    /* verilator lint_off UNUSEDSIGNAL */   // for the eye, in waves
    reg [8*5-1:0] dbg_state;
    /* verilator lint_on UNUSEDSIGNAL */
    always @(*) case (state_q)
        ST_IDLE: dbg_state = "idle";
        ST_STEP: dbg_state = "step";
        ST_READ: dbg_state = "read";
        ST_WAIT: dbg_state = "wait";
        default: dbg_state = "write";
    endcase
`endif

`ifdef FORMAL
    // One counter is chosen freely and watched. Two rows of tests/formal, either cut loose from the
    // event FIFO, whose own proof says that what goes in comes out: FORMAL_GATHER, from the strobes
    // to the word that is put in; else from a word at the output to the RAM, the snapshot and the
    // registers. What the word means (f_moves) is written once, by plain rules, and both hold it.
`ifdef FORMAL_LIVE
    wire [5:0] f_ctr = LY_CTR_RX_FRAMES;
`else
    (* anyconst *) reg [5:0] f_ctr;
`endif

    function f_is(input [5:0] counter);
        f_is = f_ctr == counter;
    endfunction

    // What one step of a word adds to the watched counter.
    function [LEN_W-1:0] f_size(input rx, input [LEN_W-1:0] len);
        f_size = len <= 64   ? f_is(rx ? LY_CTR_RX_64 : LY_CTR_TX_64)
               : len <= 127  ? f_is(rx ? LY_CTR_RX_65_127 : LY_CTR_TX_65_127)
               : len <= 255  ? f_is(rx ? LY_CTR_RX_128_255 : LY_CTR_TX_128_255)
               : len <= 511  ? f_is(rx ? LY_CTR_RX_256_511 : LY_CTR_TX_256_511)
               : len <= 1023 ? f_is(rx ? LY_CTR_RX_512_1023 : LY_CTR_TX_512_1023)
                             : f_is(rx ? LY_CTR_RX_1024_MAX : LY_CTR_TX_1024_MAX);
    endfunction

    function [LEN_W-1:0] f_step(input [EV_W-1:0] word, input [2:0] step);
        reg [1:0]       kind, meta, cast, also;
        reg [5:0]       arg;
        reg [LEN_W-1:0] len;
        reg             rx, both;
        begin
            {kind, arg, meta, cast, also, len} = word;
            rx   = kind == KIND_RX;
            both = rx || kind == KIND_TX;
            f_step = 0;
            case (step)
                3'd0: f_step = f_is(!both ? arg : rx ? LY_CTR_RX_FRAMES : LY_CTR_TX_FRAMES);
                3'd1: if (both && f_is(rx ? LY_CTR_RX_OCTETS : LY_CTR_TX_OCTETS)) f_step = len;
                3'd2: if (rx) f_step = f_is(arg[1:0] == 2'd0 ? LY_CTR_RX_DELIVERED
                                          : arg[1:0] == 2'd1 ? LY_CTR_RX_DROP_FILTER
                                          : arg[1:0] == 2'd2 ? LY_CTR_RX_DROP_FULL
                                                             : LY_CTR_RX_DROP_DISABLED);
                      else if (both && f_is(LY_CTR_TX_PAD_OCTETS)) f_step = arg;
                3'd3: if (both && cast[1])
                          f_step = f_is(rx ? (cast[0] ? LY_CTR_RX_BROADCAST : LY_CTR_RX_MULTICAST)
                                           : (cast[0] ? LY_CTR_TX_BROADCAST : LY_CTR_TX_MULTICAST));
                3'd4: if (both) f_step = f_size(rx, len);
                3'd5: if (rx && arg[1:0] == 2'd0)
                          f_step = f_is(meta[0] ? LY_CTR_RX_CSUM_GOOD
                                      : meta[1] ? LY_CTR_RX_CSUM_BAD : LY_CTR_RX_CSUM_NONE);
                      else if (!rx && both && meta != 2'd0)
                          f_step = f_is(meta == 2'd1 ? LY_CTR_TX_DEFERRED
                                      : meta == 2'd2 ? LY_CTR_TX_SINGLE_COLLISIONS
                                                     : LY_CTR_TX_MULTIPLE_COLLISIONS);
                3'd6: if (also[0]) f_step = f_is(rx ? LY_CTR_RX_PAUSE_FRAMES
                                    : kind == KIND_ERR ? LY_CTR_RX_FALSE_CARRIERS
                                    : LY_CTR_TX_LATE_COLLISIONS);
                default: if (also[1]) f_step = f_is(LY_CTR_TX_EXCESS_DEFERRAL);
            endcase
        end
    endfunction

    // Of the first n steps.
    function [LEN_W-1:0] f_moves(input [EV_W-1:0] word, input [3:0] n);
        integer k;
        begin
            f_moves = 0;
            for (k = 0; k < 8; k = k + 1) if (k < n) f_moves = f_moves + f_step(word, k);
        end
    endfunction

    always @(*) begin
        r_rst: assume (!rst);
        r_ctr: assume (f_ctr < LY_CTR_COUNT);
    end

`ifdef FORMAL_GATHER
    // What the strobes say is kept as the amount that is due, one place for each source; cycles
    // since its strobe, at most 15. How close they come: rtl/regs/README.md.
    reg [3:0]       f_err_age_q = 4'd15, f_rec_age_q = 4'd15, f_csum_age_q = 4'd15;
    reg [3:0]       f_rx_age_q = 4'd15, f_good_age_q = 4'd15, f_tx_age_q = 4'd15;
    reg             f_err_q = 1'b0, f_rec_q = 1'b0, f_csum_q = 1'b0, f_rx_q = 1'b0, f_tx_q = 1'b0;
    reg             f_late_q = 1'b0, f_late_is_q;        // ly_rec_rx's are a cycle late
    reg [1:0]       f_err_due_q;
    reg             f_rec_due_q, f_csum_due_q;
    reg             f_held_q = 1'b0;                     // a good frame whose end has not come
    reg [LEN_W-1:0] f_len_q;
    reg [2:0]       f_kind_q;                            // {pause, group, broadcast} of it
    reg [1:0]       f_fate_q;
    reg [26+12:0]   f_facts_q;
    reg [1:0]       f_meta_q;

    wire f_rec_stb  = i_rec_bad_header_stb || i_rec_gap_stb || i_rec_unknown_stb;
    wire f_drop_stb = i_drop_stall_stb || i_drop_disabled_stb || i_drop_length_stb;
    wire f_good     = i_rx_ev_stb && i_rx_ev[24:18] == 7'd0;
    wire f_lost     = f_good && !(i_rx_en && i_rx_accept);
    wire f_end      = f_lost || i_rx_commit_stb || i_rx_full_stb;
    wire f_bad      = i_rx_ev_stb && i_rx_ev[24:18] != 7'd0;
    wire [38:0] f_facts = {i_tx_len, i_tx_pad, i_tx_mcast, i_tx_bcast, i_tx_err, i_tx_pause,
                           i_tx_coll, i_tx_xscoll, i_tx_late, i_tx_deferred, i_tx_xsdefer, 5'd0};

    function [3:0] f_older(input stb, input [3:0] age);
        f_older = stb ? 4'd1 : age + {3'd0, age != 4'd15};
    endfunction

    always @(posedge clk) begin
        f_err_age_q  <= f_older(i_rx_ev_stb || i_rx_false_stb, f_err_age_q);
        f_rec_age_q  <= f_older(f_rec_stb || f_drop_stb, f_rec_age_q);
        f_csum_age_q <= f_older(i_csum_inserted_stb || i_csum_drop_stb, f_csum_age_q);
        f_rx_age_q   <= f_older(f_end, f_rx_age_q);
        f_good_age_q <= f_older(f_good, f_good_age_q);
        f_tx_age_q   <= f_older(i_tx_done_stb, f_tx_age_q);
        f_held_q     <= (f_held_q || f_good) && !f_end;
        f_facts_q    <= f_facts;
        f_meta_q     <= i_rx_meta;

        // Each place is emptied in its turn, which is the one below, and filled by its strobe.
        f_err_q  <= f_bad || i_rx_false_stb;
        f_late_q <= f_rec_stb || f_drop_stb;
        f_rec_q  <= f_late_q || (f_rec_q && f_err_q);
        f_csum_q <= i_csum_inserted_stb || i_csum_drop_stb
                    || (f_csum_q && (f_err_q || f_rec_q));
        f_rx_q   <= f_end || (f_rx_q && (f_err_q || f_rec_q || f_csum_q));
        f_tx_q   <= i_tx_done_stb || (f_tx_q && (f_err_q || f_rec_q || f_csum_q || f_rx_q));

        f_err_due_q <= i_rx_false_stb ? f_is(LY_CTR_RX_SYMBOL_ERRORS)
                                        + f_is(LY_CTR_RX_FALSE_CARRIERS)
                     : i_rx_ev[22] ? f_is(LY_CTR_RX_SYMBOL_ERRORS)
                     : i_rx_ev[21] ? f_is(LY_CTR_RX_UNDERSIZE)
                     : i_rx_ev[20] ? f_is(LY_CTR_RX_FRAGMENTS)
                     : i_rx_ev[19] ? f_is(LY_CTR_RX_OVERSIZE)
                     : i_rx_ev[18] ? f_is(LY_CTR_RX_JABBER)
                     : i_rx_ev[24] ? f_is(LY_CTR_RX_ALIGNMENT_ERRORS)
                                   : f_is(LY_CTR_RX_FCS_ERRORS);
        f_late_is_q <= i_rec_bad_header_stb ? f_is(LY_CTR_REC_BAD_HEADER)
                     : i_rec_gap_stb        ? f_is(LY_CTR_REC_GAP)
                     : i_rec_unknown_stb    ? f_is(LY_CTR_REC_UNKNOWN)
                     : i_drop_stall_stb     ? f_is(LY_CTR_TX_DROP_STALL)
                     : i_drop_disabled_stb  ? f_is(LY_CTR_TX_DROP_DISABLED)
                                            : f_is(LY_CTR_TX_DROP_LENGTH);
        if (f_late_q) f_rec_due_q <= f_late_is_q;
        if (i_csum_inserted_stb || i_csum_drop_stb)
            f_csum_due_q <= f_is(i_csum_drop_stb ? LY_CTR_TX_DROP_CSUM : LY_CTR_TX_CSUM_INSERTED);
        if (f_good) {f_kind_q, f_len_q} <= {i_rx_ev[25], i_rx_ev[1:0], i_rx_ev[LEN_W+1:2]};
        if (f_end)  f_fate_q <= i_rx_commit_stb ? 2'd0 : i_rx_full_stb ? 2'd2
                              : i_rx_en ? 2'd1 : 2'd3;
    end

    wire [EV_W-1:0] f_word = {in_kind, in_arg, in_meta, in_cast, in_also, in_len};
    // A frame received, or one that left, as words of their own.
    wire [EV_W-1:0] f_rx_word = {KIND_RX, 4'd0, f_fate_q, i_rx_meta, f_kind_q[1:0],
                                 1'b0, f_kind_q[2], f_len_q};
    wire [1:0]      f_how     = i_tx_coll > 4'd1 ? 2'd3 : i_tx_coll == 4'd1 ? 2'd2
                              : {1'b0, i_tx_deferred};
    wire [EV_W-1:0] f_tx_word = {KIND_TX, i_tx_pad, f_how, i_tx_mcast, i_tx_bcast, 2'b00,
                                 i_tx_len[LEN_W-1:0]};
    wire [LEN_W-1:0] f_tx_due = (i_tx_xscoll ? f_is(LY_CTR_TX_EXCESS_COLLISIONS)
                               : i_tx_err    ? f_is(LY_CTR_TX_UNDERRUN)
                               : i_tx_pause  ? f_is(LY_CTR_TX_PAUSE_FRAMES)
                               : f_moves(f_tx_word, 4'd8))
                              + (i_tx_late && f_is(LY_CTR_TX_LATE_COLLISIONS))
                              + (i_tx_xsdefer && f_is(LY_CTR_TX_EXCESS_DEFERRAL));

    always @(*) begin
        r_err:  assume (!(i_rx_ev_stb && i_rx_false_stb)
                        && (f_err_age_q > 4'd1 || !(i_rx_ev_stb || i_rx_false_stb)));
        r_rec:  assume (i_rec_bad_header_stb + i_rec_gap_stb + i_rec_unknown_stb < 2'd2
                        && i_drop_stall_stb + i_drop_disabled_stb + i_drop_length_stb < 2'd2
                        && (f_rec_age_q >= 4'd8 || !(f_rec_stb || f_drop_stb)));
        r_csum: assume (!(i_csum_inserted_stb && i_csum_drop_stb)
                        && (f_csum_age_q >= 4'd8 || !(i_csum_inserted_stb || i_csum_drop_stb)));
        // One end for each good frame, and the next good frame later than that.
        r_rx:   assume (f_good + i_rx_commit_stb + i_rx_full_stb < 2'd2
                        && (!f_end || f_held_q || f_good)
                        && (!f_good || (!f_held_q && f_rx_age_q >= 4'd12)));
        r_meta: assume (f_rx_age_q >= 4'd12 || i_rx_meta == f_meta_q);
        r_tx:   assume (f_tx_age_q >= 4'd12 || (!i_tx_done_stb && f_facts == f_facts_q));

        a_place: assert ({err_q, rec_q, csum_q, rx_q, tx_q}
                         == {f_err_q, f_rec_q, f_csum_q, f_rx_q, f_tx_q});
        a_valid: assert (in_valid == (f_err_q || f_rec_q || f_csum_q || f_rx_q || f_tx_q));
        a_held:  assert (!(f_held_q || f_rx_q)
                         || rx_what_q == {f_kind_q[2], f_len_q, f_kind_q[1:0]});
        a_fate:  assert (!f_rx_q || rx_code_q == f_fate_q);
        // No strobe finds its place taken: it is emptied long before.
        a_rec:   assert (!f_rec_q || f_rec_age_q < 4'd8);
        a_csum:  assert (!f_csum_q || f_csum_age_q < 4'd8);
        a_rx:    assert (!f_rx_q || f_rx_age_q < 4'd12);
        a_tx:    assert (!f_tx_q || f_tx_age_q < 4'd12);
        // With begin and end: an else would be the assertion's own in SystemVerilog.
        if (f_err_q)       begin a_err:  assert (f_moves(f_word, 4'd8) == f_err_due_q); end
        else if (f_rec_q)  begin a_cord: assert (f_moves(f_word, 4'd8) == f_rec_due_q); end
        else if (f_csum_q) begin a_sum:  assert (f_moves(f_word, 4'd8) == f_csum_due_q); end
        else if (f_rx_q)
            begin a_come: assert (f_moves(f_word, 4'd8) == f_moves(f_rx_word, 4'd8)); end
        else if (f_tx_q)   begin a_gone: assert (f_moves(f_word, 4'd8) == f_tx_due); end
        c_all:  cover (f_err_q && f_rec_q && f_csum_q && f_rx_q && f_tx_q);
        c_wait: cover (f_tx_q && f_tx_age_q == 4'd5);
        c_rx:   cover (f_rx_q && !f_csum_q && !f_rec_q && !f_err_q && f_err_age_q == 4'd2
                       && f_good_age_q == 4'd6 && f_moves(f_word, 4'd8) == 14'd1000);
        c_late: cover (f_tx_q && !f_rx_q && !take_one && f_tx_due == 14'd1
                       && f_is(LY_CTR_TX_LATE_COLLISIONS) && i_tx_err);
    end
`else
    reg [47:0] f_count_q = 48'd0;    // what the counter should have come to
    reg [47:0] f_shot_q  = 48'd0;    // that, when the last snapshot began
    reg [47:0] f_ram_q, f_copy_q;    // its words in bank 0, in bank 1
    reg        f_hit_q   = 1'b0;     // one of them was read in the cycle before
    reg [15:0] f_read_q;             // it
    reg [LEN_W-1:0] f_moved_q = 0;   // what this event has moved so far
    reg [EV_W-1:0] f_word_q;         // what stood at the FIFO's output
    reg        f_stood_q = 1'b0;
    reg [31:0] f_lost_q  = 32'd0;    // events that found the FIFO full, modulo 2^32
    reg [31:0] f_told_q  = 32'd0;    // of them in the counter
    reg        f_rd_q = 1'b0, f_ask_q = 1'b0, f_due_1_q = 1'b0, f_due_2_q = 1'b0;
    reg [7:0]  f_addr_q;
    reg [15:0] f_want_1_q, f_want_2_q;
    reg        f_snap_q = 1'b0;
    reg [5:0]  f_pops_q  = 6'd0;     // events since the request for a snapshot, at most 34
    reg        f_clean_q = 1'b0;     // since then all that were lost have been told

    wire       f_mine  = ctr_q == f_ctr;
    wire       f_busy  = state_q == ST_READ || state_q == ST_WAIT || st_write;
    wire       f_event = state_q != ST_IDLE && !walk_q && !lost_op_q;
    wire       f_stays = f_event && !(f_busy && last_step);      // in the FIFO
    wire       f_go    = state_q == ST_STEP && state_d == ST_READ;
    wire [5:0] f_at    = {word_q, 4'd0};
    wire [5:0] f_rd_at = {ram_addr[1:0], 4'd0};
    wire       f_touch = ram_addr[7:2] == f_ctr && ram_addr[1:0] != 2'd3;
    wire [3:0] f_n     = {1'b0, step_q} + {3'd0, f_busy};
    wire [47:0] f_live = f_ram_q + ({{(48 - LEN_W){1'b0}}, add_q} << f_at);
    wire [15:0] f_was  = f_ram_q >> f_at;
    wire [47:0] f_word = 48'hFFFF << f_at;
    wire [47:0] f_done = (48'd1 << f_at) - 48'd1;        // words of this walk that are done

    always @(posedge clk) begin
        if (f_go && step_ctr == f_ctr) f_count_q <= f_count_q + step_add;
        if (walk_go) f_shot_q <= f_count_q;
        if (st_write && f_mine) begin
            if (walk_q && bank_q) f_copy_q <= (f_copy_q & ~f_word) | ({32'd0, sum[15:0]} << f_at);
            else                  f_ram_q  <= (f_ram_q & ~f_word)  | ({32'd0, sum[15:0]} << f_at);
        end
        f_hit_q  <= f_touch;
        f_read_q <= (ram_addr[8] ? f_copy_q : f_ram_q) >> f_rd_at;

        if (state_q == ST_IDLE) f_moved_q <= 0;
        else if (f_go && step_ctr == f_ctr) f_moved_q <= f_moved_q + step_add;
        f_word_q  <= ev;
        f_stood_q <= ev_valid && !ev_pop;
        f_lost_q  <= f_lost_q + in_lost;
        if (f_go && lost_op_q) f_told_q <= f_told_q + step_add;

        f_rd_q     <= i_rd_stb || (f_rd_q && !o_rd_valid);
        f_ask_q    <= i_rd_stb || (f_ask_q && !rd_go);
        f_addr_q   <= i_rd_addr;
        f_due_1_q  <= rd_go && f_touch;
        f_want_1_q <= f_shot_q >> f_rd_at;
        {f_due_2_q, f_want_2_q} <= {f_due_1_q, f_want_1_q};
        f_snap_q   <= i_snap_stb;
        f_pops_q   <= i_snap_stb ? 6'd0 : f_pops_q + {5'd0, ev_pop && f_pops_q != 6'd34};
        f_clean_q  <= !i_snap_stb && (f_clean_q || lost_q == 9'd0);
    end

    always @(*) begin
        // A RAM gives what was written last; a FIFO's word stays until it is taken.
        r_ram:  assume (!f_hit_q || ram_q == f_read_q);
        r_fifo: assume (!f_stood_q || (ev_valid && ev == f_word_q));
        r_lost: assume (!(in_lost && lost_q == 9'h1FF));
        r_rd:   assume (!f_rd_q || (!i_rd_stb && i_rd_addr == f_addr_q));

        a_state: assert (state_q <= ST_WRITE && word_q != 2'd3 && (f_busy || word_q == 2'd0)
                         && (!walk_q || state_q != ST_STEP) && !(walk_q && lost_op_q)
                         && (walk_q || !f_busy || rest_q[0]));
        a_ctr:   assert (!walk_q || ctr_q < LY_CTR_COUNT);
        a_add:   assert ((state_q != ST_IDLE && !walk_q) || add_q == 0);
        a_event: assert (!f_stays || ev_valid);
        a_need:  assert (!f_stays || rest_q == need >> step_q);
        a_lone:  assert (!lost_op_q || state_q == ST_IDLE || (rest_q == 8'd1 && step_q == 3'd0));
        a_rest:  assert (!f_event || rest_q != 8'd0);
        a_moved: assert (!f_stays || f_moved_q == f_moves(ev, f_n));
        a_whole: assert (!ev_pop || f_moved_q + (step_ctr == f_ctr ? step_add : {LEN_W{1'b0}})
                                    == f_moves(ev, 4'd8));
        a_popped: assert (!ev_pop || (f_event && f_go));

        // The counter in the RAM, and with what a step of it still carries.
        if (!walk_q)
            a_count: assert ((f_busy && f_mine ? f_live : f_ram_q) == f_count_q);
        else if (bank_q)
            a_keeps: assert (f_ram_q == f_count_q && f_shot_q == f_count_q);
        else
            a_clear: assert (f_count_q == 48'd0 && f_shot_q == 48'd0
                             && (ctr_q < f_ctr || (f_mine ? (f_ram_q & f_done) == 48'd0
                                                          : f_ram_q == 48'd0)));
        if (!walk_q)
            a_copy:  assert (f_copy_q == f_shot_q);
        else if (bank_q)
            a_walk:  assert (ctr_q < f_ctr || (f_mine ? ((f_copy_q ^ f_shot_q) & f_done) == 48'd0
                                                      : f_copy_q == f_shot_q));
        a_wait:  assert (!(state_q == ST_WAIT && f_mine)
                         || (f_hit_q && f_read_q == f_was));
        a_rd_q:  assert (!(st_write && f_mine)
                         || rd_q == (walk_q && !bank_q ? 16'd0 : f_was));
        a_apart: assert (!(st_write && rd_go && walk_q));
        a_told:  assert (f_told_q + lost_q == f_lost_q);
        // The FIFO holds 33; what is older than the request is counted, and told where it was lost.
        a_start: assert (!walk_go || ((!ev_valid || f_pops_q == 6'd34)
                                      && (lost_q == 9'd0 || f_clean_q) && state_q == ST_IDLE));
        a_pops:  assert (f_pops_q <= 6'd34 && (snap_q || since_q == 6'd0 || walk_q));
        if (snap_q)
            a_since: assert (since_q == f_pops_q || (since_q == 6'd35 && f_pops_q == 6'd34
                                                     && (f_clean_q || lost_q == 9'd0)));
        if (enough && lost_op_q && f_busy)
            a_clean: assert (f_clean_q || lost_q == 9'd0);
        a_then:  assert (!told || state_q == ST_IDLE || walk_q);
        a_busy:  assert (!(f_snap_q || walk_q) || o_snap_busy);

        // Registers see the snapshot, and only a whole one.
        a_asks:  assert ((rd_want_q || rd_1_q || rd_2_q) == f_rd_q
                         && rd_want_q + rd_1_q + rd_2_q < 2'd2 && rd_want_q == f_ask_q);
        a_go:    assert (!rd_go || (!walk_q && ram_addr == {1'b1, i_rd_addr}));
        a_seen:  assert (!f_due_1_q || (rd_1_q && f_hit_q && f_read_q == f_want_1_q));
        a_read:  assert (!f_due_2_q || (o_rd_valid && o_rd_data == f_want_2_q));
        // Their row leaves out the 1000 cycles of clearing.
        c_pop:   cover (ev_pop && f_moved_q == 14'd1000);
        c_carry: cover (!walk_q && f_busy && f_mine && word_q == 2'd2);
        c_lost:  cover (lost_op_q && st_write && f_told_q == 32'd3);
        c_walk:  cover (walk_q && st_write && f_mine && word_q == 2'd2);
        c_read:  cover (f_due_2_q);
    end
`endif
`endif

endmodule
`default_nettype wire
