import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HELLO, WORLD } from "../twins/test-plugin.ts";
import { FilePolicy } from "./file-policy.ts";
import { DefaultPolicy, type PolicyVerdict } from "./policy.ts";

let dir: string;
let policyFile: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "niphas-policy-"));
  policyFile = join(dir, "policy.json");
});
afterEach(() => rmSync(dir, { recursive: true }));

const pod = (namespace: string, serviceAccount = "default") => ({ namespace, serviceAccount, name: "p", uid: "u" });
const write = (...rules: readonly object[]): void => writeFileSync(policyFile, JSON.stringify({ version: 1, rules }));

function check(namespace: string, roots = [HELLO], policy = new FilePolicy({ file: policyFile })): PolicyVerdict {
  return policy.check({ pod: pod(namespace), roots });
}

it("lets the first rule that matches decide", () => {
  write(
    { name: "lab", namespaces: ["lab"], contentAddressedRoots: true },
    { name: "rest", namespaces: ["*"], storePathNames: ["hello-*"] },
  );
  expect(check("lab")).toEqual({ rule: "lab", allowContentAddressedRoots: true });
  expect(check("shop")).toEqual({ rule: "rest", allowContentAddressedRoots: false });
});

it("denies what no rule matches, naming file, namespace, account and path", () => {
  write({ name: "hello", storePathNames: ["hello-*"] });
  const denied = expect.objectContaining({ code: "PolicyDenied" });
  expect(() => check("shop", [HELLO, WORLD])).toThrow(denied);
  expect(() => check("shop", [WORLD])).toThrow(
    `policy ${policyFile}: no rule allows namespace shop, service account default to mount world-1.0: whoever keeps the policy can add a rule`,
  );
});

it("is read again when it changes", () => {
  const policy = new FilePolicy({ file: policyFile });
  write({ name: "a", namespaces: ["a"] });
  expect(check("a", [HELLO], policy).rule).toBe("a");
  write({ name: "only b", namespaces: ["b"] });
  expect(() => check("a", [HELLO], policy)).toThrow(expect.objectContaining({ code: "PolicyDenied" }));
});

it("allows nothing when the file is missing, wrong, or becomes wrong", () => {
  const policy = new FilePolicy({ file: policyFile });
  const invalid = expect.objectContaining({ code: "PolicyInvalid" });
  expect(() => check("a", [HELLO], policy)).toThrow(invalid);
  write({ name: "all" });
  check("a", [HELLO], policy);
  writeFileSync(policyFile, "{");
  expect(() => check("a", [HELLO], policy)).toThrow(invalid);
  expect(() => check("a", [HELLO], policy)).toThrow("nothing is allowed: it is not JSON");
});

it("cannot be applied to a pod that the kubelet does not name", () => {
  write({ name: "all" });
  expect(() => check("")).toThrow("podInfoOnMount");
});

it("allows signed paths to everybody when there is no file", () => {
  expect(new DefaultPolicy().check()).toEqual({ rule: "default", allowContentAddressedRoots: false });
});
