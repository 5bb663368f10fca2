// Makes documents for make.py: captioned pictures and recordings, with quotes, line breaks and missing members.
//   node scripts/layouts/documents.mjs OUT [COUNT]
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

const [out = "documents", count = "300"] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const WORDS = ["red", "blue", 'a "quoted" word', "two\nlines", "comma, here", "naïve", "日本", "tab\there", "end"];
let state = 1;
const below = (n) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return (state >>> 8) % n;
};

function wav(samples) {
  const bytes = Buffer.alloc(44 + 2 * samples.length);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + 2 * samples.length, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(16_000, 24);
  bytes.writeUInt32LE(32_000, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(2 * samples.length, 40);
  for (const [i, sample] of samples.entries()) bytes.writeInt16LE(sample, 44 + 2 * i);
  return bytes;
}

const lines = [];
for (let i = 0; i < Number(count); i++) {
  const id = String(i).padStart(6, "0");
  const document = { id };
  const kind = i % 10;
  if (kind !== 7) document.text = `${i} ${WORDS[below(WORDS.length)]} ${WORDS[below(WORDS.length)]}`;
  if (kind !== 8) {
    const ending = i % 3 === 0 ? "png" : i % 3 === 1 ? "jpg" : "b.jpg";
    const [width, height] = [8 + below(24), 8 + below(24)];
    const pixels = Buffer.from(Array.from({ length: 3 * width * height }, () => below(256)));
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    document.image = `${id}.${ending}`;
    writeFileSync(join(out, document.image), await (ending === "png" ? picture.png() : picture.jpeg()).toBuffer());
  }
  if (kind < 5) {
    document.audio = `${id}.wav`;
    const [length, step] = [1600 + below(1600), 0.02 + below(100) / 1000];
    const tone = Array.from({ length }, (_, t) => Math.round(8000 * Math.sin(step * t)));
    writeFileSync(join(out, document.audio), wav(tone));
  }
  lines.push(JSON.stringify(document));
}
writeFileSync(join(out, "documents.jsonl"), `${lines.join("\n")}\n`);
