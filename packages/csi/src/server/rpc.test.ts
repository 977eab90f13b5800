import { EventEmitter } from "node:events";
import { NiphasError } from "@niphas/core";
import { ManualClock, settle } from "@niphas/service";
import { beforeEach, expect, it } from "vitest";
import { CapturedLog } from "../twins/captured-log.ts";
import { type RpcContext, RpcRunner } from "./rpc.ts";

let clock: ManualClock;
let log: CapturedLog;
let rpc: RpcRunner;
let answers: { readonly code: number; readonly details: string | undefined }[];
let calls: EventEmitter[];

beforeEach(() => {
  clock = new ManualClock();
  log = new CapturedLog();
  answers = [];
  calls = [];
  const observer = { rpcEnded: () => undefined, rpcFailed: () => undefined };
  rpc = new RpcRunner({ clock, logger: log.logger, observer });
});

/** Calls the method as gRPC does. */
function invoke(handle: (context: RpcContext) => object | Promise<object>, budgetMs = 1000): void {
  const method = { name: "Method", budgetMs, handle: async (_request: object, context: RpcContext) => handle(context) };
  const call = Object.assign(new EventEmitter(), { request: {} });
  calls.push(call);
  rpc.serve(method, call, (error) => answers.push({ code: error?.code ?? 0, details: error?.details }));
}

const forever = async (): Promise<object> => Promise.withResolvers<object>().promise;

it("answers within the budget with a code that is not final, whatever the handler does", async () => {
  let reason: unknown;
  invoke(async ({ signal }) => {
    signal.addEventListener("abort", () => {
      reason = signal.reason;
    });
    return forever();
  });
  await clock.advance(1000);
  expect(answers).toEqual([{ code: 10, details: "Method did not end within 1 s; its work goes on, retry later" }]);
  expect(reason).toMatchObject({ code: "VolumeBusy" });
});

it("answers once, and forgets its timer", async () => {
  const { promise, resolve } = Promise.withResolvers<object>();
  invoke(async () => promise);
  await clock.advance(1000);
  resolve({});
  await settle();
  expect(answers).toHaveLength(1);
  invoke(() => ({}));
  await settle();
  expect(answers).toHaveLength(2);
  expect(clock.timerCount).toBe(0);
});

it("tells the handler when the client leaves", async () => {
  invoke(async ({ signal }) => {
    const { promise, reject } = Promise.withResolvers<object>();
    signal.addEventListener("abort", () => reject(signal.reason));
    return promise;
  });
  calls[0]?.emit("cancelled");
  await settle();
  expect(answers[0]?.code).toBe(14);
});

it("turns everything that is thrown into a status", async () => {
  const thrown: readonly unknown[] = [
    new NiphasError("DiskFull", "full"),
    new TypeError("bug"),
    "text",
    undefined,
    null,
  ];
  for (const each of thrown) {
    invoke(() => {
      throw each;
    });
  }
  invoke(async () => Promise.reject(new Error("later")));
  await settle();
  expect(answers.map(({ code }) => code)).toEqual([8, 13, 13, 13, 13, 13]);
});

it("cuts long messages", async () => {
  invoke(() => {
    throw new NiphasError("PolicyDenied", "x".repeat(5000));
  });
  await settle();
  expect(answers[0]?.details).toHaveLength(1000);
});

it("puts a message of several lines on one, as it will stand in an event", async () => {
  invoke(() => {
    throw new NiphasError("BadBytes", "wrong bytes: hash mismatch;\n  specified: a\r\n  got: b");
  });
  await settle();
  expect(answers[0]?.details).toBe("wrong bytes: hash mismatch; specified: a got: b");
});

it("never sends half a character, on which grpc-js would throw", async () => {
  invoke(() => {
    throw new NiphasError("PolicyDenied", `${"x".repeat(999)}\u{1F512}`);
  });
  await settle();
  expect(answers[0]?.details?.isWellFormed()).toBe(true);
});

it("outlives an answer that cannot be sent", async () => {
  const method = { name: "Method", budgetMs: 1000, handle: async () => Promise.reject(new Error("any")) };
  rpc.serve(method, Object.assign(new EventEmitter(), { request: {} }), () => {
    throw new URIError("malformed");
  });
  await settle();
  expect(log.records("an answer was lost")).toHaveLength(1);
});

it("ends every running call when told to", async () => {
  for (let n = 0; n < 3; n++) {
    invoke(async ({ signal }) => {
      const { promise, reject } = Promise.withResolvers<object>();
      signal.addEventListener("abort", () => reject(signal.reason));
      return promise;
    });
  }
  rpc.abortAll(new NiphasError("ShuttingDown", "bye"));
  await settle();
  expect(answers).toEqual(Array.from({ length: 3 }, () => ({ code: 14, details: "bye" })));
});

it("logs progress and leaving at info, refusals at warn, bugs at error, success only at debug", async () => {
  for (const code of ["StillFetching", "PolicyDenied", "Internal"] as const) {
    invoke(() => {
      throw new NiphasError(code, code);
    });
  }
  invoke(() => ({}));
  await settle();
  expect(log.records().map(({ level }) => level)).toEqual([30, 40, 50, 20]);
});
