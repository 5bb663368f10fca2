// The answer of an ablation. For each modality and measure there is one linear model of the losses, and each claim is a contrast of it.

/** The smoothed last training losses, or the last validation. */
export type Measure = "training" | "validation";

/** An estimate with its uncorrected 95 % confidence interval, which is undefined with fewer than two seeds. */
export interface Estimate {
  readonly estimate: number;
  readonly low?: number;
  readonly high?: number;
  /** Two-sided p for zero, uncorrected. Never 0. */
  readonly p?: number;
  /** p after Holm's correction for all comparisons of its family: the gains of a measure, or its effects and their synergy. */
  readonly pCorrected?: number;
  /** Whether the corrected p is below 0.05, with enough seeds and degrees of freedom. */
  readonly significant?: boolean;
  /** The smallest number of finished seeds among the compared arms. */
  readonly seeds?: number;
  /** Degrees of freedom of the residual. */
  readonly degrees?: number;
}

export interface ArmAnswer {
  /** Index into the results' arms. */
  readonly arm: number;
  /** Final loss for each of the results' seeds; undefined for unfinished runs. */
  readonly losses: readonly (number | undefined)[];
  readonly mean: number | undefined;
  /** Sample standard deviation over seeds (n − 1); undefined with fewer than two. */
  readonly deviation: number | undefined;
  /** The baseline's loss minus the arm's; positive is better. Undefined for the baseline, and without a baseline. */
  readonly gain: Estimate | undefined;
  /** The same, in per cent of the baseline's mean loss. */
  readonly gainPercent: Estimate | undefined;
  readonly match: Match | undefined;
}

/** When the arm reaches the baseline's final loss: steps and FLOPs in per cent of the baseline's. */
export type Match =
  | {
      readonly reached: "all";
      readonly steps: Estimate;
      readonly flops: Estimate;
      /** Whether a seed reached the loss at its first measured point. Then the numbers are upper bounds without intervals. */
      readonly atMost?: true;
    }
  /** `of` seeds were trained, and `by` of them reached it. */
  | { readonly reached: "some" | "none"; readonly by: number; readonly of: number };

/** An effect on the loss, negative if it lowers the loss: a main effect, or an interaction. */
export interface Effect extends Estimate {
  /** Names of factors; more than one is an interaction. */
  readonly factors: readonly string[];
}

export interface Factorial {
  readonly factors: readonly string[];
  /** Main effects first, then pairs, triples, …; 2^k − 1 in total. */
  readonly effects: readonly Effect[];
  /**
   * The joint gain of all factors over none (positive is better), the sum of their single gains, and the difference, which is
   * positive if the factors reinforce each other.
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
  /** Or the reason why there is none, as a sentence. */
  readonly factorial: Factorial | string;
}

export interface ModalityAnswer {
  readonly modality: string;
  readonly unit: string;
  readonly measures: readonly MeasureAnswer[];
}

export interface Answer {
  readonly modalities: readonly ModalityAnswer[];
  /** Steps in the average of a smoothed training loss. */
  readonly window: number;
}
