`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_ddr_out - two bits a cycle to a pin: i_rise while clk is high, i_fall while it is low.
// Both are taken at one rising edge of clk and stand at the pin in the cycle behind it.
// TECH "ECP5": ODDRX1F. "ICE40": SB_IO, so o_pin must be a pin of the chip. "GENERIC": two
// flip-flops and an xor that does not glitch, for simulation.
// Clock: clk, both edges. No reset; GENERIC starts with 0.
// Source: Lattice FPGA-TN-02035 (ECP5 generic DDR), iCE40 technology library (SB_IO).
module ly_ddr_out #(
    parameter TECH = "GENERIC"
) (
    input  wire clk,
    input  wire i_rise,
    input  wire i_fall,
    output wire o_pin
);

    generate
        if (TECH == "ECP5") begin : g_ecp5
            ODDRX1F u_ddr (.SCLK(clk), .RST(1'b0), .D0(i_rise), .D1(i_fall), .Q(o_pin));
        end else if (TECH == "ICE40") begin : g_ice40
            reg fall_q;              // D_OUT_1 is taken half a cycle after D_OUT_0
            always @(posedge clk) fall_q <= i_fall;
            SB_IO #(.PIN_TYPE(6'b010000)) u_io (
                .PACKAGE_PIN(o_pin), .OUTPUT_CLK(clk), .D_OUT_0(i_rise), .D_OUT_1(fall_q));
        end else if (TECH == "GENERIC") begin : g_generic
            reg fall_q, high_q, low_q;
            initial fall_q = 1'b0;   // an X in one of them would never leave
            initial high_q = 1'b0;
            initial low_q  = 1'b0;
            always @(posedge clk) fall_q <= i_fall;
            always @(posedge clk) high_q <= i_rise ^ low_q;
            always @(negedge clk) low_q  <= fall_q ^ high_q;
            assign o_pin = high_q ^ low_q;
        end else begin : g_check
            TECH_must_be_GENERIC_ECP5_or_ICE40 u_error();
        end
    endgenerate

`ifdef FORMAL
    reg f_rise_q = 1'b0, f_fall_q = 1'b0;
    always @(posedge clk) {f_rise_q, f_fall_q} <= {i_rise, i_fall};
    always @(*) begin
        a_pin: assert (o_pin == (clk ? f_rise_q : f_fall_q));
`ifndef FORMAL_PHY
        c_up:  cover (o_pin && !clk && !f_rise_q);
`endif
    end
`endif

endmodule
`default_nettype wire
