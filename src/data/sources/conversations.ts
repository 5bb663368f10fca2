// `source: conversations("llava.json", roles: {human: "USER: ", gpt: "ASSISTANT: "})`: dialogues as LLaVA and most chat
// data sets write them, one JSON list or one object per line:
//   {"image": "cat.jpg", "conversations": [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "A cat."}]}
//   {"messages": [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A cat."}]}
// Each turn is its role's marker, its text and a line break. Only answers count in the loss.
import { BadFile } from "../../diagnostics/bad-file.js";
import { InputError } from "../../diagnostics/input-error.js";
import { isRecord } from "../../diagnostics/json-shape.js";
import { suggestion } from "../../diagnostics/nearest.js";
import type { ModelParts } from "../../modalities/text.js";
import type { Codecs } from "../codecs.js";
import { longHash } from "../content-hash.js";
import { holdersOf, idsOfText, neededHolder } from "../holders.js";
import type { Reach } from "../reach.js";
import { contentHashes } from "./content-hashes.js";
import { jsonObjects, rowOfObject } from "./json-rows.js";
import { labelFrom } from "./label.js";
import { mappedColumns, pathsShown } from "./mapped-columns.js";
import { contentsOf, dataName, fileHashes, reachFrom, sourceFiles } from "./opened-files.js";
import { type Row, type RowReading, rowReading, segmentsOfColumns } from "./rows.js";
import type { ConversationsFields } from "./source.fields.js";
import type { Opening, Source, SourceDocument, SourceSegment } from "./source.js";

const KIND = "conversations";
const EXAMPLE =
  '{"image": "cat.jpg", "conversations": [{"from": "human", "value": "<image>\\nWhat is it?"}, {"from": "gpt", "value": "A cat."}]}';

interface Role {
  readonly role: string;
  /** The text before its turns. */
  readonly marker: string;
  /** Whether its turns count in the loss. */
  readonly answers: boolean;
}

const QUESTION = "USER: ";
const ANSWER = "ASSISTANT: ";
const ROLES: readonly Role[] = [
  { role: "system", marker: "", answers: false },
  { role: "human", marker: QUESTION, answers: false },
  { role: "user", marker: QUESTION, answers: false },
  { role: "gpt", marker: ANSWER, answers: true },
  { role: "assistant", marker: ANSWER, answers: true },
];

interface Reading {
  readonly roles: readonly Role[];
  readonly text: number;
  readonly columns: RowReading;
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  readonly reach: Reach;
}

export function openConversations(opening: Opening, fields: ConversationsFields): Source {
  const { host, parts, codecs } = opening;
  const { disk } = host;
  const text = neededHolder("text", "conversations are texts", parts, codecs);
  const roles = fields.roles?.map((one, i, all): Role => ({ ...one, answers: i === all.length - 1 })) ?? ROLES;
  const columns = Object.keys(fields.columns).length > 0 ? fields.columns : usualColumns(parts, codecs);
  const files = sourceFiles(fields.paths, opening);
  return {
    name: dataName(fields.paths, disk.paths),
    async *documents() {
      const hashes = fileHashes(disk);
      hashes.add(JSON.stringify(roles));
      const mapped = mappedColumns(pathsShown(fields.paths), fields.columns);
      for (const file of files) {
        const hash = hashes.next();
        const reach = reachFrom(file);
        const reading: Reading = {
          ...{ roles, text, parts, codecs, reach },
          columns: rowReading(columns, false, { parts, codecs, reach }),
        };
        let any = false;
        for await (const one of jsonObjects(contentsOf(file, KIND, hash.add), file.name, EXAMPLE)) {
          any = true;
          const row = rowOfObject(one, file.folder);
          mapped.look(row);
          yield dialogue(one.value, row, reading);
        }
        hash.end();
        if (!any)
          throw new InputError(
            "no-documents",
            `${file.name}: the file has no documents`,
            `Write it like this: ${EXAMPLE}`,
          );
      }
      mapped.refuse();
      return hashes.digest();
    },
    hashesOf: contentHashes(disk, parts),
  };
}

