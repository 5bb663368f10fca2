// Random changes to JSON, as by people, other programs and attackers.

const DEEP = 5000;
const deep = (open, close) => open.repeat(DEEP) + close.repeat(DEEP);
/** Texts that replace a value. */
const VALUES = [
  "null",
  "true",
  "-1",
  "0",
  "1.5",
  "1e308",
  "1e999",
  "-1e999",
  "9007199254740993",
  "4294967296",
  '""',
  '"../../../etc/passwd"',
  '"\\u0000"',
  '"\\u001b[31m"',
  `"${"x".repeat(10_000)}"`,
  "[]",
  "{}",
  "[null]",
  '{"__proto__": {"a": 1}}',
  deep("[", "]"),
  deep('{"a":', "}").replace(":}", ":1}"),
];
const MARK = "\u{e000}changed\u{e000}";

/** The places of all values: the object or list, and the key. */
function placesIn(value, found = []) {
  if (typeof value !== "object" || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value, key]);
    placesIn(value[key], found);
  }
  return found;
}

/** The text after one change: a removed, renamed or duplicate key, another value, or truncation. */
function changed(text, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const json = JSON.parse(text);
  const places = placesIn(json);
  const value = pick(VALUES);
  const how = random();
  if (places.length === 0 || how < 0.03) return value;
  if (how < 0.06) return text.slice(0, Math.floor(random() * text.length));
  const [owner, key] = pick(places);
  if (how < 0.25) {
    if (Array.isArray(owner)) owner.splice(Number(key), 1);
    else delete owner[key];
    return JSON.stringify(json);
  }
  if (how < 0.3 && !Array.isArray(owner)) {
    owner[`${key}_`] = owner[key];
    delete owner[key];
    return JSON.stringify(json);
  }
  if (how < 0.35 && !Array.isArray(owner)) {
    const whole = JSON.stringify(json);
    return whole.replace(`${JSON.stringify(key)}:`, `${JSON.stringify(key)}:${value},${JSON.stringify(key)}:`);
  }
  owner[key] = MARK;
  return JSON.stringify(json).replace(JSON.stringify(MARK), () => value);
}

/** @param lines whether the text is JSON Lines, in which one line is changed */
export function mutated(text, lines, random) {
  if (!lines) return changed(text, random);
  const all = text.split("\n").filter((line) => line !== "");
  const which = Math.floor(random() * all.length);
  all[which] = changed(all[which], random);
  return `${all.join("\n")}\n`;
}
