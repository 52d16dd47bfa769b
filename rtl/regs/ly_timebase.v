`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_timebase - the one clock of the core: cycles since reset, 64 bits.
// o_time is whole in every cycle: the high half counts on a register that foresees the wrap of the
// low half, so no carry runs through both (a plain 64-bit counter stops at 38 MHz on UP5K).
// i_skip_stb (simulation's top only, else tied to 0) adds i_skip_cycles in that cycle, besides the
// 1 of the cycle itself. Timers count changes of o_time[12]: that tick comes every 4096 cycles, so
// skipping is exact as long as no boundary lies inside. o_deadline: cycles until o_time[12]
// changes (1: with the next edge) while i_armed, else all ones. Clock: clk.
module ly_timebase (
    input  wire        clk,
    input  wire        rst,
    input  wire        i_armed,         // some timer runs
    input  wire        i_skip_stb,
    input  wire [63:0] i_skip_cycles,
    output wire [63:0] o_time,
    output wire [31:0] o_deadline
);

    localparam [12:0] TICK_CYCLES = 13'd4096;

    reg [31:0] lo_q, hi_q;
    reg        wrap_q;                  // lo_q is all ones
    initial lo_q   = 32'd0;
    initial hi_q   = 32'd0;
    initial wrap_q = 1'b0;

    wire [63:0] skipped = {hi_q, lo_q} + i_skip_cycles + 64'd1;

    always @(posedge clk) begin
        lo_q   <= lo_q + 32'd1;
        hi_q   <= hi_q + {31'd0, wrap_q};
        wrap_q <= lo_q == 32'hFFFF_FFFE;
        if (i_skip_stb) begin
            {hi_q, lo_q} <= skipped;
            wrap_q       <= &skipped[31:0];
        end
        if (rst) begin
            lo_q   <= 32'd0;
            hi_q   <= 32'd0;
            wrap_q <= 1'b0;
        end
    end

    assign o_time     = {hi_q, lo_q};
    assign o_deadline = i_armed ? {19'd0, TICK_CYCLES - {1'b0, lo_q[11:0]}} : 32'hFFFF_FFFF;

`ifdef FORMAL_ALONE
    // A plain counter; the deadline is where bit 12 changes next, not before and not after.
    reg  [63:0] f_time_q = 64'd0;
    wire [63:0] f_due    = o_time + {32'd0, o_deadline};
    always @(posedge clk)
        if (rst) f_time_q <= 64'd0;
        else     f_time_q <= f_time_q + 64'd1 + (i_skip_stb ? i_skip_cycles : 64'd0);
    always @(*) begin
        a_time: assert (o_time == f_time_q);
        a_wrap: assert (wrap_q == &lo_q);
        if (i_armed) a_due:  assert (f_due[11:0] == 12'd0 && o_deadline != 32'd0
                                     && f_due[63:12] == o_time[63:12] + 52'd1);
        else         a_none: assert (o_deadline == 32'hFFFF_FFFF);
        c_carry: cover (hi_q != 32'd0 && lo_q == 32'd0 && !wrap_q);
        c_tick:  cover (i_armed && o_deadline == 32'd1);
    end
`endif

endmodule
`default_nettype wire
