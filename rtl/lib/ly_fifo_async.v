`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_fifo_async - FIFO from one clock to another, first word falls through.
// A word stands at the output 4 or 5 read cycles after its write; a slot is free again 3 or 4 write
// cycles after its read. So DEPTH 16 carries one word per cycle of the slower clock without a
// pause, 4 about half of that. Holds DEPTH words (a power of two) and one in the output register.
// Pointers are Gray counters that cross by ly_sync; the memory is written by one clock and read by
// the other through a registered port, without reset: block RAM or distributed RAM.
// Both sides must be in reset together (one ly_reset each from the same request) while any is.
// Clocks: wr_clk for wr_*, s_*; rd_clk for rd_*, m_*.
module ly_fifo_async #(
    parameter DATA_W = 8,
    parameter DEPTH = 16
) (
    input  wire              wr_clk,
    input  wire              wr_rst,
    input  wire              s_valid,
    output wire              s_ready,
    input  wire [DATA_W-1:0] s_data,
    output wire              o_drained,  // all words have reached the output register

    input  wire              rd_clk,
    input  wire              rd_rst,
    output wire              m_valid,
    input  wire              m_ready,
    output wire [DATA_W-1:0] m_data
);

    localparam ADDR_W = $clog2(DEPTH);

    generate
        if (DEPTH < 4 || DEPTH != (1 << ADDR_W)) begin : g_check
            DEPTH_must_be_a_power_of_two u_error();
        end
    endgenerate

    // Next value of a Gray counter: with even parity bit 0 changes, else the bit left of the
    // lowest one (the top bit after 10...0).
    function [ADDR_W:0] gray_next(input [ADDR_W:0] g);
        integer k;
        reg     done;
        begin
            gray_next = g;
            done = 1'b0;
            if (!(^g)) gray_next[0] = !g[0];
            else for (k = 0; k < ADDR_W; k = k + 1)
                if (!done && (g[k] || k == ADDR_W - 1)) begin
                    gray_next[k+1] = !g[k+1];
                    done = 1'b1;
                end
        end
    endfunction

    // The slot of a pointer: the lower bits of the number in Gray code.
    function [ADDR_W-1:0] slot(input [ADDR_W:0] g);
        slot = {g[ADDR_W] ^ g[ADDR_W-1], g[ADDR_W-2:0]};
    endfunction

    (* no_rw_check *)                // a slot is never read and written at once
    reg [DATA_W-1:0] mem [0:DEPTH-1];
    reg [ADDR_W:0]   wr_q;           // Gray, modulo 2 x DEPTH
    reg [ADDR_W:0]   rd_q;
    reg              out_valid_q;
    reg [DATA_W-1:0] out_q;
    wire [ADDR_W:0]  wr_seen;        // wr_q as rd_clk knows it
    wire [ADDR_W:0]  rd_seen;        // rd_q as wr_clk knows it

    initial wr_q = 0;
    initial rd_q = 0;
    initial out_valid_q = 1'b0;

    ly_sync #(.WIDTH(ADDR_W + 1)) u_sync_wr (.clk(rd_clk), .i_d(wr_q), .o_q(wr_seen));
    ly_sync #(.WIDTH(ADDR_W + 1)) u_sync_rd (.clk(wr_clk), .i_d(rd_q), .o_q(rd_seen));

    // DEPTH words ahead of the reader: in Gray code the two top bits differ, the rest is equal.
    wire full  = wr_q == {~rd_seen[ADDR_W -: 2], rd_seen[ADDR_W-2:0]};
    wire wr_en = s_valid && !full;
    wire empty = rd_q == wr_seen;
    wire fetch = !empty && (m_ready || !out_valid_q);

    assign s_ready = !full;
    assign o_drained = wr_q == rd_seen;
    assign m_valid = out_valid_q;
    assign m_data  = out_q;

    always @(posedge wr_clk) if (wr_en) mem[slot(wr_q)] <= s_data;
    always @(posedge rd_clk) if (fetch) out_q <= mem[slot(rd_q)];

    always @(posedge wr_clk) begin
        if (wr_en) wr_q <= gray_next(wr_q);
        if (wr_rst) wr_q <= 0;
    end

    always @(posedge rd_clk) begin
        if (fetch) rd_q <= gray_next(rd_q);
        if (m_ready || !out_valid_q) out_valid_q <= !empty;
        if (rd_rst) begin
            rd_q        <= 0;
            out_valid_q <= 1'b0;
        end
    end

`ifdef FORMAL
    // Two free clocks (clk2fflogic). One watched place in the order of words, and the level.
    function [ADDR_W:0] f_number(input [ADDR_W:0] g);
        integer k;
        begin
            f_number = g;
            for (k = ADDR_W - 1; k >= 0; k = k - 1) f_number[k] = f_number[k+1] ^ g[k];
        end
    endfunction

    // The same flip-flops as the first ones of the synchronisers: yosys merges them.
    reg [ADDR_W:0] f_wr_meta_q = 0;
    reg [ADDR_W:0] f_rd_meta_q = 0;
    always @(posedge rd_clk) f_wr_meta_q <= wr_q;
    always @(posedge wr_clk) f_rd_meta_q <= rd_q;

    // Every pointer and what is known of it, in the order in which they follow one another.
    wire [ADDR_W:0] f_steps [0:4];
    assign f_steps[0] = f_number(f_rd_meta_q) - f_number(rd_seen);
    assign f_steps[1] = f_number(rd_q)        - f_number(f_rd_meta_q);
    assign f_steps[2] = f_number(wr_seen)     - f_number(rd_q);
    assign f_steps[3] = f_number(f_wr_meta_q) - f_number(wr_seen);
    assign f_steps[4] = f_number(wr_q)        - f_number(f_wr_meta_q);
    wire [ADDR_W+3:0] f_span = f_steps[0] + f_steps[1] + f_steps[2] + f_steps[3] + f_steps[4];

    (* anyconst *) reg [ADDR_W:0] f_place;               // one word is watched
    reg [DATA_W-1:0]              f_word_q;
    wire [ADDR_W:0]               f_level = f_number(wr_q) - f_number(rd_q);
    wire [ADDR_W:0]               f_age   = f_number(f_place) - f_number(rd_q);
    reg                           f_out_q = 1'b0;        // it is the one in the output register
    always @(posedge wr_clk) if (wr_en && wr_q == f_place) f_word_q <= s_data;
    always @(posedge rd_clk) if (fetch) f_out_q <= rd_q == f_place;

    reg              f_wait_q = 1'b0;                    // a word was offered and not taken
    reg [DATA_W-1:0] f_held_q;                           // it
    always @(posedge rd_clk) {f_wait_q, f_held_q} <= {m_valid && !m_ready, m_data};

    always @(*) begin
        r_rst:   assume (!wr_rst && !rd_rst);            // the initial state is that of a reset
        a_order: assert (f_span <= DEPTH);
        a_level: assert (f_level <= DEPTH);
        if (f_age < f_level)
            a_word: assert (mem[slot(f_place)] == f_word_q);
        if (f_out_q) begin
            a_place: assert (f_number(rd_q) == f_number(f_place) + 1'b1);
            a_out:   assert (out_q == f_word_q);
        end
        a_hold:  assert (!f_wait_q || (m_valid && m_data == f_held_q));
`ifndef FORMAL_INSIDE
        c_full:  cover (full && out_valid_q);
        c_wrap:  cover (out_valid_q && f_number(rd_q) == DEPTH + 1);
`endif
`ifdef FORMAL_PLANT
        a_plant: assert (f_level != 3);                  // false: the check of the check
`endif
    end

`ifdef FORMAL_ELASTIC
`ifdef FORMAL_LATE
    localparam F_LATE = 1;                               // run.py cuts wr_seen and rd_seen free
`else
    localparam F_LATE = 0;
`endif
    ly_felastic #(.W(ADDR_W + 1), .LATE(F_LATE)) f_elastic (
        .wr_clk(wr_clk), .rd_clk(rd_clk), .i_put(s_valid),
        .i_wr(f_number(wr_q)), .i_rd(f_number(rd_q)),
        .i_wr_meta(f_number(f_wr_meta_q)), .i_rd_meta(f_number(f_rd_meta_q)),
        .i_wr_seen(f_number(wr_seen)), .i_rd_seen(f_number(rd_seen)));
`endif
`endif

endmodule
`default_nettype wire
