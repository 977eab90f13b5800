import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectSmall, type FaultRig, faultRig, hashOf } from "./fault-rig.ts";
import { isOneNix, needsOneNix } from "./once.ts";

const LARGE = { pathCount: 1, fileCount: 24, fileSizeBytes: 1_000_000 };
/** libp2p's first words. */
const HELLO = Buffer.from("\x13/multistream/1.0.0\n");
/** Half-open connections that the flood holds at each moment. */
const FLOOD = 1_000;
const REFLOOD_MS = 200;
/** Nothing takes so long: it ends a test that has failed. */
const ROUND_TIMEOUT_MS = 200_000;

const resources = new AsyncDisposableStack();
let rig: FaultRig;

beforeEach(needsOneNix);
beforeAll(async () => {
  if (!isOneNix) return;
  rig = resources.use(
    await faultRig({
      nodeCount: 2,
      peers: {
        giant: { rpc: "giant" },
        babbling: { rpc: "babbling" },
        mute: { rpc: "mute" },
        streams: { attack: "streams", closureOf: "wanted" },
        leech: { attack: "leech", closureOf: "wanted" },
        stranger: { attack: "leech", closureOf: "wanted", isStranger: true },
      },
      closures: { wanted: LARGE, joined: {}, flooded: {} },
    }),
  );
  await rig.node(0).realise(rig.closure("wanted").root);
});
afterAll(() => resources[Symbol.asyncDispose]());

const addressOf = ({ daemon }: ReturnType<FaultRig["node"]>) => ({ host: "127.0.0.1", port: daemon.init.listenPort });

describe("members that flood a daemon with streams, requests and nonsense", () => {
  it("M18 M28: do not keep others from getting what it has, nor its own Nix from working", async () => {
    // The unread streams may leave the leech nothing.
    const ends = ["given", "tried", "refused"];
    const rounds = (name: string): number => ends.reduce((sum, end) => sum + rig.evil.count(`${end} ${name}`), 0);
    await waitUntil("the leech", () => rounds("leech") > 0, { timeoutMs: ROUND_TIMEOUT_MS });
    await waitUntil("the unread streams", () => rounds("streams") > 0, { timeoutMs: ROUND_TIMEOUT_MS });
    await rig.known("wanted", { reader: rig.node(1) });
    await rig.node(1).realise(rig.closure("wanted").root);
    await rig.expectWhole("wanted", rig.node(1));
    await rig.node(0).realise(rig.closure("joined").root);
    await rig.expectWhole("joined");
  });

  it("M18 M19: do not make it large", () => {
    expectSmall(rig.node(0));
    expectSmall(rig.node(1));
  });
});

describe("a stranger", () => {
  it("M14 M15: with a key of its own, the daemons' addresses and the hash, is denied and gets nothing", async () => {
    await waitUntil("it to be refused again and again", () => rig.evil.count("refused stranger") > 5);
    expect(rig.evil.count("given stranger")).toBe(0);
    const { members } = await rig.node(0).daemon.status();
    expect(members.map(({ peerId }) => peerId)).not.toContain(rig.peerId("stranger"));
  });

  it("M14: who speaks HTTP to the mesh's port learns nothing", async () => {
    const socket = connect(addressOf(rig.node(0)));
    socket.on("error", () => undefined);
    const received: Buffer[] = [];
    socket.on("data", (bytes) => received.push(bytes));
    socket.write(`GET /${hashOf(rig.closure("wanted").root)}.narinfo HTTP/1.1\r\nHost: mesh\r\n\r\n`);
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
    expect(Buffer.concat(received).toString("latin1")).not.toMatch(/StorePath|HTTP/);
  });

  it("M14: who asks Nix's port from outside of the machine's own address finds nobody", async () => {
    const port = Number(new URL(rig.node(0).daemon.substituterUrl).port);
    const socket = connect({ host: "127.0.0.2", port });
    const [error] = await once(socket, "error");
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("a flood of half-open connections from elsewhere", () => {
  it("M17: keeps no member out, also not one that starts in the midst of it", async () => {
    await using flood = startFlood(addressOf(rig.node(0)));
    await waitUntil("the flood", () => flood.connected >= FLOOD);
    const [first, second] = [rig.node(0), rig.node(1)];
    await second.daemon.kill();
    await second.daemon.start();
    await waitUntil("both to be connected again", async () => {
      const { members } = await second.daemon.status();
      return members.some(
        ({ address, state }) => address.endsWith(`:${first.daemon.init.listenPort}`) && state === "connected",
      );
    });
    await second.realise(rig.closure("flooded").root);
    await rig.expectWhole("flooded", second);
    expect(flood.connected).toBeGreaterThan(FLOOD);
    expectSmall(first);
  });
});

/** Opens a new connection for each one that is closed, and begins a handshake on it that it never ends. */
function startFlood(target: { readonly host: string; readonly port: number }) {
  const sockets = new Set<Socket>();
  const state = { connected: 0, isOver: false };
  const open = (): void => {
    if (state.isOver) return;
    const socket = connect({ ...target, localAddress: "127.0.0.66" });
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("connect", () => {
      state.connected++;
      socket.write(HELLO);
    });
    socket.once("close", () => {
      sockets.delete(socket);
      setTimeout(open, REFLOOD_MS);
    });
  };
  for (let count = 0; count < FLOOD; count++) open();
  return {
    get connected() {
      return state.connected;
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      state.isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
