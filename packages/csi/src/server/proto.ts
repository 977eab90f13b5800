import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";

/** The services of CSI v1 (https://github.com/container-storage-interface/spec, csi.proto). */
export interface CsiProto {
  readonly Identity: ServiceDefinition;
  readonly Node: ServiceDefinition;
  /** Not served by the plugin; for tests that put a controller in front of it. */
  readonly Controller: ServiceDefinition;
}

/** The kubelet's plugin registration service (k8s.io/kubelet/pkg/apis/pluginregistration/v1). */
export interface RegistrationProto {
  readonly Registration: ServiceDefinition;
}

const MAX_PARENTS = 8;

/**
 * The directory of the `.proto` files: the nearest `proto/` with `fileName` beside or above this module. From source
 * that is the repository's; a bundle carries `proto/` next to its own file or one directory up.
 */
export function findProtoFile(fileName: string, startDir: string = import.meta.dirname): string {
  let directory = startDir;
  for (let depth = 0; depth < MAX_PARENTS; depth++) {
    const candidate = join(directory, "proto", fileName);
    if (existsSync(candidate)) return candidate;
    directory = dirname(directory);
  }
  throw new Error(`proto/${fileName} was not found beside or above ${startDir}: the installation is incomplete`);
}

/** Reads csi.proto. Field names stay as in the file, enums are strings, absent fields get their defaults. */
export function loadCsiProto(): CsiProto {
  const definition = loadProto("csi.proto");
  return {
    Identity: service(definition, "csi.v1.Identity"),
    Node: service(definition, "csi.v1.Node"),
    Controller: service(definition, "csi.v1.Controller"),
  };
}

/** Reads pluginregistration.proto, with the same conventions. */
export function loadRegistrationProto(): RegistrationProto {
  return { Registration: service(loadProto("pluginregistration.proto"), "pluginregistration.Registration") };
}

function loadProto(fileName: string): PackageDefinition {
  return loadSync(findProtoFile(fileName), {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
}

function service(definition: PackageDefinition, name: string): ServiceDefinition {
  const found = definition[name];
  if (found === undefined || "format" in found) throw new Error(`the proto file has no service ${name}`);
  return found as ServiceDefinition;
}
