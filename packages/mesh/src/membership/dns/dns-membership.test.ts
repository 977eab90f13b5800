import { NiphasError } from "@niphas/core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { HostPort, PeerId } from "../../ports.ts";
import { LogLines } from "../twins/log-lines.ts";
import { testPeerId } from "../twins/test-peers.ts";
import { DnsMembership } from "./dns-membership.ts";

let self: PeerId;
let a: PeerId;
let b: PeerId;
let log: LogLines;
let addresses: readonly string[] | NiphasError;
/** Who is where; nobody answers elsewhere. */
let peers: Map<string, PeerId | NiphasError>;
let asked: string[];
/** Nobody answers before it. */
let gate: Promise<void>;
let lookedUp: () => void;
let membership: DnsMembership;

beforeAll(async () => {
  self = await testPeerId(0);
  a = await testPeerId(1);
  b = await testPeerId(2);
});
beforeEach(() => {
  log = new LogLines();
  addresses = [];
  peers = new Map();
  asked = [];
  gate = Promise.resolve();
  lookedUp = () => undefined;
  const resolver = {
    resolve: async () => {
      lookedUp();
      if (addresses instanceof NiphasError) throw addresses;
      return addresses;
    },
  };
  membership = new DnsMembership(
    { resolver, identifier: { identify }, log },
    { self, name: "mesh.example.org", port: 9811, intervalMs: 5 },
  );
});
afterEach(async () => {
  await membership[Symbol.asyncDispose]();
});

async function identify({ host, port }: HostPort): Promise<PeerId> {
  asked.push(`${host}:${port}`);
  await gate;
  const found = peers.get(host) ?? new NiphasError("SubstituterUnavailable", "nobody");
  if (found instanceof NiphasError) throw found;
  return found;
}

const hosts = (): readonly string[] => membership.members().map(({ peerId, host }) => `${host} ${peerId}`);

describe("members by DNS", () => {
  it("are those who prove themselves at the name's addresses, on the common port", async () => {
    addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.9"];
    peers.set("10.0.0.1", a).set("10.0.0.9", self);
    membership.start();
    await expect.poll(hosts).toEqual([`10.0.0.1 ${a}`]);
    expect(membership.members()).toMatchObject([{ port: 9811, zone: undefined }]);
    expect(membership.problem).toBe(undefined);
    expect(asked.toSorted()).toEqual(["10.0.0.1:9811", "10.0.0.2:9811", "10.0.0.9:9811"]);
  });

  it("join, leave and move with the name, and listeners are told", async () => {
    const seen: (readonly string[])[] = [];
    membership.onChange(() => seen.push(hosts()));
    addresses = ["10.0.0.1"];
    peers.set("10.0.0.1", a).set("10.0.0.2", a).set("10.0.0.3", b);
    membership.start();
    await expect.poll(hosts).toEqual([`10.0.0.1 ${a}`]);
    addresses = ["10.0.0.2"];
    await expect.poll(hosts).toEqual([`10.0.0.2 ${a}`]);
    addresses = ["10.0.0.3"];
    await expect.poll(hosts).toEqual([`10.0.0.3 ${b}`]);
    expect(seen.at(-1)).toEqual([`10.0.0.3 ${b}`]);
  });

  it("have one address, the first, when the name has two of theirs", async () => {
    addresses = ["fd00::1", "10.0.0.1"];
    peers.set("10.0.0.1", a).set("fd00::1", a);
    membership.start();
    await expect.poll(() => asked.length).toBe(2);
    await expect.poll(hosts).toEqual([`10.0.0.1 ${a}`]);
  });

  it("are known as soon as they come themselves, from an address of the name", async () => {
    addresses = ["10.0.0.1", "fd00::1"];
    membership.start();
    await expect.poll(() => asked.length).toBe(2);
    expect(membership.introduce(a, "10.0.0.1")).toBe(true);
    expect(hosts()).toEqual([`10.0.0.1 ${a}`]);
    expect(membership.introduce(b, "FD00:0::1")).toBe(true);
    expect(hosts()).toHaveLength(2);
  });

  it("are not taken from elsewhere, although they know the secret", async () => {
    addresses = ["10.0.0.1"];
    membership.start();
    await expect.poll(() => asked.length).toBe(1);
    expect([membership.introduce(a, "10.0.0.2"), membership.introduce(a, "nonsense")]).toEqual([false, false]);
    expect(hosts()).toEqual([]);
  });

  it("are known by another peer id after they were set up anew", async () => {
    addresses = ["10.0.0.1"];
    peers.set("10.0.0.1", a);
    membership.start();
    await expect.poll(hosts).toEqual([`10.0.0.1 ${a}`]);
    membership.introduce(b, "10.0.0.1");
    expect(hosts()).toEqual([`10.0.0.1 ${b}`]);
  });

  it("stay while the name cannot be looked up or has no addresses, with one line in the log", async () => {
    addresses = ["10.0.0.1"];
    peers.set("10.0.0.1", a);
    membership.start();
    await expect.poll(hosts).toHaveLength(1);
    addresses = new NiphasError("SubstituterUnavailable", "the DNS name has no addresses");
    await expect.poll(() => membership.problem?.message).toBe("the DNS name has no addresses");
    addresses = ["10.0.0.1", "10.0.0.2"];
    await expect.poll(() => membership.problem).toBe(undefined);
    expect(hosts()).toHaveLength(1);
    expect(log.lines).toHaveLength(1);
  });

  it("of another trust group are told once in the log, machines that are off are not", async () => {
    addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    const stranger = new NiphasError("PolicyDenied", "the peer belongs to another trust group");
    peers.set("10.0.0.1", stranger).set("10.0.0.2", stranger);
    membership.start();
    await expect.poll(() => asked.length).toBe(3);
    await expect.poll(() => log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain("not of our trust group");
  });

  it("are not looked for at addresses that lead to ourselves, to a group or to nothing", async () => {
    addresses = ["127.0.0.1", "169.254.169.254", "224.0.0.1", "::1", "0.0.0.0", "10.0.0.1"];
    membership.start();
    await expect.poll(() => asked).toEqual(["10.0.0.1:9811"]);
    expect(log.lines).toEqual([expect.stringContaining('"ignored":5')]);
  });

  it("are asked for 32 at once, and no more than 1000 of them", async () => {
    addresses = Array.from({ length: 1500 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
    for (const host of addresses) peers.set(host, a);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    let looks = 0;
    lookedUp = () => looks++;
    membership.start();
    await expect.poll(() => looks).toBeGreaterThan(3);
    expect(asked).toHaveLength(32);
    resolve();
    await expect.poll(() => asked.length).toBe(1000);
  });

  it("are not looked for any more once it has ended", async () => {
    addresses = ["10.0.0.1"];
    membership.start();
    await expect.poll(() => asked.length).toBe(1);
    await membership[Symbol.asyncDispose]();
    let calls = 0;
    membership.onChange(() => calls++);
    membership.introduce(a, "10.0.0.1");
    expect([calls, hosts()]).toEqual([0, []]);
  });
});
