`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_ddr_in - two bits a cycle from a pin: o_rise was there at a rising edge of clk, o_fall at the
// falling edge behind it. Both stand from the next rising edge on, for a cycle.
// TECH "ECP5": IDDRX1F. "ICE40": SB_IO, so i_pin must be a pin of the chip. "GENERIC": flip-flops.
// Clock: clk, both edges. No reset.
// Source: Lattice FPGA-TN-02035 (ECP5 generic DDR), iCE40 technology library (SB_IO).
module ly_ddr_in #(
    parameter TECH = "GENERIC"
) (
    input  wire clk,
    input  wire i_pin,
    output wire o_rise,
    output wire o_fall
);

    generate
        if (TECH == "ECP5") begin : g_ecp5
            IDDRX1F u_ddr (.SCLK(clk), .RST(1'b0), .D(i_pin), .Q0(o_rise), .Q1(o_fall));
        end else if (TECH == "ICE40" || TECH == "GENERIC") begin : g_two
            wire rise, fall;
            reg  rise_q, fall_q;
            if (TECH == "ICE40") begin : g_ice40
                SB_IO #(.PIN_TYPE(6'b000000)) u_io (
                    .PACKAGE_PIN(i_pin), .INPUT_CLK(clk), .D_IN_0(rise), .D_IN_1(fall));
            end else begin : g_generic
                reg high_q, low_q;
                always @(posedge clk) high_q <= i_pin;
                always @(negedge clk) low_q  <= i_pin;
                assign rise = high_q;
                assign fall = low_q;
            end
            always @(posedge clk) {rise_q, fall_q} <= {rise, fall};
            assign o_rise = rise_q;
            assign o_fall = fall_q;

`ifdef FORMAL
            reg       f_high_q, f_low_q;         // the pin at the last edge of either kind
            reg [1:0] f_both_q;                  // at both edges of the cycle before
            reg [1:0] f_age_q = 2'd0;            // cycles since the start, at most 3
            always @(negedge clk) f_low_q  <= i_pin;
            always @(posedge clk) f_high_q <= i_pin;
            always @(posedge clk) f_both_q <= {f_high_q, f_low_q};
            always @(posedge clk) f_age_q  <= f_age_q + {1'b0, f_age_q != 2'd3};
            always @(*) begin
                if (f_age_q != 2'd0) a_high: assert (rise == f_high_q);
                if (f_age_q[1] || (f_age_q[0] && !clk)) a_low: assert (fall == f_low_q);
                if (f_age_q == 2'd3) a_both: assert ({o_rise, o_fall} == f_both_q);
`ifndef FORMAL_PHY
                c_rise: cover (f_age_q == 2'd3 && o_rise && !o_fall);
`endif
            end
`endif
        end else begin : g_check
            TECH_must_be_GENERIC_ECP5_or_ICE40 u_error();
        end
    endgenerate

endmodule
`default_nettype wire
