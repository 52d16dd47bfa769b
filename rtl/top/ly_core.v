`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_core - the NIC between a record stream (clk_link) and bytes at a PHY side (clk): the block
// diagram. tx: records -> checksum -> queue -> MAC. rx: MAC -> filter -> verification -> queue ->
// records. Frames are stored whole in both directions. i_tx_tick: one byte time of the wire;
// i_rx_stb: one received byte. o_quiet, o_deadline, i_skip_*, o_time serve simulation only: o_quiet
// says that nothing moves, o_deadline how many cycles until a timer may act (all ones: none);
// boards leave them open. o_tap: one strobe per stage, rtl/README.md has the list.
// Clocks: clk, clk_link. Resets are synchronous to their clock, one ly_reset each from one request.
module ly_core #(
    parameter integer CLK_HZ         = 125_000_000,
    parameter integer RX_QUEUE_BYTES = 32768,
    parameter integer TX_QUEUE_BYTES = 16384,
    parameter         QUEUE_MEM      = "BRAM",      // BRAM, DP16KD, SPRAM, GENERIC
    parameter integer MAX_FRAME      = 1518,        // octets DA..FCS
    parameter integer RECORD_GAP_US  = 100_000,
    parameter integer TX_STALL_US    = 100_000,
    parameter integer HALF_DUPLEX    = 1,           // 10 and 100 Mbit/s on a shared medium
    parameter integer PAUSE          = 1,           // flow control by pause frames
    parameter [47:0]  MAC_RESET      = 48'h01_00_00_00_00_02    // 02:00:00:00:00:01
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        clk_link,
    input  wire        rst_link,

    input  wire        i_tx_tick,
    output wire        o_tx_run,        // the MAC needs ticks in the rhythm of the wire
    output wire [7:0]  o_tx_data,
    output wire        o_tx_en,
    output wire        o_tx_er,
    input  wire        i_rx_stb,
    input  wire [7:0]  i_rx_data,
    input  wire        i_rx_dv,
    input  wire        i_rx_er,
    input  wire        i_rx_odd,        // with the end mark: a nibble was left over
    input  wire        i_crs,           // half duplex only
    input  wire        i_col,
    input  wire        i_phy_fixed,     // 1: i_link_* tell the link, 0: LINK_CTRL does
    input  wire        i_link_up,
    input  wire        i_link_fd,
    input  wire [15:0] i_link_mbit,     // 10, 100 or 1000
    output wire [1:0]  o_speed,         // 0: 10, 1: 100, 2: 1000 Mbit/s
    output wire        o_full_duplex,
    output wire        o_pause_tx_en,
    output wire        o_pause_rx_en,

    output wire        o_mdc,
    output wire        o_mdio,
    output wire        o_mdio_oe,
    input  wire        i_mdio,

    input  wire        s_rec_valid,     // clk_link
    output wire        s_rec_ready,
    input  wire [7:0]  s_rec_data,
    output wire        m_rec_valid,
    input  wire        m_rec_ready,
    output wire [7:0]  m_rec_data,
    output wire        m_rec_last,      // end of a batch: nothing more to send

    input  wire        i_skip_stb,
    input  wire [63:0] i_skip_cycles,
    output wire        o_quiet,
    output wire [31:0] o_deadline,
    output wire [63:0] o_time,
    output wire [10:0] o_tap
);
    localparam integer LEN_W = $clog2(MAX_FRAME * 4 / 3 + 1);    // ly_queue takes 3/4 of 2^LEN_W

    `include "rtl/regs/ly_regs.vh"

    /* verilator lint_off PINCONNECTEMPTY */   // outputs that nothing here needs stay open

    // ---------------------------------------------------------------- record stream, into clk
    wire       recin_valid, recin_ready;
    wire [7:0] recin_data;
    ly_fifo_async #(.DATA_W(8), .DEPTH(16)) u_rec_in (
        .wr_clk(clk_link), .wr_rst(rst_link),
        .s_valid(s_rec_valid), .s_ready(s_rec_ready), .s_data(s_rec_data), .o_drained(),
        .rd_clk(clk), .rd_rst(rst),
        .m_valid(recin_valid), .m_ready(recin_ready), .m_data(recin_data));

    wire        meta_valid, meta_ready, meta_need_csum;
    wire [15:0] meta_csum_start, meta_csum_offset, meta_tag, meta_len;
    wire        rtx_valid, rtx_ready, rtx_last, rtx_drop;
    wire [7:0]  rtx_data;
    wire        req_stb, req_write, req_done;
    wire [15:0] req_addr, req_tag;
    wire [31:0] req_wdata;
    wire        sync_stb, err_stb;
    wire [1:0]  err_cause;
    wire        ev_bad_header, ev_gap, ev_unknown, ev_stall, ev_disabled, ev_length;
    wire        rec_rx_busy, timer_armed;
    wire        tx_en, rx_en, promisc, rx_csum_en, own_fcs, loopback;
    wire        allmulti, pass_pause;

    // ---------------------------------------------------------------- the link
    wire [5:0]  link_ctrl;
    wire [15:0] link_mbit;
    wire        link_up, link_fd;

    ly_link u_link (
        .i_fixed(i_phy_fixed), .i_up(i_link_up), .i_fd(i_link_fd), .i_mbit(i_link_mbit),
        .i_link_ctrl(link_ctrl), .o_up(link_up), .o_fd(link_fd), .o_mbit(link_mbit),
        .o_speed(o_speed), .o_pause_tx(o_pause_tx_en), .o_pause_rx(o_pause_rx_en));
    assign o_full_duplex = link_fd;

    reg         tx_ok;
    initial tx_ok = 1'b0;
    always @(posedge clk) tx_ok <= tx_en && link_up;

    ly_rec_rx #(
        .MAX_FRAME(MAX_FRAME), .RECORD_GAP_US(RECORD_GAP_US), .TX_STALL_US(TX_STALL_US),
        .CLK_HZ(CLK_HZ)
    ) u_rec_rx (
        .clk(clk), .rst(rst),
        .s_rec_valid(recin_valid), .s_rec_ready(recin_ready), .s_rec_data(recin_data),
        .m_meta_valid(meta_valid), .m_meta_ready(meta_ready), .m_meta_need_csum(meta_need_csum),
        .m_meta_csum_start(meta_csum_start), .m_meta_csum_offset(meta_csum_offset),
        .m_meta_tag(meta_tag), .m_meta_len(meta_len),
        .m_tx_valid(rtx_valid), .m_tx_ready(rtx_ready), .m_tx_data(rtx_data),
        .m_tx_last(rtx_last), .o_drop(rtx_drop),
        .o_req_stb(req_stb), .o_req_write(req_write), .o_req_addr(req_addr),
        .o_req_wdata(req_wdata), .o_req_tag(req_tag), .i_req_done(req_done),
        .i_tx_ok(tx_ok), .i_tick_time(o_time[12]),
        .o_sync_stb(sync_stb), .o_err_stb(err_stb), .o_err_cause(err_cause),
        .o_ev_bad_header(ev_bad_header), .o_ev_gap(ev_gap), .o_ev_unknown(ev_unknown),
        .o_ev_drop_stall(ev_stall), .o_ev_drop_disabled(ev_disabled),
        .o_ev_drop_length(ev_length), .o_timer_armed(timer_armed), .o_busy(rec_rx_busy),
        .o_tap_first(o_tap[0]), .o_tap_last(o_tap[1]));

    // Segmentation would stand here: records -> (segmentation) -> sum -> queue -> MAC.

    // ---------------------------------------------------------------- checksum, queue, MAC: tx
    wire             ctx_valid, ctx_ready, ctx_last, ctx_patch, ctx_drop, ctx_busy;
    wire [7:0]       ctx_data;
    wire [LEN_W-1:0] ctx_patch_ofs;
    wire [15:0]      ctx_patch_data;
    wire             ev_inserted, ev_csum_drop;

    ly_csum_tx #(.LEN_W(LEN_W)) u_csum_tx (
        .clk(clk), .rst(rst),
        .s_meta_valid(meta_valid), .s_meta_ready(meta_ready), .s_meta_need_csum(meta_need_csum),
        .s_meta_csum_start(meta_csum_start), .s_meta_csum_offset(meta_csum_offset),
        .s_meta_len(meta_len[LEN_W-1:0]),
        .s_tx_valid(rtx_valid), .s_tx_ready(rtx_ready), .s_tx_data(rtx_data),
        .s_tx_last(rtx_last), .s_tx_drop(rtx_drop),
        .m_tx_valid(ctx_valid), .m_tx_ready(ctx_ready), .m_tx_data(ctx_data),
        .m_tx_last(ctx_last), .m_patch(ctx_patch), .m_patch_ofs(ctx_patch_ofs),
        .m_patch_data(ctx_patch_data), .m_tx_drop(ctx_drop),
        .o_inserted_stb(ev_inserted), .o_drop_stb(ev_csum_drop), .o_busy(ctx_busy));

    wire       qtx_valid, qtx_ready, qtx_last, qtx_empty, qtx_commit, qtx_rewind;
    wire [7:0] qtx_data;

    ly_queue #(
        .DEPTH_BYTES(TX_QUEUE_BYTES), .MEM(QUEUE_MEM), .LEN_W(LEN_W), .META_W(2),
        .BACKPRESSURE(1), .READ_FIRST(1), .EN_AHEAD(0)
    ) u_queue_tx (
        .clk(clk), .rst(rst),
        .s_valid(ctx_valid), .s_ready(ctx_ready), .s_data(ctx_data), .s_last(ctx_last),
        .s_meta(2'b00), .s_patch(ctx_patch), .s_patch_ofs(ctx_patch_ofs),
        .s_patch_data(ctx_patch_data), .s_drop(ctx_drop),
        .o_commit_stb(o_tap[2]), .o_drop_stb(),
        .m_valid(qtx_valid), .m_ready(qtx_ready), .m_data(qtx_data), .m_last(qtx_last),
        .m_len_valid(), .m_len(), .m_meta(),
        .i_commit(qtx_commit), .i_rewind(qtx_rewind),
        .m_ahead_valid(), .m_ahead_ready(1'b0), .m_ahead_len(), .m_ahead_meta(),
        .o_more(), .o_empty(qtx_empty), .o_frames(), .o_level());

    wire        ptx_valid, ptx_ready, ptx_last, ptx_pause, pause_run, pause_busy, mtx_commit;
    wire [7:0]  ptx_data;
    wire        mrx_valid, mrx_last, mrx_err, mrx_own, mrx_pause;
    wire [7:0]  mrx_data;
    wire [47:0] mac;
    wire [63:0] hash;
    wire        rx_almost_full;

    generate
        if (PAUSE != 0) begin : g_pause
            ly_pause u_pause (
                .clk(clk), .rst(rst), .i_tick(i_tx_tick),
                .i_en_rx(o_pause_rx_en && link_up), .i_en_tx(o_pause_tx_en && tx_ok), .i_mac(mac),
                .s_rx_valid(mrx_valid), .s_rx_data(mrx_data), .s_rx_last(mrx_last),
                .s_rx_err(mrx_err), .i_rx_own(mrx_own), .o_rx_pause(mrx_pause),
                .i_full(rx_almost_full), .s_tx_valid(qtx_valid), .s_tx_ready(qtx_ready),
                .s_tx_data(qtx_data), .s_tx_last(qtx_last), .o_commit(qtx_commit),
                .m_tx_valid(ptx_valid), .m_tx_ready(ptx_ready), .m_tx_data(ptx_data),
                .m_tx_last(ptx_last), .i_commit(mtx_commit), .i_rewind(qtx_rewind),
                .i_start(o_tap[3]), .i_end(o_tap[5]), .o_tx_pause(ptx_pause), .o_run(pause_run),
                .o_busy(pause_busy));
        end else begin : g_no_pause
            wire unused_pause = &{1'b0, rx_almost_full, mrx_own};
            assign {ptx_valid, ptx_data, ptx_last} = {qtx_valid, qtx_data, qtx_last};
            assign {qtx_ready, qtx_commit} = {ptx_ready, mtx_commit};
            assign {mrx_pause, ptx_pause, pause_run, pause_busy} = 4'd0;
        end
    endgenerate

    wire        mtx_en, mtx_er, mtx_busy, mrx_busy, txd_stb, txd_mcast, txd_bcast, txd_err;
    wire        txd_xscoll, txd_late, txd_deferred, txd_xsdefer;
    wire [3:0]  txd_coll;
    wire [15:0] txd_len;
    wire [5:0]  txd_pad;
    wire [7:0]  mtx_data;

    // Loopback: what the MAC sends, and one end mark, instead of what comes from the PHY side, as
    // soon as no frame is under way: sent, received, or on the wire and not heard.
    reg  loop_q, loop_en_q, loop_stb_q, wire_q;
    initial {loop_q, loop_en_q, loop_stb_q, wire_q} = 4'b0000;
    wire wire_dv = i_rx_stb ? i_rx_dv : wire_q;
    always @(posedge clk) begin
        wire_q <= wire_dv && !rst;
        if (!mtx_busy && !mrx_busy && !wire_dv) loop_q <= loopback;
        loop_stb_q <= i_tx_tick && loop_q;
        if (loop_stb_q) loop_en_q <= mtx_en;
        if (rst) {loop_q, loop_en_q, loop_stb_q} <= 3'b000;
    end

    ly_mac_tx #(.MAX_FRAME(MAX_FRAME), .HALF_DUPLEX(HALF_DUPLEX)) u_mac_tx (
        .clk(clk), .rst(rst),
        .s_tx_valid(ptx_valid), .s_tx_ready(ptx_ready), .s_tx_data(ptx_data),
        .s_tx_last(ptx_last), .s_tx_err(1'b0), .i_en(tx_ok), .i_own_fcs(own_fcs && !ptx_pause),
        .i_tx_tick(i_tx_tick), .i_full_duplex(link_fd), .i_crs(i_crs && !loop_q),
        .i_col(i_col && !loop_q), .i_seed(mac[47:32]), .o_rewind(qtx_rewind), .o_commit(mtx_commit),
        .o_tx_data(mtx_data), .o_tx_en(mtx_en), .o_tx_er(mtx_er),
        .o_done_stb(txd_stb), .o_done_len(txd_len), .o_done_pad(txd_pad),
        .o_done_mcast(txd_mcast), .o_done_bcast(txd_bcast), .o_done_err(txd_err),
        .o_done_coll(txd_coll), .o_done_xscoll(txd_xscoll), .o_done_late(txd_late),
        .o_done_deferred(txd_deferred), .o_done_xsdefer(txd_xsdefer),
        .o_tap_start(o_tap[3]), .o_tap_sfd(o_tap[4]), .o_tap_end(o_tap[5]), .o_busy(mtx_busy));

    assign {o_tx_run, o_tx_data} = {mtx_busy || pause_run, mtx_data};
    assign {o_tx_en, o_tx_er}    = {mtx_en, mtx_er} & {2{!loop_q}};

    // ---------------------------------------------------------------- MAC, filter, sum, queue: rx
    wire        mrx_ev_stb, mrx_false, accept;
    wire [24:0] mrx_ev;
    wire [31:0] mrx_line;
    wire [5:0]  mrx_crc;

    ly_mac_rx #(.MAX_FRAME(MAX_FRAME)) u_mac_rx (
        .clk(clk), .rst(rst),
        .i_rx_stb(loop_q ? loop_stb_q && (mtx_en || loop_en_q) : i_rx_stb),
        .i_rx_data(loop_q ? mtx_data : i_rx_data), .i_rx_dv(loop_q ? mtx_en : i_rx_dv),
        .i_rx_er(loop_q ? mtx_er : i_rx_er), .i_rx_odd(i_rx_odd && !loop_q),
        .m_rx_valid(mrx_valid), .m_rx_data(mrx_data), .m_rx_last(mrx_last), .m_rx_err(mrx_err),
        .o_ev_stb(mrx_ev_stb), .m_rx_ev(mrx_ev), .o_line(mrx_line), .o_crc(mrx_crc),
        .o_false_stb(mrx_false),
        .o_tap_sfd(o_tap[6]), .o_tap_last(o_tap[7]), .o_busy(mrx_busy));

    ly_filter u_filter (
        .clk(clk), .rst(rst), .s_rx_valid(mrx_valid), .s_rx_data(mrx_data),
        .s_rx_last(mrx_last), .i_line(mrx_line), .i_crc(mrx_crc), .i_mcast(mrx_ev[1]),
        .i_bcast(mrx_ev[0]), .i_pause(mrx_pause), .i_mac(mac), .i_hash(hash),
        .i_promisc(promisc), .i_allmulti(allmulti), .i_pass_pause(pass_pause),
        .o_own(mrx_own), .o_accept(accept));

    wire       crx_valid, crx_last, crx_err;
    wire [7:0] crx_data;
    wire [1:0] crx_meta;

    ly_csum_rx u_csum_rx (
        .clk(clk), .rst(rst), .i_en(rx_csum_en),
        .s_rx_valid(mrx_valid), .s_rx_data(mrx_data), .s_rx_last(mrx_last),
        .s_rx_err(mrx_err || !accept || !rx_en),
        .m_rx_valid(crx_valid), .m_rx_data(crx_data), .m_rx_last(crx_last), .m_rx_err(crx_err),
        .m_rx_meta(crx_meta));

    wire             qrx_valid, qrx_ready, qrx_last, qrx_len_valid, qrx_more, qrx_empty;
    wire [7:0]       qrx_data;
    wire [LEN_W-1:0] qrx_len;
    wire [1:0]       qrx_meta;
    wire             qrx_commit, ev_rx_commit, ev_rx_full;
    localparam integer LEVEL_W = $clog2(RX_QUEUE_BYTES);
    wire [LEVEL_W:0] qrx_level;
    wire [8:0]       qrx_frames;

    ly_queue #(
        .DEPTH_BYTES(RX_QUEUE_BYTES), .MEM(QUEUE_MEM), .LEN_W(LEN_W), .META_W(2),
        .BACKPRESSURE(0), .READ_FIRST(0), .EN_AHEAD(0)
    ) u_queue_rx (
        .clk(clk), .rst(rst),
        .s_valid(crx_valid), .s_ready(), .s_data(crx_data), .s_last(crx_last),
        .s_meta(crx_meta), .s_patch(1'b0), .s_patch_ofs({LEN_W{1'b0}}), .s_patch_data(16'd0),
        .s_drop(crx_valid && crx_last && crx_err),
        .o_commit_stb(ev_rx_commit), .o_drop_stb(ev_rx_full),
        .m_valid(qrx_valid), .m_ready(qrx_ready), .m_data(qrx_data), .m_last(qrx_last),
        .m_len_valid(qrx_len_valid), .m_len(qrx_len), .m_meta(qrx_meta),
        .i_commit(qrx_commit), .i_rewind(1'b0),
        .m_ahead_valid(), .m_ahead_ready(1'b0), .m_ahead_len(), .m_ahead_meta(),
        .o_more(qrx_more), .o_empty(qrx_empty), .o_frames(qrx_frames), .o_level(qrx_level));

    assign o_tap[8] = ev_rx_commit;

    ly_level #(.DEPTH_BYTES(RX_QUEUE_BYTES), .MAX_FRAME(MAX_FRAME)) u_level (
        .clk(clk), .rst(rst), .i_level(qrx_level), .i_frames(qrx_frames), .o_full(rx_almost_full));

    // ---------------------------------------------------------------- records, out of clk
    wire        val_valid, val_done;
    wire [15:0] val_addr, val_tag;
    wire [31:0] val_data;
    wire [7:0]  val_status;
    wire        recout_valid, recout_ready, recout_last, rec_tx_busy;
    wire [7:0]  recout_data;

    ly_rec_tx #(.LEN_W(LEN_W)) u_rec_tx (
        .clk(clk), .rst(rst),
        .s_rx_valid(qrx_valid), .s_rx_ready(qrx_ready), .s_rx_data(qrx_data),
        .s_rx_last(qrx_last), .i_rx_len_valid(qrx_len_valid), .i_rx_len(qrx_len),
        .i_rx_meta(qrx_meta), .i_rx_more(qrx_more), .o_rx_commit(qrx_commit),
        .i_sync_stb(sync_stb), .i_err_stb(err_stb), .i_err_cause(err_cause),
        .i_link_fixed(i_phy_fixed), .i_link_up(link_up), .i_link_fd(link_fd),
        .i_link_mbit(link_mbit),
        .i_val_valid(val_valid), .o_val_done(val_done), .i_val_addr(val_addr),
        .i_val_data(val_data), .i_val_status(val_status), .i_val_tag(val_tag),
        .m_rec_valid(recout_valid), .m_rec_ready(recout_ready), .m_rec_data(recout_data),
        .m_rec_last(recout_last), .o_busy(rec_tx_busy),
        .o_tap_first(o_tap[9]), .o_tap_last(o_tap[10]));

    ly_fifo_async #(.DATA_W(9), .DEPTH(16)) u_rec_out (
        .wr_clk(clk), .wr_rst(rst),
        .s_valid(recout_valid), .s_ready(recout_ready), .s_data({recout_last, recout_data}),
        .o_drained(),
        .rd_clk(clk_link), .rd_rst(rst_link),
        .m_valid(m_rec_valid), .m_ready(m_rec_ready), .m_data({m_rec_last, m_rec_data}));

    // ---------------------------------------------------------------- registers, counters, time
    wire        snap_stb, snap_busy, rd_stb, rd_valid, regs_busy, stats_busy;
    wire [7:0]  rd_addr;
    wire [15:0] rd_data;
    wire        mdio_stb, mdio_busy, mdio_error;
    wire [26:0] mdio_access;

    ly_regs #(
        .CLK_HZ(CLK_HZ), .MAX_RECORD_BYTES(MAX_FRAME - 4 + 12), .MAC_RESET(MAC_RESET),
        .HALF_DUPLEX(HALF_DUPLEX), .PAUSE(PAUSE)
    ) u_regs (
        .clk(clk), .rst(rst),
        .i_req_stb(req_stb), .i_req_write(req_write), .i_req_addr(req_addr),
        .i_req_wdata(req_wdata), .o_val_valid(val_valid), .i_val_done(val_done),
        .o_val_data(val_data), .o_val_status(val_status),
        .i_link_fixed(i_phy_fixed), .i_link_up(link_up), .i_link_fd(link_fd),
        .i_link_mbit(link_mbit), .o_link_ctrl(link_ctrl),
        .o_mdio_stb(mdio_stb), .i_mdio_busy(mdio_busy), .i_mdio_error(mdio_error),
        .i_mdio_access(mdio_access),
        .i_time(o_time), .o_tx_en(tx_en), .o_rx_en(rx_en), .o_promisc(promisc),
        .o_rx_csum_en(rx_csum_en), .o_own_fcs(own_fcs), .o_loopback(loopback),
        .o_allmulti(allmulti), .o_pass_pause(pass_pause), .o_mac(mac), .o_hash(hash),
        .o_busy(regs_busy),
        .o_snap_stb(snap_stb), .i_snap_busy(snap_busy),
        .o_rd_stb(rd_stb), .o_rd_addr(rd_addr), .i_rd_valid(rd_valid), .i_rd_data(rd_data));

    // The request stands until its answer has left.
    assign {val_addr, val_tag, req_done} = {req_addr, req_tag, val_done};

    ly_stats #(.LEN_W(LEN_W)) u_stats (
        .clk(clk), .rst(rst),
        .i_tx_done_stb(txd_stb), .i_tx_len(txd_len), .i_tx_pad(txd_pad),
        .i_tx_mcast(txd_mcast), .i_tx_bcast(txd_bcast), .i_tx_err(txd_err),
        .i_tx_pause(ptx_pause), .i_tx_coll(txd_coll), .i_tx_xscoll(txd_xscoll),
        .i_tx_late(txd_late), .i_tx_deferred(txd_deferred), .i_tx_xsdefer(txd_xsdefer),
        .i_csum_inserted_stb(ev_inserted), .i_csum_drop_stb(ev_csum_drop),
        .i_drop_stall_stb(ev_stall), .i_drop_disabled_stb(ev_disabled),
        .i_drop_length_stb(ev_length), .i_rec_bad_header_stb(ev_bad_header),
        .i_rec_gap_stb(ev_gap), .i_rec_unknown_stb(ev_unknown),
        .i_rx_ev_stb(mrx_ev_stb), .i_rx_ev({mrx_pause, mrx_ev}),
        .i_rx_false_stb(mrx_false),
        .i_rx_en(rx_en), .i_rx_accept(accept), .i_rx_commit_stb(ev_rx_commit),
        .i_rx_full_stb(ev_rx_full), .i_rx_meta(crx_meta),
        .i_snap_stb(snap_stb), .o_snap_busy(snap_busy),
        .i_rd_stb(rd_stb), .i_rd_addr(rd_addr), .o_rd_valid(rd_valid), .o_rd_data(rd_data),
        .o_busy(stats_busy));

    ly_mdio #(.CLK_HZ(CLK_HZ)) u_mdio (
        .clk(clk), .rst(rst), .i_stb(mdio_stb), .i_write(req_wdata[LY_MDIO_WRITE_BIT]),
        .i_phy(req_wdata[LY_MDIO_PHY_SHIFT +: 5]), .i_reg(req_wdata[LY_MDIO_ADDR_SHIFT +: 5]),
        .i_data(req_wdata[LY_MDIO_DATA_SHIFT +: 16]), .o_busy(mdio_busy),
        .o_write(mdio_access[26]), .o_phy(mdio_access[25:21]), .o_reg(mdio_access[20:16]),
        .o_data(mdio_access[15:0]), .o_error(mdio_error),
        .o_mdc(o_mdc), .o_mdio(o_mdio), .o_mdio_oe(o_mdio_oe), .i_mdio(i_mdio));

    ly_timebase u_timebase (
        .clk(clk), .rst(rst), .i_armed(timer_armed),
        .i_skip_stb(i_skip_stb), .i_skip_cycles(i_skip_cycles),
        .o_time(o_time), .o_deadline(o_deadline));

    // What has left a block and not reached the next is younger than the 64 cycles that the
    // harness waits after o_quiet and the last input.
    assign o_quiet = !(rec_rx_busy || recin_valid || ctx_busy || mtx_busy || mrx_busy || rec_tx_busy
                       || regs_busy || mdio_busy || stats_busy || val_valid || recout_valid)
                     && qtx_empty && qrx_empty && !pause_busy;

    /* verilator lint_on PINCONNECTEMPTY */

    wire unused = &{1'b0, meta_tag, meta_len[15:LEN_W]};

endmodule
`default_nettype wire
