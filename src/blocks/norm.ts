// The epsilon of all RMS norms.

/** Added to the mean square, as in the released code of Mamba, Llama and Mixture-of-Transformers. */
export const NORM_EPS = 1e-5;
