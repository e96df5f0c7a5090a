// The peer of ingest-vs-express: the webhook receiver most teams write, carefully. It does what
// the relay does but for sealing and chaining: checks the signature over the raw bytes, reads the
// body, keeps each entry durably, answers 200 only then, and pushes it to whoever listens.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import Database from 'better-sqlite3';
import express from 'express';

const [, , path, secret] = process.argv;

const db = new Database(path);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`
  CREATE TABLE accounts (id TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE seen (digest BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX events_waiting ON events (account, id) WHERE delivered = 0;
`);
const addAccount = db.prepare('INSERT OR IGNORE INTO accounts (id) VALUES (?)');
const isKnown = db.prepare('SELECT 1 FROM accounts WHERE id = ?');
const remember = db.prepare('INSERT OR IGNORE INTO seen (digest, at) VALUES (?, ?)');
const insert = db.prepare('INSERT INTO events (account, body, at) VALUES (?, ?, ?)');
const keep = db.transaction((digest, entries, now) => {
  if (remember.run(digest, now).changes === 0) return [];
  return entries
    .filter((entry) => isKnown.get(String(entry.id)))
    .map((entry) => insert.run(String(entry.id), JSON.stringify(entry), now).lastInsertRowid);
});

const listeners = new Set();
const app = express();
app.disable('x-powered-by');
app.disable('etag');

app.post('/webhooks/meta', express.raw({ type: '*/*', limit: '4mb' }), (request, response) => {
  const given = Buffer.from(String(request.headers['x-hub-signature-256'] ?? ''));
  const digest = createHmac('sha256', secret).update(request.body).digest();
  const wanted = Buffer.from(`sha256=${digest.toString('hex')}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    response.status(401).end();
    return;
  }
  const rows = keep(digest, JSON.parse(request.body.toString('utf8')).entry ?? [], Date.now());
  for (const row of rows) for (const listener of listeners) listener.write(`data: ${row}\n\n`);
  response.status(200).end();
});

app.get('/events', (request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  listeners.add(response);
  request.on('close', () => listeners.delete(response));
});

// What the relay learns at a login, told at once.
app.post('/accounts', express.json({ limit: '1mb' }), (request, response) => {
  db.transaction(() => request.body.forEach((id) => addAccount.run(id)))();
  response.status(200).end();
});

const server = app.listen(0, '127.0.0.1', () => {
  const require = createRequire(import.meta.url);
  const version = (name) => require(`${name}/package.json`).version;
  const sqlite = db.prepare('SELECT sqlite_version() AS version').get().version;
  const versions = `express ${version('express')}, better-sqlite3 ${version('better-sqlite3')} (SQLite ${sqlite}), Node ${process.version}`;
  process.stdout.write(`${server.address().port} ${versions}\n`);
});
