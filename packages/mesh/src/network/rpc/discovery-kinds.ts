import {
  type Announcement,
  type AnnouncementAnswer,
  type DigestList,
  formatDelta,
  formatHolders,
  formatSummary,
  type HoldersWire,
  parseAnnouncement,
  parseDelta,
  parseHolders,
  parsePosition,
  parseQuery,
  parseSummary,
  type SummaryAnswer,
  type SummaryDelta,
  type SummaryDeltaWire,
  type SummaryPosition,
} from "../../discovery/index.ts";
import type { PeerId } from "../../ports.ts";
import { parseForeignPeerId } from "../identity/peer-id.ts";
import { RPC_LIMITS } from "../limits.ts";
import {
  bytesField,
  choiceField,
  countField,
  countsField,
  flagField,
  messageField,
  textsField,
} from "../wire/fields.ts";
import { type Fields, messageCodec } from "../wire/message-codec.ts";
import type { RequestKind } from "./request-kind.ts";

const summaryRequest = messageCodec("SummaryRequest");
const summaryAnswer = messageCodec("SummaryAnswer");
const summaryDelta = messageCodec("SummaryDelta");
const announcement = messageCodec("Announcement");
const announcementAnswer = messageCodec("AnnouncementAnswer");
const holdersRequest = messageCodec("HoldersRequest");
const holdersAnswer = messageCodec("HoldersAnswer");

const KIB = 1024;
const DEADLINE_MS = RPC_LIMITS.defaultDeadlineMs;
/** Peers of one answer: as many as there may be members. */
const PEERS = { maxCount: 16_384, maxLength: 128 };
const MAX_INDEXES = 64 * KIB;
const DIGEST_BYTES = 20;

/** What a peer holds. */
export const SUMMARY: RequestKind<SummaryPosition | undefined, SummaryAnswer> = {
  id: 3,
  maxAnswerBytes: 2048 * KIB,
  deadlineMs: DEADLINE_MS,
  encodeQuestion: (known) => summaryRequest.encode(known === undefined ? {} : { known }),
  parseQuestion: (bytes) => {
    const fields = summaryRequest.decode(bytes);
    return fields["known"] == null ? undefined : parsePosition(positionOf(messageField(fields, "known")));
  },
  encodeAnswer: (answer) => {
    if (answer.kind === "delta") return summaryAnswer.encode({ delta: formatDelta(answer.delta) });
    if (answer.kind === "summary") return summaryAnswer.encode({ summary: formatSummary(answer.summary) });
    return summaryAnswer.encode({ current: {} });
  },
  parseAnswer: (bytes) => {
    const { name, fields } = choiceField(summaryAnswer.decode(bytes), "kind");
    if (name === "delta") return { kind: name, delta: parseDelta(deltaOf(fields)) };
    if (name !== "summary") return { kind: "current" };
    const lists = { filter: bytesField(fields, "filter"), removed: bytesField(fields, "removed") };
    return { kind: name, summary: parseSummary({ ...positionOf(fields), ...lists }) };
  },
};

/** What has changed at the asking side; the answer says nothing. */
export const DELTA: RequestKind<SummaryDelta, void> = {
  id: 4,
  maxAnswerBytes: 16,
  deadlineMs: DEADLINE_MS,
  encodeQuestion: (delta) => summaryDelta.encode({ ...formatDelta(delta) }),
  parseQuestion: (bytes) => parseDelta(deltaOf(summaryDelta.decode(bytes))),
  encodeAnswer: () => new Uint8Array(),
  parseAnswer: () => undefined,
};

/** What the asking side holds in the shards of the answering one. */
export const ANNOUNCE: RequestKind<Announcement, AnnouncementAnswer> = {
  id: 5,
  maxAnswerBytes: 16,
  deadlineMs: DEADLINE_MS,
  encodeQuestion: (question) => announcement.encode({ ...question }),
  parseQuestion: (bytes) => {
    const fields = announcement.decode(bytes);
    return parseAnnouncement({
      epoch: countField(fields, "epoch"),
      sequence: countField(fields, "sequence"),
      added: bytesField(fields, "added"),
      removed: bytesField(fields, "removed"),
    });
  },
  encodeAnswer: (answer) => announcementAnswer.encode({ applied: answer === "applied" }),
  parseAnswer: (bytes) => (flagField(announcementAnswer.decode(bytes), "applied") ? "applied" : "resend"),
};

/** Who holds these paths; one list for each. */
export const HOLDERS: RequestKind<DigestList, readonly (readonly PeerId[])[]> = {
  id: 6,
  maxAnswerBytes: 1024 * KIB,
  deadlineMs: DEADLINE_MS,
  encodeQuestion: (digests) => holdersRequest.encode({ pathHashes: digests }),
  parseQuestion: (bytes) => parseQuery(bytesField(holdersRequest.decode(bytes), "pathHashes")),
  encodeAnswer: (lists) => encodeHolders(formatHolders(lists)),
  parseAnswer: (bytes, digests) =>
    parseHolders(decodeHolders(bytes), digests.byteLength / DIGEST_BYTES, parseForeignPeerId),
};

function positionOf(fields: Fields): SummaryPosition {
  return { epoch: countField(fields, "epoch"), version: countField(fields, "version") };
}

function deltaOf(fields: Fields): SummaryDeltaWire {
  return {
    epoch: countField(fields, "epoch"),
    fromVersion: countField(fields, "fromVersion"),
    toVersion: countField(fields, "toVersion"),
    added: bytesField(fields, "added"),
    removed: bytesField(fields, "removed"),
  };
}

function encodeHolders({ peers, lists }: HoldersWire): Uint8Array {
  const holderCounts = Uint8Array.from(lists, ({ indexes }) => indexes.length);
  return holdersAnswer.encode({ peers, holderCounts, holderIndexes: lists.flatMap(({ indexes }) => [...indexes]) });
}

function decodeHolders(bytes: Uint8Array): HoldersWire {
  const fields = holdersAnswer.decode(bytes);
  const indexes = countsField(fields, "holderIndexes", MAX_INDEXES);
  let taken = 0;
  const lists = Array.from(bytesField(fields, "holderCounts"), (count) => {
    taken += count;
    return { indexes: indexes.slice(taken - count, taken) };
  });
  return { peers: textsField(fields, "peers", PEERS), lists };
}
