`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_mac_tx - transmit MAC: preamble, SFD, padding to 60, FCS, gap of 12 byte times.
// Everything steps on i_tx_tick (one byte time); o_tx_* change only after a tick. The first byte
// waiting at s_tx puts the first preamble byte on o_tx one tick later, its own follows 8 ticks on.
// A frame must not pause: if s_tx_valid is low when a byte is due, or s_tx_err comes with last, the
// frame ends with a complemented FCS and o_tx_er. HALF_DUPLEX: ly_csma says when to start and when
// to jam (32 bits of a wrong FCS); o_rewind asks for the same frame again, from its first byte,
// o_commit ends it, sent or given up, whatever was read of it. Without HALF_DUPLEX a frame ends
// with its last beat, and after a hole the rest is thrown away. o_done_* hold for 12 ticks. i_en
// low: no new frame starts. MAX_FRAME only sizes the length counter. Clock: clk.
// Source: IEEE 802.3 3.2, 4.2.3 (frame, padding, gap, jam), 22.2.2.5 and 35.2.2.5 (TX_ER).
module ly_mac_tx #(
    parameter MAX_FRAME = 1518,      // octets DA..FCS
    parameter MIN_DATA = 60,         // octets DA..padding; less is for proofs only
    parameter HALF_DUPLEX = 0,
    parameter LAG_BYTES = 4          // byte times from a tick to i_col by way of the wire, at most
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        s_tx_valid,
    output wire        s_tx_ready,
    input  wire [7:0]  s_tx_data,
    input  wire        s_tx_last,
    input  wire        s_tx_err,
    input  wire        i_en,
    input  wire        i_own_fcs,    // frames bring their FCS: no padding, none added
    input  wire        i_tx_tick,
    input  wire        i_full_duplex,
    input  wire        i_crs,        // half duplex only
    input  wire        i_col,
    input  wire [15:0] i_seed,       // bits of the own address
    output wire        o_rewind,
    output wire        o_commit,
    output wire [7:0]  o_tx_data,
    output wire        o_tx_en,
    output wire        o_tx_er,
    output wire        o_done_stb,   // the last FCS byte stands at o_tx_data
    output wire [15:0] o_done_len,   // octets DA..FCS
    output wire [5:0]  o_done_pad,   // octets of padding among them
    output wire        o_done_mcast, // group address, broadcast included
    output wire        o_done_bcast,
    output wire        o_done_err,   // FCS made wrong
    output wire [3:0]  o_done_coll,  // collisions before the last attempt
    output wire        o_done_xscoll,// given up after 16
    output wire        o_done_late,  // a collision came after the slot time
    output wire        o_done_deferred,
    output wire        o_done_xsdefer,
    output wire        o_tap_start,  // first preamble byte, SFD, last FCS byte stand at o_tx_data
    output wire        o_tap_sfd,
    output wire        o_tap_end,
    output wire        o_busy        // a frame, its gap, deference or backoff is under way
);

    localparam LEN_W = $clog2(MAX_FRAME + 1);
    localparam [5:0] LEN_MIN = MIN_DATA - 2;
    localparam [6:0] SLOT    = 7'd56 + LAG_BYTES;   // 512 bit times, less preamble and SFD

    // What the next tick puts on the wire; one bit each, so that no decoding stands before the CRC.
    localparam IDLE = 0;             // nothing: gap while cnt_q != 0, then ready to start
    localparam PRE  = 1;             // preamble, SFD at cnt_q == 0
    localparam DATA = 2;             // cnt_q != 0: within the destination address
    localparam PAD  = 3;
    localparam FCS  = 4;             // cnt_q bytes after this one
    localparam [4:0] ST_IDLE = 5'd1 << IDLE;
    localparam [4:0] ST_PRE  = 5'd1 << PRE;
    localparam [4:0] ST_DATA = 5'd1 << DATA;
    localparam [4:0] ST_PAD  = 5'd1 << PAD;
    localparam [4:0] ST_FCS  = 5'd1 << FCS;

    reg [4:0]       state_q, state_d;
    reg [3:0]       cnt_q, cnt_d;
    reg [LEN_W-1:0] len_q;
    reg [5:0]       pad_q;
    reg             min_q;           // the byte of this tick makes MIN_DATA, or more
    reg             bad_q;
    reg             drain_q;         // throw away up to the next s_tx_last
    reg             mcast_q, bcast_q;
    reg             start_stb_q, sfd_stb_q, done_stb_q;
    reg [31:0]      crc_q;
    reg [7:0]       out_q, out_d;
    reg             en_q, er_q;

    initial state_q = ST_IDLE;
    initial cnt_q = 4'd0;
    initial drain_q = 1'b0;
    initial start_stb_q = 1'b0;
    initial sfd_stb_q = 1'b0;
    initial done_stb_q = 1'b0;
    initial out_q = 8'd0;
    initial en_q = 1'b0;
    initial er_q = 1'b0;

    wire at_idle = state_q[IDLE];
    wire at_pre  = state_q[PRE];
    wire at_data = state_q[DATA];
    wire at_pad  = state_q[PAD];
    wire at_fcs  = state_q[FCS];
    wire cnt_end = cnt_q == 4'd0;
    wire want    = s_tx_valid && i_en && !drain_q;
    wire start   = at_idle && cnt_end && want && ready;
    wire starve  = at_data && !s_tx_valid;
    wire finish  = at_fcs && cnt_end && !jam;   // last byte of a frame or of a jam
    wire own_end = at_data && s_tx_valid && s_tx_last && i_own_fcs && !jam;
    wire done    = (finish && (!jamming || give_up)) || own_end;

    // Half duplex: deference and backoff hold a start back, a collision turns a frame into a jam.
    wire hold, ready, jam, jamming, give_up;
    generate
        if (HALF_DUPLEX != 0) begin : g_half
            reg past_slot_q;
            always @(posedge clk) if (i_tx_tick)
                past_slot_q <= !at_pre && (past_slot_q || len_q[6:0] == SLOT);

            ly_csma u_csma (
                .clk(clk), .rst(rst), .i_full_duplex(i_full_duplex), .i_tick(i_tx_tick),
                .i_crs(i_crs), .i_col(i_col), .i_seed(i_seed), .i_mix(at_data && s_tx_data[0]),
                .i_idle(at_idle), .i_cnt(cnt_q), .i_want(want), .i_start(start),
                .i_sending(!at_idle && !(at_pre && !cnt_end)), .i_past_slot(past_slot_q),
                .i_done(finish || own_end), .o_hold(hold), .o_ready(ready), .o_jam(jam),
                .o_jamming(jamming), .o_give_up(give_up), .o_coll(o_done_coll),
                .o_late(o_done_late), .o_deferred(o_done_deferred), .o_xsdefer(o_done_xsdefer));

            reg rewind_q, xscoll_q;
            initial rewind_q = 1'b0;
            always @(posedge clk) begin
                rewind_q <= !rst && i_tx_tick && jam;
                if (i_tx_tick && done) xscoll_q <= jamming;
            end
            assign o_rewind      = rewind_q;
            assign o_commit      = done_stb_q;
            assign o_done_xscoll = xscoll_q;
        end else begin : g_full
            wire unused = &{1'b0, i_full_duplex, i_crs, i_col, i_seed};
            assign {hold, ready, jam, jamming, give_up} = 5'b01000;
            assign o_rewind = 1'b0;
            assign o_commit = s_tx_valid && s_tx_ready && s_tx_last;
            assign {o_done_coll, o_done_xscoll, o_done_late} = 6'd0;
            assign {o_done_deferred, o_done_xsdefer} = 2'd0;
        end
    endgenerate

    always @(*) begin
        state_d = state_q;
        cnt_d   = cnt_end ? 4'd0 : cnt_q - 4'd1;
        if (hold) cnt_d = 4'd12;
        if (start) begin
            state_d = ST_PRE;
            cnt_d   = 4'd6;
        end
        if (at_pre && cnt_end) begin
            state_d = ST_DATA;
            cnt_d   = 4'd6;
        end
        if (at_data && (starve || s_tx_last)) begin
            state_d = starve || min_q ? ST_FCS : ST_PAD;
            cnt_d   = 4'd3;
        end
        if (own_end) begin
            state_d = ST_IDLE;
            cnt_d   = 4'd12;
        end
        if (at_pad) begin
            state_d = min_q ? ST_FCS : ST_PAD;
            cnt_d   = 4'd3;
        end
        if (at_fcs && cnt_end) begin
            state_d = ST_IDLE;
            cnt_d   = 4'd12;
        end
        if (jam) begin
            state_d = ST_FCS;
            cnt_d   = 4'd3;
        end
    end

    always @(*) begin
        out_d = 8'd0;
        if (start || at_pre)   out_d = out_d | 8'h55;
        if (at_pre && cnt_end) out_d = out_d | 8'h80;
        if (at_data)           out_d = out_d | s_tx_data;
        if (at_fcs)            out_d = out_d | (bad_q ? crc_q[7:0] : ~crc_q[7:0]);
    end

    // In ST_FCS the register is fed with its own low byte, which moves it down by one.
    wire [31:0] crc_next;
    wire [7:0]  crc_in = ({8{at_fcs}} & crc_q[7:0]) | ({8{at_data}} & s_tx_data);
    ly_fcs u_fcs (.i_crc(crc_q), .i_data(crc_in), .o_crc(crc_next));

    always @(posedge clk) if (i_tx_tick) begin
        crc_q <= at_pre ? 32'hFFFF_FFFF : crc_next;
        len_q <= at_pre ? {LEN_W{1'b0}} : len_q + {{LEN_W-1{1'b0}}, !at_idle};
        pad_q <= at_pre ? 6'd0 : pad_q + {5'd0, at_pad};
        min_q <= !at_pre && (min_q || len_q[5:0] == LEN_MIN);
        bad_q <= jam || (!at_pre && (bad_q || starve || (at_data && s_tx_last && s_tx_err)));
        if (at_data && cnt_q == 4'd6) mcast_q <= s_tx_data[0];
        if (at_pre) bcast_q <= 1'b1;
        else if (at_data && !cnt_end && s_tx_data != 8'hFF) bcast_q <= 1'b0;
    end

    always @(posedge clk) begin
        if (i_tx_tick) begin
            state_q <= state_d;
            cnt_q   <= cnt_d;
            out_q   <= out_d;
            en_q    <= !at_idle || start;
            er_q    <= starve || (at_fcs && bad_q && !jamming);
        end
        start_stb_q <= i_tx_tick && start;
        sfd_stb_q   <= i_tx_tick && at_pre && cnt_end;
        done_stb_q  <= i_tx_tick && done;
        if (drain_q) drain_q <= !(s_tx_valid && s_tx_last);
        else         drain_q <= HALF_DUPLEX == 0 && i_tx_tick && starve;
        if (rst) begin
            state_q     <= ST_IDLE;
            cnt_q       <= 4'd0;
            out_q       <= 8'd0;
            en_q        <= 1'b0;
            er_q        <= 1'b0;
            start_stb_q <= 1'b0;
            sfd_stb_q   <= 1'b0;
            done_stb_q  <= 1'b0;
            drain_q     <= 1'b0;
        end
    end

`ifndef SYNTHESIS
    /* verilator lint_off UNUSEDSIGNAL */
    wire [31:0] dbg_state = at_idle ? "idle" : at_pre ? "pre " : at_data ? "data"
                          : at_pad ? "pad " : at_fcs ? "fcs " : "????";
    /* verilator lint_on UNUSEDSIGNAL */
