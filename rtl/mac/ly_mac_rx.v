`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_mac_rx - receive MAC: finds the frame, checks length, FCS and RX_ER, strips the FCS.
// Input: one byte per i_rx_stb, in any rhythm; the first strobe with i_rx_dv low ends the carrier
// event (i_rx_er with it: bytes were lost; i_rx_odd: a nibble was left over). Output: a byte stands
// at m_rx with the strobe of the 5th byte behind it; the last one a cycle after the end, with
// m_rx_err and, for every frame, o_ev_stb and m_rx_ev. There is no ready. Frames too short for data
// give o_ev_stb alone.
// Preamble: any number of 55, also none, then D5. Anything else before the SFD, or an end there,
// makes the whole carrier event one o_false_stb. Above MAX_FRAME data stops, m_rx_last still comes.
// Clock: clk. Source: IEEE 802.3 3.2, 4.2.4, 35.2.2.7 (RX_DV, RX_ER); RFC 2819 (names of lengths).
module ly_mac_rx #(
    parameter MAX_FRAME = 1518,      // octets DA..FCS
    parameter MIN_FRAME = 64         // the same; another value is for proofs only
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        i_rx_stb,
    input  wire [7:0]  i_rx_data,
    input  wire        i_rx_dv,
    input  wire        i_rx_er,
    input  wire        i_rx_odd,
    output wire        m_rx_valid,
    output wire [7:0]  m_rx_data,
    output wire        m_rx_last,
    output wire        m_rx_err,
    output wire        o_ev_stb,
    output wire [24:0] m_rx_ev,      // {align_err, fcs_err, rx_er, undersize, fragment, oversize,
                                     //  len[15:0] (DA..FCS, stops at MAX_FRAME+1), mcast, bcast}
    output wire [31:0] o_line,       // for ly_filter: the last four octets, and low bits of the FCS
    output wire [5:0]  o_crc,        // register behind them
    output wire        o_false_stb,
    output wire        o_tap_sfd,    // the SFD, and the end, were seen in the cycle before
    output wire        o_tap_last,
    output wire        o_busy        // a carrier event is under way
);

    localparam LEN_W = $clog2(MAX_FRAME + 2);
    localparam [LEN_W-1:0] LEN_MAX = MAX_FRAME[LEN_W-1:0];

    localparam [1:0] ST_IDLE = 2'd0; // no carrier
    localparam [1:0] ST_PRE  = 2'd1; // nothing but 55 so far
    localparam [1:0] ST_DATA = 2'd2;
    localparam [1:0] ST_SKIP = 2'd3; // no frame: wait for the end

    localparam [31:0] RESIDUE = 32'hDEBB_20E3;

    reg [1:0]       state_q, state_d;
    reg [31:0]      crc_q;
    reg [39:0]      line_q;          // the last five bytes, oldest on top
    reg [LEN_W-1:0] len_q;
    reg             long_q;          // more than MAX_FRAME
    reg             full_q;          // line_q holds five bytes
    reg             addr_q;          // within the destination address
    reg             err_seen_q;
    reg             mcast_q, bcast_q;
    reg             end_q, false_q, sfd_q;
    reg             bad_q, short_q, odd_q;

    initial state_q = ST_IDLE;
    initial end_q = 1'b0;
    initial false_q = 1'b0;
    initial sfd_q = 1'b0;

    wire at_data = state_q == ST_DATA;
    wire at_idle = state_q == ST_IDLE;
    wire at_pre  = state_q == ST_PRE;
    wire hunting = at_idle || at_pre;
    wire rx_byte = i_rx_stb && i_rx_dv;
    wire rx_end  = i_rx_stb && !i_rx_dv;
    wire sfd     = rx_byte && hunting && i_rx_data == 8'hD5;
    wire data_in = rx_byte && at_data;

    always @(*) begin
        state_d = state_q;
        if (rx_end) state_d = ST_IDLE;
        else if (i_rx_stb && hunting) begin
            state_d = ST_SKIP;
            if (i_rx_data == 8'h55) state_d = ST_PRE;
            if (i_rx_data == 8'hD5) state_d = ST_DATA;
        end
    end

    wire [31:0] crc_next;
    ly_fcs u_fcs (.i_crc(crc_q), .i_data(i_rx_data), .o_crc(crc_next));

    // Everything of one frame starts anew while the preamble lasts.
    always @(posedge clk) begin
        if (data_in) begin
            line_q <= {line_q[31:0], i_rx_data};
            crc_q  <= crc_next;
        end
        if (data_in && !long_q) len_q <= len_q + 1'b1;
        if (data_in && len_q == LEN_MAX) long_q <= 1'b1;
        if (data_in && len_q[2:0] == 3'd4) full_q <= 1'b1;
        if (data_in && full_q) addr_q <= 1'b0;
        if (data_in && !full_q && len_q[2:0] == 3'd0) mcast_q <= i_rx_data[0];
        if (data_in && addr_q && i_rx_data != 8'hFF) bcast_q <= 1'b0;
        if (sfd) begin
            crc_q   <= 32'hFFFF_FFFF;
            len_q   <= 0;
            long_q  <= 1'b0;
            full_q  <= 1'b0;
            addr_q  <= 1'b1;
            bcast_q <= 1'b1;
        end
        if (i_rx_stb) err_seen_q <= i_rx_er || (err_seen_q && !at_idle);
        bad_q   <= crc_q != RESIDUE || err_seen_q || i_rx_er;
        odd_q   <= i_rx_odd && crc_q != RESIDUE;
        short_q <= len_q < MIN_FRAME;
    end

    always @(posedge clk) begin
        state_q <= state_d;
        end_q   <= rx_end && at_data;
        false_q <= rx_end && !at_data && !at_idle;
        sfd_q   <= sfd;
        if (rst) begin
            state_q <= ST_IDLE;
            end_q   <= 1'b0;
            false_q <= 1'b0;
            sfd_q   <= 1'b0;
        end
    end

`ifndef SYNTHESIS
    /* verilator lint_off UNUSEDSIGNAL */
    wire [31:0] dbg_state = at_idle ? "idle" : at_pre ? "pre " : at_data ? "data" : "skip";
    /* verilator lint_on UNUSEDSIGNAL */
