// `mom ablate --dry-run`: what the variants are, what they cost, and what they will take here.
import { type Estimate, type EstimateRequest, estimated } from "../../api/ablate/estimate.js";
import { size } from "../../inspect/inspection-text.js";
import { armsText, listingJson, listingText } from "../../report/ablation/listing.js";
import { formatDuration } from "../../report/progress.js";

export interface DryRun extends Omit<EstimateRequest, "measuring" | "keepWeights"> {
  readonly keepWeights?: true;
  readonly json?: true;
}

export async function dryRun({ json, keepWeights, ...request }: DryRun): Promise<void> {
  const { design, costs } = request;
  const keeps = keepWeights === true;
  const { states, device, left, estimate } = await estimated({
    ...request,
    keepWeights: keeps,
    measuring: (arm, on) => process.stderr.write(`Measuring a few steps of \`${arm.label}\` on ${on}\n`),
  });
  const listing = { design, states, costs };
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...(listingJson(listing) as object), device, estimate }, null, 2)}\n`
      : `${armsText(design, costs)}\n${listingText(listing)}${estimateText(estimate, left, request.jobs, keeps)}`,
  );
}

function estimateText(
  { seconds, bytes, peakBytes }: Estimate,
  left: number,
  jobs: number,
  keepWeights: boolean,
): string {
  if (left === 0) return "Nothing is left to train.\n";
  const weights = keepWeights
    ? "with their weights"
    : "weights are dropped when a variant is done; --keep-weights keeps them";
  const at = jobs === 1 ? "one at a time" : `${jobs} at a time, if that slows none of them down`;
  return (
    `The ${left} that are left will take about ${formatDuration(seconds)} here, ${at}, ` +
    `and ${size(Math.round(bytes))} of disk, at most ${size(Math.round(peakBytes))} on the way (${weights}).\n`
  );
}
