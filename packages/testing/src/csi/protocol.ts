import { fileURLToPath } from "node:url";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** What travels: fields in the proto's own spelling (`volume_id`). */
export type Message = Readonly<Record<string, unknown>>;
export type Method = MethodDefinition<object, object>;

export type ServiceName = "csi.v1.Identity" | "csi.v1.Controller" | "csi.v1.Node" | "pluginregistration.Registration";

const PROTO_DIR = fileURLToPath(new URL("../../../../proto", import.meta.url));

const definitions = loadSync(["csi.proto", "pluginregistration.proto"], {
  includeDirs: [PROTO_DIR],
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** The methods of a service from `proto/`, for clients and servers alike. */
export function serviceDefinition(name: ServiceName): ServiceDefinition {
  const definition = definitions[name];
  if (definition === undefined || "format" in definition) throw new Error(`proto/ has no service ${name}`);
  return definition;
}

export function methodDefinition(service: ServiceName, method: string): Method {
  const definition = serviceDefinition(service)[method];
  if (definition === undefined) throw new Error(`${service} has no method ${method}`);
  return definition as Method;
}
