// Writes the synthetic documents of bench/scale/*.mom: stretches of text and of codes, of random lengths.
//   node bench/scale-documents.mjs FILE
import { writeFileSync } from "node:fs";

let state = 1;
/** A number from 0 to below `limit`, from a linear congruential generator with 53 bits. */
function random(limit) {
  state = Number((BigInt(state) * 6364136223846793005n + 1442695040888963407n) & 0x1fffffffffffffn);
  return Math.floor((state / 2 ** 53) * limit);
}
const many = (make) => Array.from({ length: 20 + random(580) }, make);
const segment = () =>
  random(2) === 0 ? { text: many(() => "abcdefgh "[random(9)]).join("") } : { codes: many(() => random(4096)) };
const lines = Array.from({ length: 400 }, () =>
  JSON.stringify({ segments: Array.from({ length: 1 + random(3) }, segment) }),
);
writeFileSync(process.argv[2], `${lines.join("\n")}\n`);
