// SPDX-License-Identifier: Apache-2.0
// cover.v - a techmap: a cover statement is reached where its negation, as an assertion, fails.
module \$cover (input A, input EN);
    \$assert _TECHMAP_REPLACE_ (.A(!A), .EN(EN));
endmodule