`endif

    wire fits = !short_q && !long_q;

    assign m_rx_valid  = full_q && (end_q || (data_in && !long_q));
    assign m_rx_data   = line_q[39:32];
    assign m_rx_last   = end_q;
    assign m_rx_err    = bad_q || !fits;
    assign o_ev_stb    = end_q;
    assign m_rx_ev     = {odd_q && fits, bad_q && !odd_q && fits, err_seen_q,
                          !bad_q && short_q, bad_q && short_q,
                          !bad_q && long_q, bad_q && long_q,
                          {16-LEN_W{1'b0}}, len_q, mcast_q, bcast_q};
    assign o_line      = line_q[31:0];
    assign o_crc       = crc_q[5:0];
    assign o_false_stb = false_q;
    assign o_tap_sfd   = sfd_q;
    assign o_tap_last  = end_q;
    assign o_busy      = !at_idle || rx_byte || end_q;

`ifdef FORMAL
    // One watched octet: it comes out as it came in, at its place; verdicts exclude another.
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;

    (* anyconst *) reg [LEN_W-1:0] f_nr;
    reg [7:0]                      f_word_q;
    reg [LEN_W-1:0]                f_beats_q = 0;        // m_rx beats of this frame, without last
    always @(posedge clk) begin
        if (data_in && len_q == f_nr) f_word_q <= i_rx_data;
        if (sfd) f_beats_q <= 0;
        else if (m_rx_valid && !m_rx_last) f_beats_q <= f_beats_q + 1'b1;
    end

    wire [5:0] f_class = {m_rx_ev[24:23], m_rx_ev[21:18]};
    wire       f_frame = at_data || end_q;
    wire [4:0] f_wrong;                // the octets behind the one that is at m_rx
    generate genvar f_i;
        for (f_i = 0; f_i < 5; f_i = f_i + 1) begin : f_line
            assign f_wrong[f_i] = len_q == f_nr + 1 + f_i && line_q[8*f_i +: 8] != f_word_q;
        end
    endgenerate

    always @(*) begin
        a_len:   assert (!f_frame || len_q <= MAX_FRAME + 1);
        a_long:  assert (!f_frame || long_q == (len_q == MAX_FRAME + 1));
        a_full:  assert (!f_frame || full_q == (len_q >= 5));
        a_line:  assert (!f_frame || long_q || f_wrong == 5'd0);
        a_beats: assert (!f_frame || f_beats_q + (full_q ? 5 : 0) == (full_q ? len_q : 0));
        if (m_rx_valid && !long_q && f_beats_q == f_nr)
            a_octet: assert (m_rx_data == f_word_q);
        a_last:  assert (!m_rx_last || o_ev_stb);
        a_class: assert (!o_ev_stb || (f_class & (f_class - 6'd1)) == 6'd0);
        a_err:   assert (!o_ev_stb || m_rx_err == |f_class);
        a_both:  assert (!(o_ev_stb && o_false_stb));
    end

    always @(posedge clk) if (f_past_q && !$past(rst) && !rst) begin
        if (o_ev_stb && !m_rx_err) begin
            a_good_len:  assert (m_rx_valid && len_q >= MIN_FRAME && len_q <= MAX_FRAME
                                 && f_beats_q + 1'b1 == len_q - 4);
            a_good_fcs:  assert ($past(crc_q) == RESIDUE);
            a_good_er:   assert (!err_seen_q);
        end
        if (o_ev_stb) a_no_data: assert (m_rx_valid == (len_q >= 5));
        if (o_ev_stb || o_false_stb)
            a_end:       assert ($past(i_rx_stb && !i_rx_dv));
        c_short:         cover (o_ev_stb && m_rx_valid && f_class == 6'b000100);
        c_none:          cover (o_ev_stb && !m_rx_valid);
        c_false:         cover (o_false_stb);
        c_good:          cover (o_ev_stb && !m_rx_err);
        c_long:          cover (o_ev_stb && long_q);
    end
`endif

endmodule
`default_nettype wire
