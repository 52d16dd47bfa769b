`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_fifo - FIFO in one clock, first word falls through, one word in and one out per cycle.
// A word put into an empty FIFO stands at the output 2 cycles later. Holds DEPTH words and, beside
// them, one in the output register. DEPTH is a power of two.
// The memory has a registered read port and no reset, so it becomes block RAM on iCE40 and
// distributed or block RAM on ECP5. Out of ECP5 block RAM (DEPTH x DATA_W of some Kbit) m_data is
// late, 5.5 ns after the clock: follow it with ly_skid.
// Clock: clk.
module ly_fifo #(
    parameter DATA_W = 8,
    parameter DEPTH = 16
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

    localparam ADDR_W = $clog2(DEPTH);

    generate
        if (DEPTH < 2 || DEPTH != (1 << ADDR_W)) begin : g_check
            DEPTH_must_be_a_power_of_two u_error();
        end
    endgenerate

    (* no_rw_check *)                // a word is read at the earliest a cycle after its write
    reg [DATA_W-1:0] mem [0:DEPTH-1];
    reg [ADDR_W:0]   wr_q;           // words written and read, modulo 2 x DEPTH
    reg [ADDR_W:0]   rd_q;
    reg              out_valid_q;
    reg [DATA_W-1:0] out_q;

    initial wr_q = 0;
    initial rd_q = 0;
    initial out_valid_q = 1'b0;

    wire full  = wr_q == {~rd_q[ADDR_W], rd_q[ADDR_W-1:0]};
    wire empty = wr_q == rd_q;
    wire wr_en = s_valid && !full;
    wire fetch = !empty && (m_ready || !out_valid_q);

    assign s_ready = !full;
    assign m_valid = out_valid_q;
    assign m_data  = out_q;

    always @(posedge clk) if (wr_en) mem[wr_q[ADDR_W-1:0]] <= s_data;
    always @(posedge clk) if (fetch) out_q <= mem[rd_q[ADDR_W-1:0]];

    always @(posedge clk) begin
        if (wr_en) wr_q <= wr_q + 1'b1;
        if (fetch) rd_q <= rd_q + 1'b1;
        if (m_ready || !out_valid_q) out_valid_q <= !empty;
        if (rst) begin
            wr_q        <= 0;
            rd_q        <= 0;
            out_valid_q <= 1'b0;
        end
    end

`ifdef FORMAL
    // One watched slot: the word in it, and the order of the two pointers, prove the whole.
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;

    (* anyconst *) reg [ADDR_W:0] f_slot;
    reg [DATA_W-1:0]              f_word_q;
    reg                           f_out_mine_q = 1'b0;   // the output register holds f_word_q
    wire [ADDR_W:0]               f_level = wr_q - rd_q;
    wire [ADDR_W:0]               f_age   = f_slot - rd_q;
    always @(posedge clk) begin
        if (wr_en && wr_q == f_slot) f_word_q <= s_data;
        if (fetch) f_out_mine_q <= rd_q == f_slot;
        if (rst) f_out_mine_q <= 1'b0;
    end

    // The watched word may be overwritten only after it has left the output register.
    always @(*) begin
        a_level: assert (f_level <= DEPTH);
        if (f_age < f_level) a_mem: assert (mem[f_slot[ADDR_W-1:0]] == f_word_q);
        if (f_out_mine_q && out_valid_q && rd_q == f_slot + 1'b1 && !(f_age < f_level))
            a_out: assert (out_q == f_word_q);
        c_full: cover (f_past_q && full && out_valid_q);
    end

    always @(posedge clk) if (f_past_q) begin
        if (!$past(rst) && !rst && $past(m_valid && !m_ready)) begin
            a_hold_valid: assert (m_valid);
            a_hold_data:  assert ($stable(m_data));
        end
        c_wrap: cover (!rst && m_valid && m_ready && rd_q == DEPTH + 2);
    end
`endif

endmodule
`default_nettype wire
