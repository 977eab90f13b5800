import { NiphasError } from "./errors.ts";
import { type NarHash, parseNarHash } from "./hash.ts";
import { parseStorePath, STORE_DIR, type StorePath, storePathBaseName } from "./store-path.ts";

/** What a binary cache tells of a store path. */
export interface NarInfo {
  readonly path: StorePath;
  /** Where the NAR is: relative to the cache, or absolute; opaque. */
  readonly url: string;
  /** `none`, `xz`, `zstd`, `bzip2`, `gzip`, `br` …; Nix reads a missing line as `bzip2`. */
  readonly compression: string;
  /** Of the compressed file, in any of Nix's spellings; not covered by a signature. */
  readonly fileHash: string | undefined;
  readonly fileSizeBytes: number | undefined;
  readonly narHash: NarHash;
  readonly narSizeBytes: number;
  /** Direct references, the path itself too if it refers to itself. */
  readonly references: readonly StorePath[];
  /** Base name of the derivation; not covered by a signature. */
  readonly deriver: string | undefined;
  /** `name:base64`, as they came. */
  readonly signatures: readonly string[];
  readonly contentAddress: string | undefined;
}

/** A path with 10,000 references needs half of it. */
export const MAX_NAR_INFO_LENGTH = 2 ** 20;

/** Bytes of the hashes that Nix knows: libutil/hash.hh. */
const HASH_BYTES: ReadonlyMap<string, number> = new Map([
  ["md5", 16],
  ["sha1", 20],
  ["sha256", 32],
  ["sha512", 64],
  ["blake3", 32],
]);

/**
 * Reads a narinfo as Nix does (libstore/nar-info.cc), with these differences: a line must be `Key: value` with one blank,
 * and numbers are plain digits below 2^53. Unknown keys are passed over; the last of equal keys counts.
 * References and signatures are given once, references in order.
 * @throws NiphasError BadBytes; the message does not echo what came
 */
export function parseNarInfo(text: string): NarInfo {
  if (text.length > MAX_NAR_INFO_LENGTH) throw corrupt(`it is longer than ${MAX_NAR_INFO_LENGTH} characters`);
  const lines = readLines(text);
  return {
    path: required(lines, "StorePath", storePath),
    url: required(lines, "URL", (value) => value),
    compression: lines.last("Compression") || "bzip2",
    fileHash: optional(lines, "FileHash", (value) => checked(value, isHash(value), "FileHash is no hash")),
    fileSizeBytes: optional(lines, "FileSize", size) || undefined,
    narHash: required(lines, "NarHash", narHash),
    narSizeBytes: required(lines, "NarSize", (value) => size(value) || undefined),
    references: readReferences(lines.all("References")),
    deriver: optional(lines, "Deriver", readDeriver),
    signatures: [...new Set(lines.all("Sig"))],
    contentAddress: readContentAddress(lines.all("CA")),
  };
}

/**
 * Writes a narinfo with its lines in Nix's order. Reading it again gives the same.
 * @throws NiphasError BadBytes when a value cannot stand on a line of its own
 */
export function formatNarInfo(info: NarInfo): string {
  const lines: readonly (readonly [key: string, value: string | number | undefined])[] = [
    ["StorePath", info.path],
    ["URL", info.url],
    ["Compression", info.compression],
    ["FileHash", info.fileHash],
    ["FileSize", info.fileSizeBytes],
    ["NarHash", info.narHash],
    ["NarSize", info.narSizeBytes],
    ["References", info.references.map(storePathBaseName).join(" ")],
    ["Deriver", info.deriver],
    ...info.signatures.map((signature) => ["Sig", signature] as const),
    ["CA", info.contentAddress],
  ];
  return lines.map(([key, value]) => (value === undefined ? "" : formatLine(key, String(value)))).join("");
}

function formatLine(key: string, value: string): string {
  if (value.includes("\n")) throw corrupt(`${key} holds a line end`);
  return `${key}: ${value}\n`;
}

interface Lines {
  all(key: string): readonly string[];
  last(key: string): string | undefined;
}

