`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_delay - a fixed delay between a pin and its DDR register, in steps of about 25 ps.
// TECH "ECP5": DELAYG, 0 to 127 steps (80 are 2 ns). "ICE40" and "GENERIC" have none: STEPS must
// be 0 and this is a wire; there the PHY or the board delays.
// No clock. Source: Lattice FPGA-TN-02035 (DELAYG).
module ly_delay #(
    parameter TECH = "GENERIC",
    parameter STEPS = 0
) (
    input  wire i_d,
    output wire o_q
);

    generate
        if (TECH == "ECP5" && STEPS >= 0 && STEPS <= 127) begin : g_ecp5
            DELAYG #(.DEL_MODE("USER_DEFINED"), .DEL_VALUE(STEPS)) u_delay (.A(i_d), .Z(o_q));
        end else if ((TECH == "ICE40" || TECH == "GENERIC") && STEPS == 0) begin : g_none
            assign o_q = i_d;
        end else begin : g_check
            TECH_or_STEPS_out_of_range u_error();
        end
    endgenerate

endmodule
`default_nettype wire
