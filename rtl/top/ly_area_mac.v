`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_area_mac - both directions of the MAC, as a row of `make area` wants them: what a parameter
// leaves out is tied off here, so that synthesis trims it. Not a product.
// The two sides have clocks of their own, so that each has its own fmax; nothing crosses, and with
// EN_PAUSE, where rx speaks to tx, both are one clock.
// EN_STATS: what moves counters and taps is kept. EN_FILTER: ly_filter, its verdict in m_rx_err.
// EN_OWN_FCS: i_own_fcs is obeyed. FIFO_BYTES: a ly_queue of that size each way (0: none), which
// drops what m_rx_err marks and replays what collided, for FIFO_FRAMES behind the one that leaves.
// Clocks: clk_tx, clk_rx. Latency and handshakes: those of the modules.
module ly_area_mac #(
    parameter HALF_DUPLEX = 0,
    parameter EN_PAUSE    = 0,
    parameter EN_FILTER   = 0,
    parameter EN_OWN_FCS  = 0,
    parameter EN_STATS    = 0,
    parameter FIFO_BYTES  = 0,
    parameter FIFO_FRAMES = 32,
    parameter MAX_FRAME   = 1518
) (
    input  wire        clk_tx,
    input  wire        rst_tx,
    input  wire        s_tx_valid,
    output wire        s_tx_ready,
    input  wire [7:0]  s_tx_data,
    input  wire        s_tx_last,
    input  wire        s_tx_err,
    input  wire        i_tx_en,
    input  wire        i_tx_own_fcs,
    input  wire        i_tx_tick,
    input  wire        i_tx_full_duplex,
    input  wire        i_tx_crs,
    input  wire        i_tx_col,
    input  wire        i_tx_en_pause,
    input  wire        i_tx_full,
    input  wire [47:0] i_tx_mac,
    output wire        o_tx_rewind,
    output wire        o_tx_commit,
    output wire [7:0]  o_tx_data,
    output wire        o_tx_en,
    output wire        o_tx_er,
    output wire [38:0] o_tx_stats,
    input  wire        clk_rx,
    input  wire        rst_rx,
    input  wire        i_rx_stb,
    input  wire [7:0]  i_rx_data,
    input  wire        i_rx_dv,
    input  wire        i_rx_er,
    input  wire        i_rx_odd,
    input  wire [47:0] i_mac,
    input  wire [63:0] i_hash,
    input  wire        i_promisc,
    input  wire        i_allmulti,
    input  wire        i_pass_pause,
    output wire        m_rx_valid,
    input  wire        m_rx_ready,
    output wire [7:0]  m_rx_data,
    output wire        m_rx_last,
    output wire        m_rx_err,
    output wire [30:0] o_rx_stats
);

    localparam QUEUE_BYTES = FIFO_BYTES == 0 ? 16 : FIFO_BYTES;
    localparam LEN_W       = $clog2(MAX_FRAME * 4 / 3 + 1);     // a queue takes 3/4 of 2^LEN_W

    /* verilator lint_off PINCONNECTEMPTY */

    // ------------------------------------------------------------------- tx
    wire        q_valid, q_ready, q_last, q_err, q_commit;       // out of the queue
    wire        p_valid, p_ready, p_last, commit, rewind;        // into the MAC
    wire [7:0]  q_data, p_data;
    wire [38:0] tx_stats;
    wire        r_valid, r_last, r_bad, r_err, r_pause, r_own, accept;   // out of the MAC
    wire [7:0]  r_data;
    wire [30:0] rx_stats;
    wire [31:0] r_line;
    wire [5:0]  r_crc;

    generate if (FIFO_BYTES != 0) begin : g_queue_tx
        ly_queue #(.DEPTH_BYTES(QUEUE_BYTES), .FRAMES(FIFO_FRAMES), .LEN_W(LEN_W)) u_queue (
            .clk(clk_tx), .rst(rst_tx),
            .s_valid(s_tx_valid), .s_ready(s_tx_ready), .s_data(s_tx_data), .s_last(s_tx_last),
            .s_meta(2'd0), .s_patch(1'b0), .s_patch_ofs({LEN_W{1'b0}}), .s_patch_data(16'd0),
            .s_drop(s_tx_valid && s_tx_ready && s_tx_last && s_tx_err),
            .o_commit_stb(), .o_drop_stb(),
            .m_valid(q_valid), .m_ready(q_ready), .m_data(q_data), .m_last(q_last),
            .m_len_valid(), .m_len(), .m_meta(), .i_commit(q_commit),
            .i_rewind(HALF_DUPLEX != 0 && rewind),
            .m_ahead_valid(), .m_ahead_ready(1'b0), .m_ahead_len(), .m_ahead_meta(),
            .o_more(), .o_empty(), .o_frames(), .o_level());
        assign q_err = 1'b0;
    end else begin : g_no_queue_tx
        assign {q_valid, q_data, q_last, q_err} = {s_tx_valid, s_tx_data, s_tx_last, s_tx_err};
        assign s_tx_ready = q_ready;
    end endgenerate

    generate if (EN_PAUSE != 0) begin : g_pause
        ly_pause u_pause (
            .clk(clk_tx), .rst(rst_tx), .i_tick(i_tx_tick), .i_en_rx(i_tx_en_pause),
            .i_en_tx(i_tx_en_pause), .i_mac(i_tx_mac), .s_rx_valid(r_valid), .s_rx_data(r_data),
            .s_rx_last(r_last), .s_rx_err(r_bad), .i_rx_own(r_own), .o_rx_pause(r_pause),
            .i_full(i_tx_full),
            .s_tx_valid(q_valid), .s_tx_ready(q_ready), .s_tx_data(q_data), .s_tx_last(q_last),
            .o_commit(q_commit), .m_tx_valid(p_valid), .m_tx_ready(p_ready), .m_tx_data(p_data),
            .m_tx_last(p_last), .i_commit(commit), .i_rewind(rewind), .i_start(tx_stats[34]),
            .i_end(tx_stats[36]), .o_tx_pause(tx_stats[38]), .o_run(), .o_busy());
    end else begin : g_no_pause
        wire unused_own = r_own;
        assign {p_valid, p_data, p_last} = {q_valid, q_data, q_last};
        assign {q_ready, q_commit, r_pause, tx_stats[38]} = {p_ready, commit, 1'b0, 1'b0};
    end endgenerate

    ly_mac_tx #(.MAX_FRAME(MAX_FRAME), .HALF_DUPLEX(HALF_DUPLEX)) u_tx (
        .clk(clk_tx), .rst(rst_tx),
        .s_tx_valid(p_valid), .s_tx_ready(p_ready), .s_tx_data(p_data), .s_tx_last(p_last),
        .s_tx_err(q_err && EN_PAUSE == 0), .i_en(i_tx_en),
        .i_own_fcs(EN_OWN_FCS != 0 && i_tx_own_fcs && !tx_stats[38]), .i_tx_tick(i_tx_tick),
        .i_full_duplex(i_tx_full_duplex || HALF_DUPLEX == 0), .i_crs(i_tx_crs), .i_col(i_tx_col),
        .i_seed(i_tx_mac[47:32]), .o_rewind(rewind), .o_commit(commit),
        .o_tx_data(o_tx_data), .o_tx_en(o_tx_en), .o_tx_er(o_tx_er),
        .o_done_stb(tx_stats[0]), .o_done_len(tx_stats[16:1]), .o_done_pad(tx_stats[22:17]),
        .o_done_mcast(tx_stats[23]), .o_done_bcast(tx_stats[24]), .o_done_err(tx_stats[25]),
        .o_done_coll(tx_stats[29:26]), .o_done_xscoll(tx_stats[30]), .o_done_late(tx_stats[31]),
        .o_done_deferred(tx_stats[32]), .o_done_xsdefer(tx_stats[33]),
        .o_tap_start(tx_stats[34]), .o_tap_sfd(tx_stats[35]), .o_tap_end(tx_stats[36]),
        .o_busy(tx_stats[37]));

    assign o_tx_rewind = HALF_DUPLEX != 0 && FIFO_BYTES == 0 && rewind;
    assign o_tx_commit = HALF_DUPLEX != 0 && FIFO_BYTES == 0 && commit;
    assign o_tx_stats  = EN_STATS != 0 ? tx_stats : 39'd0;

    // ------------------------------------------------------------------- rx
    ly_mac_rx #(.MAX_FRAME(MAX_FRAME)) u_rx (
        .clk(clk_rx), .rst(rst_rx),
        .i_rx_stb(i_rx_stb), .i_rx_data(i_rx_data), .i_rx_dv(i_rx_dv), .i_rx_er(i_rx_er),
        .i_rx_odd(EN_STATS != 0 && i_rx_odd),
        .m_rx_valid(r_valid), .m_rx_data(r_data), .m_rx_last(r_last), .m_rx_err(r_bad),
        .o_ev_stb(rx_stats[0]), .m_rx_ev(rx_stats[25:1]), .o_line(r_line), .o_crc(r_crc),
        .o_false_stb(rx_stats[26]),
        .o_tap_sfd(rx_stats[27]), .o_tap_last(rx_stats[28]), .o_busy(rx_stats[29]));

    assign rx_stats[30] = r_pause;
    assign o_rx_stats = EN_STATS != 0 ? rx_stats : 31'd0;

    generate if (EN_FILTER != 0) begin : g_filter
        ly_filter u_filter (
            .clk(clk_rx), .rst(rst_rx), .s_rx_valid(r_valid), .s_rx_data(r_data),
            .s_rx_last(r_last), .i_line(r_line), .i_crc(r_crc), .i_mcast(rx_stats[2]),
            .i_bcast(rx_stats[1]), .i_pause(r_pause), .i_mac(i_mac), .i_hash(i_hash),
            .i_promisc(i_promisc), .i_allmulti(i_allmulti), .i_pass_pause(i_pass_pause),
            .o_own(r_own), .o_accept(accept));
    end else begin : g_no_filter
        assign {r_own, accept} = 2'b01;
    end endgenerate
    assign r_err = r_bad || !accept || r_pause;

    generate if (FIFO_BYTES != 0) begin : g_queue_rx
        wire taken = m_rx_valid && m_rx_ready && m_rx_last;
        ly_queue #(
            .DEPTH_BYTES(QUEUE_BYTES), .FRAMES(FIFO_FRAMES), .LEN_W(LEN_W), .BACKPRESSURE(0),
            .READ_FIRST(0)
        ) u_queue (
            .clk(clk_rx), .rst(rst_rx),
            .s_valid(r_valid), .s_ready(), .s_data(r_data), .s_last(r_last),
            .s_meta(2'd0), .s_patch(1'b0), .s_patch_ofs({LEN_W{1'b0}}), .s_patch_data(16'd0),
            .s_drop(r_valid && r_last && r_err), .o_commit_stb(), .o_drop_stb(),
            .m_valid(m_rx_valid), .m_ready(m_rx_ready), .m_data(m_rx_data), .m_last(m_rx_last),
            .m_len_valid(), .m_len(), .m_meta(), .i_commit(taken), .i_rewind(1'b0),
            .m_ahead_valid(), .m_ahead_ready(1'b0), .m_ahead_len(), .m_ahead_meta(),
            .o_more(), .o_empty(), .o_frames(), .o_level());
        assign m_rx_err = 1'b0;
    end else begin : g_no_queue_rx
        assign {m_rx_valid, m_rx_data, m_rx_last, m_rx_err} = {r_valid, r_data, r_last, r_err};
    end endgenerate

    /* verilator lint_on PINCONNECTEMPTY */

    /* verilator lint_off UNUSEDSIGNAL */
    wire unused = &{1'b0, i_mac, i_promisc, m_rx_ready, tx_stats, rx_stats, s_tx_err, rewind,
                    i_tx_own_fcs, i_tx_full_duplex, i_tx_crs, i_tx_col, i_tx_en_pause, i_tx_full,
                    i_tx_mac, i_rx_odd, q_commit, q_err, r_pause, i_hash, i_allmulti, i_pass_pause,
                    r_line, r_crc};
    /* verilator lint_on UNUSEDSIGNAL */

endmodule
`default_nettype wire
