// Serves the built window over the in-memory shop, under the same content policy as the shell's.
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist-fake', import.meta.url));
const configuration = fileURLToPath(new URL('../../tauri.conf.json', import.meta.url));

const kinds: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export async function serve(port = 0): Promise<Served> {
  const policy = await contentPolicy();
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://window').pathname);
    const file = join(dist, path === '/' ? 'index.html' : path);
    readFile(file).then(
      (bytes) => {
        response.setHeader('content-security-policy', policy);
        response.setHeader('content-type', kinds[extname(file)] ?? 'application/octet-stream');
        response.end(bytes);
      },
      () => {
        response.statusCode = 404;
        response.end();
      },
    );
  });
  const bound = await listening(server, port);
  return {
    url: `http://127.0.0.1:${bound}/`,
    close: () => new Promise((done) => void server.close(() => done())),
  };
}

/** The policy the shell sets, from its own configuration. */
async function contentPolicy(): Promise<string> {
  const read = JSON.parse(await readFile(configuration, 'utf8')) as {
    app: { security: { csp: string } };
  };
  return read.app.security.csp;
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((done) => {
    server.listen(port, '127.0.0.1', () => {
      const at = server.address();
      done(typeof at === 'object' && at ? at.port : port);
    });
  });
}