`endif

    assign s_tx_ready   = drain_q || (at_data && i_tx_tick);
    assign o_tx_data    = out_q;
    assign o_tx_en      = en_q;
    assign o_tx_er      = er_q;
    assign o_done_stb   = done_stb_q;
    assign o_done_len   = {{16-LEN_W{1'b0}}, len_q};
    assign o_done_pad   = pad_q;
    assign o_done_mcast = mcast_q;
    assign o_done_bcast = bcast_q;
    assign o_done_err   = bad_q;
    assign o_tap_start  = start_stb_q;
    assign o_tap_sfd    = sfd_stb_q;
    assign o_tap_end    = done_stb_q;
    assign o_busy       = !(at_idle && cnt_end && ready);

`ifdef FORMAL
    // A second count of what is on the wire, by the wire alone; the proof ties it to the registers.
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;

    reg [LEN_W-1:0] f_n_q   = 0;     // bytes of this frame up to the one that stands there
    reg             f_min_q = 1'b0;  // MIN_DATA - 1 of them behind the SFD, or more
    reg [3:0]       f_gap_q = 4'd12; // byte times of silence so far, at most 12
    always @(posedge clk) begin
        if (i_tx_tick) begin
            if (start) begin
                f_n_q   <= 1;
                f_min_q <= 1'b0;
            end else if (!at_idle) begin
                f_n_q   <= f_n_q + 1'b1;
                f_min_q <= f_min_q || f_n_q == MIN_DATA + 6;
            end
            f_gap_q <= !at_idle || start ? 4'd0 : f_gap_q + {3'd0, f_gap_q != 4'd12};
        end
        if (rst) f_gap_q <= 4'd12;
    end

    // Why what stands on the wire may be the last octet: it was told as done, or is the fourth
    // of a jam.
    reg       f_told_q = 1'b0;
    reg [2:0] f_jam_q  = 3'd0;       // 5 behind the tick of a jam, 1 while its last octet stands
    always @(posedge clk) begin
        f_told_q <= !i_tx_tick && (f_told_q || o_done_stb);
        if (i_tx_tick) f_jam_q <= jam ? 3'd5 : f_jam_q - {2'd0, f_jam_q != 3'd0};
        if (rst) {f_told_q, f_jam_q} <= 4'd0;
    end
    wire f_last = f_told_q || o_done_stb || f_jam_q == 3'd1;

    wire [LEN_W-1:0] f_len = f_n_q - 4'd8;

    // The FCS again, one bit after the other, as clause 3.2.9 has it.
    function [31:0] f_serial(input [31:0] crc, input [7:0] data);
        integer i;
        begin
            f_serial = crc;
            for (i = 0; i < 8; i = i + 1)
                f_serial = {1'b0, f_serial[31:1]}
                         ^ (f_serial[0] ^ data[i] ? 32'hEDB8_8320 : 32'd0);
        end
    endfunction
    reg [31:0] f_crc_q;
    always @(posedge clk) if (i_tx_tick) begin
        if (at_pre) f_crc_q <= 32'hFFFF_FFFF;
        else if (at_data || at_pad) f_crc_q <= f_serial(f_crc_q, at_data ? s_tx_data : 8'd0);
    end
    wire [31:0] f_left = f_crc_q >> 8 * (3 - cnt_q);   // of it, what is still to be sent

    // A frame is judged by one setting, from its first octet on.
    reg f_own_q, f_busy_q = 1'b0;
    always @(posedge clk) {f_own_q, f_busy_q} <= {i_own_fcs, o_busy && !at_pre};
    always @(*) if (f_busy_q) r_own: assume (i_own_fcs == f_own_q);

    always @(*) begin
        a_state:  assert (at_idle + at_pre + at_data + at_pad + at_fcs == 3'd1);
        a_cnt:    assert (cnt_q <= (at_idle ? 4'd12 : at_pre || at_data ? 4'd6 : 4'd3));
        a_pre:    assert (!at_pre || (f_n_q + cnt_q == 7 && !f_min_q));
        a_len:    assert (at_idle || at_pre || len_q == f_len);
        a_min:    assert (at_idle || at_pre || min_q == f_min_q);
        a_below:  assert (at_idle || at_pre || min_q || len_q < MIN_DATA - 1);
        a_en:     assert (at_idle || (en_q && f_gap_q == 4'd0));
        a_gap:    assert (!at_idle || (en_q ? cnt_q == 4'd12 && f_gap_q == 4'd0
                                      : HALF_DUPLEX != 0 ? {1'b0, f_gap_q} + cnt_q >= 5'd12
                                                         : f_gap_q + cnt_q == 4'd12));
        a_12:     assert (f_gap_q <= 4'd12);
        a_drain:  assert (HALF_DUPLEX == 0 || !drain_q);
        a_er:     assert (en_q || !er_q);
        a_run:    assert (o_busy || !en_q);              // ly_phy_rgmii assumes it
        a_short:  assert (!at_fcs || bad_q || min_q);
        a_full:   assert (!done_stb_q || bad_q || f_min_q || i_own_fcs);
        a_own:    assert (!((at_pad || (at_fcs && !bad_q)) && i_own_fcs));
        a_crc:    assert (!(at_data || at_pad) || crc_q == f_crc_q);
        if (at_fcs && !bad_q) a_left: assert (crc_q == f_left);
        a_jam:    assert (!jamming || (at_fcs && bad_q));
        a_jam_4:  assert (jamming ? f_jam_q == cnt_q + 3'd2 : f_jam_q <= 3'd1);
        a_last:   assert (f_last == (at_idle && en_q));
        a_once:   assert (!(f_told_q && o_done_stb));
    end

    always @(posedge clk) if (f_past_q && !$past(rst) && !rst) begin
        if ($past(!en_q) && en_q) begin
            a_gap12:  assert ($past(f_gap_q) == 4'd12);
            a_first:  assert (out_q == 8'h55 && start_stb_q);
        end
        if (en_q && f_n_q <= 7 && !f_min_q && at_pre)
            a_preamble: assert (out_q == 8'h55);
        if (sfd_stb_q) a_sfd: assert (out_q == 8'hD5 && f_n_q == 8);
        if ($past(s_tx_valid && s_tx_ready && !drain_q))
            a_data:   assert (out_q == $past(s_tx_data) && en_q);
        if ($past(i_tx_tick && at_data && !s_tx_valid))
            a_starve: assert (bad_q && at_fcs && er_q && drain_q == (HALF_DUPLEX == 0));
        if ($past(i_tx_tick && at_fcs && !bad_q))
            a_fcs:    assert (out_q == ~$past(f_left[7:0]) && en_q && !er_q);
        if ($past(i_tx_tick && jam))
            a_jam_32: assert (at_fcs && cnt_q == 4'd3 && bad_q && o_rewind);
        if ($past(start && i_tx_tick))
            a_free:   assert ($past(ready) && $past(cnt_end));
        if ($past(en_q) && !en_q)
            a_end:    assert ($past(f_last));
        if (!$past(i_tx_tick))
            a_tick:   assert ($stable(out_q) && $stable(en_q) && $stable(er_q));
        c_frame:      cover (done_stb_q && !bad_q && o_done_pad != 6'd0);
        c_underrun:   cover (done_stb_q && bad_q && !o_done_xscoll);
        c_own_fcs:    cover (done_stb_q && i_own_fcs && !bad_q);
        if (HALF_DUPLEX != 0) begin
            c_again:      cover (done_stb_q && !bad_q && o_done_coll == 4'd1);
        end
    end
`endif

endmodule
`default_nettype wire
