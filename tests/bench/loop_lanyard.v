`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// mac_loop - ly_mac_tx into ly_mac_rx, byte by byte: what tests/bench/mac_loop.cpp drives.
// loop_liteeth.v has the same ports. A byte time is a cycle; rx sees what stands at o_gmii_*.
module mac_loop (
    input  wire       clk,
    input  wire       rst,
    input  wire       s_valid,
    output wire       s_ready,
    input  wire [7:0] s_data,
    input  wire       s_last,
    output wire [7:0] o_gmii_data,
    output wire       o_gmii_en,
    output wire       m_valid,
    output wire [7:0] m_data,
    output wire       m_last,
    output wire       m_err
);

    reg en_q;       // rx wants the bytes and one end mark
    always @(posedge clk) en_q <= o_gmii_en;

    wire tx_er;

    ly_mac_tx u_tx (
        .clk(clk), .rst(rst), .s_tx_valid(s_valid), .s_tx_ready(s_ready), .s_tx_data(s_data),
        .s_tx_last(s_last), .s_tx_err(1'b0), .i_en(1'b1), .i_own_fcs(1'b0), .i_tx_tick(1'b1),
        .i_full_duplex(1'b1), .i_crs(1'b0), .i_col(1'b0), .i_seed(16'd0),
        .o_tx_data(o_gmii_data), .o_tx_en(o_gmii_en), .o_tx_er(tx_er));

    ly_mac_rx u_rx (
        .clk(clk), .rst(rst), .i_rx_stb(o_gmii_en || en_q), .i_rx_data(o_gmii_data),
        .i_rx_dv(o_gmii_en), .i_rx_er(tx_er), .i_rx_odd(1'b0), .m_rx_valid(m_valid),
        .m_rx_data(m_data), .m_rx_last(m_last), .m_rx_err(m_err));

endmodule
`default_nettype wire
