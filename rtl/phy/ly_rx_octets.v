`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_rx_octets - carrier events of GMII or MII, as RX_DV, RX_ER and RXD, to the core's octets.
// What lies between rise and fall of i_dv, and one end mark, goes through ly_rx_cross; the idle
// line never does. Nibbles: the SFD finds the octets among them, before it they are pairs from the
// start; one left over at the end gives o_rx_odd with the end mark, and its i_er is o_rx_er there.
// i_nib may change at any time: it is taken up between two events.
// Latency: that of ly_rx_cross; an octet enters it in the cycle of its last nibble.
// Clocks: rx_clk for rst_rx, i_dv, i_er, i_data; clk for rst, o_*; i_nib is any clock's register.
// Source: IEEE 802.3 22.2.3, 35.2.2.
module ly_rx_octets (
    input  wire       i_nib,         // nibbles, in i_data[3:0]
    input  wire       rx_clk,
    input  wire       rst_rx,
    input  wire       i_dv,          // 0 in reset
    input  wire       i_er,
    input  wire [7:0] i_data,

    input  wire       clk,
    input  wire       rst,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_rx_odd
);

    reg       dv_q;                  // in the cycle before
    reg       nib_q;
    reg       odd_q;                 // a nibble waits for the high one
    reg       pre_q;                 // no SFD so far
    reg       er_last_q;
    reg [3:0] last_q;                // the nibble before
    initial dv_q  = 1'b0;
    initial nib_q = 1'b0;
    initial odd_q = 1'b0;

    wire       want_nib;
    wire [3:0] nibble = i_data[3:0];
    wire       sfd    = pre_q && last_q == 4'h5 && nibble == 4'hD;
    wire       whole  = !nib_q || odd_q || sfd;

    ly_sync #(.WIDTH(1)) u_sync_nib (.clk(rx_clk), .i_d(i_nib), .o_q(want_nib));

    always @(posedge rx_clk) begin
        dv_q <= i_dv;
        if (!i_dv && !dv_q) nib_q <= want_nib;
        odd_q     <= i_dv && !whole;
        er_last_q <= i_er;
        last_q    <= i_dv ? nibble : 4'd0;
        pre_q     <= !i_dv || (pre_q && !sfd);
    end

    wire       stb    = i_dv && whole;
    wire       over   = dv_q && !i_dv;
    wire       er_odd = odd_q && er_last_q;
    wire       er     = i_er || er_odd;
    wire [7:0] octet  = nib_q ? {nibble, last_q} : i_data;

    ly_rx_cross u_cross (
        .rx_clk(rx_clk), .rst_rx(rst_rx), .i_stb(stb), .i_data(octet), .i_er(er),
        .i_end(over), .i_odd(odd_q), .i_end_er(er_odd),
        .clk(clk), .rst(rst), .o_rx_stb(o_rx_stb), .o_rx_data(o_rx_data), .o_rx_dv(o_rx_dv),
        .o_rx_er(o_rx_er), .o_rx_odd(o_rx_odd));

`ifdef FORMAL
    // The wire retold: the place in the octet, which the SFD sets, and what waits for an octet.
    reg       f_dv_q   = 1'b0;
    reg       f_nib_q  = 1'b0;
    reg       f_sfd_q  = 1'b0;       // it has been in this event
    reg       f_half_q = 1'b0;       // a low nibble waits
    reg       f_er_q   = 1'b0;       // it had RX_ER
    reg       f_any_q  = 1'b0;       // there is a nibble before in this event
    reg [3:0] f_low_q;               // it
    wire      f_sfd = nib_q && !f_sfd_q && f_any_q && f_low_q == 4'h5 && nibble == 4'hD;
    wire      f_last = !nib_q || f_half_q || f_sfd;          // the last nibble of an octet
    always @(posedge rx_clk) begin
        f_dv_q   <= i_dv;
        f_nib_q  <= nib_q;
        f_any_q  <= i_dv;
        f_low_q  <= nibble;
        f_sfd_q  <= i_dv && (f_sfd_q || f_sfd);
        f_half_q <= i_dv && !f_last;
        f_er_q   <= i_dv && !f_last && i_er;
    end

    always @(*) begin
        r_rst:   assume (!rst && !rst_rx);
        a_state: assert (dv_q == f_dv_q && odd_q == f_half_q && er_odd == f_er_q);
        a_last:  assert (!dv_q || (f_any_q && last_q == f_low_q));
        a_first: assert (dv_q == f_any_q && (dv_q || !(f_sfd_q || f_half_q)));
        a_pre:   assert (!nib_q || (dv_q ? pre_q == !f_sfd_q : pre_q && last_q == 4'd0));
        a_width: assert (!dv_q || nib_q == f_nib_q);
        a_end:   assert (over == (f_dv_q && !i_dv));
        a_stb:   assert (stb == (i_dv && f_last));
        if (stb) begin
            a_er:    assert (er == (i_er || f_er_q));
            a_octet: assert (octet == (nib_q ? {nibble, f_low_q} : i_data));
        end
`ifndef FORMAL_PHY
        c_octet: cover (o_rx_stb && o_rx_dv && o_rx_data == 8'hA6 && !o_rx_er && f_sfd_q && nib_q);
        c_odd:   cover (o_rx_stb && !o_rx_dv && o_rx_odd && !o_rx_er);
        c_er:    cover (o_rx_stb && o_rx_odd && o_rx_er);
        c_wide:  cover (over && !nib_q);
`endif
    end
`endif

endmodule
`default_nettype wire
