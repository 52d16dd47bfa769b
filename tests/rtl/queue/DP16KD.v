`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// DP16KD of ECP5 as far as ly_dp16kd uses it, for simulation: port A writes, port B reads through
// its output register, both 1, 2, 4, 9 or 18 bits wide, each width at the address bits of its own;
// the halves of 18 are written by address bits 0 and 1. A word that is read while it is written is
// x. What is not used has to be tied as the book wants.
// Source: Lattice FPGA-TN-02204.
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off UNUSEDPARAM */
module DP16KD #(
    parameter DATA_WIDTH_A = 18,
    parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG",
    parameter REGMODE_B = "NOREG",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter CSDECODE_A = "0b000",
    parameter CSDECODE_B = "0b000",
    parameter WRITEMODE_A = "NORMAL",
    parameter WRITEMODE_B = "NORMAL",
    parameter CLKAMUX = "CLKA",
    parameter CLKBMUX = "CLKB",
    parameter GSR = "ENABLED"
) (
    input wire CLKA, CEA, OCEA, RSTA, WEA, CSA0, CSA1, CSA2,
    input wire CLKB, CEB, OCEB, RSTB, WEB, CSB0, CSB1, CSB2,
    input wire ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11, ADA12,
    input wire ADA13,
    input wire DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8, DIA9, DIA10, DIA11, DIA12,
    input wire DIA13, DIA14, DIA15, DIA16, DIA17,
    input wire ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12,
    input wire ADB13,
    output wire DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8, DOB9, DOB10, DOB11, DOB12,
    output wire DOB13, DOB14, DOB15, DOB16, DOB17
);
    localparam integer W = DATA_WIDTH_A;
    localparam integer LOW = W == 18 ? 4 : W == 9 ? 3 : W == 4 ? 2 : W == 2 ? 1 : 0;

    reg [17:0] mem [0:16383];        // W bits of each word are used
    reg [17:0] ram_q, out_q;
    integer   k;
    initial for (k = 0; k < 16384; k = k + 1) mem[k] = 18'd0;
    initial if ((W != 1 && W != 2 && W != 4 && W != 9 && W != 18) || DATA_WIDTH_B != W
                || REGMODE_A != "NOREG" || REGMODE_B != "OUTREG" || GSR != "DISABLED"
                || CSDECODE_A != "0b000" || CSDECODE_B != "0b000") begin
        $display("DP16KD: its model knows no such parameters");
        $finish;
    end

    wire [13:0] ada = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2,
                       ADA1, ADA0};
    wire [13:0] adb = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2,
                       ADB1, ADB0};
    wire [17:0] dia = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8,
                       DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire        alive = {CEA, OCEA, RSTA, RSTB, WEB} == 5'b11000
                        && {CSA2, CSA1, CSA0, CSB2, CSB1, CSB0} == 6'd0;
    wire [17:0] some = W == 18 ? {{9{ADA1}}, {9{ADA0}}} : (18'd1 << W) - 18'd1;     // are written

    always @(posedge CLKA) if (WEA)
        mem[ada >> LOW] <= (dia & some) | (mem[ada >> LOW] & ~some);
    always @(posedge CLKB) begin
        if (CEB) ram_q <= !alive || (WEA && ada >> LOW == adb >> LOW) ? 18'bx : mem[adb >> LOW];
        if (OCEB) out_q <= ram_q;
    end

    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
            DOB4, DOB3, DOB2, DOB1, DOB0} = out_q;
endmodule
/* verilator lint_on UNUSEDPARAM */
/* verilator lint_on UNUSEDSIGNAL */
`default_nettype wire
