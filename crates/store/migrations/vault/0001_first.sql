-- The vault of one connection. Ids are AUTOINCREMENT: a number once used never means something else.
-- Times are milliseconds since 1970 (UTC). Once released, this file never changes.

-- What is known about the connection itself; one row.
CREATE TABLE facts (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    channel         TEXT NOT NULL,
    platform_id     TEXT NOT NULL,
    name            TEXT NOT NULL,
    handle          TEXT,
    page_id         TEXT,
    waba_id         TEXT,
    phone           TEXT,
    app_id          TEXT,
    login           TEXT,
    connected_at    INTEGER NOT NULL
) STRICT;

-- Moments and small values the engine remembers about this connection, by name.
CREATE TABLE marks (
    name            TEXT PRIMARY KEY,
    value           TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the stream from the relay has been written down; committed with the rows it brought.
CREATE TABLE cursor (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    stream          BLOB NOT NULL,
    seq             INTEGER NOT NULL,
    chain           BLOB NOT NULL,
    durable         INTEGER NOT NULL
) STRICT;

-- Keys of events that were written down, but for messages, which have rows of their own. Hashes: the
-- keys themselves can name a person.
CREATE TABLE events_seen (
    hash            BLOB PRIMARY KEY,
    at              INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX events_seen_old ON events_seen (at);

CREATE TABLE contacts (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT,
    name_at         INTEGER,
    handle          TEXT,
    handle_at       INTEGER,
    person          BLOB,
    picture_file    BLOB,
    picture_key     BLOB,
    picture_size    INTEGER,
    profile_at      INTEGER,
    profile_next    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX contacts_profile ON contacts (profile_next);
CREATE INDEX contacts_picture ON contacts (picture_file) WHERE picture_file IS NOT NULL;
CREATE INDEX contacts_person ON contacts (person) WHERE person IS NOT NULL;

CREATE TABLE contact_keys (
    kind            TEXT NOT NULL,
    value           TEXT NOT NULL,
    contact         INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    seen_at         INTEGER NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_keys_contact ON contact_keys (contact, seen_at);

-- Two contacts that turned out to be one person: the id that went away and the one that stayed.
CREATE TABLE contact_moves (
    gone            INTEGER PRIMARY KEY,
    stayed          INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX contact_moves_stayed ON contact_moves (stayed);

-- One contact, one conversation, one id. `last_inbound_at` and what is below it follows the messages
-- in the transaction that changes them. Nothing that was sent before `unseen_from` is unseen:
-- counting starts there.
CREATE TABLE conversations (
    id                  INTEGER PRIMARY KEY REFERENCES contacts (id) ON DELETE CASCADE,
    delivered_upto      INTEGER,
    person_read_upto    INTEGER,
    elsewhere_upto      INTEGER,
    read_wanted         TEXT,
    last_inbound_at     INTEGER,
    last_activity       INTEGER,
    last_message        INTEGER,
    unread              INTEGER NOT NULL DEFAULT 0,
    unseen_from         INTEGER,
    waits               INTEGER NOT NULL DEFAULT 0,
    failed              INTEGER NOT NULL DEFAULT 0,
    several_keys        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conversations_recent ON conversations (last_activity, id)
    WHERE last_activity IS NOT NULL;
CREATE INDEX conversations_unread ON conversations (last_activity, id) WHERE unread > 0;
CREATE INDEX conversations_waiting ON conversations (last_activity, id) WHERE waits = 1;
CREATE INDEX conversations_to_tell ON conversations (id) WHERE read_wanted IS NOT NULL;

-- What could not be understood, raw, to be shown as "unsupported" and tried again after an update.
CREATE TABLE quarantine (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    event_key       TEXT NOT NULL,
    raw             BLOB NOT NULL,
    reason          TEXT NOT NULL,
    conversation    INTEGER REFERENCES contacts (id) ON DELETE CASCADE,
    at              INTEGER NOT NULL,
    tried_with      TEXT NOT NULL
) STRICT;
CREATE INDEX quarantine_tried ON quarantine (tried_with, id);
CREATE INDEX quarantine_conversation ON quarantine (conversation);

CREATE TABLE messages (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation    INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    platform_id     TEXT UNIQUE,
    our_id          BLOB,
    author          TEXT NOT NULL,
    sent_at         INTEGER NOT NULL,
    arrived_at      INTEGER NOT NULL,
    text            TEXT,
    reply_to        TEXT,
    story_id        TEXT,
    story_kind      TEXT,
    delivery        TEXT,
    failure_reason  TEXT,
    failure_code    TEXT,
    unsent          INTEGER NOT NULL DEFAULT 0,
    edited_at       INTEGER,
    elsewhere       INTEGER NOT NULL DEFAULT 0,
    recovered       INTEGER NOT NULL DEFAULT 0,
    history         INTEGER NOT NULL DEFAULT 0,
    seen            INTEGER NOT NULL DEFAULT 1,
    unsupported     TEXT,
    quarantine      INTEGER REFERENCES quarantine (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX messages_thread ON messages (conversation, sent_at);
CREATE UNIQUE INDEX messages_our_id ON messages (our_id) WHERE our_id IS NOT NULL;
CREATE INDEX messages_failed ON messages (conversation) WHERE delivery = 'failed';
CREATE INDEX messages_quarantine ON messages (quarantine) WHERE quarantine IS NOT NULL;

-- News about a message that has not arrived yet; applied when it does.
CREATE TABLE pending (
    platform_id     TEXT NOT NULL,
    kind            TEXT NOT NULL,
    at              INTEGER NOT NULL,
    body            TEXT,
    conversation    INTEGER REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (platform_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_old ON pending (at);
CREATE INDEX pending_conversation ON pending (conversation) WHERE conversation IS NOT NULL;

-- By the message's platform id, so that a reaction may come before its message. A reaction taken
-- off stays as a row without emoji: an older one arriving late must not bring it back.
CREATE TABLE reactions (
    platform_id     TEXT NOT NULL,
    author          TEXT NOT NULL,
    emoji           TEXT,
    at              INTEGER NOT NULL,
    PRIMARY KEY (platform_id, author)
) STRICT, WITHOUT ROWID;

CREATE TABLE attachments (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    message         INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    state           TEXT NOT NULL,
    source          TEXT,
    mime            TEXT,
    file_name       TEXT,
    file            BLOB,
    key             BLOB,
    size            INTEGER,
    width           INTEGER,
    height          INTEGER,
    thumb_file      BLOB,
    thumb_key       BLOB,
    thumb_size      INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    due_at          INTEGER NOT NULL DEFAULT 0,
    UNIQUE (message, position)
) STRICT;
CREATE INDEX attachments_waiting ON attachments (due_at, id) WHERE state = 'waiting';
CREATE INDEX attachments_file ON attachments (file) WHERE file IS NOT NULL;
CREATE INDEX attachments_thumb ON attachments (thumb_file) WHERE thumb_file IS NOT NULL;

-- Media files whose row is gone and which are still to be unlinked.
CREATE TABLE dead_media (
    file            BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE drafts (
    conversation    INTEGER PRIMARY KEY REFERENCES contacts (id) ON DELETE CASCADE,
    text            TEXT NOT NULL,
    changed_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE draft_pictures (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation    INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    mime            TEXT NOT NULL,
    file_name       TEXT,
    file            BLOB NOT NULL,
    key             BLOB NOT NULL,
    size            INTEGER NOT NULL,
    width           INTEGER,
    height          INTEGER,
    thumb_file      BLOB,
    thumb_key       BLOB,
    thumb_size      INTEGER
) STRICT;
CREATE INDEX draft_pictures_conversation ON draft_pictures (conversation, id);
CREATE INDEX draft_pictures_file ON draft_pictures (file);
CREATE INDEX draft_pictures_thumb ON draft_pictures (thumb_file) WHERE thumb_file IS NOT NULL;

-- What is to leave. A row goes away only together with its message's new state.
CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    message         INTEGER NOT NULL UNIQUE REFERENCES messages (id) ON DELETE CASCADE,
    conversation    INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    means           TEXT NOT NULL,
    state           TEXT NOT NULL,
    due_at          INTEGER NOT NULL,
    held            INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    started_at      INTEGER
) STRICT;
CREATE INDEX outbox_conversation ON outbox (conversation, state, id);
CREATE INDEX outbox_due ON outbox (state, due_at, id);

-- Visible rows "N messages could not be recovered".
CREATE TABLE gaps (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation    INTEGER REFERENCES contacts (id) ON DELETE CASCADE,
    at              INTEGER NOT NULL,
    lost            INTEGER NOT NULL,
    reason          TEXT NOT NULL
) STRICT;
CREATE INDEX gaps_conversation ON gaps (conversation, at);

-- Earlier seal keys of this stream, until `durable` has passed the change of keys.
CREATE TABLE seal_keys (
    key_id          BLOB PRIMARY KEY,
    secret          BLOB NOT NULL,
    until_seq       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Words in the plain form that `words.rs` makes; the tokenizer only splits at spaces. Contentless:
-- the text is kept once, in its own table. An entry
-- is taken out by giving its old words again; secure-delete then rewrites the page instead of
-- leaving the word behind a marker.
-- The beginnings of words have entries of their own: what is still being typed is found as fast.
CREATE VIRTUAL TABLE message_words USING fts5 (
    words, content = '', prefix = '2 3', tokenize = 'ascii'
);
INSERT INTO message_words (message_words, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE contact_words USING fts5 (
    words, content = '', prefix = '1 2 3', tokenize = 'ascii'
);
INSERT INTO contact_words (contact_words, rank) VALUES ('secure-delete', 1);
