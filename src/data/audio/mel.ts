// The mel filterbank of Slaney's Auditory Toolbox, as librosa has it by default: its scale and its equal areas.

/** Linear below 1 kHz, at 200/3 Hz a mel; above, 27 mels for each factor of 6.4. */
const HZ_A_MEL = 200 / 3;
const KNEE = 1000 / HZ_A_MEL;
const STEP = Math.log(6.4) / 27;

export const melOf = (hz: number): number => (hz < 1000 ? hz / HZ_A_MEL : KNEE + Math.log(hz / 1000) / STEP);
export const hzOf = (mel: number): number => (mel < KNEE ? mel * HZ_A_MEL : 1000 * Math.exp(STEP * (mel - KNEE)));

/** A triangle over bins of a spectrum. */
export interface MelFilter {
  /** The bin that the first weight is for. */
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * @param rate samples a second
 * @param size points of the Fourier transform; bin k stands at k · rate / size
 * @param bins triangles, whose corners are evenly spaced in mel from 0 to half the rate
 */
export function melFilters(rate: number, size: number, bins: number): readonly MelFilter[] {
  const top = melOf(rate / 2);
  const corner = (index: number): number => hzOf((index * top) / (bins + 1));
  return Array.from({ length: bins }, (_, bin) => {
    const [low, middle, high] = [corner(bin), corner(bin + 1), corner(bin + 2)];
    const first = Math.floor((low * size) / rate) + 1;
    const last = Math.min(Math.ceil((high * size) / rate) - 1, size / 2);
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
      const hz = ((first + index) * rate) / size;
      return (Math.min((hz - low) / (middle - low), (high - hz) / (high - middle)) * 2) / (high - low);
    });
    return { first, weights };
  });
}
