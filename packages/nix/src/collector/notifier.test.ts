import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseStorePath, type StorePath } from "@niphas/core";
import { describe, expect, it, vi } from "vitest";
import { createCollectorNotifier } from "./notifier.ts";

const PATHS: readonly StorePath[] = ["a", "b", "c"].map((letter) =>
  parseStorePath(`/nix/store/${letter.repeat(32)}-path`),
);
const never = new AbortController().signal;

/** Reads lines and lets the test answer. */
type Answer = (line: string, socket: Socket, connection: number) => void;

async function fakeCollector() {
  const rootDir = mkdtempSync(join(tmpdir(), "niphas-notifier-"));
  const dir = join(rootDir, "nix/var/nix/gc-socket");
  const seen: string[] = [];
  let connections = 0;
  const open = new Set<Socket>();
  let server: Server | undefined;
  const end = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    notifier: createCollectorNotifier({ rootDir }, { timeoutMs: 5_000 }),
    /** The lines that came, each with the number of its connection. */
    seen,
    connectionCount: () => connections,
    openCount: () => open.size,
    /** As a collector that is ready: it ends what its clients left open. */
    end,
    listen: async (answer: Answer): Promise<void> => {
      mkdirSync(dir, { recursive: true });
      server = createServer((socket) => {
        connections += 1;
        open.add(socket.once("close", () => open.delete(socket)));
        readLines(socket, connections, (line, connection) => {
          seen.push(`${connection} ${line}`);
          answer(line, socket, connection);
        });
      });
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen(join(dir, "socket"), resolve);
      await promise;
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (server === undefined) resolve();
      else server.close(() => resolve());
      end();
      await promise;
      rmSync(rootDir, { recursive: true });
    },
  };
}

function readLines(socket: Socket, connection: number, onLine: (line: string, connection: number) => void): void {
  let rest = "";
  socket.on("error", () => undefined).setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line, connection);
  });
}

const acknowledge: Answer = (_line, socket) => void socket.write("1");

describe("announcing to a collector", () => {
  it("sends each path as a line and waits for a byte each", async () => {
    await using collector = await fakeCollector();
    await collector.listen(acknowledge);
    await collector.notifier.announce(PATHS, never);
    expect(collector.seen).toEqual(PATHS.map((path) => `1 ${path}`));
  });

  it("puts the callers of one tick on one connection", async () => {
    await using collector = await fakeCollector();
    await collector.listen(acknowledge);
    await Promise.all([...PATHS, ...PATHS].map((path) => collector.notifier.announce([path], never)));
    expect(collector.seen).toEqual(PATHS.map((path) => `1 ${path}`));
  });

  it("leaves its connection open for what comes next, until the collector ends it", async () => {
    await using collector = await fakeCollector();
    await collector.listen(acknowledge);
    for (const path of PATHS) await collector.notifier.announce([path], never);
    expect([collector.connectionCount(), collector.openCount()]).toEqual([1, 1]);
    collector.end();
    await collector.notifier.announce(PATHS, never);
    expect(collector.connectionCount()).toBe(2);
  });

  it("does not wait on a connection whose answer takes long", async () => {
    await using collector = await fakeCollector();
    const release = Promise.withResolvers<void>();
    await collector.listen((_line, socket, connection) => {
      if (connection > 1) socket.write("1");
      else void release.promise.then(() => socket.write("1"));
    });
    const slow = collector.notifier.announce(PATHS.slice(0, 1), never);
    await vi.waitUntil(() => collector.seen.length === 1);
    await collector.notifier.announce(PATHS.slice(1), never);
    release.resolve();
    await slow;
    expect(collector.seen).toEqual([`1 ${PATHS[0]}`, `2 ${PATHS[1]}`, `2 ${PATHS[2]}`]);
  });

  it("goes on with the next collector where the last one ended", async () => {
    await using collector = await fakeCollector();
    await collector.listen((line, socket, connection) => {
      if (connection === 1 && line === PATHS[1]) socket.destroy();
      else socket.write("1");
    });
    await collector.notifier.announce(PATHS.slice(0, 2), never);
    expect(collector.seen.at(-1)).toBe(`2 ${PATHS[1]}`);
  });

  it("lets one caller leave without the others", async () => {
    await using collector = await fakeCollector();
    const release = Promise.withResolvers<void>();
    await collector.listen((_line, socket) => void release.promise.then(() => socket.write("1")));
    const leaving = new AbortController();
    const left = collector.notifier.announce(PATHS.slice(0, 1), leaving.signal);
    const stays = collector.notifier.announce(PATHS.slice(1), never);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: "Cancelled" });
    release.resolve();
    await stays;
  });

  it("asks nobody when there is no socket, no path or no caller left", async () => {
    await using collector = await fakeCollector();
    await collector.notifier.announce(PATHS, never);
    await collector.listen(acknowledge);
    await collector.notifier.announce([], never);
    const left = collector.notifier.announce(PATHS, AbortSignal.abort());
    await expect(left).rejects.toMatchObject({ code: "Cancelled" });
    expect(collector.connectionCount()).toBe(0);
  });
});
