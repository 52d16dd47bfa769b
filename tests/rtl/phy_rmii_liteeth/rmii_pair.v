`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// rmii_pair - ly_phy_rmii and LiteEth's RMII PHY side, pin to pin on one reference clock: what one
// sends is the other's carrier and data. The bytes of both are ports.
module rmii_pair (
    input  wire       clk,
    input  wire       rst,
    input  wire [1:0] i_speed,
    input  wire       i_tx_run,
    input  wire [7:0] i_tx_data,
    input  wire       i_tx_en,
    output wire       o_tx_tick,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_rx_odd,
    output wire       o_busy,
    input  wire       ref_clk,
    input  wire       ref_rst,
    input  wire       s_tx_valid,       // of LiteEth, in ref_clk
    output wire       s_tx_ready,
    input  wire [7:0] s_tx_data,
    output wire       m_rx_valid,
    output wire [7:0] m_rx_data,
    output wire       m_rx_last,
    output wire       o_pin_tx_en       // ours
);

    wire [1:0] ours, theirs;
    wire       ours_en, theirs_en;

    assign o_pin_tx_en = ours_en;

    /* verilator lint_off PINCONNECTEMPTY */
    ly_phy_rmii u_ours (
        .clk(clk), .rst(rst), .i_speed(i_speed), .i_tx_run(i_tx_run), .i_tx_data(i_tx_data),
        .i_tx_en(i_tx_en), .i_tx_er(1'b0), .o_tx_tick(o_tx_tick), .o_rx_stb(o_rx_stb),
        .o_rx_data(o_rx_data), .o_rx_dv(o_rx_dv), .o_rx_er(o_rx_er), .o_rx_odd(o_rx_odd),
        .o_crs(), .o_col(), .o_busy(o_busy),
        .rmii_ref_clk(ref_clk), .rst_rmii(ref_rst), .rmii_txd(ours), .rmii_tx_en(ours_en),
        .rmii_rxd(theirs), .rmii_crs_dv(theirs_en), .rmii_rx_er(1'b0));
    /* verilator lint_on PINCONNECTEMPTY */

    liteeth_phy_rmii u_theirs (
        .sys_clk(ref_clk), .sys_rst(ref_rst), .ref_clk(ref_clk), .ref_rst(ref_rst),
        .i_speed(i_speed != 2'd0), .s_tx_valid(s_tx_valid), .s_tx_ready(s_tx_ready),
        .s_tx_data(s_tx_data), .s_tx_last(1'b0), .m_rx_valid(m_rx_valid), .m_rx_ready(1'b1),
        .m_rx_data(m_rx_data), .m_rx_last(m_rx_last),
        .rmii_crs_dv(ours_en), .rmii_rx_data(ours), .rmii_tx_en(theirs_en),
        .rmii_tx_data(theirs));

endmodule
`default_nettype wire
