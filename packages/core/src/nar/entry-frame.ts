import { CLOSE, ENTRY_OPEN, NODE_OPEN, paddingBytes, ROOT_OPEN, writeLength } from "./grammar.ts";
import { KIND_WORDS, kindOf } from "./plan-layout.ts";
import { ENTRY_KIND, type PlanTables } from "./plan-tables.ts";

/** Writes an entry's head, which has `headBytes` bytes. */
export function writeHead(tables: PlanTables, entry: number, target: Buffer, start: number): void {
  const kind = kindOf(tables, entry);
  const words = KIND_WORDS[kind];
  const wordsAt = entry === 0 ? write(target, start, ROOT_OPEN) : writeName(tables, entry, target, start);
  const at = write(target, wordsAt, words);
  if (kind === ENTRY_KIND.symlink) writeTarget(tables, entry, target, at);
  else if (kind !== ENTRY_KIND.directory) writeLength(target, at, tables.sizes[entry] ?? 0);
}

/** What ends an entry: padding, then as many closing brackets as there is room for. */
export function tailOf(length: number, padding: number): Uint8Array {
  const known = FILE_TAILS[padding];
  return known?.length === length ? known : makeTail(length, padding);
}

/** Those of almost all files: padding, and an end that closes no directory. */
const FILE_TAILS = Array.from({ length: 8 }, (_, padding) => makeTail(padding + 2 * CLOSE.length, padding));

function makeTail(length: number, padding: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length).fill(0, 0, padding);
  for (let at = padding; at < length; at += CLOSE.length) bytes.set(CLOSE, at);
  return bytes;
}

function writeName(tables: PlanTables, entry: number, target: Buffer, start: number): number {
  const textStart = tables.textStarts[entry] ?? 0;
  const length = tables.nameLengths[entry] ?? 0;
  const at = writeText(tables, textStart, length, target, write(target, start, ENTRY_OPEN));
  return write(target, at, NODE_OPEN);
}

function writeTarget(tables: PlanTables, entry: number, target: Buffer, at: number): void {
  const textStart = (tables.textStarts[entry] ?? 0) + (tables.nameLengths[entry] ?? 0);
  writeText(tables, textStart, (tables.textStarts[entry + 1] ?? 0) - textStart, target, at);
}

/** Byte by byte: texts are short, and a view of each would cost more. */
function writeText({ text }: PlanTables, textStart: number, length: number, target: Buffer, start: number): number {
  let at = writeLength(target, start, length);
  for (let index = 0; index < length; index++) target[at++] = text[textStart + index] ?? 0;
  for (let left = paddingBytes(length); left > 0; left--) target[at++] = 0;
  return at;
}

function write(target: Buffer, at: number, bytes: Uint8Array): number {
  target.set(bytes, at);
  return at + bytes.length;
}
