`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_fcs - CRC-32 of Ethernet, next state after one byte. Combinational.
// Reflected form: bit 0 of a byte goes first, the register starts as FFFF_FFFF, and the FCS is its
// complement, sent low byte first. After a frame with its good FCS the register is DEBB_20E3.
// With i_data = i_crc[7:0] the register just moves down by a byte: that is how mac_tx sends it.
// Source: IEEE 802.3 3.2.9.
module ly_fcs (
    input  wire [31:0] i_crc,
    input  wire [7:0]  i_data,
    output wire [31:0] o_crc
);

    // Each bit of x adds one constant: what eight steps of the divider make of that bit alone.
    wire [7:0] x = i_crc[7:0] ^ i_data;

    assign o_crc = {8'd0, i_crc[31:8]}
                 ^ ({32{x[0]}} & 32'h7707_3096) ^ ({32{x[1]}} & 32'hEE0E_612C)
                 ^ ({32{x[2]}} & 32'h076D_C419) ^ ({32{x[3]}} & 32'h0EDB_8832)
                 ^ ({32{x[4]}} & 32'h1DB7_1064) ^ ({32{x[5]}} & 32'h3B6E_20C8)
                 ^ ({32{x[6]}} & 32'h76DC_4190) ^ ({32{x[7]}} & 32'hEDB8_8320);

`ifdef FORMAL_ALONE
    // The serial divider of 3.2.9, bit 0 of the octet first; what a frame leaves behind its FCS.
    function [31:0] f_serial(input [31:0] crc, input [7:0] data);
        integer k;
        begin
            f_serial = crc;
            for (k = 0; k < 8; k = k + 1)
                f_serial = {1'b0, f_serial[31:1]} ^ (f_serial[0] ^ data[k] ? 32'hEDB8_8320 : 32'd0);
        end
    endfunction

    wire [31:0] f_1 = f_serial(i_crc, ~i_crc[7:0]);
    wire [31:0] f_2 = f_serial(f_1, ~i_crc[15:8]);
    wire [31:0] f_3 = f_serial(f_2, ~i_crc[23:16]);
    always @(*) begin
        a_serial:  assert (o_crc == f_serial(i_crc, i_data));
        a_residue: assert (f_serial(f_3, ~i_crc[31:24]) == 32'hDEBB_20E3);
        if (i_data == i_crc[7:0]) a_moves: assert (o_crc == {8'd0, i_crc[31:8]});
        c_residue: cover (o_crc == 32'hDEBB_20E3);
    end
`endif

endmodule
`default_nettype wire