function readLines(text: string): Lines {
  const values = new Map<string, string[]>();
  const lines = text.split("\n");
  if (lines.pop() !== "") throw corrupt("its last line has no end");
  for (const [index, line] of lines.entries()) {
    const colon = line.indexOf(": ");
    if (colon <= 0 || colon !== line.indexOf(":")) throw corrupt(`line ${index + 1} is not "Key: value"`);
    const key = line.slice(0, colon);
    const value = line.slice(colon + 2);
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  const all = (key: string): readonly string[] => values.get(key) ?? [];
  return { all, last: (key) => all(key).at(-1) };
}

function required<T>(lines: Lines, key: string, read: (value: string) => T | undefined): T {
  const value = lines.last(key) || undefined;
  const result = value === undefined ? undefined : read(value);
  if (result === undefined) throw corrupt(`${key} is missing or 0`);
  return result;
}

function optional<T>(lines: Lines, key: string, read: (value: string) => T): T | undefined {
  const value = lines.last(key);
  return value === undefined ? undefined : read(value);
}

function checked<T>(value: T, isGood: boolean, reason: string): T {
  if (!isGood) throw corrupt(reason);
  return value;
}

function storePath(text: string): StorePath {
  return orCorrupt(() => parseStorePath(text), "it names something that is no store path");
}

function narHash(text: string): NarHash {
  return orCorrupt(() => parseNarHash(text), "NarHash is no sha256");
}

function size(text: string): number {
  const value = /^[0-9]{1,20}$/.test(text) ? Number(text) : Number.NaN;
  return checked(value, Number.isSafeInteger(value), "a size is no whole number below 2^53");
}

/** Only the last line may hold any; as in Nix, empty ones before it do no harm. */
function readReferences(values: readonly string[]): readonly StorePath[] {
  const filled = values.map((value) => value.split(" ").filter((name) => name !== ""));
  if (filled.slice(0, -1).some((names) => names.length > 0)) throw corrupt("it has References twice");
  const names = filled.at(-1) ?? [];
  return [...new Set(names.map((name) => storePath(`${STORE_DIR}/${name}`)))].sort();
}

function readDeriver(value: string): string | undefined {
  return value === "unknown-deriver" ? undefined : storePathBaseName(storePath(`${STORE_DIR}/${value}`));
}

function readContentAddress(values: readonly string[]): string | undefined {
  const filled = values.filter((value) => value !== "");
  if (filled.length > 1) throw corrupt("it has CA twice");
  const [value] = filled;
  return value === undefined ? undefined : checked(value, isContentAddress(value), "CA is no content address");
}

/** `text:<hash>`, `fixed:<hash>`, `fixed:r:<hash>` or `fixed:git:<hash>`: libstore/content-address.cc. */
function isContentAddress(text: string): boolean {
  const hash = /^(?:text|fixed(?::r|:git)?):([a-z0-9]+[:-][^:]*)$/.exec(text)?.[1];
  return hash !== undefined && isHash(hash);
}

/** `<algorithm>:<hex, base-32 or base-64>` or `<algorithm>-<base-64>`: libutil/hash.cc. */
function isHash(text: string): boolean {
  const [, algorithm = "", separator, digits = ""] = /^([a-z0-9]+)([:-])(.*)$/.exec(text) ?? [];
  const bytes = HASH_BYTES.get(algorithm);
  if (bytes === undefined) return false;
  const isBase64 = digits.length === 4 * Math.ceil(bytes / 3) && /^[A-Za-z0-9+/]+={0,2}$/.test(digits);
  if (separator === "-") return isBase64;
  const isHex = digits.length === 2 * bytes && /^[0-9a-fA-F]+$/.test(digits);
  const isBase32 = digits.length === Math.ceil((8 * bytes) / 5) && /^[0-9a-df-np-sv-z]+$/.test(digits);
  return isBase64 || isHex || isBase32;
}

function orCorrupt<T>(read: () => T, reason: string): T {
  try {
    return read();
  } catch (cause) {
    throw new NiphasError("BadBytes", sentence(reason), { cause });
  }
}

function corrupt(reason: string): NiphasError {
  return new NiphasError("BadBytes", sentence(reason));
}

function sentence(reason: string): string {
  return `this is not a narinfo as Nix writes it: ${reason}`;
}
