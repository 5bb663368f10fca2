// How an original picture became a picture of its modality, in words; and the part that it fills if it is
// padded, or that is used if it is cropped.
import type { Fit } from "../../modalities/row.fields.js";
import type { Insets } from "./document.js";

interface Sides {
  readonly width: number;
  readonly height: number;
}

interface Fitted {
  readonly how: string;
  readonly filled?: Insets;
  readonly used?: Insets;
}

/** @param to the size of the modality */
export function fitted(original: Sides, to: Sides, fit: Fit): Fitted {
  if (original.width === to.width && original.height === to.height) return { how: "not resized" };
  // The same shape, up to a pixel.
  const scale = Math.min(to.width / original.width, to.height / original.height);
  const inner = { width: Math.round(original.width * scale), height: Math.round(original.height * scale) };
  if (inner.width >= to.width && inner.height >= to.height) return { how: "resized; the shape is the same" };
  return FITTED[fit](original, to, inner);
}

const FITTED: Readonly<Record<Fit, (original: Sides, to: Sides, inner: Sides) => Fitted>> = {
  pad(_, to, inner) {
    // An odd pixel goes to the right or the bottom.
    const [left, top] = [Math.floor((to.width - inner.width) / 2), Math.floor((to.height - inner.height) / 2)];
    const [right, bottom] = [to.width - inner.width - left, to.height - inner.height - top];
    const sides = Object.entries({ left, right, top, bottom }).filter(([, pixels]) => pixels > 0);
    const where = `at the ${sides.map(([side]) => side).join(" and ")}`;
    return {
      how: `fit: pad, with a background ${where}: the picture has ${inner.height} × ${inner.width} of ${to.height} × ${to.width} pixels (dashed)`,
      filled: {
        left: left / to.width,
        right: right / to.width,
        top: top / to.height,
        bottom: bottom / to.height,
      },
    };
  },
  crop({ width, height }, to) {
    const scale = Math.max(to.width / width, to.height / height);
    const [across, down] = [to.width / scale / width, to.height / scale / height];
    const [lost, where] = across < 1 ? [1 - across, "left and right"] : [1 - down, "top and bottom"];
    const [x, y] = [Math.max(0, (1 - across) / 2), Math.max(0, (1 - down) / 2)];
    return {
      how: `fit: crop: ${(100 * lost).toFixed(1)} % of the original is cut off, at the ${where} (the rest is dashed)`,
      used: { left: x, right: x, top: y, bottom: y },
    };
  },
  stretch({ width, height }, to) {
    const factor = to.width / width / (to.height / height);
    const how = factor < 1 ? `${(1 / factor).toFixed(2)} times narrower` : `${factor.toFixed(2)} times wider`;
    return { how: `fit: stretch: ${how}, relative to its height` };
  },
};
