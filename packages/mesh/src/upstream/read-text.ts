import { badBytes } from "./unavailable.ts";

/** A whole small file as text. @throws NiphasError BadBytes when it is larger than `maxBytes` */
export async function readText(body: AsyncIterable<Uint8Array>, name: string, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw badBytes(name, `a file of at most ${maxBytes} bytes is larger`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
