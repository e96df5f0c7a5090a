-- When the person last let the app in: what was revoked before that no longer counts.
ALTER TABLE logins ADD COLUMN let_in_at INTEGER NOT NULL DEFAULT 0;
UPDATE logins SET let_in_at = made_at;
-- A deauthorized login stops its routes by its own mark; they go on when the mark is taken away.
UPDATE routes SET stopped = NULL WHERE stopped = 'deauthorized';
