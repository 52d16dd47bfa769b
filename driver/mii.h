/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mii.h - registers of a PHY, IEEE 802.3 22.2.4, 28.2.4, 40.5.1. Used by the driver and by
 * the PHY model, which share nothing else.
 */
#ifndef LY_DRIVER_MII_H
#define LY_DRIVER_MII_H

enum mii_reg {
    MII_BMCR = 0, MII_BMSR, MII_ID1, MII_ID2, MII_ANAR, MII_ANLPAR, MII_ANER,
    MII_MSCR = 9,       /* 1000BASE-T (master-slave) control */
    MII_MSSR = 10,      /* and status */
    MII_MMD_CTRL = 13, MII_MMD_DATA = 14,
    MII_ESR = 15,       /* extended status */
    MII_REGS = 32,
};

/* BMCR, table 22-7. Bit 13 is the low bit of the speed, bit 6 the high one. */
#define BMCR_RESET 0x8000u
#define BMCR_SPEED_100 0x2000u
#define BMCR_AN_ENABLE 0x1000u
#define BMCR_POWER_DOWN 0x0800u
#define BMCR_ISOLATE 0x0400u
#define BMCR_AN_RESTART 0x0200u
#define BMCR_FULL 0x0100u
#define BMCR_SPEED_1000 0x0040u
/* BMSR, table 22-8. */
#define BMSR_100FD 0x4000u
#define BMSR_100HD 0x2000u
#define BMSR_10FD 0x1000u
#define BMSR_10HD 0x0800u
#define BMSR_ESTATEN 0x0100u
#define BMSR_AN_COMPLETE 0x0020u
#define BMSR_AN_ABLE 0x0008u
#define BMSR_LINK 0x0004u       /* latches low: told once after it was down */
#define BMSR_EXTENDED 0x0001u
/* ANAR and ANLPAR, tables 28-2 and 28B-1. */
#define AN_SELECTOR 0x0001u
#define AN_10HD 0x0020u
#define AN_10FD 0x0040u
#define AN_100HD 0x0080u
#define AN_100FD 0x0100u
#define AN_PAUSE 0x0400u
#define AN_ASYM 0x0800u
#define AN_ACK 0x4000u
#define AN_TECH (AN_10HD | AN_10FD | AN_100HD | AN_100FD)
/* ANER, table 28-5. */
#define ANER_LP_ABLE 0x0001u
#define ANER_PAGE 0x0002u       /* latches high */
/* MSCR and MSSR, table 40-3. */
#define MSCR_1000FD 0x0200u
#define MSCR_1000HD 0x0100u
#define MSSR_1000FD 0x0800u
#define MSSR_1000HD 0x0400u
#define MSSR_LOCAL_OK 0x2000u
#define MSSR_REMOTE_OK 0x1000u
/* ESR, table 22-9. */
#define ESR_1000FD 0x2000u
#define ESR_1000HD 0x1000u

#endif
