/**
 * Bytes as a string with one character for each (latin1): names of files are bytes, not text, and as such a string they
 * are compared as bytes (`<`), kept in maps and split without a Buffer. Made only by {@link byteString}.
 */
export type ByteString = string & { readonly __brand: "ByteString" };

export function byteString(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1") as ByteString;
}

/** `text` has been read in Node.js's encoding `latin1`. */
export function fromLatin1(text: string): ByteString {
  return text as ByteString;
}

export function byteStringBytes(bytes: ByteString): Uint8Array {
  return Buffer.from(bytes, "latin1");
}

/** The text that these bytes are in UTF-8; undefined when they are none. */
export function byteStringText(bytes: ByteString): string | undefined {
  try {
    return UTF_8.decode(byteStringBytes(bytes));
  } catch {
    return undefined;
  }
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
