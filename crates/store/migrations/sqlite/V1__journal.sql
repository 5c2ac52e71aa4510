-- Form 1 of a Backstop store. Runs inside one transaction. Decimals are TEXT, because only text keeps them exact. Times are
-- epoch milliseconds, UTC, as INTEGER; the journal's own `at` counts nanoseconds.

-- The source of truth. hash = SHA3-256(previous_hash, sequence, at, version as big-endian integers of 8, 8 and 4 bytes,
-- payload as UTF-8); the first record is chained to 32 zero bytes.
CREATE TABLE journal (
    sequence      INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    payload       TEXT    NOT NULL,
    previous_hash BLOB    NOT NULL,
    hash          BLOB    NOT NULL
) STRICT;

CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- INSERT OR REPLACE removes rows without asking the trigger above.
CREATE TRIGGER journal_has_no_gap BEFORE INSERT ON journal
WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only and counts up by one'); END;

-- The engine's state at a record; what it is made of is the engine's business.
CREATE TABLE checkpoints (
    sequence    INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    state       TEXT NOT NULL,
    hash        BLOB NOT NULL
) STRICT;

-- For other tools, exactly these columns. One row per tranche; tp_* is the next target. The first tranche has the position's
-- own name, the second that name and '#2'.
CREATE TABLE position_tp_sl (
    id           INTEGER PRIMARY KEY,
    position_id  TEXT NOT NULL,
    symbol       TEXT NOT NULL,
    side         TEXT NOT NULL,
    quantity     TEXT NOT NULL,
    entry_price  TEXT NOT NULL,
    tp_order_id  TEXT,
    tp_price     TEXT,
    sl_order_id  TEXT,
    sl_price     TEXT,
    status       TEXT DEFAULT 'ACTIVE',
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
);

CREATE UNIQUE INDEX one_row_per_tranche ON position_tp_sl (position_id);

-- For other tools, exactly these columns.
CREATE TABLE order_relationships (
    main_order_id TEXT PRIMARY KEY,
    tp_order_id   TEXT,
    sl_order_id   TEXT,
    symbol        TEXT NOT NULL,
    created_at    INTEGER NOT NULL
);

-- The position document of each tranche, with its partial exits.
CREATE TABLE position_documents (
    position_id      TEXT    NOT NULL,
    tranche          INTEGER NOT NULL,
    account          TEXT    NOT NULL,
    open             INTEGER NOT NULL,
    document         TEXT    NOT NULL,
    updated_sequence INTEGER NOT NULL,
    PRIMARY KEY (position_id, tranche)
) STRICT;

CREATE INDEX open_positions ON position_documents (position_id, tranche) WHERE open = 1;

-- What people were told, for those who look into the file with sqlite3.
CREATE VIEW notices AS
SELECT journal.sequence AS sequence,
       journal.at / 1000000 AS at,
       json_extract(notice.value, '$.severity') AS severity,
       json_extract(notice.value, '$.text') AS text
FROM journal, json_each(journal.payload, '$.notices') AS notice;
