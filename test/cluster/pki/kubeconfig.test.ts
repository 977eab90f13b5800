import { describe, expect, it } from "vitest";
import { kubeconfig } from "./kubeconfig.ts";

describe("kubeconfig", () => {
  it("holds all that a client needs", () => {
    const text = kubeconfig({
      cluster: "niphas",
      server: "https://127.0.0.1:20000",
      user: "admin",
      authorityCertificate: "authority",
      certificate: "certificate",
      key: "key",
    });
    const base64 = (value: string): string => Buffer.from(value).toString("base64");
    expect(JSON.parse(text)).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "niphas",
          cluster: { server: "https://127.0.0.1:20000", "certificate-authority-data": base64("authority") },
        },
      ],
      users: [
        {
          name: "admin",
          user: { "client-certificate-data": base64("certificate"), "client-key-data": base64("key") },
        },
      ],
      contexts: [{ name: "niphas", context: { cluster: "niphas", user: "admin" } }],
      "current-context": "niphas",
    });
  });
});
