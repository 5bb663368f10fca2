// Converts paths that are relative to one file to be relative to another. Separators are slashes.

const folderOf = (path: string) => path.replaceAll("\\", "/").split("/").slice(0, -1);

/** Removes `.`, and `..` after a folder. */
function clean(parts: readonly string[]): string[] {
  const out: string[] = [];
  parts.forEach((part, i) => {
    if (part === "." || (part === "" && i > 0)) return;
    const last = out.at(-1);
    if (part === ".." && last !== undefined && last !== ".." && last !== "") out.pop();
    else out.push(part);
  });
  return out;
}

const isAbsolute = (path: string) => /^([/\\]|[A-Za-z]:)/.test(path);

/** Resolves a path that the file at `from` contains. An absolute path stays the same. */
export const beside = (from: string, relative: string): string =>
  isAbsolute(relative) ? relative : clean([...folderOf(from), ...relative.split("/")]).join("/");

/** Converts a path in the file at `from` to the same path in the file at `to`. */
export function rebase(relative: string, from: string, to: string): string {
  if (from === to || isAbsolute(relative)) return relative;
  const target = clean([...folderOf(from), ...relative.split("/")]);
  const base = clean(folderOf(to));
  let same = 0;
  while (same < base.length && same < target.length - 1 && base[same] === target[same]) same++;
  return [...base.slice(same).map(() => ".."), ...target.slice(same)].join("/");
}
