// Errors in the fields of a single modality.
import { type Diagnostic, diagnosticOf, type Span } from "./diagnostic.js";

export const vocabularyMissing = (span: Span, name: string, file: string, example: string): Diagnostic =>
  diagnosticOf("vocabulary-missing", `\`${name}\` needs a number of ids, or a ${file}.`, {
    span,
    example,
  });

const turned = (size: string): string => size.split("x").reverse().join("x");
/** Whether a patch would fit if its height and width were swapped. */
const fitsTurned = (patch: string, size: string): boolean => {
  const [height = 1, width = 1] = turned(patch).split("x").map(Number);
  const [pictureHeight = 1, pictureWidth = 1] = size.split("x").map(Number);
  return pictureHeight % height === 0 && pictureWidth % width === 0;
};

export const patchDoesNotDivide = (
  span: Span,
  patch: string,
  size: string,
  side: "height" | "width",
  picture: Span,
): Diagnostic =>
  diagnosticOf(
    "patch-does-not-divide",
    `Patches of ${patch} do not fit into a picture of ${size}: its ${side} is not a multiple of the patch's.`,
    {
      span,
      help: fitsTurned(patch, size)
        ? `Sizes are height × width: \`${turned(patch)}\` would fit.`
        : "Choose a patch whose height and width divide the picture's.",
      related: [{ span: picture, note: "the picture" }],
    },
  );

/** @param values where the modality declares latents, if that is why */
export const notDecodedLive = (span: Span, field: "decode" | "flip" | "crop", values?: Span): Diagnostic =>
  values === undefined
    ? diagnosticOf("not-decoded-live", `\`${field}\` varies pictures while training decodes them.`, {
        span,
        help: "Add `decode: live`, or remove it.",
      })
    : diagnosticOf("not-decoded-live", "Latents are not decoded, neither ahead nor live.", {
        span,
        help: "Remove `decode`.",
        related: [{ span: values, note: "declared here" }],
      });

export const latentsNotFitted = (span: Span, fit: string, values: Span): Diagnostic =>
  diagnosticOf("latents-not-fitted", `\`fit: ${fit}\` is for pictures, and this modality holds latents.`, {
    span,
    help: "Remove `fit`. Crop or resize the pictures before the autoencoder encodes them.",
    related: [{ span: values, note: "latents are used unchanged" }],
  });
