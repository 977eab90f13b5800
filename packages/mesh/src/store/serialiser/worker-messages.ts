import { type ByteString, type ErrorCode, isNiphasError, NiphasError, systemErrorCode } from "@niphas/core";
import type { ByteRange } from "../../ports.ts";

/** What a worker is asked; `id` comes back with the answer. */
export type WorkerRequest =
  | { readonly kind: "walk"; readonly id: number; readonly root: ByteString }
  | {
      readonly kind: "measure";
      readonly id: number;
      readonly root: ByteString;
      /** Of a `NarPlanDraft`, which is changed in place. */
      readonly draft: SharedArrayBuffer;
      /** Entries from here on. */
      readonly start: number;
      /** To before this one. */
      readonly end: number;
      /** One number, of the steps that are not done yet: who does the last one finishes the draft. */
      readonly stepsLeft: SharedArrayBuffer;
    }
  | { readonly kind: "list"; readonly id: number; readonly plan: SharedArrayBuffer }
  | {
      readonly kind: "read";
      readonly id: number;
      readonly root: ByteString;
      /** Of a `NarPlan`; shared, not copied. */
      readonly plan: SharedArrayBuffer;
      readonly range: ByteRange;
    };

export type WorkerAnswer =
  | { readonly kind: "draft"; readonly id: number; readonly draft: SharedArrayBuffer }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "listing"; readonly id: number; readonly listing: string | undefined }
  | { readonly kind: "bytes"; readonly id: number; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: "failure"; readonly id: number; readonly code: ErrorCode; readonly message: string };

/** What the kernel says of a tree that is not what it was. */
const CHANGED_CODES: readonly string[] = ["ENOENT", "ENOTDIR", "ELOOP", "EISDIR", "ESPIPE", "ENXIO"];

export function toFailure(id: number, error: unknown): WorkerAnswer {
  const { code, message } = isNiphasError(error) ? error : readError(error);
  return { kind: "failure", id, code, message };
}

function readError(error: unknown): NiphasError {
  const code = systemErrorCode(error);
  if (code === undefined) return new NiphasError("Internal", "a store path cannot be read", { cause: error });
  if (CHANGED_CODES.includes(code)) return new NiphasError("BadBytes", `a file of a store path has gone (${code})`);
  return new NiphasError("StoreUnavailable", `a file of a store path cannot be read (${code})`);
}
