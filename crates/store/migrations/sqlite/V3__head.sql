-- Form 3: where the journal ends, written in the transaction of its newest records. A chain proves what stands before a record, and not that none
-- stood behind it. One row, always; in a journal without records it is what the first one is chained to.

CREATE TABLE journal_head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;

INSERT INTO journal_head (one, sequence, hash)
SELECT 1, coalesce(max(sequence), 0), coalesce((SELECT hash FROM journal ORDER BY sequence DESC LIMIT 1), zeroblob(32)) FROM journal;
