`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_rmii - RMII pins to the byte interface of the core; 100 and 10 Mbit/s, REF_CLK of 50 MHz.
// tx: ly_tx_gear with di-bits; no TX_ER: the MAC's wrong FCS must do.
// rx: an event begins with the first di-bit 01 under CRS_DV; one that begins with another (false
// carrier) is left out. It ends with CRS_DV low in two di-bits one after the other: one alone is
// how CRS_DV toggles when the carrier has gone and data remain. The SFD finds the octets; di-bits
// left over give o_rx_odd. RX_ER counts in any cycle up to there.
// o_crs is the carrier of others, o_col that and our own TX_EN. Each side takes up a new speed
// between two frames. clk: at least 1.9 x the octet rate. Latencies: README.
// Clocks: clk for i_*, o_*; rmii_ref_clk for rmii_*; CRS_DV rises asynchronously.
// Source: RMII Specification 1.2; IEEE 802.3 22.2 (what it stands for).
module ly_phy_rmii (
    input  wire       clk,
    input  wire       rst,
    input  wire [1:0] i_speed,       // 0: 10 Mbit/s, else 100
    input  wire       i_tx_run,      // the MAC needs ticks in the rhythm of the wire
    input  wire [7:0] i_tx_data,
    input  wire       i_tx_en,
    input  wire       i_tx_er,
    output wire       o_tx_tick,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_rx_odd,
    output wire       o_crs,
    output wire       o_col,
    output wire       o_busy,        // something is on its way to the pins

    input  wire       rmii_ref_clk,
    input  wire       rst_rmii,      // synchronous to rmii_ref_clk
    output wire [1:0] rmii_txd,
    output wire       rmii_tx_en,
    input  wire [1:0] rmii_rxd,
    input  wire       rmii_crs_dv,
    input  wire       rmii_rx_er
);

    // ---------------------------------------------------------------- tx
    reg  slow_q;
    initial slow_q = 1'b0;
    wire want_slow;                  // in rmii_ref_clk
    wire unused_er, unused_kill;     // no pin; the clock stays

    always @(posedge clk) slow_q <= i_speed == 2'd0;
    ly_sync #(.WIDTH(1)) u_sync_slow (.clk(rmii_ref_clk), .i_d(slow_q), .o_q(want_slow));

    ly_tx_gear #(.W(2)) u_tx (
        .clk(clk), .rst(rst), .i_run(i_tx_run),
        .i_en(i_tx_en), .i_er(i_tx_er), .i_data(i_tx_data), .o_tick(o_tx_tick), .o_busy(o_busy),
        .i_leave(1'b0), .o_kill(unused_kill),
        .pin_clk(rmii_ref_clk), .rst_pin(rst_rmii), .i_slow(want_slow),
        .o_d(rmii_txd), .o_en(rmii_tx_en), .o_er(unused_er));

    // ---------------------------------------------------------------- rx, in rmii_ref_clk
    localparam [1:0] ST_IDLE = 2'd0; // no carrier, or no data yet
    localparam [1:0] ST_DATA = 2'd1; // what begins with preamble
    localparam [1:0] ST_SKIP = 2'd2; // false carrier
    localparam [3:0] SAMPLE  = 4'd4; // at 10 Mbit/s, the middle of the 10 cycles

    reg [1:0] pin_d_q, d_q;          // the pins, twice: CRS_DV may be metastable
    reg       pin_dv_q, dv_q, pin_er_q, er_q;
    reg [1:0] state_q;
    reg       rx_slow_q;
    reg [3:0] rx_cnt_q;
    reg [1:0] last_d_q;              // the di-bit before: valid if CRS_DV is high now or was then
    reg       last_dv_q;
    reg       er_seen_q;             // RX_ER behind the last octet
    reg [7:0] shift_q;               // the octet with stb_q
    reg       stb_q, er_octet_q, end_q;
    reg [1:0] rx_pos_q;
    reg       pre_q;                 // nothing but 01 so far
    reg       crs_q, col_q;
    initial pin_dv_q  = 1'b0;
    initial dv_q      = 1'b0;
    initial state_q   = ST_IDLE;
    initial rx_slow_q = 1'b0;
    initial rx_cnt_q  = 4'd0;
    initial stb_q     = 1'b0;
    initial end_q     = 1'b0;
    initial crs_q     = 1'b0;
    initial col_q     = 1'b0;

    wire       idle   = state_q == ST_IDLE;
    wire       wait_d = idle && !(dv_q && d_q != 2'b00);
    wire       sample = !rx_slow_q || rx_cnt_q == SAMPLE;
    wire       over   = sample && !idle && !dv_q && !last_dv_q;
    wire       take   = sample && state_q == ST_DATA && (dv_q || last_dv_q);
    wire [7:0] octet  = {last_d_q, shift_q[7:2]};
    wire       sfd    = pre_q && octet == 8'hD5;
    wire       whole  = rx_pos_q == 2'd3 || sfd;

    always @(posedge rmii_ref_clk) begin
        {pin_d_q, pin_dv_q, pin_er_q} <= {rmii_rxd, rmii_crs_dv, rmii_rx_er};
        {d_q, dv_q, er_q}             <= {pin_d_q, pin_dv_q, pin_er_q};

        // At 10 Mbit/s the first di-bit that is not 00 says where the others begin.
        rx_cnt_q <= wait_d || over || rx_cnt_q == 4'd9 ? 4'd0 : rx_cnt_q + 4'd1;
        if (idle && !dv_q) rx_slow_q <= want_slow;

        if (sample) begin
            if (!wait_d && idle) state_q <= d_q == 2'b01 ? ST_DATA : ST_SKIP;
            if (over)            state_q <= ST_IDLE;
            last_d_q  <= d_q;
            last_dv_q <= dv_q;
        end
        if (take) begin
            shift_q  <= octet;
            rx_pos_q <= sfd ? 2'd0 : rx_pos_q + 2'd1;
            pre_q    <= pre_q && last_d_q == 2'b01;
        end
        stb_q      <= take && whole;
        er_octet_q <= er_seen_q;
        end_q      <= over;
        er_seen_q  <= !wait_d && (er_q || (er_seen_q && !(take && whole)));
        if (idle) begin
            shift_q  <= 8'd0;
            rx_pos_q <= 2'd0;
            pre_q    <= 1'b1;
        end

        crs_q <= dv_q && (idle || crs_q);
        col_q <= crs_q && rmii_tx_en;
        if (rst_rmii) begin
            state_q  <= ST_IDLE;
            rx_cnt_q <= 4'd0;
        end
    end

    wire odd    = rx_pos_q != 2'd0;
    wire odd_er = odd && er_seen_q;
    ly_rx_cross u_rx (
        .rx_clk(rmii_ref_clk), .rst_rx(rst_rmii),
        .i_stb(stb_q), .i_data(shift_q), .i_er(er_octet_q),
        .i_end(end_q), .i_odd(odd), .i_end_er(odd_er),
        .clk(clk), .rst(rst), .o_rx_stb(o_rx_stb), .o_rx_data(o_rx_data), .o_rx_dv(o_rx_dv),
        .o_rx_er(o_rx_er), .o_rx_odd(o_rx_odd));

    ly_sync #(.WIDTH(2)) u_sync (.clk(clk), .i_d({crs_q, col_q}), .o_q({o_crs, o_col}));

`ifdef FORMAL
    // rx, told again by plain rules from the pins of two cycles ago; the parts' own properties hold
    // beside these. rx_slow_q is taken as it is, and stands still in an event.
    reg [3:0] f_pin_q = 4'd0, f_in_q = 4'd0;     // {rxd, crs_dv, rx_er}
    reg [1:0] f_age_q = 2'd0;        // cycles since the start, at most 2
    reg       f_event_q = 1'b0;      // in an event, data or false carrier
    reg       f_data_q  = 1'b0;      // data
    reg [3:0] f_since_q = 4'd0;      // cycles behind the last look, or of what may be the first
    reg [1:0] f_d_q;                 // the di-bit looked at before
    reg       f_dv_q = 1'b0;         // and its CRS_DV
    reg [1:0] f_nr_q = 2'd0;         // di-bits of this octet so far
    reg [5:0] f_part_q = 6'd0;       // they, the first one lowest
    reg       f_pre_q = 1'b1;        // nothing but 01 so far
    reg [1:0] f_ones_q = 2'd0;       // how many, at most 3
    reg       f_er_q = 1'b0;         // RX_ER behind the last octet
    reg       f_open_q = 1'b0;       // octets without an end so far
    reg       f_stb_q = 1'b0, f_end_q = 1'b0, f_slow_q = 1'b0;
    reg       f_octet_er_q, f_crs_q = 1'b0, f_col_q = 1'b0;
    reg [7:0] f_octet_q;

    wire [1:0] f_d      = f_in_q[3:2];
    wire       f_dv     = f_in_q[1];
    wire       f_begins = !f_event_q && f_dv && f_d != 2'b00;
    wire       f_moves  = f_event_q || f_begins;
    wire       f_look   = f_moves && (!rx_slow_q || f_since_q == (f_event_q ? 4'd9 : 4'd4));
    wire       f_over   = f_look && f_event_q && !f_dv && !f_dv_q;
    wire       f_take   = f_look && f_data_q && (f_dv || f_dv_q);
    wire       f_sfd    = f_pre_q && f_ones_q == 2'd3 && f_d_q == 2'b11;
    wire       f_full   = f_take && (f_nr_q == 2'd3 || f_sfd);

    always @(posedge rmii_ref_clk) begin
        {f_in_q, f_pin_q} <= {f_pin_q, rmii_rxd, rmii_crs_dv, rmii_rx_er};
        f_age_q   <= f_age_q + {1'b0, f_age_q != 2'd2};
        f_since_q <= f_look || !f_moves ? 4'd0 : f_since_q + 4'd1;
        if (f_look) begin
            f_event_q <= !f_over;
            f_data_q  <= f_event_q ? f_data_q && !f_over : f_d == 2'b01;
            {f_d_q, f_dv_q} <= {f_d, f_dv};
        end
        if (f_take) begin
            f_nr_q   <= f_full ? 2'd0 : f_nr_q + 2'd1;
            f_part_q[2*f_nr_q +: 2] <= f_d_q;
            f_pre_q  <= f_pre_q && f_d_q == 2'b01;
            f_ones_q <= f_ones_q + {1'b0, f_ones_q != 2'd3};
        end
        if (!f_event_q) {f_nr_q, f_pre_q, f_ones_q} <= {2'd0, 1'b1, 2'd0};
        f_er_q    <= f_moves && (f_in_q[0] || (f_er_q && !f_full));
        f_stb_q   <= f_full;
        f_octet_q <= f_sfd ? 8'hD5 : {f_d_q, f_part_q};
        f_octet_er_q <= f_er_q;
        f_end_q   <= f_over && f_data_q;
        f_open_q  <= f_full || (f_open_q && !f_end_q);
        f_slow_q  <= rx_slow_q;
        f_crs_q   <= f_dv && (f_crs_q || !f_event_q);
        f_col_q   <= f_crs_q && rmii_tx_en;
    end

    always @(*) begin
        r_rst:   assume (!rst && !rst_rmii);
        a_dv:    assert ({dv_q, pin_dv_q} == {f_dv, f_pin_q[1]} && (f_age_q == 2'd2 || !f_dv)
                         && (f_age_q != 2'd0 || !f_pin_q[1]));
        if (f_age_q != 2'd0)
            a_pin:  assert ({pin_d_q, pin_dv_q, pin_er_q} == f_pin_q && er_seen_q == f_er_q);
        if (f_age_q == 2'd2)
            a_in:   assert ({d_q, dv_q, er_q} == f_in_q);
        a_age:   assert (f_age_q != 2'd3 && (f_age_q == 2'd2 || !f_moves));
        a_state: assert ((state_q == ST_DATA) == f_data_q && idle == !f_event_q
                         && (f_event_q || !f_data_q) && state_q != 2'd3);
        a_look:  assert (!rx_slow_q || (f_event_q ? sample == (f_since_q == 4'd9)
                                                  : rx_cnt_q == f_since_q && f_since_q < 4'd5));
        a_since: assert (rx_slow_q ? f_since_q < 4'd10 : f_since_q == 4'd0);
        if (f_event_q) begin
            a_cnt:   assert (!rx_slow_q || rx_cnt_q == (f_since_q < 4'd5 ? f_since_q + 4'd5
                                                                         : f_since_q - 4'd5));
            a_width: assert (rx_slow_q == f_slow_q);
            a_last:  assert ({last_d_q, last_dv_q} == {f_d_q, f_dv_q});
            a_pre:   assert (pre_q == f_pre_q);
            if (pre_q)
                a_ones: assert (shift_q[7:2] == (f_ones_q == 2'd3 ? 6'b010101
                                                 : f_ones_q == 2'd2 ? 6'b010100
                                                 : f_ones_q == 2'd1 ? 6'b010000 : 6'd0));
            case (f_nr_q)
                2'd1: a_1: assert (shift_q[7:6] == f_part_q[1:0]);
                2'd2: a_2: assert (shift_q[7:4] == f_part_q[3:0]);
                2'd3: a_3: assert (shift_q[7:2] == f_part_q);
            endcase
        end
        a_nr:    assert (!(f_event_q || f_end_q) || rx_pos_q == f_nr_q);
        a_open:  assert (f_data_q || f_end_q || !f_open_q);
        a_over:  assert (!(f_end_q && f_event_q));
        a_stb:   assert (stb_q == f_stb_q);
        if (stb_q)
            a_octet: assert (shift_q == f_octet_q && er_octet_q == f_octet_er_q);
        a_end:   assert (f_end_q ? end_q : !(end_q && f_open_q));
        a_odd:   assert (!f_end_q || (odd == (f_nr_q != 2'd0) && odd_er == (odd && f_er_q)));
        a_crs:   assert (crs_q == f_crs_q && col_q == f_col_q);
        c_sfd:   cover (o_rx_stb && o_rx_dv && o_rx_data == 8'hD5);
        c_odd:   cover (o_rx_stb && o_rx_odd && !o_rx_er);
        c_er:    cover (o_rx_stb && o_rx_dv && o_rx_er);
        c_skip:  cover (end_q && !f_end_q);
        c_late:  cover (stb_q && f_nr_q == 2'd0 && !f_pre_q && shift_q == 8'hA6);
        c_slow:  cover (rx_slow_q && f_data_q && f_nr_q == 2'd1);
        c_col:   cover (o_col);
    end
`endif

endmodule
`default_nettype wire
