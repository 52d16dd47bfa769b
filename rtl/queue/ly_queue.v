`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_queue - frames in, whole frames out: store and forward with commit, drop and rewind.
// Write: stream s with last; s_meta and s_patch* belong to the last beat. With s_patch two bytes at
// s_patch_ofs (in the frame; high byte first) are replaced before the last beat moves: 2 cycles.
// s_drop forgets the frame in progress and a beat moving in that cycle; the next beat begins one.
// BACKPRESSURE 0: s_ready is always 1, no patch, and a frame that does not fit (bytes, lengths) is
// dropped whole: o_drop_stb. Up to DEPTH_BYTES - 4, and 3/4 of 2^LEN_W, fit into the empty queue.
// Read: m_len, m_meta stand with m_len_valid before and during the data. At any byte or after
// m_last, i_commit frees the frame, i_rewind gives its first byte again. First byte 7 cycles from
// the write side's last (SPRAM 6), 6 after i_commit where one stands behind (SPRAM 7), its length 3
// earlier; then gapless at 1 byte per cycle (SPRAM with READ_FIRST: while two bytes take 3 cycles).
// m_ahead: lengths in order; those of freed frames are left out. Clock: clk.
module ly_queue #(
    parameter integer DEPTH_BYTES  = 16384,   // a power of two
    parameter         MEM          = "BRAM",  // BRAM, DP16KD (ECP5), SPRAM or GENERIC
    parameter integer FRAMES       = 256,     // lengths waiting behind the head, a power of two
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
    output wire                       o_more,       // a frame stands behind the head, or will be it
    output wire                       o_empty,      // nothing committed, nothing in progress
    output wire [$clog2(FRAMES):0]    o_frames,     // of FRAMES in use
    output wire [$clog2(DEPTH_BYTES):0] o_level     // bytes in use, in whole words, 2 cycles late
);

    localparam integer WORDS  = DEPTH_BYTES / 2;
    localparam integer ADDR_W = $clog2(WORDS);
    localparam integer NR_W   = $clog2(FRAMES);
    localparam integer OFS_W  = LEN_W - 1;          // a length in words
    localparam [ADDR_W:0] WORD_0 = 0;
    /* verilator lint_off WIDTH */      // strings of unlike length
    localparam [0:0] IS_SPRAM = MEM == "SPRAM";
    localparam [0:0] IS_DP16KD = MEM == "DP16KD";
    /* verilator lint_on WIDTH */
    localparam [0:0] READ_WINS  = IS_SPRAM && READ_FIRST != 0;
    localparam [0:0] READS_LENS = IS_SPRAM && EN_AHEAD == 0;    // head_len is the RAM's output
    localparam [0:0] LENS_CELL  = IS_DP16KD && EN_AHEAD == 0;   // or that of the register in it

    generate
        if (DEPTH_BYTES != 2 * WORDS || WORDS != (1 << ADDR_W)) begin : g_check_depth
            DEPTH_BYTES_must_be_a_power_of_two u_error();
        end
        if (FRAMES < 4 || FRAMES != (1 << NR_W)) begin : g_check_frames
            FRAMES_must_be_a_power_of_two u_error();
        end
        if (READ_WINS && BACKPRESSURE == 0) begin : g_check_priority
            READ_FIRST_needs_BACKPRESSURE u_error();
        end
    endgenerate

    // ---- Write side. A frame starts on a word: base + length/2 is where its next byte goes. ----
    reg [ADDR_W:0]   wr_base_q;     // first word of the frame in progress, modulo 2 x WORDS
    reg [OFS_W-1:0]  wr_half_q;     // its bytes so far: half of them,
    reg              wr_odd_q;      // and the odd one
    reg              wr_busy_q;     // it has begun
    reg              wr_lost_q;     // it did not fit
    reg              commit_q;      // they are the length of a whole frame, to be committed
    reg [META_W-1:0] wr_meta_q;
    reg [ADDR_W:0]   level_q;       // words, of the cycle before
    reg [ADDR_W:0]   rd_base_q;     // first word of the head frame, modulo 2 x WORDS

    initial wr_base_q = 0;
    initial wr_half_q = 0;
    initial wr_odd_q  = 1'b0;
    initial wr_busy_q = 1'b0;
    initial wr_lost_q = 1'b0;
    initial commit_q  = 1'b0;
    initial level_q   = 0;

    wire             mem_wr_valid, mem_wr_ready, mem_rd_valid, mem_rd_ready;
    wire [ADDR_W:0]  mem_wr_word;
    wire             mem_wr_odd;
    wire [7:0]       mem_wr_data;
    wire             lens_full;

    // level_q is a cycle late, open_q below two: a margin of two words.
    wire bytes_full = level_q[ADDR_W] || &level_q[ADDR_W-1:1];
    wire len_max    = &wr_half_q[OFS_W-1:OFS_W-2] && !commit_q;

    wire wr_room;                                   // without BACKPRESSURE: the byte fits
    wire wr_at_patch, wr_patch_2nd;                 // this cycle writes a byte of the patch
    wire move    = s_valid && s_ready;
    wire wr_fits = wr_room && !len_max && !wr_lost_q;
    wire wr_ok   = wr_fits && !(BACKPRESSURE == 0 && lens_full);
    wire wr_end  = move && s_last && !s_drop;
    wire wr_step = move && wr_fits;
    wire wr_keep = wr_end && wr_ok;
    wire wr_loss = wr_end && !wr_ok;
    wire wr_clear = rst || s_drop || wr_loss;

    generate
        if (BACKPRESSURE != 0) begin : g_wait
            // Last beat with patch: its byte, the patch's high byte, then low byte and move.
            reg [1:0] patch_q;
            reg       open_q;       // late by a word or a length: see the margin, and no move in
            initial patch_q = 2'd0; // the cycle behind a last beat
            initial open_q  = 1'b0;

            // A patch needs no room, and level_q stands still meanwhile.
            wire open     = (open_q && !commit_q) || wr_at_patch;
            wire patching = s_valid && s_last && s_patch && !s_drop;
            assign wr_room      = 1'b1;
            assign wr_at_patch  = patch_q != 2'd0;
            assign wr_patch_2nd = patch_q[1];
            assign s_ready      = open && mem_wr_ready && !(patching && !wr_patch_2nd);
            assign mem_wr_valid = s_valid && open && wr_fits;

            always @(posedge clk) begin
                open_q <= !rst && !bytes_full && !lens_full;
                if (mem_wr_valid && mem_wr_ready && patching) patch_q <= patch_q + 2'd1;
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
    wire [OFS_W-1:0] wr_ofs = wr_at_patch ? s_patch_ofs[LEN_W-1:1] : wr_half_q;
    wire wr_carry = wr_at_patch ? wr_patch_2nd && s_patch_ofs[0] : commit_q && wr_odd_q;
    wire [OFS_W+ADDR_W:0] wr_ofs_wide = {WORD_0, wr_ofs};
    assign mem_wr_word = wr_base_q + wr_ofs_wide[ADDR_W:0] + {WORD_0[ADDR_W:1], wr_carry};
    assign mem_wr_odd  = wr_at_patch ? s_patch_ofs[0] ^ wr_patch_2nd : wr_odd_q && !commit_q;
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
        if (wr_step && wr_odd_q) wr_half_q <= wr_half_q + 1'b1;
        if (wr_clear || commit_q) wr_half_q <= 0;
        wr_odd_q <= !wr_clear && (wr_step ? commit_q || !wr_odd_q : wr_odd_q && !commit_q);

        if (rst || s_drop) begin
            wr_busy_q <= 1'b0;
            wr_lost_q <= 1'b0;
        end
        if (rst) begin
            commit_q  <= 1'b0;
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

    // ---- Lengths: one block RAM. Both pointers go up a cycle before the access they count. ----
    (* no_rw_check *)                   // read at the earliest a cycle after the write
    reg [LEN_W+META_W-1:0] lens [0:FRAMES-1];
    reg [LEN_W+META_W-1:0] lens_q;      // output of the RAM
    reg [NR_W:0]     len_wr_q;          // frames committed, modulo 2 x FRAMES
    reg [NR_W:0]     len_rd_q;          // of them fetched to the head
    reg              head_fetch_q;      // the RAM is read for the head
    reg              head_valid_q;
    reg              head_flush_q;      // being freed: counts to the end of its words
    wire [LEN_W-1:0]  head_len;
    wire [META_W-1:0] head_meta;
    wire             head_want;         // fetch an entry
    wire             head_ahead;        // it has been fetched and waits
    wire             head_load;         // head_len stands from the next cycle on
    wire             rd_all;            // all words of the head were asked for
    reg              rd_all_q;

    initial len_wr_q     = 0;
    initial len_rd_q     = 0;
    initial head_fetch_q = 1'b0;
    initial head_valid_q = 1'b0;
    initial head_flush_q = 1'b0;

    wire head_free = !head_valid_q && !head_flush_q;
    wire len_same  = len_wr_q[NR_W-1:0] == len_rd_q[NR_W-1:0];
    wire len_none  = len_same && len_wr_q[NR_W] == len_rd_q[NR_W];
    wire commit    = i_commit && head_valid_q;
    wire free      = head_flush_q && rd_all_q;
    wire lens_en;
    wire [NR_W-1:0] lens_addr;

    assign o_frames = len_wr_q - len_rd_q;
    assign o_more  = !len_none || head_fetch_q || head_ahead;
    assign o_empty = !o_more && head_free && !wr_busy_q && !commit_q;

    always @(posedge clk)
        if (commit_q && !LENS_CELL) lens[len_wr_q[NR_W-1:0]] <= {wr_meta_q, wr_half_q, wr_odd_q};
    always @(posedge clk) if (lens_en && !LENS_CELL) lens_q <= lens[lens_addr];

    always @(posedge clk) begin
        head_fetch_q <= head_want;
        head_flush_q <= commit || (head_flush_q && !rd_all_q);
        rd_all_q     <= rd_all;
        if (head_load) head_valid_q <= 1'b1;
        if (commit)    head_valid_q <= 1'b0;
        if (wr_keep)   len_wr_q <= len_wr_q + 1'b1;
        if (head_want) len_rd_q <= len_rd_q + 1'b1;
        if (rst) begin
            head_fetch_q <= 1'b0;
            head_flush_q <= 1'b0;
            head_valid_q <= 1'b0;
            len_rd_q     <= 0;
            len_wr_q     <= 0;
        end
    end

    generate
        if (READS_LENS) begin : g_head
            // The RAM holds the head's entry until the next one is fetched.
            assign head_want  = head_free && !head_fetch_q && !len_none;
            assign head_ahead = 1'b0;
            assign head_load  = head_fetch_q;
            assign {head_meta, head_len} = lens_q;
        end else begin : g_head_reg
            // The output of an ECP5 block RAM is late: it goes into a register before any logic.
            // Meanwhile it holds the next entry, unless the reader ahead uses the RAM too.
            reg next_q;
            initial next_q = 1'b0;
            always @(posedge clk) next_q <= !rst && (head_fetch_q || (next_q && !head_load));
            assign head_want  = !head_fetch_q && !next_q && !len_none
                             && (EN_AHEAD == 0 || head_free);
            assign head_ahead = next_q;
            assign head_load  = next_q && head_free;
            if (LENS_CELL) begin : g_cell
                ly_dp16kd #(.WIDTH(LEN_W + META_W), .WORDS(FRAMES)) u_lens (
                    .clk(clk), .i_wr(commit_q), .i_wr_addr(len_wr_q[NR_W-1:0]),
                    .i_wr_data({wr_meta_q, wr_half_q, wr_odd_q}), .i_rd_en(lens_en),
                    .i_rd_addr(lens_addr), .i_rd_take(head_load),
                    .o_rd_data({head_meta, head_len}));
            end else begin : g_reg
                reg [LEN_W+META_W-1:0] head_q;
                always @(posedge clk) if (head_load) head_q <= lens_q;
                assign {head_meta, head_len} = head_q;
            end
        end

        if (EN_AHEAD != 0) begin : g_ahead
            reg [NR_W:0]           ahead_nr_q;      // lengths given or being given
            reg                    fetch_q, load_q, valid_q;
            reg [LEN_W+META_W-1:0] ahead_q;
            initial ahead_nr_q = 0;
            initial fetch_q    = 1'b0;
            initial load_q     = 1'b0;
            initial valid_q    = 1'b0;

            // The head is freed before its length was given: then it is not given any more.
            wire [NR_W:0] next = ahead_nr_q + 1'b1;
            wire busy = fetch_q || load_q || valid_q;
            wire skip = commit && next == len_rd_q && !busy;
            wire late = commit && ahead_nr_q == len_rd_q && busy;
            wire want = ahead_nr_q != len_wr_q && !busy;

            always @(posedge clk) begin
                if (want || skip) ahead_nr_q <= next;
                fetch_q <= !late && ((want && !skip) || (fetch_q && head_fetch_q));
                load_q  <= !late && fetch_q && !head_fetch_q;
                if (load_q) ahead_q <= lens_q;
                valid_q <= !late && (load_q || (valid_q && !m_ahead_ready));
                if (rst) begin
                    ahead_nr_q <= 0;
                    fetch_q    <= 1'b0;
                    load_q     <= 1'b0;
                    valid_q    <= 1'b0;
                end
            end

            assign lens_full = (len_same && !len_none)
                            || len_wr_q == {~ahead_nr_q[NR_W], ahead_nr_q[NR_W-1:0]};
            assign lens_en   = head_fetch_q || fetch_q;
            assign lens_addr = head_fetch_q ? len_rd_q[NR_W-1:0] : ahead_nr_q[NR_W-1:0];
            assign m_ahead_valid = valid_q;
            assign {m_ahead_meta, m_ahead_len} = ahead_q;
        end else begin : g_no_ahead
            wire unused = &{1'b0, m_ahead_ready};
            assign lens_full     = len_same && !len_none;
            assign lens_en       = head_fetch_q;
            assign lens_addr     = len_rd_q[NR_W-1:0];
            assign m_ahead_valid = 1'b0;
            assign m_ahead_len   = 0;
            assign m_ahead_meta  = 0;
        end
    endgenerate

    assign m_len_valid = head_valid_q;
    assign m_len       = head_len;
    assign m_meta      = head_meta;

    // ---- Read side: words from the RAM into nxt, the register at its output, then cur. ----
    reg [OFS_W-1:0] rd_ofs_q;       // words of the head asked for
    reg             rd_hit_q;       // the word at length/2 was asked for
    reg             fly_q;          // the RAM gives a word of the head
    reg             nxt_valid_q, nxt_last_q, cur_valid_q, cur_last_q;
    reg             cur_odd_q;      // the odd byte has moved down to the output
    reg [15:0]      cur_q;
    wire [15:0]     nxt;

    initial rd_base_q   = 0;
    initial rd_ofs_q    = 0;
    initial rd_hit_q    = 1'b0;
    initial {fly_q, nxt_valid_q, cur_valid_q} = 3'b000;

    wire rd_at_half = rd_ofs_q == head_len[LEN_W-1:1];
    wire cur_end    = cur_odd_q || (cur_last_q && head_len[0]);
    wire take       = cur_valid_q && m_ready;
    wire shift      = nxt_valid_q && (!cur_valid_q || (take && cur_end));
    // A word is asked for when nxt will be free for it. Where reading keeps a byte from being
    // written this must not depend on m_ready, or m_ready would run through the block to s_ready.
    wire nxt_free   = !fly_q && (!nxt_valid_q || (!READ_WINS && shift));
    wire rd_go      = mem_rd_valid && mem_rd_ready;
    wire rd_step    = rd_go || (head_flush_q && !rd_all);
    wire rewind     = i_rewind && head_valid_q && !i_commit;
    wire rd_stop    = rst || commit || rewind;
    wire rd_restart = rst || free || rewind;

    assign rd_all       = head_len[0] ? rd_hit_q : rd_at_half;
    assign mem_rd_valid = head_valid_q && !rd_all && nxt_free;

    // One adder gives the address of the next word and, behind the last, of the next frame.
    wire [OFS_W+ADDR_W:0] rd_ofs_wide = {WORD_0, rd_ofs_q};
    wire [ADDR_W:0]       rd_word     = rd_base_q + rd_ofs_wide[ADDR_W:0];

    // A frame longer than the memory never is: the upper bits of a length are zero.
    wire unused = &{1'b0, wr_ofs_wide[OFS_W+ADDR_W:ADDR_W+1], rd_ofs_wide[OFS_W+ADDR_W:ADDR_W+1]};

    always @(posedge clk) begin
        fly_q <= rd_go && !rd_stop;
        if (rd_step) rd_ofs_q <= rd_ofs_q + 1'b1;
        if (rd_step && rd_at_half) rd_hit_q <= 1'b1;

        if (fly_q) nxt_last_q <= rd_all;
        nxt_valid_q <= !rd_stop && (fly_q || (nxt_valid_q && !shift));

        if (shift) cur_q[15:8] <= nxt[15:8];
        if (shift || take) cur_q[7:0] <= shift ? nxt[7:0] : cur_q[15:8];
        if (shift) cur_last_q <= nxt_last_q;
        if (shift || take) cur_odd_q <= !shift;
        cur_valid_q <= !rd_stop && (shift || (cur_valid_q && !(take && cur_end)));

        if (free) rd_base_q <= rd_word;
        if (rst) rd_base_q <= 0;
        if (rd_restart) begin
            rd_ofs_q <= 0;
            rd_hit_q <= 1'b0;
        end
    end

    assign m_valid = cur_valid_q;
    assign m_data  = cur_q[7:0];
    assign m_last  = cur_last_q && cur_end;

    ly_queue_mem #(.WORDS(WORDS), .MEM(MEM), .READ_FIRST(READ_FIRST)) u_mem (
        .clk(clk), .i_wr_valid(mem_wr_valid), .o_wr_ready(mem_wr_ready),
        .i_wr_addr(mem_wr_word[ADDR_W-1:0]), .i_wr_odd(mem_wr_odd), .i_wr_data(mem_wr_data),
        .i_rd_valid(mem_rd_valid), .o_rd_ready(mem_rd_ready), .i_rd_addr(rd_word[ADDR_W-1:0]),
        .i_rd_take(fly_q),
`ifdef FORMAL
        .f_addr(f_word[ADDR_W-1:0]), .f_data(f_data), .f_late(f_late), .f_late_addr(f_late_addr),
        .f_rd_data(f_rd_data),
