export interface NginxInit {
  /** For its own files; exists. */
  readonly directory: string;
  /** What it serves. */
  readonly rootDirectory: string;
  readonly address: string;
  readonly port: number;
  readonly accessLogFile: string;
}

/** Names of the fields of one line of the access log, with nginx's variables; all are written as text. */
const LOG_FIELDS = {
  atSeconds: "$msec",
  client: "$remote_addr",
  method: "$request_method",
  path: "$uri",
  range: "$http_range",
  status: "$status",
  bytes: "$bytes_sent",
} as const;

/** A plain static server with the settings that serve large files best; nginx.org/en/docs/http/ngx_http_core_module.html */
export function nginxConfiguration({ directory, rootDirectory, address, port, accessLogFile }: NginxInit): string {
  const fields = Object.entries(LOG_FIELDS).map(([name, variable]) => `"${name}":"${variable}"`);
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `  ${name}_temp_path ${directory}/${name};`,
  );
  return `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
${temporaryPaths.join("\n")}
  log_format request escape=json '{${fields.join(",")}}';
  access_log ${accessLogFile} request;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 600s;
  keepalive_requests 1000000;
  default_type application/octet-stream;
  server {
    # A small buffer: what lies in it when a client leaves counts as sent.
    listen ${address}:${port} sndbuf=256k backlog=4096;
    root ${rootDirectory};
  }
}
`;
}
