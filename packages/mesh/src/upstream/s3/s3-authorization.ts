import type { Authorize } from "../http/http-files.ts";
import { findAwsCredentials } from "./aws-credentials.ts";
import { signedHeaders } from "./signature-v4.ts";

/** Signs requests with what credentials are found at the time; without any they go out anonymous. */
export function s3Authorization(
  init: { readonly region: string; readonly profile: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Authorize {
  return async (url) => {
    const credentials = await findAwsCredentials(init.profile, environment);
    if (credentials === undefined) return {};
    return signedHeaders(url, credentials, { region: init.region, service: "s3", date: new Date() });
  };
}
