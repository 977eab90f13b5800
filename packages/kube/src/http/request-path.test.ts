import { expect, it } from "vitest";
import { PODS } from "../objects/core.ts";
import { CSI_NODES } from "../objects/storage.ts";
import { requestPath } from "./request-path.ts";

it("is that of the API conventions", () => {
  expect(requestPath(PODS, {})).toBe("/api/v1/pods");
  expect(requestPath(PODS, { namespace: "shop", name: "p" })).toBe("/api/v1/namespaces/shop/pods/p");
  expect(requestPath(CSI_NODES, { name: "node-1" })).toBe("/apis/storage.k8s.io/v1/csinodes/node-1");
  expect(requestPath(PODS, {}, { limit: 5, continue: undefined, labelSelector: "a=b" })).toBe(
    "/api/v1/pods?limit=5&labelSelector=a%3Db",
  );
});

it("takes no name for a way elsewhere", () => {
  expect(requestPath(PODS, { namespace: "a", name: "../../x?y" })).toBe("/api/v1/namespaces/a/pods/..%2F..%2Fx%3Fy");
  expect(() => requestPath(PODS, { namespace: "..", name: "x" })).toThrow(
    expect.objectContaining({ code: "ApiRefused" }),
  );
});
