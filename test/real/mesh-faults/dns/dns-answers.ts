const HEADER_BYTES = 12;
const TYPE_A = 1;
const TTL_SECONDS = 1;
/** What fits into one datagram beside the question; with more, the answer says that it was cut. */
export const MAX_DATAGRAM_ANSWERS = 28;
const ANSWER_IS_CUT = 0x02;

/** What each question is answered with. */
export type DnsConduct =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "silence" }
  | { readonly kind: "garbage" };

/** RFC 1035, section 4. Undefined: no answer. */
export function dnsAnswer(question: Buffer, conduct: DnsConduct, maxAnswers: number): Buffer | undefined {
  if (conduct.kind === "silence") return undefined;
  if (conduct.kind === "garbage") return Buffer.concat([question.subarray(0, 2), Buffer.alloc(100, 0xff)]);
  const end = question.indexOf(0, HEADER_BYTES) + 5;
  const addresses = question.readUInt16BE(end - 4) === TYPE_A ? conduct.addresses : [];
  const told = addresses.slice(0, maxAnswers);
  const header = Buffer.from(question.subarray(0, HEADER_BYTES));
  header[2] = 0x84 | (told.length < addresses.length ? ANSWER_IS_CUT : 0);
  header[3] = 0;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(told.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, question.subarray(HEADER_BYTES, end), ...told.map(record)]);
}

function record(address: string): Buffer {
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, TTL_SECONDS, 0, 4]);
  return Buffer.concat([head, Buffer.from(address.split(".").map(Number))]);
}
