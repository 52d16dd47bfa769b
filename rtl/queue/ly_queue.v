`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_queue - frames in, whole frames out: store and forward with commit, drop and rewind.
// Write: stream s with last; s_meta, s_patch* belong to the last beat. With s_patch two bytes at
// s_patch_ofs (inside the frame; high byte first) are replaced before the last beat is taken, 2
// cycles more. s_drop forgets the frame in progress and a beat moving in that cycle; the next beat
// begins a frame. BACKPRESSURE 0: s_ready is always 1, no patch, and a frame that does not fit
// (bytes, lengths or LEN_W) is dropped whole: o_drop_stb. Frames up to DEPTH_BYTES - 4 always fit.
// Read: m_len, m_meta stand with m_len_valid before and during the data. After m_last, or at any
// byte, i_commit frees the frame and i_rewind gives its first byte again. First byte 7 cycles after
// the commit on the write side, 6 after i_commit; then gapless at 1 byte per cycle (SPRAM with
// READ_FIRST: as long as two bytes take 3 cycles). m_ahead: lengths in order, not behind the head.
// Clock: clk.
module ly_queue #(
    parameter integer DEPTH_BYTES  = 16384,   // a power of two
    parameter         MEM          = "BRAM",  // BRAM, SPRAM or GENERIC
    parameter integer FRAMES       = 256,     // a power of two; FRAMES - 2 can wait
    parameter integer LEN_W        = 14,
    parameter integer META_W       = 2,
    parameter integer BACKPRESSURE = 1,
    parameter integer READ_FIRST   = 1,       // SPRAM: the read side has priority
    parameter integer EN_AHEAD     = 0
) (
    input  wire                       clk,
    input  wire                       rst,
    input  wire                       s_valid,
    output wire                       s_ready,
    input  wire [7:0]                 s_data,
    input  wire                       s_last,
    input  wire [META_W-1:0]          s_meta,
    input  wire                       s_patch,
    input  wire [LEN_W-1:0]           s_patch_ofs,
    input  wire [15:0]                s_patch_data,
    input  wire                       s_drop,
    output wire                       o_commit_stb,
    output wire                       o_drop_stb,
    output wire                       m_valid,
    input  wire                       m_ready,
    output wire [7:0]                 m_data,
    output wire                       m_last,
    output wire                       m_len_valid,
    output wire [LEN_W-1:0]           m_len,        // bytes, at least 1
    output wire [META_W-1:0]          m_meta,
    input  wire                       i_commit,
    input  wire                       i_rewind,
    output wire                       m_ahead_valid,
    input  wire                       m_ahead_ready,
    output wire [LEN_W-1:0]           m_ahead_len,
    output wire [META_W-1:0]          m_ahead_meta,
    output wire                       o_more,       // a frame is committed behind the head
    output wire                       o_empty,      // nothing committed, nothing in progress
    output wire [$clog2(DEPTH_BYTES):0] o_level     // bytes in use, in whole words, 2 cycles late
);

    localparam integer WORDS  = DEPTH_BYTES / 2;
    localparam integer ADDR_W = $clog2(WORDS);
    localparam integer NR_W   = $clog2(FRAMES);
    localparam integer OFS_W  = LEN_W - 1;          // a length in words
    localparam [ADDR_W:0] WORD_0 = 0;
    /* verilator lint_off WIDTH */      // strings of unlike length
    localparam [0:0] IS_SPRAM = MEM == "SPRAM";
    /* verilator lint_on WIDTH */

    generate
        if (DEPTH_BYTES != 2 * WORDS || WORDS != (1 << ADDR_W)) begin : g_check_depth
            DEPTH_BYTES_must_be_a_power_of_two u_error();
        end
        if (FRAMES < 4 || FRAMES != (1 << NR_W)) begin : g_check_frames
            FRAMES_must_be_a_power_of_two u_error();
        end
        if (IS_SPRAM && BACKPRESSURE == 0 && READ_FIRST != 0) begin : g_check_priority
            READ_FIRST_needs_BACKPRESSURE u_error();
        end
    endgenerate

    // ---- Write side. A frame starts on a word: base + length/2 is where its next byte goes. ----
    reg [ADDR_W:0]   wr_base_q;     // first word of the frame in progress, modulo 2 x WORDS
    reg [LEN_W-1:0]  wr_len_q;      // its bytes so far
    reg              wr_busy_q;     // it has begun
    reg              wr_lost_q;     // it did not fit
    reg              commit_q;      // wr_len_q is the length of a whole frame, to be committed
    reg [META_W-1:0] wr_meta_q;
    reg [ADDR_W:0]   level_q;       // words, of the cycle before
    reg [NR_W:0]     frames_q;      // committed and not freed

    initial wr_base_q = 0;
    initial wr_len_q  = 0;
    initial wr_busy_q = 1'b0;
    initial wr_lost_q = 1'b0;
    initial commit_q  = 1'b0;
    initial level_q   = 0;
    initial frames_q  = 0;

    reg [ADDR_W:0]   rd_base_q;     // first word of the head frame, modulo 2 x WORDS
    wire             mem_wr_valid, mem_wr_ready, mem_rd_valid, mem_rd_ready;
    wire [ADDR_W:0]  mem_wr_word;
    wire             mem_wr_odd;
    wire [7:0]       mem_wr_data;
    wire [15:0]      mem_rd_data;

    // level_q is late by a byte and a commit: it leaves a margin of two words.
    wire bytes_full = level_q[ADDR_W] || &level_q[ADDR_W-1:1];
    wire lens_full  = frames_q[NR_W] || &frames_q[NR_W-1:1];
    wire len_max    = &wr_len_q && !commit_q;       // another byte would wrap the length

    wire wr_room;
    wire wr_at_patch;                               // this cycle writes a patch byte
    wire wr_patch_2nd;
    wire move    = s_valid && s_ready;
    wire wr_fits = wr_room && !len_max && !wr_lost_q;
    wire wr_keep = move && s_last && wr_fits && !lens_full && !s_drop;
    wire wr_loss = move && s_last && !(wr_fits && !lens_full) && !s_drop;

    generate
        if (BACKPRESSURE != 0) begin : g_wait
            // Last beat with patch: its byte, the patch's high byte, then the low byte and the move.
            reg [1:0] patch_q;
            initial patch_q = 2'd0;

            wire patching = s_valid && s_last && s_patch;
            assign wr_room      = 1'b1;
            assign wr_at_patch  = patch_q != 2'd0;
            assign wr_patch_2nd = patch_q == 2'd2;
            assign s_ready      = !bytes_full && !lens_full && mem_wr_ready
                                && !(patching && patch_q != 2'd2);
            assign mem_wr_valid = s_valid && !bytes_full && !lens_full && !len_max && !wr_lost_q;

            always @(posedge clk) begin
                if (mem_wr_valid && mem_wr_ready && patching)
                    patch_q <= wr_patch_2nd ? 2'd0 : patch_q + 2'd1;
                if (rst || s_drop || move) patch_q <= 2'd0;
            end
        end else begin : g_drop
            wire unused = &{1'b0, s_patch, s_patch_ofs, s_patch_data, mem_wr_ready};
            assign wr_room      = !bytes_full;
            assign wr_at_patch  = 1'b0;
            assign wr_patch_2nd = 1'b0;
            assign s_ready      = 1'b1;
            assign mem_wr_valid = s_valid && wr_fits;
        end
    endgenerate

    // One adder gives the address of the next byte, of the patch, and of the next frame: while a
    // commit is pending the odd byte of its last word is rounded up.
    wire [OFS_W-1:0] wr_ofs = wr_at_patch ? s_patch_ofs[LEN_W-1:1] : wr_len_q[LEN_W-1:1];
    wire wr_carry = wr_at_patch ? wr_patch_2nd && s_patch_ofs[0] : commit_q && wr_len_q[0];
    wire [OFS_W+ADDR_W:0] wr_ofs_wide = {WORD_0, wr_ofs};
    assign mem_wr_word = wr_base_q + wr_ofs_wide[ADDR_W:0] + {WORD_0[ADDR_W:1], wr_carry};
    assign mem_wr_odd  = wr_at_patch ? s_patch_ofs[0] ^ wr_patch_2nd : wr_len_q[0] && !commit_q;
    assign mem_wr_data = !wr_at_patch ? s_data
                       : wr_patch_2nd ? s_patch_data[7:0] : s_patch_data[15:8];

    always @(posedge clk) begin
        commit_q  <= wr_keep;
        wr_meta_q <= s_meta;
        if (!wr_at_patch) level_q <= mem_wr_word - rd_base_q;
        if (commit_q) wr_base_q <= mem_wr_word;

        if (move) begin
            wr_busy_q <= !s_last;
            wr_lost_q <= !s_last && !wr_fits;
        end
        if (s_drop || wr_loss) wr_len_q <= 0;
        else if (commit_q)     wr_len_q <= {{OFS_W{1'b0}}, move && wr_fits};
        else if (move && wr_fits) wr_len_q <= wr_len_q + 1'b1;

        if (rst || s_drop) begin
            wr_busy_q <= 1'b0;
            wr_lost_q <= 1'b0;
            wr_len_q  <= 0;
            commit_q  <= 1'b0;
        end
        if (rst) begin
            wr_base_q <= 0;
            level_q   <= 0;
        end
    end

    reg drop_q;
    initial drop_q = 1'b0;
    always @(posedge clk) drop_q <= wr_loss && !rst;

    assign o_commit_stb = commit_q;
    assign o_drop_stb   = drop_q;
    assign o_level      = {level_q, 1'b0};
    assign o_empty      = !wr_busy_q && !commit_q && frames_q == 0;
    assign o_more       = |frames_q[NR_W:1];

    // ---- Lengths: one block RAM, read for the head and, where enabled, ahead of it. ----
    (* no_rw_check *)                   // read at the earliest a cycle after the write
    reg [LEN_W+META_W-1:0] lens [0:FRAMES-1];
    reg [LEN_W+META_W-1:0] lens_q;
    reg [NR_W-1:0]   len_wr_q;          // where the next length goes
    reg [NR_W-1:0]   len_rd_q;          // the head's
    reg              head_fetch_q;      // lens_q is the head's
    reg              head_valid_q;
    reg [LEN_W-1:0]  head_len_q;
    reg [META_W-1:0] head_meta_q;

    initial len_wr_q     = 0;
    initial len_rd_q     = 0;
    initial head_fetch_q = 1'b0;
    initial head_valid_q = 1'b0;

    wire head_want = frames_q != 0 && !head_valid_q && !head_fetch_q;
    wire free      = i_commit && head_valid_q;
    wire lens_en;
    wire [NR_W-1:0] lens_addr;

    always @(posedge clk) if (commit_q) lens[len_wr_q] <= {wr_meta_q, wr_len_q};
    always @(posedge clk) if (lens_en) lens_q <= lens[lens_addr];

    always @(posedge clk) begin
        head_fetch_q <= head_want;
        if (head_fetch_q) {head_meta_q, head_len_q} <= lens_q;
        if (head_fetch_q) head_valid_q <= 1'b1;
        if (free) head_valid_q <= 1'b0;
        if (free) len_rd_q <= len_rd_q + 1'b1;
        if (commit_q) len_wr_q <= len_wr_q + 1'b1;
        if (commit_q && !free) frames_q <= frames_q + 1'b1;
        if (free && !commit_q) frames_q <= frames_q - 1'b1;
        if (rst) begin
            head_fetch_q <= 1'b0;
            head_valid_q <= 1'b0;
            len_rd_q     <= 0;
            len_wr_q     <= 0;
            frames_q     <= 0;
        end
    end

    assign m_len_valid = head_valid_q;
    assign m_len       = head_len_q;
    assign m_meta      = head_meta_q;

    generate
        if (EN_AHEAD != 0) begin : g_ahead
            reg [NR_W:0]            ahead_left_q;   // committed and not given ahead
            reg                     ahead_fetch_q, ahead_valid_q;
            reg [LEN_W+META_W-1:0]  ahead_q;
            wire [NR_W-1:0]         ahead_nr = len_wr_q - ahead_left_q[NR_W-1:0];
            initial ahead_left_q  = 0;
            initial ahead_fetch_q = 1'b0;
            initial ahead_valid_q = 1'b0;

            // A frame freed before its length was given ahead is not given any more.
            wire ahead_skip = free && ahead_left_q == frames_q;
            wire ahead_want = ahead_left_q != 0 && !ahead_valid_q && !ahead_fetch_q && !head_want;
            wire ahead_done = ahead_skip || (ahead_valid_q && m_ahead_ready);

            always @(posedge clk) begin
                ahead_fetch_q <= ahead_want && !ahead_skip;
                if (ahead_fetch_q) ahead_q <= lens_q;
                if (ahead_fetch_q) ahead_valid_q <= 1'b1;
                if (ahead_done) ahead_valid_q <= 1'b0;
                if (commit_q && !ahead_done) ahead_left_q <= ahead_left_q + 1'b1;
                if (ahead_done && !commit_q) ahead_left_q <= ahead_left_q - 1'b1;
                if (rst) begin
                    ahead_left_q  <= 0;
                    ahead_fetch_q <= 1'b0;
                    ahead_valid_q <= 1'b0;
                end
            end

            assign lens_en       = head_want || ahead_want;
            assign lens_addr     = head_want ? len_rd_q : ahead_nr;
            assign m_ahead_valid = ahead_valid_q;
            assign m_ahead_len   = ahead_q[LEN_W-1:0];
            assign m_ahead_meta  = ahead_q[LEN_W+META_W-1:LEN_W];
        end else begin : g_no_ahead
            wire unused = &{1'b0, m_ahead_ready};
            assign lens_en       = head_want;
            assign lens_addr     = len_rd_q;
            assign m_ahead_valid = 1'b0;
            assign m_ahead_len   = 0;
            assign m_ahead_meta  = 0;
        end
    endgenerate

    // ---- Read side: words from the memory into nxt (this registers the RAM's output), then cur. --
    reg [OFS_W-1:0] rd_ofs_q;       // words of the head asked for
    reg             rd_hit_q;       // the word at len/2 was asked for
    reg             fly_q;          // mem_rd_data is a word of the head
    reg             nxt_valid_q, nxt_last_q, cur_valid_q, cur_last_q;
    reg             cur_odd_q;      // the odd byte is at the output
    reg [15:0]      nxt_q, cur_q;

    initial rd_base_q   = 0;
    initial rd_ofs_q    = 0;
    initial rd_hit_q    = 1'b0;
    initial fly_q       = 1'b0;
    initial nxt_valid_q = 1'b0;
    initial cur_valid_q = 1'b0;

    wire rd_at_half = rd_ofs_q == head_len_q[LEN_W-1:1];
    wire rd_all     = head_len_q[0] ? rd_hit_q : rd_at_half;    // every word was asked for
    wire cur_end    = cur_odd_q || (cur_last_q && head_len_q[0]);
    wire take       = cur_valid_q && m_ready;
    wire shift      = nxt_valid_q && (!cur_valid_q || (take && cur_end));
    // A word is asked for when nxt will be free for it. Behind a memory that is arbitrated this is
    // not looked up through m_ready, or m_ready would run through the block to s_ready.
    wire nxt_free   = !fly_q && (!nxt_valid_q || (!IS_SPRAM && shift));
    wire rd_go      = mem_rd_valid && mem_rd_ready;
    wire rd_restart = rst || free || (i_rewind && head_valid_q);

    assign mem_rd_valid = head_valid_q && !rd_all && nxt_free;

    wire [OFS_W+ADDR_W:0] rd_ofs_wide  = {WORD_0, rd_ofs_q};
    wire [OFS_W+ADDR_W:0] head_words   = {WORD_0, head_len_q[LEN_W-1:1]};
    wire [ADDR_W-1:0]     mem_rd_word  = rd_base_q[ADDR_W-1:0] + rd_ofs_wide[ADDR_W-1:0];

    // A frame longer than the memory never is: the upper bits of a length are zero or unused.
    wire unused = &{1'b0, wr_ofs_wide[OFS_W+ADDR_W:ADDR_W+1], rd_ofs_wide[OFS_W+ADDR_W:ADDR_W],
                    head_words[OFS_W+ADDR_W:ADDR_W+1]};

    always @(posedge clk) begin
        fly_q <= rd_go;
        if (rd_go) rd_ofs_q <= rd_ofs_q + 1'b1;
        if (rd_go && rd_at_half) rd_hit_q <= 1'b1;

        if (fly_q) nxt_q <= mem_rd_data;
        if (fly_q) nxt_last_q <= rd_all;
        nxt_valid_q <= fly_q || (nxt_valid_q && !shift);

        if (shift) cur_q <= nxt_q;
        if (shift) cur_last_q <= nxt_last_q;
        if (shift) cur_odd_q <= 1'b0;
        else if (take) cur_odd_q <= 1'b1;
        cur_valid_q <= shift || (cur_valid_q && !(take && cur_end));

        if (free) rd_base_q <= rd_base_q + head_words[ADDR_W:0] + {WORD_0[ADDR_W:1], head_len_q[0]};
        if (rst) rd_base_q <= 0;
        if (rd_restart) begin
            rd_ofs_q    <= 0;
            rd_hit_q    <= 1'b0;
            fly_q       <= 1'b0;
            nxt_valid_q <= 1'b0;
            cur_valid_q <= 1'b0;
        end
    end

    assign m_valid = cur_valid_q;
    assign m_data  = cur_odd_q ? cur_q[15:8] : cur_q[7:0];
    assign m_last  = cur_last_q && cur_end;

    ly_queue_mem #(.WORDS(WORDS), .MEM(MEM), .READ_FIRST(READ_FIRST)) u_mem (
        .clk       (clk),
        .i_wr_valid(mem_wr_valid),
        .o_wr_ready(mem_wr_ready),
        .i_wr_addr (mem_wr_word[ADDR_W-1:0]),
        .i_wr_odd  (mem_wr_odd),
        .i_wr_data (mem_wr_data),
        .i_rd_valid(mem_rd_valid),
        .o_rd_ready(mem_rd_ready),
        .i_rd_addr (mem_rd_word),
        .o_rd_data (mem_rd_data)
    );

endmodule
`default_nettype wire
