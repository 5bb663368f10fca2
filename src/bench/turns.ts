// Assigns stretches of synthetic sequences to modalities: they take turns, or each has its share of the positions.
import { holdsIds, type Modality, positionsOfItem } from "../modalities/modality.fields.js";

/** The share of positions of each modality, by index. They sum to 1. */
export type Shares = readonly number[];

/** Positions of a modality of ids before the next modality's turn. A modality of items has one item per turn. */
const TURN = 64;

/** Consecutive positions of one sequence. A modality of items has only complete items. */
interface Stretch {
  readonly modality: number;
  readonly positions: number;
}

const sizeOfTurn = (modality: Modality | undefined) => positionsOfItem(modality) || TURN;

/** The modality of ids that fills the end of a sequence if an item does not fit. */
const idsOf = (modalities: readonly Modality[]) => modalities.findIndex(holdsIds);

/** The stretches of each sequence. Modalities alternate, and each row begins with the next modality. */
function alternating(modalities: readonly Modality[], rows: number, length: number): Stretch[][] {
  return Array.from({ length: rows }, (_, row) => {
    const stretches: Stretch[] = [];
    for (let at = 0, turn = row; at < length; turn++) {
      const wanted = turn % modalities.length;
      const whole = sizeOfTurn(modalities[wanted]);
      const left = length - at;
      const stretch =
        !holdsIds(modalities[wanted]) && whole > left
          ? { modality: idsOf(modalities), positions: Math.min(TURN, left) }
          : { modality: wanted, positions: Math.min(whole, left) };
      stretches.push(stretch);
      at += stretch.positions;
    }
    return stretches;
  });
}

/** Positions of each modality, rounded to whole positions or items. They sum to `total`. */
function quotas(modalities: readonly Modality[], shares: Shares, total: number): number[] {
  const wanted = modalities.map((modality, m) => {
    const exact = (shares[m] ?? 0) * total;
    const unit = positionsOfItem(modality) || 1;
    return unit * (unit === 1 ? Math.floor(exact) : Math.round(exact / unit));
  });
  const rest = total - wanted.reduce((sum, n) => sum + n, 0);
  // The remainder goes to the modality of ids with the largest share.
  const most = modalities.reduce(
    (best, modality, m) => (holdsIds(modality) && (shares[m] ?? 0) > (shares[best] ?? 0) ? m : best),
    idsOf(modalities),
  );
  wanted[most] = Math.max(0, (wanted[most] ?? 0) + rest);
  return wanted;
}

/** The stretches if each modality has a quota. The one furthest behind its quota has the next turn. */
function byQuota(modalities: readonly Modality[], shares: Shares, rows: number, length: number): Stretch[][] {
  const total = rows * length;
  const quota = quotas(modalities, shares, total);
  const given = modalities.map(() => 0);
  const lag = (m: number, until: number) => ((quota[m] ?? 0) * until) / total - (given[m] ?? 0);
  return Array.from({ length: rows }, (_, row) => {
    const stretches: Stretch[] = [];
    for (let at = 0; at < length; ) {
      const left = length - at;
      const until = row * length + at + TURN;
      const fits = (m: number) => {
        const open = (quota[m] ?? 0) > (given[m] ?? 0);
        return open && (holdsIds(modalities[m]) || sizeOfTurn(modalities[m]) <= left);
      };
      const able = modalities.flatMap((_, m) => (fits(m) ? [m] : []));
      const modality = able.reduce((best, m) => (lag(m, until) > lag(best, until) ? m : best), able[0] ?? -1);
      const stretch =
        modality < 0
          ? { modality: idsOf(modalities), positions: left }
          : {
              modality,
              positions: Math.min(
                sizeOfTurn(modalities[modality]),
                left,
                (quota[modality] ?? 0) - (given[modality] ?? 0),
              ),
            };
      given[stretch.modality] = (given[stretch.modality] ?? 0) + stretch.positions;
      stretches.push(stretch);
      at += stretch.positions;
    }
    return stretches;
  });
}

/** The stretches of `rows` sequences of `length` positions. Every position has a modality. */
export const stretchesOf = (
  modalities: readonly Modality[],
  { rows, length }: { readonly rows: number; readonly length: number },
  shares?: Shares,
): Stretch[][] => (shares ? byQuota(modalities, shares, rows, length) : alternating(modalities, rows, length));
