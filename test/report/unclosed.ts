// Checks that a page is well-formed.
/** Names of unclosed elements, in order. */
export function unclosed(html: string): string[] {
  const open: string[] = [];
  const text = html.replace(/<style>[\s\S]*?<\/style>/g, "").replace(/<!doctype html>/, "");
  for (const [, closing, name, attributes] of text.matchAll(/<(\/?)([a-z0-9]+)((?:"[^"]*"|[^">])*)>/g)) {
    if (["meta", "img"].includes(String(name)) || attributes?.endsWith("/")) continue;
    if (closing === "") open.push(String(name));
    else if (open.pop() !== name) throw new Error(`</${name}> closes another element.`);
  }
  return open;
}
