// SPDX-License-Identifier: Apache-2.0
// GENERATED from rtl/regs/nic.rdl, run make regs
//
// Register map, counter indices and record constants as localparams: include it
// inside a module. No guard, so that every module may. 64-bit constants hold byte
// 0 of the stream in bits 7:0.

/* verilator lint_off UNUSEDPARAM */

// Registers: byte addresses
localparam [15:0] LY_REG_ID = 16'h0000;
localparam [15:0] LY_REG_VERSION = 16'h0004;
localparam [15:0] LY_REG_CAPS = 16'h0008;
localparam [15:0] LY_REG_MAX_RECORD = 16'h000C;
localparam [15:0] LY_REG_CTRL = 16'h0010;
localparam [15:0] LY_REG_LINK = 16'h0014;
localparam [15:0] LY_REG_MAC_LO = 16'h0018;
localparam [15:0] LY_REG_MAC_HI = 16'h001C;
localparam [15:0] LY_REG_CLK_HZ = 16'h0020;
localparam [15:0] LY_REG_TIME_LO = 16'h0024;
localparam [15:0] LY_REG_TIME_HI = 16'h0028;
localparam [15:0] LY_REG_SNAPSHOT = 16'h0030;
localparam [15:0] LY_REG_MDIO = 16'h0034;
localparam [15:0] LY_REG_LINK_CTRL = 16'h0038;
localparam [15:0] LY_REG_HASH_LO = 16'h0040;
localparam [15:0] LY_REG_HASH_HI = 16'h0044;
localparam [15:0] LY_REG_COUNTERS = 16'h0400;

