`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_level - is a queue nearly full? o_full rises at the cycle after i_level or i_frames reaches
// what is full less the room for what still comes after the other side was asked to stop (in steps
// of 256 bytes and 32 frames, rounded down), and falls when three quarters of both are free again.
// The room: ours that is under way before we can ask, theirs when they hear of it, and 512 octets
// for the pause frame, their time to obey and what lies between; and the same in frames of 84
// octets of the wire. Clock: clk.
// Source: IEEE 802.3 31B.3.7 (how long a station that is asked to stop goes on).
module ly_level #(
    parameter integer DEPTH_BYTES = 32768,      // a power of two, with room for all that
    parameter integer FRAMES      = 256,        // a power of two, at least 128
    parameter integer MAX_FRAME   = 1518        // octets DA..FCS
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire [$clog2(DEPTH_BYTES):0] i_level,    // bytes
    input  wire [$clog2(FRAMES):0]      i_frames,
    output wire                         o_full
);

    localparam integer W    = $clog2(DEPTH_BYTES);
    localparam integer NR_W = $clog2(FRAMES);
    localparam integer ROOM = 2 * (MAX_FRAME + 20) + 512;
    localparam integer XOFF = DEPTH_BYTES - ROOM;
    localparam integer XOFF_FRAMES = FRAMES - ROOM / 84;

    generate
        if (XOFF < 256 || XOFF_FRAMES < 32) begin : g_check
            DEPTH_BYTES_or_FRAMES_too_small_for_MAX_FRAME u_error();
        end
    endgenerate

    reg full_q;
    initial full_q = 1'b0;

    wire over  = i_level[W:8] >= XOFF[W:8] || i_frames[NR_W:5] >= XOFF_FRAMES[NR_W:5];
    wire under = i_level[W:W-2] == 3'd0 && i_frames[NR_W:NR_W-2] == 3'd0;

    always @(posedge clk) begin
        if (over) full_q <= 1'b1;
        else if (under) full_q <= 1'b0;
        if (rst) full_q <= 1'b0;
    end

    wire unused = &{1'b0, i_level[7:0], i_frames[4:0]};
    assign o_full = full_q;

`ifdef FORMAL
    reg          f_past_q = 1'b0;
    reg          f_full_q;
    reg [W:0]    f_level_q;          // what the last edge saw
    reg [NR_W:0] f_frames_q;
    always @(posedge clk) begin
        f_past_q   <= !rst;
        f_full_q   <= full_q;
        f_level_q  <= i_level;
        f_frames_q <= i_frames;
    end
    always @(*) if (f_past_q) begin
        if (f_level_q >= XOFF || f_frames_q >= XOFF_FRAMES) a_on: assert (o_full);
        if (o_full && !f_full_q)
            a_rise: assert (f_level_q + 256 > XOFF || f_frames_q + 32 > XOFF_FRAMES);
        if (!o_full && f_full_q)
            a_fall: assert (f_level_q < DEPTH_BYTES / 4 && f_frames_q < FRAMES / 4);
        c_fall: cover (f_full_q && !o_full);
    end
`endif

endmodule
`default_nettype wire
