import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import type { RpcCode } from "../csi/rpc-client.ts";
import { isFinalError } from "./error-codes.ts";

it("takes five codes as not final, and every other error as final", () => {
  const codes = Object.keys(status).filter((name): name is RpcCode => Number.isNaN(Number(name)));
  const nonFinal = ["OK", "CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"];
  expect(codes.filter((code) => !isFinalError(code)).sort()).toEqual(nonFinal.sort());
});
