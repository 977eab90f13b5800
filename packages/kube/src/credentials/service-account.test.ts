import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ServiceAccountCredentials } from "./service-account.ts";

const HOST = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "6443" };
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "niphas-kube-"));
  write("token", "first\n");
  write("ca.crt", "authority");
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}

async function tokenOf(credentials: ServiceAccountCredentials): Promise<unknown> {
  return (await credentials.requestOptions()).headers;
}

describe("a pod's credentials", () => {
  it("lead to the API server, by either kind of address, with token and authority", async () => {
    const credentials = new ServiceAccountCredentials({ directory, env: HOST });
    expect(credentials.server.href).toBe("https://10.0.0.1:6443/");
    expect(await credentials.requestOptions()).toEqual({
      ca: Buffer.from("authority"),
      headers: { Authorization: "Bearer first" },
    });
    const env = { ...HOST, KUBERNETES_SERVICE_HOST: "fd00::1" };
    expect(new ServiceAccountCredentials({ directory, env }).server.host).toBe("[fd00::1]:6443");
  });

  it("are read again after a minute, and at once when they were refused", async () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const credentials = new ServiceAccountCredentials({ directory, env: HOST });
    expect(await tokenOf(credentials)).toEqual({ Authorization: "Bearer first" });
    write("token", "second");
    now.mockReturnValue(59_999);
    expect(await tokenOf(credentials)).toEqual({ Authorization: "Bearer first" });
    now.mockReturnValue(60_000);
    expect(await tokenOf(credentials)).toEqual({ Authorization: "Bearer second" });
    write("token", "third");
    credentials.invalidate();
    expect(await tokenOf(credentials)).toEqual({ Authorization: "Bearer third" });
  });

  it("that have gone are told by their place", async () => {
    const credentials = new ServiceAccountCredentials({ directory, env: HOST });
    rmSync(join(directory, "ca.crt"));
    await expect(credentials.requestOptions()).rejects.toMatchObject({ code: "ApiDenied" });
    await expect(credentials.requestOptions()).rejects.toThrow(directory);
  });

  it.each([
    ["without an address", {}],
    ["with an address that is none", { ...HOST, KUBERNETES_SERVICE_PORT: "many" }],
  ])("are not there %s", (_, env) => {
    const make = () => new ServiceAccountCredentials({ directory, env });
    expect(make).toThrow("run it in a pod, or give --kubeconfig");
  });
});
