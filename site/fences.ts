// Fenced blocks of the Markdown pages, and how each is checked against the program.
//   mom [file=NAME] [over=BASE] [wrong] [train]   a spec; `over` completes it with the rest of BASE
//   console [by-hand=WHY] [fill] [as=LANGUAGE]    commands and their output; `fill` lets the site insert it
//   LANGUAGE [file=NAME]                          a file in the page's folder, for the following blocks
//   LANGUAGE at=PATH                              a new file of the repository; with `diff`, an edit
//   text picture=NAME                             text for readers on GitHub; the site draws a picture

export interface Fence {
  readonly language: string;
  /** Options without a value are "". */
  readonly options: Readonly<Record<string, string>>;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

/** `mom over="a b.mom" wrong` */
export function parseInfo(info: string): Pick<Fence, "language" | "options"> {
  const [language = "", ...words] = info.match(/[^\s"=]+="[^"]*"|\S+/g) ?? [];
  const options = words.map((word): [string, string] => {
    const at = word.indexOf("=");
    return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1).replaceAll(/^"|"$/g, "")];
  });
  return { language, options: Object.fromEntries(options) };
}

/** The fenced blocks of a page in order, including those in lists and quotes. */
export function fencesOf(markdown: string): Fence[] {
  const fences: Fence[] = [];
  const lines = markdown.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const [, indent = "", marks = "", info = ""] = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(lines[i] ?? "") ?? [];
    if (marks === "") continue;
    const first = i + 1;
    let end = first;
    while (end < lines.length && (lines[end] ?? "").trim() !== marks) end++;
    const text = lines
      .slice(first, end)
      .map((line) => line.slice(Math.min(indent.length, line.length - line.trimStart().length)));
    fences.push({ ...parseInfo(info.trim()), text: `${text.join("\n")}\n`, line: first });
    i = end;
  }
  return fences;
}

export interface Command {
  readonly command: string;
  /** The output on the page, line by line; `…` matches anything. */
  readonly output: readonly string[];
}

/** The commands of a console block; a trailing backslash continues a command on the next line. */
export function commandsOf(text: string): Command[] {
  const commands: { command: string; output: string[] }[] = [];
  for (const line of text
    .replaceAll(/\\\n\s*/g, "")
    .trimEnd()
    .split("\n")) {
    if (line.startsWith("$ ")) commands.push({ command: line.slice(2), output: [] });
    else commands.at(-1)?.output.push(line);
  }
  return commands;
}

/** Whether the output matches the page: `…` alone on a line matches any lines, elsewhere any text in the line. */
export function matches(shown: readonly string[], printed: readonly string[]): boolean {
  const trimmed = (lines: readonly string[]): string[] =>
    lines
      .join("\n")
      .replace(/\s+$/, "")
      .split("\n")
      .map((line) => line.trimEnd());
  const quoted = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = trimmed(shown)
    .map((line) => (line === "…" ? "(?:.*\n)*" : `${line.split("…").map(quoted).join(".*")}\n`))
    .join("");
  return new RegExp(`^${pattern}$`).test(`${trimmed(printed).join("\n")}\n`);
}
