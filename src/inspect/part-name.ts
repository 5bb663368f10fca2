// The readable name of the part that a weight belongs to.
import type { Parameter } from "../ir/program.js";

/** `in_proj` for `layers.3.mamba_model.local_experts_in_proj.1.weight`, `patch_in.image` for `patch_in.image.bias`. */
export function partName({ names, layer }: Pick<Parameter, "names" | "layer">): string {
  const [name = ""] = names;
  const bare = name.replace(/\.\d+(?=\.|$)/g, "").replace(/\.(weight|bias)$/, "");
  if (layer < 0) return bare === "norm" ? "final norm" : bare;
  return bare
    .replace(/^layers\./, "")
    .replace(/^(mamba_model|attention)\./, "")
    .replace(/(^|\.)local_experts[_.]/, "$1");
}
