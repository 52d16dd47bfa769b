`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_pause - flow control by pause frames, both ways; stands between the tx queue and ly_mac_tx and
// watches m_rx of ly_mac_rx. rx: o_rx_pause says at m_rx's last beat that this is a pause frame, to
// the group or to us; after a good one no frame of the queue starts. The one under way goes on, and
// when it is through the timer begins. tx: i_full asks for XOFF, repeated every 256 quanta, its end
// for XON; a pause frame goes between two frames, also while we are paused. o_tx_pause tells of it
// from its start to the next one's: as long as what ly_mac_tx says of the frame.
// s_tx to m_tx is combinational; a frame never has a hole, since its source is chosen before it
// starts. i_rewind: the MAC will start ours again from its first octet (a collision, where the link
// has become half duplex). Quanta are 64 ticks. Only in full duplex: the i_en_* are low otherwise,
// and one of ours that waits then to start is withdrawn.
// Clock: clk.
// Source: IEEE 802.3 annex 31B (frame, timer, rules), 31.4 (opcode).
module ly_pause #(
    parameter [15:0] XOFF_QUANTA = 16'h01FF     // longer than the 256 after which it is repeated
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        i_tick,
    input  wire        i_en_rx,      // obey
    input  wire        i_en_tx,      // ask
    input  wire [47:0] i_mac,        // bits 7:0 first on the wire
    // m_rx of ly_mac_rx
    input  wire        s_rx_valid,
    input  wire [7:0]  s_rx_data,
    input  wire        s_rx_last,
    input  wire        s_rx_err,
    input  wire        i_rx_own,     // it is to the own address: two cycles before the last beat
    output wire        o_rx_pause,
    // the rx queue
    input  wire        i_full,
    // tx queue -> ly_mac_tx
    input  wire        s_tx_valid,
    output wire        s_tx_ready,
    input  wire [7:0]  s_tx_data,
    input  wire        s_tx_last,
    output wire        o_commit,
    output wire        m_tx_valid,
    input  wire        m_tx_ready,
    output wire [7:0]  m_tx_data,
    output wire        m_tx_last,
    input  wire        i_commit,     // o_commit of ly_mac_tx
    input  wire        i_rewind,     // its o_rewind
    input  wire        i_start,      // its o_tap_start
    input  wire        i_end,        // its o_tap_end: the commit comes before it or with it
    output wire        o_tx_pause,
    output wire        o_run,        // quanta are counted: ticks must have the rhythm of the wire
    output wire        o_busy        // a pause frame is due or under way, or the timer runs
);

    // The octet of a pause frame at the place whose bit is set, where it is always the same:
    // 01-80-C2-00-00-01 at 0 to 5, 88-08-00-01 at 12 to 15; between them the source, here 00.
    /* verilator lint_off UNUSEDSIGNAL */   // places of 00 need no gate
    function [7:0] fixed(input [15:0] at);
    /* verilator lint_on UNUSEDSIGNAL */
        fixed = {at[1] || at[2] || at[12], at[2], 2'b00, at[12] || at[13], 1'b0, at[2],
                 at[0] || at[5] || at[15]};
    endfunction

    // ---- rx: 01-80-C2-00-00-01 or own, six octets of source, 88-08, 00-01, quanta ----
    reg [18:0] rx_at_q;              // one bit: the octet that comes next, 18 for all that follow
    reg        rx_ok_q;              // all of them so far as in a pause frame, whatever its address
    reg        rx_group_q;           // its address is the group
    reg        rx_to_us_q;
    reg [15:0] quanta_q;
    reg        load_q;
    initial rx_at_q  = 19'd1;
    initial load_q   = 1'b0;

    wire       rx_same  = s_rx_data == fixed(rx_at_q[15:0]);
    wire       rx_da    = |rx_at_q[5:0];
    wire       rx_type  = |rx_at_q[15:12];

    always @(posedge clk) begin
        load_q <= !rst && s_rx_valid && s_rx_last && o_rx_pause && !s_rx_err;
        if (s_rx_valid) begin
            rx_group_q <= (rx_group_q || rx_at_q[0]) && (rx_same || !rx_da);
            rx_ok_q    <= (rx_ok_q || rx_at_q[0]) && (rx_same || !rx_type);
            if (rx_at_q[16] || rx_at_q[17]) quanta_q <= {quanta_q[7:0], s_rx_data};
            rx_at_q <= {rx_at_q[18] || rx_at_q[17], rx_at_q[16:0], 1'b0};
        end
        if (rst || (s_rx_valid && s_rx_last)) rx_at_q <= 19'd1;
        rx_to_us_q <= rx_group_q || i_rx_own;
    end

    assign o_rx_pause = rx_ok_q && rx_to_us_q && rx_at_q[18];

    // ---- The timer, and the quanta of which it is made ----
    reg [5:0]  byte_q;
    reg [15:0] timer_q;
    reg        paused_q;
    reg        wait_q;               // 31B.3.4.4: it starts when the frame under way is through
    initial byte_q   = 6'd0;
    initial paused_q = 1'b0;

    wire quantum = i_tick && (&byte_q);
    wire begins  = wait_q && held;
    always @(posedge clk) begin
        wait_q <= load_q || (wait_q && !held);
        if (begins) byte_q <= 6'd0;  // quanta of XOFF are counted on while it waits
        else if (i_tick) byte_q <= byte_q + 6'd1;
        if (load_q) timer_q <= quanta_q;
        else if (quantum && !wait_q) timer_q <= timer_q - 16'd1;
        if (load_q) paused_q <= quanta_q != 16'd0 && i_en_rx;
        else if (quantum && !wait_q && timer_q == 16'd1) paused_q <= 1'b0;
        if (rst || !i_en_rx) paused_q <= 1'b0;
    end

    // ---- tx: what the other side was told, and when it is to be told again ----
    reg       told_q;                // XOFF
    reg       xoff_q;                // our last frame, or the one under way, says so
    reg [7:0] again_q;               // quanta since then
    reg       due_q;
    initial told_q = 1'b0;
    initial due_q  = 1'b0;

    // ---- tx: a pause frame takes the place of the queue's next one. ----
    reg       frame_q;               // the MAC has started one and not ended it
    reg       block_q, blocked_q;    // the queue's is held back: the MAC cannot start it any more
    reg       mine_q;                // the next one, or this one, is ours
    reg       drop_q;                // ours is not to start
    reg       was_q;                 // this one is, or the one before was
    reg [17:0] at_q;                 // one bit: the octet of ours behind the one that stands
    reg [7:0]  octet_q;              // it stands a cycle before it can be taken: no mux before the
    reg        last_q;               // MAC's CRC
    initial frame_q   = 1'b0;
    initial block_q   = 1'b0;
    initial blocked_q = 1'b0;
    initial mine_q    = 1'b0;

    wire free = !frame_q && !i_start;
    wire held = free && block_q && blocked_q;
    wire take = held && due_q;
    wire drop = drop_q && free;      // it has not, and is not offered any more
    wire end_mine = mine_q && (i_commit || drop);

    always @(posedge clk) begin
        frame_q   <= i_start || (frame_q && !i_end);
        if (i_start) was_q <= mine_q;
        block_q   <= free && (due_q || paused_q);
        blocked_q <= free && block_q;
        if (take) mine_q <= 1'b1;
        if (end_mine) mine_q <= 1'b0;
        drop_q    <= free && !i_en_tx;

        if (take && !mine_q) begin
            told_q  <= i_full;
            xoff_q  <= i_full;
            again_q <= 8'd0;
        end else if (quantum) again_q <= again_q + 8'd1;
        due_q <= i_en_tx && !mine_q && (i_full != told_q || (told_q && (due_q || (&again_q))));
        if (!i_en_tx) told_q <= 1'b0;

        if (!mine_q) at_q <= take ? 18'd2 : 18'd1;
        else if (m_tx_ready) at_q <= {at_q[16:0], 1'b0};
        if (!mine_q || m_tx_ready) {last_q, octet_q} <= {at_q[17], octet};
        if (mine_q && i_rewind) {at_q, last_q, octet_q} <= {18'd2, 1'b0, fixed(16'd1)};
        if (rst) begin
            frame_q   <= 1'b0;
            block_q   <= 1'b0;
            blocked_q <= 1'b0;
            mine_q    <= 1'b0;
            told_q    <= 1'b0;
            due_q     <= 1'b0;
        end
    end

    reg [7:0] octet;
    integer   k;
    always @(*) begin
        octet = fixed(at_q[15:0]);
        for (k = 0; k < 6; k = k + 1) octet = octet | ({8{at_q[6 + k]}} & i_mac[8*k +: 8]);
        if (xoff_q) octet = octet | ({8{at_q[16]}} & XOFF_QUANTA[15:8])
                                  | ({8{at_q[17]}} & XOFF_QUANTA[7:0]);
    end

    assign m_tx_valid = mine_q ? !drop : s_tx_valid && !block_q;
    assign m_tx_data  = mine_q ? octet_q : s_tx_data;
    assign m_tx_last  = mine_q ? last_q : s_tx_last;
    assign s_tx_ready = m_tx_ready && !mine_q;
    assign o_commit   = i_commit && !mine_q;
    assign o_tx_pause = was_q;
    // Not while a frame of ours waits to start: a new speed may be what it waits for.
    assign o_run      = paused_q || (told_q && !mine_q);
    assign o_busy     = due_q || mine_q || paused_q || told_q || load_q;

`ifdef FORMAL
    // The neighbours: a queue whose frames have no holes, a MAC that starts what is valid, a cycle
    // before i_start, reads it to its last octet, commits then or later, ends, and makes its gap.
    reg f_taken_q = 1'b0;            // the last octet of the frame under way was read
    reg f_done_q = 1'b0;             // and it was committed
    reg [1:0] f_off_q = 2'd0;        // i_en_tx low in the last cycles
    reg f_src_q = 1'b0;              // the queue is inside a frame, or offers one
    reg f_again_q = 1'b0;            // it collided and was not started again so far
    reg [1:0] f_gap_q = 2'd0;        // cycles of it that are left at least
    reg f_could_q = 1'b0;            // the MAC could start in the cycle before
    reg [1:0] f_paused_q = 2'd0;     // paused in the last cycles
    reg [21:0] f_left_q;             // ticks of the pause that are left
    always @(posedge clk) begin
        f_taken_q  <= !rst && !i_end && !i_rewind && (f_taken_q || (m_tx_ready && m_tx_last));
        f_done_q   <= !rst && !i_end && (f_done_q || i_commit);
        f_again_q  <= !rst && !i_end && (i_rewind || (f_again_q && !i_start));
        f_off_q    <= {f_off_q[0], !i_en_tx && !rst};
        f_src_q    <= !rst && s_tx_valid && !(s_tx_ready && s_tx_last) && !(i_rewind && !mine_q);
        f_gap_q    <= (i_end || i_rewind) && !rst ? 2'd2 : f_gap_q - {1'b0, f_gap_q != 2'd0};
        f_could_q  <= !rst && m_tx_valid && f_gap_q == 2'd0
                      && (free || (f_again_q && !i_start && !i_end));
        f_paused_q <= {f_paused_q[0], paused_q && !rst};
        f_left_q   <= begins ? {timer_q, 6'd0} : f_left_q - {21'd0, i_tick};
    end
    always @(*) begin
        r_start:  assume (!i_start || (f_could_q && !i_commit && !i_end));
        r_ready:  assume (!m_tx_ready || (frame_q && !f_taken_q && !f_again_q && !i_rewind));
        // The sixteenth collision ends it, whatever was read of it.
        r_commit: assume (!i_commit || (frame_q && !f_done_q && (f_taken_q || (f_again_q && i_end)
                                                                 || (m_tx_ready && m_tx_last))));
        r_end:    assume (!i_end || (frame_q && (f_done_q || i_commit)));
        r_rewind: assume (!i_rewind || (frame_q && !f_done_q && !f_again_q && !i_commit));
        r_source: assume (!f_src_q || s_tx_valid);
    end

    always @(*) begin
        // After a collision the queue takes its time to offer the frame again.
        if (frame_q && !f_taken_q && !(f_again_q && !mine_q)) a_no_hole: assert (m_tx_valid);
        a_block:  assert (!(block_q && frame_q));
        if (frame_q && !f_done_q) a_whose: assert (was_q == mine_q);
        if (frame_q && !mine_q && !f_taken_q && !f_again_q) a_source: assert (f_src_q);
        if (i_start) a_start: assert (mine_q ? at_q == 18'd2 && !last_q : f_src_q);
        if (mine_q && !frame_q) a_first: assert (at_q == 18'd2 && !last_q);
        a_again:  assert (!f_again_q || (frame_q && !f_taken_q && !f_done_q
                                         && (!mine_q || (at_q == 18'd2 && !last_q))));
        a_one:    assert (!mine_q || (at_q & (at_q - 18'd1)) == 18'd0);
        a_taken:  assert (!f_taken_q || frame_q);
        a_done:   assert (!f_done_q || (f_taken_q && !mine_q));
        if (&f_off_q && i_start) a_off: assert (!mine_q || f_again_q);
        if (mine_q && frame_q && !f_taken_q) a_rest: assert ((at_q == 18'd0) == last_q);
        if (paused_q) a_timer: assert (timer_q != 16'd0);
        if (paused_q && !wait_q) a_lasts: assert (f_left_q == {timer_q, 6'd0} - {16'd0, byte_q});
        // The cycle of the load, two to block, one in which the MAC had already decided.
        if (&f_paused_q && paused_q && f_could_q && i_start) a_paused: assert (mine_q || f_again_q);
    end
    always @(posedge clk) begin
        c_ours:   cover (mine_q && i_commit);
        c_again:  cover (f_again_q && i_start && mine_q);
        c_theirs: cover (f_again_q && i_start && !mine_q);
        c_queue:  cover (o_commit);
        c_drop:   cover (drop && mine_q);
        c_resume: cover (f_paused_q == 2'b10 && !paused_q && o_commit);
    end
`endif

endmodule
`default_nettype wire
