`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_gmii - GMII at 1000 Mbit/s, MII at 100 and 10 on the same pins, to the core's bytes.
// GMII: clk is the tx clock; a tick in every cycle, one register to the pins. MII: a byte at each
// tick goes through a FIFO of 4 to mii_tx_clk and leaves as two nibbles, low one first; while
// i_tx_run is low and all is sent, ticks come in every cycle and nothing moves. rx: one register,
// then ly_rx_octets. The speed may change at any time: each side takes it up between two frames.
// Latencies: README.
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
    wire push = flow && fifo_ready;

    always @(posedge clk) begin
        // Between two frames: the wire is silent, and the FIFO empty.
        if (!i_tx_run && !flow_q && !tx_en_q && fifo_drained) mii_q <= want_mii;
        flow_q  <= !rst && flow && (i_tx_run || !push);
        txd_q   <= i_tx_data;
        tx_en_q <= i_tx_en && !rst && !mii_q;
        tx_er_q <= i_tx_er && !rst && !mii_q;
        if (rst) mii_q <= 1'b0;
    end

    // No frame starts on the side that is to be left: a MAC that never pauses is stopped so.
    wire stays = i_tx_run || want_mii == mii_q;
    assign o_tx_tick = stays && (!flow || fifo_ready);
    assign o_busy    = mii_q && (flow || !fifo_drained);

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

    wire pop = out_valid && begun_q && !high_q;

    always @(posedge mii_tx_clk) begin
        begun_q <= !rst_mii_tx && (out_valid || high_q);
        high_q  <= !rst_mii_tx && pop;
        if (pop) mii_high_q <= out_data[7:4];
        mii_d_q <= pop ? out_data[3:0] : high_q ? mii_high_q : 4'd0;
        if (!high_q) begin
            mii_en_q <= !rst_mii_tx && pop && out_en;
            mii_er_q <= !rst_mii_tx && pop && out_er;
        end
        if (rst_mii_tx) {mii_en_q, mii_er_q} <= 2'b00;
    end

    ly_fifo_async #(.DATA_W(10), .DEPTH(4)) u_tx_fifo (
        .wr_clk(clk), .wr_rst(rst),
        .s_valid(flow), .s_ready(fifo_ready), .s_data({i_tx_en, i_tx_er, i_tx_data}),
        .o_drained(fifo_drained),
        .rd_clk(mii_tx_clk), .rd_rst(rst_mii_tx),
        .m_valid(out_valid), .m_ready(pop), .m_data({out_en, out_er, out_data}));

    // Both are registers and one of them is silent: nothing glitches.
    assign gmii_txd   = txd_q & {8{tx_en_q}} | {4'd0, mii_d_q & {4{mii_en_q}}};
    assign gmii_tx_en = tx_en_q || mii_en_q;
    assign gmii_tx_er = tx_er_q || mii_er_q;

    ly_sync #(.WIDTH(2)) u_sync (.clk(clk), .i_d({gmii_crs, gmii_col}), .o_q({o_crs, o_col}));

    // ---------------------------------------------------------------- rx, in gmii_rx_clk
    reg [7:0] rxd_q;
    reg       rx_dv_q, rx_er_q;
    initial rx_dv_q = 1'b0;

    always @(posedge gmii_rx_clk) begin
        rxd_q   <= gmii_rxd;
        rx_er_q <= gmii_rx_er;
        rx_dv_q <= gmii_rx_dv && !rst_gmii_rx;
    end

    ly_rx_octets u_rx (
        .i_nib(mii_q), .rx_clk(gmii_rx_clk), .rst_rx(rst_gmii_rx),
        .i_dv(rx_dv_q), .i_er(rx_er_q), .i_data(rxd_q),
        .clk(clk), .rst(rst), .o_rx_stb(o_rx_stb), .o_rx_data(o_rx_data), .o_rx_dv(o_rx_dv),
        .o_rx_er(o_rx_er), .o_rx_odd(o_rx_odd));

`ifdef FORMAL
    // Three free clocks (clk2fflogic); the FIFOs' own properties hold beside these.
    // tx: the byte that was popped last, and how many of its nibbles have been at the pins.
    reg [9:0] f_byte_q = 10'd0;
    reg       f_high_q = 1'b0;
    always @(posedge mii_tx_clk) begin
        f_high_q <= high_q;
        if (pop) f_byte_q <= {out_en, out_er, out_data};
    end

    reg f_run_q = 1'b0;
    reg f_own_q = 1'b0;
    always @(posedge clk) begin
        f_run_q <= i_tx_run;
        f_own_q <= mii_q;
    end

    always @(*) begin
        r_rst:   assume (!rst && !rst_mii_tx && !rst_gmii_rx);
        if (high_q)
            a_first:  assert ({mii_en_q, mii_er_q, mii_high_q, mii_d_q} == f_byte_q);
        if (f_high_q)
            a_second: assert ({mii_en_q, mii_er_q, mii_d_q} == f_byte_q[9:4]);
        a_turn:  assert (!(high_q && f_high_q));
        a_run:   assert (!f_run_q || mii_q == f_own_q);
        c_tx:    cover (f_high_q && mii_en_q && mii_er_q && mii_d_q == 4'hA);
        c_back:  cover (f_own_q && !mii_q && f_byte_q[9]);
    end
`endif

endmodule
`default_nettype wire
