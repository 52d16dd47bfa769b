`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_rec_rx - records from the host: frames to the tx path, register requests, SYNC.
// s_rec through ly_skid. A frame is m_meta (one beat; m_meta_len is the length of the frame) and
// then m_tx; one byte per cycle, none lost where meta is taken within 2. o_drop: forget the frame
// whose meta was taken and whose m_tx_last was not; m_tx_valid falls with it. m_meta_valid falls
// without a beat where the frame is dropped before (stall, disabled, unsupported form).
// o_req_* stand from o_req_stb until i_req_done; nothing is read from s_rec in between.
// Discards until SYNC after reset, a header with a bad check or impossible length, and a gap.
// Time: i_tick_time changes every 4096 cycles (bit 12 of the time base); a time-out is at least its
// parameter and at most 2 x 4096 cycles more. While o_timer_armed the time must not skip a change.
// Clock: clk. Source: rtl/regs/nic.rdl; virtio 1.2, 5.1.6 (virtio_net_hdr_v1).
module ly_rec_rx #(
    parameter integer MAX_FRAME     = 1518,         // DA..FCS
    parameter integer RECORD_GAP_US = 100_000,
    parameter integer TX_STALL_US   = 100_000,
    parameter integer CLK_HZ        = 125_000_000
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        s_rec_valid,
    output wire        s_rec_ready,
    input  wire [7:0]  s_rec_data,
    output wire        m_meta_valid,
    input  wire        m_meta_ready,
    output wire        m_meta_need_csum,
    output wire [15:0] m_meta_csum_start,
    output wire [15:0] m_meta_csum_offset,
    output wire [15:0] m_meta_tag,
    output wire [15:0] m_meta_len,
    output wire        m_tx_valid,
    input  wire        m_tx_ready,
    output wire [7:0]  m_tx_data,
    output wire        m_tx_last,
    output wire        o_drop,
    output wire        o_req_stb,
    output wire        o_req_write,
    output wire [15:0] o_req_addr,          // above 64 KiB: 0x8000 and more, where nothing is
    output wire [31:0] o_req_wdata,
    output wire [15:0] o_req_tag,
    input  wire        i_req_done,
    input  wire        i_tx_ok,             // link up and TX_EN: else frames are dropped at once
    input  wire        i_tick_time,
    output wire        o_sync_stb,          // SYNC received
    output wire        o_err_stb,           // discarding begins
    output wire [1:0]  o_err_cause,         // LY_ERROR_*
    output wire        o_ev_bad_header,     // for the counters, one cycle each
    output wire        o_ev_gap,
    output wire        o_ev_unknown,
    output wire        o_ev_drop_stall,
    output wire        o_ev_drop_disabled,
    output wire        o_ev_drop_length,    // frame too short, segmentation, more buffers than one
    output wire        o_timer_armed,
    output wire        o_busy,              // something moves without input
    output wire        o_tap_first,         // type byte of a FRAME
    output wire        o_tap_last           // last byte of the frame, before padding
);

    `include "rtl/regs/ly_regs.vh"

    localparam integer FRAME_MIN   = 14;    // DA, SA, type: IEEE 802.3 3.1.1
    localparam integer LENGTH_MAX  = LY_REC_VNET_BYTES + MAX_FRAME - 4;
    localparam integer LEFT_W      = $clog2(LENGTH_MAX + 1);
    localparam integer TICK_CYCLES = 4096;
    localparam integer CLK_MHZ     = (CLK_HZ + 999_999) / 1_000_000;
    localparam integer GAP_TICKS   = (RECORD_GAP_US * CLK_MHZ + TICK_CYCLES - 1) / TICK_CYCLES + 1;
    localparam integer STALL_TICKS = (TX_STALL_US * CLK_MHZ + TICK_CYCLES - 1) / TICK_CYCLES + 1;
    localparam integer TICKS_MAX   = GAP_TICKS > STALL_TICKS ? GAP_TICKS : STALL_TICKS;
    localparam integer TICK_W      = $clog2(TICKS_MAX + 1);
    /* verilator lint_off WIDTH */      // constants cut to the width of what they meet
    localparam [LEFT_W-1:0] LEFT_MAX   = LENGTH_MAX;
    localparam [LEFT_W-1:0] LEFT_FRAME = LY_REC_VNET_BYTES + FRAME_MIN;
    localparam [LEFT_W-1:0] LEFT_ONE   = 1;
    localparam [LEFT_W-1:0] LEFT_VNET  = LY_REC_VNET_BYTES;
    localparam [LEFT_W-1:0] LEFT_SYNC  = LY_REC_SYNC_BYTES;
    localparam [LEFT_W-1:0] LEFT_READ  = LY_REC_REG_READ_BYTES;
    localparam [LEFT_W-1:0] LEFT_WRITE = LY_REC_REG_WRITE_BYTES;
    localparam [TICK_W-1:0] TICKS_GAP   = GAP_TICKS;
    localparam [TICK_W-1:0] TICKS_STALL = STALL_TICKS;
    /* verilator lint_on WIDTH */

    generate
        if (LEFT_W < 9 || LEFT_W > 16) begin : g_check_frame
            MAX_FRAME_must_be_300_to_65527 u_error();
        end
    endgenerate

    localparam [2:0] ST_HUNT = 3'd0,    // discard until SYNC
                     ST_HDR  = 3'd1,
                     ST_BODY = 3'd2,    // virtio header, register access, SYNC
                     ST_DATA = 3'd3,    // frame bytes, once meta is taken
                     ST_REQ  = 3'd4,    // register access under way
                     ST_SKIP = 3'd5;    // the rest of a record, or its padding
    reg [2:0] state_q, state_d;

    wire       in_valid;
    wire       in_ready;
    wire [7:0] in_data;

    ly_skid #(.DATA_W(8)) u_skid (
        .clk    (clk),
        .rst    (rst),
        .s_valid(s_rec_valid),
        .s_ready(s_rec_ready),
        .s_data (s_rec_data),
        .m_valid(in_valid),
        .m_ready(in_ready),
        .m_data (in_data)
    );

    // ---- What the stream says ----
    reg [2:0]        type_q;        // 0: none that the device knows
    reg [15:0]       tag_q;
    reg [LEFT_W-1:0] left_q;        // payload bytes to come; of a frame, those behind its header
    reg              over_q;        // the length has bits that left_q has not
    reg [3:0]        idx_q;         // byte of the header, then of the payload modulo 16
    reg [7:0]        crc_q;
    reg [2:0]        match_q;       // bytes of SYNC seen in a row
    reg              need_csum_q;
    reg              odd_form_q;    // a frame in a form that is not supported
    reg [15:0]       addr_q;
    reg [31:0]       word_q;        // register value; csum_start and csum_offset
    reg              meta_q;        // m_meta waits to be taken
    reg              open_q;        // it was taken, the frame has not ended

    wire is_frame = type_q == LY_REC_FRAME[2:0];
    wire is_read  = type_q == LY_REC_REG_READ[2:0];
    wire is_write = type_q == LY_REC_REG_WRITE[2:0];
    wire is_sync  = type_q == LY_REC_SYNC[2:0];

    wire take     = in_valid && in_ready;
    wire hdr_end  = state_q == ST_HDR && take && idx_q == LY_REC_HDR_BYTES - 1;
    reg  left_1, left_0;            // left_q is 1, is 0
    wire word_end = idx_q[1:0] == 2'd3;

    // Looked for from the start of the header and of the body: when either proves bad, hunting
    // goes on inside it. A5 occurs once in SYNC: after a mismatch none or one byte is matched.
    wire first      = idx_q == 4'd0 && state_q != ST_HUNT;
    wire [2:0] match_in = first ? 3'd0 : match_q;
    wire match_hit  = in_data == LY_REC_SYNC_BODY[8 * match_in +: 8];
    wire match_end  = match_hit && (&match_in);

    // The length is whole two bytes before the header's end: compared a cycle ahead.
    reg  long_q, frame_short_q, known_q;
    wire check_bad  = in_data != crc_q;
    wire length_bad = over_q || long_q;
    wire frame_goes = is_frame && !frame_short_q && i_tx_ok;
    wire left_runs   = state_q != ST_HDR && !(state_q == ST_BODY && is_frame);
    always @(posedge clk) begin
        long_q        <= left_q > LEFT_MAX || (is_sync && left_q != LEFT_SYNC);
        frame_short_q <= left_q < LEFT_FRAME;
        known_q       <= (is_read && left_q == LEFT_READ) || (is_write && left_q == LEFT_WRITE)
                      || is_sync;
    end

    wire [7:0] crc_next;
    ly_crc8 u_crc (.i_crc(first ? LY_REC_CRC_INIT : crc_q), .i_data(in_data), .o_crc(crc_next));

    // ---- Time: counts the ticks since the last byte, or since what is waited for changed. ----
    reg [TICK_W-1:0] ticks_q;
    reg              tick_q, waits_tx_q, late_q;

    // Waiting for the tx path, else for the host.
    wire waits_tx = state_q == ST_DATA && (meta_q || in_valid);
    wire armed    = !(state_q == ST_HUNT || state_q == ST_REQ || (state_q == ST_HDR && idx_q == 0));
    wire restart  = !armed || take || waits_tx != waits_tx_q;
    wire late     = late_q && waits_tx == waits_tx_q;
    wire stall    = armed && waits_tx && late;
    wire gap      = armed && !waits_tx && !in_valid && late;

    always @(posedge clk) begin
        tick_q     <= i_tick_time;
        waits_tx_q <= waits_tx;
        late_q     <= !restart && ticks_q == (waits_tx ? TICKS_STALL : TICKS_GAP);
        if (restart) ticks_q <= 0;
        else if (tick_q != i_tick_time && !late_q) ticks_q <= ticks_q + 1'b1;
    end

    // ---- State ----
    wire body_end   = state_q == ST_BODY && take && (is_frame ? idx_q == LY_REC_VNET_BYTES - 1
                                                              : left_1);
    wire vnet_bad   = body_end && is_frame && (odd_form_q || in_data != 8'd0);
    wire frame_off  = state_q == ST_DATA && (!i_tx_ok || stall);
    wire out_ready;             // of the stream register towards m_tx
    wire out_valid  = state_q == ST_DATA && open_q && in_valid && !frame_off;
    wire frame_move = out_valid && out_ready;
    wire give_up    = frame_off || vnet_bad || gap;

    // In ST_DATA a dropped frame leaves its byte for ST_SKIP.
    assign in_ready = state_q != ST_REQ
                   && (state_q != ST_DATA || (open_q && out_ready && !frame_off));

    always @(*) begin
        state_d = state_q;
        case (state_q)
            ST_HUNT: if (take && match_end) state_d = ST_HDR;
            ST_HDR: if (hdr_end) begin
                if (check_bad || length_bad) state_d = match_end ? ST_HDR : ST_HUNT;
                else if (frame_goes || known_q) state_d = ST_BODY;
                else if (!left_0) state_d = ST_SKIP;
            end
            ST_BODY: if (body_end) begin
                if (is_frame) state_d = vnet_bad ? ST_SKIP : ST_DATA;
                else if (is_sync) state_d = match_end ? ST_HDR : ST_HUNT;
                else state_d = ST_REQ;
            end
            ST_DATA: if (frame_off) state_d = ST_SKIP;
                     else if (frame_move && left_1) state_d = word_end ? ST_HDR : ST_SKIP;
            ST_REQ:  if (i_req_done) state_d = ST_HDR;
            ST_SKIP: if (take && (left_0 || left_1) && word_end) state_d = ST_HDR;
            default: state_d = ST_HUNT;
        endcase
        if (gap) state_d = ST_HUNT;
    end

    initial state_q = ST_HUNT;
    always @(posedge clk) begin
        state_q <= rst ? ST_HUNT : state_d;
    end

    // A record is a multiple of 4 bytes: the low bits of idx_q are 0 at its end by themselves, the
    // high bits count in header and body only. So nothing here waits for the next state.
    wire counts_high = state_q == ST_HDR || state_q == ST_BODY;
    wire [3:0] idx_inc = idx_q + 4'd1;
    always @(posedge clk) begin
        if (take) begin
            idx_q   <= hdr_end || body_end ? 4'd0 : {idx_inc[3:2] & {2{counts_high}}, idx_inc[1:0]};
            crc_q   <= crc_next;
            match_q <= match_hit ? match_in + 3'd1 : {2'd0, in_data == LY_REC_SYNC_BODY[7:0]};
        end
        if (rst || state_q == ST_HUNT) idx_q <= 4'd0;
        if (rst || gap) match_q <= 3'd0;
    end

    // Header fields. Two bytes or more lie between any other change of left_q and a look at it.
    wire left_moves = take && left_runs && !left_0;
    always @(posedge clk) begin
        if (hdr_end ? frame_goes : left_moves)
            left_q <= left_q - (state_q == ST_HDR ? LEFT_VNET : LEFT_ONE);
        left_1 <= left_moves ? left_q == 2 : left_q == 1;
        left_0 <= left_moves ? left_1 : left_q == 0;
        if (state_q == ST_HDR && take) case (idx_q[2:0])
            3'd0: type_q <= in_data[7:3] != 5'd0 ? 3'd0 : in_data[2:0];
            3'd2: tag_q[7:0]  <= in_data;
            3'd3: tag_q[15:8] <= in_data;
            3'd4: left_q[7:0] <= in_data;
            3'd5: {over_q, left_q[LEFT_W-1:8]} <= {|(in_data >> (LEFT_W - 8)), in_data[LEFT_W-9:0]};
            3'd6: over_q <= over_q || in_data != 8'd0;
            default: ;
        endcase
    end

    // Payload fields
    wire word_en = is_frame ? idx_q >= 4'd6 && idx_q <= 4'd9 : idx_q[2];
    always @(posedge clk) if (state_q == ST_BODY && take) begin
        if (word_en) word_q <= {in_data, word_q[31:8]};
        case (idx_q)
            4'd0: begin
                addr_q[7:0] <= in_data;
                need_csum_q <= in_data[0];
            end
            4'd1: begin
                addr_q[15:8] <= in_data;
                odd_form_q   <= in_data != 8'd0;                            // gso_type
            end
            4'd2, 4'd3: addr_q[15] <= addr_q[15] || in_data != 8'd0;
            4'd10: odd_form_q <= odd_form_q || in_data[7:1] != 7'd0;        // num_buffers
            default: ;
        endcase
    end

    // The meta is complete two bytes before the virtio header is: meanwhile it can be taken.
    initial meta_q = 1'b0;
    initial open_q = 1'b0;
    always @(posedge clk) begin
        if (state_q == ST_BODY && take && is_frame && idx_q == 4'd9) meta_q <= 1'b1;
        if (m_meta_valid && m_meta_ready) begin
            meta_q <= 1'b0;
            open_q <= 1'b1;
        end
        if (frame_move && left_1) open_q <= 1'b0;
        if (rst || give_up) begin
            meta_q <= 1'b0;
            open_q <= 1'b0;
        end
    end

    reg req_stb_q;
    initial req_stb_q = 1'b0;
    always @(posedge clk) req_stb_q <= !rst && body_end && (is_read || is_write);

    assign m_meta_valid       = meta_q && !give_up;
    assign m_meta_need_csum   = need_csum_q;
    assign m_meta_csum_start  = word_q[15:0];
    assign m_meta_csum_offset = word_q[31:16];
    assign m_meta_tag         = tag_q;
    assign m_meta_len         = {{(16 - LEFT_W){1'b0}}, left_q};

    // No path from m_tx_ready into the parser. A drop empties it: while a frame is open it holds
    // bytes of that frame only.
    wire held;
    ly_skid #(.DATA_W(9)) u_out (
        .clk    (clk),
        .rst    (rst || o_drop),
        .s_valid(out_valid),
        .s_ready(out_ready),
        .s_data ({left_1, in_data}),
        .m_valid(held),
        .m_ready(m_tx_ready),
        .m_data ({m_tx_last, m_tx_data})
    );
    assign m_tx_valid         = held && !o_drop;
    assign o_drop             = open_q && give_up;

    assign o_req_stb   = req_stb_q;
    assign o_req_write = is_write;
    assign o_req_addr  = addr_q;
    assign o_req_wdata = word_q;
    assign o_req_tag   = tag_q;

    wire sync_bad = body_end && is_sync && !match_end;
    wire hdr_bad  = hdr_end && (check_bad || length_bad) && !match_end;

    assign o_sync_stb      = take && match_end && (state_q == ST_HUNT || (body_end && is_sync)
                                                || (hdr_end && (check_bad || length_bad)));
    assign o_err_stb       = hdr_bad || sync_bad || gap;
    assign o_err_cause     = gap ? LY_ERROR_GAP[1:0]
                           : hdr_bad && !check_bad ? LY_ERROR_LENGTH[1:0] : LY_ERROR_HDR_CHECK[1:0];
    assign o_ev_bad_header = hdr_bad || sync_bad;
    assign o_ev_gap        = gap;
    assign o_ev_unknown    = hdr_end && !check_bad && !length_bad && !is_frame && !known_q;
    assign o_ev_drop_stall = frame_off && i_tx_ok;
    assign o_ev_drop_disabled = (frame_off || (hdr_end && !check_bad && !length_bad && is_frame
                                               && !frame_short_q)) && !i_tx_ok;
    assign o_ev_drop_length = (hdr_end && !check_bad && !length_bad && is_frame && frame_short_q)
                           || vnet_bad;
    assign o_timer_armed   = armed;
    assign o_busy          = in_valid || held || state_q == ST_REQ;
    assign o_tap_first     = state_q == ST_HDR && take && idx_q == 4'd0 && in_data == LY_REC_FRAME;
    assign o_tap_last      = frame_move && left_1;

`ifndef SYNTHESIS
    /* verilator lint_off UNUSEDSIGNAL */
    reg [31:0] dbg_state;
    /* verilator lint_on UNUSEDSIGNAL */
    always @(*) case (state_q)
        ST_HUNT: dbg_state = "hunt";
        ST_HDR:  dbg_state = "hdr ";
        ST_BODY: dbg_state = "body";
        ST_DATA: dbg_state = "data";
        ST_REQ:  dbg_state = "req ";
        ST_SKIP: dbg_state = "skip";
        default: dbg_state = "????";
    endcase
`endif

endmodule
`default_nettype wire
