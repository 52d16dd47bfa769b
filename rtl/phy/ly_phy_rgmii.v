`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_phy_rgmii - RGMII pins to the byte interface of the core; 1000, 100 and 10 Mbit/s.
// clk has 125 MHz and is the tx clock: at 1000 Mbit/s a tick in every cycle; below, TXC is clk by 5
// or 50, and an octet leaves as two nibbles, low one first, held for a period each. While i_tx_run
// is low and the gap is sent, ticks come in every cycle and nothing moves. TX_CTL and RX_CTL carry
// EN, then EN xor ER. rx: as in ly_phy_gmii, by ly_rx_octets. Between frames the PHY tells link,
// speed (as i_speed) and duplex by RXD: o_link_*; a PHY that does not know how gives 0 or anything.
// The speed may change at any time: each side takes it up between two frames, TXC without a glitch.
// TX_STEPS delays TXC, RX_STEPS all of rx, by about 25 ps each (ly_delay). Latencies: README.
// Clocks: clk for rgmii_tx*, i_*, o_*; rgmii_rx_clk for rgmii_rx*.
// Source: RGMII 2.0; IEEE 802.3 22.2, 35.2 (what it stands for).
module ly_phy_rgmii #(
    parameter TECH = "GENERIC",      // "ECP5", "ICE40"
    parameter TX_STEPS = 0,
    parameter RX_STEPS = 0
) (
    input  wire       clk,
    input  wire       rst,
    input  wire [1:0] i_speed,       // 0: 10, 1: 100, 2: 1000 Mbit/s
    input  wire       i_tx_run,      // the MAC needs ticks in the rhythm of the wire
    input  wire [7:0] i_tx_data,
    input  wire       i_tx_en,
    input  wire       i_tx_er,
    output wire       o_tx_tick,
    output wire       o_rx_stb,
    output wire [7:0] o_rx_data,
    output wire       o_rx_dv,
    output wire       o_rx_er,
    output wire       o_rx_odd,
    output wire       o_crs,
    output wire       o_col,
    output wire       o_busy,        // below 1000: something is on its way to the pins
    output wire       o_link_up,
    output wire [1:0] o_link_speed,
    output wire       o_link_fd,

    output wire       rgmii_tx_clk,
    output wire [3:0] rgmii_txd,
    output wire       rgmii_tx_ctl,
    input  wire       rgmii_rx_clk,
    input  wire       rst_rgmii_rx,  // synchronous to rgmii_rx_clk
    input  wire [3:0] rgmii_rxd,
    input  wire       rgmii_rx_ctl
);

    // ---------------------------------------------------------------- tx, in clk
    reg       giga_q, slow_q;        // 1000, 10
    reg [5:0] cnt_q;                 // cycle of this period of TXC
    reg       flow_q;                // one more, after the last byte time of the gap
    reg       half_q;                // the low nibble is at the pins, the high one follows
    reg [7:0] txd_q;
    reg       en_q, er_q;
    reg       col_q;
    initial giga_q = 1'b1;
    initial slow_q = 1'b0;
    initial cnt_q  = 6'd0;
    initial flow_q = 1'b0;
    initial half_q = 1'b0;
    initial txd_q  = 8'd0;
    initial en_q   = 1'b0;
    initial er_q   = 1'b0;

    wire want_giga = i_speed[1];
    wire want_slow = i_speed == 2'd0;
    wire change = want_giga != giga_q || want_slow != slow_q;
    wire flow   = !giga_q && (i_tx_run || flow_q);
    wire last   = giga_q || cnt_q == (slow_q ? 6'd49 : 6'd4);
    wire begins = last && !half_q;   // an octet may

    always @(posedge clk) begin
        cnt_q  <= last ? 6'd0 : cnt_q + 6'd1;
        flow_q <= !rst && flow && (i_tx_run || !begins);
        if (begins) begin
            half_q <= flow;
            txd_q  <= i_tx_data & {8{i_tx_en}};
            en_q   <= i_tx_en && (giga_q || flow);
            er_q   <= i_tx_er && (giga_q || flow);
            if (!i_tx_run && !flow_q) {giga_q, slow_q} <= {want_giga, want_slow};
        end else if (last) begin
            half_q     <= 1'b0;
            txd_q[3:0] <= txd_q[7:4];
        end
        col_q <= en_q && o_crs;
        if (rst) {half_q, en_q, er_q, giga_q, slow_q} <= 5'b00010;
    end

    // The next frame waits for a new speed.
    assign o_tx_tick = (!flow || begins) && (i_tx_run || !change);
    assign o_busy    = flow || half_q;
    assign o_col     = col_q;

    // TXC is high for half of its period, and the pins change with its edges.
    wire       txc_rise = cnt_q < (slow_q ? 6'd25 : 6'd3);
    wire       txc_fall = cnt_q < (slow_q ? 6'd25 : 6'd2) && !giga_q;
    wire       xor_er   = en_q ^ er_q;
    wire [3:0] d_fall   = giga_q ? txd_q[7:4] : txd_q[3:0];

    wire [5:0] tx_rise = {txc_rise, txc_rise ? en_q : xor_er, txd_q[3:0]};
    wire [5:0] tx_fall = {txc_fall, txc_fall ? en_q : xor_er, d_fall};
    wire [5:0] tx_pin;
    genvar i;
    generate
        for (i = 0; i < 6; i = i + 1) begin : g_tx
            ly_ddr_out #(.TECH(TECH)) u_ddr (
                .clk(clk), .i_rise(tx_rise[i]), .i_fall(tx_fall[i]), .o_pin(tx_pin[i]));
        end
    endgenerate

    ly_delay #(.TECH(TECH), .STEPS(TX_STEPS)) u_txc (.i_d(tx_pin[5]), .o_q(rgmii_tx_clk));
    assign rgmii_tx_ctl = tx_pin[4];
    assign rgmii_txd    = tx_pin[3:0];

    // ---------------------------------------------------------------- rx, in rgmii_rx_clk
    wire [4:0] rx_pin, rx_rise, rx_fall;
    generate
        for (i = 0; i < 5; i = i + 1) begin : g_rx
            wire pin = i == 4 ? rgmii_rx_ctl : rgmii_rxd[i % 4];
            ly_delay #(.TECH(TECH), .STEPS(RX_STEPS)) u_delay (.i_d(pin), .o_q(rx_pin[i]));
            ly_ddr_in #(.TECH(TECH)) u_ddr (
                .clk(rgmii_rx_clk), .i_pin(rx_pin[i]), .o_rise(rx_rise[i]), .o_fall(rx_fall[i]));
        end
    endgenerate

    reg       crs_q;
    reg [3:0] status_q;
    initial crs_q    = 1'b0;
    initial status_q = 4'd0;

    wire dv = rx_rise[4] && !rst_rgmii_rx;
    wire er = rx_rise[4] ^ rx_fall[4];
    wire [7:0] rx_octet = {rx_fall[3:0], rx_rise[3:0]};

    always @(posedge rgmii_rx_clk) begin
        // Carrier without data: carrier sense, false carrier, carrier extension. Not 1: it is
        // low power idle.
        crs_q <= dv || (er && rx_rise[3:1] == 3'b111);
        if (!dv && !er) status_q <= rx_rise[3:0];
    end

    ly_rx_octets u_rx (
        .i_nib(!giga_q), .rx_clk(rgmii_rx_clk), .rst_rx(rst_rgmii_rx),
        .i_dv(dv), .i_er(er), .i_data(rx_octet),
        .clk(clk), .rst(rst), .o_rx_stb(o_rx_stb), .o_rx_data(o_rx_data), .o_rx_dv(o_rx_dv),
        .o_rx_er(o_rx_er), .o_rx_odd(o_rx_odd));

    // ---------------------------------------------------------------- carrier and status, in clk
    // Bits of the status that change together arrive within one cycle of each other, and then
    // stay: two looks alike are all of it.
    wire [3:0] seen;
    reg  [3:0] seen_q, told_q;
    initial told_q = 4'd0;

    ly_sync #(.WIDTH(5)) u_sync (.clk(clk), .i_d({status_q, crs_q}), .o_q({seen, o_crs}));

    always @(posedge clk) begin
        seen_q <= seen;
        if (seen == seen_q) told_q <= seen;
    end

    assign {o_link_fd, o_link_speed, o_link_up} = told_q;

`ifdef FORMAL
    // tx, told again in nibbles and half cycles of clk; two free clocks, the parts' own properties
    // hold beside these. First the octet in the registers, then what is at the pins.
    reg [7:0] f_octet_q = 8'd0;
    reg       f_en_q = 1'b0, f_er_q = 1'b0;
    reg       f_low_q  = 1'b0;       // its low nibble, the high one follows
    reg [5:0] f_cnt_q  = 6'd0;       // cycle of this period of TXC
    reg       f_tail_q = 1'b0;       // i_tx_run has fallen, its octet more has not begun
    reg       f_age_q  = 1'b0;
    reg       f_run_q  = 1'b0, f_begun_q = 1'b1;
    reg       f_giga_q = 1'b1, f_slow_q  = 1'b0;
    reg [3:0] f_pin_low_q, f_pin_high_q;
    reg       f_pin_en_q, f_pin_er_q;
    reg [5:0] f_pin_cnt_q;

    wire [5:0] f_period = giga_q ? 6'd1 : slow_q ? 6'd50 : 6'd5;
    wire       f_last   = f_cnt_q == f_period - 6'd1;
    wire       f_begins = f_last && !f_low_q;
    wire       f_flow   = !giga_q && (i_tx_run || f_tail_q);
    wire [6:0] f_half   = {f_pin_cnt_q, !clk};           // half cycle of this period at the pins
    wire       f_high   = f_giga_q ? clk : f_half < (f_slow_q ? 7'd50 : 7'd5);

    always @(posedge clk) begin
        f_age_q  <= 1'b1;
        f_cnt_q  <= f_last ? 6'd0 : f_cnt_q + 6'd1;
        f_tail_q <= f_flow && (i_tx_run || !f_begins);
        if (f_last) f_low_q <= f_begins && f_flow;
        if (f_begins)
            {f_octet_q, f_en_q, f_er_q} <= i_tx_run ? {i_tx_data & {8{i_tx_en}}, i_tx_en, i_tx_er}
                                                    : 10'd0;
        f_run_q   <= i_tx_run;
        f_begun_q <= f_begins;
        {f_giga_q, f_slow_q} <= {giga_q, slow_q};
        // A nibble stands for the whole period; at 1000 the two share one.
        f_pin_low_q  <= giga_q || f_low_q ? f_octet_q[3:0] : f_octet_q[7:4];
        f_pin_high_q <= f_octet_q[7:4];
        {f_pin_en_q, f_pin_er_q, f_pin_cnt_q} <= {f_en_q, f_er_q, f_cnt_q};
    end

    // What the DDR registers have, as their proof tells it: yosys makes one of both.
    wire [5:0] f_up_q, f_down_q;
    generate
        for (i = 0; i < 6; i = i + 1) begin : g_f_tx
            reg up_q = 1'b0, down_q = 1'b0;
            always @(posedge clk) {up_q, down_q} <= {tx_rise[i], tx_fall[i]};
            assign {f_up_q[i], f_down_q[i]} = {up_q, down_q};
        end
    endgenerate
    wire       f_up   = f_giga_q || {f_pin_cnt_q, 1'b0} < (f_slow_q ? 7'd50 : 7'd5);
    wire       f_down = !f_giga_q && {f_pin_cnt_q, 1'b1} < (f_slow_q ? 7'd50 : 7'd5);

    // rx, from what ly_ddr_in gives of a cycle: CTL and RXD at the rising, at the falling edge.
    wire       f_rx_dv = rx_rise[4];
    wire       f_rx_er = rx_rise[4] != rx_fall[4];
    reg  [3:0] f_status_q = 4'd0;    // RXD of the last cycle without both
    always @(posedge rgmii_rx_clk) if (!f_rx_dv && !f_rx_er) f_status_q <= rx_rise[3:0];

    always @(*) begin
        r_rst:   assume (!rst && !rst_rgmii_rx);
        r_run:   assume (i_tx_run || !(i_tx_en || i_tx_er));         // of the MAC
        a_cnt:   assert (cnt_q == f_cnt_q && f_cnt_q < f_period && half_q == f_low_q
                         && !(giga_q && f_low_q));
        a_flow:  assert (flow == f_flow && flow_q == f_tail_q);
        a_move:  assert (!i_tx_run || o_tx_tick == f_begins);
        a_octet: assert ({en_q, er_q} == {f_en_q, f_er_q} && txd_q[7:4] == f_octet_q[7:4]
                         && txd_q[3:0] == (giga_q || f_low_q ? f_octet_q[3:0] : f_octet_q[7:4]));
        a_speed: assert ({giga_q, slow_q} == {f_giga_q, f_slow_q} || (!f_run_q && f_begun_q
                         && !f_en_q && !half_q));
        a_none:  assert (f_en_q || f_octet_q == 8'd0);
        if (f_age_q) begin
            a_pin:  assert (f_pin_en_q || {f_pin_low_q, f_pin_high_q} == 8'd0);
            a_up:   assert (f_up_q == {f_up, f_up ? f_pin_en_q : f_pin_en_q ^ f_pin_er_q,
                                       f_pin_low_q});
            a_down: assert (f_down_q == {f_down, f_down ? f_pin_en_q : f_pin_en_q ^ f_pin_er_q,
                                         f_giga_q ? f_pin_high_q : f_pin_low_q});
            a_txc:  assert (rgmii_tx_clk == f_high);
            a_ctl:  assert (rgmii_tx_ctl == (f_high ? f_pin_en_q : f_pin_en_q ^ f_pin_er_q));
            a_txd:  assert (rgmii_txd == (f_giga_q && !clk ? f_pin_high_q : f_pin_low_q));
            a_idle: assert (f_pin_en_q || rgmii_txd == 4'd0);
        end
        a_rx:    assert (dv == f_rx_dv && er == f_rx_er
                         && rx_octet == {rx_fall[3:0], rx_rise[3:0]});
        a_told:  assert (status_q == f_status_q);
        c_10:    cover (!f_giga_q && f_slow_q && f_pin_cnt_q == 6'd2);
        c_high:  cover (!f_giga_q && f_pin_en_q && f_pin_er_q && !f_low_q && rgmii_txd == 4'hA);
        c_giga:  cover (f_giga_q && f_pin_en_q && f_pin_er_q && !clk && rgmii_txd == 4'hA);
        c_odd:   cover (o_rx_stb && o_rx_odd && !o_rx_er);
        c_link:  cover (o_link_up && o_link_speed == 2'd2 && o_link_fd);
    end
`endif

endmodule
`default_nettype wire
