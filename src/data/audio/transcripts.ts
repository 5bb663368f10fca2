// Asterisk's core sounds in English, as Debian packs them: recordings of one voice, and a text that says what each says.
import { gunzipSync } from "node:zlib";

/** Where both packages' files stand, below the folder into which they were unpacked. */
export const TRANSCRIPTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
export const RECORDINGS = "usr/share/asterisk/sounds/en_US_f_Allison";

export interface Transcript {
  /** Of the recording, below `RECORDINGS`, without its ending. */
  readonly name: string;
  readonly text: string;
}

/**
 * Lines are `name: text`; `;` begins a comment. Sounds that are no speech have their text in brackets.
 * @param bytes gzip
 */
export function transcriptsOf(bytes: Uint8Array): Transcript[] {
  const lines = new TextDecoder().decode(gunzipSync(bytes, { maxOutputLength: 2 ** 24 })).split("\n");
  return lines.flatMap((line) => {
    const found = /^([A-Za-z0-9][\w/.+-]*):\s*(\S.*)$/.exec(line.trim());
    const [, name, text] = found ?? [];
    if (name === undefined || text === undefined || name.includes("..") || /^[[(<]/.test(text)) return [];
    return [{ name, text: text.trim() }];
  });
}
