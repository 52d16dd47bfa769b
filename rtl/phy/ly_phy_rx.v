`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_rx - symbols of the PHY's clock, W or 8 bits wide, to the bytes of the core.
// What lies between rise and fall of i_dv, and one end mark (o_rx_dv 0), cross by a FIFO of 16;
// the idle line never enters it. Symbols are put together low bits first, in step with the SFD:
// whatever the phase of the preamble, the byte D5 ends with the symbol that completes it. Symbols
// left at the end (dribble) are dropped; o_rx_odd says so with the end mark. o_rx_er is RX_ER of
// any symbol of the byte; with the end mark: of a dropped one, or bytes were lost (FIFO full), or
// the width changed, or i_spoil came in mid event. The width is that at the beginning of an event.
// Latency: from the edge that takes i_step with the last symbol 4 to 6 edges of clk to o_rx_stb.
// Clocks: rx_clk for i_*; clk for o_*. Source: IEEE 802.3 22.2.2.7, 22.2.3.1, 35.2.2.7.
module ly_phy_rx #(
    parameter W = 4                  // bits per symbol where i_wide is 0: 2, 4
) (
    input  wire       rx_clk,
    input  wire       rst_rx,
    input  wire       i_step,        // i_d, i_er are a symbol
    input  wire       i_wide,        // it has 8 bits
    input  wire       i_spoil,
    input  wire [7:0] i_d,           // in the low bits
    input  wire       i_dv,
    input  wire       i_er,

    input  wire       clk,
    input  wire       rst,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_rx_odd
);

    localparam NR_W = $clog2(8 / W);

    generate
        if (W != 2 && W != 4) begin : g_check
            W_must_be_2_or_4 u_error();
        end
    endgenerate

    reg [7-W:0]    sh_q;             // the symbols before this one, oldest lowest
    reg [NR_W-1:0] nr_q;             // symbols of a byte that is not complete
    reg            er_q;             // RX_ER of these
    reg            sfd_q;            // the SFD has been seen
    reg            wide_q;
    reg            open_q;           // an event is in the FIFO and its end mark is not
    reg            lost_q;           // it is not whole
    initial sh_q = 0;
    initial nr_q = 0;
    initial er_q = 1'b0;
    initial sfd_q = 1'b0;
    initial wide_q = 1'b0;
    initial open_q = 1'b0;

    wire       ready;
    wire [7:0] octet = wide_q ? i_d : {i_d[W-1:0], sh_q};
    wire       whole = wide_q || (&nr_q) || (!sfd_q && octet == 8'hD5);
    wire       put   = i_dv && i_step && whole;
    wire       close = open_q && !i_dv;
    wire       odd   = nr_q != 0;
    wire       bad   = i_spoil || i_wide != wide_q;

    always @(posedge rx_clk) begin
        if (i_dv && i_step) begin
            sh_q  <= octet[7:W];
            nr_q  <= whole ? 0 : nr_q + 1'b1;
            er_q  <= !whole && (er_q || i_er);
            sfd_q <= sfd_q || (whole && octet == 8'hD5);
        end
        if (put) open_q <= 1'b1;
        else if (close && ready) open_q <= 1'b0;
        lost_q <= (put && !ready) || (open_q && (lost_q || bad));
        if (!i_dv && (!open_q || ready)) begin
            sh_q   <= 0;
            nr_q   <= 0;
            er_q   <= 1'b0;
            sfd_q  <= 1'b0;
            wide_q <= i_wide;
        end
        if (rst_rx) begin
            nr_q   <= 0;
            open_q <= 1'b0;
        end
    end

    wire [7:0] data;

    ly_fifo_async #(.DATA_W(10), .DEPTH(16)) u_fifo (
        .wr_clk(rx_clk), .wr_rst(rst_rx),
        .s_valid(put || close), .s_ready(ready),
        .s_data({i_dv, i_dv ? i_er || er_q : lost_q || er_q,
                 i_dv ? octet : {7'd0, odd}}),
        .rd_clk(clk), .rd_rst(rst),
        .m_valid(o_rx_stb), .m_ready(1'b1), .m_data({o_rx_dv, o_rx_er, data})
    );

    assign o_rx_data = data;
    assign o_rx_odd  = !o_rx_dv && data[0];

endmodule
`default_nettype wire
