`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_csum_tx - computes the checksum that the host asked for; hands it to the tx queue as a patch.
// One s_meta beat, then the frame. The 16-bit ones' complement sum runs from csum_start to the last
// byte; its complement, 0 sent as FFFF, belongs at csum_start + csum_offset. The last byte is held
// until the sum is folded: 5 cycles after it came (1 without checksum); all others pass in 1.
// 2 cycles from s_meta_valid to the first s_tx_ready. csum_start + csum_offset + 2 > len: the frame
// is swallowed, nothing of it reaches m_tx, o_drop_stb. s_tx_drop forgets a frame whose last byte
// has not been taken yet: the frame in the queue is forgotten by m_tx_drop one cycle later.
// Clock: clk. Source: virtio 1.2, 5.1.6.2 (checksum offload); RFC 1071; RFC 768 (0 sent as FFFF).
module ly_csum_tx #(
    parameter integer LEN_W = 14
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             s_meta_valid,
    output wire             s_meta_ready,
    input  wire             s_meta_need_csum,
    input  wire [15:0]      s_meta_csum_start,
    input  wire [15:0]      s_meta_csum_offset,
    input  wire [LEN_W-1:0] s_meta_len,         // bytes of the frame
    input  wire             s_tx_valid,
    output wire             s_tx_ready,
    input  wire [7:0]       s_tx_data,
    input  wire             s_tx_last,
    input  wire             s_tx_drop,          // strobe
    output wire             m_tx_valid,
    input  wire             m_tx_ready,
    output wire [7:0]       m_tx_data,
    output wire             m_tx_last,
    output wire             m_patch,            // these three count with m_tx_last
    output wire [LEN_W-1:0] m_patch_ofs,
    output wire [15:0]      m_patch_data,
    output wire             m_tx_drop,          // strobe, never with m_tx_valid
    output wire             o_inserted_stb,     // a frame with a patch has left
    output wire             o_drop_stb,         // a frame was swallowed: checksum out of range
    output wire             o_busy
);

    localparam [2:0] ST_IDLE  = 3'd0;   // waits for s_meta
    localparam [2:0] ST_CHECK = 3'd1;   // range of the checksum
    localparam [2:0] ST_DATA  = 3'd2;
    localparam [2:0] ST_PAD   = 3'd3;   // an odd last byte gets its 0
    localparam [2:0] ST_FOLD  = 3'd4;   // carries run out, 3 cycles
    localparam [2:0] ST_DONE  = 3'd5;   // the last byte may leave

    reg [2:0] state_q, state_d;
    reg [1:0] fold_q;
    initial state_q = ST_IDLE;

    wire st_idle = state_q == ST_IDLE;
    wire st_data = state_q == ST_DATA;

    wire skid_ready;
    wire skid_valid;
    wire s_fire = s_tx_valid && s_tx_ready;
    wire m_fire = m_tx_valid && m_tx_ready;

    assign s_meta_ready = state_q == ST_CHECK;
    assign s_tx_ready   = st_data && skid_ready;
    assign o_busy       = !st_idle || skid_valid;

    // ---- Where the checksum goes, and whether that is inside the frame ----
    reg             need_q;             // a checksum was asked for
    reg             bad_q;              // outside: the bytes of this frame go nowhere
    reg             wide_q;             // an offset that does not even fit LEN_W
    reg [LEN_W:0]   ofs_q;
    initial need_q = 1'b0;
    initial bad_q  = 1'b0;

    wire [LEN_W+1:0] room = {2'b00, s_meta_len} - {1'b0, ofs_q};    // bytes from there to the end
    wire in_range = !wide_q && !room[LEN_W+1] && |room[LEN_W:1];

    always @(posedge clk) begin
        if (st_idle) begin
            need_q <= s_meta_need_csum && s_meta_valid;
            ofs_q  <= {1'b0, s_meta_csum_start[LEN_W-1:0]} + {1'b0, s_meta_csum_offset[LEN_W-1:0]};
        end
        if (s_meta_ready) bad_q <= need_q && !in_range;
        if (rst) need_q <= 1'b0;
        if (rst) bad_q  <= 1'b0;
    end

    generate
        if (LEN_W < 16) begin : g_wide
            always @(posedge clk) if (st_idle)
                wide_q <= |s_meta_csum_start[15:LEN_W] || |s_meta_csum_offset[15:LEN_W];
        end else begin : g_not_wide
            LEN_W_must_be_below_16 u_error();
        end
    endgenerate

    // ---- Where the sum starts: counts up from -csum_start, its sign goes at that byte and does
    // not come back within the longest frame. All that looks at the bytes does so a cycle after
    // they moved: s_tx_valid comes late. ----
    reg           fire_q;               // op_q is the complement of a byte of the frame
    reg [LEN_W:0] skip_q;
    wire [LEN_W:0] skip_next = skip_q + 1'b1;
    initial fire_q = 1'b0;

    always @(posedge clk) begin
        fire_q <= st_data && s_fire && !rst;
        if (st_idle) skip_q <= {1'b1, ~s_meta_csum_start[LEN_W-1:0]};
        else if (s_meta_ready || fire_q) skip_q <= skip_next;
    end

    // ---- The sum: of complemented bytes, so it is the checksum itself ----
    // One byte a cycle through an 8-bit adder: acc_q is the half that is due, its carry goes into
    // the other half, which is due next; the end-around carry of RFC 1071 is the same step. The sum
    // starts as FFFF and ones' complement addition never makes 0 of that: 0 is sent as FFFF.
    reg [7:0] op_q;
    reg       op_end_q;                 // op_q is no byte: the complement of padding, or 0
    reg       odd_q;                    // an odd number of bytes so far
    reg [7:0] acc_q, acc_other_q;
    reg       carry_q;
    initial op_end_q = 1'b0;

    wire       op_byte = fire_q && !skip_q[LEN_W];
    wire       op_pad  = state_q == ST_PAD && (odd_q ^ op_byte);
    wire       op_fold = state_q == ST_FOLD && !fold_q[1];
    wire [8:0] acc_sum = {1'b0, acc_q} + {1'b0, op_q} + {8'd0, carry_q};

    always @(posedge clk) begin
        op_q     <= st_data ? ~s_tx_data : {8{op_pad}};
        op_end_q <= op_pad || op_fold;
        if (op_byte || op_end_q) begin
            {carry_q, acc_other_q} <= acc_sum;
            acc_q                  <= acc_other_q;
        end
        if (op_byte) odd_q <= !odd_q;
        fold_q <= state_q == ST_FOLD ? fold_q + 2'd1 : 2'd0;
        if (st_idle) begin
            acc_q       <= 8'hFF;
            acc_other_q <= 8'hFF;
            carry_q     <= 1'b0;
            odd_q       <= 1'b0;
        end
    end

    // ---- Control ----
    wire lost = s_tx_drop && !rst;

    always @(*) begin
        state_d = state_q;
        case (state_q)
            ST_IDLE:  if (s_meta_valid && !lost) state_d = ST_CHECK;
            ST_CHECK: if (!s_meta_valid || lost) state_d = ST_IDLE;
                      else state_d = ST_DATA;
            ST_DATA:  if (lost || (s_fire && s_tx_last && bad_q)) state_d = ST_IDLE;
                      else if (s_fire && s_tx_last) state_d = need_q ? ST_PAD : ST_DONE;
            ST_PAD:   state_d = ST_FOLD;
            ST_FOLD:  if (fold_q[1]) state_d = ST_DONE;
            default:  if (m_fire && m_tx_last) state_d = ST_IDLE;
        endcase
    end

    reg drop_q, inserted_q, swallowed_q;
    initial drop_q      = 1'b0;
    initial inserted_q  = 1'b0;
    initial swallowed_q = 1'b0;

    always @(posedge clk) begin
        state_q     <= rst ? ST_IDLE : state_d;
        drop_q      <= lost && st_data && !bad_q;
        inserted_q  <= !rst && m_fire && m_tx_last && need_q;
        swallowed_q <= !rst && !lost && bad_q && s_fire && s_tx_last;
    end

    // ---- The bytes ----
    ly_skid #(.DATA_W(9)) u_skid (
        .clk    (clk),
        .rst    (rst || (lost && st_data)),
        .s_valid(s_tx_valid && st_data && !bad_q),
        .s_ready(skid_ready),
        .s_data ({s_tx_last, s_tx_data}),
        .m_valid(skid_valid),
        .m_ready(m_tx_ready && (state_q == ST_DONE || !m_tx_last)),
        .m_data ({m_tx_last, m_tx_data})
    );

    assign m_tx_valid     = skid_valid && (state_q == ST_DONE || !m_tx_last);
    assign m_patch        = need_q;
    assign m_patch_ofs    = ofs_q[LEN_W-1:0];
    assign m_patch_data   = {acc_q, acc_other_q};
    assign m_tx_drop      = drop_q;
    assign o_inserted_stb = inserted_q;
    assign o_drop_stb     = swallowed_q;

`ifndef SYNTHESIS
    /* verilator lint_off UNUSEDSIGNAL */   // for the eye, in waves
    reg [8*5-1:0] dbg_state;
    /* verilator lint_on UNUSEDSIGNAL */
    always @(*) case (state_q)
        ST_IDLE:  dbg_state = "idle";
        ST_CHECK: dbg_state = "check";
        ST_DATA:  dbg_state = "data";
        ST_PAD:   dbg_state = "pad";
        ST_FOLD:  dbg_state = "fold";
        default:  dbg_state = "done";
    endcase
`endif

endmodule
`default_nettype wire
