// SPDX-License-Identifier: Apache-2.0
// ly_area - ly_core between a shift register in and an xor-folded register out, so that
// place-and-route sees every path of the core register to register and nothing is trimmed.
// Not a product: `make area` measures with it. Ports for simulation are left as a board leaves
// them.
// Latency: none of interest. Clocks: clk (core), clk_link (records).
`default_nettype none

module ly_area #(
    parameter integer CLK_HZ         = 125_000_000,
    parameter integer RX_QUEUE_BYTES = 32768,
    parameter integer TX_QUEUE_BYTES = 16384,
    parameter         QUEUE_MEM      = "BRAM",
    parameter integer HALF_DUPLEX    = 1,
    parameter integer PAUSE          = 1
) (
    input  wire clk,
    input  wire clk_link,
    input  wire i_core,     // serial stimulus, core clock
    input  wire i_link,     // serial stimulus, link clock
    output reg  o_core,
    output reg  o_link
);

    localparam integer CORE_W = 36;
    localparam integer LINK_W = 11;

    reg [CORE_W-1:0] core_q;
    reg [LINK_W-1:0] link_q;
    always @(posedge clk)      core_q <= {core_q[CORE_W-2:0], i_core};
    always @(posedge clk_link) link_q <= {link_q[LINK_W-2:0], i_link};

    wire [7:0]  tx_data;
    wire        tx_en, tx_er, tx_run;
    wire [10:0] taps;
    wire [4:0]  link_out;
    wire [2:0]  mdio_out;
    wire        rec_ready, rec_valid, rec_last;
    wire [7:0]  rec_data;

    ly_core #(
        .CLK_HZ        (CLK_HZ),
        .RX_QUEUE_BYTES(RX_QUEUE_BYTES),
        .TX_QUEUE_BYTES(TX_QUEUE_BYTES),
        .QUEUE_MEM     (QUEUE_MEM),
        .HALF_DUPLEX   (HALF_DUPLEX),
        .PAUSE         (PAUSE)
    ) u_core (
        .clk          (clk),
        .rst          (core_q[0]),
        .clk_link     (clk_link),
        .rst_link     (link_q[0]),
        .i_tx_tick    (core_q[1]),
        .o_tx_run     (tx_run),
        .o_tx_data    (tx_data),
        .o_tx_en      (tx_en),
        .o_tx_er      (tx_er),
        .i_rx_stb     (core_q[2]),
        .i_rx_data    (core_q[10:3]),
        .i_rx_dv      (core_q[11]),
        .i_rx_er      (core_q[12]),
        .i_rx_odd     (core_q[35]),
        .i_crs        (core_q[13]),
        .i_col        (core_q[14]),
        .i_phy_fixed  (core_q[33]),
        .i_link_up    (core_q[15]),
        .i_link_fd    (core_q[16]),
        .i_link_mbit  (core_q[32:17]),
        .o_speed      (link_out[1:0]),
        .o_full_duplex(link_out[2]),
        .o_pause_tx_en(link_out[3]),
        .o_pause_rx_en(link_out[4]),
        .o_mdc        (mdio_out[0]),
        .o_mdio       (mdio_out[1]),
        .o_mdio_oe    (mdio_out[2]),
        .i_mdio       (core_q[34]),
        .s_rec_valid  (link_q[1]),
        .s_rec_ready  (rec_ready),
        .s_rec_data   (link_q[9:2]),
        .m_rec_valid  (rec_valid),
        .m_rec_ready  (link_q[10]),
        .m_rec_data   (rec_data),
        .m_rec_last   (rec_last),
        .i_skip_stb   (1'b0),
        .i_skip_cycles(64'd0),
        .o_quiet      (),
        .o_deadline   (),
        .o_time       (),
        .o_tap        (taps)
    );

    // Outputs are registered once, then folded: the fold is no path of the core's.
    reg [29:0] core_out_q;
    reg [10:0] link_out_q;
    always @(posedge clk) begin
        core_out_q <= {tx_run, mdio_out, link_out, taps, tx_er, tx_en, tx_data};
        o_core     <= ^core_out_q;
    end
    always @(posedge clk_link) begin
        link_out_q <= {rec_ready, rec_valid, rec_last, rec_data};
        o_link     <= ^link_out_q;
    end

endmodule
`default_nettype wire
