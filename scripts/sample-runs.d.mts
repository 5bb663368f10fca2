interface SampleRun {
  readonly steps: number;
  /** The last step with records. */
  readonly to?: number;
  readonly lr?: number;
  readonly seed?: number;
  readonly rate?: number;
  readonly about?: object;
}

interface Records {
  readonly from?: number;
  readonly to: number;
  readonly of?: number;
  readonly lr?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly every?: number;
}

export function recordLines(records: Records): { readonly metrics: string; readonly timing: string };
export function writeSampleRun(folder: string, run: SampleRun): void;
