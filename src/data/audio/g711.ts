// G.711: the 256 values of A-law and of µ-law, as fractions of full scale (of 16-bit PCM, which both expand to).

/** A-law has every other bit inverted; sign (1 is positive), 3 bits of exponent, 4 of mantissa. */
export const A_LAW = Float32Array.from({ length: 256 }, (_, coded) => {
  const code = coded ^ 0x55;
  const exponent = (code >> 4) & 7;
  const mantissa = 2 * (code & 15) + 1;
  const size = exponent === 0 ? mantissa * 8 : (mantissa + 32) * 2 ** (exponent + 2);
  return (code & 0x80 ? size : -size) / 2 ** 15;
});

/** µ-law has every bit inverted; sign (1 is negative), 3 bits of exponent, 4 of mantissa, and a bias of 132. */
export const MU_LAW = Float32Array.from({ length: 256 }, (_, coded) => {
  const code = ~coded & 0xff;
  const size = (2 * (code & 15) + 33) * 2 ** (((code >> 4) & 7) + 2) - 132;
  return (code & 0x80 ? -size : size) / 2 ** 15;
});
