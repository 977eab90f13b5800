import { NiphasError } from "@niphas/core";
import type { ByteRange, NarRangeRequest, PeerId } from "../../ports.ts";
import { parseForeignPeerId } from "../identity/peer-id.ts";
import { NAR_LIMITS } from "../limits.ts";
import { badField, choiceField, countField, countsField, fixedBytesField, textsField } from "./fields.ts";
import {
  encodeNarHash,
  encodePathHash,
  NAR_HASH_BYTES,
  PATH_HASH_BYTES,
  parseNarHashBytes,
  parsePathHash,
} from "./hashes.ts";
import { messageCodec } from "./message-codec.ts";

export type NarRequest = NarRangeRequest;

/** What comes before the bytes, if any come. */
export type NarAnswerHead =
  | { readonly kind: "bytes"; readonly end: number }
  | { readonly kind: "later"; readonly available: readonly ByteRange[] }
  | { readonly kind: "busy"; readonly retryWith: readonly PeerId[] }
  | { readonly kind: "gone" };

const HINTS = { maxCount: NAR_LIMITS.maxHints, maxLength: 128 };

const request = messageCodec("NarRequest");
const answer = messageCodec("NarAnswer");

export function encodeNarRequest({ path, narHash, range, usefulFrom }: NarRequest): Uint8Array {
  return request.encode({
    pathHash: encodePathHash(path),
    narHash: encodeNarHash(narHash),
    start: range.start,
    end: range.end,
    usefulFrom: usefulFrom ?? range.start,
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
    usefulFrom: parseUsefulFrom(countField(fields, "usefulFrom"), range),
  };
}

export function encodeNarAnswer(head: NarAnswerHead): Uint8Array {
  if (head.kind === "bytes") return answer.encode({ bytes: { end: head.end } });
  if (head.kind === "busy") return answer.encode({ busy: { retryWith: head.retryWith.slice(0, NAR_LIMITS.maxHints) } });
  if (head.kind === "later") return answer.encode({ later: { available: encodeRanges(head.available) } });
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
    case "later":
      return { kind: name, available: parseRanges(countsField(fields, "available", 2 * NAR_LIMITS.maxRanges)) };
    case "gone":
      return { kind: name };
    default:
      throw badField();
  }
}

function parseEnd(end: number, asked: ByteRange): number {
  if (end > asked.start && end <= asked.end) return end;
  throw new NiphasError("BadBytes", "a peer answers with another range than it was asked for");
}

function parseUsefulFrom(usefulFrom: number, asked: ByteRange): number {
  if (usefulFrom <= asked.start) return usefulFrom;
  throw new NiphasError("BadBytes", "a peer asked for a range that is of no use to it");
}

function encodeRanges(ranges: readonly ByteRange[]): readonly number[] {
  return ranges.slice(0, NAR_LIMITS.maxRanges).flatMap(({ start, end }) => [start, end]);
}

/** In order, without common bytes. Where the NAR ends the asking side knows. */
function parseRanges(ends: readonly number[]): readonly ByteRange[] {
  if (ends.length % 2 !== 0) throw badField();
  const ranges: ByteRange[] = [];
  for (let index = 0; index < ends.length; index += 2) {
    const [start = 0, end = 0] = ends.slice(index, index + 2);
    if (end <= start || start < (ranges.at(-1)?.end ?? 0)) throw badField();
    ranges.push({ start, end });
  }
  return ranges;
}
