`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_filter - is this frame for us? Judges all of the address in one cycle, at the second beat of
// m_rx of ly_mac_rx: six octets are known by then, and so is their CRC. Every setting is looked at
// in that cycle alone and may change in any: a frame is judged by one setting, old or new.
// Accepts the own address, broadcast, groups whose bit in i_hash is set, with i_allmulti every
// group, with i_promisc everything; but a pause frame (i_pause) only with i_pass_pause.
// Bit of a group: ether_crc(6, address) >> 26 of Linux, that is bits 31:26 of the CRC register of
// 802.3 3.2.9, not complemented; the reflected register holds them in 0 to 5, bit 0 the highest.
// o_accept is right with s_rx_last and means nothing for frames of less than seven octets.
// Clock: clk. Source: IEEE 802.3 3.2.4, 4.2.9 (recognition of the address), 31B.3.2 (pause).
module ly_filter (
    input  wire        clk,
    input  wire        rst,
    input  wire        s_rx_valid,
    input  wire [7:0]  s_rx_data,
    input  wire        s_rx_last,
    input  wire [31:0] i_line,       // with the second beat: octets 2 to 5, octet 2 on top
    input  wire [5:0]  i_crc,        // likewise: bits 5:0 of the FCS register, 6 octets are in it
    input  wire        i_mcast,      // likewise: a group; all octets FF
    input  wire        i_bcast,
    input  wire        i_pause,      // with s_rx_last: this is a pause frame
    input  wire [47:0] i_mac,        // bits 7:0 go first on the wire
    input  wire [63:0] i_hash,
    input  wire        i_promisc,
    input  wire        i_allmulti,
    input  wire        i_pass_pause,
    output wire        o_own,        // from the third beat on: it is the own address
    output wire        o_accept
);

    reg       first_q, second_q;     // which beat comes next
    reg [7:0] octet0_q;
    reg [23:0] same_q;               // of the own address, two bits each
    reg       open_q, group_q, hash_q, pass_q;
    initial first_q  = 1'b1;
    initial second_q = 1'b0;

    wire [47:0] address = {i_line[7:0], i_line[15:8], i_line[23:16], i_line[31:24],
                           s_rx_data, octet0_q};
    wire [5:0]  index   = {i_crc[0], i_crc[1], i_crc[2], i_crc[3], i_crc[4], i_crc[5]};

    // The parts are put together behind the registers: that keeps them small.
    integer k;
    always @(posedge clk) begin
        if (s_rx_valid && first_q) octet0_q <= s_rx_data;
        if (s_rx_valid && second_q) begin
            for (k = 0; k < 24; k = k + 1) same_q[k] <= address[2*k +: 2] == i_mac[2*k +: 2];
            hash_q  <= i_hash[index];
            group_q <= i_mcast;
            open_q  <= i_promisc || i_bcast || (i_mcast && i_allmulti);
            pass_q  <= i_pass_pause;
        end
        if (rst || (s_rx_valid && s_rx_last)) {first_q, second_q} <= 2'b10;
        else if (s_rx_valid) {first_q, second_q} <= {1'b0, first_q};
    end

    assign o_own    = &same_q;
    wire   accept   = open_q || o_own || (group_q && hash_q);
    assign o_accept = accept && (pass_q || !i_pause);

`ifdef FORMAL
    // The naive way: octets one by one, the judgement kept from the second beat.
    reg        f_past_q = 1'b0;
    reg [15:0] f_beat_q = 16'd0;     // beats of this frame so far, stops at the top
    reg [7:0]  f_octet0_q;
    reg        f_want_q, f_pass_q;
    always @(posedge clk) begin
        f_past_q <= 1'b1;
        if (rst || (s_rx_valid && s_rx_last)) f_beat_q <= 16'd0;
        else if (s_rx_valid && !(&f_beat_q)) f_beat_q <= f_beat_q + 16'd1;
        if (s_rx_valid && f_beat_q == 16'd0) f_octet0_q <= s_rx_data;
        if (s_rx_valid && f_beat_q == 16'd1) begin
            f_pass_q <= i_pass_pause;
            f_want_q <= i_promisc || i_bcast || (i_mcast && i_allmulti) || (i_mcast && f_bit)
                     || {f_octet0_q, s_rx_data, i_line}
                        == {i_mac[7:0], i_mac[15:8], i_mac[23:16], i_mac[31:24], i_mac[39:32],
                            i_mac[47:40]};
        end
    end
    reg     f_bit;
    integer f_k;
    always @(*) begin
        f_bit = 1'b0;
        for (f_k = 0; f_k < 64; f_k = f_k + 1)
            if (i_crc == {f_k[0], f_k[1], f_k[2], f_k[3], f_k[4], f_k[5]}) f_bit = i_hash[f_k];
    end

    always @(*) begin
        a_first:  assert (first_q == (f_beat_q == 16'd0));
        a_second: assert (second_q == (f_beat_q == 16'd1));
        if (f_beat_q == 16'd1) a_octet: assert (octet0_q == f_octet0_q);
        if (f_beat_q > 16'd1) begin
            a_pass:   assert (pass_q == f_pass_q);
            a_want:   assert (accept == f_want_q);
            a_accept: assert (o_accept == (f_want_q && (!i_pause || f_pass_q)));
        end
    end
    always @(posedge clk) if (f_past_q && !$past(rst) && !rst && s_rx_valid && s_rx_last
                              && f_beat_q == 16'd9) begin
        c_mine:   cover (o_accept && !pass_q && !i_pause);
        c_pass:   cover (o_accept && i_pause);
        c_pause:  cover (!o_accept && accept);
        c_none:   cover (!o_accept && !i_pause);
    end
`endif

endmodule
`default_nettype wire
