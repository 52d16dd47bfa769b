`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_bench_mii - ly_phy_gmii below 1000 Mbit/s with pins of 4 bits, as cocotbext-eth's MII wants
// them. The upper ones: something on the way in, o_txd_high on the way out.
// Clocks: clk, mii_tx_clk, mii_rx_clk.
module ly_bench_mii (
    input  wire       clk, rst,
    input  wire [1:0] i_speed,
    input  wire       i_tx_run,
    input  wire [7:0] i_tx_data,
    input  wire       i_tx_en, i_tx_er,
    output wire       o_tx_tick, o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv, o_rx_er, o_rx_odd, o_crs, o_col, o_busy,
    output wire [3:0] o_txd_high,

    input  wire       mii_tx_clk, rst_mii_tx,
    output wire [3:0] mii_txd,
    output wire       mii_tx_en, mii_tx_er,
    input  wire       mii_rx_clk, rst_mii_rx,
    input  wire [3:0] mii_rxd,
    input  wire       mii_rx_dv, mii_rx_er
);

    ly_phy_gmii u_phy (
        .clk(clk), .rst(rst), .i_speed(i_speed), .i_tx_run(i_tx_run), .i_tx_data(i_tx_data),
        .i_tx_en(i_tx_en), .i_tx_er(i_tx_er), .o_tx_tick(o_tx_tick), .o_rx_stb(o_rx_stb),
        .o_rx_data(o_rx_data), .o_rx_dv(o_rx_dv), .o_rx_er(o_rx_er), .o_rx_odd(o_rx_odd),
        .o_crs(o_crs), .o_col(o_col), .o_busy(o_busy), .gmii_txd({o_txd_high, mii_txd}),
        .gmii_tx_en(mii_tx_en), .gmii_tx_er(mii_tx_er), .mii_tx_clk(mii_tx_clk),
        .rst_mii_tx(rst_mii_tx), .gmii_rx_clk(mii_rx_clk), .rst_gmii_rx(rst_mii_rx),
        .gmii_rxd({~mii_rxd, mii_rxd}), .gmii_rx_dv(mii_rx_dv), .gmii_rx_er(mii_rx_er),
        .gmii_crs(1'b0), .gmii_col(1'b0));

endmodule
`default_nettype wire
