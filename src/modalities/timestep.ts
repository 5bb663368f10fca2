// The sinusoidal embedding of a timestep.

/** Numbers in the sinusoidal embedding of a timestep. */
export const TIMESTEP_COLUMNS = 256;

/** [cos, sin] of t·exp(−ln 10000·k/128), k = 0..127, for each of the times: [times, 256]. */
export function timestepWaves(times: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const half = TIMESTEP_COLUMNS / 2;
  return Float32Array.from({ length: times.length * TIMESTEP_COLUMNS }, (_, i) => {
    const t = times[Math.floor(i / TIMESTEP_COLUMNS)] as number;
    const k = i % TIMESTEP_COLUMNS;
    const angle = t * Math.exp((-Math.log(10000) * (k % half)) / half);
    return k < half ? Math.cos(angle) : Math.sin(angle);
  });
}

/** The waves of t = 0..T: the constant `timesteps.T`, [T + 1, 256]. */
export const timestepTable = (T: number): Float32Array<ArrayBuffer> =>
  timestepWaves(Array.from({ length: T + 1 }, (_, t) => t));
