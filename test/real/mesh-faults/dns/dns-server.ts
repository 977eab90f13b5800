import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { type DnsConduct, dnsAnswer, MAX_DATAGRAM_ANSWERS } from "./dns-answers.ts";

/** `dns-server.ts FILE`: answers on 127.0.0.1, port 53, as the {@link DnsConduct} in the file says now. */

const ADDRESS = "127.0.0.1";
const PORT = 53;
const LENGTH_BYTES = 2;
const file = process.argv[2] ?? "";
const conduct = (): DnsConduct => JSON.parse(readFileSync(file, "utf8"));

const datagrams = createSocket("udp4").bind(PORT, ADDRESS);
datagrams.on("message", (question, from) => {
  const answer = dnsAnswer(question, conduct(), MAX_DATAGRAM_ANSWERS);
  if (answer !== undefined) datagrams.send(answer, from.port, from.address);
});

const streams = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    const answer = dnsAnswer(bytes.subarray(LENGTH_BYTES), conduct(), Number.POSITIVE_INFINITY);
    if (answer === undefined) return;
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(answer.length);
    socket.write(Buffer.concat([length, answer]));
  });
});
streams.listen(PORT, ADDRESS, () => process.stdout.write("listening\n"));
