// Types of the used parts of `cephes`, whose own types Node's module resolution does not find.
declare module "cephes" {
  /** Resolves when the functions can be called. */
  export const compiled: Promise<void>;
  /** P(T ≤ t) of Student's t with k degrees of freedom, k a whole number. */
  export function stdtr(k: number, t: number): number;
  /** Its inverse: the t with P(T ≤ t) = p. */
  export function stdtri(k: number, p: number): number;
}
