// `source: text("books/**/*.txt")`: text files of one document each.
import { InputError } from "../../diagnostics/input-error.js";
import { longHash } from "../content-hash.js";
import { idsOfText, neededHolder } from "../holders.js";
import { MOST_LINE_BYTES } from "../json-lines.js";
import { contentHashes } from "./content-hashes.js";
import { labelFrom } from "./label.js";
import { dataName, fileHashes, sourceFiles, wholeContents } from "./opened-files.js";
import type { TextFields } from "./source.fields.js";
import type { Opening, Source } from "./source.js";

export function openText(opening: Opening, { paths }: TextFields): Source {
  const { host, parts, codecs } = opening;
  const { disk } = host;
  const modality = neededHolder("text", "text has texts", parts, codecs);
  const files = sourceFiles(paths, opening);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return {
    name: dataName(paths, disk.paths),
    async *documents() {
      const hashes = fileHashes(disk);
      for (const file of files) {
        const hash = hashes.next();
        const bytes = await wholeContents(file, "text", MOST_LINE_BYTES, hash.add);
        hash.end();
        let text: string;
        try {
          text = decoder.decode(bytes);
        } catch {
          throw new InputError("bad-document", `${file.name}: the file is not UTF-8`, "Save it as UTF-8.");
        }
        if (text.trim() === "") continue;
        const ids = idsOfText(text, modality, codecs);
        const segments = [{ modality, ids, content: longHash(disk, text) }];
        yield { place: file.name, label: labelFrom(text), eitherOrder: false, segments };
      }
      return hashes.digest();
    },
    hashesOf: contentHashes(disk, parts),
  };
}
