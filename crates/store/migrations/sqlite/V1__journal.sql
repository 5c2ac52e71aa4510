-- Form 1 of a Backstop store. Decimals are TEXT, because only text keeps them exact. Times are epoch milliseconds, UTC;
-- the journal counts nanoseconds.
BEGIN;

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

CREATE TABLE checkpoints (
    sequence    INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    state       TEXT NOT NULL,
    hash        BLOB NOT NULL
) STRICT;

-- One row per tranche; tp_* is the next target.
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

CREATE TABLE order_relationships (
    main_order_id TEXT PRIMARY KEY,
    tp_order_id   TEXT,
    sl_order_id   TEXT,
    symbol        TEXT NOT NULL,
    created_at    INTEGER NOT NULL
);

CREATE TABLE position_documents (
    position_id      TEXT    NOT NULL,
    tranche          INTEGER NOT NULL,
    account          TEXT    NOT NULL,
    open             INTEGER NOT NULL,
    document         TEXT    NOT NULL,
    updated_sequence INTEGER NOT NULL,
    PRIMARY KEY (position_id, tranche)
) STRICT;

CREATE UNIQUE INDEX one_row_per_tranche ON position_tp_sl (position_id, id);

COMMIT;
