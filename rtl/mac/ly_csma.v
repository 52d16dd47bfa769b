`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_csma - when ly_mac_tx may start and when it must jam, in half duplex: deference with the gap
// of two parts, collision, truncated binary exponential backoff, 16 attempts. Beside the MAC, it
// steps on i_tick. o_hold: the gap begins anew. o_jam: at this tick the MAC turns to its jam; a
// collision in the preamble waits for its end. o_ready: no backoff is left. In full duplex these
// are 0, 0, 1; the duplex is taken up between two frames.
// o_coll, o_late, o_deferred, o_xsdefer tell of a frame from its first start to the next one's.
// Random bits come from a register that steps only while a frame is sent, fed with bits of the own
// address (i_seed) and of what is sent (i_mix): stations differ, and skipped idle time changes
// nothing. Clock: clk.
// Source: IEEE 802.3 4.2.3.2 (deference, collision, backoff), 4.4.2 (slot of 512 bit times).
module ly_csma (
    input  wire        clk,
    input  wire        rst,
    input  wire        i_full_duplex,
    input  wire        i_tick,
    input  wire        i_crs,
    input  wire        i_col,
    input  wire [15:0] i_seed,
    input  wire        i_mix,
    input  wire        i_idle,       // no frame is under way: i_cnt is what is left of the gap
    input  wire [3:0]  i_cnt,        // the MAC's counter
    input  wire        i_want,       // a frame waits
    input  wire        i_start,      // it starts
    input  wire        i_sending,    // SFD, data, padding or FCS: a jam may follow
    input  wire        i_past_slot,  // a collision now is a late one
    input  wire        i_done,       // last octet of a frame or of a jam
    output wire        o_hold,
    output wire        o_ready,
    output wire        o_jam,
    output wire        o_jamming,    // from the tick behind o_jam up to i_done
    output wire        o_give_up,    // this jam is the frame's sixteenth
    output wire [3:0]  o_coll,       // collisions before the attempt under way
    output wire        o_late,       // one of its collisions was late
    output wire        o_deferred,   // its first attempt waited for a carrier
    output wire        o_xsdefer     // an attempt waited for more than 24,288 bit times
);

    localparam [3:0]  GAP       = 4'd12;                // byte times
    localparam [3:0]  GAP_PART2 = 4'd4;                 // its last third: carrier is not looked at
    localparam [12:0] XS_START  = 13'd4096 - 13'd3037;  // bit 12 after 3037 byte times

    reg        half_q;               // the frame under way began in half duplex
    reg        own_q;                // the gap behind our own signal: part 1 does not look either
    reg        col_q;                // a collision that no jam has answered
    reg        jamming_q;
    reg        new_q;                // the next start is the first attempt of a frame
    reg [3:0]  coll_q;
    reg        give_up_q;
    reg [9:0]  mask_q;               // range of the backoff: a one per collision
    reg [15:0] rnd_q;
    reg        back_q;               // backing off: byte times of this slot, slots after it
    reg [5:0]  byte_q;
    reg [9:0]  slots_q;
    reg        late_q;
    reg        waited_q, deferred_q; // the frame that waits, the frame that was started
    reg        xs_q;
    reg [12:0] wait_q;

    initial half_q = 1'b0;
    initial own_q = 1'b0;
    initial col_q = 1'b0;
    initial jamming_q = 1'b0;
    initial new_q = 1'b1;
    initial rnd_q = 16'd0;
    initial back_q = 1'b0;
    initial waited_q = 1'b0;

    wire half   = i_idle ? !i_full_duplex : half_q;
    wire crs    = i_crs && half;
    wire part_1 = own_q ? i_cnt == GAP : i_cnt > GAP_PART2;
    wire over   = i_cnt == 4'd0;
    wire hold   = i_idle && crs && (part_1 || (over && !i_start));
    wire jam    = i_sending && col_q && !jamming_q;
    wire waits  = i_idle && i_want && !own_q;
    wire again  = i_done && jamming_q && !give_up_q;

    // A shift register of all 2^16 states: the last term joins 0 to the others.
    wire feed = rnd_q[15] ^ rnd_q[13] ^ rnd_q[12] ^ rnd_q[10] ^ (rnd_q[14:0] == 15'd0);
    wire salt = i_mix ^ i_seed[{coll_q[0], i_cnt[2:0]}];
    wire [9:0] draw = rnd_q[9:0] & mask_q;

    always @(posedge clk) begin
        half_q <= half;
        col_q <= !rst && half && !i_idle && !jamming_q && (col_q || i_col);
        if (i_tick) begin
            jamming_q <= jam || (jamming_q && !i_done);
            own_q     <= i_done || (own_q && !(i_idle && over));
            if (i_done) new_q <= !again;
            if (i_start) new_q <= 1'b0;
            waited_q  <= !i_start && (waited_q || (waits && (crs || !over)));
            if (again)  back_q <= draw != 10'd0;
            else if (!half || (byte_q == 6'd0 && slots_q == 10'd0)) back_q <= 1'b0;
        end
        if (rst) begin
            jamming_q <= 1'b0;
            own_q     <= 1'b0;
            new_q     <= 1'b1;
            back_q    <= 1'b0;
            waited_q  <= 1'b0;
        end
    end

    always @(posedge clk) if (i_tick) begin
        if (!i_idle) rnd_q <= {rnd_q[14:0], feed ^ salt};
        if (again) begin
            byte_q  <= 6'd63;
            slots_q <= draw - 10'd1;
        end else begin
            byte_q <= byte_q - 6'd1;
            if (byte_q == 6'd0) slots_q <= slots_q - 10'd1;
        end
    end

    // Of the frame: begins with its first start.
    always @(posedge clk) if (i_tick) begin
        if (jam) begin
            mask_q    <= {mask_q[8:0], 1'b1};
            give_up_q <= &coll_q;
            late_q    <= late_q || i_past_slot;
        end
        if (again) coll_q <= coll_q + 4'd1;

        if (i_start || !i_idle || !i_want || back_q) wait_q <= XS_START;
        else if (!wait_q[12]) wait_q <= wait_q + 13'd1;

        if (i_start) begin
            xs_q <= wait_q[12] || (xs_q && !new_q);
            if (new_q) begin
                coll_q     <= 4'd0;
                mask_q     <= 10'd0;
                late_q     <= 1'b0;
                deferred_q <= waited_q;
            end
        end
    end

    assign o_hold     = hold;
    assign o_ready    = !back_q;
    assign o_jam      = jam;
    assign o_jamming  = jamming_q;
    assign o_give_up  = give_up_q;
    assign o_coll     = coll_q;
    assign o_late     = late_q;
    assign o_deferred = deferred_q;
    assign o_xsdefer  = xs_q;

`ifdef FORMAL
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;

    // What the MAC promises: assumed here, asserted where the MAC is proved.
    wire f_cnt   = i_cnt <= GAP;
    wire f_start = !i_start || (i_idle && over && i_want && o_ready);
    wire f_done  = !i_done || (i_sending && !jam);
    wire f_idle  = !(i_sending && i_idle);