`endif
        .o_rd_data(nxt));

`ifdef FORMAL
    // What is proved, for any one frame and any one byte of it (f_k): if it is committed, it is at
    // the head, after exactly the frames committed before it, with its length, its meta, and at f_k
    // the byte written there (or patched), again and again until it is freed. A dropped one never.
    // At small DEPTH_BYTES and FRAMES; tests/formal/run.py has the table.
    localparam [ADDR_W:0] F_WORDS  = WORDS;
    localparam [NR_W:0]   F_FRAMES = FRAMES;
    localparam integer    D_W      = NR_W + 2;

    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;

    function [ADDR_W:0] f_words(input [LEN_W-1:0] bytes);
        f_words = bytes[LEN_W-1:1] + bytes[0];
    endfunction

    // ---- Assumed of the neighbours ----
    ly_fstream #(.DATA_W(8 + 1 + META_W + 1 + LEN_W + 16), .ASSUME_S(1)) f_s (
        .clk(clk), .rst(rst), .i_valid(s_valid), .i_ready(s_ready), .i_withdraw(s_drop),
        .i_data({s_data, s_last,
                 {META_W+LEN_W+17{s_last}} & {s_meta, s_patch, s_patch_ofs, s_patch_data}}));

    wire [LEN_W-1:0] f_wr_len = commit_q ? {LEN_W{1'b0}} : {wr_half_q, wr_odd_q};
    always @(*) begin
        r_patch: assume (!(s_valid && s_last && s_patch && s_patch_ofs >= f_wr_len));
        if (BACKPRESSURE == 0) r_no_patch: assume (!s_patch);
        r_reset: assume (rst == !f_past_q);
    end

    // ---- The watched frame ----
    (* anyconst *) wire [LEN_W-1:0] f_k;
    (* anyseq *)   wire             f_pick;
    localparam [1:0] F_NONE = 2'd0, F_WRITE = 2'd1, F_COMMIT = 2'd2, F_HELD = 2'd3;
    reg [1:0]        f_state = F_NONE;
    reg [ADDR_W:0]   f_base;            // its first word
    reg [7:0]        f_byte;            // its byte f_k
    reg [LEN_W-1:0]  f_len;
    reg [META_W-1:0] f_meta;
    reg [D_W-1:0]    f_ahead;           // frames before it
    reg [D_W-1:0]    f_held = 0;        // frames committed and not freed
    wire [ADDR_W:0]  f_word = f_base + f_k[LEN_W-1:1];
    wire [15:0]      f_data, f_rd_data;
    wire             f_late;
    wire [ADDR_W-1:0] f_late_addr;
    wire [7:0]       f_mem  = f_k[0] ? f_data[15:8] : f_data[7:0];
    wire             f_first = move && !wr_busy_q;
    wire             f_mine  = f_state == F_WRITE || (f_first && f_pick && f_state == F_NONE);

    always @(posedge clk) begin
        f_held <= f_held + wr_keep - free;
        if (f_first && f_pick && f_state == F_NONE) begin
            f_state <= F_WRITE;
            f_base  <= mem_wr_word - (wr_at_patch ? s_patch_ofs[LEN_W-1:1] : {OFS_W{1'b0}})
                                   - (wr_patch_2nd && s_patch_ofs[0]);
        end
        if (f_mine && move) begin
            if (f_k == f_wr_len) f_byte <= s_data;
            if (s_last && s_patch && f_k == s_patch_ofs) f_byte <= s_patch_data[15:8];
            if (s_last && s_patch && f_k == s_patch_ofs + 1'b1) f_byte <= s_patch_data[7:0];
        end
        if (f_mine && wr_keep) begin
            f_state <= F_COMMIT;
            f_len   <= f_wr_len + 1'b1;
            f_meta  <= s_meta;
            f_ahead <= f_held - free;
        end
        if (f_mine && (s_drop || wr_loss)) f_state <= F_NONE;
        if (f_state == F_COMMIT) f_state <= F_HELD;
        if (f_state[1] && free) f_ahead <= f_ahead - 1'b1;
        if (f_state[1] && free && f_ahead == 0) f_state <= F_NONE;
        if (rst) begin
            f_state <= F_NONE;
            f_held  <= 0;
        end
    end

    // ---- Write side ----
    wire [LEN_W-1:0] f_wr_all = {wr_half_q, wr_odd_q};
    wire [ADDR_W:0]  f_wr_next = wr_base_q + f_words(f_wr_all) - (wr_odd_q && !commit_q);
    wire [ADDR_W:0]  f_used    = f_wr_next - rd_base_q;     // whole words
    wire [ADDR_W:0]  f_hold    = wr_base_q - rd_base_q;     // of committed frames
    wire [ADDR_W:0]  f_wr_at   = mem_wr_word - rd_base_q;
    wire [ADDR_W-1:0] f_late_ofs = f_late_addr - rd_base_q[ADDR_W-1:0];
    wire [NR_W:0]    f_entries = len_wr_q - len_rd_q;
    always @(*) if (f_past_q) begin
        a_level: assert (f_used <= level_q + 1'b1 && level_q <= F_WORDS);
        a_used:  assert (f_used <= F_WORDS && !(f_used == F_WORDS && wr_odd_q && !commit_q));
        a_hold:  assert (f_hold <= f_used && f_words(f_wr_all) <= F_WORDS);
        // nothing is written over what is committed
        a_over:  assert (!mem_wr_valid || (f_wr_at >= f_hold && f_wr_at < F_WORDS));
        a_late:  assert (!f_late || f_late_ofs >= f_hold);
        a_len:   assert (!commit_q || f_wr_all != 0);
        a_busy:  assert (wr_busy_q || commit_q || f_wr_all == 0);
        a_only:  assert (!commit_q || !wr_busy_q);
        a_lens:  assert (f_entries <= F_FRAMES && !(commit_q && f_entries == 0));
        a_max:   assert (!(&f_wr_all[LEN_W-1:LEN_W-2]) || f_wr_all[LEN_W-3:0] == 0);
        a_drop:  assert (!(wr_loss || s_drop) || !wr_keep);
    end

    generate
        if (BACKPRESSURE != 0) begin : f_wait
            always @(*) if (f_past_q) begin
                a_open:  assert (!g_wait.open_q || level_q <= F_WORDS - 2);
                a_slot:  assert (!(g_wait.open_q && !commit_q) || f_entries < F_FRAMES);
                a_patch: assert (g_wait.patch_q == 2'd0 || (f_past_q && g_wait.patch_q != 2'd3
                                 && s_valid && s_last && s_patch && !commit_q
                                 && f_entries < F_FRAMES && f_used < F_WORDS
                                 && f_used <= level_q && wr_fits));
            end
        end else begin : f_lost
            always @(*) a_ready: assert (s_ready);
        end
    endgenerate

`ifndef FORMAL_LIVE                     // what follows unrolls over FRAMES
    // ---- The chain of lengths: every frame begins where the one before it ends ----
    reg [ADDR_W:0] f_end [0:FRAMES-1];      // behind the frame of this entry
    reg [ADDR_W:0] f_next_end, f_head_end;
    wire f_head = head_valid_q || head_flush_q;
    wire f_next = head_ahead;
    wire [ADDR_W:0] f_p1 = f_head ? f_head_end : rd_base_q;
    wire [ADDR_W:0] f_p2 = f_next ? f_next_end : f_p1;
    wire [LEN_W+META_W-1:0] f_fetched = lens[len_rd_q[NR_W-1:0]];
    wire [ADDR_W:0] f_p3 = head_fetch_q ? f_end[len_rd_q[NR_W-1:0]] : f_p2;
    wire [NR_W:0]   f_in_ram = f_entries - commit_q;

    always @(posedge clk) begin
        if (commit_q) f_end[len_wr_q[NR_W-1:0]] <= mem_wr_word;
        if (head_fetch_q) f_next_end <= f_end[len_rd_q[NR_W-1:0]];
        if (head_load) f_head_end <= head_fetch_q ? f_end[len_rd_q[NR_W-1:0]] : f_next_end;
    end

    // A link: [from, to) holds this many bytes, in order, inside what is committed.
    function f_link(input [ADDR_W:0] from, input [ADDR_W:0] to, input [LEN_W-1:0] bytes,
                    input [ADDR_W:0] base, input [ADDR_W:0] hold);
        f_link = bytes != 0 && to == from + f_words(bytes) && f_words(bytes) <= F_WORDS
              && !(&bytes[LEN_W-1:LEN_W-2] && bytes[LEN_W-3:0] != 0)
              && (to - base) > (from - base) && (to - base) <= hold;
    endfunction

    always @(*) if (f_past_q) begin
        a_stage: assert (!(f_next && head_fetch_q) && !(head_valid_q && head_flush_q));
        a_fetch: assert (!head_fetch_q || (f_entries < F_FRAMES && !(READS_LENS && f_head)));
        a_alone: assert (EN_AHEAD == 0 || !f_head || (!f_next && !head_fetch_q));
        a_count: assert (f_held == f_entries + head_fetch_q + f_next + f_head);
        if (f_head) a_link_head:
            assert (f_link(rd_base_q, f_head_end, head_len, rd_base_q, f_hold));
        if (f_next) a_link_next:
            assert (f_link(f_p1, f_next_end, lens_q[LEN_W-1:0], rd_base_q, f_hold));
        if (head_fetch_q) a_link_fetch:
            assert (f_link(f_p2, f_p3, f_fetched[LEN_W-1:0], rd_base_q, f_hold));
    end

    wire [FRAMES:1] f_ok_link, f_ok_tail, f_ok_mine;
    genvar f_i;
    generate
        for (f_i = 1; f_i <= FRAMES; f_i = f_i + 1) begin : f_entry
            wire [NR_W-1:0] nr   = len_rd_q[NR_W-1:0] + f_i;
            wire [NR_W-1:0] prev = nr - 1'b1;
            wire [LEN_W+META_W-1:0] entry = lens[nr];
            wire [ADDR_W:0] from = f_i == 1 ? f_p3 : f_end[prev];
            wire            mine = f_state == F_HELD
                                && f_ahead == f_head + f_next + head_fetch_q + f_i - 1;
            wire            here = f_in_ram >= f_i;
            assign f_ok_link[f_i] = !here
                || f_link(from, f_end[nr], entry[LEN_W-1:0], rd_base_q, f_hold);
            assign f_ok_tail[f_i] = !here || f_in_ram != f_i || f_end[nr] == wr_base_q;
            assign f_ok_mine[f_i] = !here || !mine || (entry == {f_meta, f_len} && f_base == from);
        end
    endgenerate
    always @(*) if (f_past_q) begin
        a_link: assert (&f_ok_link);
        a_tail: assert (&f_ok_tail);
        a_mine: assert (&f_ok_mine);
    end

    // ---- Where the watched frame is ----
    wire f_at_head = f_state == F_HELD && f_head && f_ahead == 0;
    always @(*) if (f_past_q) begin
        a_end:   assert (f_in_ram != 0 || f_p3 == wr_base_q);
        a_ahead: assert (!f_state[1] || f_ahead < f_held);
        if (f_state == F_WRITE) begin
            a_write: assert (wr_busy_q && !commit_q && f_base == wr_base_q);
        end
        if (f_state == F_COMMIT) begin
            a_commit: assert (commit_q && f_base == wr_base_q && f_len == f_wr_all
                              && f_meta == wr_meta_q && f_ahead == f_held - 1'b1);
        end
        if (f_state == F_HELD) begin
            a_held:  assert (f_in_ram != 0 || f_ahead < f_head + f_next + head_fetch_q);
            a_range: assert ((f_base - rd_base_q) + f_words(f_len) <= f_hold && f_len != 0
                             && f_words(f_len) <= F_WORDS && (f_base - rd_base_q) <= F_WORDS);
            a_order: assert (f_ahead < f_head + f_next + head_fetch_q + f_in_ram);
            if (f_ahead == 0 && f_head)
                a_head: assert ({head_meta, head_len} == {f_meta, f_len} && f_base == rd_base_q);
            if (f_ahead == f_head && f_next)
                a_next: assert (lens_q == {f_meta, f_len} && f_base == f_p1);
            if (f_ahead == f_head && head_fetch_q)
                a_fetched: assert (f_fetched == {f_meta, f_len} && f_base == f_p2);
        end
        // the byte is where it belongs
        if (f_state == F_WRITE && f_k < f_wr_all && !wr_at_patch && !wr_lost_q)
            a_mem_write: assert (f_mem == f_byte);
        if (f_state[1] && f_k < f_len) a_mem_held: assert (f_mem == f_byte);
    end

    generate
        if (BACKPRESSURE != 0) begin : f_mem_patch
            wire [7:0] old = f_k == f_wr_all ? s_data : f_byte;
            always @(*) if (f_past_q && f_state == F_WRITE && wr_at_patch && f_k <= f_wr_all) begin
                a_mem_1st: assert (wr_patch_2nd || f_mem == old);
                a_mem_2nd: assert (!wr_patch_2nd
                                   || f_mem == (f_k == s_patch_ofs ? s_patch_data[15:8] : old));
            end
        end
    endgenerate

    // ---- Read side ----
    wire [LEN_W-1:0] f_pos;             // byte that is due at the output
    wire             f_done;
    ly_fframe #(.LEN_W(LEN_W), .GAPLESS(IS_SPRAM ? (READ_FIRST != 0 ? 2 : 0) : 1)) f_m (
        .clk(clk), .rst(rst), .i_valid(m_valid), .i_ready(m_ready), .i_last(m_last),
        .i_restart(rd_stop || free), .o_pos(f_pos), .o_done(f_done));
    ly_fstream #(.DATA_W(9)) f_m_hold (
        .clk(clk), .rst(rst), .i_valid(m_valid), .i_ready(m_ready), .i_data({m_data, m_last}),
        .i_withdraw(rd_stop));

    generate
        if (READ_WINS) begin : f_pace
            // A consumer that never takes three bytes in three cycles: 1.9 cycles a byte is slower.
            reg f_r1_q = 1'b0, f_r2_q = 1'b0;
            always @(posedge clk) {f_r2_q, f_r1_q} <= {f_r1_q, m_ready};
            always @(*) begin
                r_pace: assume (!(m_ready && f_r1_q && f_r2_q));
                if (f_past_q && cur_valid_q && !cur_last_q && !nxt_valid_q)
                    a_pace_odd: assert (!cur_odd_q || (fly_q && f_r1_q));
                if (f_past_q && head_valid_q && !cur_valid_q && f_pos != 0 && !f_done)
                    a_pace_none: assert (nxt_valid_q && f_r1_q && f_r2_q);
            end
        end else if (!IS_SPRAM) begin : f_gapless
            always @(*) if (f_past_q && cur_valid_q && !cur_last_q)
                a_next_word: assert (nxt_valid_q || (fly_q && !cur_odd_q));
        end
    endgenerate

    // Words asked for, and how many of them stand before the output.
    wire [OFS_W-1:0] f_cur_nr  = rd_ofs_q - fly_q - nxt_valid_q - cur_valid_q;
    wire [OFS_W-1:0] f_nxt_nr  = rd_ofs_q - fly_q - nxt_valid_q;
    wire [OFS_W-1:0] f_fly_nr  = rd_ofs_q - fly_q;
    wire [OFS_W-1:0] f_last_nr = head_len[LEN_W-1:1] - !head_len[0];
    wire [1:0]       f_inside  = fly_q + nxt_valid_q + cur_valid_q;
    wire             f_watch   = f_at_head && head_valid_q && f_k < f_len;
    always @(*) if (f_past_q) begin
        a_idle: assert (head_valid_q || (!fly_q && !nxt_valid_q && !cur_valid_q && f_pos == 0
                                         && !f_done));
        a_zero: assert (f_head || (rd_ofs_q == 0 && !rd_hit_q));
        a_flush: assert (!(head_flush_q && rd_all_q) || rd_all);
        if (f_head) begin
            a_ofs:  assert (rd_ofs_q <= f_last_nr + 1'b1 && f_inside <= rd_ofs_q);
            a_hit:  assert (rd_hit_q == (head_len[0] && rd_ofs_q == f_last_nr + 1'b1));
            a_all:  assert (rd_all == (rd_ofs_q == f_last_nr + 1'b1));
            a_room: assert (!(fly_q && nxt_valid_q));
        end
        if (head_valid_q) begin
            a_pos:  assert (f_pos == (f_done ? head_len : {f_cur_nr, cur_valid_q && cur_odd_q}));
            a_done: assert (!f_done || (rd_all && f_inside == 0));
            a_size: assert (f_pos <= head_len && (f_done == (f_pos == head_len)));
            a_cur_last: assert (!cur_valid_q || cur_last_q == (f_cur_nr == f_last_nr));
            a_nxt_last: assert (!nxt_valid_q || nxt_last_q == (f_nxt_nr == f_last_nr));
            a_last: assert (!m_valid || m_last == (f_pos + 1'b1 == head_len));
        end
        if (f_watch) begin
            a_fly: assert (!fly_q || f_k[LEN_W-1:1] != f_fly_nr
                           || (f_k[0] ? f_rd_data[15:8] : f_rd_data[7:0]) == f_byte);
            a_nxt: assert (!nxt_valid_q || f_k[LEN_W-1:1] != f_nxt_nr
                           || (f_k[0] ? nxt[15:8] : nxt[7:0]) == f_byte);
            a_cur: assert (!cur_valid_q || f_k[LEN_W-1:1] != f_cur_nr || (cur_odd_q && !f_k[0])
                           || (f_k[0] && !cur_odd_q ? cur_q[15:8] : cur_q[7:0]) == f_byte);
        end
        // and so, in words of the ports:
        if (f_at_head && m_len_valid) a_port_len: assert (m_len == f_len && m_meta == f_meta);
        if (f_watch && m_valid && f_pos == f_k) a_port_data: assert (m_data == f_byte);
    end

    // ---- A whole life: dropped once before, read, rewound, read again to the end, freed ----
    reg [2:0] f_life = 3'd0;
    reg       f_patched = 1'b0;
    always @(posedge clk) begin
        f_patched <= move && s_last && s_patch;
        if (f_life == 3'd0 && s_drop && wr_busy_q && f_wr_all >= 3) f_life <= 3'd1;
        if (f_life == 3'd1 && f_state == F_COMMIT && f_len >= 3 && f_k == 1) f_life <= 3'd2;
        if (f_life == 3'd2 && f_at_head && rewind && f_pos == 2) f_life <= 3'd3;
        if (f_life == 3'd3 && f_at_head && take && m_last && f_pos >= 2) f_life <= 3'd4;
        if (f_life == 3'd4 && f_at_head && free) f_life <= 3'd5;
        if (rst) f_life <= 3'd0;
    end
    always @(*) begin
        c_life: cover (f_life == 3'd5);
        c_full: cover (bytes_full && f_held == 2);
        c_lens: cover (lens_full);
        if (BACKPRESSURE == 0) c_loss: cover (f_past_q && drop_q && f_held >= 1);
        if (BACKPRESSURE != 0)
            c_patch: cover (f_state == F_COMMIT && f_len == 3 && f_patched && f_k == 1);
    end
`endif
`endif

endmodule
`default_nettype wire
