`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_rx_cross - octets of carrier events from a PHY's clock to the core's, with their end marks.
// In rx_clk: i_stb with each octet; i_end once, in a cycle without i_stb, when the event is over.
// In clk: o_rx_stb with o_rx_dv 1 and the octet, then one end mark with o_rx_dv 0, o_rx_odd and
// o_rx_er as given with i_end. An event without an octet gives nothing. Where the FIFO is full
// octets are lost, all of a short event may be; the end mark waits until it fits and has er. Should
// the next event begin before, both come as one, with er.
// Latency: o_rx_stb stands in the 4th or 5th cycle of clk behind i_stb. Clocks: rx_clk for rst_rx
// and i_*; clk for rst and o_*.
module ly_rx_cross (
    input  wire       rx_clk,
    input  wire       rst_rx,
    input  wire       i_stb,
    input  wire [7:0] i_data,
    input  wire       i_er,
    input  wire       i_end,
    input  wire       i_odd,         // with i_end, as the next
    input  wire       i_end_er,

    input  wire       clk,
    input  wire       rst,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_rx_odd
);

    reg open_q;                      // an event is in the FIFO and its end mark is not
    reg late_q;                      // its end mark found the FIFO full
    reg lost_q;                      // an octet of it did
    reg odd_q, end_er_q;             // of the end mark that waits
    initial open_q = 1'b0;
    initial late_q = 1'b0;
    initial lost_q = 1'b0;

    wire wr_ready, drained;
    wire unused = drained;
    wire mark = open_q && !i_stb && (i_end || late_q);
    wire odd  = late_q ? odd_q : i_odd;
    wire bad  = late_q ? end_er_q : i_end_er;
    wire word_er = i_stb ? i_er : bad || lost_q;

    always @(posedge rx_clk) begin
        if (i_stb) begin
            open_q <= 1'b1;
            late_q <= 1'b0;
            lost_q <= lost_q || late_q || !wr_ready;
        end else if (mark) begin
            open_q <= !wr_ready;
            late_q <= !wr_ready;
            lost_q <= lost_q && !wr_ready;
        end
        odd_q    <= odd;
        end_er_q <= bad;
        if (rst_rx) {open_q, late_q, lost_q} <= 3'b000;
    end

    ly_fifo_async #(.DATA_W(11), .DEPTH(16)) u_fifo (
        .wr_clk(rx_clk), .wr_rst(rst_rx), .s_valid(i_stb || mark), .s_ready(wr_ready),
        .s_data({i_stb, word_er, !i_stb && odd, i_data}),
        .o_drained(drained),
        .rd_clk(clk), .rd_rst(rst), .m_valid(o_rx_stb), .m_ready(1'b1),
        .m_data({o_rx_dv, o_rx_er, o_rx_odd, o_rx_data}));

`ifdef FORMAL
    // What stands in the FIFO without its end mark, counted beside it; two free clocks.
    reg f_any_q  = 1'b0;             // an octet of it came
    reg f_over_q = 1'b0;             // and the end
    reg f_odd_q, f_er_q;             // as given with it
    reg f_bad_q  = 1'b0;             // an octet was lost, or two events are one
    wire f_full = f_any_q && !f_over_q && i_end;
    always @(posedge rx_clk) begin
        if (i_stb) begin
            f_any_q  <= 1'b1;
            f_over_q <= 1'b0;
            f_bad_q  <= f_bad_q || f_over_q || !wr_ready;
        end else if (mark && wr_ready) {f_any_q, f_over_q, f_bad_q} <= 3'b000;
        else if (f_full) f_over_q <= 1'b1;
        if (f_full) {f_odd_q, f_er_q} <= {i_odd, i_end_er};
    end

    always @(*) begin
        r_rst:  assume (!rst && !rst_rx);
`ifdef FORMAL_CALLED
        a_one:  assert (!(i_stb && i_end));
`else
        r_one:  assume (!(i_stb && i_end));
`ifdef FORMAL_ELASTIC
        a_fits: assert (wr_ready && !late_q && !lost_q); // clocks of ly_felastic: all is taken
`else
        c_late: cover (mark && wr_ready && late_q && odd && !bad);
        c_join: cover (mark && wr_ready && f_bad_q && !late_q);
`endif
`endif
        a_open: assert (open_q == f_any_q && late_q == f_over_q);
        a_lost: assert (lost_q == f_bad_q);
        if (late_q) a_kept: assert (odd_q == f_odd_q && end_er_q == f_er_q);
        a_mark: assert (mark == (f_any_q && !i_stb && (f_over_q || i_end)));
        if (mark) begin
            a_odd: assert (odd == (f_over_q ? f_odd_q : i_odd));
            a_er:  assert (word_er == (f_bad_q || (f_over_q ? f_er_q : i_end_er)));
        end
    end
`endif

endmodule
`default_nettype wire
