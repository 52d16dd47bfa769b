`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_dp16kd - block RAM of ECP5, read through its own output register.
// i_rd_en reads the word at i_rd_addr into the RAM's output, where it stands until the next one;
// i_rd_take, the cycle behind it or later, takes it to o_rd_data. What yosys infers has that
// register outside, and the RAM's output takes 5.8 ns to leave it; this one takes 1 ns.
// No multiplexer may follow, so one row of RAMs is as deep as the memory: bytes (WIDTH 8) of 2048,
// 4096, 8192 or 16384 WORDS, or 9 to 18 bits of at most 1024.
// A word that is being written is not read. Clock: clk. No reset; the RAM starts with 0.
// Source: Lattice FPGA-TN-02204 (ECP5 memory usage), its pins as yosys maps them.
module ly_dp16kd #(
    parameter integer WIDTH = 8,
    parameter integer WORDS = 16384
) (
    input  wire                     clk,
    input  wire                     i_wr,
    input  wire [$clog2(WORDS)-1:0] i_wr_addr,
    input  wire [WIDTH-1:0]         i_wr_data,
    input  wire                     i_rd_en,
    input  wire [$clog2(WORDS)-1:0] i_rd_addr,
    input  wire                     i_rd_take,
    output wire [WIDTH-1:0]         o_rd_data
);

    localparam [0:0]   WIDE   = WIDTH > 8;
    localparam [0:0]   GOOD   = WIDE ? WIDTH <= 18 && WORDS <= 1024
                              : WIDTH == 8 && (WORDS == 2048 || WORDS == 4096 || WORDS == 8192
                                               || WORDS == 16384);
    localparam integer ADDR_W = $clog2(WORDS);
    localparam integer BITS   = WIDE || !GOOD ? WIDTH                   // of a word in each RAM
                              : WORDS == 2048 ? 8 : 16384 / WORDS;
    localparam integer PORT_W = WIDE ? 18 : BITS == 8 ? 9 : BITS;       // what the RAM is told
    localparam integer LOW    = WIDE ? 4 : GOOD ? 14 - ADDR_W : 0;      // address bits below a word

    generate
        if (!GOOD) begin : g_check
            WIDTH_and_WORDS_are_no_shape_of_a_DP16KD u_error();
        end
    endgenerate

    // The two halves of a wide word have a write enable each, in the lowest address bits.
    wire [13:0] wr_addr, rd_addr;
    assign wr_addr[LOW +: ADDR_W] = i_wr_addr;
    assign rd_addr[LOW +: ADDR_W] = i_rd_addr;
    generate
        if (WIDE) begin : g_halves
            assign wr_addr[3:0] = {2'b00, i_wr, i_wr};
            assign rd_addr[3:0] = 4'd0;
        end else if (LOW != 0) begin : g_low
            assign wr_addr[LOW-1:0] = {LOW{1'b0}};
            assign rd_addr[LOW-1:0] = {LOW{1'b0}};
        end
        if (LOW + ADDR_W < 14) begin : g_high
            assign wr_addr[13:LOW+ADDR_W] = {14-LOW-ADDR_W{1'b0}};
            assign rd_addr[13:LOW+ADDR_W] = {14-LOW-ADDR_W{1'b0}};
        end
    endgenerate

    generate genvar k;
        for (k = 0; k < WIDTH / BITS; k = k + 1) begin : g_ram
            wire [17:0] wr_data, rd_data;
            assign wr_data[BITS-1:0] = i_wr_data[BITS*k +: BITS];
            assign o_rd_data[BITS*k +: BITS] = rd_data[BITS-1:0];
            if (BITS < 18) begin : g_rest
                assign wr_data[17:BITS] = {18-BITS{1'b0}};
                wire unused = &{1'b0, rd_data[17:BITS]};
            end

            DP16KD #(
                .DATA_WIDTH_A(PORT_W), .DATA_WIDTH_B(PORT_W),
                .REGMODE_A("NOREG"), .REGMODE_B("OUTREG"), .RESETMODE("ASYNC"),
                .ASYNC_RESET_RELEASE("ASYNC"), .CSDECODE_A("0b000"), .CSDECODE_B("0b000"),
                .WRITEMODE_A("READBEFOREWRITE"), .WRITEMODE_B("READBEFOREWRITE"),
                .CLKAMUX("CLKA"), .CLKBMUX("CLKB"), .GSR("DISABLED")
            ) u_ram (
                .CLKA(clk), .CEA(1'b1), .OCEA(1'b1), .RSTA(1'b0), .WEA(i_wr),
                .CSA0(1'b0), .CSA1(1'b0), .CSA2(1'b0),
                .ADA0(wr_addr[0]), .ADA1(wr_addr[1]), .ADA2(wr_addr[2]), .ADA3(wr_addr[3]),
                .ADA4(wr_addr[4]), .ADA5(wr_addr[5]), .ADA6(wr_addr[6]), .ADA7(wr_addr[7]),
                .ADA8(wr_addr[8]), .ADA9(wr_addr[9]), .ADA10(wr_addr[10]), .ADA11(wr_addr[11]),
                .ADA12(wr_addr[12]), .ADA13(wr_addr[13]),
                .DIA0(wr_data[0]), .DIA1(wr_data[1]), .DIA2(wr_data[2]), .DIA3(wr_data[3]),
                .DIA4(wr_data[4]), .DIA5(wr_data[5]), .DIA6(wr_data[6]), .DIA7(wr_data[7]),
                .DIA8(wr_data[8]), .DIA9(wr_data[9]), .DIA10(wr_data[10]), .DIA11(wr_data[11]),
                .DIA12(wr_data[12]), .DIA13(wr_data[13]), .DIA14(wr_data[14]), .DIA15(wr_data[15]),
                .DIA16(wr_data[16]), .DIA17(wr_data[17]),
                .CLKB(clk), .CEB(i_rd_en), .OCEB(i_rd_take), .RSTB(1'b0), .WEB(1'b0),
                .CSB0(1'b0), .CSB1(1'b0), .CSB2(1'b0),
                .ADB0(rd_addr[0]), .ADB1(rd_addr[1]), .ADB2(rd_addr[2]), .ADB3(rd_addr[3]),
                .ADB4(rd_addr[4]), .ADB5(rd_addr[5]), .ADB6(rd_addr[6]), .ADB7(rd_addr[7]),
                .ADB8(rd_addr[8]), .ADB9(rd_addr[9]), .ADB10(rd_addr[10]), .ADB11(rd_addr[11]),
                .ADB12(rd_addr[12]), .ADB13(rd_addr[13]),
                .DOB0(rd_data[0]), .DOB1(rd_data[1]), .DOB2(rd_data[2]), .DOB3(rd_data[3]),
                .DOB4(rd_data[4]), .DOB5(rd_data[5]), .DOB6(rd_data[6]), .DOB7(rd_data[7]),
                .DOB8(rd_data[8]), .DOB9(rd_data[9]), .DOB10(rd_data[10]), .DOB11(rd_data[11]),
                .DOB12(rd_data[12]), .DOB13(rd_data[13]), .DOB14(rd_data[14]), .DOB15(rd_data[15]),
                .DOB16(rd_data[16]), .DOB17(rd_data[17]));
        end
    endgenerate

endmodule
`default_nettype wire
