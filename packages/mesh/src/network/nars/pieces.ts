/** The same bytes in pieces of at most `sizeBytes`, and not much smaller ones but the last: each piece costs a message. */
export async function* inPieces(body: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let small: Uint8Array[] = [];
  let smallBytes = 0;
  for await (const chunk of body) {
    for (let offset = 0; offset < chunk.byteLength; offset += sizeBytes) {
      const piece = chunk.subarray(offset, offset + sizeBytes);
      if (smallBytes + piece.byteLength > sizeBytes) {
        yield joined(small);
        small = [];
        smallBytes = 0;
      }
      small.push(piece);
      smallBytes += piece.byteLength;
    }
    if (smallBytes < sizeBytes / 2) continue;
    yield joined(small);
    small = [];
    smallBytes = 0;
  }
  if (smallBytes > 0) yield joined(small);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}
