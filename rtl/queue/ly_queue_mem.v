`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_queue_mem - the memory of ly_queue: bytes are written, 16-bit words are read.
// Write: a byte moves when i_wr_valid && o_wr_ready. Read: a word is asked for when i_rd_valid &&
// o_rd_ready; i_rd_take in the next cycle, and only there, takes it to o_rd_data, where it stands
// until the next one is taken. Byte 0 of a word is in bits 7:0.
// Bodies: BRAM, DP16KD and GENERIC have a write and a read port (in the first two a byte arrives 2
// cycles after it moved); SPRAM has one port, which reads if READ_FIRST and both want it, else
// writes. DP16KD is BRAM out of ECP5's own cells, whose output register is o_rd_data.
// A word that is being written is never read: the queue reads only what is committed.
// Clock: clk. Sources: Lattice FPGA-TN-02022 (iCE40 SPRAM), FPGA-TN-02204 (ECP5 memory).
module ly_queue_mem #(
    parameter integer WORDS      = 8192,    // a power of two
    parameter         MEM        = "BRAM",  // BRAM, DP16KD, SPRAM or GENERIC
    parameter integer READ_FIRST = 0
) (
    input  wire                     clk,
    input  wire                     i_wr_valid,
    output wire                     o_wr_ready,
    input  wire [$clog2(WORDS)-1:0] i_wr_addr,   // word
    input  wire                     i_wr_odd,    // which byte of it
    input  wire [7:0]               i_wr_data,
    input  wire                     i_rd_valid,
    output wire                     o_rd_ready,
    input  wire [$clog2(WORDS)-1:0] i_rd_addr,
    input  wire                     i_rd_take,
`ifdef FORMAL
    input  wire [$clog2(WORDS)-1:0] f_addr,      // a look into the memory for the queue's proof
    output wire [15:0]              f_data,
    output wire                     f_late,      // a write that moved is not in the memory yet
    output wire [$clog2(WORDS)-1:0] f_late_addr,
    output wire [15:0]              f_rd_data,   // what i_rd_take would take
`endif
    output wire [15:0]              o_rd_data
);

    localparam integer ADDR_W = $clog2(WORDS);
    /* verilator lint_off WIDTH */      // strings of unlike length
    localparam [0:0] IS_SPRAM   = MEM == "SPRAM";
    localparam [0:0] IS_BRAM    = MEM == "BRAM";
    localparam [0:0] IS_DP16KD  = MEM == "DP16KD";
    localparam [0:0] IS_GENERIC = MEM == "GENERIC";
    /* verilator lint_on WIDTH */

    wire [15:0] ram;                 // a word in the cycle after it was asked for

    generate
        if (WORDS < 4 || WORDS != (1 << ADDR_W)) begin : g_check_words
            WORDS_must_be_a_power_of_two u_error();
        end

        if (IS_SPRAM) begin : g_spram
            // Yosys infers SB_SPRAM256KA only from this shape: one address, reading is the else
            // branch of writing, no initial value. Anything else becomes 64 block RAMs.
            reg [15:0] mem [0:WORDS-1];
            reg [15:0] rd_q;

            wire              wr_go = READ_FIRST != 0 ? i_wr_valid && !i_rd_valid : i_wr_valid;
            wire [ADDR_W-1:0] addr  = wr_go ? i_wr_addr : i_rd_addr;

            always @(posedge clk) begin
                if (wr_go) begin
                    if (i_wr_odd) mem[addr][15:8] <= i_wr_data;
                    else          mem[addr][7:0]  <= i_wr_data;
                end else begin
                    rd_q <= mem[addr];
                end
            end

            assign o_wr_ready = READ_FIRST != 0 ? !i_rd_valid : 1'b1;
            assign o_rd_ready = READ_FIRST != 0 ? 1'b1 : !i_wr_valid;
`ifdef FORMAL
            // A write leaves anything at the output.
            (* anyseq *) wire [15:0] f_junk;
            reg f_wrote_q;
            always @(posedge clk) f_wrote_q <= wr_go;
            assign ram = f_wrote_q ? f_junk : rd_q;
            assign f_data    = mem[f_addr];
            assign f_late    = 1'b0;
            assign f_late_addr = 0;
