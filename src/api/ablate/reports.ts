// The reports of an ablation, written into its folder.
import { answer } from "../../ablate/analyse.js";
import { ABLATION_FILES, type AblationFolder, writeInto } from "../../ablate/folder.js";
import type { AblationResults } from "../../ablate/results.js";
import { ablationCsv, ablationJson, ablationMarkdown, renderAblation } from "../../report/ablation/render.js";

/** The same answer in four forms; the path of the page. */
export function writeReports(folder: AblationFolder, results: AblationResults): string {
  const found = answer(results);
  writeInto(folder, ABLATION_FILES.json, ablationJson(results, found));
  writeInto(folder, ABLATION_FILES.csv, ablationCsv(results, found));
  writeInto(folder, ABLATION_FILES.markdown, ablationMarkdown(results, found));
  writeInto(folder, ABLATION_FILES.html, renderAblation(results, found));
  return folder.disk.paths.join(folder.path, ABLATION_FILES.html);
}
