import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseUpstreamUrl } from "./upstream-url.ts";

describe("an upstream's address", () => {
  it("by HTTP may have a path, a login and a priority; its name has no secrets", () => {
    expect(parseUpstreamUrl("https://ann:p%40ss@cache.example:8443/team/a?priority=5&token=canary")).toEqual({
      kind: "http",
      base: new URL("https://cache.example:8443/team/a/"),
      login: { user: "ann", password: "p@ss" },
      name: "https://cache.example:8443/team/a",
      priority: 5,
    });
    expect(parseUpstreamUrl("http://cache.example")).toMatchObject({ login: undefined, priority: undefined });
  });

  it("by file names a directory", () => {
    expect(parseUpstreamUrl("file:///srv/a%20cache?priority=1")).toMatchObject({
      kind: "file",
      directory: "/srv/a cache",
      name: "file:///srv/a cache",
      priority: 1,
    });
  });

  it.each([
    ["s3://bucket", "https://bucket.s3.us-east-1.amazonaws.com/"],
    ["s3://bucket?region=eu-west-1", "https://bucket.s3.eu-west-1.amazonaws.com/"],
    ["s3://dotted.bucket", "https://s3.us-east-1.amazonaws.com/dotted.bucket/"],
    ["s3://bucket?endpoint=minio.example:9000&scheme=http", "http://minio.example:9000/bucket/"],
    ["s3://bucket/some/prefix?endpoint=http://[::1]:9000", "http://[::1]:9000/bucket/some/prefix/"],
    ["s3://bucket/a%2Bb/?endpoint=minio.example", "https://minio.example/bucket/a%2Bb/"],
  ])("by S3 is an HTTP address: %s", (text, base) => {
    expect(parseUpstreamUrl(text)).toMatchObject({ kind: "s3", base: new URL(base) });
  });

  it.each([
    "cache.example",
    "ssh-ng://host",
    "file://host/share",
    "https://cache.example?priority=high",
    "s3://bucket?scheme=ftp",
    "s3://bucket?endpoint=user:secret@host",
    "s3://bucket?endpoint=host/path",
    "s3://bucket?region=a/b",
    "s3://b",
  ])("cannot be %s", (text) => {
    expect(() => parseUpstreamUrl(text)).toThrow(expect.objectContaining({ code: "InvalidConfiguration" }));
  });

  it("that cannot be used is never repeated, and none throws another error", () => {
    const secret = fc.stringMatching(/^[a-z0-9]{12}$/);
    const scheme = fc.constantFrom("http", "https", "s3", "file", "ftp", "");
    fc.assert(
      fc.property(scheme, secret, fc.string(), (name, password, rest) => {
        try {
          expect(parseUpstreamUrl(`${name}://user:${password}@${rest}`).name).not.toContain(password);
        } catch (error) {
          expect(error).toMatchObject({ code: "InvalidConfiguration" });
          expect(JSON.stringify([String(error), error])).not.toContain(password);
        }
      }),
    );
  });
});
