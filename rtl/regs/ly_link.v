`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_link - the link as MAC, PHY side and registers see it: of a board that fixes it (i_fixed) its
// inputs, else what the driver found out by auto-negotiation and wrote into LINK_CTRL. Pause is
// LINK_CTRL's in both cases, and only in full duplex. Combinational.
// Source: rtl/regs/nic.rdl (LINK_CTRL); IEEE 802.3 31B.1 (pause is for full duplex).
module ly_link (
    input  wire        i_fixed,
    input  wire        i_up,
    input  wire        i_fd,
    input  wire [15:0] i_mbit,          // 10, 100 or 1000
    input  wire [5:0]  i_link_ctrl,
    output wire        o_up,
    output wire        o_fd,
    output wire [15:0] o_mbit,
    output wire [1:0]  o_speed,         // 0: 10, 1: 100, 2: 1000 Mbit/s
    output wire        o_pause_tx,
    output wire        o_pause_rx
);

    `include "rtl/regs/ly_regs.vh"

    wire fixed_1000 = i_mbit[9];        // of 10, 100, 1000 no two have the same

    assign o_speed = i_fixed ? {fixed_1000, !fixed_1000 && i_mbit[6]}
                             : i_link_ctrl[LY_LINK_CTRL_SPEED_SHIFT +: 2];
    assign o_mbit  = i_fixed    ? i_mbit
                   : o_speed[1] ? 16'd1000 : o_speed[0] ? 16'd100 : 16'd10;
    assign o_up    = i_fixed ? i_up : i_link_ctrl[LY_LINK_CTRL_UP_BIT];
    assign o_fd    = i_fixed ? i_fd : i_link_ctrl[LY_LINK_CTRL_FULL_DUPLEX_BIT];
    assign o_pause_tx = i_link_ctrl[LY_LINK_CTRL_PAUSE_TX_BIT] && o_fd;
    assign o_pause_rx = i_link_ctrl[LY_LINK_CTRL_PAUSE_RX_BIT] && o_fd;

`ifdef FORMAL
    // 3 is no speed that the driver writes.
    wire f_known = i_fixed ? i_mbit == 16'd10 || i_mbit == 16'd100 || i_mbit == 16'd1000
                           : i_link_ctrl[LY_LINK_CTRL_SPEED_SHIFT +: 2] != 2'd3;
    always @(*) begin
        a_fixed: assert (!i_fixed || {o_up, o_fd, o_mbit} == {i_up, i_fd, i_mbit});
        a_found: assert (i_fixed || {o_speed, o_fd, o_up} == i_link_ctrl[3:0]);
        a_speed: assert (!f_known || (o_speed == 2'd2 ? o_mbit == 16'd1000
                                    : o_speed == 2'd1 ? o_mbit == 16'd100
                                    : o_speed == 2'd0 && o_mbit == 16'd10));
        a_pause: assert ({o_pause_rx, o_pause_tx} == (o_fd ? i_link_ctrl[5:4] : 2'b00));
        c_pause: cover (f_known && i_fixed && o_pause_rx && o_speed == 2'd1);
    end
`endif

endmodule
`default_nettype wire
