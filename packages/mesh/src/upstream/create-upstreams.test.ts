import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { formatNarInfo, parseNarHash, parseStorePath, storePathHash } from "@niphas/core";
import { BinaryCacheServer, temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { createUpstreams, type UpstreamsInit } from "./create-upstreams.ts";
import { parsePathHash } from "./path-hash.ts";

const { signal: never } = new AbortController();
const BYTES = Buffer.from("the bytes of a NAR");
const PATH = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-app");
const HASH = parsePathHash(storePathHash(PATH)) ?? expect.fail("no hash");
const INFO = {
  path: PATH,
  url: "nar/a+b.nar",
  compression: "none",
  fileHash: undefined,
  fileSizeBytes: undefined,
  narHash: parseNarHash(`sha256:${createHash("sha256").update(BYTES).digest("hex")}`),
  narSizeBytes: BYTES.length,
  references: [],
  deriver: undefined,
  signatures: [],
  contentAddress: undefined,
};

/** A cache in `bucket/`, served over HTTP. */
async function rig() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("upstreams"));
  mkdirSync(directory.join("bucket/nar"), { recursive: true });
  writeFileSync(directory.join("bucket/nix-cache-info"), "StoreDir: /nix/store\nPriority: 40\n");
  writeFileSync(directory.join(`bucket/${HASH}.narinfo`), formatNarInfo(INFO));
  writeFileSync(directory.join("bucket", INFO.url), BYTES);
  const server = stack.use(await BinaryCacheServer.start(directory.path));
  const read = async (url: string, init: Partial<UpstreamsInit> = {}) => {
    const [upstream = expect.fail("no upstream")] = createUpstreams({ urls: [url], environment: {}, ...init });
    await using _ = upstream;
    const info = await upstream.narInfo(HASH, never);
    expect(info).toEqual(INFO);
    const { body } = await upstream.nar(info ?? INFO, 4, never);
    expect(Buffer.concat(await Array.fromAsync(body)).equals(BYTES.subarray(4))).toBe(true);
    return upstream.priority;
  };
  const host = server.url.slice("http://".length);
  return { directory, server, read, host, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe("an upstream", () => {
  it("is a directory", async () => {
    await using test = await rig();
    expect(await test.read(`file://${test.directory.join("bucket")}`)).toBe(40);
    expect(await test.read(`file://${test.directory.join("bucket")}?priority=3`)).toBe(3);
  });

  it("is a cache over HTTP, with the login of a netrc file", async () => {
    await using test = await rig();
    const netrcFile = test.directory.join("netrc");
    writeFileSync(netrcFile, "machine 127.0.0.1 login ann password pass");
    test.server.authorization = `Basic ${Buffer.from("ann:pass").toString("base64")}`;
    expect(await test.read(`${test.server.url}/bucket`, { netrcFile })).toBe(40);
    expect(await test.read(`http://ann:pass@${test.host}/bucket/`)).toBe(40);
    const wrong = test.read(`http://ann:canary@${test.host}/bucket/`);
    await expect(wrong).rejects.toMatchObject({ code: "SubstituterUnavailable" });
    await expect(wrong).rejects.not.toThrow(/canary/);
  });

  it("is an S3 bucket, with signed requests when there are credentials", async () => {
    await using test = await rig();
    const url = `s3://bucket?endpoint=${test.host}&scheme=http&region=eu-west-1`;
    await test.read(url, { environment: { HOME: test.directory.path } });
    expect(test.server.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    test.server.clearLog();
    await test.read(url, { environment: { AWS_ACCESS_KEY_ID: "KEY", AWS_SECRET_ACCESS_KEY: "secret" } });
    expect(test.server.requests.map((request) => request.path)).toEqual([
      "/bucket/nix-cache-info",
      `/bucket/${HASH}.narinfo`,
      "/bucket/nar/a+b.nar",
    ]);
    for (const { headers } of test.server.requests) {
      expect(headers.authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=KEY\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=host;/,
      );
    }
  });

  it("cannot be made of certificates that are not there", () => {
    const environment = { NIX_SSL_CERT_FILE: "/nowhere/ca.crt" };
    expect(() => createUpstreams({ urls: ["https://cache.example"], environment })).toThrow(
      expect.objectContaining({ code: "InvalidConfiguration" }),
    );
  });
});
