-- Form 2: beside each position document stands its course (how far the price went, where the plan had meant it to end) as
-- JSON, and the order that opened it. NULL in rows that were written before.

ALTER TABLE position_documents ADD COLUMN course TEXT;
ALTER TABLE position_documents ADD COLUMN main_order TEXT;
