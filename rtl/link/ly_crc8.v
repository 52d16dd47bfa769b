`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_crc8 - next state of a record header's CRC-8 for one byte: polynomial 0x07, MSB first, not
// reflected, no final xor (ITU-T I.432.1 header error control without its coset; init is 0xFF).
// Combinational.
module ly_crc8 (
    input  wire [7:0] i_crc,
    input  wire [7:0] i_data,
    output wire [7:0] o_crc
);

    `include "rtl/regs/ly_regs.vh"

    function [7:0] eight_steps(input [7:0] crc);
        integer i;
        begin
            eight_steps = crc;
            for (i = 0; i < 8; i = i + 1)
                eight_steps = {eight_steps[6:0], 1'b0} ^ (eight_steps[7] ? LY_REC_CRC_POLY : 8'h00);
        end
    endfunction

    assign o_crc = eight_steps(i_crc ^ i_data);

endmodule
`default_nettype wire
