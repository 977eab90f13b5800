import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, it } from "vitest";
import { DnsAddressResolver } from "./address-resolver.ts";

const A = 1;
const AAAA = 28;
const NXDOMAIN = 3;
const SERVFAIL = 2;

interface Answer {
  readonly code?: number;
  /** Types of questions that get nothing but the code; all when it is left out. */
  readonly failing?: readonly number[];
  /** By type of the question. */
  readonly addresses?: Readonly<Record<number, readonly (readonly number[])[]>>;
}

/** A DNS server that gives one answer to everybody; undefined: none. RFC 1035, section 4. */
async function startServer(answer: Answer | undefined): Promise<AsyncDisposable & { readonly address: string }> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    if (answer !== undefined) socket.send(reply(query, answer), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    [Symbol.asyncDispose]: async () => void (await once(socket.close(), "close")),
  };
}

function reply(query: Buffer, answer: Answer): Buffer {
  const questionEnd = query.indexOf(0, 12) + 5;
  const question = query.subarray(12, questionEnd);
  const type = question.readUInt16BE(question.length - 4);
  const code = answer.failing?.includes(type) === false ? 0 : (answer.code ?? 0);
  const records = (code === 0 ? (answer.addresses?.[type] ?? []) : []).map((bytes) => record(type, bytes));
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}

function record(type: number, address: readonly number[]): Buffer {
  const head = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 60, 0, address.length]);
  return Buffer.concat([head, Buffer.from(address)]);
}

const { signal } = new AbortController();
const fd00 = [0xfd, ...Array<number>(14).fill(0), 1];

it("gives the addresses of both families", async () => {
  await using server = await startServer({
    addresses: {
      [A]: [
        [10, 0, 0, 1],
        [10, 0, 0, 2],
      ],
      [AAAA]: [fd00],
    },
  });
  const resolver = new DnsAddressResolver({ servers: [server.address] });
  const found = await resolver.resolve("mesh.example.org", signal);
  expect(found.toSorted()).toEqual(["10.0.0.1", "10.0.0.2", "fd00::1"]);
});

it("is content with one family", async () => {
  await using server = await startServer({ addresses: { [A]: [[10, 0, 0, 1]] } });
  const resolver = new DnsAddressResolver({ servers: [server.address] });
  expect(await resolver.resolve("mesh.example.org", signal)).toEqual(["10.0.0.1"]);
});

it("is content with one family where the server fails for the other", async () => {
  await using server = await startServer({ code: SERVFAIL, failing: [AAAA], addresses: { [A]: [[10, 0, 0, 1]] } });
  const resolver = new DnsAddressResolver({ servers: [server.address] });
  expect(await resolver.resolve("mesh.example.org", signal)).toEqual(["10.0.0.1"]);
});

it("does not take a family that had addresses, and fails for once, for one that has none", async () => {
  const answer = { code: SERVFAIL, failing: [] as number[], addresses: { [A]: [[10, 0, 0, 1]], [AAAA]: [fd00] } };
  await using server = await startServer(answer);
  const resolver = new DnsAddressResolver({ servers: [server.address] });
  expect(await resolver.resolve("mesh.example.org", signal)).toHaveLength(2);
  answer.failing.push(A);
  const failed = resolver.resolve("mesh.example.org", signal);
  await expect(failed).rejects.toMatchObject({ code: "SubstituterUnavailable" });
});

it.each([
  ["has no addresses", {}, "the DNS name has no addresses"],
  ["does not exist", { code: NXDOMAIN }, "the DNS name has no addresses"],
  ["cannot be looked up", { code: SERVFAIL }, "the DNS name cannot be looked up (ESERVFAIL)"],
])("fails for a name that %s", async (_, answer, message) => {
  await using server = await startServer(answer);
  const failed = new DnsAddressResolver({ servers: [server.address] }).resolve("mesh.example.org", signal);
  await expect(failed).rejects.toMatchObject({ code: "SubstituterUnavailable", message });
});

it("ends with its signal while no server answers", async () => {
  await using server = await startServer(undefined);
  const stop = new AbortController();
  const looking = new DnsAddressResolver({ servers: [server.address] }).resolve("mesh.example.org", stop.signal);
  const reason = new Error("stopped");
  stop.abort(reason);
  await expect(looking).rejects.toBe(reason);
});
