import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connectToSocket } from "./connection.ts";

/** Listens in `dir` by way of its descriptor, since its path may be too long for an address. */
async function echoIn(dir: string) {
  mkdirSync(dir, { recursive: true });
  const descriptor = openSync(dir, "r");
  const server = createServer((socket) => socket.pipe(socket));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(`/proc/self/fd/${descriptor}/socket`, resolve);
  await promise;
  closeSync(descriptor);
  return server;
}

function firstChunk(path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectToSocket(path).setEncoding("utf8");
  socket.once("error", reject).once("data", (text: string) => {
    socket.destroy();
    resolve(text);
  });
  socket.write("hello");
  return promise;
}

describe("connectToSocket", () => {
  it.each(["short", "long/".repeat(40)])("reaches a socket in a directory named %s", async (name) => {
    const root = mkdtempSync(join(tmpdir(), "niphas-connection-"));
    const dir = join(root, name);
    const server = await echoIn(dir);
    const openBefore = readdirSync("/proc/self/fd").length;
    expect(await firstChunk(join(dir, "socket"))).toBe("hello");
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    await promise;
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(openBefore);
    rmSync(root, { recursive: true });
  });

  it("says ENOENT for a directory that is not there", async () => {
    expect(() => connectToSocket(`/does/not/exist/${"long/".repeat(40)}socket`)).toThrow("ENOENT");
    await expect(firstChunk("/does/not/exist/socket")).rejects.toThrow("ENOENT");
  });
});