/** The columns in which data sets usually name pictures and recordings. */
function usualColumns(parts: ModelParts, codecs: Codecs): Record<string, readonly string[]> {
  const [image] = holdersOf("image", parts, codecs);
  const [audio] = holdersOf("audio", parts, codecs);
  const nameOf = (index: number) => parts.modalities[index]?.name ?? "";
  return {
    ...(image !== undefined && { [nameOf(image)]: ["images", "image"] }),
    ...(audio !== undefined && { [nameOf(audio)]: ["audios", "audio"] }),
  };
}

interface Turn {
  readonly role: string;
  readonly text: string;
}

function dialogue(value: Readonly<Record<string, unknown>>, row: Row, reading: Reading): SourceDocument {
  const { place } = row;
  const { segments: files, bad } = segmentsOfColumns(row, reading.columns);
  const turns = turnsOf(value, place);
  const segments: SourceSegment[] = [];
  const left = [...files];
  const add = (text: string, counted: boolean) => {
    if (text !== "") segments.push(textSegment(text, counted, reading));
  };
  const named = turns.reduce((sum, { text }) => sum + (text.match(PLACE)?.length ?? 0), 0);
  if (named > files.length && bad.length === 0)
    bad.push(
      new BadFile(
        "bad-document",
        `${place}: the text has ${named} places for files, but the document has ${files.length}`,
        "Remove the extra `<image>` and `<audio>`, or map the column of the files: conversations(…, image: image).",
      ),
    );
  // Files that no text places come first.
  for (const segment of left.splice(0, Math.max(0, files.length - named))) segments.push(uncounted(segment));
  for (const { role, text } of turns) {
    const { marker, answers } = roleOf(role, place, reading);
    add(marker, false);
    text.split(PLACE).forEach((piece, i) => {
      const file = i > 0 ? left.shift() : undefined;
      if (file !== undefined) segments.push(uncounted(file));
      add(piece, answers);
    });
    add("\n", answers);
  }
  const label = labelFrom((turns[0]?.text ?? "").replaceAll(PLACE, ""));
  return { place, label, eitherOrder: false, segments, ...(bad.length > 0 && { bad }) };
}

/** Where a text has a file. */
const PLACE = /<(?:image|audio|speech)>/g;

const uncounted = (segment: SourceSegment): SourceSegment => ({ ...segment, counted: false });

function textSegment(text: string, counted: boolean, { text: modality, codecs, reach }: Reading): SourceSegment {
  const ids = idsOfText(text, modality, codecs);
  return { modality, ids, content: longHash(reach.disk, text), ...(!counted && { counted }) };
}

function roleOf(name: string, place: string, { roles }: Reading): Role {
  const role = roles.find((one) => one.role === name);
  if (role !== undefined) return role;
  throw new InputError(
    "bad-document",
    `${place}: a turn has the unknown role "${name}"`,
    `${suggestion(
      name,
      roles.map((one) => one.role),
    )} Add it to the source: roles: {${name}: "…", …}; the last role answers.`,
  );
}

function turnsOf(value: Readonly<Record<string, unknown>>, place: string): Turn[] {
  const written = value.conversations ?? value.conversation ?? value.messages;
  if (!Array.isArray(written) || written.length === 0)
    throw new InputError(
      "bad-document",
      `${place}: there is no list of turns under "conversations" or "messages"`,
      `Write it like this: ${EXAMPLE}`,
    );
  return written.map((turn: unknown): Turn => {
    const { from, role = from, value: text, content = text } = isRecord(turn) ? turn : {};
    const words = typeof content === "string" ? content : contentText(content);
    if (typeof role === "string" && words !== undefined) return { role, text: words };
    throw new InputError(
      "bad-document",
      `${place}: a turn has no role or no text`,
      'A turn is {"from": "human", "value": "…"} or {"role": "user", "content": "…"}.',
    );
  });
}

/** The text of a list of parts, as `{"type": "text", "text": "…"}` and `{"type": "image"}`. */
function contentText(content: unknown): string | undefined {
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((one: unknown) => {
    const { type, text } = isRecord(one) ? one : {};
    if (type === "text" && typeof text === "string") return text;
    return type === "image" || type === "audio" ? `<${type}>` : undefined;
  });
  return texts.every((text) => text !== undefined) ? texts.join("") : undefined;
}
