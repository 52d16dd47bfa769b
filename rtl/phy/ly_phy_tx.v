`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_tx - gearbox from the core's bytes to symbols of W bits in the clock of the PHY side.
// tx_clk asks for a byte per byte time and clk gives it at once, as o_tick; LEAD byte times after
// the asking its first symbol (the low bits) is loaded. Never more than LEAD bytes are asked for
// and not sent, so the FIFO cannot overflow. Crossing there and back takes at most 4 cycles of clk
// and 5 of tx_clk: LEAD 5 of two tx_clk each serves any clk from 1.9 times the byte rate on.
// A byte that is late all the same: o_er for one byte time with o_en, then silence until the core
// has i_tx_en low. The same silence follows i_cut (the rate changes). Nothing waits for a reset.
// i_step: a symbol begins at this edge; o_sym, o_en, o_er are flip-flops of tx_clk.
// Clocks: clk for i_tx_*, i_on, o_tick; tx_clk for i_step, i_cut, o_sym, o_en, o_er.
// Source: IEEE 802.3 22.2.2 (order of nibbles, TX_ER).
module ly_phy_tx #(
    parameter W = 4,                 // bits per symbol: 2, 4
    parameter LEAD = 5               // 1 to 5
) (
    input  wire         clk,
    input  wire         rst,
    input  wire         i_on,        // low: no ticks
    input  wire [7:0]   i_tx_data,
    input  wire         i_tx_en,
    input  wire         i_tx_er,
    output wire         o_tick,

    input  wire         tx_clk,
    input  wire         rst_tx,      // synchronous to tx_clk
    input  wire         i_step,
    input  wire         i_cut,
    output wire [W-1:0] o_sym,
    output wire         o_en,
    output wire         o_er
);

    localparam SYM_W = $clog2(8 / W);
    localparam [2:0] LEAD_3 = LEAD[2:0];

    generate
        if (W != 2 && W != 4) begin : g_check_w
            W_must_be_2_or_4 u_error();
        end
        if (LEAD < 1 || LEAD > 5) begin : g_check_lead
            LEAD_must_be_1_to_5 u_error();
        end
    endgenerate

    // Bytes asked for and bytes given, as Johnson counters: 6 states, one bit changes at a time.
    reg [2:0]  ask_q, done_q;
    wire [2:0] ask_seen;
    initial ask_q = 3'd0;
    initial done_q = 3'd0;

    ly_sync #(.WIDTH(3), .GRAY(1)) u_sync (.clk(clk), .i_d(ask_q), .o_q(ask_seen));

    assign o_tick = i_on && ask_seen != done_q;

    always @(posedge clk) begin
        if (o_tick) done_q <= {done_q[1:0], !done_q[2]};
        if (rst) done_q <= 3'd0;
    end

    /* verilator lint_off UNUSEDSIGNAL */
    wire       room;                 // always: 8 places for LEAD bytes
    /* verilator lint_on UNUSEDSIGNAL */
    wire       valid, en, er;
    wire [7:0] data;
    wire       take;

    ly_fifo_async #(.DATA_W(10), .DEPTH(8)) u_fifo (
        .wr_clk(clk), .wr_rst(rst),
        .s_valid(o_tick), .s_ready(room), .s_data({i_tx_en, i_tx_er, i_tx_data}),
        .rd_clk(tx_clk), .rd_rst(rst_tx),
        .m_valid(valid), .m_ready(take), .m_data({en, er, data})
    );

    reg [SYM_W-1:0] nr_q;            // of the symbol that comes next; 0: a byte begins
    reg [2:0]       out_q;           // bytes asked for and not taken
    reg             drop_q;          // nothing goes out before the core has i_tx_en low
    reg [7:0]       sh_q;
    reg             en_q, er_q;
    initial nr_q = 0;
    initial out_q = 3'd0;
    initial drop_q = 1'b1;
    initial sh_q = 8'd0;
    initial en_q = 1'b0;
    initial er_q = 1'b0;

    wire slot = i_step && nr_q == 0;
    wire lead = out_q == LEAD_3;
    assign take = slot && lead && valid;

    always @(posedge tx_clk) begin
        if (i_step) begin
            nr_q <= nr_q + 1'b1;
            sh_q <= take ? data : sh_q >> W;
        end
        if (slot) begin
            en_q <= !drop_q && (take ? en : en_q);
            er_q <= !drop_q && (take ? er : en_q);
            drop_q <= !take || (drop_q && en);
        end
        if (take || (slot && !lead)) ask_q <= {ask_q[1:0], !ask_q[2]};
        if (slot && !lead) out_q <= out_q + 3'd1;
        if (i_cut) begin
            drop_q <= 1'b1;
            en_q   <= 1'b0;
            er_q   <= 1'b0;
        end
        if (rst_tx) begin
            nr_q   <= 0;
            ask_q  <= 3'd0;
            out_q  <= 3'd0;
            drop_q <= 1'b1;
            en_q   <= 1'b0;
            er_q   <= 1'b0;
        end
    end

    assign o_sym = sh_q[W-1:0];
    assign o_en  = en_q;
    assign o_er  = er_q;

endmodule
`default_nettype wire
