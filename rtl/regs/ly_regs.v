`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_regs - the registers of nic.rdl between ly_rec_rx (request) and ly_rec_tx (REG_VALUE).
// Request: i_req_write, _addr, _wdata stand from i_req_stb to i_val_done. Answer: o_val_valid rises
// 2 cycles after i_req_stb with o_val_data and o_val_status (sign is to be extended) and stands
// until i_val_done, which ly_rec_tx gives with the last byte of the record and which also ends the
// request at ly_rec_rx; tag and address go from ly_rec_rx to ly_rec_tx directly. Counters: 6 to 12
// cycles, and while ly_stats clears or copies its RAM until that has ended (1000 at most, after
// reset). A write is done before the value is looked at; an error changes nothing. Never waits for
// a frame.
// Clock: clk. Source: rtl/regs/nic.rdl (REGISTERS.md).
module ly_regs #(
    parameter integer CLK_HZ           = 125_000_000,
    parameter integer MAX_RECORD_BYTES = 1526,  // 12 + largest frame without FCS
    parameter [47:0]  MAC_RESET        = 48'h01_00_00_00_00_02,     // bits 7:0 first on the wire
    parameter integer HALF_DUPLEX      = 1,     // these two: what CAPS says of the MAC
    parameter integer PAUSE            = 1
) (
    input  wire        clk,
    input  wire        rst,
    // request, answer
    input  wire        i_req_stb,
    input  wire        i_req_write,
    input  wire [15:0] i_req_addr,
    input  wire [31:0] i_req_wdata,
    output wire        o_val_valid,
    input  wire        i_val_done,
    output wire [31:0] o_val_data,
    output wire [7:0]  o_val_status,    // LY_STATUS_*
    // the core
    input  wire        i_link_fixed,
    input  wire        i_link_up,
    input  wire        i_link_fd,
    input  wire [15:0] i_link_mbit,
    input  wire [63:0] i_time,
    output wire        o_tx_en,
    output wire        o_rx_en,
    output wire        o_promisc,
    output wire        o_rx_csum_en,
    output wire        o_own_fcs,
    output wire        o_loopback,
    output wire        o_allmulti,
    output wire        o_pass_pause,
    output wire [47:0] o_mac,
    output wire [63:0] o_hash,
    output wire [5:0]  o_link_ctrl,     // LY_LINK_CTRL_*
    output wire        o_busy,          // an access is under way
    // ly_mdio: a write of MDIO starts it, with the fields of i_req_wdata
    output wire        o_mdio_stb,
    input  wire        i_mdio_busy,
    input  wire        i_mdio_error,
    input  wire [26:0] i_mdio_access,   // write, PHY, register, data
    // ly_stats, same names there
    output wire        o_snap_stb,
    input  wire        i_snap_busy,
    output wire        o_rd_stb,
    output wire [7:0]  o_rd_addr,
    input  wire        i_rd_valid,
    input  wire [15:0] i_rd_data
);

    `include "rtl/regs/ly_regs.vh"

    localparam [31:0] CAPS_VALUE = LY_CAPS_TX_CSUM_MASK | LY_CAPS_RX_CSUM_MASK
                                 | LY_CAPS_COUNTERS_MASK | LY_CAPS_MCAST_HASH_MASK
                                 | LY_CAPS_MDIO_MASK
                                 | (HALF_DUPLEX != 0 ? LY_CAPS_HALF_DUPLEX_MASK : 32'd0)
                                 | (PAUSE != 0 ? LY_CAPS_PAUSE_MASK : 32'd0);

    localparam [2:0] ST_IDLE  = 3'd0;
    localparam [2:0] ST_LOOK  = 3'd1;   // a write is done; what the address means
    localparam [2:0] ST_LOW   = 3'd2;   // bits 15:0 of a counter's half
    localparam [2:0] ST_HIGH  = 3'd3;   // bits 31:16
    localparam [2:0] ST_VALUE = 3'd4;   // the answer stands

    reg [2:0] state_q, state_d;
    initial state_q = ST_IDLE;

    // ---- Decoding: registers are in one block of 128 bytes, counters in one of 512 ----
    reg  reg_hit_q, ctr_hit_q;
    wire [4:0] nr     = i_req_addr[6:2];
    wire is_ctrl      = nr == LY_REG_CTRL[6:2];
    wire is_mac_lo    = nr == LY_REG_MAC_LO[6:2];
    wire is_mac_hi    = nr == LY_REG_MAC_HI[6:2];
    wire is_snapshot  = nr == LY_REG_SNAPSHOT[6:2];
    wire is_hash_lo   = nr == LY_REG_HASH_LO[6:2];
    wire is_hash_hi   = nr == LY_REG_HASH_HI[6:2];
    wire is_mdio      = nr == LY_REG_MDIO[6:2];
    wire is_link_ctrl = nr == LY_REG_LINK_CTRL[6:2];
    wire writable     = is_ctrl || is_mac_lo || is_mac_hi || is_snapshot || is_hash_lo
                     || is_hash_hi || is_mdio || is_link_ctrl;
    wire at_block     = i_req_addr[15:7] == 9'd0 && i_req_addr[1:0] == 2'd0;
    wire in_block     = at_block && (nr <= LY_REG_TIME_HI[6:2] || writable);
    wire in_counters  = i_req_addr[15:9] == LY_REG_COUNTERS[15:9] && i_req_addr[1:0] == 2'd0
                     && i_req_addr[8:3] < LY_CTR_COUNT[5:0];
    wire write_stb    = i_req_stb && i_req_write && at_block;    // with one that is writable
    wire shown        = in_block && (!i_req_write || writable);
    reg  [31:0] fixed, fixed_q;
    reg  [10:0] is_q;               // which one is shown, with reg_hit_q

    always @(posedge clk) begin
        reg_hit_q <= in_block;
        ctr_hit_q <= in_counters;
        fixed_q   <= shown ? fixed : 32'd0;
        is_q      <= {11{shown}} & {is_link_ctrl, is_mdio, is_snapshot, nr == LY_REG_TIME_HI[6:2],
                                   nr == LY_REG_TIME_LO[6:2], is_hash_hi, is_hash_lo, is_mac_hi,
                                   is_mac_lo, nr == LY_REG_LINK[6:2], is_ctrl};
    end

    // ---- The registers ----
    reg [7:0]  ctrl_q;
    reg [31:0] mac_lo_q;            // acts with the next MAC_HI
    reg [47:0] mac_q;
    reg [63:0] hash_q;
    reg [5:0]  link_ctrl_q;
    reg [31:0] time_hi_q;
    reg        snap_q;
    initial snap_q    = 1'b0;
    initial ctrl_q    = 8'd0;
    initial mac_lo_q  = MAC_RESET[31:0];
    initial mac_q     = MAC_RESET;
    initial hash_q    = 64'd0;
    initial link_ctrl_q = 6'd0;
    initial time_hi_q = 32'd0;

    wire look = state_q == ST_LOOK;

    always @(posedge clk) begin
        if (write_stb && is_ctrl)    ctrl_q        <= i_req_wdata[7:0];
        if (write_stb && is_mac_lo)  mac_lo_q      <= i_req_wdata;
        if (write_stb && is_mac_hi)  mac_q         <= {i_req_wdata[15:0], mac_lo_q};
        if (write_stb && is_hash_lo) hash_q[31:0]  <= i_req_wdata;
        if (write_stb && is_hash_hi) hash_q[63:32] <= i_req_wdata;
        if (write_stb && is_link_ctrl) link_ctrl_q <= i_req_wdata[5:0];
        if (look && is_q[6])         time_hi_q     <= i_time[63:32];
        if (rst) begin
            ctrl_q   <= 8'd0;
            mac_lo_q <= MAC_RESET[31:0];
            mac_q    <= MAC_RESET;
            hash_q   <= 64'd0;
            link_ctrl_q <= 6'd0;
        end
    end

    reg [31:0] value;
    always @(*) begin
        case (nr)
            LY_REG_ID[6:2]:         fixed = LY_ID_VALUE;
            LY_REG_VERSION[6:2]:    fixed = LY_VERSION_VALUE;
            LY_REG_CAPS[6:2]:       fixed = CAPS_VALUE | {27'd0, i_link_fixed, 4'd0};
            LY_REG_MAX_RECORD[6:2]: fixed = MAX_RECORD_BYTES;
            LY_REG_CLK_HZ[6:2]:     fixed = CLK_HZ;
            default:                fixed = 32'd0;
        endcase
    end

    // AND and OR from decoded registers: a third of what a case of all takes.
    always @(*) begin
        value = fixed_q
              | ({32{is_q[0]}} & {24'd0, ctrl_q})
              | ({32{is_q[1]}} & {i_link_mbit, 13'd0, i_link_fixed, i_link_fd, i_link_up})
              | ({32{is_q[2]}} & mac_lo_q)
              | ({32{is_q[3]}} & {16'd0, mac_q[47:32]})
              | ({32{is_q[4]}} & hash_q[31:0])
              | ({32{is_q[5]}} & hash_q[63:32])
              | ({32{is_q[6]}} & i_time[31:0])
              | ({32{is_q[7]}} & time_hi_q)
              | ({32{is_q[8]}} & {31'd0, i_snap_busy || snap_q})
              | ({32{is_q[9]}} & {i_mdio_busy, i_mdio_error, 3'd0, i_mdio_access})
              | ({32{is_q[10]}} & {26'd0, link_ctrl_q});
    end

    // ---- The answer ----
    reg [31:0] data_q;
    reg [7:0]  status_q;
    reg        rd_stb_q;
    initial rd_stb_q = 1'b0;

    wire       hi_word = i_req_addr[2];         // of a counter: its bits 47:32
    wire       error   = !(reg_hit_q || ctr_hit_q) || (i_req_write && (ctr_hit_q || !writable));
    assign     o_rd_addr = {i_req_addr[8:3], hi_word, state_q == ST_HIGH};

    always @(*) begin
        state_d = state_q;
        case (state_q)
            ST_IDLE: if (i_req_stb) state_d = ST_LOOK;
            ST_LOOK: state_d = ctr_hit_q && !i_req_write ? ST_LOW : ST_VALUE;
            ST_LOW:  if (i_rd_valid) state_d = hi_word ? ST_VALUE : ST_HIGH;
            ST_HIGH: if (i_rd_valid) state_d = ST_VALUE;
            default: if (i_val_done) state_d = ST_IDLE;
        endcase
    end

    always @(posedge clk) begin
        state_q  <= rst ? ST_IDLE : state_d;
        rd_stb_q <= !rst && state_d != state_q && (state_d == ST_LOW || state_d == ST_HIGH);
        snap_q   <= !rst && write_stb && is_snapshot && i_req_wdata[LY_SNAPSHOT_BUSY_BIT];
        if (look) begin
            data_q   <= value;
            status_q <= !(reg_hit_q || ctr_hit_q) ? LY_STATUS_ENOENT[7:0]
                      : error ? LY_STATUS_EROFS[7:0] : LY_STATUS_OK[7:0];
        end
        if (i_rd_valid && state_q == ST_LOW)  data_q[15:0]  <= i_rd_data;
        if (i_rd_valid && state_q == ST_HIGH) data_q[31:16] <= i_rd_data;
    end

    assign o_val_valid  = state_q == ST_VALUE;
    assign o_val_data   = data_q;
    assign o_val_status = status_q;
    assign o_tx_en      = ctrl_q[LY_CTRL_TX_EN_BIT];
    assign o_rx_en      = ctrl_q[LY_CTRL_RX_EN_BIT];
    assign o_promisc    = ctrl_q[LY_CTRL_PROMISC_BIT];
    assign o_rx_csum_en = ctrl_q[LY_CTRL_RX_CSUM_EN_BIT];
    assign o_own_fcs    = ctrl_q[LY_CTRL_TX_OWN_FCS_BIT];
    assign o_loopback   = ctrl_q[LY_CTRL_LOOPBACK_BIT];
    assign o_allmulti   = ctrl_q[LY_CTRL_ALLMULTI_BIT];
    assign o_pass_pause = ctrl_q[LY_CTRL_PASS_PAUSE_BIT];
    assign o_mac        = mac_q;
    assign o_hash       = hash_q;
    assign o_link_ctrl  = link_ctrl_q;
    assign o_mdio_stb   = write_stb && is_mdio;
    assign o_busy       = state_q != ST_IDLE;
    assign o_snap_stb   = snap_q;
    assign o_rd_stb     = rd_stb_q;

`ifndef SYNTHESIS
    /* verilator lint_off UNUSEDSIGNAL */   // for the eye, in waves
    reg [8*5-1:0] dbg_state;
    /* verilator lint_on UNUSEDSIGNAL */
    always @(*) case (state_q)
        ST_IDLE: dbg_state = "idle";
        ST_LOOK: dbg_state = "look";
        ST_LOW:  dbg_state = "low";
        ST_HIGH: dbg_state = "high";
        default: dbg_state = "value";
    endcase
`endif

`ifdef FORMAL_ALONE
    // Requests as ly_rec_rx makes them; each register changes by a write to its address alone.
    reg        f_past_q = 1'b0;
    reg        f_open_q = 1'b0;             // a request is under way
    reg [48:0] f_req_q;
    wire [48:0] f_req = {i_req_write, i_req_addr, i_req_wdata};
    always @(posedge clk) begin
        f_past_q <= 1'b1;
        f_req_q  <= f_req;
        f_open_q <= !rst && (i_req_stb || (f_open_q && !i_val_done));
    end
    wire f_known = (i_req_addr[1:0] == 2'd0)
                && (i_req_addr <= LY_REG_TIME_HI || i_req_addr == LY_REG_SNAPSHOT
                    || i_req_addr == LY_REG_HASH_LO || i_req_addr == LY_REG_HASH_HI
                    || i_req_addr == LY_REG_MDIO || i_req_addr == LY_REG_LINK_CTRL
                    || (i_req_addr >= LY_REG_COUNTERS
                        && i_req_addr < LY_REG_COUNTERS + LY_CTR_COUNT * LY_CTR_STRIDE_BYTES));
    wire f_rw    = i_req_addr == LY_REG_CTRL || i_req_addr == LY_REG_MAC_LO
                || i_req_addr == LY_REG_MAC_HI || i_req_addr == LY_REG_SNAPSHOT
                || i_req_addr == LY_REG_HASH_LO || i_req_addr == LY_REG_HASH_HI
                || i_req_addr == LY_REG_MDIO || i_req_addr == LY_REG_LINK_CTRL;
    wire [7:0] f_status = !f_known ? LY_STATUS_ENOENT[7:0]
                        : i_req_write && !f_rw ? LY_STATUS_EROFS[7:0] : LY_STATUS_OK[7:0];

    always @(*) begin
        r_once: assume (!(i_req_stb && f_open_q));
        r_stands: assume (!f_open_q || f_req == f_req_q);
        r_done: assume (!i_val_done || o_val_valid);
        a_open: assert (f_open_q == (state_q != ST_IDLE));
        a_five: assert (state_q <= ST_VALUE);
        if (o_val_valid) a_status: assert (o_val_status == f_status);
        if (o_val_valid && o_val_status != LY_STATUS_OK[7:0]) a_zero: assert (o_val_data == 32'd0);
        if (f_open_q && state_q == ST_LOOK)
            a_hit: assert ((reg_hit_q || ctr_hit_q) == f_known && reg_hit_q == in_block
                           && ctr_hit_q == in_counters && (shown || is_q == 11'd0)
                           && (shown || fixed_q == 32'd0));
        if (state_q == ST_LOW || state_q == ST_HIGH)
            a_count: assert (in_counters && !i_req_write && status_q == LY_STATUS_OK[7:0]);
    end

    always @(posedge clk) if (f_past_q) begin
        if (!rst && !$past(rst) && $past(f_open_q) && $past(o_val_valid && !i_val_done))
            a_stands: assert (o_val_valid && $stable(o_val_data) && $stable(o_val_status));
        if (!$past(rst)) begin
            if (!$past(i_req_stb && i_req_write && i_req_addr == LY_REG_CTRL))
                a_ctrl: assert ($stable(ctrl_q));
            if (!$past(i_req_stb && i_req_write && i_req_addr == LY_REG_MAC_HI))
                a_mac:  assert ($stable(o_mac));
            else
                a_both: assert (o_mac == {$past(i_req_wdata[15:0]), $past(mac_lo_q)});
            if (!$past(i_req_stb && i_req_write && i_req_addr == LY_REG_HASH_LO))
                a_low:  assert ($stable(o_hash[31:0]));
            if (!$past(i_req_stb && i_req_write && i_req_addr == LY_REG_HASH_HI))
                a_high: assert ($stable(o_hash[63:32]));
            if (!$past(i_req_stb && i_req_write && i_req_addr == LY_REG_LINK_CTRL))
                a_link: assert ($stable(o_link_ctrl));
            c_read:  cover (o_val_valid && !i_req_write && o_val_data == 32'h1234_5678);
            c_count: cover (o_val_valid && ctr_hit_q && !i_req_write);
            c_erofs: cover (o_val_valid && o_val_status == LY_STATUS_EROFS[7:0]);
        end
    end
`endif

endmodule
`default_nettype wire
