import { COORDINATION_LIMITS } from "../../coordination/limits.ts";
import { WANT_ROLES, type WantReport, type WantVerdict } from "../../coordination/ports.ts";
import type { PeerId } from "../../ports.ts";
import { parseForeignPeerId } from "../identity/peer-id.ts";
import { RPC_LIMITS } from "../limits.ts";
import { badField, bytesField, countsField, fixedBytesField, textsField } from "../wire/fields.ts";
import { encodePathHashes, parsePathHashes } from "../wire/hashes.ts";
import { type Fields, messageCodec } from "../wire/message-codec.ts";
import type { RequestKind } from "./request-kind.ts";

const wantRequest = messageCodec("WantRequest");
const wantAnswer = messageCodec("WantAnswer");

const KIB = 1024;
const { maxReportsPerMessage: MAX_REPORTS, maxPeers: MAX_PEERS } = COORDINATION_LIMITS;
const PEERS = { maxCount: MAX_REPORTS * MAX_PEERS, maxLength: 128 };
const FETCH = 0;

/** Who gets these paths from upstream; one verdict for each. */
export const WANT: RequestKind<readonly WantReport[], readonly WantVerdict[]> = {
  id: 7,
  maxAnswerBytes: 512 * KIB,
  deadlineMs: RPC_LIMITS.defaultDeadlineMs,
  encodeQuestion: (reports) =>
    wantRequest.encode({
      pathHashes: encodePathHashes(reports.map(({ path }) => path)),
      roles: Uint8Array.from(reports, ({ role }) => WANT_ROLES.indexOf(role)),
      haveBytes: reports.map(({ haveBytes }) => haveBytes),
    }),
  parseQuestion: (bytes) => parseReports(wantRequest.decode(bytes)),
  encodeAnswer: encodeVerdicts,
  parseAnswer: (bytes, reports) => parseVerdicts(wantAnswer.decode(bytes), reports.length),
};

function parseReports(fields: Fields): readonly WantReport[] {
  const paths = parsePathHashes(bytesField(fields, "pathHashes"), MAX_REPORTS);
  const roles = fixedBytesField(fields, "roles", paths.length);
  const haveBytes = countsField(fields, "haveBytes", paths.length);
  if (haveBytes.length !== paths.length) throw badField();
  return paths.map((path, index) => {
    const role = WANT_ROLES[roles[index] ?? -1];
    if (role === undefined) throw badField();
    return { path, role, haveBytes: haveBytes[index] ?? 0 };
  });
}

function encodeVerdicts(verdicts: readonly WantVerdict[]): Uint8Array {
  const indexes = new Map<PeerId, number>();
  const peerIndexes: number[] = [];
  const bytes = Uint8Array.from(verdicts, (verdict) => {
    if (verdict.kind === "fetch") return FETCH;
    const peers = verdict.peers.slice(0, MAX_PEERS);
    for (const peer of peers) {
      if (!indexes.has(peer)) indexes.set(peer, indexes.size);
      peerIndexes.push(indexes.get(peer) ?? 0);
    }
    return peers.length + 1;
  });
  return wantAnswer.encode({ peers: [...indexes.keys()], verdicts: bytes, peerIndexes });
}

function parseVerdicts(fields: Fields, count: number): readonly WantVerdict[] {
  const peers = textsField(fields, "peers", PEERS).map(parseForeignPeerId);
  const bytes = fixedBytesField(fields, "verdicts", count);
  const indexes = countsField(fields, "peerIndexes", count * MAX_PEERS);
  let taken = 0;
  const verdicts = Array.from(bytes, (byte): WantVerdict => {
    if (byte === FETCH) return { kind: "fetch" };
    if (byte > MAX_PEERS + 1) throw badField();
    const own = indexes.slice(taken, taken + byte - 1);
    if (own.length < byte - 1) throw badField();
    taken += byte - 1;
    return { kind: "tail", peers: own.map((index) => peers[index] ?? unknownPeer()) };
  });
  if (taken !== indexes.length) throw badField();
  return verdicts;
}

function unknownPeer(): never {
  throw badField();
}
