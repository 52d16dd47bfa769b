`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_bench_rgmii - ly_phy_rgmii and a pin more: unused_txc_late is TXC as the PHY's delay of 2 ns
// makes it. The bench drives it; nothing else here has a delay.
// Clocks: clk, rgmii_rx_clk.
module ly_bench_rgmii (
    input  wire       clk, rst,
    input  wire [1:0] i_speed,
    input  wire       i_tx_run,
    input  wire [7:0] i_tx_data,
    input  wire       i_tx_en, i_tx_er,
    output wire       o_tx_tick, o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv, o_rx_er, o_rx_odd, o_crs, o_col, o_busy, o_link_up, o_link_fd,
    output wire [1:0] o_link_speed,

    output wire       rgmii_tx_clk,
    input  wire       unused_txc_late,
    output wire [3:0] rgmii_txd,
    output wire       rgmii_tx_ctl,
    input  wire       rgmii_rx_clk, rst_rgmii_rx,
    input  wire [3:0] rgmii_rxd,
    input  wire       rgmii_rx_ctl
);

    ly_phy_rgmii u_phy (
        .clk(clk), .rst(rst), .i_speed(i_speed), .i_tx_run(i_tx_run), .i_tx_data(i_tx_data),
        .i_tx_en(i_tx_en), .i_tx_er(i_tx_er), .o_tx_tick(o_tx_tick), .o_rx_stb(o_rx_stb),
        .o_rx_data(o_rx_data), .o_rx_dv(o_rx_dv), .o_rx_er(o_rx_er), .o_rx_odd(o_rx_odd),
        .o_crs(o_crs), .o_col(o_col), .o_busy(o_busy), .o_link_up(o_link_up),
        .o_link_speed(o_link_speed), .o_link_fd(o_link_fd), .rgmii_tx_clk(rgmii_tx_clk),
        .rgmii_txd(rgmii_txd), .rgmii_tx_ctl(rgmii_tx_ctl), .rgmii_rx_clk(rgmii_rx_clk),
        .rst_rgmii_rx(rst_rgmii_rx), .rgmii_rxd(rgmii_rxd), .rgmii_rx_ctl(rgmii_rx_ctl));

endmodule
`default_nettype wire
