import type { Stream } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import { waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { RPC_LIMITS } from "../limits.ts";
import { frame } from "../streams/frames.ts";
import { somePathHash, somePathInfo } from "../twins/path-infos.ts";
import { type Conversation, converse, serving, speaking } from "../twins/rpc-conversation.ts";
import { encodeRpcFrame, type RpcFrame } from "../wire/rpc-frame.ts";
import { CLOSURE, HAVE } from "./query-kinds.ts";
import { handler, type RequestKind } from "./request-kind.ts";
import { RPC_PROTOCOL, RpcChannel } from "./rpc-channel.ts";
import { RpcPeerQueries } from "./rpc-peer-queries.ts";
import { RpcServer } from "./rpc-server.ts";

const signal = new AbortController().signal;

/** Bytes in, bytes out. */
const ECHO: RequestKind<Uint8Array, Uint8Array> = {
  id: 100,
  maxAnswerBytes: RPC_LIMITS.maxAnswerBytes,
  deadlineMs: 20_000,
  encodeQuestion: (bytes) => bytes,
  parseQuestion: (bytes) => bytes,
  encodeAnswer: (bytes) => bytes,
  parseAnswer: (bytes) => bytes,
};

function untilAborted(end: AbortSignal): Promise<never> {
  return new Promise((_, reject) => end.addEventListener("abort", () => reject(end.reason), { once: true }));
}

describe("questions to a peer", () => {
  it("bring a closure, without what is known", async () => {
    const infos = Array.from({ length: 3_000 }, (_, number) => somePathInfo(number));
    const asked: unknown[] = [];
    const entry = handler(CLOSURE, (from, question) => {
      asked.push({ from, question });
      return infos;
    });
    await using talk = await converse(serving([entry]));
    const queries = new RpcPeerQueries(talk.peers);
    const known = [somePathHash(1), somePathHash(2)];
    expect(await queries.closure(talk.peer, somePathHash(0), known, signal)).toEqual(infos);
    const from = talk.self;
    expect(asked).toEqual([{ from, question: { path: somePathHash(0), known } }]);
  });

  it("say when a path is not held", async () => {
    await using talk = await converse(serving([handler(CLOSURE, () => undefined)]));
    expect(await new RpcPeerQueries(talk.peers).closure(talk.peer, somePathHash(0), [], signal)).toBeUndefined();
  });

  it("tell which of many paths are held", async () => {
    const paths = Array.from({ length: 40_000 }, (_, number) => somePathHash(number));
    const held = new Set(paths.filter((_, index) => index % 3 === 0));
    await using talk = await converse(serving([handler(HAVE, (_, asked) => asked.filter((path) => held.has(path)))]));
    expect(new Set(await new RpcPeerQueries(talk.peers).have(talk.peer, paths, signal))).toEqual(held);
  });

  it("go many at once over one stream, and a long answer does not hold up short ones", async () => {
    let streams = 0;
    const server = new RpcServer(
      new Map([handler(ECHO, (_, bytes) => (bytes[0] === 0 ? Buffer.alloc(8 << 20) : bytes))]),
    );
    await using talk = await converse(
      speaking((stream, end) => {
        streams++;
        return server.serve(stream, talk.peer, end);
      }),
    );
    const order: string[] = [];
    const ask = async (bytes: Uint8Array, name: string): Promise<void> => {
      await talk.peers.ask(talk.peer, ECHO, bytes, signal);
      order.push(name);
    };
    await Promise.all([
      ask(Uint8Array.of(0), "long"),
      ...Array.from({ length: 50 }, () => ask(Uint8Array.of(1), "short")),
    ]);
    expect(order.at(0)).toBe("short");
    expect(order).toHaveLength(51);
    expect(streams).toBe(1);
  });

  it("are asked again on a new stream when the old one broke", async () => {
    let streams = 0;
    const server = new RpcServer(new Map([handler(ECHO, (_, bytes) => bytes)]));
    await using talk = await converse(
      speaking(async (stream, end) => {
        streams++;
        if (streams === 1) setTimeout(() => stream.abort(new Error("broken")), 50);
        await server.serve(stream, talk.peer, end);
      }),
    );
    await waitUntil("two streams", async () => {
      await talk.peers.ask(talk.peer, ECHO, Uint8Array.of(1), signal).catch(() => undefined);
      return streams >= 2;
    });
    expect(await talk.peers.ask(talk.peer, ECHO, Uint8Array.of(7), signal)).toEqual(Buffer.of(7));
  });

  it("may be given up, which ends the work of the other side", async () => {
    const began = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const entry = handler(ECHO, async (_, bytes, end) => {
      began.resolve();
      await untilAborted(end).catch(() => ended.resolve());
      return bytes;
    });
    await using talk = await converse(serving([entry]));
    const abort = new AbortController();
    const asking = talk.peers.ask(talk.peer, ECHO, Uint8Array.of(1), abort.signal);
    await began.promise;
    abort.abort(new Error("not wanted"));
    await expect(asking).rejects.toThrow("not wanted");
    await ended.promise;
  });

  it("end with their deadline, on both sides", async () => {
    let hasEnded = false;
    const entry = handler(ECHO, async (_, bytes, end) => {
      await untilAborted(end).catch(() => {
        hasEnded = true;
      });
      return bytes;
    });
    await using talk = await converse(serving([entry]));
    const hasty = { ...ECHO, deadlineMs: 100 };
    await waitUntil("work that ended", async () => {
      const asking = talk.peers.ask(talk.peer, hasty, Uint8Array.of(1), signal);
      await expect(asking).rejects.toMatchObject({ code: "SubstituterUnavailable" });
      return hasEnded;
    });
  });

  it.each([
    ["a question that it does not know", [], /does not know/],
    ["work that fails", [handler(ECHO, () => Promise.reject(new Error("secret")))], /something failed there$/],
    ["an answer that is too long", [handler(ECHO, () => Buffer.alloc(17 << 20))], /too long/],
  ])("fail without more words for %s, and the stream goes on", async (_, entries, message) => {
    await using talk = await converse(serving([...entries, handler(HAVE, () => [])]));
    await expect(talk.peers.ask(talk.peer, ECHO, Uint8Array.of(1), signal)).rejects.toThrow(message);
    expect(await talk.peers.ask(talk.peer, HAVE, [], signal)).toEqual([]);
  });

  it("that are too long for a message are refused before they are sent", async () => {
    await using talk = await converse(serving([handler(ECHO, (_, bytes) => bytes)]));
    await expect(talk.peers.ask(talk.peer, ECHO, Buffer.alloc(RPC_LIMITS.maxFrameBytes), signal)).rejects.toMatchObject(
      {
        code: "InvalidRequest",
      },
    );
  });
});

describe("a peer that asks too much", () => {
  it("is told that we are busy, and gets the answers to the others", async () => {
    const go = Promise.withResolvers<void>();
    const entry = handler(ECHO, async (_, bytes) => {
      await go.promise;
      return bytes;
    });
    await using talk = await converse(serving([entry]));
    const channel = new RpcChannel(await openRaw(talk));
    expect(await channel.receive(undefined, signal)).toEqual({
      type: "hello",
      maxRequests: RPC_LIMITS.maxRequestsPerPeer,
    });
    const asked = RPC_LIMITS.maxRequestsPerPeer + 3;
    for (let requestId = 1; requestId <= asked; requestId++) {
      await channel.send(
        { type: "request", requestId, kind: ECHO.id, payload: Uint8Array.of(1), deadlineMs: 9_000 },
        signal,
      );
    }
    const outcomes = [];
    for (let count = 0; count < 3; count++) outcomes.push((await channel.receive(undefined, signal))?.type);
    go.resolve();
    for (let count = 3; count < asked; count++) outcomes.push((await channel.receive(undefined, signal))?.type);
    expect(outcomes.filter((type) => type === "failure")).toHaveLength(3);
    expect(outcomes.slice(3)).toEqual(Array.from({ length: RPC_LIMITS.maxRequestsPerPeer }, () => "answer"));
  });

  it("and reads no answers is not read from either", async () => {
    await using talk = await converse(serving([handler(ECHO, () => Buffer.alloc(1 << 20))]));
    const stream = await openRaw(talk);
    stream.pause();
    const request = (requestId: number): Uint8Array =>
      frame(
        encodeRpcFrame({
          type: "request",
          requestId,
          kind: ECHO.id,
          payload: Buffer.alloc(64 << 10),
          deadlineMs: 60_000,
        }),
      );
    let sent = 0;
    const startedAt = process.memoryUsage().arrayBuffers;
    while (stream.writeBufferLength < 8 << 20) {
      sent++;
      stream.send(request(sent));
      await new Promise(setImmediate);
    }
    expect(process.memoryUsage().arrayBuffers - startedAt).toBeLessThan(64 << 20);
    stream.abort(new Error("done"));
  });
});

describe("a peer that does not keep to the protocol", () => {
  it.each([
    ["is silent from the start", () => Promise.resolve()],
    ["ends at once", (stream: Stream) => stream.close()],
    ["breaks the stream", async (stream: Stream) => stream.abort(new Error("broken"))],
  ])("and %s costs one error, no hang", async (_, speak) => {
    await using talk = await converse(
      speaking(async (stream, end) => {
        await speak(stream);
        await untilAborted(end);
      }),
    );
    await expect(talk.peers.ask(talk.peer, ECHO, Uint8Array.of(1), signal)).rejects.toMatchObject({
      code: "SubstituterUnavailable",
    });
  });

  it("and is silent when it is asked fails everything that waits, then at once, until it speaks again", async () => {
    let mayAnswer = false;
    let wake = (): void => undefined;
    const speak = async (stream: Stream, end: AbortSignal): Promise<void> => {
      const channel = new RpcChannel(stream);
      await channel.send({ type: "hello", maxRequests: 8 }, end);
      wake = () => void channel.send({ type: "pong" }, end);
      for (;;) {
        const message = await channel.receive(undefined, end);
        if (message === undefined) return;
        if (mayAnswer) await answer(channel, message, end);
      }
    };
    await using talk = await converse(speaking(speak));
    const ask = (): Promise<unknown> => talk.peers.ask(talk.peer, ECHO, Uint8Array.of(1), signal);
    const outcomes = await Promise.allSettled([ask(), ask(), ask()]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    await expect(ask()).rejects.toThrow("silent");
    mayAnswer = true;
    wake();
    await waitUntil("an answer", () =>
      ask().then(
        () => true,
        () => false,
      ),
    );
  });

  it.each([
    ["answers what nobody asked", { type: "answer", requestId: 99, payload: Uint8Array.of(1), last: true }],
    ["asks on the answering side", { type: "cancel", requestId: 1 }],
    ["sends parts without bytes", { type: "answer", requestId: 1, payload: new Uint8Array(), last: false }],
  ] as const)("and %s is cut off", async (_, message) => {
    await using talk = await converse(
      speaking(async (stream, end) => {
        const channel = new RpcChannel(stream);
        await channel.send({ type: "hello", maxRequests: 8 }, end);
        await channel.receive(undefined, end);
        await channel.send(message, end);
        await untilAborted(end);
      }),
    );
    await expect(talk.peers.ask(talk.peer, ECHO, Uint8Array.of(1), signal)).rejects.toMatchObject({ code: "BadBytes" });
  });

  it("and answers without end is cut off at the longest true answer", async () => {
    await using talk = await converse(
      speaking(async (stream, end) => {
        const channel = new RpcChannel(stream);
        await channel.send({ type: "hello", maxRequests: 8 }, end);
        await channel.receive(undefined, end);
        const payload = Buffer.alloc(60_000);
        for (;;) await channel.send({ type: "answer", requestId: 1, payload, last: false }, end);
      }),
    );
    await expect(new RpcPeerQueries(talk.peers).have(talk.peer, [somePathHash(1)], signal)).rejects.toMatchObject({
      code: "BadBytes",
    });
  });

  it("and tells of paths that nobody asked for is not believed", async () => {
    await using talk = await converse(serving([[HAVE.id, () => async () => HAVE.encodeAnswer([somePathHash(2)])]]));
    await expect(new RpcPeerQueries(talk.peers).have(talk.peer, [somePathHash(1)], signal)).rejects.toThrow(
      NiphasError,
    );
  });
});

async function answer(channel: RpcChannel, message: RpcFrame, end: AbortSignal): Promise<void> {
  if (message.type === "ping") await channel.send({ type: "pong" }, end);
  if (message.type !== "request") return;
  await channel.send({ type: "answer", requestId: message.requestId, payload: message.payload, last: true }, end);
}

async function openRaw(talk: Conversation): Promise<Stream> {
  return await talk.mesh.near.node.openStream(talk.peer, RPC_PROTOCOL, signal);
}
