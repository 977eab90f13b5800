import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { authorization, awsEncode, canonicalRequest, signedHeaders } from "./signature-v4.ts";

const EMPTY = createHash("sha256").digest("hex");
const signatureOf = (header: string | undefined) => header?.split("Signature=")[1];

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples" */
describe("AWS's examples for S3", () => {
  const credentials = {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    sessionToken: undefined,
  };
  const scope = { region: "us-east-1", service: "s3", date: new Date("2013-05-24T00:00:00Z") };

  it("get an object's first ten bytes", () => {
    const url = new URL("https://examplebucket.s3.amazonaws.com/test.txt");
    const headers = {
      host: url.host,
      range: "bytes=0-9",
      "x-amz-content-sha256": EMPTY,
      "x-amz-date": "20130524T000000Z",
    };
    expect(authorization(canonicalRequest(url, headers, EMPTY), credentials, scope)).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, " +
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
  });

  it.each([
    ["get a bucket's lifecycle", "?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"],
    ["list objects", "?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"],
  ])("%s", (_name, query, signature) => {
    const url = new URL(`https://examplebucket.s3.amazonaws.com/${query}`);
    expect(signatureOf(signedHeaders(url, credentials, scope)["authorization"])).toBe(signature);
  });

  it("sends and signs a session token", () => {
    const url = new URL("https://examplebucket.s3.amazonaws.com/test.txt");
    const headers = signedHeaders(url, { ...credentials, sessionToken: "TOKEN" }, scope);
    expect(headers["x-amz-security-token"]).toBe("TOKEN");
    expect(headers["authorization"]).toContain("x-amz-date;x-amz-security-token");
  });
});

/** The case get-vanilla of AWS's test suite for signature version 4. */
it("signs for other services too", () => {
  const credentials = {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    sessionToken: undefined,
  };
  const scope = { region: "us-east-1", service: "service", date: new Date("2015-08-30T12:36:00Z") };
  const headers = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z" };
  const request = canonicalRequest(new URL("https://example.amazonaws.com/"), headers, EMPTY);
  expect(signatureOf(authorization(request, credentials, scope))).toBe(
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  );
});

it("escapes all but the unreserved characters, once", () => {
  expect(awsEncode("a-b_c.d~e/f+g=h(i)'j*! k")).toBe("a-b_c.d~e%2Ff%2Bg%3Dh%28i%29%27j%2A%21%20k");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(awsEncode(text)).toMatch(/^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(awsEncode(text))).toBe(text);
    }),
  );
});
