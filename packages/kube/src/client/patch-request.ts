import { requestPath } from "../http/request-path.ts";
import type { ApiRequest } from "../http/transport.ts";
import type { KubeObject } from "../objects/kube-object.ts";
import { apiVersionOf, type Resource } from "../objects/resource.ts";
import type { ObjectName, Patch } from "../ports.ts";
import { APPLY_PATCH, JSON_PATCH, MERGE_PATCH } from "./content-types.ts";

export function patchRequest(resource: Resource<KubeObject>, name: ObjectName, patch: Patch): ApiRequest {
  const path = requestPath(resource, name);
  switch (patch.type) {
    case "merge":
      return { method: "PATCH", path, contentType: MERGE_PATCH, body: JSON.stringify(patch.body) };
    case "json":
      return { method: "PATCH", path, contentType: JSON_PATCH, body: JSON.stringify(patch.operations) };
    case "apply": {
      const { fieldManager, force, object } = patch;
      // The object must say its name once more.
      const metadata = { ...object.metadata, ...name };
      const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object, metadata };
      const applyPath = requestPath(resource, name, { fieldManager, force });
      return { method: "PATCH", path: applyPath, contentType: APPLY_PATCH, body: JSON.stringify(body) };
    }
  }
}
