`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_filter - is this frame for us? Watches m_rx of ly_mac_rx and compares its first six bytes.
// Accepts the own address, broadcast and, with i_promisc, everything. o_accept is right from the
// cycle after the sixth byte until 6 cycles after the last beat, however soon the next frame comes;
// for frames of less than seven bytes it means nothing (they are runts, and bad anyway).
// i_promisc acts at once; i_mac must not change inside a frame. Clock: clk.
// Source: IEEE 802.3 3.2.4, 4.2.9 (recognition of the destination address).
module ly_filter (
    input  wire        clk,
    input  wire        rst,
    input  wire        s_rx_valid,
    input  wire [7:0]  s_rx_data,
    input  wire        s_rx_last,
    input  wire [47:0] i_mac,        // bits 7:0 go first on the wire
    input  wire        i_promisc,
    output wire        o_accept
);

    reg [5:0] pos_q;                 // one bit: which address byte comes next; none after the sixth
    reg       mine_q;                // all of them so far equal to i_mac
    reg       bcast_q;               // all of them so far FF
    initial pos_q = 6'd1;

    reg [7:0] want;                  // AND and OR: the smallest of the ways tried
    integer   k;
    always @(*) begin
        want = 8'd0;
        for (k = 0; k < 6; k = k + 1) want = want | ({8{pos_q[k]}} & i_mac[8*k +: 8]);
    end

    always @(posedge clk) begin
        if (s_rx_valid && |pos_q) begin
            mine_q  <= (pos_q[0] || mine_q) && s_rx_data == want;
            bcast_q <= (pos_q[0] || bcast_q) && s_rx_data == 8'hFF;
        end
        if (rst || (s_rx_valid && s_rx_last)) pos_q <= 6'd1;
        else if (s_rx_valid) pos_q <= {pos_q[4:0], 1'b0};
    end

    assign o_accept = i_promisc || mine_q || bcast_q;

endmodule
`default_nettype wire
