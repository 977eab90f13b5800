import { NiphasError } from "./errors.ts";

/** Nix's base-32 alphabet: no e, o, u, t. Source: libutil/hash.cc. */
const ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz";

/** Encodes bytes as Nix does: least significant bits last, no padding. */
export function encodeNix32(bytes: Uint8Array): string {
  const length = Math.ceil((bytes.length * 8) / 5);
  let text = "";
  for (let position = length - 1; position >= 0; position--) {
    const bit = position * 5;
    const index = bit >> 3;
    const shift = bit & 7;
    const low = (bytes[index] ?? 0) >> shift;
    const high = (bytes[index + 1] ?? 0) << (8 - shift);
    text += ALPHABET[(low | high) & 31];
  }
  return text;
}

/**
 * Decodes Nix's base-32 into exactly `sizeBytes` bytes.
 * @throws NiphasError InvalidRequest on a foreign character, a wrong length or set padding bits
 */
export function decodeNix32(text: string, sizeBytes: number): Uint8Array {
  const length = Math.ceil((sizeBytes * 8) / 5);
  if (text.length !== length) throw invalid(`base-32 text must have ${length} characters`);
  const bytes = new Uint8Array(sizeBytes);
  for (let position = 0; position < length; position++) {
    const digit = ALPHABET.indexOf(text[length - 1 - position] ?? "");
    if (digit < 0) throw invalid("base-32 text has a character outside Nix's alphabet");
    const bit = position * 5;
    const index = bit >> 3;
    const shift = bit & 7;
    bytes[index] = (bytes[index] ?? 0) | ((digit << shift) & 0xff);
    const carry = digit >> (8 - shift);
    if (index + 1 < sizeBytes) bytes[index + 1] = (bytes[index + 1] ?? 0) | carry;
    else if (carry !== 0) throw invalid("base-32 text has bits past its last byte");
  }
  return bytes;
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidRequest", message);
}
