/** One `machine` or `default` of a netrc file. */
export interface NetrcEntry {
  /** Undefined for `default`, which stands for every machine. */
  readonly machine: string | undefined;
  readonly login: string | undefined;
  readonly password: string | undefined;
}

export interface NetrcLogin {
  readonly user: string;
  readonly password: string;
}

interface MutableEntry {
  machine: string | undefined;
  login: string | undefined;
  password: string | undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/**
 * Reads a netrc file as curl does: words, of which those in double quotes may hold blanks and backslash escapes; lines
 * that begin with `#` are comments; a `macdef` goes on to the next empty line. What makes no sense is passed over.
 * https://everything.curl.dev/usingcurl/netrc
 */
export function parseNetrc(text: string): readonly NetrcEntry[] {
  const entries: MutableEntry[] = [];
  const words = netrcWords(text)[Symbol.iterator]();
  const next = (): string | undefined => words.next().value ?? undefined;
  for (let word = next(); word !== undefined; word = next()) {
    const current = entries.at(-1);
    const keyword = word.toLowerCase();
    if (keyword === "machine") entries.push(emptyEntry(next() ?? ""));
    else if (keyword === "default") entries.push(emptyEntry(undefined));
    else if (keyword === "login" && current !== undefined) current.login = next();
    else if (keyword === "password" && current !== undefined) current.password = next();
    else if (keyword === "account") next();
  }
  return entries;
}

/** The first entry for the host that has a password. */
export function netrcLogin(entries: readonly NetrcEntry[], host: string): NetrcLogin | undefined {
  const name = host.toLowerCase();
  const found = entries.find(
    ({ machine, password }) => password !== undefined && (machine === undefined || machine.toLowerCase() === name),
  );
  return found?.password === undefined ? undefined : { user: found.login ?? "", password: found.password };
}

function emptyEntry(machine: string | undefined): MutableEntry {
  return { machine, login: undefined, password: undefined };
}

function* netrcWords(text: string): Generator<string, void, undefined> {
  let isInMacro = false;
  for (const line of text.split(/\r?\n/)) {
    isInMacro &&= line.trim() !== "";
    if (isInMacro || /^\s*#/.test(line)) continue;
    for (const [whole, quoted] of line.matchAll(/"((?:[^"\\]|\\.)*)"?|[^\s"]\S*/g)) {
      const word = quoted === undefined ? whole : unescaped(quoted);
      if (quoted === undefined && word.toLowerCase() === "macdef") {
        isInMacro = true;
        break;
      }
      yield word;
    }
  }
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(.)/g, (_all, character: string) => ESCAPES[character] ?? character);
}
