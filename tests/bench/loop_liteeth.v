`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// mac_loop - LiteEth's MAC core (tests/peers/gen_liteeth.py) looped as loop_lanyard.v loops ours,
// its three clocks made one.
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

    liteeth_mac u_mac (
        .sys_clk(clk), .sys_rst(rst), .eth_tx_clk(clk), .eth_tx_rst(rst), .eth_rx_clk(clk),
        .eth_rx_rst(rst), .s_tx_valid(s_valid), .s_tx_ready(s_ready), .s_tx_data(s_data),
        .s_tx_last(s_last), .gmii_tx_data(o_gmii_data), .gmii_tx_en(o_gmii_en),
        .gmii_rx_data(o_gmii_data), .gmii_rx_dv(o_gmii_en), .m_rx_valid(m_valid),
        .m_rx_ready(1'b1), .m_rx_data(m_data), .m_rx_last(m_last), .m_rx_error(m_err));

endmodule
`default_nettype wire
