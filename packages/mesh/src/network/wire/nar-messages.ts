import { type NarHash, NiphasError } from "@niphas/core";
import type { ByteRange, PathHash, PeerId } from "../../ports.ts";
import { parseForeignPeerId } from "../identity/peer-id.ts";
import { NAR_LIMITS } from "../limits.ts";
import { badField, choiceField, countField, fixedBytesField, textsField } from "./fields.ts";
import {
  encodeNarHash,
  encodePathHash,
  NAR_HASH_BYTES,
  PATH_HASH_BYTES,
  parseNarHashBytes,
  parsePathHash,
} from "./hashes.ts";
import { messageCodec } from "./message-codec.ts";

/** A range of the NAR with this hash. */
export interface NarRequest {
  readonly path: PathHash;
  readonly narHash: NarHash;
  readonly range: ByteRange;
}

/** What comes before the bytes, if any come. */
export type NarAnswerHead =
  | { readonly kind: "bytes"; readonly end: number }
  | { readonly kind: "later" }
  | { readonly kind: "busy"; readonly retryWith: readonly PeerId[] }
  | { readonly kind: "gone" };

const HINTS = { maxCount: NAR_LIMITS.maxHints, maxLength: 128 };

const request = messageCodec("NarRequest");
const answer = messageCodec("NarAnswer");

export function encodeNarRequest({ path, narHash, range }: NarRequest): Uint8Array {
  return request.encode({
    pathHash: encodePathHash(path),
    narHash: encodeNarHash(narHash),
    start: range.start,
    end: range.end,
  });
}

/** @throws NiphasError BadBytes, also for a range that is empty or goes back */
export function parseNarRequest(bytes: Uint8Array): NarRequest {
  const fields = request.decode(bytes);
  const range = { start: countField(fields, "start"), end: countField(fields, "end") };
  if (range.end <= range.start) throw new NiphasError("BadBytes", "a peer asked for a range without bytes");
  return {
    path: parsePathHash(fixedBytesField(fields, "pathHash", PATH_HASH_BYTES)),
    narHash: parseNarHashBytes(fixedBytesField(fields, "narHash", NAR_HASH_BYTES)),
    range,
  };
}

export function encodeNarAnswer(head: NarAnswerHead): Uint8Array {
  if (head.kind === "bytes") return answer.encode({ bytes: { end: head.end } });
  if (head.kind === "busy") return answer.encode({ busy: { retryWith: head.retryWith.slice(0, NAR_LIMITS.maxHints) } });
  return answer.encode({ [head.kind]: {} });
}

/** @throws NiphasError BadBytes, also when the answer does not fit the question */
export function parseNarAnswer(bytes: Uint8Array, asked: ByteRange): NarAnswerHead {
  const { name, fields } = choiceField(answer.decode(bytes), "kind");
  switch (name) {
    case "bytes":
      return { kind: name, end: parseEnd(countField(fields, "end"), asked) };
    case "busy":
      return { kind: name, retryWith: textsField(fields, "retryWith", HINTS).map(parseForeignPeerId) };
    case "gone":
    case "later":
      return { kind: name };
    default:
      throw badField();
  }
}

function parseEnd(end: number, asked: ByteRange): number {
  if (end > asked.start && end <= asked.end) return end;
  throw new NiphasError("BadBytes", "a peer answers with another range than it was asked for");
}
