`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_skid - stream register: cuts every path (data, valid and ready) between its two sides.
// Latency 1 cycle, one beat per cycle; holds up to two beats. Put last, err and the like into
// s_data. Rules of the stream: rtl/README.md.
// Clock: clk.
module ly_skid #(
    parameter DATA_W = 8
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              s_valid,
    output wire              s_ready,
    input  wire [DATA_W-1:0] s_data,
    output wire              m_valid,
    input  wire              m_ready,
    output wire [DATA_W-1:0] m_data
);

    reg              out_valid_q;    // out_q holds a beat
    reg              skid_valid_q;   // skid_q holds the beat after it; never without out_valid_q
    reg [DATA_W-1:0] out_q;
    reg [DATA_W-1:0] skid_q;

    initial out_valid_q = 1'b0;
    initial skid_valid_q = 1'b0;

    assign s_ready = !skid_valid_q;
    assign m_valid = out_valid_q;
    assign m_data  = out_q;

    wire move_out = m_ready || !out_valid_q;

    always @(posedge clk) begin
        if (s_ready) skid_q <= s_data;
        if (move_out) out_q <= skid_valid_q ? skid_q : s_data;

        if (move_out) begin
            out_valid_q  <= skid_valid_q || s_valid;
            skid_valid_q <= 1'b0;
        end else if (s_ready) begin
            skid_valid_q <= s_valid;
        end

        if (rst) begin
            out_valid_q  <= 1'b0;
            skid_valid_q <= 1'b0;
        end
    end

`ifdef FORMAL
    // Two watched words in order, the usual proof of a queue: if the first is accepted before the
    // second, it leaves before it; and a word inside is one that was put in.
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;

    reg [7:0] f_in_q  = 8'd0;        // beats in and out, modulo 256
    reg [7:0] f_out_q = 8'd0;
    always @(posedge clk) begin
        if (s_valid && s_ready) f_in_q <= f_in_q + 8'd1;
        if (m_valid && m_ready) f_out_q <= f_out_q + 8'd1;
        if (rst) begin
            f_in_q  <= 8'd0;
            f_out_q <= 8'd0;
        end
    end

    (* anyconst *) reg [7:0] f_nr;   // the beat that is watched
    reg [DATA_W-1:0]         f_word_q;
    wire [7:0]               f_held = f_in_q - f_out_q;
    wire [7:0]               f_age  = f_nr - f_out_q;    // 0: at the output
    always @(posedge clk) if (s_valid && s_ready && f_in_q == f_nr) f_word_q <= s_data;

    always @(*) begin
        a_level: assert (f_held == {7'd0, out_valid_q} + {7'd0, skid_valid_q});
        a_order: assert (!skid_valid_q || out_valid_q);
        if (f_age < f_held) begin
            a_out:  assert (f_age != 8'd0 || out_q == f_word_q);
            a_skid: assert (f_age != 8'd1 || skid_q == f_word_q);
        end
        c_full: cover (f_past_q && skid_valid_q);
    end

    always @(posedge clk) if (f_past_q) begin
        if (!$past(rst) && !rst && $past(m_valid && !m_ready)) begin
            a_hold_valid: assert (m_valid);
            a_hold_data:  assert ($stable(m_data));
        end
        c_stream: cover (!rst && $past(m_valid && m_ready, 1) && m_valid && m_ready
                         && f_out_q > 8'd3);
    end
`endif

endmodule
`default_nettype wire
