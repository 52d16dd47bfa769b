`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_area_crc - ly_fcs with its register, nothing else: the row "crc" of `make area`.
// Not a product. o_crc is the state after the bytes so far, i_start begins anew. Clock: clk.
module ly_area_crc (
    input  wire        clk,
    input  wire        i_start,
    input  wire        i_stb,
    input  wire [7:0]  i_data,
    output wire [31:0] o_crc
);

    reg [31:0]  crc_q;
    wire [31:0] crc_next;
    ly_fcs u_fcs (.i_crc(crc_q), .i_data(i_data), .o_crc(crc_next));

    always @(posedge clk) begin
        if (i_stb) crc_q <= crc_next;
        if (i_start) crc_q <= 32'hFFFF_FFFF;
    end

    assign o_crc = crc_q;

endmodule
`default_nettype wire
