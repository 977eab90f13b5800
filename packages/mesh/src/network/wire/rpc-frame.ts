import { badField, bytesField, choiceField, countField, flagField } from "./fields.ts";
import { type Fields, messageCodec } from "./message-codec.ts";

/** One frame of an RPC stream. `kind` and `reason` are numbers: a newer peer may know more of them than we do. */
export type RpcFrame =
  | { readonly type: "hello"; readonly maxRequests: number }
  | {
      readonly type: "request";
      readonly requestId: number;
      readonly kind: number;
      readonly payload: Uint8Array;
      readonly deadlineMs: number;
    }
  | { readonly type: "answer"; readonly requestId: number; readonly payload: Uint8Array; readonly last: boolean }
  | { readonly type: "failure"; readonly requestId: number; readonly reason: number }
  | { readonly type: "cancel"; readonly requestId: number }
  | { readonly type: "ping" }
  | { readonly type: "pong" };

/** Why a request was not answered; the numbers of `Failure.Reason` in the proto file. */
export const FAILURE = { internal: 0, busy: 1, unknownKind: 2, invalidRequest: 3, tooLarge: 4, tooLate: 5 } as const;

export type FailureReason = (typeof FAILURE)[keyof typeof FAILURE];

const codec = messageCodec("RpcFrame");

export function encodeRpcFrame(frame: RpcFrame): Uint8Array {
  const { type, ...rest } = frame;
  if (!("requestId" in rest)) return codec.encode({ [type]: rest });
  const { requestId, ...body } = rest;
  return codec.encode({ requestId, [type]: body });
}

/** @throws NiphasError BadBytes */
export function parseRpcFrame(bytes: Uint8Array): RpcFrame {
  const frame = codec.decode(bytes);
  const { name, fields } = choiceField(frame, "body");
  switch (name) {
    case "hello":
      return { type: name, maxRequests: countField(fields, "maxRequests") };
    case "ping":
    case "pong":
      return { type: name };
    default:
      return parseRequestFrame(name, requestIdOf(frame), fields);
  }
}

function parseRequestFrame(name: string, requestId: number, fields: Fields): RpcFrame {
  switch (name) {
    case "request": {
      const deadlineMs = countField(fields, "deadlineMs");
      return {
        type: name,
        requestId,
        kind: countField(fields, "kind"),
        payload: bytesField(fields, "payload"),
        deadlineMs,
      };
    }
    case "answer":
      return { type: name, requestId, payload: bytesField(fields, "payload"), last: flagField(fields, "last") };
    case "failure":
      return { type: name, requestId, reason: countField(fields, "reason") };
    case "cancel":
      return { type: name, requestId };
    default:
      throw badField();
  }
}

function requestIdOf(frame: Fields): number {
  const requestId = countField(frame, "requestId");
  if (requestId === 0) throw badField();
  return requestId;
}
