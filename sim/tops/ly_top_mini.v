`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_top_mini - an example for --nic sim:@TOP: another NIC behind the pins of ly_top_sim. The core
// has queues of 4 KiB in plain registers' memory, and a PHY side of its own: GMII at 1000 Mbit/s
// only. tx: one register. rx: bytes and an end mark by a FIFO, as rtl/phy/README.md asks of a side.
// Clocks: clk 125 MHz (core, GMII tx), clk_link (records), gmii_rx_clk; mii_tx_clk is not used.
// Pins, and what each must do: sim/README.md. Source: IEEE 802.3 35.2 (GMII).
module ly_top_mini (
    input  wire        clk,
    input  wire        clk_link,
    input  wire        gmii_rx_clk,
    input  wire        mii_tx_clk,
    input  wire        rst,

    output reg  [7:0]  gmii_txd,
    output reg         gmii_tx_en,
    output reg         gmii_tx_er,
    input  wire [7:0]  gmii_rxd,
    input  wire        gmii_rx_dv,
    input  wire        gmii_rx_er,
    input  wire        gmii_crs,
    input  wire        gmii_col,
    input  wire        phy_fixed,
    output wire        mdc,
    output wire        mdio_o,
    output wire        mdio_oe,
    input  wire        mdio_i,
    input  wire [1:0]  link_speed,
    input  wire        link_fd,

    input  wire        s_rec_valid,
    output wire        s_rec_ready,
    input  wire [7:0]  s_rec_data,
    output wire        m_rec_valid,
    input  wire        m_rec_ready,
    output wire [7:0]  m_rec_data,
    output wire        m_rec_last,

    output wire        quiet,
    output wire [31:0] deadline,
    input  wire        skip_stb,
    input  wire [63:0] skip_cycles,
    output wire [63:0] time_cycles,
    output wire [10:0] taps,
    output wire        rx_byte
);
    wire       rst_core, rst_link, rst_rx;
    wire [7:0] tx_data, rx_data;
    wire       tx_en, tx_er, rx_stb, rx_dv, rx_er;

    ly_reset u_rst_core (.clk(clk),         .i_rst_async(rst), .o_rst(rst_core));
    ly_reset u_rst_link (.clk(clk_link),    .i_rst_async(rst), .o_rst(rst_link));
    ly_reset u_rst_rx   (.clk(gmii_rx_clk), .i_rst_async(rst), .o_rst(rst_rx));

    /* verilator lint_off PINCONNECTEMPTY */
    ly_core #(
        .CLK_HZ(125_000_000), .RX_QUEUE_BYTES(4096), .TX_QUEUE_BYTES(4096), .QUEUE_MEM("GENERIC"),
        .HALF_DUPLEX(0), .PAUSE(0)
    ) u_core (
        .clk(clk), .rst(rst_core), .clk_link(clk_link), .rst_link(rst_link),
        .i_tx_tick(1'b1), .o_tx_run(), .o_tx_data(tx_data), .o_tx_en(tx_en), .o_tx_er(tx_er),
        .i_rx_stb(rx_stb), .i_rx_data(rx_data), .i_rx_dv(rx_dv), .i_rx_er(rx_er), .i_rx_odd(1'b0),
        .i_crs(1'b0), .i_col(1'b0),
        .i_phy_fixed(phy_fixed), .i_link_up(link_speed == 2'd2), .i_link_fd(1'b1),
        .i_link_mbit(16'd1000), .o_speed(), .o_full_duplex(), .o_pause_tx_en(), .o_pause_rx_en(),
        .o_mdc(mdc), .o_mdio(mdio_o), .o_mdio_oe(mdio_oe), .i_mdio(mdio_i),
        .s_rec_valid(s_rec_valid), .s_rec_ready(s_rec_ready), .s_rec_data(s_rec_data),
        .m_rec_valid(m_rec_valid), .m_rec_ready(m_rec_ready), .m_rec_data(m_rec_data),
        .m_rec_last(m_rec_last),
        .i_skip_stb(skip_stb), .i_skip_cycles(skip_cycles), .o_quiet(quiet),
        .o_deadline(deadline), .o_time(time_cycles), .o_tap(taps));

    always @(posedge clk) begin
        gmii_txd   <= tx_data;
        gmii_tx_en <= tx_en && !rst_core;
        gmii_tx_er <= tx_er && !rst_core;
    end

    // What lies between rise and fall of RX_DV, and one word behind it without dv.
    reg dv_q;
    always @(posedge gmii_rx_clk) dv_q <= gmii_rx_dv && !rst_rx;

    ly_fifo_async #(.DATA_W(10), .DEPTH(16)) u_rx (
        .wr_clk(gmii_rx_clk), .wr_rst(rst_rx),
        .s_valid(gmii_rx_dv || dv_q), .s_ready(), .s_data({gmii_rx_dv, gmii_rx_er, gmii_rxd}),
        .o_drained(),
        .rd_clk(clk), .rd_rst(rst_core),
        .m_valid(rx_stb), .m_ready(1'b1), .m_data({rx_dv, rx_er, rx_data}));
    /* verilator lint_on PINCONNECTEMPTY */

    assign rx_byte = rx_stb && rx_dv;

    wire unused = &{1'b0, mii_tx_clk, gmii_crs, gmii_col, link_fd};
endmodule
`default_nettype wire
