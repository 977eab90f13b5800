/** Where the fuzzer's choices come from: a seed gives the same run again. */
export interface RandomSource {
  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number;
  bytes(length: number): Uint8Array;
}

const LENGTHS = [0, 1, 4, 0xff, 0xffff, 0x10_0000, 0x10_0001, 0x7fff_ffff, 0xffff_ffff];

/** Bytes that have something of a valid message, or nothing. */
export function mutated(valid: readonly Uint8Array[], random: RandomSource): Uint8Array {
  const message = Buffer.from(pick(valid, random));
  switch (random.below(7)) {
    case 0:
      return Buffer.from(random.bytes(4 * random.below(200)));
    case 1:
      return message.subarray(0, random.below(message.length + 1));
    case 2:
      return Buffer.concat([message, random.bytes(4 * random.below(50))]);
    case 3:
      message.writeUInt32BE(pick(LENGTHS, random));
      return message;
    case 4:
      return Buffer.concat([message, Buffer.from(pick(valid, random)), message]);
    default:
      for (let edits = random.below(6); edits >= 0; edits--) message[random.below(message.length)] = random.below(256);
      return message;
  }
}

/** The same bytes in pieces. */
export function inRandomPieces(bytes: Uint8Array, random: RandomSource): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 1 + random.below(bytes.length - offset);
    pieces.push(bytes.subarray(offset, end));
    offset = end;
  }
  return pieces;
}

function pick<T>(values: readonly T[], random: RandomSource): T {
  const value = values[random.below(values.length)];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
}
