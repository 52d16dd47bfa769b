/* SPDX-License-Identifier: Apache-2.0 */
/* GENERATED from rtl/regs/nic.rdl, run make regs */
/*
 * nic_regs.h - register map, counter table and record constants.
 *
 * _BIT and _SHIFT are bit numbers, _MASK lies in place. A constant of eight
 * bytes is an initialiser in the order of the stream.
 */
#ifndef LY_DRIVER_NIC_REGS_H
#define LY_DRIVER_NIC_REGS_H

/* Registers: byte addresses */
#define LY_REG_ID 0x0000u
#define LY_REG_VERSION 0x0004u
#define LY_REG_CAPS 0x0008u
#define LY_REG_MAX_RECORD 0x000Cu
#define LY_REG_CTRL 0x0010u
#define LY_REG_LINK 0x0014u
#define LY_REG_MAC_LO 0x0018u
#define LY_REG_MAC_HI 0x001Cu
#define LY_REG_CLK_HZ 0x0020u
#define LY_REG_TIME_LO 0x0024u
#define LY_REG_TIME_HI 0x0028u
#define LY_REG_SNAPSHOT 0x0030u
#define LY_REG_MDIO 0x0034u
#define LY_REG_LINK_CTRL 0x0038u
#define LY_REG_HASH_LO 0x0040u
#define LY_REG_HASH_HI 0x0044u
#define LY_REG_COUNTERS 0x0400u

