`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_mdio - master of a PHY's management interface: one access of 64 MDC periods (32 of preamble).
// Handshake: i_stb takes i_write, i_phy, i_reg, i_data; o_busy is up from the next cycle until the
// access has ended and while it is, i_stb does nothing. After it o_write, o_phy, o_reg, o_data tell
// the access, o_data of a read what came, o_error a turnaround that no PHY answered (reads only).
// MDC: CLK_HZ / (2 x HALF), at most 2.5 MHz, stands low between accesses. MDIO changes when MDC
// falls, so half a period before it rises; i_mdio counts as it stood 1 or 2 cycles before MDC rose:
// a PHY may take 300 ns from the rise before. At CLK_HZ of 10 MHz or more.
// Clock: clk; i_mdio is asynchronous (ly_sync). Source: IEEE 802.3 22.2.2.13, 22.2.4.5, 22.3.4.
module ly_mdio #(
    parameter integer CLK_HZ = 125_000_000
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        i_stb,
    input  wire        i_write,
    input  wire [4:0]  i_phy,
    input  wire [4:0]  i_reg,
    input  wire [15:0] i_data,
    output wire        o_busy,
    output wire        o_write,
    output wire [4:0]  o_phy,
    output wire [4:0]  o_reg,
    output wire [15:0] o_data,
    output wire        o_error,

    output wire        o_mdc,
    output wire        o_mdio,
    output wire        o_mdio_oe,
    input  wire        i_mdio
);

    localparam integer MDC_MAX_HZ = 2_500_000;
    localparam integer HALF_SLOW  = (CLK_HZ + 2 * MDC_MAX_HZ - 1) / (2 * MDC_MAX_HZ);
    localparam integer HALF       = HALF_SLOW < 3 ? 3 : HALF_SLOW;  // 2 for i_mdio to get here
    localparam integer DIV_W      = $clog2(HALF);
    localparam integer DIV_END    = HALF - 1;
    localparam [4:0] BIT_TA = 5'd14;    // of the frame: turnaround, then data

    wire mdio_in;
    ly_sync #(.WIDTH(1), .INIT(1'b1)) u_sync (.clk(clk), .i_d(i_mdio), .o_q(mdio_in));

    // The frame turns once through its register: what was sent or came stands there in the end.
    reg             busy_q, mdc_q, read_q, in_q;
    reg [DIV_W-1:0] div_q;
    reg [5:0]       bit_q;              // 0 to 31 preamble, then the frame
    reg [31:0]      frame_q;
    initial busy_q  = 1'b0;
    initial mdc_q   = 1'b0;
    initial frame_q = 32'd0;

    reg  half_end;                      // div_q is DIV_END, known a cycle before
    initial half_end = 1'b0;
    wire fall     = half_end && mdc_q;
    wire frame    = bit_q[5];
    wire ours     = !(read_q && frame && bit_q[4:0] >= BIT_TA);

    always @(posedge clk) begin
        if (mdc_q && div_q == 0) in_q <= mdio_in;
        div_q    <= half_end ? {DIV_W{1'b0}} : div_q + 1'b1;
        half_end <= busy_q && !half_end && div_q == DIV_END[DIV_W-1:0] - 1'b1;
        if (half_end) mdc_q <= !mdc_q;
        if (fall) bit_q <= bit_q + 1'b1;
        if (fall && frame) frame_q <= {frame_q[30:0], ours ? frame_q[31] : in_q};
        if (fall && bit_q == 6'd63) busy_q <= 1'b0;
        if (!busy_q) begin
            div_q   <= {DIV_W{1'b0}};
            mdc_q   <= 1'b0;
            bit_q   <= 6'd0;
            busy_q  <= i_stb;
            if (i_stb) begin
                read_q  <= !i_write;
                frame_q <= {2'b01, !i_write, i_write, i_phy, i_reg, 2'b10, i_data};
            end
        end
        if (rst) begin
            busy_q  <= 1'b0;
            mdc_q   <= 1'b0;
            frame_q <= 32'd0;
        end
        if (!busy_q || rst) half_end <= 1'b0;
    end

    assign o_busy    = busy_q;
    assign o_write   = frame_q[28];
    assign o_phy     = frame_q[27:23];
    assign o_reg     = frame_q[22:18];
    assign o_error   = frame_q[16];     // of a write it is our own 0
    assign o_data    = frame_q[15:0];
    assign o_mdc     = mdc_q;
    assign o_mdio    = !frame || frame_q[31];
    assign o_mdio_oe = busy_q && ours;

`ifdef FORMAL
    // One watched bit of the frame, f_nr in the order sent; f_in_q is what came for it.
    reg        f_past_q = 1'b0;
    reg        f_done_q = 1'b0;         // the last access has ended, nothing reset since
    reg        f_in_q, f_pin_q, f_pin2_q;
    reg [31:0] f_sent_q = 32'd0;        // the frame as asked for
    reg [7:0]  f_age_q  = 8'd0;         // cycles since MDC changed
    (* anyconst *) reg [4:0] f_nr;

    wire [4:0] f_n      = frame ? bit_q[4:0] : 5'd0;    // turned by so many bits; idle: by 32
    wire       f_theirs = f_sent_q[29] && f_nr >= BIT_TA;
    wire       f_gone   = f_done_q || (frame && bit_q[4:0] > f_nr);
    wire [4:0] f_at     = 5'd31 - f_nr + f_n;
    wire       f_bit    = frame_q[f_at];
    wire       f_rise   = mdc_q && div_q == 0;          // MDC rose at the start of this cycle
    wire       f_mine   = frame && bit_q[4:0] == f_nr;

    always @(posedge clk) begin
        f_past_q <= 1'b1;
        f_pin_q  <= i_mdio;
        f_pin2_q <= f_pin_q;            // as it stood one cycle before MDC rose
        if (busy_q && f_mine && f_rise) f_in_q <= f_pin2_q;
        if (busy_q && fall && bit_q == 6'd63) f_done_q <= 1'b1;
        if (!busy_q && i_stb) begin
            f_sent_q <= {2'b01, !i_write, i_write, i_phy, i_reg, 2'b10, i_data};
            f_done_q <= 1'b0;
        end
        f_age_q <= !busy_q || half_end ? 8'd0 : f_age_q + 8'd1;
        if (rst) f_done_q <= 1'b0;
    end

    always @(*) if (f_past_q) begin
        if (!busy_q) a_idle: assert (!o_mdc && !o_mdio_oe);
        if (busy_q) begin
            a_div:  assert (div_q <= DIV_END && f_age_q == div_q && !f_done_q);
            a_end:  assert (half_end == (div_q == DIV_END));
            a_op:   assert (read_q == f_sent_q[29] && read_q != f_sent_q[28]);
            a_oe:   assert (o_mdio_oe == !(read_q && frame && bit_q[4:0] >= BIT_TA));
            a_ones: assert (frame || o_mdio);
            if (f_mine && !f_theirs) a_serial: assert (o_mdio == f_sent_q[5'd31 - f_nr]);
            if (f_mine && mdc_q && !f_rise) a_in: assert (in_q == f_in_q);
        end
        if (busy_q || f_done_q) begin
            if (!f_theirs) a_sent: assert (f_bit == f_sent_q[5'd31 - f_nr]);
            else if (f_gone) a_came: assert (f_bit == f_in_q);
        end
        c_write: cover (f_done_q && !read_q && f_sent_q[15:0] == 16'hA53C && f_n == 0);
        c_read:  cover (f_done_q && read_q && !o_error && o_data == 16'h5AC3);
        c_error: cover (f_done_q && read_q && o_error);
    end

    always @(posedge clk) if (f_past_q && !rst && !$past(rst)) begin
        // MDIO moves with the fall of MDC (and at both ends), each half lasts HALF cycles.
        if ({o_mdio, o_mdio_oe} != $past({o_mdio, o_mdio_oe}) && (busy_q || $past(busy_q)))
            a_change: assert (!mdc_q && div_q == 0);
        if (mdc_q != $past(mdc_q)) a_half: assert ($past(f_age_q) == HALF - 1);
    end
`endif

endmodule
`default_nettype wire
