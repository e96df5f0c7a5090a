-- What belongs to the shop itself. Never the text of a message. Times are milliseconds since 1970
-- (UTC). Once released, this file never changes.

-- Values by name, as JSON.
CREATE TABLE settings (
    name            TEXT PRIMARY KEY,
    value           TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- This installation and the relay it talks to; one row.
CREATE TABLE device (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    device_id       TEXT NOT NULL,
    relay_url       TEXT NOT NULL,
    relay_id        TEXT,
    relay_keys      TEXT NOT NULL,
    enrolled_at     INTEGER NOT NULL
) STRICT;

-- OAuth grants. The app-scoped user id is what a deletion order names.
CREATE TABLE logins (
    id              TEXT PRIMARY KEY,
    platform        TEXT NOT NULL,
    user_id         TEXT,
    user_name       TEXT,
    granted         TEXT NOT NULL,
    declined        TEXT NOT NULL,
    state           TEXT NOT NULL,
    made_at         INTEGER NOT NULL,
    expires_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX logins_user ON logins (user_id);

CREATE TABLE connections (
    id              BLOB PRIMARY KEY,
    channel         TEXT NOT NULL,
    platform_id     TEXT NOT NULL,
    name            TEXT NOT NULL,
    handle          TEXT,
    page_id         TEXT,
    waba_id         TEXT,
    phone           TEXT,
    login           TEXT,
    state           TEXT NOT NULL,
    state_since     INTEGER NOT NULL,
    token_expires_at INTEGER,
    last_event_at   INTEGER,
    checked_at      INTEGER,
    connected_at    INTEGER NOT NULL,
    UNIQUE (channel, platform_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX connections_login ON connections (login);

-- Which logins cover a connection; a deletion order reaches logins, not accounts.
CREATE TABLE connection_logins (
    connection      BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    login           TEXT NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    PRIMARY KEY (connection, login)
) STRICT, WITHOUT ROWID;
CREATE INDEX connection_logins_login ON connection_logins (login);

-- Persons are opaque here: the contacts they link are rows in vaults, by number.
CREATE TABLE persons (
    id              BLOB PRIMARY KEY,
    made_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE person_links (
    connection      BLOB NOT NULL,
    contact         INTEGER NOT NULL,
    person          BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    linked_at       INTEGER NOT NULL,
    PRIMARY KEY (connection, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_links_person ON person_links (person);

-- Keyed hashes: it can be asked whether somebody is in here, not who is.
CREATE TABLE suppression (
    hash            BLOB PRIMARY KEY,
    reason          TEXT NOT NULL,
    at              INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Random keys of the shop's own, by name.
CREATE TABLE shop_keys (
    name            TEXT PRIMARY KEY,
    key             BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The control stream's cursor; one row.
CREATE TABLE cursor (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    stream          BLOB NOT NULL,
    seq             INTEGER NOT NULL,
    chain           BLOB NOT NULL,
    durable         INTEGER NOT NULL
) STRICT;

-- Envelopes with a good signature that do not open; sealed, counted in Settings.
CREATE TABLE unopened (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    stream          BLOB NOT NULL,
    seq             INTEGER NOT NULL,
    connection      BLOB,
    envelope        BLOB NOT NULL,
    reason          TEXT NOT NULL,
    at              INTEGER NOT NULL,
    UNIQUE (stream, seq)
) STRICT;

-- Deletion receipts: signed text without personal data.
CREATE TABLE receipts (
    deletion_id     TEXT PRIMARY KEY,
    scope           TEXT NOT NULL,
    text            TEXT NOT NULL,
    at              INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Wipes of connections that are complete here and of which the relay, or a locked keychain, does
-- not know yet.
CREATE TABLE owed (
    deletion_id     TEXT PRIMARY KEY,
    wipe            TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Orders to erase that came from outside, and how far they are.
CREATE TABLE deletion_orders (
    id              TEXT PRIMARY KEY,
    body            TEXT NOT NULL,
    state           TEXT NOT NULL,
    issued_at       INTEGER NOT NULL,
    received_at     INTEGER NOT NULL,
    due_at          INTEGER,
    changed_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deletion_orders_open ON deletion_orders (state, due_at);

-- Things the owner should know, until they are put away.
CREATE TABLE notices (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT NOT NULL,
    connection      BLOB,
    body            TEXT NOT NULL,
    at              INTEGER NOT NULL,
    put_away_at     INTEGER
) STRICT;
CREATE INDEX notices_open ON notices (at, id) WHERE put_away_at IS NULL;