/* Register fields (masks in place) */
#define LY_ID_MAGIC_SHIFT 0u
#define LY_ID_MAGIC_MASK 0xFFFFFFFFu
#define LY_ID_VALUE 0x4C414E59u
#define LY_VERSION_MINOR_SHIFT 0u
#define LY_VERSION_MINOR_MASK 0x0000FFFFu
#define LY_VERSION_MAJOR_SHIFT 16u
#define LY_VERSION_MAJOR_MASK 0xFFFF0000u
#define LY_VERSION_VALUE 0x00010001u
#define LY_CAPS_TX_CSUM_BIT 0u
#define LY_CAPS_TX_CSUM_MASK 0x00000001u
#define LY_CAPS_RX_CSUM_BIT 1u
#define LY_CAPS_RX_CSUM_MASK 0x00000002u
#define LY_CAPS_TSO_BIT 2u
#define LY_CAPS_TSO_MASK 0x00000004u
#define LY_CAPS_COUNTERS_BIT 3u
#define LY_CAPS_COUNTERS_MASK 0x00000008u
#define LY_CAPS_PHY_FIXED_BIT 4u
#define LY_CAPS_PHY_FIXED_MASK 0x00000010u
#define LY_CAPS_HALF_DUPLEX_BIT 5u
#define LY_CAPS_HALF_DUPLEX_MASK 0x00000020u
#define LY_CAPS_PAUSE_BIT 6u
#define LY_CAPS_PAUSE_MASK 0x00000040u
#define LY_CAPS_MCAST_HASH_BIT 7u
#define LY_CAPS_MCAST_HASH_MASK 0x00000080u
#define LY_CAPS_MDIO_BIT 8u
#define LY_CAPS_MDIO_MASK 0x00000100u
#define LY_MAX_RECORD_BYTES_SHIFT 0u
#define LY_MAX_RECORD_BYTES_MASK 0x00FFFFFFu
#define LY_CTRL_TX_EN_BIT 0u
#define LY_CTRL_TX_EN_MASK 0x00000001u
#define LY_CTRL_RX_EN_BIT 1u
#define LY_CTRL_RX_EN_MASK 0x00000002u
#define LY_CTRL_PROMISC_BIT 2u
#define LY_CTRL_PROMISC_MASK 0x00000004u
#define LY_CTRL_RX_CSUM_EN_BIT 3u
#define LY_CTRL_RX_CSUM_EN_MASK 0x00000008u
#define LY_CTRL_ALLMULTI_BIT 4u
#define LY_CTRL_ALLMULTI_MASK 0x00000010u
#define LY_CTRL_PASS_PAUSE_BIT 5u
#define LY_CTRL_PASS_PAUSE_MASK 0x00000020u
#define LY_CTRL_TX_OWN_FCS_BIT 6u
#define LY_CTRL_TX_OWN_FCS_MASK 0x00000040u
#define LY_CTRL_LOOPBACK_BIT 7u
#define LY_CTRL_LOOPBACK_MASK 0x00000080u
#define LY_LINK_UP_BIT 0u
#define LY_LINK_UP_MASK 0x00000001u
#define LY_LINK_FULL_DUPLEX_BIT 1u
#define LY_LINK_FULL_DUPLEX_MASK 0x00000002u
#define LY_LINK_FIXED_BIT 2u
#define LY_LINK_FIXED_MASK 0x00000004u
#define LY_LINK_MBIT_SHIFT 16u
#define LY_LINK_MBIT_MASK 0xFFFF0000u
#define LY_MAC_LO_OCTETS_SHIFT 0u
#define LY_MAC_LO_OCTETS_MASK 0xFFFFFFFFu
#define LY_MAC_HI_OCTETS_SHIFT 0u
#define LY_MAC_HI_OCTETS_MASK 0x0000FFFFu
#define LY_CLK_HZ_HZ_SHIFT 0u
#define LY_CLK_HZ_HZ_MASK 0xFFFFFFFFu
#define LY_TIME_LO_CYCLES_SHIFT 0u
#define LY_TIME_LO_CYCLES_MASK 0xFFFFFFFFu
#define LY_TIME_HI_CYCLES_SHIFT 0u
#define LY_TIME_HI_CYCLES_MASK 0xFFFFFFFFu
#define LY_SNAPSHOT_BUSY_BIT 0u
#define LY_SNAPSHOT_BUSY_MASK 0x00000001u
#define LY_MDIO_DATA_SHIFT 0u
#define LY_MDIO_DATA_MASK 0x0000FFFFu
#define LY_MDIO_ADDR_SHIFT 16u
#define LY_MDIO_ADDR_MASK 0x001F0000u
#define LY_MDIO_PHY_SHIFT 21u
#define LY_MDIO_PHY_MASK 0x03E00000u
#define LY_MDIO_WRITE_BIT 26u
#define LY_MDIO_WRITE_MASK 0x04000000u
#define LY_MDIO_ERROR_BIT 30u
#define LY_MDIO_ERROR_MASK 0x40000000u
#define LY_MDIO_BUSY_BIT 31u
#define LY_MDIO_BUSY_MASK 0x80000000u
#define LY_LINK_CTRL_UP_BIT 0u
#define LY_LINK_CTRL_UP_MASK 0x00000001u
#define LY_LINK_CTRL_FULL_DUPLEX_BIT 1u
#define LY_LINK_CTRL_FULL_DUPLEX_MASK 0x00000002u
#define LY_LINK_CTRL_SPEED_SHIFT 2u
#define LY_LINK_CTRL_SPEED_MASK 0x0000000Cu
#define LY_LINK_CTRL_PAUSE_TX_BIT 4u
#define LY_LINK_CTRL_PAUSE_TX_MASK 0x00000010u
#define LY_LINK_CTRL_PAUSE_RX_BIT 5u
#define LY_LINK_CTRL_PAUSE_RX_MASK 0x00000020u
#define LY_HASH_LO_BITS_SHIFT 0u
#define LY_HASH_LO_BITS_MASK 0xFFFFFFFFu
#define LY_HASH_HI_BITS_SHIFT 0u
#define LY_HASH_HI_BITS_MASK 0xFFFFFFFFu