// Register fields (masks in place)
localparam LY_ID_MAGIC_SHIFT = 0;
localparam [31:0] LY_ID_MAGIC_MASK = 32'hFFFFFFFF;
localparam [31:0] LY_ID_VALUE = 32'h4C414E59;
localparam LY_VERSION_MINOR_SHIFT = 0;
localparam [31:0] LY_VERSION_MINOR_MASK = 32'h0000FFFF;
localparam LY_VERSION_MAJOR_SHIFT = 16;
localparam [31:0] LY_VERSION_MAJOR_MASK = 32'hFFFF0000;
localparam [31:0] LY_VERSION_VALUE = 32'h00010001;
localparam LY_CAPS_TX_CSUM_BIT = 0;
localparam [31:0] LY_CAPS_TX_CSUM_MASK = 32'h00000001;
localparam LY_CAPS_RX_CSUM_BIT = 1;
localparam [31:0] LY_CAPS_RX_CSUM_MASK = 32'h00000002;
localparam LY_CAPS_TSO_BIT = 2;
localparam [31:0] LY_CAPS_TSO_MASK = 32'h00000004;
localparam LY_CAPS_COUNTERS_BIT = 3;
localparam [31:0] LY_CAPS_COUNTERS_MASK = 32'h00000008;
localparam LY_CAPS_PHY_FIXED_BIT = 4;
localparam [31:0] LY_CAPS_PHY_FIXED_MASK = 32'h00000010;
localparam LY_CAPS_HALF_DUPLEX_BIT = 5;
localparam [31:0] LY_CAPS_HALF_DUPLEX_MASK = 32'h00000020;
localparam LY_CAPS_PAUSE_BIT = 6;
localparam [31:0] LY_CAPS_PAUSE_MASK = 32'h00000040;
localparam LY_CAPS_MCAST_HASH_BIT = 7;
localparam [31:0] LY_CAPS_MCAST_HASH_MASK = 32'h00000080;
localparam LY_CAPS_MDIO_BIT = 8;
localparam [31:0] LY_CAPS_MDIO_MASK = 32'h00000100;
localparam LY_MAX_RECORD_BYTES_SHIFT = 0;
localparam [31:0] LY_MAX_RECORD_BYTES_MASK = 32'h00FFFFFF;
localparam LY_CTRL_TX_EN_BIT = 0;
localparam [31:0] LY_CTRL_TX_EN_MASK = 32'h00000001;
localparam LY_CTRL_RX_EN_BIT = 1;
localparam [31:0] LY_CTRL_RX_EN_MASK = 32'h00000002;
localparam LY_CTRL_PROMISC_BIT = 2;
localparam [31:0] LY_CTRL_PROMISC_MASK = 32'h00000004;
localparam LY_CTRL_RX_CSUM_EN_BIT = 3;
localparam [31:0] LY_CTRL_RX_CSUM_EN_MASK = 32'h00000008;
localparam LY_CTRL_ALLMULTI_BIT = 4;
localparam [31:0] LY_CTRL_ALLMULTI_MASK = 32'h00000010;
localparam LY_CTRL_PASS_PAUSE_BIT = 5;
localparam [31:0] LY_CTRL_PASS_PAUSE_MASK = 32'h00000020;
localparam LY_CTRL_TX_OWN_FCS_BIT = 6;
localparam [31:0] LY_CTRL_TX_OWN_FCS_MASK = 32'h00000040;
localparam LY_CTRL_LOOPBACK_BIT = 7;
localparam [31:0] LY_CTRL_LOOPBACK_MASK = 32'h00000080;
localparam LY_LINK_UP_BIT = 0;
localparam [31:0] LY_LINK_UP_MASK = 32'h00000001;
localparam LY_LINK_FULL_DUPLEX_BIT = 1;
localparam [31:0] LY_LINK_FULL_DUPLEX_MASK = 32'h00000002;
localparam LY_LINK_FIXED_BIT = 2;
localparam [31:0] LY_LINK_FIXED_MASK = 32'h00000004;
localparam LY_LINK_MBIT_SHIFT = 16;
localparam [31:0] LY_LINK_MBIT_MASK = 32'hFFFF0000;
localparam LY_MAC_LO_OCTETS_SHIFT = 0;
localparam [31:0] LY_MAC_LO_OCTETS_MASK = 32'hFFFFFFFF;
localparam LY_MAC_HI_OCTETS_SHIFT = 0;
localparam [31:0] LY_MAC_HI_OCTETS_MASK = 32'h0000FFFF;
localparam LY_CLK_HZ_HZ_SHIFT = 0;
localparam [31:0] LY_CLK_HZ_HZ_MASK = 32'hFFFFFFFF;
localparam LY_TIME_LO_CYCLES_SHIFT = 0;
localparam [31:0] LY_TIME_LO_CYCLES_MASK = 32'hFFFFFFFF;
localparam LY_TIME_HI_CYCLES_SHIFT = 0;
localparam [31:0] LY_TIME_HI_CYCLES_MASK = 32'hFFFFFFFF;
localparam LY_SNAPSHOT_BUSY_BIT = 0;
localparam [31:0] LY_SNAPSHOT_BUSY_MASK = 32'h00000001;
localparam LY_MDIO_DATA_SHIFT = 0;
localparam [31:0] LY_MDIO_DATA_MASK = 32'h0000FFFF;
localparam LY_MDIO_ADDR_SHIFT = 16;
localparam [31:0] LY_MDIO_ADDR_MASK = 32'h001F0000;
localparam LY_MDIO_PHY_SHIFT = 21;
localparam [31:0] LY_MDIO_PHY_MASK = 32'h03E00000;
localparam LY_MDIO_WRITE_BIT = 26;
localparam [31:0] LY_MDIO_WRITE_MASK = 32'h04000000;
localparam LY_MDIO_ERROR_BIT = 30;
localparam [31:0] LY_MDIO_ERROR_MASK = 32'h40000000;
localparam LY_MDIO_BUSY_BIT = 31;
localparam [31:0] LY_MDIO_BUSY_MASK = 32'h80000000;
localparam LY_LINK_CTRL_UP_BIT = 0;
localparam [31:0] LY_LINK_CTRL_UP_MASK = 32'h00000001;
localparam LY_LINK_CTRL_FULL_DUPLEX_BIT = 1;
localparam [31:0] LY_LINK_CTRL_FULL_DUPLEX_MASK = 32'h00000002;
localparam LY_LINK_CTRL_SPEED_SHIFT = 2;
localparam [31:0] LY_LINK_CTRL_SPEED_MASK = 32'h0000000C;
localparam LY_LINK_CTRL_PAUSE_TX_BIT = 4;
localparam [31:0] LY_LINK_CTRL_PAUSE_TX_MASK = 32'h00000010;
localparam LY_LINK_CTRL_PAUSE_RX_BIT = 5;
localparam [31:0] LY_LINK_CTRL_PAUSE_RX_MASK = 32'h00000020;
localparam LY_HASH_LO_BITS_SHIFT = 0;
localparam [31:0] LY_HASH_LO_BITS_MASK = 32'hFFFFFFFF;
localparam LY_HASH_HI_BITS_SHIFT = 0;
localparam [31:0] LY_HASH_HI_BITS_MASK = 32'hFFFFFFFF;

