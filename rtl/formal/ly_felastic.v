`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_felastic - proof only: how full ly_fifo_async gets where one word at most comes in a cycle of
// wr_clk, one is taken in every cycle of rd_clk, and the clocks are as fast as each other but for
// PPM each. Assumed: from one edge of a clock to its next lies the nominal period give or take
// PPM, and an edge is where that has it give or take JITTER; words come in events of at most EVENT
// cycles, with holes or without, and between two lie GAP cycles or more. The unit of time is the
// nominal period / NOMINAL.
// What carries the induction: words less read edges (a bucket that never falls below 0) rise by
// one only as time does, but for 2 x PPM of it; and the reader is that bucket, two edges late.
// LATE 1: what crosses a clock may be seen an edge later, each time anew, as ly_sync's model of
// metastability in simulation has it. Clocks: wr_clk, rd_clk, and steps of the proof.
module ly_felastic #(
    parameter integer W      = 5,        // of the pointers
    parameter integer EVENT  = 9039,     // preamble, 9018 octets of a frame and more, end mark
    parameter integer GAP    = 3,
    parameter integer PPM    = 8,        // 100 millionths of NOMINAL
    parameter integer JITTER = 4000,     // a twentieth of a period
    parameter integer LATE   = 0
) (
    input wire         wr_clk,
    input wire         rd_clk,
    input wire         i_put,
    input wire [W-1:0] i_wr,             // pointers as numbers
    input wire [W-1:0] i_rd,
    input wire [W-1:0] i_wr_meta,        // as the other clock knew them an edge ago,
    input wire [W-1:0] i_rd_meta,
    input wire [W-1:0] i_wr_seen,        // and two; with LATE: free
    input wire [W-1:0] i_rd_seen
);

`ifdef FORMAL
    localparam integer NOMINAL = 80000;
    localparam integer LONG    = NOMINAL + PPM;
    localparam integer SHORT   = NOMINAL - PPM;
    localparam integer LEVEL   = LATE != 0 ? 6 : 5;

    // Edges, as the flip-flops of each clock see them.
    (* gclk *) reg step;
    reg wr_edge_q = 1'b0, rd_edge_q = 1'b0, wr_known_q = 1'b0, rd_known_q = 1'b0, first_q = 1'b1;
    always @(posedge wr_clk) wr_edge_q <= !wr_edge_q;
    always @(posedge rd_clk) rd_edge_q <= !rd_edge_q;
    always @(posedge step) {wr_known_q, rd_known_q, first_q} <= {wr_edge_q, rd_edge_q, 1'b0};
    wire wr_edge = wr_edge_q != wr_known_q;
    wire rd_edge = rd_edge_q != rd_known_q;

    // The time from the next edge of wr_clk to that of rd_clk; any at the start.
    (* anyseq *) reg [5:0] wr_more, rd_more;
    reg signed [23:0] ahead_q;
    wire signed [23:0] ahead = ahead_q + (rd_edge ? SHORT + $signed({1'b0, rd_more}) : 0)
                                       - (wr_edge ? SHORT + $signed({1'b0, wr_more}) : 0);
    always @(posedge step) ahead_q <= ahead;
    always @(*) begin
        r_ppm:   assume (wr_more <= 2 * PPM && rd_more <= 2 * PPM);
        r_start: assume (!first_q || (ahead_q <= LONG && ahead_q >= -LONG));
        r_wr:    assume (!wr_edge || ahead_q >= -JITTER);
        r_rd:    assume (!rd_edge || ahead_q <= JITTER);
        a_ahead: assert (ahead <= LONG + JITTER && ahead >= -LONG - JITTER);
    end

    // Events.
    reg [15:0] cycles_q = 0;             // of this event and what is behind it
    reg [2:0]  quiet_q = GAP;            // cycles without a word, at most GAP
    wire       fresh = quiet_q == GAP;
    always @(posedge wr_clk) begin
        quiet_q <= i_put ? 3'd0 : quiet_q + !fresh;
        if (!fresh || i_put) cycles_q <= fresh ? 16'd1 : cycles_q + 16'd1;
    end
    always @(*) begin
        r_event:  assume (!i_put || fresh || cycles_q < EVENT);
        a_cycles: assert (cycles_q <= EVENT + quiet_q && quiet_q <= GAP);
    end

    // The pointer as it was at the last three edges of rd_clk, and the bucket just before each.
    reg [W-1:0] wr_1_q = 0, wr_2_q = 0, wr_3_q = 0;
    reg [W-1:0] full_1_q = 0, full_2_q = 0, full_3_q = 0;
    wire [W-1:0] left_1 = full_1_q - (full_1_q != 0);
    wire [W-1:0] left_2 = full_2_q - (full_2_q != 0);
    wire [W-1:0] left_3 = full_3_q - (full_3_q != 0);
    wire [W-1:0] new_1  = i_wr - wr_1_q;         // words since the edge before, and so on
    wire [W-1:0] new_2  = wr_1_q - wr_2_q;
    wire [W-1:0] new_3  = wr_2_q - wr_3_q;
    wire [W-1:0] full   = left_1 + new_1;
    always @(posedge rd_clk) begin
        {wr_1_q, wr_2_q, wr_3_q}       <= {i_wr, wr_1_q, wr_2_q};
        {full_1_q, full_2_q, full_3_q} <= {full, full_1_q, full_2_q};
    end
    wire signed [23:0] sum  = $signed({1'b0, full}) * LONG + ahead;
    wire signed [23:0] most = LONG + JITTER + 2 * PPM * $signed({1'b0, cycles_q})
                            - LONG * $signed({1'b0, quiet_q});
    wire [W-1:0] level = i_wr - i_rd;
    always @(*) begin
        if (full != 0) a_time: assert (sum <= most);
        a_full:  assert (full <= 3 && full_1_q <= 3 && full_2_q <= 3 && full_3_q <= 3);
        a_new:   assert (new_1 <= full && new_2 <= full_1_q && new_3 <= full_2_q);
        a_words: assert (full_1_q == left_2 + new_2 && full_2_q == left_3 + new_3);
        if (LATE != 0) begin
            r_late:   assume (i_wr_seen == wr_2_q || i_wr_seen == wr_3_q);
            a_reader: assert (wr_3_q - i_rd <= full_3_q);
        end else begin
            a_reader: assert (wr_2_q - i_rd == full_2_q);
        end
        a_level: assert (level <= LEVEL);
    end

    // What the writer knows of the reader: edges of rd_clk since those of wr_clk.
    reg [2:0] reads_q = 0, known_q = 0;
    wire [2:0] since = reads_q - known_q;
    reg [W-1:0] rd_1_q = 0, rd_2_q = 0, rd_3_q = 0;
    wire [W-1:0] rd_0_1 = i_rd - rd_1_q;
    wire [W-1:0] rd_1_2 = rd_1_q - rd_2_q;
    wire [W-1:0] rd_2_3 = rd_2_q - rd_3_q;
    wire [W-1:0] taken  = i_wr - i_rd_seen;      // places, as the writer knows it
    always @(posedge rd_clk) reads_q <= reads_q + 3'd1;
    always @(posedge wr_clk) {known_q, rd_1_q, rd_2_q, rd_3_q} <= {reads_q, i_rd, rd_1_q, rd_2_q};
    always @(*) begin
        a_since: assert (since <= 2 && ahead + LONG + JITTER >= $signed({1'b0, since}) * SHORT);
        a_read:  assert (rd_0_1 <= since && rd_1_2 <= 2 && rd_2_3 <= 2);
        if (LATE != 0)
            r_late_rd: assume (i_rd_seen == rd_2_q || i_rd_seen == rd_3_q);
        else
            a_seen:    assert (i_rd_seen == rd_2_q && i_wr_seen == wr_2_q);
        a_meta:  assert (i_rd_meta == rd_1_q && i_wr_meta == wr_1_q);
        a_fits:  assert (taken <= LEVEL + 6);
        c_level: cover (level == LEVEL - 1 && cycles_q == 12 && !quiet_q);
    end
`endif

endmodule
`default_nettype wire
