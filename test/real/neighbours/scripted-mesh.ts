import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface MeshScript {
  /** What becomes of `POST /plan`. */
  readonly plan: (response: ServerResponse) => void;
  /** What becomes of anything else; the path begins with a slash. @default 404 */
  readonly file?: (path: string, response: ServerResponse) => void;
}

const PROGRESS = {
  event: "progress",
  doneBytes: 0,
  totalBytes: 10 ** 12,
  donePaths: 0,
  totalPaths: 1,
  peers: 0,
  peerBytes: 0,
  upstreamBytes: 0,
};
const HEARTBEAT_MS = 100;
const CHUNK = Buffer.alloc(64 * 1024, "x");

/** Pretends to be in the best of health: ready, and a sign of life ten times a second that tells of more and more bytes. */
export function healthyPlan(response: ServerResponse): void {
  readyPlan(response, 100_000);
}

/** Ready, and a sign of life ten times a second. @param growthBytes how many more bytes each of them tells of */
export function readyPlan(response: ServerResponse, growthBytes = 0): void {
  let doneBytes = 0;
  const beat = (): void => {
    response.write(`${JSON.stringify({ ...PROGRESS, doneBytes })}\n`);
    doneBytes += growthBytes;
  };
  beat();
  response.write('{"event":"ready"}\n');
  const timer = setInterval(beat, HEARTBEAT_MS);
  response.once("close", () => clearInterval(timer));
}

/** Writes for as long as somebody reads. */
export function endless(response: ServerResponse, chunk: Buffer = CHUNK): void {
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", write);
  write();
}

/** A mesh daemon that does as it is told. */
export async function scriptedMesh({ plan, file }: MeshScript) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    const path = request.url ?? "/";
    asked.push(path);
    response.on("error", () => undefined);
    if (path === "/plan") plan(response);
    else if (path === "/nix-cache-info") response.end("StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 1\n");
    else if (file === undefined) response.writeHead(404).end();
    else file(path, response);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
      server.close(() => onClosed());
      server.closeAllConnections();
      await closed;
    },
  };
}
