/** A registry with one image, on 127.0.0.1, which docker takes without TLS; or one that wants a login for everything. */
import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

export interface Registry {
  readonly host: string;
  readonly digest: string;
  close(): Promise<void>;
}

const digestOf = (data: Buffer) => `sha256:${createHash("sha256").update(data).digest("hex")}`;
const TYPE = "application/vnd.docker.distribution.manifest.v2+json";

/** `layer` is a tar of the image's root. */
export async function startRegistry(layer: Buffer, isPrivate: boolean): Promise<Registry> {
  const packed = gzipSync(layer);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Env: ["PATH=/usr/local/bin:/usr/bin:/bin"] },
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
      history: [{ created: "2026-11-27T00:00:00Z" }],
    }),
  );
  const part = (mediaType: string, data: Buffer) => ({
    mediaType,
    size: data.length,
    digest: digestOf(data),
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPE,
      config: part("application/vnd.docker.container.image.v1+json", config),
      layers: [part("application/vnd.docker.image.rootfs.diff.tar.gzip", packed)],
    }),
  );
  const blobs = new Map([config, packed].map((data) => [digestOf(data), data]));
  const send = (response: ServerResponse, type: string, data: Buffer) =>
    response
      .writeHead(200, {
        "content-type": type,
        "content-length": data.length,
        "docker-content-digest": digestOf(data),
      })
      .end(data);
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const blob = blobs.get(path.split("/blobs/")[1] ?? "");
    if (isPrivate) {
      const errors = [{ code: "UNAUTHORIZED", message: "authentication required" }];
      const headers = { "www-authenticate": 'Basic realm="registry"', "content-type": "application/json" };
      response.writeHead(401, headers).end(JSON.stringify({ errors }));
    } else if (/^\/v2\/?$/.test(path)) response.writeHead(200).end("{}");
    else if (path.includes("/manifests/")) send(response, TYPE, manifest);
    else if (blob) send(response, "application/octet-stream", blob);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    digest: digestOf(manifest),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
