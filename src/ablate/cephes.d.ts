// Types of what is used of `cephes`: its own lie where Node's resolution of modules does not find them.
declare module "cephes" {
  /** Settles when the functions may be called. */
  export const compiled: Promise<void>;
  /** P(T ≤ t) of Student's t with k degrees of freedom, k a whole number. */
  export function stdtr(k: number, t: number): number;
  /** Its inverse: the t with P(T ≤ t) = p. */
  export function stdtri(k: number, p: number): number;
}
