`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_gmii - GMII at 1000 Mbit/s, MII at 100 and 10 on the same pins, to the core's bytes.
// GMII: clk is the tx clock; a tick in every cycle, one register to the pins. MII: ly_tx_gear
// with nibbles. rx: one register, then ly_rx_octets. The speed may change at any time: each side
// takes it up between two frames; on the way to 1000 tx gives up one whose mii_tx_clk is gone.
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

    // ---------------------------------------------------------------- tx
    reg       mii_q;                 // the pins belong to MII
    reg [7:0] txd_q;
    reg       tx_en_q, tx_er_q;
    initial mii_q   = 1'b0;
    initial txd_q   = 8'd0;
    initial tx_en_q = 1'b0;
    initial tx_er_q = 1'b0;

    wire       want_mii = i_speed != 2'd2;
    wire       gear_tick, gear_busy, gear_kill, mii_en, mii_er;
    wire [3:0] mii_d;

    always @(posedge clk) begin
        // Between two frames: the wire is silent, and the FIFO empty.
        if (!i_tx_run && !tx_en_q && !gear_busy) mii_q <= want_mii;
        txd_q   <= i_tx_data;
        tx_en_q <= i_tx_en && !rst && !mii_q;
        tx_er_q <= i_tx_er && !rst && !mii_q;
        if (rst) mii_q <= 1'b0;
    end

    ly_tx_gear #(.W(4)) u_tx (
        .clk(clk), .rst(rst), .i_run(i_tx_run && mii_q),
        .i_en(i_tx_en), .i_er(i_tx_er), .i_data(i_tx_data), .o_tick(gear_tick), .o_busy(gear_busy),
        .i_leave(mii_q && !want_mii), .o_kill(gear_kill),
        .pin_clk(mii_tx_clk), .rst_pin(rst_mii_tx), .i_slow(1'b0),
        .o_d(mii_d), .o_en(mii_en), .o_er(mii_er));

    // No frame starts on the side that is to be left: a MAC that never pauses is stopped so.
    wire stays = i_tx_run || (want_mii == mii_q && !(mii_q && gear_kill));
    assign o_tx_tick = stays && gear_tick;
    assign o_busy    = gear_busy;

    // All are registers and one side is silent: nothing glitches. A clock that is gone leaves those
    // of MII as they are.
    wire [3:0] low = mii_d & {4{!gear_kill}};
    assign gmii_txd   = txd_q & {8{tx_en_q}} | {4'd0, low};
    assign gmii_tx_en = tx_en_q || (mii_en && !gear_kill);
    assign gmii_tx_er = tx_er_q || (mii_er && !gear_kill);

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
    // Three free clocks (clk2fflogic); the parts' own properties hold beside these.
    reg       f_run_q = 1'b0;
    reg       f_own_q = 1'b0;
    reg       f_en_q  = 1'b0;
    reg       f_er_q  = 1'b0;
    reg [7:0] f_data_q;
    always @(posedge clk) begin
        f_run_q  <= i_tx_run;
        f_own_q  <= mii_q;
        f_data_q <= i_tx_data;
        f_en_q   <= i_tx_en && !mii_q;
        f_er_q   <= i_tx_er && !mii_q;
    end
    reg       f_dv_q = 1'b0;
    reg [8:0] f_rx_q;
    always @(posedge gmii_rx_clk) {f_dv_q, f_rx_q} <= {gmii_rx_dv, gmii_rx_er, gmii_rxd};

    always @(*) begin
        r_rst:   assume (!rst && !rst_mii_tx && !rst_gmii_rx);
        a_run:   assert (!f_run_q || mii_q == f_own_q);
        a_reg:   assert ({tx_en_q, tx_er_q} == {f_en_q, f_er_q} && (!f_en_q || txd_q == f_data_q));
        if (gear_kill || (!mii_en && !mii_er))
            a_gmii: assert ({gmii_tx_en, gmii_tx_er, gmii_txd}
                            == {f_en_q, f_er_q, f_en_q ? f_data_q : 8'd0});
        if (!f_en_q && !f_er_q)
            a_mii:  assert ({gmii_tx_en, gmii_tx_er, gmii_txd}
                            == (gear_kill ? 10'd0 : {mii_en, mii_er, 4'd0, mii_d}));
        a_idle:  assert (mii_q || !gear_busy);
        a_tick:  assert (mii_q || o_tx_tick || !i_tx_run);
        a_rx:    assert (rx_dv_q == f_dv_q && (!f_dv_q || {rx_er_q, rxd_q} == f_rx_q));
        c_tx:    cover (mii_en && mii_er && mii_d == 4'hA);
        c_back:  cover (f_own_q && !mii_q);
        c_odd:   cover (o_rx_stb && o_rx_odd && !o_rx_er);
        c_gmii:  cover (gmii_tx_en && gmii_txd == 8'hA6);
    end
`endif

endmodule
`default_nettype wire
