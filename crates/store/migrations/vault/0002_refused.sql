-- The platform refused an answer as too late: until which of the person's messages that holds, and by
-- which means it was tried. What they write afterwards opens the reply window again.
ALTER TABLE conversations ADD COLUMN refused_upto INTEGER;
ALTER TABLE conversations ADD COLUMN refused_means TEXT;