`else
            assign ram = rd_q;
`endif
        end else if (IS_BRAM || IS_DP16KD) begin : g_bram
            // Two lanes of bytes: 16 KiB each is eight DP16KD of 16384 x 1, with no multiplexer
            // behind the late output of the RAM. For timing the write side is registered and the
            // read side has no enable.
            wire unused = &{1'b0, i_rd_valid};
            reg              wr_even_q, wr_odd_q;
            reg [ADDR_W-1:0] wr_addr_q;
            reg [7:0]        wr_data_q;

            initial wr_even_q = 1'b0;
            initial wr_odd_q  = 1'b0;

            always @(posedge clk) begin
                wr_even_q <= i_wr_valid && !i_wr_odd;
                wr_odd_q  <= i_wr_valid && i_wr_odd;
                wr_addr_q <= i_wr_addr;
                wr_data_q <= i_wr_data;
            end

            assign o_wr_ready = 1'b1;
            assign o_rd_ready = 1'b1;

            if (IS_DP16KD) begin : g_cells
                ly_dp16kd #(.WORDS(WORDS)) u_even (
                    .clk(clk), .i_wr(wr_even_q), .i_wr_addr(wr_addr_q), .i_wr_data(wr_data_q),
                    .i_rd_en(1'b1), .i_rd_addr(i_rd_addr), .i_rd_take(i_rd_take),
                    .o_rd_data(o_rd_data[7:0]));
                ly_dp16kd #(.WORDS(WORDS)) u_odd (
                    .clk(clk), .i_wr(wr_odd_q), .i_wr_addr(wr_addr_q), .i_wr_data(wr_data_q),
                    .i_rd_en(1'b1), .i_rd_addr(i_rd_addr), .i_rd_take(i_rd_take),
                    .o_rd_data(o_rd_data[15:8]));
                assign ram = 16'd0;      // it is inside of the cells
            end else begin : g_inferred
                (* ram_style = "block", no_rw_check *) reg [7:0] even [0:WORDS-1];
                (* ram_style = "block", no_rw_check *) reg [7:0] odd  [0:WORDS-1];
                reg [7:0] rd_even_q, rd_odd_q;

                always @(posedge clk) if (wr_even_q) even[wr_addr_q] <= wr_data_q;
                always @(posedge clk) if (wr_odd_q) odd[wr_addr_q] <= wr_data_q;
                always @(posedge clk) rd_even_q <= even[i_rd_addr];
                always @(posedge clk) rd_odd_q <= odd[i_rd_addr];
`ifdef FORMAL
                // Reading a word while it is written gives anything.
                (* anyseq *) wire [15:0] f_junk;
                reg f_even_junk_q, f_odd_junk_q;
                always @(posedge clk) begin
                    f_even_junk_q <= wr_even_q && wr_addr_q == i_rd_addr;
                    f_odd_junk_q  <= wr_odd_q && wr_addr_q == i_rd_addr;
                end
                assign ram = {f_odd_junk_q ? f_junk[15:8] : rd_odd_q,
                              f_even_junk_q ? f_junk[7:0] : rd_even_q};

                // What the memory will hold once the byte on its way has arrived.
                wire f_hit = wr_addr_q == f_addr;
                assign f_late      = wr_even_q || wr_odd_q;
                assign f_late_addr = wr_addr_q;
                assign f_data = {f_hit && wr_odd_q ? wr_data_q : odd[f_addr],
                                 f_hit && wr_even_q ? wr_data_q : even[f_addr]};
`else
                assign ram = {rd_odd_q, rd_even_q};
`endif
            end
        end else if (IS_GENERIC) begin : g_generic
            // For every other technology, and as the plainest statement of the contract.
            reg [15:0] mem [0:WORDS-1];
            reg [15:0] rd_q;

            always @(posedge clk) begin
                if (i_wr_valid && i_wr_odd)  mem[i_wr_addr][15:8] <= i_wr_data;
                if (i_wr_valid && !i_wr_odd) mem[i_wr_addr][7:0]  <= i_wr_data;
                if (i_rd_valid) rd_q <= mem[i_rd_addr];
            end

            assign o_wr_ready = 1'b1;
            assign o_rd_ready = 1'b1;
            assign ram = rd_q;
`ifdef FORMAL
            assign f_data = mem[f_addr];
            assign f_late = 1'b0;
            assign f_late_addr = 0;
`endif
        end else begin : g_check_mem
            MEM_must_be_BRAM_DP16KD_SPRAM_or_GENERIC u_error();
        end

        if (!IS_DP16KD) begin : g_out
            reg [15:0] out_q;
            always @(posedge clk) if (i_rd_take) out_q <= ram;
            assign o_rd_data = out_q;
        end else begin : g_no_out
            wire unused_ram = &{1'b0, ram};
        end
    endgenerate

`ifdef FORMAL
    assign f_rd_data = ram;
`endif

`ifdef FORMAL_ALONE
    // One watched word: every byte that moved is there, and a read gives the last of both lanes.
    (* anyconst *) reg [ADDR_W-1:0] f_word;
    reg [1:0]  f_known_q = 2'b00;
    reg [15:0] f_val_q, f_then_q, f_out_q;
    reg        f_read_q = 1'b0;
    reg        f_took_q = 1'b0;
    wire       f_wr = i_wr_valid && o_wr_ready && i_wr_addr == f_word;
    wire       f_rd = i_rd_valid && o_rd_ready && i_rd_addr == f_word;
    always @(posedge clk) begin
        if (f_wr) f_known_q[i_wr_odd] <= 1'b1;
        if (f_wr && i_wr_odd)  f_val_q[15:8] <= i_wr_data;
        if (f_wr && !i_wr_odd) f_val_q[7:0]  <= i_wr_data;
        f_read_q <= f_rd && (&f_known_q);
        f_then_q <= f_val_q;
        if (i_rd_take) {f_took_q, f_out_q} <= {f_read_q, f_then_q};
    end
    always @(*) begin
        r_look:  assume (f_addr == f_word);
        // The contract: a word that is being written is not read.
        r_apart: assume (!f_rd || !(f_wr || (f_late && f_late_addr == f_word)));
        a_even:  assert (!f_known_q[0] || f_data[7:0] == f_val_q[7:0]);
        a_odd:   assert (!f_known_q[1] || f_data[15:8] == f_val_q[15:8]);
        a_read:  assert (!f_read_q || ram == f_then_q);
        a_take:  assert (!f_took_q || o_rd_data == f_out_q);
        a_port:  assert (!IS_SPRAM || !(i_wr_valid && o_wr_ready && i_rd_valid && o_rd_ready));
        c_read:  cover (f_took_q && o_rd_data == 16'hA55A && i_wr_valid && o_wr_ready);
    end
`endif

endmodule
`default_nettype wire
