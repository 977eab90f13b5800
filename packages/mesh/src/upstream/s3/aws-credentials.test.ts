import { writeFileSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findAwsCredentials, parseProfiles } from "./aws-credentials.ts";

const FILE = `
[default]
aws_access_key_id = D
aws_secret_access_key = d
; a comment
[profile ci]
aws_access_key_id=C
aws_secret_access_key = c=
aws_session_token = t
[empty]
`;

describe("AWS credentials", () => {
  it("come from the environment first", async () => {
    const environment = { AWS_ACCESS_KEY_ID: "E", AWS_SECRET_ACCESS_KEY: "e", HOME: "/nowhere" };
    const found = await findAwsCredentials(undefined, environment);
    expect(found).toEqual({ accessKeyId: "E", secretAccessKey: "e", sessionToken: undefined });
  });

  it("come from the file by the profile that is asked for", async () => {
    await using directory = temporaryDirectory("aws");
    writeFileSync(directory.join("credentials"), FILE);
    const environment = {
      AWS_SHARED_CREDENTIALS_FILE: directory.join("credentials"),
      AWS_ACCESS_KEY_ID: "E",
      AWS_SECRET_ACCESS_KEY: "e",
    };
    const ci = { accessKeyId: "C", secretAccessKey: "c=", sessionToken: "t" };
    expect(await findAwsCredentials("ci", environment)).toEqual(ci);
    const withoutKeys = { ...environment, AWS_ACCESS_KEY_ID: undefined };
    expect((await findAwsCredentials(undefined, withoutKeys))?.accessKeyId).toBe("D");
    expect(await findAwsCredentials(undefined, { ...withoutKeys, AWS_PROFILE: "ci" })).toEqual(ci);
    expect(await findAwsCredentials("empty", environment)).toBeUndefined();
  });

  it("are none where there are none", async () => {
    expect(await findAwsCredentials(undefined, { HOME: "/nowhere" })).toBeUndefined();
  });
});

it("reads any credentials file without throwing, and names nothing outside a section", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const section of parseProfiles(text).keys()) expect(text).toContain(section);
    }),
  );
  expect(parseProfiles("a = b\n[x]\n").get("x")).toEqual({});
});
