-- Which logins a request waits for on each device. A wipe that names the last of them completes it,
-- whoever asked for that wipe.
CREATE TABLE deletion_logins (
    code   TEXT NOT NULL REFERENCES deletions (code),
    device BLOB NOT NULL,
    login  BLOB NOT NULL,
    PRIMARY KEY (code, device, login)
) STRICT, WITHOUT ROWID;
CREATE INDEX deletion_logins_login ON deletion_logins (device, login);
-- What the relay erased of its own for a request, until a receipt has said so.
ALTER TABLE deletion_devices ADD COLUMN streams   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deletion_devices ADD COLUMN envelopes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deletion_devices ADD COLUMN routes    INTEGER NOT NULL DEFAULT 0;
-- What was erased when a stream was dropped, and for which request.
ALTER TABLE streams ADD COLUMN erased      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE streams ADD COLUMN dropped_for TEXT;
