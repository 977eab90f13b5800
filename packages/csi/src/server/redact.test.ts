import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { volumeId } from "../twins/test-plugin.ts";
import { describeRequest } from "./redact.ts";

const CANARY = "canary-3f9a";

describe("a request in the log", () => {
  it("has what helps and nothing that could be secret", () => {
    const request = {
      volume_id: volumeId(1),
      target_path: "/var/lib/kubelet/pods/1/mount",
      readonly: true,
      secrets: { token: CANARY },
      publish_context: { key: CANARY },
      volume_context: {
        storePath: "/nix/store/x",
        "storePath.x86_64-linux": "/nix/store/y",
        "csi.storage.k8s.io/pod.namespace": "default",
        "csi.storage.k8s.io/serviceAccount.tokens": CANARY,
        password: CANARY,
      },
    };
    expect(describeRequest(request)).toEqual({
      volumeId: volumeId(1),
      targetPath: "/var/lib/kubelet/pods/1/mount",
      readonly: true,
      volumeContext: {
        storePath: "/nix/store/x",
        "storePath.x86_64-linux": "/nix/store/y",
        "csi.storage.k8s.io/pod.namespace": "default",
      },
    });
  });

  it("is short and printable, whatever is sent", () => {
    const request = fc.record({
      volume_id: fc.string(),
      target_path: fc.string({ maxLength: 5000 }),
      secrets: fc.dictionary(fc.string(), fc.string()),
      volume_context: fc.dictionary(fc.oneof(fc.string(), fc.constant("storePath")), fc.string({ maxLength: 5000 })),
    });
    fc.assert(
      fc.property(fc.oneof(request, fc.jsonValue()), (value) => {
        const text = JSON.stringify(describeRequest(value));
        expect(text.length).toBeLessThan(2000);
        expect(text).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});
