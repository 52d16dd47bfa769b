`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_reset - one clock domain's reset from an asynchronous request.
// o_rst is synchronous and active high: it rises 3 or 4 cycles after i_rst_async and falls 6 or 7
// after it, so it is at least 4 cycles long; it is also high from power-up. A request must last two
// cycles of the slowest domain: nothing here is asynchronous, and a domain whose clock stands
// still is reset when the clock comes back while the request is still there.
// Clock: clk.
module ly_reset (
    input  wire clk,
    input  wire i_rst_async,
    output wire o_rst
);

    wire      req;
    reg [3:0] hold_q;
    initial hold_q = 4'hF;

    ly_sync #(.WIDTH(1), .INIT(1'b1)) u_sync (.clk(clk), .i_d(i_rst_async), .o_q(req));

    always @(posedge clk) hold_q <= req ? 4'hF : {hold_q[2:0], 1'b0};

    assign o_rst = hold_q[3];

endmodule
`default_nettype wire
