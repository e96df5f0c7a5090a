-- What the relay keeps. Sealed bytes, public keys, HMACs under a pepper that is not here, counts and moments.
-- No token, no name, no number, no text, no raw id of an account or a person.

CREATE TABLE boot (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    number  INTEGER NOT NULL,
    record  TEXT    NOT NULL
) STRICT;

CREATE TABLE devices (
    row           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            BLOB    NOT NULL UNIQUE,
    identity      BLOB    NOT NULL,
    enrolled_at   INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    removed_at    INTEGER,
    waiting       INTEGER NOT NULL, -- envelopes behind no durable cursor, over the device's connections
    waiting_bytes INTEGER NOT NULL
) STRICT;

-- A control stream has no account. An ended stream takes nothing more; a dropped one has no envelopes either.
CREATE TABLE streams (
    row          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB    NOT NULL UNIQUE,
    device       INTEGER NOT NULL REFERENCES devices (row),
    account      BLOB,
    subscription BLOB,
    key_id       BLOB    NOT NULL,
    seal_key     BLOB    NOT NULL,
    sequence     INTEGER NOT NULL,
    link         BLOB    NOT NULL,
    stored       INTEGER NOT NULL,
    durable      INTEGER NOT NULL,
    full_since   INTEGER,
    refused      INTEGER NOT NULL,
    made_at      INTEGER NOT NULL,
    ended_at     INTEGER,
    dropped_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX streams_live ON streams (device, account) WHERE ended_at IS NULL AND account IS NOT NULL;
CREATE UNIQUE INDEX streams_control ON streams (device) WHERE ended_at IS NULL AND account IS NULL;
CREATE INDEX streams_account ON streams (account) WHERE ended_at IS NULL;
CREATE INDEX streams_subscription ON streams (subscription) WHERE ended_at IS NULL;

CREATE TABLE logins (
    row             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              BLOB    NOT NULL UNIQUE,
    person          BLOB    NOT NULL,
    device          INTEGER NOT NULL REFERENCES devices (row),
    made_at         INTEGER NOT NULL,
    deauthorized_at INTEGER,
    ended_at        INTEGER
) STRICT;
CREATE INDEX logins_person ON logins (person);

-- That a login gives the right to a stream's account, proven at a moment. `stopped` says why not any more.
CREATE TABLE routes (
    stream    INTEGER NOT NULL REFERENCES streams (row),
    login     INTEGER NOT NULL REFERENCES logins (row),
    proven_at INTEGER NOT NULL,
    stopped   TEXT,
    PRIMARY KEY (stream, login)
) STRICT, WITHOUT ROWID;
CREATE INDEX routes_login ON routes (login);

CREATE TABLE envelopes (
    stream    INTEGER NOT NULL REFERENCES streams (row),
    sequence  INTEGER NOT NULL,
    previous  BLOB    NOT NULL,
    sealed    BLOB    NOT NULL,
    minute    INTEGER NOT NULL,
    passed_at INTEGER -- when the device's durable cursor passed it
) STRICT;
CREATE UNIQUE INDEX envelopes_place ON envelopes (stream, sequence);
CREATE INDEX envelopes_passed ON envelopes (passed_at) WHERE passed_at IS NOT NULL;
CREATE INDEX envelopes_minute ON envelopes (minute);

CREATE TABLE heads (
    stream    INTEGER NOT NULL REFERENCES streams (row),
    sequence  INTEGER NOT NULL,
    link      BLOB    NOT NULL,
    at        INTEGER NOT NULL,
    signature BLOB    NOT NULL,
    PRIMARY KEY (stream, sequence)
) STRICT, WITHOUT ROWID;

-- Webhook bodies seen before, by HMAC.
CREATE TABLE seen (
    body BLOB    NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_at ON seen (at);

-- Logins under way: ten minutes at most. `sealed` is for the device alone; `found` holds HMACs.
CREATE TABLE pending_logins (
    id            BLOB    NOT NULL PRIMARY KEY,
    state         BLOB    NOT NULL UNIQUE,
    device        INTEGER NOT NULL REFERENCES devices (row),
    verifier_hash BLOB    NOT NULL,
    port          INTEGER NOT NULL,
    key_id        BLOB    NOT NULL,
    seal_key      BLOB    NOT NULL,
    expires_at    INTEGER NOT NULL,
    used_at       INTEGER,
    person        BLOB,
    made_at       INTEGER,
    handoff       BLOB,
    sealed        BLOB,
    found         TEXT,
    wrong_tries   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE enrol_codes (
    code       BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deletions (
    code            TEXT    NOT NULL PRIMARY KEY,
    request         BLOB    NOT NULL UNIQUE,
    received_at     INTEGER NOT NULL,
    relay_erased_at INTEGER,
    envelopes       INTEGER NOT NULL,
    refused_at      INTEGER,
    reason          TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE deletion_devices (
    code   TEXT    NOT NULL REFERENCES deletions (code),
    device BLOB    NOT NULL,
    state  TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (code, device)
) STRICT, WITHOUT ROWID;

-- Wipes the relay has answered, so that it answers the same again. No personal data in any of it.
CREATE TABLE receipts (
    deletion   BLOB    NOT NULL PRIMARY KEY,
    code       TEXT,
    notice     TEXT    NOT NULL,
    completion TEXT    NOT NULL,
    statement  TEXT    NOT NULL,
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_code ON receipts (code);

CREATE TABLE counters (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
