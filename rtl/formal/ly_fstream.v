`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_fstream - proof only: rule 2 of a stream. An offered beat stays, with its payload, until it
// moves. i_withdraw in a cycle excuses what follows it (a frame being dropped, a reset).
// ASSUME_S 0: asserts, for an output. ASSUME_S 1: assumes, for an input: what the neighbour proves.
// Clock: clk.
module ly_fstream #(
    parameter integer DATA_W   = 8,
    parameter integer ASSUME_S = 0
) (
    input wire              clk,
    input wire              rst,
    input wire              i_valid,
    input wire              i_ready,
    input wire [DATA_W-1:0] i_data,       // and last, err, meta
    input wire              i_withdraw
);

    reg              wait_q;
    reg [DATA_W-1:0] data_q;
    initial wait_q = 1'b0;

    always @(posedge clk) begin
        wait_q <= i_valid && !i_ready && !i_withdraw && !rst;
        data_q <= i_data;
    end

`ifdef FORMAL
    generate
        if (ASSUME_S != 0) begin : g_assume
            always @(*) if (wait_q) begin
                r_valid: assume (i_valid);
                r_data:  assume (i_data == data_q);
            end
        end else begin : g_assert
            always @(*) if (wait_q) begin
                a_valid: assert (i_valid || rst);
                a_data:  assert (i_data == data_q || rst);
            end
        end
    endgenerate
`else
    wire unused = &{ASSUME_S != 0, wait_q, data_q};
`endif

endmodule
`default_nettype wire