// Counters: index
localparam LY_CTR_COUNT = 54;
localparam LY_CTR_BITS = 48;
localparam LY_CTR_STRIDE_BYTES = 8;
localparam [5:0] LY_CTR_TX_FRAMES = 6'd0;
localparam [5:0] LY_CTR_TX_OCTETS = 6'd1;
localparam [5:0] LY_CTR_TX_PAD_OCTETS = 6'd2;
localparam [5:0] LY_CTR_TX_MULTICAST = 6'd3;
localparam [5:0] LY_CTR_TX_BROADCAST = 6'd4;
localparam [5:0] LY_CTR_TX_CSUM_INSERTED = 6'd5;
localparam [5:0] LY_CTR_TX_DROP_STALL = 6'd6;
localparam [5:0] LY_CTR_TX_DROP_CSUM = 6'd7;
localparam [5:0] LY_CTR_TX_DROP_DISABLED = 6'd8;
localparam [5:0] LY_CTR_TX_DROP_LENGTH = 6'd9;
localparam [5:0] LY_CTR_TX_UNDERRUN = 6'd10;
localparam [5:0] LY_CTR_RX_FRAMES = 6'd11;
localparam [5:0] LY_CTR_RX_OCTETS = 6'd12;
localparam [5:0] LY_CTR_RX_MULTICAST = 6'd13;
localparam [5:0] LY_CTR_RX_BROADCAST = 6'd14;
localparam [5:0] LY_CTR_RX_FCS_ERRORS = 6'd15;
localparam [5:0] LY_CTR_RX_SYMBOL_ERRORS = 6'd16;
localparam [5:0] LY_CTR_RX_UNDERSIZE = 6'd17;
localparam [5:0] LY_CTR_RX_FRAGMENTS = 6'd18;
localparam [5:0] LY_CTR_RX_OVERSIZE = 6'd19;
localparam [5:0] LY_CTR_RX_JABBER = 6'd20;
localparam [5:0] LY_CTR_RX_DROP_FILTER = 6'd21;
localparam [5:0] LY_CTR_RX_DROP_FULL = 6'd22;
localparam [5:0] LY_CTR_RX_DROP_DISABLED = 6'd23;
localparam [5:0] LY_CTR_RX_CSUM_GOOD = 6'd24;
localparam [5:0] LY_CTR_RX_CSUM_BAD = 6'd25;
localparam [5:0] LY_CTR_RX_CSUM_NONE = 6'd26;
localparam [5:0] LY_CTR_RX_DELIVERED = 6'd27;
localparam [5:0] LY_CTR_REC_BAD_HEADER = 6'd28;
localparam [5:0] LY_CTR_REC_GAP = 6'd29;
localparam [5:0] LY_CTR_REC_UNKNOWN = 6'd30;
localparam [5:0] LY_CTR_EVENTS_LOST = 6'd31;
localparam [5:0] LY_CTR_TX_PAUSE_FRAMES = 6'd32;
localparam [5:0] LY_CTR_TX_SINGLE_COLLISIONS = 6'd33;
localparam [5:0] LY_CTR_TX_MULTIPLE_COLLISIONS = 6'd34;
localparam [5:0] LY_CTR_TX_DEFERRED = 6'd35;
localparam [5:0] LY_CTR_TX_LATE_COLLISIONS = 6'd36;
localparam [5:0] LY_CTR_TX_EXCESS_COLLISIONS = 6'd37;
localparam [5:0] LY_CTR_TX_EXCESS_DEFERRAL = 6'd38;
localparam [5:0] LY_CTR_TX_64 = 6'd39;
localparam [5:0] LY_CTR_TX_65_127 = 6'd40;
localparam [5:0] LY_CTR_TX_128_255 = 6'd41;
localparam [5:0] LY_CTR_TX_256_511 = 6'd42;
localparam [5:0] LY_CTR_TX_512_1023 = 6'd43;
localparam [5:0] LY_CTR_TX_1024_MAX = 6'd44;
localparam [5:0] LY_CTR_RX_64 = 6'd45;
localparam [5:0] LY_CTR_RX_65_127 = 6'd46;
localparam [5:0] LY_CTR_RX_128_255 = 6'd47;
localparam [5:0] LY_CTR_RX_256_511 = 6'd48;
localparam [5:0] LY_CTR_RX_512_1023 = 6'd49;
localparam [5:0] LY_CTR_RX_1024_MAX = 6'd50;
localparam [5:0] LY_CTR_RX_PAUSE_FRAMES = 6'd51;
localparam [5:0] LY_CTR_RX_FALSE_CARRIERS = 6'd52;
localparam [5:0] LY_CTR_RX_ALIGNMENT_ERRORS = 6'd53;

