import { type ErrorCode, NiphasError } from "@niphas/core";
import type { ApiRequest } from "../http/transport.ts";
import { JSON_PATCH } from "./content-types.ts";
import { parseJson } from "./parse-object.ts";

/** The `Status` object that the API server answers failures with. */
export interface ApiStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly name?: string };
}

const MAX_MESSAGE_LENGTH = 500;
/** Reads a failure's body; anything else than a Status, such as a proxy's own page, is an empty one. */
export function parseStatus(text: string): ApiStatus {
  const value = parseJson(text);
  return isStatus(value) ? value : {};
}

/**
 * The error for an answer that is not 2xx.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#http-status-codes
 */
export function apiError(
  httpStatus: number,
  status: ApiStatus,
  request: Pick<ApiRequest, "method" | "path" | "contentType">,
): NiphasError {
  const doesNotApply = isPatchThatDoesNotApply(httpStatus, status, request);
  const [path] = request.path.split("?");
  const told = doesNotApply ? "the object has changed, the patch does not apply" : (status.message ?? "");
  const words = told === "" ? "" : `: ${told.slice(0, MAX_MESSAGE_LENGTH)}`;
  const message = `the API server answers ${httpStatus} to ${request.method} ${path}${words}${adviceFor(httpStatus)}`;
  return new NiphasError(doesNotApply ? "ApiConflict" : codeOf(httpStatus), message);
}

function codeOf(httpStatus: number): ErrorCode {
  if (httpStatus === 401 || httpStatus === 403) return "ApiDenied";
  if (httpStatus === 404) return "ApiNotFound";
  if (httpStatus === 409) return "ApiConflict";
  if (httpStatus === 410) return "ApiExpired";
  if (httpStatus === 408 || httpStatus === 429 || httpStatus >= 500) return "ApiUnavailable";
  return "ApiRefused";
}

/**
 * A JSON patch with a failed `test` is answered like one that makes no sense: 422, and no word about why. An object that
 * the patch would make invalid is named. k8s.io/apiserver/pkg/endpoints/handlers/patch.go
 */
function isPatchThatDoesNotApply(
  httpStatus: number,
  { details }: ApiStatus,
  { contentType }: Pick<ApiRequest, "contentType">,
): boolean {
  return httpStatus === 422 && contentType === JSON_PATCH && details?.name === undefined;
}

function adviceFor(httpStatus: number): string {
  if (httpStatus === 401) return "; the credentials are not valid (any more)";
  if (httpStatus === 403) return "; grant it by RBAC";
  return "";
}

function isStatus(value: unknown): value is ApiStatus {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}
