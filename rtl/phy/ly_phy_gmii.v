`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_gmii - GMII at 1000 Mbit/s, MII at 100 and 10 on the same pins, to the core's bytes.
// GMII: clk is the tx clock; a tick in every cycle, one register to the pins. MII: a byte at each
// tick goes through a FIFO of 4 to mii_tx_clk and leaves as two nibbles, low one first; while
// i_tx_run is low and all is sent, ticks come in every cycle and nothing moves. rx, in gmii_rx_clk:
// what lies between rise and fall of RX_DV, and one end mark, crosses by a FIFO of 16; the idle
// line never does. In MII the SFD finds the bytes among the nibbles; one left over at the end gives
// o_rx_odd with the end mark. Where the FIFO was full the end mark has er. The speed may change at
// any time: each side takes it up between two frames. A PHY that goes to 1000 may take mii_tx_clk
// away in the middle of one: after 1024 cycles in which no byte moved the rest is thrown away, and
// what lies in the FIFO when the clock is there again. Latencies: README.
// Clocks: clk for tx at 1000, i_*, o_*; mii_tx_clk for tx below; gmii_rx_clk for gmii_rx*; crs and
// col are asynchronous. Source: IEEE 802.3 22.2 (MII), 35.2 (GMII).
module ly_phy_gmii (
    input  wire       clk,
    input  wire       rst,
    input  wire [1:0] i_speed,       // 2: 1000 Mbit/s; else mii_tx_clk and gmii_rx_clk say which
    input  wire       i_tx_run,      // the MAC needs ticks in the rhythm of the wire
    input  wire [7:0] i_tx_data,
    input  wire       i_tx_en,
    input  wire       i_tx_er,
    output wire       o_tx_tick,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_rx_odd,
    output wire       o_crs,
    output wire       o_col,
    output wire       o_busy,        // MII: something is on its way to the pins

    output wire [7:0] gmii_txd,
    output wire       gmii_tx_en,
    output wire       gmii_tx_er,
    input  wire       mii_tx_clk,
    input  wire       rst_mii_tx,    // synchronous to mii_tx_clk
    input  wire       gmii_rx_clk,
    input  wire       rst_gmii_rx,   // synchronous to gmii_rx_clk
    input  wire [7:0] gmii_rxd,
    input  wire       gmii_rx_dv,
    input  wire       gmii_rx_er,
    input  wire       gmii_crs,
    input  wire       gmii_col
);

    // ---------------------------------------------------------------- tx, in clk
    reg       mii_q;                 // the pins belong to MII
    reg       flow_q;                // one more, after the last byte time of the gap
    reg [7:0] txd_q;
    reg       tx_en_q, tx_er_q;
    initial mii_q   = 1'b0;
    initial flow_q  = 1'b0;
    initial txd_q   = 8'd0;
    initial tx_en_q = 1'b0;
    initial tx_er_q = 1'b0;

    wire want_mii = i_speed != 2'd2;
    wire fifo_ready, fifo_drained;
    wire flow = mii_q && (i_tx_run || flow_q);

    reg [10:0] still_q;              // cycles without a byte, while MII is to be left
    reg        kill_q;               // the rest of a frame is in the FIFO, and is not to be sent
    initial still_q = 11'd0;
    initial kill_q  = 1'b0;
    wire dead = still_q[10];
    wire push = flow && fifo_ready && !dead;
    wire gone = push || dead;        // the byte of this tick has gone, one way or the other

    always @(posedge clk) begin
        // Between two frames: the wire is silent, and the FIFO empty.
        if (!i_tx_run && !flow_q && !tx_en_q && (fifo_drained || dead || !mii_q))
            mii_q <= want_mii;
        flow_q  <= !rst && flow && (i_tx_run || !gone);
        if (rst || !mii_q || want_mii || push) still_q <= 11'd0;
        else if (!dead)                        still_q <= still_q + 11'd1;
        kill_q  <= !rst && (dead || (kill_q && !fifo_drained));
        txd_q   <= i_tx_data;
        tx_en_q <= i_tx_en && !rst && !mii_q;
        tx_er_q <= i_tx_er && !rst && !mii_q;
        if (rst) mii_q <= 1'b0;
    end

    // No frame starts on the side that is to be left: a MAC that never pauses is stopped so.
    wire stays = i_tx_run || (want_mii == mii_q && !(mii_q && kill_q));
    assign o_tx_tick = stays && (!flow || fifo_ready || dead);
    assign o_busy    = mii_q && (flow || (!fifo_drained && !kill_q));

    // ---------------------------------------------------------------- tx, in mii_tx_clk
    wire       out_valid, out_en, out_er;
    wire [7:0] out_data;
    reg        begun_q;              // a cycle more before the first byte: the second one is there
    reg        high_q;               // the high nibble is next
    reg [3:0]  mii_d_q, mii_high_q;
    reg        mii_en_q, mii_er_q;
    initial begun_q  = 1'b0;
    initial high_q   = 1'b0;
    initial mii_d_q  = 4'd0;
    initial mii_en_q = 1'b0;
    initial mii_er_q = 1'b0;

    wire kill;
    wire pop = out_valid && begun_q && !high_q;

    ly_sync #(.WIDTH(1)) u_sync_kill (.clk(mii_tx_clk), .i_d(kill_q), .o_q(kill));

    always @(posedge mii_tx_clk) begin
        begun_q <= !rst_mii_tx && (out_valid || high_q);
        high_q  <= !rst_mii_tx && pop;
        if (pop) mii_high_q <= out_data[7:4];
        mii_d_q <= pop ? out_data[3:0] : high_q ? mii_high_q : 4'd0;
        if (!high_q) begin
            mii_en_q <= !rst_mii_tx && pop && out_en && !kill;
            mii_er_q <= !rst_mii_tx && pop && out_er && !kill;
        end
        if (rst_mii_tx) {mii_en_q, mii_er_q} <= 2'b00;
    end

    ly_fifo_async #(.DATA_W(10), .DEPTH(4)) u_tx_fifo (
        .wr_clk(clk), .wr_rst(rst),
        .s_valid(flow && !dead), .s_ready(fifo_ready), .s_data({i_tx_en, i_tx_er, i_tx_data}),
        .o_drained(fifo_drained),
        .rd_clk(mii_tx_clk), .rd_rst(rst_mii_tx),
        .m_valid(out_valid), .m_ready(pop), .m_data({out_en, out_er, out_data}));

    // All are registers and one side is silent: nothing glitches. A clock that is gone leaves the
    // registers of MII as they are.
    wire show = mii_q && !kill_q;
    assign gmii_txd   = txd_q & {8{tx_en_q}} | {4'd0, mii_d_q & {4{mii_en_q && show}}};
    assign gmii_tx_en = tx_en_q || (mii_en_q && show);
    assign gmii_tx_er = tx_er_q || (mii_er_q && show);

    ly_sync #(.WIDTH(2)) u_sync (.clk(clk), .i_d({gmii_crs, gmii_col}), .o_q({o_crs, o_col}));

    // ---------------------------------------------------------------- rx, in gmii_rx_clk
    // The pins, then what is to be pushed.
    reg [7:0] rxd_q;
    reg       rx_dv_q, rx_er_q;
    reg       open_q;                // an event is in the FIFO and its end mark is not
    reg       lost_q;                // a byte of it found the FIFO full
    reg       nib_q;                 // MII, as all that follows; taken up while the line is idle
    reg       half_q;                // a nibble waits for the high one
    reg       pre_q;                 // no SFD so far
    reg       er_half_q;
    reg [3:0] last_q;                // the nibble before
    initial rx_dv_q = 1'b0;
    initial open_q  = 1'b0;
    initial nib_q   = 1'b0;
    initial half_q  = 1'b0;

    wire       want_nib;
    wire [3:0] nibble = rxd_q[3:0];
    wire       sfd    = pre_q && last_q == 4'h5 && nibble == 4'hD;
    wire       whole  = !nib_q || half_q || sfd;
    wire       wr_ready, rx_drained;
    wire       unused = rx_drained;
    wire       wr_valid = rx_dv_q ? whole : open_q;
    wire [7:0] wr_byte  = nib_q ? {nibble, last_q} : rxd_q;
    wire       wr_er    = rx_er_q || (nib_q && er_half_q);

    ly_sync #(.WIDTH(1)) u_sync_nib (.clk(gmii_rx_clk), .i_d(mii_q), .o_q(want_nib));

    always @(posedge gmii_rx_clk) begin
        rxd_q   <= gmii_rxd;
        rx_er_q <= gmii_rx_er;
        rx_dv_q <= gmii_rx_dv && !rst_gmii_rx;
        if (!rx_dv_q && !open_q && !gmii_rx_dv) nib_q <= want_nib;

        // What is left over at the end stays until its end mark has gone.
        if (rx_dv_q) begin
            half_q    <= nib_q && !whole;
            er_half_q <= rx_er_q;
            last_q    <= nibble;
            if (sfd) pre_q <= 1'b0;
        end else if (!open_q || wr_ready) begin
            half_q <= 1'b0;
            last_q <= 4'd0;
            pre_q  <= 1'b1;
        end

        if (rx_dv_q)       open_q <= !rst_gmii_rx && (open_q || whole);
        else if (wr_ready) open_q <= 1'b0;
        lost_q  <= (open_q || (rx_dv_q && whole)) && (lost_q || (rx_dv_q && whole && !wr_ready));
        if (rst_gmii_rx) {open_q, half_q} <= 2'b00;
    end

    ly_fifo_async #(.DATA_W(11), .DEPTH(16)) u_rx_fifo (
        .wr_clk(gmii_rx_clk), .wr_rst(rst_gmii_rx),
        .s_valid(wr_valid), .s_ready(wr_ready),
        .s_data({rx_dv_q, rx_dv_q ? wr_er : lost_q || (half_q && er_half_q), half_q && !rx_dv_q,
                 wr_byte}),
        .o_drained(rx_drained),
        .rd_clk(clk), .rd_rst(rst),
        .m_valid(o_rx_stb), .m_ready(1'b1), .m_data({o_rx_dv, o_rx_er, o_rx_odd, o_rx_data}));

`ifdef FORMAL
    // Three free clocks (clk2fflogic); the FIFOs' own properties hold beside these.
    // rx: nibbles behind the SFD are counted apart; one watched octet among every eight.
    (* anyconst *) reg [2:0] f_nr;
    reg       f_sfd_q   = 1'b0;      // the SFD of this event has been seen
    reg [3:0] f_nibs_q  = 4'd0;      // nibbles behind it
    reg       f_miss_q  = 1'b0;      // an octet of this event found the FIFO full
    reg       f_event_q = 1'b0;      // there was an event in the cycle before
    reg       f_width_q = 1'b0;
    reg [3:0] f_low_q;
    reg       f_low_er_q;
    wire      f_end = !rx_dv_q && open_q;
    wire      f_mii = (rx_dv_q || open_q) && f_sfd_q && nib_q;

    always @(posedge gmii_rx_clk) begin
        f_event_q <= rx_dv_q || open_q;
        f_width_q <= nib_q;
        if (rx_dv_q && f_sfd_q) f_nibs_q <= f_nibs_q + 4'd1;
        if (rx_dv_q && last_q == 4'h5 && nibble == 4'hD) f_sfd_q <= 1'b1;
        if (rx_dv_q && whole && !wr_ready) f_miss_q <= 1'b1;
        if (rx_dv_q && f_nibs_q == {f_nr, 1'b0}) {f_low_q, f_low_er_q} <= {nibble, rx_er_q};
        if (!rx_dv_q && (!open_q || wr_ready)) begin
            f_sfd_q  <= 1'b0;
            f_nibs_q <= 4'd0;
            f_miss_q <= 1'b0;
        end
    end

    // tx: the byte that was popped last, and how many of its nibbles have been at the pins.
    reg [9:0] f_byte_q = 10'd0;
    reg       f_high_q = 1'b0;
    always @(posedge mii_tx_clk) begin
        f_high_q <= high_q;
        if (pop) f_byte_q <= {out_en && !kill, out_er && !kill, out_data};
    end

    reg f_run_q = 1'b0;
    reg f_own_q = 1'b0;
    always @(posedge clk) begin
        f_run_q <= i_tx_run;
        f_own_q <= mii_q;
    end

    always @(*) begin
        r_rst:   assume (!rst && !rst_mii_tx && !rst_gmii_rx);
        a_idle:  assert (!wr_valid || rx_dv_q || open_q);
        a_width: assert (!(f_event_q || rx_dv_q) || nib_q == f_width_q);
        a_sfd:   assert (!(rx_dv_q || open_q) || pre_q == !f_sfd_q);
        a_phase: assert (!f_mii || half_q == f_nibs_q[0]);
        a_count: assert (f_sfd_q || f_nibs_q == 4'd0);
        a_lost:  assert (!f_miss_q || (open_q && lost_q));
        if (f_mii && f_nibs_q == {f_nr, 1'b1}) begin
            a_low:   assert (last_q == f_low_q && er_half_q == f_low_er_q);
            if (rx_dv_q)
                a_octet: assert (wr_valid && wr_byte == {nibble, f_low_q}
                                 && wr_er == (rx_er_q || f_low_er_q));
        end
        if (high_q)
            a_first:  assert ({mii_en_q, mii_er_q, mii_high_q, mii_d_q} == f_byte_q);
        if (f_high_q)
            a_second: assert ({mii_en_q, mii_er_q, mii_d_q} == f_byte_q[9:4]);
        a_turn:  assert (!(high_q && f_high_q));
        a_run:   assert (!f_run_q || mii_q == f_own_q);
        c_octet: cover (f_mii && f_end && !half_q && f_nibs_q == 4'd2 && !lost_q);
        c_odd:   cover (o_rx_stb && o_rx_odd && !o_rx_er);
        c_lost:  cover (f_end && f_miss_q);
        c_wide:  cover (f_end && !nib_q && !lost_q);
        c_tx:    cover (f_high_q && mii_en_q && mii_er_q && mii_d_q == 4'hA);
        c_back:  cover (f_own_q && !mii_q && f_byte_q[9]);
    end
`endif

endmodule
`default_nettype wire
