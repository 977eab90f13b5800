import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { endless, type MeshScript } from "./scripted-mesh.ts";

/** What Nix asks for when it wants a path's bytes. */
export const NAR = /^\/nar\//;

type FileAnswer = NonNullable<MeshScript["file"]>;

/** Serves what the cache in a directory has; NARs by `nar` if that is given. */
export function cacheFiles(cacheDir: string, nar?: FileAnswer): FileAnswer {
  return (path, response) => {
    if (nar !== undefined && NAR.test(path)) return nar(path, response);
    try {
      response.end(readFileSync(`${cacheDir}${path}`));
    } catch {
      response.writeHead(404).end();
    }
  };
}

/** Knows of narinfos only. */
export function narInfos(then: (response: ServerResponse) => void): FileAnswer {
  return (path, response) => (path.endsWith(".narinfo") ? then(response) : response.writeHead(404).end());
}

/** Sends the same again and again. */
export function trickle(response: ServerResponse, chunk: Buffer, intervalMs = 500): void {
  const timer = setInterval(() => response.write(chunk), intervalMs);
  response.once("close", () => clearInterval(timer));
}

/** A NAR of one file that says to be enormous. */
export function endlessNar(response: ServerResponse): void {
  const text = (value: string): Buffer => {
    const bytes = Buffer.alloc(8 + Math.ceil(value.length / 8) * 8);
    bytes.writeBigUInt64LE(BigInt(value.length));
    bytes.write(value, 8);
    return bytes;
  };
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(2n ** 50n);
  response.write(Buffer.concat([..."nix-archive-1 ( type regular contents".split(" ").map(text), size]));
  endless(response);
}
