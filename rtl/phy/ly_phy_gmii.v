`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_gmii - GMII pins to the byte interface of the core; 1000 Mbit/s, clk is the tx clock.
// tx: one register, 1 cycle; a byte in every cycle, so o_tx_tick is 1. rx: the pins are registered
// in gmii_rx_clk; the bytes between rise and fall of RX_DV, and one end mark (dv 0), cross by a
// FIFO of 16; the idle line never enters it. The core sees o_rx_stb at the 5th to 7th edge of clk
// after the one that took the byte at the pins, and then in nearly every cycle: where gmii_rx_clk
// is the slower clock there is now and then one without. Where it is so much faster that the FIFO
// is full, bytes are lost; the end mark is not, and has er set. Symbols outside RX_DV (carrier
// extension, false carrier) are not passed on.
// Clocks: clk for tx, o_*; gmii_rx_clk for gmii_rx*. gmii_crs, gmii_col are asynchronous.
// Source: IEEE 802.3 35.2 (GMII signals).
module ly_phy_gmii (
    input  wire       clk,
    input  wire       rst,
    input  wire [7:0] i_tx_data,
    input  wire       i_tx_en,
    input  wire       i_tx_er,
    output wire       o_tx_tick,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_crs,
    output wire       o_col,

    output wire [7:0] gmii_txd,
    output wire       gmii_tx_en,
    output wire       gmii_tx_er,
    input  wire       gmii_rx_clk,
    input  wire       rst_gmii_rx,   // synchronous to gmii_rx_clk
    input  wire [7:0] gmii_rxd,
    input  wire       gmii_rx_dv,
    input  wire       gmii_rx_er,
    input  wire       gmii_crs,
    input  wire       gmii_col
);

    reg [7:0] txd_q;
    reg       tx_en_q, tx_er_q;
    initial txd_q = 8'd0;
    initial tx_en_q = 1'b0;
    initial tx_er_q = 1'b0;

    always @(posedge clk) begin
        txd_q   <= i_tx_data;
        tx_en_q <= i_tx_en && !rst;
        tx_er_q <= i_tx_er && !rst;
    end

    assign o_tx_tick  = 1'b1;
    assign gmii_txd   = txd_q;
    assign gmii_tx_en = tx_en_q;
    assign gmii_tx_er = tx_er_q;

    ly_sync #(.WIDTH(2)) u_sync (.clk(clk), .i_d({gmii_crs, gmii_col}), .o_q({o_crs, o_col}));

    // In the PHY's clock: the pins, then what is to be pushed.
    reg [7:0] rxd_q;
    reg       rx_dv_q, rx_er_q;
    reg       open_q;                // an event is in the FIFO and its end mark is not
    reg       lost_q;                // a byte of it found the FIFO full
    initial rx_dv_q = 1'b0;
    initial open_q = 1'b0;

    wire wr_ready;
    wire wr_valid = rx_dv_q || open_q;

    always @(posedge gmii_rx_clk) begin
        rxd_q   <= gmii_rxd;
        rx_er_q <= gmii_rx_er;
        rx_dv_q <= gmii_rx_dv && !rst_gmii_rx;
        if (rx_dv_q)       open_q <= !rst_gmii_rx;
        else if (wr_ready) open_q <= 1'b0;
        lost_q  <= open_q && (lost_q || (rx_dv_q && !wr_ready));
        if (rst_gmii_rx) open_q <= 1'b0;
    end

    ly_fifo_async #(.DATA_W(10), .DEPTH(16)) u_rx_fifo (
        .wr_clk(gmii_rx_clk), .wr_rst(rst_gmii_rx),
        .s_valid(wr_valid), .s_ready(wr_ready),
        .s_data({rx_dv_q, rx_dv_q ? rx_er_q : lost_q, rxd_q}),
        .rd_clk(clk), .rd_rst(rst),
        .m_valid(o_rx_stb), .m_ready(1'b1), .m_data({o_rx_dv, o_rx_er, o_rx_data})
    );

endmodule
`default_nettype wire
