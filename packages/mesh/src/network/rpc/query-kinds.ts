import { NiphasError } from "@niphas/core";
import protobuf from "protobufjs";
import type { PathHash, PeerPathInfo } from "../../ports.ts";
import { RPC_LIMITS } from "../limits.ts";
import { bytesField, fixedBytesField } from "../wire/fields.ts";
import { encodePathHash, encodePathHashes, PATH_HASH_BYTES, parsePathHash, parsePathHashes } from "../wire/hashes.ts";
import { messageCodec } from "../wire/message-codec.ts";
import { encodePathInfo, parsePathInfo } from "../wire/path-info.ts";
import type { RequestKind } from "./request-kind.ts";

export interface ClosureQuestion {
  readonly path: PathHash;
  /** At most {@link MAX_HASHES}. */
  readonly known: readonly PathHash[];
}

/** Paths of one answer. The closure of a whole system has a few thousand. */
export const MAX_CLOSURE_PATHS = 20_000;
/** Hashes of one question; one frame holds them. */
export const MAX_HASHES = 32_768;

const closureRequest = messageCodec("ClosureRequest");
const haveRequest = messageCodec("HaveRequest");
const haveAnswer = messageCodec("HaveAnswer");

/** The closure of a path, without what is known; undefined when the path is not held. */
export const CLOSURE: RequestKind<ClosureQuestion, readonly PeerPathInfo[] | undefined> = {
  id: 1,
  maxAnswerBytes: RPC_LIMITS.maxAnswerBytes,
  deadlineMs: RPC_LIMITS.defaultDeadlineMs,
  encodeQuestion: ({ path, known }) =>
    closureRequest.encode({ pathHash: encodePathHash(path), knownPathHashes: encodePathHashes(known) }),
  parseQuestion: (bytes) => {
    const fields = closureRequest.decode(bytes);
    const path = parsePathHash(fixedBytesField(fields, "pathHash", PATH_HASH_BYTES));
    return { path, known: parsePathHashes(bytesField(fields, "knownPathHashes"), MAX_HASHES) };
  },
  encodeAnswer: encodeClosureAnswer,
  parseAnswer: (bytes) => parseClosureAnswer(bytes),
};

/** Which of the paths are held now, in full or in part. */
export const HAVE: RequestKind<readonly PathHash[], readonly PathHash[]> = {
  id: 2,
  maxAnswerBytes: MAX_HASHES * PATH_HASH_BYTES + 16,
  deadlineMs: RPC_LIMITS.defaultDeadlineMs,
  encodeQuestion: (paths) => haveRequest.encode({ pathHashes: encodePathHashes(paths) }),
  parseQuestion: (bytes) => parsePathHashes(bytesField(haveRequest.decode(bytes), "pathHashes"), MAX_HASHES),
  encodeAnswer: (paths) => haveAnswer.encode({ pathHashes: encodePathHashes(paths) }),
  parseAnswer: (bytes, asked) => {
    const held = parsePathHashes(bytesField(haveAnswer.decode(bytes), "pathHashes"), asked.length);
    const known = new Set(asked);
    if (!held.every((path) => known.delete(path)))
      throw new NiphasError("BadBytes", "a peer tells what it was not asked");
    return held;
  },
};

/** Tags of `ClosureAnswer` in the proto file: number * 8 + wire type. */
const FOUND_TAG = 1 * 8 + 0;
const PATH_INFO_TAG = 2 * 8 + 2;

function encodeClosureAnswer(infos: readonly PeerPathInfo[] | undefined): Uint8Array {
  const writer = protobuf.Writer.create();
  if (infos === undefined) return writer.finish();
  if (infos.length > MAX_CLOSURE_PATHS)
    throw new NiphasError("InvalidRequest", "the closure has too many paths to tell");
  writer.uint32(FOUND_TAG).bool(true);
  for (const info of infos) writer.uint32(PATH_INFO_TAG).bytes(encodePathInfo(info));
  return writer.finish();
}

/** Path by path, so that an answer of empty messages fails at its first and not after it has become millions of objects. */
function parseClosureAnswer(bytes: Uint8Array): readonly PeerPathInfo[] | undefined {
  const reader = protobuf.Reader.create(bytes);
  let isFound = false;
  const infos: PeerPathInfo[] = [];
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === PATH_INFO_TAG) infos.push(parsePathInfo(reader.bytes()));
      else if (tag === FOUND_TAG) isFound = reader.bool();
      else reader.skipType(tag & 7);
      if (infos.length > MAX_CLOSURE_PATHS) throw new RangeError("too many paths");
    }
  } catch (error) {
    throw new NiphasError("BadBytes", "a peer sent a closure that cannot be read", { cause: error });
  }
  return isFound ? infos : undefined;
}