/* Counters: index */
#define LY_CTR_COUNT 54u
#define LY_CTR_BITS 48u
#define LY_CTR_STRIDE_BYTES 8u
#define LY_CTR_TX_FRAMES 0u
#define LY_CTR_TX_OCTETS 1u
#define LY_CTR_TX_PAD_OCTETS 2u
#define LY_CTR_TX_MULTICAST 3u
#define LY_CTR_TX_BROADCAST 4u
#define LY_CTR_TX_CSUM_INSERTED 5u
#define LY_CTR_TX_DROP_STALL 6u
#define LY_CTR_TX_DROP_CSUM 7u
#define LY_CTR_TX_DROP_DISABLED 8u
#define LY_CTR_TX_DROP_LENGTH 9u
#define LY_CTR_TX_UNDERRUN 10u
#define LY_CTR_RX_FRAMES 11u
#define LY_CTR_RX_OCTETS 12u
#define LY_CTR_RX_MULTICAST 13u
#define LY_CTR_RX_BROADCAST 14u
#define LY_CTR_RX_FCS_ERRORS 15u
#define LY_CTR_RX_SYMBOL_ERRORS 16u
#define LY_CTR_RX_UNDERSIZE 17u
#define LY_CTR_RX_FRAGMENTS 18u
#define LY_CTR_RX_OVERSIZE 19u
#define LY_CTR_RX_JABBER 20u
#define LY_CTR_RX_DROP_FILTER 21u
#define LY_CTR_RX_DROP_FULL 22u
#define LY_CTR_RX_DROP_DISABLED 23u
#define LY_CTR_RX_CSUM_GOOD 24u
#define LY_CTR_RX_CSUM_BAD 25u
#define LY_CTR_RX_CSUM_NONE 26u
#define LY_CTR_RX_DELIVERED 27u
#define LY_CTR_REC_BAD_HEADER 28u
#define LY_CTR_REC_GAP 29u
#define LY_CTR_REC_UNKNOWN 30u
#define LY_CTR_EVENTS_LOST 31u
#define LY_CTR_TX_PAUSE_FRAMES 32u
#define LY_CTR_TX_SINGLE_COLLISIONS 33u
#define LY_CTR_TX_MULTIPLE_COLLISIONS 34u
#define LY_CTR_TX_DEFERRED 35u
#define LY_CTR_TX_LATE_COLLISIONS 36u
#define LY_CTR_TX_EXCESS_COLLISIONS 37u
#define LY_CTR_TX_EXCESS_DEFERRAL 38u
#define LY_CTR_TX_64 39u
#define LY_CTR_TX_65_127 40u
#define LY_CTR_TX_128_255 41u
#define LY_CTR_TX_256_511 42u
#define LY_CTR_TX_512_1023 43u
#define LY_CTR_TX_1024_MAX 44u
#define LY_CTR_RX_64 45u
#define LY_CTR_RX_65_127 46u
#define LY_CTR_RX_128_255 47u
#define LY_CTR_RX_256_511 48u
#define LY_CTR_RX_512_1023 49u
#define LY_CTR_RX_1024_MAX 50u
#define LY_CTR_RX_PAUSE_FRAMES 51u
#define LY_CTR_RX_FALSE_CARRIERS 52u
#define LY_CTR_RX_ALIGNMENT_ERRORS 53u

/* enum ly_rec */
#define LY_REC_FRAME 0x01u
#define LY_REC_REG_READ 0x02u
#define LY_REC_REG_WRITE 0x03u
#define LY_REC_REG_VALUE 0x04u
#define LY_REC_EVENT 0x05u
#define LY_REC_STAMP 0x06u
#define LY_REC_SYNC 0x07u

/* enum ly_rec_flag */
#define LY_REC_FLAG_CSUM_BAD 0x01u

/* enum ly_vnet */
#define LY_VNET_NEEDS_CSUM 0x01u
#define LY_VNET_DATA_VALID 0x02u

/* enum ly_status */
#define LY_STATUS_OK 0
#define LY_STATUS_ENOENT (-2)
#define LY_STATUS_EROFS (-30)

/* enum ly_event */
#define LY_EVENT_SYNC 0x0001u
#define LY_EVENT_LINK 0x0002u
#define LY_EVENT_ERROR 0x0003u

/* enum ly_event_link */
#define LY_EVENT_LINK_UP 0x0001u
#define LY_EVENT_LINK_FULL_DUPLEX 0x0002u
#define LY_EVENT_LINK_FIXED 0x0004u

/* enum ly_error */
#define LY_ERROR_HDR_CHECK 0x0001u
#define LY_ERROR_LENGTH 0x0002u
#define LY_ERROR_GAP 0x0003u

/* Records: sizes in bytes, and parameters */
#define LY_REC_HDR_BYTES 8u
#define LY_REC_VNET_BYTES 12u
#define LY_REC_REG_READ_BYTES 4u
#define LY_REC_REG_WRITE_BYTES 8u
#define LY_REC_REG_VALUE_BYTES 12u
#define LY_REC_EVENT_BYTES 8u
#define LY_REC_EVENT_ERROR_BYTES 8u
#define LY_REC_SYNC_BYTES 8u
#define LY_REC_CRC_POLY 0x07u
#define LY_REC_CRC_INIT 0xFFu
#define LY_REC_SYNC_BODY { 0xA5u, 0x5Au, 0x4Cu, 0x59u, 0x53u, 0x59u, 0x4Eu, 0x43u }
#define LY_RECORD_GAP_US 100000u
#define LY_TX_STALL_US 100000u

/* Every counter in the order of its index: X(UPPER, lower), so that
 * LY_CTR_##UPPER is the index and #lower the name. */
