`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_stats - the counters, 48 bits each, in one RAM of 512 x 16, moved from one event per frame.
// Events wait in a FIFO of 32; one engine adds them: 4 cycles per counter that moves, 1 per one
// that does not, 3 more per carry into the next 16 bits. An event that finds the FIFO full is lost
// whole and counted in events_lost. i_snap_stb: once all events 5 cycles older are counted, all are
// copied to the snapshot bank, 9 cycles each; o_snap_busy until then, and twice that after reset,
// while both banks are cleared. Registers read the snapshot bank only, 16 bits at a time: i_rd_addr
// = {counter, word} stands from i_rd_stb to o_rd_valid, which waits for o_snap_busy.
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
    // last byte of a good frame (m_rx_err 0), with i_rx_ev_stb or later; then the rx queue's write
    // side; the meta stands from the commit until the next frame's end
    input  wire        i_rx_last_stb,
    input  wire        i_rx_en,             // with i_rx_last_stb: what the queue was told
    input  wire        i_rx_accept,         // likewise; 0: filtered
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
    reg [LEN_W-1:0] rx_len_q;
    reg [1:0] rx_cast_q;                    // {group address, broadcast}
    reg       rx_pause_q;
    initial {err_q, rec_q, csum_q, rx_q, tx_q} = 5'd0;

    wire rx_good  = i_rx_ev_stb && i_rx_ev[24:18] == 7'd0;
    wire rx_end   = (i_rx_last_stb && !(i_rx_en && i_rx_accept))
                 || i_rx_commit_stb || i_rx_full_stb;
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
        if (rx_end)   rx_code_q   <= {i_rx_full_stb || (i_rx_last_stb && !i_rx_en),
                                      i_rx_last_stb};
        if (i_rx_ev_stb) {rx_pause_q, rx_len_q, rx_cast_q} <= {i_rx_ev[25], i_rx_ev[LEN_W+1:0]};
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
    reg             walk_q, bank_q;         // all counters: clear bank 0, then copy 0 to 1
    initial state_q   = ST_IDLE;
    initial {lost_q, lost_op_q, snap_q} = 11'd0;
    initial walk_q    = 1'b1;
    initial bank_q    = 1'b0;
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
    wire lost_go   = idle && lost_q != 9'd0 && (!ev_valid || lost_q[8]);
    wire walk_go   = idle && snap_q && !ev_valid && lost_q == 9'd0;
    assign ev_pop  = step_end && last_step && !lost_op_q;

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

endmodule
`default_nettype wire
