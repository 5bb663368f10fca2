// What an ablation says: for each modality and measure, one linear model of the losses, and every claim a contrast of it.

/** Of the last losses in training, smoothed, or of the last validation. */
export type Measure = "training" | "validation";

/** An estimate with its 95 % confidence interval, which is not corrected and needs two seeds: undefined with one. */
export interface Estimate {
  readonly estimate: number;
  readonly low?: number;
  readonly high?: number;
  /** Two-sided, that it is zero; not corrected. Never zero itself. */
  readonly p?: number;
  /** p corrected by Holm for all comparisons of its group: the gains of a measure, or its effects and their synergy. */
  readonly pCorrected?: number;
  /** Whether the corrected p is below 0.05 and rests on enough seeds and degrees of freedom. */
  readonly significant?: boolean;
  /** Finished seeds of the arm that has fewest among those compared. */
  readonly seeds?: number;
  /** Of freedom, of the residual that the interval and p are made with. */
  readonly degrees?: number;
}

export interface ArmAnswer {
  /** Index into the results' arms. */
  readonly arm: number;
  /** Final loss by seed, in the order of the results' seeds; undefined for runs that are not done. */
  readonly losses: readonly (number | undefined)[];
  readonly mean: number | undefined;
  /** Sample standard deviation over seeds (n − 1); undefined with fewer than two. */
  readonly deviation: number | undefined;
  /** Baseline's loss minus the arm's: positive is better. Undefined for the baseline itself and without one. */
  readonly gain: Estimate | undefined;
  /** The same, in per cent of the baseline's mean loss. */
  readonly gainPercent: Estimate | undefined;
  readonly match: Match | undefined;
}

/** When the arm reaches the baseline's final loss; steps and FLOPs in per cent of what the baseline took to it. */
export type Match =
  | {
      readonly reached: "all";
      readonly steps: Estimate;
      readonly flops: Estimate;
      /** Whether a seed was there at its first measured point: then the numbers are upper bounds, without intervals. */
      readonly atMost?: true;
    }
  /** `of` seeds were trained, and `by` of them reached it. */
  | { readonly reached: "some" | "none"; readonly by: number; readonly of: number };

/** An effect on the loss, negative where it lowers it: of one factor, or of several together beyond what each does. */
export interface Effect extends Estimate {
  /** Names of factors; more than one is an interaction. */
  readonly factors: readonly string[];
}

export interface Factorial {
  readonly factors: readonly string[];
  /** Main effects first, then pairs, triples, …; 2^k − 1 in all. */
  readonly effects: readonly Effect[];
  /**
   * Of all factors together: the gain over none (positive is better), the sum of the gains that each gives alone, and
   * the first minus the second: positive where they work together.
   */
  readonly synergy: {
    readonly joint: Estimate;
    readonly sum: Estimate;
    readonly difference: Estimate;
  };
}

export interface MeasureAnswer {
  readonly measure: Measure;
  readonly arms: readonly ArmAnswer[];
  /** Residual standard deviation of loss = arm + seed + residual, and its degrees of freedom. */
  readonly residual: { readonly deviation: number; readonly degrees: number } | undefined;
  /** Or why there is none, in a sentence. */
  readonly factorial: Factorial | string;
}

export interface ModalityAnswer {
  readonly modality: string;
  readonly unit: string;
  readonly measures: readonly MeasureAnswer[];
}

export interface Answer {
  readonly modalities: readonly ModalityAnswer[];
  /** Steps that a smoothed training loss is the mean of. */
  readonly window: number;
}
