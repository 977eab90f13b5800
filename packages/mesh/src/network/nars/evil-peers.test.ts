import { setTimeout as sleep } from "node:timers/promises";
import type { Stream } from "@libp2p/interface";
import { waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { frame } from "../streams/frames.ts";
import {
  bodyOf,
  digest,
  digestOf,
  MemorySource,
  NAR,
  requestFor,
  serving,
  speaking,
  startTransfer,
} from "../twins/nar-transfer.ts";
import { encodeNarAnswer, encodeNarRequest } from "../wire/nar-messages.ts";
import { NAR_PROTOCOL } from "./nar-server.ts";

const MIB = 1024 * 1024;
const signal = new AbortController().signal;

describe("a peer that does not keep to the protocol", () => {
  const bytesHead = (end: number): Uint8Array => frame(encodeNarAnswer({ kind: "bytes", end }));
  const request = requestFor({ start: 0, end: 1000 });

  it.each([
    ["says nothing", () => undefined],
    ["ends at once", (stream: Stream) => stream.close()],
    ["breaks the stream", (stream: Stream) => stream.abort(new Error("broken"))],
  ])("and %s is given up", async (_, speak) => {
    await using transfer = await startTransfer(speaking(speak));
    await expect(bodyOf(transfer, request)).rejects.toMatchObject({ code: "SubstituterUnavailable" });
  });

  it.each([
    ["stops in the middle", (stream: Stream) => void stream.send(NAR.subarray(0, 999))],
    ["ends in the middle", endAfterPart],
    ["breaks in the middle", breakAfterPart],
  ])("and %s never looks like one that has sent all", async (_, speak) => {
    const far = speaking((stream) => {
      stream.send(bytesHead(1000));
      return speak(stream);
    });
    await using transfer = await startTransfer(far);
    const reading = (async () => digestOf(await bodyOf(transfer, request)))();
    await expect(reading).rejects.toMatchObject({ code: "SubstituterUnavailable" });
  });

  it.each([
    [
      "sends more than it was asked for",
      (stream: Stream) => void stream.send(Buffer.concat([bytesHead(1000), NAR.subarray(0, 1001)])),
    ],
    ["names a range that was not asked for", (stream: Stream) => void stream.send(bytesHead(1001))],
    ["names an empty range", (stream: Stream) => void stream.send(bytesHead(0))],
    [
      "sends a giant head",
      (stream: Stream) => void stream.send(Buffer.concat([Buffer.of(0, 0, 0xff, 0), NAR.subarray(0, 65_280)])),
    ],
    ["sends a head of nothing", (stream: Stream) => void stream.send(frame(new Uint8Array()))],
  ])("and %s has sent bad bytes", async (_, speak) => {
    await using transfer = await startTransfer(speaking(speak));
    const reading = (async () => digestOf(await bodyOf(transfer, request)))();
    await expect(reading).rejects.toMatchObject({ code: "BadBytes" });
  });

  it("and floods an idle stream cannot make us hold more than a window, nor believe it", async () => {
    const source = new MemorySource();
    const far = speaking((stream) => {
      stream.send(Buffer.concat([bytesHead(1000), NAR.subarray(0, 1000)]));
      setTimeout(() => stream.status === "open" && stream.send(NAR), 20);
    });
    await using transfer = await startTransfer(far);
    expect(await digestOf(await bodyOf(transfer, request))).toBe(digest(request.range));
    await sleep(200);
    expect(await digestOf(await bodyOf(transfer, request))).toBe(digest(request.range));
    expect(source.openBodies).toBe(0);
  });
});

describe("a peer that asks and does not read", () => {
  it("takes one slot until it is given up, and not the memory", async () => {
    const source = new MemorySource();
    const far = serving(source, 2);
    await using transfer = await startTransfer(far);
    const stream = await transfer.mesh.near.node.openStream(transfer.peer, NAR_PROTOCOL, signal);
    stream.pause();
    for (let count = 0; count < 100; count++) stream.send(frame(encodeNarRequest(requestFor())));
    await waitUntil("a taken slot", () => far.server.freeSlots === 1);
    await sleep(200);
    expect(source.openBodies).toBe(1);
    expect(source.givenBytes).toBeLessThan(3 * MIB);
    expect(await digestOf(await bodyOf(transfer))).toBe(digest(requestFor().range));
    stream.abort(new Error("done"));
    await waitUntil("the slot", () => far.server.freeSlots === 2);
  });
});

function endAfterPart(stream: Stream): Promise<void> {
  stream.send(NAR.subarray(0, 999));
  return stream.close();
}

function breakAfterPart(stream: Stream): void {
  stream.send(NAR.subarray(0, 999));
  stream.abort(new Error("broken"));
}