`ifdef FORMAL_ALONE
    always @(*) r_mac: assume (f_cnt && f_start && f_done && f_idle);
    always @(posedge clk) begin
        c_give_up: cover (o_jamming && o_give_up);
        c_back:    cover (f_past_q && $past(back_q) && !back_q && o_coll == 4'd2);
        c_xsdefer: cover (o_xsdefer);
    end
`else
    always @(*) a_mac: assert (f_cnt && f_start && f_done && f_idle);
`endif

    // A second count of the backoff: slots of 64 byte times, fewer than 2^(collisions so far).
    reg [16:0] f_back_q = 17'd0;                        // byte times left
    reg [3:0]  f_exp_q = 4'd0;                          // collisions of this frame, at most 10
    reg        f_begun_q = 1'b0;                        // there has been a frame
    always @(posedge clk) begin
        if (i_tick) begin
            if (again) f_back_q <= {1'b0, draw, 6'd0};
            else if (f_back_q != 17'd0) f_back_q <= half ? f_back_q - 17'd1 : 17'd0;
            if (i_start && new_q) {f_begun_q, f_exp_q} <= {1'b1, 4'd0};
            else if (jam && f_exp_q != 4'd10) f_exp_q <= f_exp_q + 4'd1;
        end
        if (rst) f_back_q <= 17'd0;
    end

    always @(*) begin
        a_back:    assert (back_q == (f_back_q != 17'd0));
        if (back_q) a_left: assert (f_back_q == {slots_q, byte_q} + 17'd1);
        a_exp:     assert (f_exp_q <= 4'd10);
        if (f_begun_q) a_mask: assert (mask_q == (11'd1 << f_exp_q) - 11'd1);
        if (f_begun_q) a_range: assert (f_back_q <= {1'b0, mask_q, 6'd0});
        a_full:    assert (!(i_full_duplex && o_hold));
    end
    always @(posedge clk) if (f_past_q && !$past(rst) && !rst) begin
        if ($past(!half))         a_no_jam: assert (!col_q);
        if ($past(i_tick && jam)) a_jam:    assert (o_jamming);
        if ($past(i_tick && i_start)) a_start: assert (!$past(back_q));
        if ($past(i_tick && i_done)) a_end:  assert (!o_jamming);
        if ($past(i_tick && i_idle && i_full_duplex)) a_free: assert (!back_q);
        if ($past(i_tick && !i_idle)) a_xs:  assert (wait_q == XS_START);
    end
`endif

endmodule
`default_nettype wire
