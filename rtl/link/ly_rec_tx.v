`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_rec_tx - records to the host: frames of the rx queue, register values, events, SYNC.
// Order where several wait: SYNC, EVENT(sync), EVENT(link), REG_VALUE, EVENT(error), FRAME. One
// under way is finished first. One byte per cycle through ly_skid, the next record follows without
// a gap where its frame stands ready; m_rec_last: nothing more to send, the batch may end.
// s_rx is the queue's read side: i_rx_len and i_rx_meta stand with i_rx_len_valid before and during
// the data, o_rx_commit with the last byte. i_val_* stand from i_val_valid to o_val_done.
// Clock: clk. Source: rtl/regs/nic.rdl; virtio 1.2, 5.1.6 (virtio_net_hdr_v1).
module ly_rec_tx #(
    parameter integer LEN_W = 14
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             s_rx_valid,
    output wire             s_rx_ready,
    input  wire [7:0]       s_rx_data,
    input  wire             s_rx_last,
    input  wire             i_rx_len_valid,
    input  wire [LEN_W-1:0] i_rx_len,
    input  wire [1:0]       i_rx_meta,          // {checksum bad, checksum valid}
    input  wire             i_rx_more,          // a frame stands behind the head
    output wire             o_rx_commit,
    input  wire             i_sync_stb,         // SYNC received: answer it
    input  wire             i_err_stb,
    input  wire [1:0]       i_err_cause,        // LY_ERROR_*
    input  wire             i_link_fixed,       // said in EVENT(link)
    input  wire             i_link_up,
    input  wire             i_link_fd,
    input  wire [15:0]      i_link_mbit,
    input  wire             i_val_valid,
    output wire             o_val_done,         // its record is complete
    input  wire [15:0]      i_val_addr,
    input  wire [31:0]      i_val_data,
    input  wire [7:0]       i_val_status,       // sign is extended
    input  wire [15:0]      i_val_tag,
    output wire             m_rec_valid,
    input  wire             m_rec_ready,
    output wire [7:0]       m_rec_data,
    output wire             m_rec_last,
    output wire             o_busy,
    output wire             o_tap_first,        // type byte of a FRAME enters the output register
    output wire             o_tap_last          // its last byte before padding does
);

    `include "rtl/regs/ly_regs.vh"

    localparam [2:0] KIND_FRAME   = 3'd0,
                     KIND_SYNC    = 3'd1,
                     KIND_EV_SYNC = 3'd2,
                     KIND_EV_LINK = 3'd3,
                     KIND_VALUE   = 3'd4,
                     KIND_EV_ERR  = 3'd5;
    localparam [1:0] ST_IDLE = 2'd0,
                     ST_HEAD = 2'd1,    // header, then all that is not frame data
                     ST_DATA = 2'd2,
                     ST_PAD  = 2'd3;
    localparam [4:0] HDR_LAST = LY_REC_HDR_BYTES - 1;

    reg [1:0] state_q, state_d;
    reg [2:0] kind_q;
    reg [4:0] idx_q;            // byte of the record; modulo 32 in the data
    reg [7:0] crc_q;

    // ---- What waits ----
    reg        sync_q, ev_sync_q, ev_link_q, ev_err_q;
    reg [1:0]  err_cause_q;
    reg [1:0]  link_q;      // the speed changes only while the link is down
    wire [1:0] link = {i_link_up, i_link_fd};

    wire out_ready;
    wire out_valid = state_q == ST_DATA ? s_rx_valid : state_q != ST_IDLE;
    wire move     = out_valid && out_ready;
    wire rec_end;                               // the last byte of a record moves
    wire start;                                 // a record begins after this edge
    wire val_more = i_val_valid && !(kind_q == KIND_VALUE && state_q != ST_IDLE);
    wire urgent   = sync_q || ev_sync_q || ev_link_q || val_more || ev_err_q;

    wire [2:0] kind_next = sync_q    ? KIND_SYNC
                         : ev_sync_q ? KIND_EV_SYNC
                         : ev_link_q ? KIND_EV_LINK
                         : val_more  ? KIND_VALUE
                         : ev_err_q  ? KIND_EV_ERR : KIND_FRAME;

    initial sync_q    = 1'b0;
    initial ev_sync_q = 1'b0;
    initial ev_link_q = 1'b0;
    initial ev_err_q  = 1'b0;

    always @(posedge clk) begin
        link_q <= link;
        if (start) begin
            sync_q    <= 1'b0;
            ev_sync_q <= ev_sync_q && kind_next != KIND_EV_SYNC;
            ev_link_q <= ev_link_q && kind_next != KIND_EV_LINK;
            ev_err_q  <= ev_err_q && kind_next != KIND_EV_ERR;
        end
        if (link != link_q) ev_link_q <= 1'b1;
        if (i_err_stb) begin
            ev_err_q    <= 1'b1;
            err_cause_q <= i_err_cause;
        end
        if (i_sync_stb) begin       // the host has resynchronised: the error is past
            sync_q    <= 1'b1;
            ev_sync_q <= 1'b1;
            ev_link_q <= 1'b1;
            ev_err_q  <= 1'b0;
        end
        if (rst) begin
            sync_q    <= 1'b0;
            ev_sync_q <= 1'b0;
            ev_link_q <= 1'b0;
            ev_err_q  <= 1'b0;
        end
    end

    // ---- The bytes ----
    // It stands from before the record begins, and is wanted in its fifth byte.
    reg [LEN_W:0] frame_length_q;
    always @(posedge clk) frame_length_q <= {1'b0, i_rx_len} + LY_REC_VNET_BYTES;
    wire [15:0]    frame_length_wide = {{(15 - LEN_W){1'b0}}, frame_length_q};
    wire           is_frame = kind_q == KIND_FRAME;
    wire           is_value = kind_q == KIND_VALUE;
    wire [4:0]     head_last = is_frame || is_value ? HDR_LAST + 5'd12 : HDR_LAST + 5'd8;
    wire [15:0]    ev_arg   = kind_q == KIND_EV_LINK ? {13'd0, i_link_fixed, i_link_fd, i_link_up}
                            : kind_q == KIND_EV_ERR  ? {14'd0, err_cause_q} : 16'd0;
    wire [31:0]    ev_value = kind_q == KIND_EV_LINK ? {16'd0, i_link_mbit}
                            : kind_q == KIND_EV_SYNC ? LY_VERSION_VALUE : 32'd0;

    // Behind the header a byte is chosen a cycle before it stands, with the one before it.
    reg  [7:0] rec_type, hdr_byte, body_byte, body_q, event_kind;
    wire [4:0] idx_1 = idx_q + 5'd1;
    always @(*) begin
        case (kind_q)
            KIND_FRAME:  rec_type = LY_REC_FRAME;
            KIND_SYNC:   rec_type = LY_REC_SYNC;
            KIND_VALUE:  rec_type = LY_REC_REG_VALUE;
            default:     rec_type = LY_REC_EVENT;
        endcase
        case (kind_q)
            KIND_EV_SYNC: event_kind = LY_EVENT_SYNC[7:0];
            KIND_EV_LINK: event_kind = LY_EVENT_LINK[7:0];
            default:      event_kind = LY_EVENT_ERROR[7:0];
        endcase
    end

    always @(*) begin
        hdr_byte = 8'd0;
        case (idx_q[2:0])
            3'd0: hdr_byte = rec_type;
            3'd1: if (is_frame && i_rx_meta[1]) hdr_byte = LY_REC_FLAG_CSUM_BAD;
            3'd2: if (is_value) hdr_byte = i_val_tag[7:0];
            3'd3: if (is_value) hdr_byte = i_val_tag[15:8];
            3'd4: hdr_byte = is_frame ? frame_length_wide[7:0] : is_value ? 8'd12 : 8'd8;
            3'd5: if (is_frame) hdr_byte = frame_length_wide[15:8];
            3'd7: hdr_byte = crc_q;
            default: ;
        endcase

        body_byte = 8'd0;
        case (kind_q)
            KIND_FRAME: case (idx_1)
                5'd8:  if (i_rx_meta[0]) body_byte = LY_VNET_DATA_VALID;
                5'd18: body_byte = 8'd1;                                    // num_buffers
                default: ;
            endcase
            KIND_VALUE: case (idx_1)
                5'd8:  body_byte = i_val_addr[7:0];
                5'd9:  body_byte = i_val_addr[15:8];
                5'd10, 5'd11: body_byte = 8'd0;
                5'd16: body_byte = i_val_status;
                5'd17, 5'd18, 5'd19: body_byte = {8{i_val_status[7]}};
                default: body_byte = i_val_data[8 * idx_1[1:0] +: 8];
            endcase
            KIND_SYNC: body_byte = LY_REC_SYNC_BODY[8 * idx_1[2:0] +: 8];
            default: case (idx_1[2:0])
                3'd0: body_byte = event_kind;
                3'd1: body_byte = 8'd0;
                3'd2: body_byte = ev_arg[7:0];
                3'd3: body_byte = ev_arg[15:8];
                default: body_byte = ev_value[8 * idx_1[1:0] +: 8];
            endcase
        endcase
    end

    wire [7:0] crc_next;
    ly_crc8 u_crc (.i_crc(crc_q), .i_data(hdr_byte), .o_crc(crc_next));

    // ---- State ----
    wire head_end = move && state_q == ST_HEAD && idx_q == head_last;
    wire data_end = move && state_q == ST_DATA && s_rx_last;
    wire word_end = idx_q[1:0] == 2'd3;

    assign rec_end = (head_end && !is_frame) || (data_end && word_end)
                  || (move && state_q == ST_PAD && word_end);
    // The head of the queue is the frame under way until o_rx_commit.
    wire frame_next = state_q == ST_DATA ? 1'b0 : i_rx_len_valid;
    wire more       = urgent || i_rx_more || frame_next;
    assign start    = (urgent || frame_next) && (state_q == ST_IDLE || rec_end);

    always @(*) begin
        state_d = state_q;
        case (state_q)
            ST_HEAD: if (head_end && is_frame) state_d = ST_DATA;
            ST_DATA: if (data_end) state_d = ST_PAD;
            default: ;
        endcase
        if (rec_end) state_d = ST_IDLE;
        if (start) state_d = ST_HEAD;
    end

    initial state_q = ST_IDLE;
    always @(posedge clk) begin
        state_q <= rst ? ST_IDLE : state_d;
        if (move) idx_q  <= idx_1;
        if (move) body_q <= body_byte;
        if (move) crc_q <= crc_next;
        if (start) begin
            kind_q <= kind_next;
            idx_q  <= 5'd0;
            crc_q  <= LY_REC_CRC_INIT;
        end
    end

    wire [7:0] out_data = state_q == ST_DATA ? s_rx_data
                        : state_q == ST_PAD  ? 8'd0
                        : idx_q <= HDR_LAST  ? hdr_byte : body_q;

    ly_skid #(.DATA_W(9)) u_skid (
        .clk    (clk),
        .rst    (rst),
        .s_valid(out_valid),
        .s_ready(out_ready),
        .s_data ({rec_end && !more, out_data}),
        .m_valid(m_rec_valid),
        .m_ready(m_rec_ready),
        .m_data ({m_rec_last, m_rec_data})
    );

    assign s_rx_ready  = state_q == ST_DATA && out_ready;
    assign o_rx_commit = data_end;
    assign o_val_done  = rec_end && is_value;
    assign o_busy      = state_q != ST_IDLE || urgent || m_rec_valid;
    assign o_tap_first = move && state_q == ST_HEAD && is_frame && idx_q == 5'd0;
    assign o_tap_last  = data_end;

`ifndef SYNTHESIS
    /* verilator lint_off UNUSEDSIGNAL */
    reg [31:0] dbg_state;
    /* verilator lint_on UNUSEDSIGNAL */
    always @(*) case (state_q)
        ST_IDLE: dbg_state = "idle";
        ST_HEAD: dbg_state = "head";
        ST_DATA: dbg_state = "data";
        default: dbg_state = "pad ";
    endcase
`endif

endmodule
`default_nettype wire