// enum ly_rec
localparam [7:0] LY_REC_FRAME = 8'h01;
localparam [7:0] LY_REC_REG_READ = 8'h02;
localparam [7:0] LY_REC_REG_WRITE = 8'h03;
localparam [7:0] LY_REC_REG_VALUE = 8'h04;
localparam [7:0] LY_REC_EVENT = 8'h05;
localparam [7:0] LY_REC_STAMP = 8'h06;
localparam [7:0] LY_REC_SYNC = 8'h07;

// enum ly_rec_flag
localparam [7:0] LY_REC_FLAG_CSUM_BAD = 8'h01;

// enum ly_vnet
localparam [7:0] LY_VNET_NEEDS_CSUM = 8'h01;
localparam [7:0] LY_VNET_DATA_VALID = 8'h02;

// enum ly_status
localparam [31:0] LY_STATUS_OK = 32'h00000000;
localparam [31:0] LY_STATUS_ENOENT = 32'hFFFFFFFE;
localparam [31:0] LY_STATUS_EROFS = 32'hFFFFFFE2;

// enum ly_event
localparam [15:0] LY_EVENT_SYNC = 16'h0001;
localparam [15:0] LY_EVENT_LINK = 16'h0002;
localparam [15:0] LY_EVENT_ERROR = 16'h0003;

// enum ly_event_link
localparam [15:0] LY_EVENT_LINK_UP = 16'h0001;
localparam [15:0] LY_EVENT_LINK_FULL_DUPLEX = 16'h0002;
localparam [15:0] LY_EVENT_LINK_FIXED = 16'h0004;

// enum ly_error
localparam [15:0] LY_ERROR_HDR_CHECK = 16'h0001;
localparam [15:0] LY_ERROR_LENGTH = 16'h0002;
localparam [15:0] LY_ERROR_GAP = 16'h0003;

// Records: sizes in bytes, and parameters
localparam LY_REC_HDR_BYTES = 8;
localparam LY_REC_VNET_BYTES = 12;
localparam LY_REC_REG_READ_BYTES = 4;
localparam LY_REC_REG_WRITE_BYTES = 8;
localparam LY_REC_REG_VALUE_BYTES = 12;
localparam LY_REC_EVENT_BYTES = 8;
localparam LY_REC_EVENT_ERROR_BYTES = 8;
localparam LY_REC_SYNC_BYTES = 8;
localparam [7:0] LY_REC_CRC_POLY = 8'h07;
localparam [7:0] LY_REC_CRC_INIT = 8'hFF;
localparam [63:0] LY_REC_SYNC_BODY = 64'h434E5953594C5AA5;
localparam LY_RECORD_GAP_US = 100000;
localparam LY_TX_STALL_US = 100000;

/* verilator lint_on UNUSEDPARAM */
