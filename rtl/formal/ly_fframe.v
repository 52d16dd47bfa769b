`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_fframe - proof only: frames on a stream. Counts the bytes moved of the frame in progress
// (o_pos) and says when its last byte has moved (o_done, until i_restart). i_restart: the next byte
// is a first byte (commit, rewind, drop). AGAIN 0: behind the last byte nothing is offered before
// i_restart; 1: the next frame may follow at once. GAPLESS 0: no claim; 1: a byte is always offered
// inside a frame; 2: whenever one is asked for.
// ASSUME_S as in ly_fstream. Clock: clk.
module ly_fframe #(
    parameter integer LEN_W    = 14,
    parameter integer AGAIN    = 0,
    parameter integer GAPLESS  = 0,
    parameter integer ASSUME_S = 0
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             i_valid,
    input  wire             i_ready,
    input  wire             i_last,
    input  wire             i_restart,
    output wire [LEN_W-1:0] o_pos,
    output wire             o_done
);

    reg [LEN_W-1:0] pos_q;
    reg             done_q;
    initial pos_q  = 0;
    initial done_q = 1'b0;

    wire move = i_valid && i_ready;

    always @(posedge clk) begin
        if (move) pos_q <= AGAIN != 0 && i_last ? {LEN_W{1'b0}} : pos_q + 1'b1;
        if (move) done_q <= AGAIN == 0 && i_last;
        if (rst || i_restart) begin
            pos_q  <= 0;
            done_q <= 1'b0;
        end
    end

    assign o_pos  = pos_q;
    assign o_done = done_q;

    wire inside_frame = pos_q != 0 && !done_q && !rst;
    wire ok_gap  = !inside_frame || i_valid || GAPLESS == 0 || (GAPLESS == 2 && !i_ready);
    wire ok_done = !done_q || !i_valid;
    wire ok_size = !(move && &pos_q);               // o_pos does not wrap

`ifdef FORMAL
    generate
        if (ASSUME_S != 0) begin : g_assume
            always @(*) begin
                r_gap:  assume (ok_gap);
                r_done: assume (ok_done);
                r_size: assume (ok_size);
            end
        end else begin : g_assert
            always @(*) begin
                a_gap:  assert (ok_gap);
                a_done: assert (ok_done);
                a_size: assert (ok_size);
            end
        end
    endgenerate
`else
    wire unused = &{ASSUME_S != 0, ok_gap, ok_done, ok_size};
`endif

endmodule
`default_nettype wire
