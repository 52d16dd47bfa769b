`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_sync - two-flip-flop synchroniser, one per bit.
// Latency: 2 cycles of clk. Each bit crosses on its own: a word may only cross where at most one
// bit changes at a time (Gray code), or where the source holds it and a flag tells when to look.
// Simulation: when an input bit has changed since the last edge, the first flip-flop takes the new
// or the old value at random, so each change arrives 2 or 3 cycles later: what metastability does
// at worst. Random bits come from an xorshift that steps only on such changes.
// Clock: clk. No reset; both flip-flops start as INIT.
module ly_sync #(
    parameter WIDTH = 1,
    parameter [WIDTH-1:0] INIT = 0
) (
    input  wire             clk,
    input  wire [WIDTH-1:0] i_d,
    output wire [WIDTH-1:0] o_q
);

    generate
        if (WIDTH < 1 || WIDTH > 32) begin : g_check
            WIDTH_must_be_1_to_32 u_error();
        end
    endgenerate

    reg [WIDTH-1:0] meta_q;
    reg [WIDTH-1:0] sync_q;

    initial meta_q = INIT;
    initial sync_q = INIT;

    assign o_q = sync_q;

    always @(posedge clk) sync_q <= meta_q;

`ifdef SYNTHESIS
    always @(posedge clk) meta_q <= i_d;
`elsif FORMAL
    always @(posedge clk) meta_q <= i_d;
`else
    reg [WIDTH-1:0] seen_q;          // what the input was at the last edge
    reg [31:0]      rnd_q;           // generator state; 0 is mapped away by next_rnd()
    initial seen_q = INIT;

    // In Verilator rnd_q keeps its random initial value, which differs from model to model and
    // from instance to instance. Elsewhere the seed is +ly_seed=N mixed with the instance's name.
`ifndef VERILATOR
    reg [31:0]  sim_seed;
    reg [511:0] sim_name;
    integer     sim_i;
    initial begin
        sim_seed = 32'd1;
        if (!$value$plusargs("ly_seed=%d", sim_seed)) sim_seed = 32'd1;
        $sformat(sim_name, "%m");
        rnd_q = sim_seed ^ 32'h9E37_79B9;
        for (sim_i = 0; sim_i < 64; sim_i = sim_i + 1)
            rnd_q = next_rnd(rnd_q ^ {24'd0, sim_name[8*sim_i +: 8]});
    end
`endif

    // xorshift32, shifts 13 17 5 (Marsaglia 2003).
    function [31:0] next_rnd(input [31:0] state);
        reg [31:0] x;
        begin
            x = state == 32'd0 ? 32'h6C07_8965 : state;
            x = x ^ (x << 13);
            x = x ^ (x >> 17);
            next_rnd = x ^ (x << 5);
        end
    endfunction

    always @(posedge clk) begin
        meta_q <= i_d;
        if (i_d != seen_q) begin
            meta_q <= (i_d & rnd_q[31 -: WIDTH]) | (seen_q & ~rnd_q[31 -: WIDTH]);
            rnd_q  <= next_rnd(rnd_q);
            seen_q <= i_d;
        end
    end
`endif

`ifdef FORMAL_ALONE
    // What was there two edges before, INIT until then: nothing is lost, made up or reordered.
    reg [WIDTH-1:0] f_1_q, f_2_q;
    initial {f_1_q, f_2_q} = {INIT, INIT};
    always @(posedge clk) {f_1_q, f_2_q} <= {i_d, f_1_q};
    always @(*) begin
        a_meta: assert (meta_q == f_1_q);
        a_sync: assert (o_q == f_2_q);
        c_all:  cover (o_q == ~INIT);
    end
`endif

endmodule
`default_nettype wire
