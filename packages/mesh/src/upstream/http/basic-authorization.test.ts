import { rmSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import { expect, it } from "vitest";
import { basicAuthorization } from "./basic-authorization.ts";

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

it("takes the login of the URL before that of the netrc file, which may change", async () => {
  await using directory = temporaryDirectory("netrc");
  const file = directory.join("netrc");
  const url = new URL("https://cache.example/a");
  const authorize = basicAuthorization("cache", undefined, file);
  expect(await authorize(url)).toEqual({});
  writeFileSync(file, "machine cache.example login ann password one");
  expect(await authorize(url)).toEqual(basic("ann:one"));
  writeFileSync(file, "machine cache.example login ann password two");
  expect(await authorize(url)).toEqual(basic("ann:two"));
  expect(await authorize(new URL("https://other.example/"))).toEqual({});
  const own = basicAuthorization("cache", { user: "u", password: "p" }, file);
  expect(await own(url)).toEqual(basic("u:p"));
  rmSync(file);
});

it("says when the file cannot be read, without what is in it", async () => {
  await using directory = temporaryDirectory("netrc");
  const authorize = basicAuthorization("cache", undefined, directory.path);
  await expect(authorize(new URL("https://cache.example/"))).rejects.toMatchObject({ code: "SubstituterUnavailable" });
});
