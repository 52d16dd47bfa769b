`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_gmii - GMII and MII on the same pins to the byte interface of the core.
// i_speed 2: GMII, clk is the 125 MHz tx clock; tx is one register, o_tx_tick is 1. i_speed 0, 1:
// MII on the low nibbles, tx in mii_tx_clk (2.5, 25 MHz) by ly_phy_tx, any clk from 1.9 times the
// byte rate on. The pins are a mux behind the registers of either; its select stands still.
// rx: the pins are registered in gmii_rx_clk, then ly_phy_rx. The core sees o_rx_stb at the 5th to
// 7th edge of clk after the one that took the byte at the pins. At GMII that is nearly every cycle:
// where gmii_rx_clk is the slower clock there is now and then one without; where it is so much
// faster that the FIFO is full, bytes are lost, and the end mark has er set. Symbols outside RX_DV
// (carrier extension, false carrier) are not passed on. i_speed may change at any time: a frame
// under way is cut with TX_ER (GMII: one byte of it), an event under way is marked bad.
// Clocks: clk for i_*, o_*; mii_tx_clk for its tx; gmii_rx_clk for gmii_rx*; crs, col none.
// Source: IEEE 802.3 22.2 (MII signals), 35.2 (GMII signals).
module ly_phy_gmii (
    input  wire       clk,
    input  wire       rst,
    input  wire [1:0] i_speed,       // 0: 10, 1: 100, 2: 1000 Mbit/s
    input  wire [7:0] i_tx_data,
    input  wire       i_tx_en,
    input  wire       i_tx_er,
    output wire       o_tx_tick,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_rx_odd,      // with the end mark: half a byte was left, and dropped
    output wire       o_crs,
    output wire       o_col,

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

    // verilator lint_off UNUSEDSIGNAL
    wire [1:0] speed = i_speed;      // 10 and 100 differ in the PHY's clocks only
    // verilator lint_on UNUSEDSIGNAL
    wire       gmii = speed[1];

    // GMII tx, and whether the pins are its own. Begins where the core is between frames.
    reg [7:0] txd_q;
    reg       tx_en_q, tx_er_q;
    reg       ok_q, sel_q;
    initial txd_q = 8'd0;
    initial tx_en_q = 1'b0;
    initial tx_er_q = 1'b0;
    initial ok_q = 1'b1;
    initial sel_q = 1'b1;

    always @(posedge clk) begin
        txd_q   <= i_tx_data;
        tx_en_q <= ok_q && !rst && (gmii ? i_tx_en : tx_en_q);
        tx_er_q <= ok_q && !rst && (gmii ? i_tx_er : tx_en_q);
        ok_q    <= gmii && (ok_q || !i_tx_en);
        sel_q   <= ok_q;
    end

    wire       mii_tick, mii_en, mii_er;
    wire [3:0] mii_txd;

    ly_phy_tx #(.W(4), .LEAD(5)) u_tx (
        .clk(clk), .rst(rst), .i_on(!gmii),
        .i_tx_data(i_tx_data), .i_tx_en(i_tx_en), .i_tx_er(i_tx_er), .o_tick(mii_tick),
        .tx_clk(mii_tx_clk), .rst_tx(rst_mii_tx), .i_step(1'b1), .i_cut(1'b0),
        .o_sym(mii_txd), .o_en(mii_en), .o_er(mii_er)
    );

    assign o_tx_tick  = gmii || mii_tick;
    assign gmii_txd   = sel_q ? txd_q : {4'd0, mii_txd};
    assign gmii_tx_en = sel_q ? tx_en_q : mii_en;
    assign gmii_tx_er = sel_q ? tx_er_q : mii_er;

    ly_sync #(.WIDTH(2)) u_sync (.clk(clk), .i_d({gmii_crs, gmii_col}), .o_q({o_crs, o_col}));

    // rx: the pins in the PHY's clock.
    reg [7:0] rxd_q;
    reg       rx_dv_q, rx_er_q;
    wire      wide;
    initial rx_dv_q = 1'b0;

    ly_sync #(.WIDTH(1)) u_sync_wide (.clk(gmii_rx_clk), .i_d(gmii), .o_q(wide));

    always @(posedge gmii_rx_clk) begin
        rxd_q   <= gmii_rxd;
        rx_er_q <= gmii_rx_er;
        rx_dv_q <= gmii_rx_dv && !rst_gmii_rx;
    end

    ly_phy_rx #(.W(4)) u_rx (
        .rx_clk(gmii_rx_clk), .rst_rx(rst_gmii_rx),
        .i_step(1'b1), .i_wide(wide), .i_spoil(1'b0), .i_d(rxd_q), .i_dv(rx_dv_q), .i_er(rx_er_q),
        .clk(clk), .rst(rst), .o_rx_stb(o_rx_stb), .o_rx_data(o_rx_data), .o_rx_dv(o_rx_dv),
        .o_rx_er(o_rx_er), .o_rx_odd(o_rx_odd)
    );

endmodule
`default_nettype wire
