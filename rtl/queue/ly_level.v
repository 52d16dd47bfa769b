`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_level - is a queue nearly full? o_full rises at the cycle after i_level reaches DEPTH_BYTES
// less ROOM_BYTES (in steps of 256, rounded down), and falls when three quarters are free again.
// ROOM_BYTES is what still comes after the other side was asked to stop. Clock: clk.
// Source: IEEE 802.3 31B.3.7 (how long a station that is asked to stop goes on).
module ly_level #(
    parameter integer DEPTH_BYTES = 32768,      // a power of two, at least 1024
    parameter integer ROOM_BYTES  = 3588
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire [$clog2(DEPTH_BYTES):0] i_level,    // bytes
    output wire                         o_full
);

    localparam integer W    = $clog2(DEPTH_BYTES);
    localparam integer XOFF = DEPTH_BYTES - ROOM_BYTES;

    reg full_q;
    initial full_q = 1'b0;

    always @(posedge clk) begin
        if (i_level[W:8] >= XOFF[W:8]) full_q <= 1'b1;
        else if (i_level[W:W-2] == 3'd0) full_q <= 1'b0;
        if (rst) full_q <= 1'b0;
    end

    wire unused = &{1'b0, i_level[7:0]};
    assign o_full = full_q;

endmodule
`default_nettype wire
