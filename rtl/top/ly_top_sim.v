`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_top_sim - what the simulation verilates: ly_core with a GMII side, MII at 100 and 10 Mbit/s.
// phy_fixed: link_speed (0: 10, 1: 100, 2: 1000 Mbit/s) and link_fd tell the link, else the driver.
// Pins are those of sim/nic_model.h. rst is asynchronous; each domain makes its own reset from it.
// quiet, deadline, skip_*, time_cycles let a simulation skip idle time exactly: see ly_core.
// The sizes are parameters for models of other builds: MODELS in rtl/rules.mk.
// Clocks: clk CLK_HZ (core, GMII tx), clk_link (records), gmii_rx_clk and mii_tx_clk (the PHY's).
module ly_top_sim #(
    parameter integer CLK_HZ         = 125_000_000,
    parameter integer RX_QUEUE_BYTES = 32768,
    parameter integer TX_QUEUE_BYTES = 16384,
    parameter         QUEUE_MEM      = "BRAM"
) (
    input  wire        clk,
    input  wire        clk_link,
    input  wire        gmii_rx_clk,
    input  wire        mii_tx_clk,
    input  wire        rst,

    output wire [7:0]  gmii_txd,
    output wire        gmii_tx_en,
    output wire        gmii_tx_er,
    input  wire [7:0]  gmii_rxd,
    input  wire        gmii_rx_dv,
    input  wire        gmii_rx_er,
    input  wire        gmii_crs,
    input  wire        gmii_col,
    input  wire        phy_fixed,       // a level of the whole run: no PHY answers, link is up
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
    output wire        rx_byte      // a byte of a frame left the PHY side, in clk
);
    wire       rst_core, rst_link, rst_gmii_rx, rst_mii_tx;
    wire       tx_run, rx_odd, core_quiet, phy_busy;
    wire       tx_tick, tx_en, tx_er, rx_stb, rx_dv, rx_er, crs, col;
    wire [7:0] tx_data, rx_data;
    wire [1:0] speed;
    wire       full_duplex, pause_tx_en, pause_rx_en;

    wire [15:0] link_mbit = link_speed[1] ? 16'd1000 : link_speed[0] ? 16'd100 : 16'd10;

    assign rx_byte = rx_stb && rx_dv;

    ly_reset u_rst_core (.clk(clk),         .i_rst_async(rst), .o_rst(rst_core));
    ly_reset u_rst_link (.clk(clk_link),    .i_rst_async(rst), .o_rst(rst_link));
    ly_reset u_rst_rx   (.clk(gmii_rx_clk), .i_rst_async(rst), .o_rst(rst_gmii_rx));
    ly_reset u_rst_tx   (.clk(mii_tx_clk),  .i_rst_async(rst), .o_rst(rst_mii_tx));

    ly_core #(
        .CLK_HZ(CLK_HZ), .RX_QUEUE_BYTES(RX_QUEUE_BYTES), .TX_QUEUE_BYTES(TX_QUEUE_BYTES),
        .QUEUE_MEM(QUEUE_MEM)
    ) u_core (
        .clk(clk), .rst(rst_core), .clk_link(clk_link), .rst_link(rst_link),
        .i_tx_tick(tx_tick), .o_tx_run(tx_run),
        .o_tx_data(tx_data), .o_tx_en(tx_en), .o_tx_er(tx_er),
        .i_rx_stb(rx_stb), .i_rx_data(rx_data), .i_rx_dv(rx_dv), .i_rx_er(rx_er), .i_rx_odd(rx_odd),
        .i_crs(crs), .i_col(col),
        .i_phy_fixed(phy_fixed), .i_link_up(1'b1), .i_link_fd(link_fd), .i_link_mbit(link_mbit),
        .o_speed(speed), .o_full_duplex(full_duplex), .o_pause_tx_en(pause_tx_en),
        .o_pause_rx_en(pause_rx_en),
        .o_mdc(mdc), .o_mdio(mdio_o), .o_mdio_oe(mdio_oe), .i_mdio(mdio_i),
        .s_rec_valid(s_rec_valid), .s_rec_ready(s_rec_ready), .s_rec_data(s_rec_data),
        .m_rec_valid(m_rec_valid), .m_rec_ready(m_rec_ready), .m_rec_data(m_rec_data),
        .m_rec_last(m_rec_last),
        .i_skip_stb(skip_stb), .i_skip_cycles(skip_cycles), .o_quiet(core_quiet),
        .o_deadline(deadline), .o_time(time_cycles), .o_tap(taps));

    ly_phy_gmii u_phy (
        .clk(clk), .rst(rst_core), .i_speed(speed), .i_tx_run(tx_run),
        .i_tx_data(tx_data), .i_tx_en(tx_en), .i_tx_er(tx_er), .o_tx_tick(tx_tick),
        .o_rx_stb(rx_stb), .o_rx_data(rx_data), .o_rx_dv(rx_dv), .o_rx_er(rx_er),
        .o_rx_odd(rx_odd), .o_busy(phy_busy),
        .o_crs(crs), .o_col(col),
        .gmii_txd(gmii_txd), .gmii_tx_en(gmii_tx_en), .gmii_tx_er(gmii_tx_er),
        .mii_tx_clk(mii_tx_clk), .rst_mii_tx(rst_mii_tx),
        .gmii_rx_clk(gmii_rx_clk), .rst_gmii_rx(rst_gmii_rx), .gmii_rxd(gmii_rxd),
        .gmii_rx_dv(gmii_rx_dv), .gmii_rx_er(gmii_rx_er), .gmii_crs(gmii_crs),
        .gmii_col(gmii_col));

    assign quiet = core_quiet && !phy_busy;
    wire unused = &{1'b0, full_duplex, pause_tx_en, pause_rx_en};

endmodule
`default_nettype wire