#define LY_COUNTERS(X) \
    X(TX_FRAMES, tx_frames) \
    X(TX_OCTETS, tx_octets) \
    X(TX_PAD_OCTETS, tx_pad_octets) \
    X(TX_MULTICAST, tx_multicast) \
    X(TX_BROADCAST, tx_broadcast) \
    X(TX_CSUM_INSERTED, tx_csum_inserted) \
    X(TX_DROP_STALL, tx_drop_stall) \
    X(TX_DROP_CSUM, tx_drop_csum) \
    X(TX_DROP_DISABLED, tx_drop_disabled) \
    X(TX_DROP_LENGTH, tx_drop_length) \
    X(TX_UNDERRUN, tx_underrun) \
    X(RX_FRAMES, rx_frames) \
    X(RX_OCTETS, rx_octets) \
    X(RX_MULTICAST, rx_multicast) \
    X(RX_BROADCAST, rx_broadcast) \
    X(RX_FCS_ERRORS, rx_fcs_errors) \
    X(RX_SYMBOL_ERRORS, rx_symbol_errors) \
    X(RX_UNDERSIZE, rx_undersize) \
    X(RX_FRAGMENTS, rx_fragments) \
    X(RX_OVERSIZE, rx_oversize) \
    X(RX_JABBER, rx_jabber) \
    X(RX_DROP_FILTER, rx_drop_filter) \
    X(RX_DROP_FULL, rx_drop_full) \
    X(RX_DROP_DISABLED, rx_drop_disabled) \
    X(RX_CSUM_GOOD, rx_csum_good) \
    X(RX_CSUM_BAD, rx_csum_bad) \
    X(RX_CSUM_NONE, rx_csum_none) \
    X(RX_DELIVERED, rx_delivered) \
    X(REC_BAD_HEADER, rec_bad_header) \
    X(REC_GAP, rec_gap) \
    X(REC_UNKNOWN, rec_unknown) \
    X(EVENTS_LOST, events_lost) \
    X(TX_PAUSE_FRAMES, tx_pause_frames) \
    X(TX_SINGLE_COLLISIONS, tx_single_collisions) \
    X(TX_MULTIPLE_COLLISIONS, tx_multiple_collisions) \
    X(TX_DEFERRED, tx_deferred) \
    X(TX_LATE_COLLISIONS, tx_late_collisions) \
    X(TX_EXCESS_COLLISIONS, tx_excess_collisions) \
    X(TX_EXCESS_DEFERRAL, tx_excess_deferral) \
    X(TX_64, tx_64) \
    X(TX_65_127, tx_65_127) \
    X(TX_128_255, tx_128_255) \
    X(TX_256_511, tx_256_511) \
    X(TX_512_1023, tx_512_1023) \
    X(TX_1024_MAX, tx_1024_max) \
    X(RX_64, rx_64) \
    X(RX_65_127, rx_65_127) \
    X(RX_128_255, rx_128_255) \
    X(RX_256_511, rx_256_511) \
    X(RX_512_1023, rx_512_1023) \
    X(RX_1024_MAX, rx_1024_max) \
    X(RX_PAUSE_FRAMES, rx_pause_frames) \
    X(RX_FALSE_CARRIERS, rx_false_carriers) \
    X(RX_ALIGNMENT_ERRORS, rx_alignment_errors)

/* Every other register: X(NAME, writable, reading acts, "what"), so that
 * LY_REG_##NAME is the address. "Reading acts": it changes the device. */
#define LY_REGISTERS(X) \
    X(ID, false, false, "Identification") \
    X(VERSION, false, false, "Version of this map and of the record format") \
    X(CAPS, false, false, "Capabilities of this build") \
    X(MAX_RECORD, false, false, "Largest record payload, bytes") \
    X(CTRL, true, false, "Control") \
    X(LINK, false, false, "Link state of the PHY") \
    X(MAC_LO, true, false, "MAC address, first four octets") \
    X(MAC_HI, true, false, "MAC address, last two octets") \
    X(CLK_HZ, false, false, "Core clock, Hz") \
    X(TIME_LO, false, true, "Time base, low half") \
    X(TIME_HI, false, false, "Time base, high half") \
    X(SNAPSHOT, true, false, "Counter snapshot") \
    X(MDIO, true, false, "One access to a PHY register") \
    X(LINK_CTRL, true, false, "Link as the driver found it") \
    X(HASH_LO, true, false, "Multicast hash, bits 0 to 31") \
    X(HASH_HI, true, false, "Multicast hash, bits 32 to 63")

#endif
