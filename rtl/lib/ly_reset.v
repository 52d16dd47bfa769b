`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_reset - one clock domain's reset from an asynchronous request.
// o_rst is synchronous and active high: it rises 3 or 4 cycles after i_rst_async and falls 6 or 7
// after it, so it is at least 4 cycles long; it is also high from power-up. A request must last
// four cycles of the slowest domain, so that all are in reset together, as ly_fifo_async wants it.
// Nothing here is asynchronous: a domain whose clock stands still is reset when the clock comes
// back while the request is still there.
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

`ifdef FORMAL
    reg [2:0] f_high_q = 3'd0;       // cycles for which o_rst has been high before, at most 4
    reg [2:0] f_age_q  = 3'd0;       // cycles since the start, at most 4
    reg [3:0] f_req_q  = 4'hF;       // the request in the last four cycles, newest in bit 0
    always @(posedge clk) begin
        f_high_q <= !o_rst ? 3'd0 : f_high_q + {2'd0, f_high_q != 3'd4};
        f_age_q  <= f_age_q + {2'd0, f_age_q != 3'd4};
        f_req_q  <= {f_req_q[2:0], i_rst_async};
    end

    always @(*) begin
        a_start: assert (f_age_q == 3'd4 || o_rst);
        a_four:  assert (o_rst || f_high_q == 3'd0 || f_high_q == 3'd4);
        a_rise:  assert (!f_req_q[2] || o_rst);
        a_held:  assert (hold_q == 4'hF || hold_q == 4'hE || hold_q == 4'hC || hold_q == 4'h8
                         || hold_q == 4'h0);
        a_count: assert (hold_q[3] == o_rst && (!hold_q[3] || {1'b0, f_high_q} + hold_q[0]
                         + hold_q[1] + hold_q[2] >= 4'd3));
        c_falls: cover (f_age_q == 3'd4 && !o_rst && f_high_q != 3'd0);
    end
`endif

endmodule
`default_nettype wire
