`default_nettype none
// SPDX-License-Identifier: Apache-2.0
// ly_csum_rx - verifies the checksums of IPv4 frames with TCP, UDP or ICMP as they pass.
// No ready. Bytes leave 1 cycle after they came; the last byte leaves 3 cycles after, with m_rx_err
// and m_rx_meta = {csum_bad, data_valid}; the next frame may begin in that cycle, not before.
// Looks behind 0 to 2 VLAN tags (8100, 88A8). The sum ends at the IP total length. Not verified,
// both bits 0: not IPv4, fragment, IPv4 header or transport header not whole, other protocol, UDP
// checksum 0 or UDP length unlike the IP length, frame shorter than its IP length, i_en 0, err.
// Otherwise data_valid says that header and transport checksum hold, csum_bad that one does not.
// Clock: clk. Source: RFC 791 3.1, RFC 9293 3.1, RFC 768, RFC 792, RFC 1071; IEEE 802.1Q 9.3.
module ly_csum_rx (
    input  wire       clk,
    input  wire       rst,
    input  wire       i_en,             // CTRL.RX_CSUM_EN, looked at with the last byte
    input  wire       s_rx_valid,
    input  wire [7:0] s_rx_data,
    input  wire       s_rx_last,
    input  wire       s_rx_err,         // counts with last
    output wire       m_rx_valid,
    output wire [7:0] m_rx_data,
    output wire       m_rx_last,
    output wire       m_rx_err,
    output wire [1:0] m_rx_meta         // {csum_bad, data_valid}: with last and until the next last
);

    localparam [2:0] PH_ETH  = 3'd0;    // addresses, tags, type
    localparam [2:0] PH_IP   = 3'd1;    // IPv4 header
    localparam [2:0] PH_L4   = 3'd2;    // first 20 bytes of the transport segment
    localparam [2:0] PH_BODY = 3'd3;    // the rest of it
    localparam [2:0] PH_DONE = 3'd4;    // the IP datagram was whole; padding follows
    localparam [2:0] PH_SKIP = 3'd5;    // nothing here to verify

    // ---- The bytes: one register; the last one waits in it for the verdict ----
    reg [7:0] data_q;
    reg       valid_q, last1_q, last2_q, last3_q;
    reg       err_q, en_q;
    initial valid_q = 1'b0;
    initial last1_q = 1'b0;
    initial last2_q = 1'b0;
    initial last3_q = 1'b0;
    initial err_q   = 1'b0;

    wire beat = s_rx_valid;
    wire last = s_rx_valid && s_rx_last;

    always @(posedge clk) begin
        if (beat) data_q <= s_rx_data;
        if (last) err_q  <= s_rx_err;
        if (last) en_q   <= i_en && !s_rx_err;
        valid_q <= beat && !last && !rst;
        last1_q <= last && !rst;        // its byte goes into the sums
        last2_q <= last1_q && !rst;     // the sums are complete
        last3_q <= last2_q && !rst;     // the verdict is out
    end

    // ---- Where we are ----
    reg [2:0] phase_q, phase_d;
    reg [5:0] pos_q;                    // byte of the phase; 10 again after each tag
    reg [1:0] tags_q;
    reg [3:0] ihl_q;
    reg       tcp_q, udp_q;             // neither: ICMP
    initial phase_q = PH_ETH;
    initial pos_q   = 6'd0;
    initial tags_q  = 2'd0;

    wire [15:0] both     = {data_q, s_rx_data};     // the byte before this one, and this one
    wire        both_0   = both[13:0] == 14'd0;     // without the two flags of IPv4 byte 6
    wire        is_ip    = both == 16'h0800;
    wire        is_tag   = (both == 16'h8100 || both == 16'h88A8) && !tags_q[1];
    wire        in_ip    = phase_q == PH_IP;
    wire        in_l4    = phase_q == PH_L4;
    wire        in_sum   = in_l4 || phase_q == PH_BODY;
    wire        ip_end   = in_ip && pos_q == {ihl_q, 2'b11};
    wire        type_end = phase_q == PH_ETH && pos_q == 6'd13;
    wire        pos_7    = pos_q == 6'd7;

    // Bytes of the datagram left. It is loaded with the total length at header byte 3 and counts
    // from byte 5 on, so it is the transport length at transport byte 5, and 6 at the last byte.
    reg [15:0] left_q;
    reg        left_on_q;               // header byte 4 has passed
    reg        final_q;                 // left_q is 6
    reg        unlike_q;                // at transport byte 6: UDP has another length

    always @(posedge clk) if (beat) begin
        if (in_ip && pos_q == 6'd3) left_q <= both;
        else if (left_on_q) left_q <= left_q - 16'd1;
        if (in_ip && pos_q == 6'd4) left_on_q <= 1'b1;
        else if (phase_q == PH_ETH) left_on_q <= 1'b0;
        final_q  <= left_on_q && left_q == 16'd7;
        unlike_q <= both != left_q;
    end

    // Long enough for its header at its last byte: 8 bytes of UDP and ICMP, 20 of TCP.
    wire whole = !in_l4 || (tcp_q ? pos_q == 6'd19 : pos_q[4:3] != 2'd0 || pos_7);

    always @(*) begin
        phase_d = phase_q;
        case (phase_q)
            PH_ETH:
                if (type_end && !is_tag) phase_d = is_ip ? PH_IP : PH_SKIP;
            PH_IP: begin
                if (pos_q == 6'd0 && (s_rx_data[7:4] != 4'd4 || s_rx_data[3:0] < 4'd5))
                    phase_d = PH_SKIP;
                if (pos_7 && !both_0) phase_d = PH_SKIP;            // a fragment
                if (pos_q == 6'd9 && s_rx_data != 8'd1 && s_rx_data != 8'd6 && s_rx_data != 8'd17)
                    phase_d = PH_SKIP;
                if (ip_end) phase_d = PH_L4;
            end
            PH_L4: begin
                if (pos_q == 6'd19) phase_d = PH_BODY;
                if (udp_q && pos_q == 6'd6 && unlike_q) phase_d = PH_SKIP;
                if (final_q) phase_d = whole ? PH_DONE : PH_SKIP;
                if (udp_q && pos_7 && both_0 && data_q[7:6] == 2'd0) phase_d = PH_SKIP;
            end
            PH_BODY:
                if (final_q) phase_d = PH_DONE;
            default: ;
        endcase
    end

    always @(posedge clk) begin
        if (beat) begin
            phase_q <= phase_d;
            pos_q   <= type_end && is_tag ? 6'd10 : type_end || ip_end ? 6'd0 : pos_q + 6'd1;
            if (type_end) tags_q <= tags_q + 2'd1;
            if (in_ip && pos_q == 6'd0) ihl_q <= s_rx_data[3:0] - 4'd1;
            if (in_ip && pos_q == 6'd9) tcp_q <= s_rx_data[2];      // 6
            if (in_ip && pos_q == 6'd9) udp_q <= s_rx_data[4];      // 17
        end
        if (rst || last2_q) begin
            phase_q <= PH_ETH;
            pos_q   <= 6'd0;
            tags_q  <= 2'd0;
        end
    end

    // ---- The sums: 16 bits, one byte a cycle through an 8-bit adder ----
    // sum_q is the half that is due; its carry goes into the other half, due next, and the
    // end-around carry of RFC 1071 is the same step. An odd end needs no padding: FFFF is FFFF from
    // either side. head_*: IPv4 header. body_*: pseudo header and transport segment. The pseudo
    // header is summed where its parts pass by: total length - header length, protocol, addresses.
    reg       head_en_q, body_en_q, body_clr_q;
    reg [7:0] body_op_q;
    reg [7:0] head_q, head_other_q, body_q, body_other_q;
    reg       head_carry_q, body_carry_q;

    wire pseudo = pos_q[5:1] == 5'd1 || pos_q == 6'd9
               || pos_q[5:2] == 4'd3 || pos_q[5:2] == 4'd4;
    wire [7:0] minus_ihl = pos_q[5:1] != 5'd0 ? 8'h00           // - 4 x IHL = + FFFF - 4 x IHL
                         : pos_q[0] ? ~{2'b00, data_q[3:0], 2'b00} : 8'hFF;
    wire [8:0] head_sum = {1'b0, head_q} + {1'b0, data_q} + {8'd0, head_carry_q};
    wire [8:0] body_sum = {1'b0, body_q} + {1'b0, body_op_q} + {8'd0, body_carry_q};

    always @(posedge clk) begin
        head_en_q  <= beat && in_ip;
        body_en_q  <= beat && (in_ip || in_sum);
        body_op_q  <= in_sum || pseudo ? s_rx_data : minus_ihl;
        body_clr_q <= phase_q == PH_ETH || (beat && ip_end && !tcp_q && !udp_q);    // ICMP has none

        if (head_en_q) {head_carry_q, head_other_q, head_q} <= {head_sum, head_other_q};
        if (body_en_q) {body_carry_q, body_other_q, body_q} <= {body_sum, body_other_q};
        if (phase_q == PH_ETH) {head_carry_q, head_other_q, head_q} <= 17'd0;
        if (body_clr_q)        {body_carry_q, body_other_q, body_q} <= 17'd0;
    end

    // ---- The verdict: FFFF, the carry still on its way included ----
    wire head_ok = &head_other_q && &head_q[7:1] && (head_q[0] ^ head_carry_q);
    wire body_ok = &body_other_q && &body_q[7:1] && (body_q[0] ^ body_carry_q);
    wire sure    = phase_q == PH_DONE && en_q;
    reg  [1:0] meta_q;
    initial meta_q = 2'b00;

    always @(posedge clk) if (last2_q)
        meta_q <= {sure && !(head_ok && body_ok), sure && head_ok && body_ok};

    assign m_rx_valid = valid_q || last3_q;
    assign m_rx_data  = data_q;
    assign m_rx_last  = last3_q;
    assign m_rx_err   = err_q;
    assign m_rx_meta  = meta_q;

`ifndef SYNTHESIS
    /* verilator lint_off UNUSEDSIGNAL */   // for the eye, in waves
    reg [8*4-1:0] dbg_phase;
    /* verilator lint_on UNUSEDSIGNAL */
    always @(*) case (phase_q)
        PH_ETH:  dbg_phase = "eth";
        PH_IP:   dbg_phase = "ip";
        PH_L4:   dbg_phase = "l4";
        PH_BODY: dbg_phase = "body";
        PH_DONE: dbg_phase = "done";
        default: dbg_phase = "skip";
    endcase
`endif

endmodule
`default_nettype wire
