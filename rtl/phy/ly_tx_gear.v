`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_tx_gear - octets of the MAC to W bits in each cycle of a PHY's clock, low bits first.
// In clk: while i_run is high, and for one octet behind it, the octet that stands at a tick goes
// into a FIFO of 4; else ticks come in every cycle and nothing moves. In pin_clk: the octet stays
// in the output register of the FIFO while its parts leave; with i_slow, taken up between two
// frames, each stands for 10 cycles. o_d is 0 where o_en is. With i_leave, pin_clk may be gone in
// the middle of a frame: after 1024 cycles in which no octet moved, ticks come in every cycle and
// the rest of it goes nowhere. o_kill: some of it is in the FIFO; o_d, o_en, o_er may be frozen.
// Latency: a part is at the pins 2 cycles of pin_clk behind the FIFO's 4 or 5: when the first one
// leaves the second octet is there. clk: at least 1.9 x the octet rate.
// Clocks: clk for rst, i_run to o_kill; pin_clk for the others.
// Source: IEEE 802.3 22.2.2 (MII), RMII Specification 1.2.
module ly_tx_gear #(
    parameter integer W = 4          // 4: MII, 2: RMII
) (
    input  wire         clk,
    input  wire         rst,
    input  wire         i_run,       // the MAC needs ticks in the rhythm of the wire
    input  wire         i_en,
    input  wire         i_er,
    input  wire [7:0]   i_data,
    output wire         o_tick,
    output wire         o_busy,      // something is on its way to the output register
    input  wire         i_leave,     // another PHY side is to have the pins
    output wire         o_kill,      // no frame may start here: the rest of one is in the FIFO

    input  wire         pin_clk,
    input  wire         rst_pin,
    input  wire         i_slow,
    output wire [W-1:0] o_d,
    output wire         o_en,
    output wire         o_er
);

    localparam POS_W = W == 4 ? 1 : 2;

    generate
        if (W != 2 && W != 4) begin : g_check
            W_must_be_2_or_4 u_error();
        end
    endgenerate

    reg        flow_q;               // one more, after the last byte time of the gap
    reg [10:0] still_q;              // cycles without an octet
    reg        kill_q;
    initial flow_q  = 1'b0;
    initial still_q = 11'd0;
    initial kill_q  = 1'b0;

    wire ready, drained;
    wire flow = i_run || flow_q;
    wire dead = still_q[10];
    wire push = flow && ready && !dead;

    always @(posedge clk) begin
        flow_q <= !rst && flow && (i_run || !(push || dead));
        if (rst || !i_leave || push) still_q <= 11'd0;
        else if (!dead)              still_q <= still_q + 11'd1;
        kill_q <= !rst && (dead || (kill_q && !drained));
    end

    assign o_tick = !flow || ready || dead;
    assign o_busy = flow || (!drained && !kill_q);
    assign o_kill = kill_q;

    // ---------------------------------------------------------------- in pin_clk
    wire             out_valid, out_en, out_er;
    wire [7:0]       out_data;
    reg              begun_q;        // a cycle more before the first octet
    reg              slow_q;
    reg [3:0]        cnt_q;          // cycles of this part
    reg [POS_W-1:0]  pos_q;          // part of this octet
    reg [W-1:0]      d_q;
    reg              en_q, er_q;
    initial begun_q = 1'b0;
    initial slow_q  = 1'b0;
    initial cnt_q   = 4'd0;
    initial pos_q   = 0;
    initial d_q     = 0;
    initial en_q    = 1'b0;
    initial er_q    = 1'b0;

    wire kill;                       // what was popped with it is no octet
    ly_sync #(.WIDTH(1)) u_sync (.clk(pin_clk), .i_d(kill_q), .o_q(kill));

    wire go    = out_valid && begun_q;
    wire sends = go && out_en;
    wire step  = go && (!slow_q || cnt_q == 4'd9);
    wire pop   = step && (&pos_q);

    always @(posedge pin_clk) begin
        begun_q <= out_valid && !rst_pin;
        if (!sends) slow_q <= i_slow;
        if (go)     cnt_q  <= step ? 4'd0 : cnt_q + 4'd1;
        if (step)   pos_q  <= pos_q + 1'b1;
        d_q  <= out_data[W*pos_q +: W] & {W{sends && !kill}};
        en_q <= sends && !kill && !rst_pin;
        er_q <= go && out_er && !kill && !rst_pin;
        if (rst_pin) begin
            cnt_q <= 4'd0;
            pos_q <= 0;
        end
    end

    ly_fifo_async #(.DATA_W(10), .DEPTH(4)) u_fifo (
        .wr_clk(clk), .wr_rst(rst), .s_valid(flow && !dead), .s_ready(ready),
        .s_data({i_en, i_er, i_data}), .o_drained(drained),
        .rd_clk(pin_clk), .rd_rst(rst_pin), .m_valid(out_valid), .m_ready(pop),
        .m_data({out_en, out_er, out_data}));

    assign {o_d, o_en, o_er} = {d_q, en_q, er_q};

`ifdef FORMAL
    // In clk: what i_run asks for is written at its tick, and one octet behind it.
    reg f_tail_q = 1'b0;             // i_run has fallen, its octet more is not written
    always @(posedge clk) f_tail_q <= i_run || (f_tail_q && !o_tick);

    // In pin_clk: cycles of the octet at the output of the FIFO, and what stood there before.
    localparam [5:0] PARTS = 8 / W;
    reg [5:0] f_at_q = 6'd0;         // cycles of it so far
    reg       f_go_q = 1'b0;
    reg       f_pop_q = 1'b0;
    reg       f_slow_q = 1'b0;
    reg       f_kill_q = 1'b0;
    reg [9:0] f_out_q;
    reg [5:0] f_was_q = 6'd0;
    wire [5:0] f_each  = slow_q ? 6'd10 : 6'd1;
    wire [5:0] f_part  = f_slow_q ? f_was_q / 6'd10 : f_was_q;
    always @(posedge pin_clk) begin
        if (go) f_at_q <= pop ? 6'd0 : f_at_q + 6'd1;
        f_go_q   <= go;
        f_pop_q  <= pop;
        f_slow_q <= slow_q;
        f_out_q  <= {out_en, out_er, out_data};
        f_kill_q <= kill;
        f_was_q  <= f_at_q;
    end

    always @(*) begin
        r_rst:   assume (!rst && !rst_pin);
        a_tail:  assert (flow_q == f_tail_q);
        a_push:  assert ((push || (flow && dead)) == (o_tick && (i_run || f_tail_q)));
        a_tick:  assert (o_tick || i_run || f_tail_q);
        // Idle octets may change their speed half way.
        a_at:    assert (sends ? f_at_q == pos_q * f_each + cnt_q && cnt_q < f_each
                               : f_at_q <= pos_q * 6'd10 + cnt_q && cnt_q < 4'd10);
        a_pop:   assert (!sends || pop == (f_at_q == PARTS * f_each - 6'd1));
        a_new:   assert ((f_at_q == 6'd0) == (cnt_q == 4'd0 && pos_q == 0));
        a_after: assert (!f_go_q || f_pop_q == (f_at_q == 6'd0));
        a_stays: assert (f_at_q == 6'd0 || go);
        a_speed: assert (!(sends && f_at_q != 6'd0) || slow_q == f_slow_q);
        a_same:  assert (!f_go_q || f_pop_q || f_out_q == {out_en, out_er, out_data});
        a_en:    assert (o_en == (f_go_q && f_out_q[9] && !f_kill_q)
                         && o_er == (f_go_q && f_out_q[8] && !f_kill_q));
        a_part:  assert (o_d == (o_en ? f_out_q[W*f_part[POS_W-1:0] +: W] : {W{1'b0}}));
`ifndef FORMAL_PHY
        c_next:  cover (f_go_q && f_pop_q && o_en && sends);
        c_tail:  cover (f_pop_q && !f_out_q[9] && !o_busy);
        c_slow:  cover (o_en && f_slow_q && f_was_q == 6'd19);
`endif
    end
`endif

endmodule
`default_nettype wire
